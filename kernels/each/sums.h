/* sums.h: sums of taps, a vector of channels at a time; shared by pools and means. */
#ifndef RG_KERNELS_EACH_SUMS_H
#define RG_KERNELS_EACH_SUMS_H

#include "kernels/each/level.h"

#if defined(RG_LEVEL)

/* Sums of bytes in 16 bits, in two vectors in the order of unpacked bytes. */
#if defined(__AVX2__)
typedef struct rg_sums {
    rg_vec low, high;
} rg_sums;
#if defined(__AVX512BW__)
#define RG_SIMD(name) _mm512_##name
#define RG_ZERO _mm512_setzero_si512()
#else
#define RG_SIMD(name) _mm256_##name
#define RG_ZERO _mm256_setzero_si256()
#endif

static inline rg_sums rg_sums_start(void) {
    rg_sums s = {RG_ZERO, RG_ZERO};
    return s;
}

/* Two taps side by side, times one each. */
static inline rg_sums rg_sums_more(rg_sums s, rg_vec a, rg_vec b, bool is_unsigned) {
    rg_vec one = rg_vec_fill(1), low = RG_SIMD(unpacklo_epi8)(a, b),
           high = RG_SIMD(unpackhi_epi8)(a, b);
    if (is_unsigned) {
        low = RG_SIMD(maddubs_epi16)(low, one);
        high = RG_SIMD(maddubs_epi16)(high, one);
    } else {
        low = RG_SIMD(maddubs_epi16)(one, low);
        high = RG_SIMD(maddubs_epi16)(one, high);
    }
    rg_sums more = {RG_SIMD(add_epi16)(s.low, low), RG_SIMD(add_epi16)(s.high, high)};
    return more;
}

/* Writes the sums in the order of the bytes. */
static inline void rg_sums_store(int16_t *to, rg_sums s) {
#if defined(__AVX512BW__)
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    rg_vec_store(to, _mm512_permutex2var_epi64(s.low, first, s.high));
    rg_vec_store(to + RG_VEC_BYTES / 2, _mm512_permutex2var_epi64(s.low, second, s.high));
#else
    rg_vec_store(to, _mm256_permute2x128_si256(s.low, s.high, 0x20));
    rg_vec_store(to + RG_VEC_BYTES / 2, _mm256_permute2x128_si256(s.low, s.high, 0x31));
#endif
}
#else
typedef struct rg_sums {
    int16x8_t low, high;
} rg_sums;

static inline rg_sums rg_sums_start(void) {
    rg_sums s = {vdupq_n_s16(0), vdupq_n_s16(0)};
    return s;
}

static inline int16x8_t rg_add_wide(int16x8_t sum, int8x8_t a, bool is_unsigned) {
    return is_unsigned
               ? vreinterpretq_s16_u16(vaddw_u8(vreinterpretq_u16_s16(sum), vreinterpret_u8_s8(a)))
               : vaddw_s8(sum, a);
}

static inline rg_sums rg_sums_more(rg_sums s, rg_vec a, rg_vec b, bool is_unsigned) {
    s.low =
        rg_add_wide(rg_add_wide(s.low, vget_low_s8(a), is_unsigned), vget_low_s8(b), is_unsigned);
    s.high = rg_add_wide(rg_add_wide(s.high, vget_high_s8(a), is_unsigned), vget_high_s8(b),
                         is_unsigned);
    return s;
}

static inline void rg_sums_store(int16_t *to, rg_sums s) {
    vst1q_s16(to, s.low);
    vst1q_s16(to + 8, s.high);
}
#endif

#endif

#endif
