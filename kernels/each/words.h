/* words.h: products of int16 numbers summed in int32 lanes, two numbers deep; shared by the kernels
 * of this folder that multiply. Weights stand in vectors of pairs: for each lane the weights of two
 * neighbours in depth. */
#ifndef RG_KERNELS_EACH_WORDS_H
#define RG_KERNELS_EACH_WORDS_H

#include "kernels/each/floats.h"

#if defined(RG_LEVEL)

enum { RG_WORDS = RG_FLOATS, RG_PAIRS_VEC = 2 * RG_WORDS }; /* int32 lanes; int16 of a vector */

/* Where the weight of lane `lane`, first or second of its pair, stands in a vector. */
static inline size_t rg_word_at(size_t lane, size_t second) {
#if defined(__aarch64__)
    return second * RG_WORDS + lane;
#else
    return 2 * lane + second;
#endif
}

/* sum + x[0] * (first weights) + x[1] * (second weights); wraps. */
static inline rg_ints rg_words_dot(rg_ints sum, const int16_t *x, rg_vec w) {
#if defined(__aarch64__)
    int16x8_t pairs = vreinterpretq_s16_s8(w);
    int32x4_t first = vmlal_n_s16((int32x4_t)sum, vget_low_s16(pairs), x[0]);
    return (rg_ints)vmlal_high_n_s16(first, pairs, x[1]);
#else
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
#if defined(__AVX512VNNI__)
    return (rg_ints)_mm512_dpwssd_epi32((__m512i)sum, _mm512_set1_epi32(pair), w);
#else
    __m256i both = _mm256_madd_epi16(_mm256_set1_epi32(pair), w);
    return (rg_ints)_mm256_add_epi32((__m256i)sum, both);
#endif
#endif
}

static inline void rg_ints_store(int32_t *at, rg_ints v) {
    memcpy(at, &v, sizeof v);
}

#endif

#endif
