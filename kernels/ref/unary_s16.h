/* unary_s16.h: what a function of one int16 value made of two lines is once it is prepared; shared
 * by the reference and the fast kernels. */
#ifndef RG_KERNELS_REF_UNARY_S16_H
#define RG_KERNELS_REF_UNARY_S16_H

#include "kernels/ref/fixed.h"

/* A line with a bend at zero, then a range. */
typedef struct rg_line {
    rg_factor above, below;
    int32_t low, high;
} rg_line;

#endif
