/* arithmetic.h: parameters of operators of two operands, and constants of those on bytes once they
 * are prepared; shared by the reference and the fast kernels. */
#ifndef RG_KERNELS_REF_ARITHMETIC_H
#define RG_KERNELS_REF_ARITHMETIC_H

#include <stdbool.h>

#include "kernels/ref/fixed.h"

typedef struct rg_arithmetic_params {
    int activation;
    bool pot_scale_int16;
} rg_arithmetic_params;

/* The result of bytes x and y is a[x] + b[y] (sub: less b[y]), requantized. mul leaves the tables
 * empty and multiplies distances from the zero points. */
typedef struct rg_arithmetic_plan {
    int32_t a[256], b[256]; /* each operand's bit pattern on the common scale */
    int32_t zero_a, zero_b, zero, low, high;
    rg_factor factor;
} rg_arithmetic_plan;

#endif
