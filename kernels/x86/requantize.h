/* requantize.h: int32 sums to int8 exactly as kernels/ref/fixed.h does, eight at a time with AVX2.
 * Both roundings in one shift: with the factor m * 2^-(31 + e),
 *   e >= 1: (sum * m + 2^30 + 2^(30 + e) - (sum < 0 ? 2^31 : 0)) >> (31 + e)
 *   e == 0: (sum * m + 2^30) >> 31
 * AVX2 shifts 64-bit lanes by zeros only, so 2^63 is added before and its quotient taken off after.
 * The constants are made once, in plain C. Used by the gemm_*
 * kernels beside it where staircase.h proves no float formula.
 */
#ifndef RG_KERNELS_X86_REQUANTIZE_H
#define RG_KERNELS_X86_REQUANTIZE_H

#include <stdbool.h>

#include "bench/iface/op.h"
#include "kernels/ref/fixed.h"

/* Constants of 8 output channels for any sum; the 64-bit rows hold channels 0 2 4 6, then 1 3 5 7.
 */
typedef struct rg_requant {
    _Alignas(32) int32_t multiplier[8]; /* for even channels in place */
    int32_t odd[8];                     /* multipliers of odd channels, one lane lower */
    int32_t left[8];                    /* shift onto the sum before */
    int32_t after[8];                   /* what 2^63 left behind, to subtract */
    uint64_t nudge[8];                  /* 2^63 and the halves */
    uint64_t shift[8];                  /* 31 + e */
    uint64_t sign[8];                   /* 2^31 where e >= 1, else 0 */
    int32_t half[8];                    /* of the quick way: 2^(e - 1) */
    int32_t right[8];                   /* of the quick way: e */
} rg_requant;

/* Where a result goes: all as int8 (for uint8 outputs everything lies 128 lower and `flip` is
 * 128). Values beyond int16 saturate first, which changes nothing that [low, high] keeps. */
typedef struct rg_requant_out {
    int32_t zero, low, high;
    uint8_t flip;
} rg_requant_out;

/* True when no scale is negative: the one shift rounds products of the sum's own sign. */
bool rg_requant_suits(const rg_op_call *call);

/* Where the results of a conv2d or fully_connected call go. */
rg_requant_out rg_requant_out_of(const rg_op_call *call);

/* Sets channel `c` of 0-7. The factor is not negative, sums are at most `bound` in size. True where
 * rg_requant_quick_avx2 gives the same: nothing wraps and the second rounding shifts. */
static inline bool rg_requant_fill(rg_requant *r, int c, rg_factor factor, int64_t bound) {
    int e = factor.shift > 0 ? 0 : -factor.shift, lane = c / 2 + c % 2 * 4;
    uint64_t nudge = (UINT64_C(1) << 63) + (UINT64_C(1) << 30);
    r->multiplier[c] = factor.multiplier;
    r->odd[c / 2 * 2] = c % 2 ? factor.multiplier : r->odd[c / 2 * 2];
    r->left[c] = factor.shift > 0 ? factor.shift : 0;
    r->after[c] = (int32_t)(uint32_t)(UINT64_C(1) << (32 - e));
    r->nudge[lane] = e > 0 ? nudge + (UINT64_C(1) << (30 + e)) : nudge;
    r->shift[lane] = (uint64_t)(31 + e);
    r->sign[lane] = e > 0 ? UINT64_C(1) << 31 : 0;
    r->right[c] = factor.multiplier ? e : 1;
    r->half[c] = (int32_t)((INT64_C(1) << r->right[c]) / 2);
    return r->right[c] >= 1 && r->left[c] == 0 && bound < INT64_C(1) << 30;
}

#ifdef __AVX2__
#include <immintrin.h>

/* Even channels' lanes of a sum: the wide product moved right, in the low half of each lane. */
static inline __m256i rg_requant_lanes(__m256i sum, __m256i multiplier, const rg_requant *r,
                                       int odd) {
    __m256i wide = _mm256_mul_epi32(sum, multiplier);
    __m256i sign = _mm256_and_si256(sum, _mm256_load_si256((const __m256i *)r->sign + odd));
    wide = _mm256_add_epi64(wide, _mm256_load_si256((const __m256i *)r->nudge + odd));
    wide = _mm256_sub_epi64(wide, sign);
    return _mm256_srlv_epi64(wide, _mm256_load_si256((const __m256i *)r->shift + odd));
}

/* Eight sums times their factors, rounded; no zero point yet. */
static inline __m256i rg_requant_avx2(__m256i sum, const rg_requant *r) {
    sum = _mm256_sllv_epi32(sum, _mm256_load_si256((const __m256i *)r->left));
    __m256i m = _mm256_load_si256((const __m256i *)r->multiplier);
    __m256i even = rg_requant_lanes(sum, m, r, 0);
    __m256i odd_m = _mm256_load_si256((const __m256i *)r->odd);
    __m256i odd = rg_requant_lanes(_mm256_srli_epi64(sum, 32), odd_m, r, 1);
    __m256i both = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    return _mm256_sub_epi32(both, _mm256_load_si256((const __m256i *)r->after));
}

/* The same where every rg_requant_fill said true: the doubled sum's product has the first rounding
 * in its high half, so that the second one is done on eight lanes at once. */
static inline __m256i rg_requant_quick_avx2(__m256i sum, const rg_requant *r) {
    const __m256i nudge = _mm256_set1_epi64x(INT64_C(1) << 31);
    sum = _mm256_add_epi32(sum, sum);
    __m256i even = _mm256_mul_epi32(sum, _mm256_load_si256((const __m256i *)r->multiplier));
    __m256i odd =
        _mm256_mul_epi32(_mm256_srli_epi64(sum, 32), _mm256_load_si256((const __m256i *)r->odd));
    even = _mm256_srli_epi64(_mm256_add_epi64(even, nudge), 32);
    __m256i x = _mm256_blend_epi32(even, _mm256_add_epi64(odd, nudge), 0xaa);
    __m256i half = _mm256_load_si256((const __m256i *)r->half);
    x = _mm256_add_epi32(_mm256_add_epi32(x, half), _mm256_srai_epi32(x, 31));
    return _mm256_srav_epi32(x, _mm256_load_si256((const __m256i *)r->right));
}
#endif

#endif
