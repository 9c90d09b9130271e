/* lookup.h: tables of 256 bytes looked up a vector at a time: two-table permutes (AVX-512 VBMI),
 * shuffles of 16 entries (AVX2), table instructions of 64 (NEON). */
#ifndef RG_KERNELS_EACH_LOOKUP_H
#define RG_KERNELS_EACH_LOOKUP_H

#include "kernels/each/level.h"

#if defined(RG_LEVEL)

#if defined(__AVX512VBMI__)
typedef struct rg_lookup {
    __m512i quarter[4];
} rg_lookup;

static inline rg_lookup rg_lookup_from(const uint8_t *table) {
    rg_lookup t;
    for (int i = 0; i < 4; i++)
        t.quarter[i] = _mm512_loadu_si512(table + 64 * i);
    return t;
}

static inline rg_vec rg_look_up_vec(const rg_lookup *t, rg_vec x) {
    __m512i low = _mm512_permutex2var_epi8(t->quarter[0], x, t->quarter[1]);
    __m512i high = _mm512_permutex2var_epi8(t->quarter[2], x, t->quarter[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
}
#elif defined(__AVX2__)
typedef struct rg_lookup {
    __m256i part[16]; /* 16 entries each, in both halves */
} rg_lookup;

static inline rg_lookup rg_lookup_from(const uint8_t *table) {
    rg_lookup t;
    for (int i = 0; i < 16; i++)
        t.part[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(table + 16 * i)));
    return t;
}

/* A shuffle gives 0 where the top bit of its index is set: two of them, joined, look up parts k and
 * k + 8; bits 4 to 6 choose among the eight. */
static inline rg_vec rg_look_up_vec(const rg_lookup *t, rg_vec x) {
    __m256i low = _mm256_and_si256(x, _mm256_set1_epi8((char)0x8f)), y[8];
    __m256i high = _mm256_xor_si256(low, _mm256_set1_epi8((char)0x80));
    for (int k = 0; k < 8; k++)
        y[k] = _mm256_or_si256(_mm256_shuffle_epi8(t->part[k], low),
                               _mm256_shuffle_epi8(t->part[k + 8], high));
    __m256i bit4 = _mm256_slli_epi16(x, 3), bit5 = _mm256_slli_epi16(x, 2);
    __m256i bit6 = _mm256_add_epi8(x, x);
    for (int k = 0; k < 4; k++)
        y[k] = _mm256_blendv_epi8(y[2 * k], y[2 * k + 1], bit4);
    for (int k = 0; k < 2; k++)
        y[k] = _mm256_blendv_epi8(y[2 * k], y[2 * k + 1], bit5);
    return _mm256_blendv_epi8(y[0], y[1], bit6);
}
#elif defined(__aarch64__)
typedef struct rg_lookup {
    uint8x16x4_t quarter[4];
} rg_lookup;

static inline rg_lookup rg_lookup_from(const uint8_t *table) {
    rg_lookup t;
    for (int i = 0; i < 4; i++)
        t.quarter[i] = vld1q_u8_x4(table + 64 * i);
    return t;
}

static inline rg_vec rg_look_up_vec(const rg_lookup *t, rg_vec x) {
    uint8x16_t index = vreinterpretq_u8_s8(x), step = vdupq_n_u8(64);
    uint8x16_t y = vqtbl4q_u8(t->quarter[0], index);
    for (int i = 1; i < 4; i++) { /* an index beyond a quarter leaves y as it is */
        index = vsubq_u8(index, step);
        y = vqtbx4q_u8(y, t->quarter[i], index);
    }
    return vreinterpretq_s8_u8(y);
}
#endif

/* out[i] = table[x[i]]; `out` may be `x`. */
static inline void rg_look_up(const uint8_t *table, const uint8_t *x, uint8_t *out, size_t n) {
    rg_lookup t = rg_lookup_from(table);
    size_t i = 0;
    for (; i + 2 * RG_VEC_BYTES <= n; i += 2 * RG_VEC_BYTES) {
        rg_vec first = rg_look_up_vec(&t, rg_vec_load(x + i));
        rg_vec second = rg_look_up_vec(&t, rg_vec_load(x + i + RG_VEC_BYTES));
        rg_vec_store(out + i, first);
        rg_vec_store(out + i + RG_VEC_BYTES, second);
    }
    for (; i + RG_VEC_BYTES <= n; i += RG_VEC_BYTES)
        rg_vec_store(out + i, rg_look_up_vec(&t, rg_vec_load(x + i)));
    for (; i < n; i++)
        out[i] = table[x[i]];
}

#endif

#endif
