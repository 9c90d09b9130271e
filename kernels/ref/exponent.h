/* exponent.h: exponential, reciprocal and logarithm in fixed point, as softmax and log-softmax of 8
 * bits take them. Numbers with `i` integer bits are raw int32: real = raw * 2^(i - 31). */
#ifndef RG_KERNELS_REF_EXPONENT_H
#define RG_KERNELS_REF_EXPONENT_H

#include "kernels/ref/fixed.h"

/* Integer bits of differences to a row's maximum, and of the sum of their exponentials. */
enum { RG_DIFF_BITS = 5, RG_SUM_BITS = 12 };

/* Left shift that saturates. */
static inline int32_t rg_shift_up(int32_t x, int bits) {
    return (int32_t)rg_clamp((int64_t)x * (INT64_C(1) << bits), INT32_MIN, INT32_MAX);
}

/* exp(a) for a <= 0 with RG_DIFF_BITS integer bits; the result has none. */
int32_t rg_exp_negative(int32_t a);

/* 1 / (1 + x) for x in [0, 1), no integer bits. */
int32_t rg_reciprocal_of_one_plus(int32_t x);

/* log(x) for x >= 1 with RG_SUM_BITS integer bits; the result has RG_DIFF_BITS. */
int32_t rg_log_of_sum(int32_t x);

/* The factor beta * scale with RG_DIFF_BITS integer bits, below 2^31, and the largest difference of
 * quanta that it keeps within int32. RG_UNSUPPORTED when the product is too small. */
rg_status rg_diff_factor(double beta, float scale, const char *what, rg_factor *ret,
                         int32_t *ret_reach, rg_err *err);

#endif
