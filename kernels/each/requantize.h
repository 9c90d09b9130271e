/* requantize.h: sums to quantized numbers with the reference's two roundings, many at a time: the
 * two are one shift of a 64-bit product with another constant and a term for negative sums. */
#ifndef RG_KERNELS_EACH_REQUANTIZE_H
#define RG_KERNELS_EACH_REQUANTIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/ref/fixed.h"

/* A factor as one shift. */
typedef struct rg_scaling {
    uint64_t start, sign; /* added to every product, taken off negative ones */
    int32_t multiplier, less, left, shift;
} rg_scaling;

/* False for negative factors, for which there is none. */
static inline bool rg_scaling_of(rg_factor factor, rg_scaling *ret) {
    int right = factor.shift < 0 ? -factor.shift : 0;
    uint64_t whole = UINT64_C(1) << 62; /* keeps products from being negative */
    rg_scaling s = {.multiplier = factor.multiplier,
                    .left = factor.shift > 0 ? factor.shift : 0,
                    .shift = 31 + right};
    s.less = (int32_t)(uint32_t)(whole >> s.shift);
    s.start = whole + (UINT64_C(1) << 30) + (right ? UINT64_C(1) << (30 + right) : 0);
    s.sign = right ? UINT64_C(1) << 31 : 0;
    *ret = s;
    return factor.multiplier >= 0 && right <= 31;
}

/* rg_factor_apply */
static inline int32_t rg_scaled(rg_scaling s, int32_t x) {
    x = (int32_t)((uint32_t)x << s.left);
    uint64_t product = (uint64_t)((int64_t)x * s.multiplier) + s.start;
    product -= (uint64_t)(int64_t)(x >> 31) & s.sign;
    return (int32_t)((uint32_t)(product >> s.shift) - (uint32_t)s.less);
}

/* q + zero within [low, high]; zero is a byte's or an int16's. */
static inline int32_t rg_placed(int32_t q, int32_t zero, int32_t low, int32_t high) {
    int32_t least = low - zero, most = high - zero;
    q = q < least ? least : q;
    return (q > most ? most : q) + zero;
}

/* out[i] = rg_requantize(sum[i], ...) as `type`. */
#define RG_REQUANTIZE_ROW(name, type)                                                              \
    static inline void name(const int32_t *restrict sum, type *restrict out, size_t n,             \
                            rg_factor factor, int32_t zero, int32_t low, int32_t high) {           \
        rg_scaling by;                                                                             \
        if (!rg_scaling_of(factor, &by)) {                                                         \
            for (size_t i = 0; i < n; i++)                                                         \
                out[i] = (type)rg_requantize(sum[i], factor, zero, low, high);                     \
            return;                                                                                \
        }                                                                                          \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = (type)rg_placed(rg_scaled(by, sum[i]), zero, low, high);                      \
    }
RG_REQUANTIZE_ROW(rg_requantize_row, uint8_t)
RG_REQUANTIZE_ROW(rg_requantize_words, int16_t)

#endif
