/* arithmetic.h: constants of 8-bit sums and differences, shared by the reference and the fast
 * kernels: what the state of add_s8, add_u8 and sub_s8 holds once prepared. */
#ifndef RG_KERNELS_REF_ARITHMETIC_H
#define RG_KERNELS_REF_ARITHMETIC_H

#include "kernels/ref/fixed.h"

/* The result of bytes x and y is a[x] + b[y] (sub: less b[y]), requantized. mul leaves the tables
 * empty and multiplies distances from the zero points. */
typedef struct rg_arithmetic_plan {
    int32_t a[256], b[256]; /* each operand's bit pattern on the common scale */
    int32_t zero_a, zero_b, zero, low, high;
    rg_factor factor;
} rg_arithmetic_plan;

#endif
