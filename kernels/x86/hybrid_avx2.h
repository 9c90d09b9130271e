/* hybrid_avx2.h: float activations quantized as they come (kernels/ref/hybrid.h) with AVX2; shared
 * by the fully connected layers and convolutions that do so. */
#ifndef RG_KERNELS_X86_HYBRID_AVX2_H
#define RG_KERNELS_X86_HYBRID_AVX2_H

#ifdef __AVX2__
#include <immintrin.h>

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
#endif

#endif
