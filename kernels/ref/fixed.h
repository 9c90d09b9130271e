/* fixed.h: the integer arithmetic that defines our truth: scaling an int32 sum by a real factor
 * with TFLite's double rounding. Every quantized operator of this folder rounds here and nowhere
 * else. Facts: gemmlowp's fixed-point paper form (multiplier in [2^30, 2^31), power-of-two shift).
 */
#ifndef RG_KERNELS_REF_FIXED_H
#define RG_KERNELS_REF_FIXED_H

#include <stdint.h>

#include "bench/core/err.h"

/* A real factor as multiplier * 2^(shift - 31); multiplier is 0 or its size is in [2^30, 2^31). */
typedef struct rg_factor {
    int32_t multiplier;
    int32_t shift; /* -31 to 31 */
} rg_factor;

/* Forms a factor: the mantissa rounded to 31 bits, halves away from zero; factors below 2^-32
 * become 0. Whoever calls decides in which precision `real` itself was worked out (double for conv,
 * float32 for MUL): that choice is part of an operator's truth. RG_UNSUPPORTED for sizes of 2^31
 * and more and for what is not finite: `what` names the operands. */
rg_status rg_factor_from(double real, const char *what, rg_factor *ret, rg_err *err);

/* Step one: high half of the doubled product, floor(a * b / 2^31 + 1/2). Ties go up for both
 * signs, as Arm's SQRDMULH does. The single overflow, -2^31 times itself, saturates. */
static inline int32_t rg_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* Step two: division by 2^e, 0 <= e < 62, ties away from zero. */
static inline int32_t rg_shift_away(int32_t x, int e) {
    int64_t mask = (INT64_C(1) << e) - 1, wide = x, rest = wide & mask;
    return (int32_t)((wide >> e) + (rest > (mask >> 1) + (x < 0)));
}

/* x times the factor. A left shift goes onto x first and wraps, as it does in the original. */
static inline int32_t rg_factor_apply(rg_factor factor, int32_t x) {
    int left = factor.shift > 0 ? factor.shift : 0;
    int right = factor.shift > 0 ? 0 : -factor.shift;
    int32_t shifted = (int32_t)((uint32_t)x << left);
    return rg_shift_away(rg_high_mul(shifted, factor.multiplier), right);
}

/* A wide sum times the factor, as int16 operators with 64-bit sums do it: the multiplier cut to 16
 * bits (rounded, at most 32767), one rounding, ties up. Needs a shift of at most 7; sums beyond
 * 2^47 wrap. */
static inline int32_t rg_factor_apply_wide(rg_factor factor, int64_t x) {
    int64_t cut =
        factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : INT16_MAX;
    int shift = 15 - factor.shift;
    uint64_t scaled = (uint64_t)x * (uint64_t)cut + (UINT64_C(1) << (shift - 1));
    return (int32_t)((int64_t)scaled >> shift);
}

static inline int64_t rg_clamp(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}

/* An accumulator to a quantized value: scaled, moved to the zero point, clamped to [low, high]. */
static inline int32_t rg_requantize(int32_t sum, rg_factor factor, int32_t zero_point, int32_t low,
                                    int32_t high) {
    return (int32_t)rg_clamp((int64_t)rg_factor_apply(factor, sum) + zero_point, low, high);
}

/* Rounds to the nearest integer, halves away from zero, saturating at +-2^30; NaN gives -2^30. */
int32_t rg_round_away(float v);

#endif
