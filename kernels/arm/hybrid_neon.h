/* hybrid_neon.h: float activations quantized as they come (kernels/ref/hybrid.h) and float scaling
 * of integer sums (kernels/each/fc_ending.h) with NEON. */
#ifndef RG_KERNELS_ARM_HYBRID_NEON_H
#define RG_KERNELS_ARM_HYBRID_NEON_H

#ifdef __aarch64__
#include <arm_neon.h>
#include <string.h>

#include "kernels/each/fc_ending.h"
#include "kernels/ref/hybrid.h"

/* Least and largest of a row as the reference finds them: NaN counts only where it comes first. */
static inline rg_hybrid rg_hybrid_of_neon(const float *x, int64_t n, bool asymmetric) {
    float32x4_t low = vdupq_n_f32(x[0]), high = low;
    float ends[8];
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        float32x4_t v = vld1q_f32(x + i);
        low = vbslq_f32(vcltq_f32(v, low), v, low);
        high = vbslq_f32(vcgtq_f32(v, high), v, high);
    }
    vst1q_f32(ends, low);
    vst1q_f32(ends + 4, high);
    for (; i < n; i++) {
        ends[0] = x[i] < ends[0] ? x[i] : ends[0];
        ends[4] = x[i] > ends[4] ? x[i] : ends[4];
    }
    return rg_hybrid_of(ends, 8, 1, asymmetric);
}

/* Like rg_clamp_f32: NaN stays NaN. */
static inline float32x4_t rg_clamp_neon(float32x4_t v, float low, float high) {
    float32x4_t least = vdupq_n_f32(low), most = vdupq_n_f32(high);
    v = vbslq_f32(vcltq_f32(v, least), least, v);
    return vbslq_f32(vcltq_f32(most, v), most, v);
}

/* Halves away from zero; what is beyond +-65536 ends there, NaN at the lowest. */
static inline int32x4_t rg_round_away_neon(float32x4_t v) {
    const float32x4_t least = vdupq_n_f32(-65536);
    v = vbslq_f32(vcgtq_f32(v, least), v, least);
    return vcvtaq_s32_f32(vminq_f32(v, vdupq_n_f32(65536)));
}

static inline int32x4_t rg_hybrid_quanta_neon(const rg_hybrid *h, const float *x) {
    float32x4_t v = vmulq_f32(vld1q_f32(x), vdupq_n_f32(h->inverse));
    int32x4_t q = rg_round_away_neon(vaddq_f32(vdupq_n_f32((float)h->zero), v));
    return vminq_s32(vmaxq_s32(q, vdupq_n_s32(h->low)), vdupq_n_s32(127));
}

/* A row as quanta, in bytes or in int16. */
static inline void rg_hybrid_bytes_neon(const rg_hybrid *h, const float *x, int64_t n,
                                        int8_t *ret) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        int16x4_t low = vmovn_s32(rg_hybrid_quanta_neon(h, x + i));
        int16x4_t high = vmovn_s32(rg_hybrid_quanta_neon(h, x + i + 4));
        vst1_s8(ret + i, vmovn_s16(vcombine_s16(low, high)));
    }
    for (; i < n; i++)
        ret[i] = rg_hybrid_quantum(h, x[i]);
}

static inline void rg_hybrid_words_neon(const rg_hybrid *h, const float *x, int64_t n,
                                        int16_t *ret) {
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1_s16(ret + i, vmovn_s32(rg_hybrid_quanta_neon(h, x + i)));
    for (; i < n; i++)
        ret[i] = rg_hybrid_quantum(h, x[i]);
}

/* A row as quanta in whichever a strip holds. */
#define rg_hybrid_take_neon(h, x, n, ret)                                                          \
    _Generic((ret), int8_t * : rg_hybrid_bytes_neon, int16_t * : rg_hybrid_words_neon)(h, x, n, ret)

/* Four float outputs from their sums, given their bias and weighed sums of weights. */
static inline float32x4_t rg_fc_floats_neon(const rg_fc_ending *e, const rg_hybrid *row,
                                            const float *bias, const float *weighed,
                                            float32x4_t sum) {
    if (e->form == RG_FC_BLOCKS) {
        float32x4_t less = vmulq_f32(vdupq_n_f32((float)row->zero), vld1q_f32(weighed));
        sum = vmulq_f32(vsubq_f32(sum, less), vdupq_n_f32(row->scale));
    }
    return rg_clamp_neon(vaddq_f32(sum, vld1q_f32(bias)), e->low_f32, e->high_f32);
}

/* Four int8 outputs, not yet narrowed. */
static inline int32x4_t rg_fc_bytes_neon(const rg_fc_ending *e, const float *bias,
                                         float32x4_t sum) {
    sum = vaddq_f32(vmulq_f32(sum, vdupq_n_f32(e->in_scale)), vld1q_f32(bias));
    int32x4_t v = rg_round_away_neon(vdivq_f32(sum, vdupq_n_f32(e->out_scale)));
    v = vaddq_s32(v, vdupq_n_s32(e->zero));
    return vminq_s32(vmaxq_s32(v, vdupq_n_s32(e->low)), vdupq_n_s32(e->high));
}

/* The first `n` of 16 outputs, which are floats or bytes. */
static inline void rg_fc_store_neon(const rg_fc_ending *e, const rg_hybrid *row, const float *bias,
                                    const float *weighed, const float32x4_t sum[4], void *out,
                                    int64_t n) {
    _Alignas(16) float few[16];
    _Alignas(16) int8_t bytes[16];
    int32x4_t v[4];
    if (e->form != RG_FC_BLOCKS_OF_INT8) {
        float *to = n < 16 ? few : out;
        for (int g = 0; g < 4; g++)
            vst1q_f32(to + 4 * g, rg_fc_floats_neon(e, row, bias + 4 * g, weighed + 4 * g, sum[g]));
        if (n < 16)
            memcpy(out, few, (size_t)n * sizeof few[0]);
        return;
    }
    for (int g = 0; g < 4; g++)
        v[g] = rg_fc_bytes_neon(e, bias + 4 * g, sum[g]);
    int16x8_t low = vcombine_s16(vmovn_s32(v[0]), vmovn_s32(v[1]));
    int16x8_t high = vcombine_s16(vmovn_s32(v[2]), vmovn_s32(v[3]));
    vst1q_s8(bytes, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
    memcpy(out, bytes, (size_t)(n < 16 ? n : 16));
}
#endif

#endif
