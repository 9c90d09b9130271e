/* dot.h: the sum of products of two rows of int16, modulo 2^32 like the reference's sums. */
#ifndef RG_KERNELS_EACH_DOT_H
#define RG_KERNELS_EACH_DOT_H

#include "kernels/each/level.h"

#if defined(RG_LEVEL)

/* The products of RG_VEC_BYTES / 2 elements added to sums of 32 bits, and those sums together. */
#if defined(__AVX512BW__)
typedef __m512i rg_dot_sum;
static inline rg_dot_sum rg_dot_step(rg_dot_sum sum, const int16_t *a, const int16_t *b) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(rg_vec_load(a), rg_vec_load(b)));
}
static inline uint32_t rg_dot_end(rg_dot_sum sum) {
    return (uint32_t)_mm512_reduce_add_epi32(sum);
}
#elif defined(__AVX2__)
typedef __m256i rg_dot_sum;
static inline rg_dot_sum rg_dot_step(rg_dot_sum sum, const int16_t *a, const int16_t *b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(rg_vec_load(a), rg_vec_load(b)));
}
static inline uint32_t rg_dot_end(rg_dot_sum sum) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(half);
}
#elif defined(__aarch64__)
typedef int32x4_t rg_dot_sum;
static inline rg_dot_sum rg_dot_step(rg_dot_sum sum, const int16_t *a, const int16_t *b) {
    int16x8_t x = vld1q_s16(a), y = vld1q_s16(b);
    return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(x), vget_low_s16(y)), x, y);
}
static inline uint32_t rg_dot_end(rg_dot_sum sum) {
    return (uint32_t)vaddvq_s32(sum);
}
#endif

static inline uint32_t rg_dot_words(const int16_t *a, const int16_t *b, int64_t n) {
    enum { STEP = RG_VEC_BYTES / 2 };
    rg_dot_sum first, second;
    int64_t i = 0;
    memset(&first, 0, sizeof first);
    second = first;
    for (; i + 2 * STEP <= n; i += 2 * STEP) {
        first = rg_dot_step(first, a + i, b + i);
        second = rg_dot_step(second, a + i + STEP, b + i + STEP);
    }
    if (i + STEP <= n) {
        first = rg_dot_step(first, a + i, b + i);
        i += STEP;
    }
    uint32_t sum = rg_dot_end(first) + rg_dot_end(second);
    for (; i < n; i++)
        sum += (uint32_t)(a[i] * b[i]);
    return sum;
}

#endif

#endif
