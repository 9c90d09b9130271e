/* table.c: functions of one byte as a table of 256 entries, looked up 16 to 64 bytes at a time. The
 * table is the scalar reference's answer to every byte, worked out at load, so that one kernel is
 * exact for all such operators. */
#include "kernels/each/fake.h"
#include "kernels/each/level.h"
#include "kernels/ref/need.h"

enum { TILE = 16384 }; /* bytes */

static size_t tiles(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + TILE - 1) / TILE;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return 256;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    return rg_fake_table(call, packed, err);
}

#if defined(__AVX512VBMI__)
typedef struct lookup {
    __m512i quarter[4];
} lookup;

static inline lookup lookup_from(const uint8_t *table) {
    lookup t;
    for (int i = 0; i < 4; i++)
        t.quarter[i] = _mm512_loadu_si512(table + 64 * i);
    return t;
}

static inline rg_vec look_up(const lookup *t, rg_vec x) {
    __m512i low = _mm512_permutex2var_epi8(t->quarter[0], x, t->quarter[1]);
    __m512i high = _mm512_permutex2var_epi8(t->quarter[2], x, t->quarter[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
}
#elif defined(__AVX2__)
typedef struct lookup {
    __m256i part[16]; /* 16 entries each, in both halves */
} lookup;

static inline lookup lookup_from(const uint8_t *table) {
    lookup t;
    for (int i = 0; i < 16; i++)
        t.part[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(table + 16 * i)));
    return t;
}

/* A shuffle gives 0 where the top bit of its index is set: two of them, joined, look up parts k and
 * k + 8; bits 4 to 6 choose among the eight. */
static inline rg_vec look_up(const lookup *t, rg_vec x) {
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
typedef struct lookup {
    uint8x16x4_t quarter[4];
} lookup;

static inline lookup lookup_from(const uint8_t *table) {
    lookup t;
    for (int i = 0; i < 4; i++)
        t.quarter[i] = vld1q_u8_x4(table + 64 * i);
    return t;
}

static inline rg_vec look_up(const lookup *t, rg_vec x) {
    uint8x16_t index = vreinterpretq_u8_s8(x), step = vdupq_n_u8(64);
    uint8x16_t y = vqtbl4q_u8(t->quarter[0], index);
    for (int i = 1; i < 4; i++) { /* an index beyond a quarter leaves y as it is */
        index = vsubq_u8(index, step);
        y = vqtbx4q_u8(y, t->quarter[i], index);
    }
    return vreinterpretq_s8_u8(y);
}
#endif

static void look_up_row(const uint8_t *table, const uint8_t *x, uint8_t *out, size_t n) {
    lookup t = lookup_from(table);
    size_t i = 0;
    for (; i + 2 * RG_VEC_BYTES <= n; i += 2 * RG_VEC_BYTES) {
        rg_vec first = look_up(&t, rg_vec_load(x + i));
        rg_vec second = look_up(&t, rg_vec_load(x + i + RG_VEC_BYTES));
        rg_vec_store(out + i, first);
        rg_vec_store(out + i + RG_VEC_BYTES, second);
    }
    for (; i + RG_VEC_BYTES <= n; i += RG_VEC_BYTES)
        rg_vec_store(out + i, look_up(&t, rg_vec_load(x + i)));
    for (; i < n; i++)
        out[i] = table[x[i]];
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    size_t n = rg_elements(call->out[0]), at = first_tile * TILE, end = last_tile * TILE;
    end = end < n ? end : n;
    look_up_row(packed, (const uint8_t *)in[0] + at, (uint8_t *)out[0] + at, end - at);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Table of 256 entries looked up by shuffles",                      \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(logistic_s8);
ROW(tanh_s8);
ROW(elu_s8);
ROW(relu_s8);
ROW(relu6_s8);
ROW(relu_n1_to_1_s8);
ROW(leaky_relu_s8);
ROW(hard_swish_s8);
ROW(quantize_s8_s8);
ROW(quantize_s8_u8);
ROW(quantize_u8_s8);
ROW(quantize_u8_u8);
