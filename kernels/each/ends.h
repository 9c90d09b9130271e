/* ends.h: int32 sums of neighbouring channels to quantized outputs, each channel with its factor
 * and bias; shared by convolutions. Both truths of fixed.h are one shift of a 64-bit product: the
 * double rounding with a term for negative sums, the single one with the multiplier cut to 16 bits.
 */
#ifndef RG_KERNELS_EACH_ENDS_H
#define RG_KERNELS_EACH_ENDS_H

#include "kernels/each/floats.h"
#include "kernels/each/requantize.h"

#if defined(RG_LEVEL)

enum { RG_ENDS = 2 * RG_FLOATS }; /* channels of a block */

typedef struct rg_ends {
    uint64_t start[RG_ENDS], shift[RG_ENDS], sign[RG_ENDS];
    int32_t multiplier[RG_ENDS], less[RG_ENDS], bias[RG_ENDS];
    rg_factor factor[RG_ENDS];
    int32_t zero, low, high;
    bool wide, slow; /* single rounding; a channel needs fixed.h itself */
} rg_ends;

/* Sets channel `c` of a block whose `wide` is set; zeroed blocks have channels that give 0. */
static inline void rg_ends_put(rg_ends *e, size_t c, rg_factor factor, int32_t bias) {
    rg_scaling by;
    e->factor[c] = factor;
    e->bias[c] = bias;
    bool quick = rg_scaling_of(factor, &by) && (e->wide || by.left == 0);
    if (e->wide) { /* as rg_factor_apply_wide */
        int64_t cut =
            factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : INT16_MAX;
        by.multiplier = (int32_t)cut;
        by.shift = 15 - factor.shift;
        by.start = (UINT64_C(1) << 62) + (UINT64_C(1) << (by.shift - 1));
        by.less = (int32_t)(uint32_t)(UINT64_C(1) << 62 >> by.shift);
        by.sign = 0;
    }
    e->slow = e->slow || !quick;
    e->multiplier[c] = by.multiplier;
    e->start[c] = by.start;
    e->shift[c] = (uint64_t)by.shift;
    e->sign[c] = by.sign;
    e->less[c] = by.less;
}

/* RG_ENDS sums, less their biases, to outputs. */
static inline void rg_ends_scale(const rg_ends *e, const int32_t *restrict sum,
                                 int32_t *restrict out) {
    int32_t zero = e->zero, low = e->low, high = e->high;
    for (size_t c = 0; e->slow && c < RG_ENDS; c++) {
        int32_t all = (int32_t)((uint32_t)sum[c] + (uint32_t)e->bias[c]);
        int64_t scaled =
            e->wide ? rg_factor_apply_wide(e->factor[c], all) : rg_factor_apply(e->factor[c], all);
        out[c] = (int32_t)rg_clamp(scaled + zero, low, high);
    }
    if (e->slow)
        return;
    for (size_t c = 0; c < RG_ENDS; c++) {
        int32_t all = (int32_t)((uint32_t)sum[c] + (uint32_t)e->bias[c]);
        uint64_t product = (uint64_t)((int64_t)all * e->multiplier[c]) + e->start[c];
        product -= (uint64_t)(int64_t)(all >> 31) & e->sign[c];
        int32_t q = (int32_t)((uint32_t)(product >> e->shift[c]) - (uint32_t)e->less[c]);
        out[c] = rg_placed(q, zero, low, high);
    }
}

/* The first n <= RG_ENDS outputs as bytes or as int16. */
static inline void rg_ends_store(const rg_ends *e, const int32_t *sum, void *out, size_t n,
                                 bool is_byte) {
    int32_t q[RG_ENDS];
    int16_t words[RG_ENDS];
    uint8_t bytes[RG_ENDS];
    rg_ends_scale(e, sum, q);
    for (size_t c = 0; c < RG_ENDS; c++) {
        if (is_byte)
            bytes[c] = (uint8_t)q[c];
        else
            words[c] = (int16_t)q[c];
    }
    if (is_byte)
        memcpy(out, bytes, n);
    else
        memcpy(out, words, n * sizeof *words);
}

#endif

#endif
