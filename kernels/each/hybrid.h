/* hybrid.h: float activations quantized as they come (kernels/ref/hybrid.h), in vectors; shared by
 * the hybrid kernels of this folder. */
#ifndef RG_KERNELS_EACH_HYBRID_H
#define RG_KERNELS_EACH_HYBRID_H

#include "kernels/each/floats.h"
#include "kernels/ref/hybrid.h"

#if defined(RG_LEVEL)

/* rg_hybrid_of for neighbours. What is no number stays in all lanes if it comes first, and in none
 * otherwise, as in the reference. */
static inline rg_hybrid rg_hybrid_of_row(const float *x, int64_t n, bool asymmetric) {
    float ends[2 * RG_FLOATS];
    if (n < RG_FLOATS)
        return rg_hybrid_of(x, n, 1, asymmetric);
    rg_floats low = rg_floats_fill(x[0]), high = low;
    for (int64_t i = 0; i < n; i += RG_FLOATS) {
        rg_floats v = rg_floats_load(x + (i + RG_FLOATS <= n ? i : n - RG_FLOATS));
        low = rg_floats_min(low, v);
        high = rg_floats_max(high, v);
    }
    rg_floats_store(ends, low);
    rg_floats_store(ends + RG_FLOATS, high);
    return rg_hybrid_of(ends, 2 * RG_FLOATS, 1, asymmetric);
}

/* Quanta of `n` neighbours, less their zero point: halves go away from zero by adding the float
 * below one half and truncating; what is no number is the smallest. */
static inline void rg_hybrid_row(const rg_hybrid *h, const float *restrict x, int64_t n,
                                 int16_t *restrict ret) {
    const float zero = (float)h->zero, inverse = h->inverse;
    const int32_t low = h->low, less = h->zero;
    for (int64_t i = 0; i < n; i++) {
        float real = zero + x[i] * inverse;
        real = real > -1024.0f ? real : -1024.0f;
        real = real < 1024.0f ? real : 1024.0f;
        int32_t q = (int32_t)(real + __builtin_copysignf(0x1.fffffep-2f, real));
        q = q < low ? low : q;
        ret[i] = (int16_t)((q > 127 ? 127 : q) - less);
    }
}

#endif

#endif
