/* requantize.h: sums to quantized bytes with the reference's two roundings, many at a time: the two
 * are one shift of a 64-bit product with another constant and a term for negative sums. */
#ifndef RG_KERNELS_EACH_REQUANTIZE_H
#define RG_KERNELS_EACH_REQUANTIZE_H

#include <stddef.h>

#include "kernels/ref/fixed.h"

/* out[i] = rg_requantize(sum[i], ...) as a byte. */
static inline void rg_requantize_row(const int32_t *restrict sum, uint8_t *restrict out, size_t n,
                                     rg_factor factor, int32_t zero_point, int32_t low,
                                     int32_t high) {
    int e = -factor.shift;
    if (e < 1 || e > 31 || factor.multiplier < 0) { /* rare: shifted left, or far right */
        for (size_t i = 0; i < n; i++)
            out[i] = (uint8_t)rg_requantize(sum[i], factor, zero_point, low, high);
        return;
    }
    /* 2^62 keeps the product from being negative: it is a whole number of results */
    uint64_t start = (UINT64_C(1) << 62) + (UINT64_C(1) << 30) + (UINT64_C(1) << (30 + e));
    int32_t less = (int32_t)((UINT64_C(1) << 62) >> (31 + e));
    for (size_t i = 0; i < n; i++) {
        uint64_t product = (uint64_t)((int64_t)sum[i] * factor.multiplier) + start;
        product -= (uint64_t)(uint32_t)(sum[i] >> 31 & 1) << 31;
        int32_t q = (int32_t)((uint32_t)(product >> (31 + e)) - (uint32_t)less) + zero_point;
        q = q < low ? low : q;
        out[i] = (uint8_t)(q > high ? high : q);
    }
}

#endif
