/* hybrid_avx2.h: float activations quantized as they come (kernels/ref/hybrid.h) and float scaling
 * of integer sums, with AVX2; shared by the fully connected layers and convolutions that do so. */
#ifndef RG_KERNELS_X86_HYBRID_AVX2_H
#define RG_KERNELS_X86_HYBRID_AVX2_H

#ifdef __AVX2__
#include <immintrin.h>

#include "kernels/each/fc_ending.h"
#include "kernels/ref/hybrid.h"

/* Least and largest of a row as the reference finds them. */
static inline rg_hybrid rg_hybrid_of_avx2(const float *x, int64_t n, bool asymmetric) {
    __m256 low = _mm256_set1_ps(x[0]), high = low;
    float ends[16];
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i);
        low = _mm256_min_ps(v, low);
        high = _mm256_max_ps(v, high);
    }
    _mm256_storeu_ps(ends, low);
    _mm256_storeu_ps(ends + 8, high);
    for (; i < n; i++) {
        ends[0] = x[i] < ends[0] ? x[i] : ends[0];
        ends[8] = x[i] > ends[8] ? x[i] : ends[8];
    }
    return rg_hybrid_of(ends, 16, 1, asymmetric);
}

/* Halves away from zero, by a truncated sum with the float below a half; NaN to the lowest. */
static inline __m256 rg_round_away_avx2(__m256 v) {
    const __m256 minus = _mm256_set1_ps(-0.0f), half = _mm256_set1_ps(0x1.fffffep-2f);
    v = _mm256_max_ps(v, _mm256_set1_ps(-65536));
    v = _mm256_min_ps(v, _mm256_set1_ps(65536));
    __m256 away = _mm256_or_ps(_mm256_and_ps(v, minus), half);
    return _mm256_round_ps(_mm256_add_ps(v, away), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

/* A row as quanta; less the zero point, or `raw`. */
static inline void rg_hybrid_quantize_avx2(const rg_hybrid *h, const float *x, int64_t n, bool raw,
                                           int16_t *ret) {
    const __m256 zero = _mm256_set1_ps((float)h->zero), inverse = _mm256_set1_ps(h->inverse);
    const __m256 low = _mm256_set1_ps((float)h->low), high = _mm256_set1_ps(127);
    const int32_t less = raw ? 0 : h->zero;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 v = _mm256_add_ps(zero, _mm256_mul_ps(_mm256_loadu_ps(x + i), inverse));
        v = _mm256_min_ps(_mm256_max_ps(rg_round_away_avx2(v), low), high);
        __m256i q = _mm256_sub_epi32(_mm256_cvtps_epi32(v), _mm256_set1_epi32(less));
        __m128i both = _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
        _mm_storeu_si128((__m128i *)(ret + i), both);
    }
    for (; i < n; i++)
        ret[i] = (int16_t)(rg_hybrid_quantum(h, x[i]) - less);
}
/* Eight float outputs from their sums; bias and weighed sums of weights are aligned. */
static inline __m256 rg_fc_end_floats(const rg_fc_ending *e, const rg_hybrid *row,
                                      const float *bias, const float *weighed, __m256 sum) {
    if (e->form == RG_FC_BLOCKS) {
        __m256 zero = _mm256_set1_ps((float)row->zero);
        sum = _mm256_sub_ps(sum, _mm256_mul_ps(zero, _mm256_load_ps(weighed)));
        sum = _mm256_mul_ps(sum, _mm256_set1_ps(row->scale));
    }
    sum = _mm256_add_ps(sum, _mm256_load_ps(bias));
    sum = _mm256_max_ps(_mm256_set1_ps(e->low_f32), sum);
    return _mm256_min_ps(_mm256_set1_ps(e->high_f32), sum);
}

/* The first `n` of eight floats. */
static inline void rg_fc_store_floats(float *out, __m256 v, int64_t n) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(out, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes), v);
}

/* Sixteen int8 outputs. */
static inline __m128i rg_fc_end_bytes(const rg_fc_ending *e, const float *bias,
                                      const __m256 sum[2]) {
    __m256i value[2];
    for (int i = 0; i < 2; i++) {
        __m256 v = _mm256_mul_ps(sum[i], _mm256_set1_ps(e->in_scale));
        v = _mm256_add_ps(v, _mm256_load_ps(bias + 8 * i));
        v = rg_round_away_avx2(_mm256_div_ps(v, _mm256_set1_ps(e->out_scale)));
        value[i] = _mm256_add_epi32(_mm256_cvtps_epi32(v), _mm256_set1_epi32(e->zero));
        value[i] = _mm256_max_epi32(value[i], _mm256_set1_epi32(e->low));
        value[i] = _mm256_min_epi32(value[i], _mm256_set1_epi32(e->high));
    }
    __m256i x = _mm256_permute4x64_epi64(_mm256_packs_epi32(value[0], value[1]), 0xd8);
    return _mm_packs_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}
#endif

#endif
