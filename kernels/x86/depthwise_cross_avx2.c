/* depthwise_cross_avx2.c: depthwise convolution of int8 and uint8, 3 x 3 with stride 2, 32 channels
 * at a time, as depthwise_bytes.h tells. Nine taps are five pairs for vpmaddwd: rows 0 and 2 of
 * each of three columns, row 1 of the first two columns, row 1 of the third, which is the first of
 * the next output. So the buffer has for every two columns three parts: two of rows 0 and 2, one of
 * row 1. */
#include <immintrin.h>

#include "bench/iface/kernel.h"
#include "kernels/x86/depthwise_rows.h"

enum { PART = 2 * RG_DW_SPAN, TWO_COLUMNS = 3 * PART, STEP = 4 }; /* bytes, bytes, outputs */

/* One group along a row of the buffer. */
typedef struct walk {
    const rg_dw *d;
    const rg_dw_block *block; /* four of them */
    int64_t columns;          /* outputs wanted */
    const int8_t *cells;
    uint8_t *out;
} walk;

/* The empty assembly keeps the compiler from gathering products in a tree of sums. */
static inline __m256i multiply(__m256i sum, __m256i pixels, __m256i weights) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, weights));
    __asm__("" : "+x"(sum));
    return sum;
}

static inline __m256i widen(const int8_t *pairs) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)pairs));
}

/* Four neighbouring sums of one block: every part is widened once. */
static inline __attribute__((always_inline)) void sum_block(const rg_dw_block *b,
                                                            const int8_t *cells, __m256i *sum) {
    __m256i w[RG_DW_CROSS_PAIRS];
#pragma GCC unroll 8
    for (int i = 0; i < RG_DW_CROSS_PAIRS; i++)
        w[i] = load_ints(b->weights + RG_DW_SPAN * i);
#pragma GCC unroll 8
    for (int i = 0; i <= STEP; i++) {
        const int8_t *cell = cells + i * TWO_COLUMNS;
        __m256i outer = widen(cell), middle = widen(cell + 2 * PART);
        if (i > 0) {
            sum[i - 1] = multiply(sum[i - 1], outer, w[2]);
            sum[i - 1] = multiply(sum[i - 1], middle, w[4]);
        }
        if (i < STEP) {
            sum[i] = multiply(sum[i], outer, w[0]);
            sum[i] = multiply(sum[i], middle, w[3]);
            sum[i] = multiply(sum[i], widen(cell + PART), w[1]);
        }
    }
}

/* Steps of four outputs of all 32 channels; the last one begins within the one before, or, where
 * there are fewer columns, some are not stored. */
static void walk_row(const walk *w) {
    static const int64_t block_at[RG_DW_GROUP] = {0, 32, 16, 48}; /* as unpacking leaves them */
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const rg_dw *d = w->d;
    const int8_t *cells = w->cells;
    uint8_t *out = w->out;
    for (int64_t left = w->columns;;) {
        __m256i value[STEP][RG_DW_GROUP];
#pragma GCC unroll 4
        for (int k = 0; k < RG_DW_GROUP; k++) {
            const rg_dw_block *b =
                (const rg_dw_block *)((const char *)w->block + k * d->block_bytes);
            __m256i start = load_ints(b->start), sum[STEP] = {start, start, start, start};
            sum_block(b, cells + block_at[k], sum);
#pragma GCC unroll 4
            for (int i = 0; i < STEP; i++)
                value[i][k] = scale(d, b, sum[i]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < STEP; i++) {
            __m256i bytes = pack_bytes(d, value[i][0], value[i][1], value[i][2], value[i][3]);
            bytes = _mm256_permutevar8x32_epi32(bytes, order);
            if (i < w->columns)
                _mm256_storeu_si256((__m256i *)(out + i * d->l.out_c), bytes);
        }
        left -= STEP;
        if (left <= 0)
            return;
        int64_t on = left < STEP ? left : STEP;
        cells += on * TWO_COLUMNS;
        out += on * d->l.out_c;
        left += STEP - on;
    }
}

/* The pairs of two rows or columns of 32 channels. */
static inline void interleave(__m256i a, __m256i b, int8_t *part) {
    _mm256_storeu_si256((__m256i *)part, _mm256_unpacklo_epi8(a, b));
    _mm256_storeu_si256((__m256i *)part + 1, _mm256_unpackhi_epi8(a, b));
}

static inline void put_two(const __m256i a[3], const __m256i b[3], int8_t *cell) {
    interleave(a[0], a[2], cell);
    interleave(b[0], b[2], cell + PART);
    interleave(a[1], b[1], cell + 2 * PART);
}

/* Column x of three rows, flipped, whether it lies on the image or beside it. */
static inline void read_column(const pass *p, const row rows[3], int64_t x, __m256i ret[3]) {
    const __m256i flip = _mm256_set1_epi8((char)p->d->flip);
    bool inside = x >= 0 && x < p->d->l.x.in;
    for (int i = 0; i < 3; i++)
        ret[i] = _mm256_xor_si256(inside ? read_part(p, &rows[i], x) : load_ints(p->empty), flip);
}

/* Two columns at a time from x to `safe`, where pixels can be read 32 bytes wide. */
static inline __attribute__((always_inline)) int64_t
fill_safe(const row rows[3], bool flips, int64_t x, int64_t safe, int8_t *cell) {
    const __m256i flip = _mm256_set1_epi8(flips ? -128 : 0);
    const int64_t s0 = rows[0].step, s1 = rows[1].step, s2 = rows[2].step;
    const uint8_t *r0 = rows[0].at + x * s0, *r1 = rows[1].at + x * s1, *r2 = rows[2].at + x * s2;
    for (; x + 2 <= safe; x += 2, cell += TWO_COLUMNS) {
        __m256i a[3] = {load_ints(r0), load_ints(r1), load_ints(r2)};
        __m256i b[3] = {load_ints(r0 + s0), load_ints(r1 + s1), load_ints(r2 + s2)};
        for (int i = 0; flips && i < 3; i++) {
            a[i] = _mm256_xor_si256(a[i], flip);
            b[i] = _mm256_xor_si256(b[i], flip);
        }
        put_two(a, b, cell);
        r0 += 2 * s0, r1 += 2 * s1, r2 += 2 * s2;
    }
    return x;
}

/* Fills the cells of columns [x, end), an even number of them. */
static void fill(const pass *p, const row rows[3], int64_t x, int64_t end) {
    int8_t *cell = p->buffer;
    int64_t safe = rows[0].safe < rows[1].safe ? rows[0].safe : rows[1].safe;
    safe = between(safe < rows[2].safe ? safe : rows[2].safe, 0, end);
    while (x < end) {
        int64_t before = x;
        if (x >= 0 && x + 2 <= safe) {
            x = p->d->flip ? fill_safe(rows, true, x, safe, cell)
                           : fill_safe(rows, false, x, safe, cell);
        } else {
            __m256i a[3], b[3];
            read_column(p, rows, x, a);
            read_column(p, rows, x + 1, b);
            put_two(a, b, cell);
            x += 2;
        }
        cell += (x - before) / 2 * TWO_COLUMNS;
    }
}

static void run_group(const pass *p, int64_t n, int64_t oy, int64_t ox, int64_t g, uint8_t *out) {
    const rg_dw *d = p->d;
    walk w = {.d = d, .block = rg_dw_block_at(d, g * RG_DW_GROUP), .cells = p->buffer};
    w.columns = d->l.x.out - ox < d->chunk_x ? d->l.x.out - ox : d->chunk_x;
    w.out = out + ox * d->l.out_c + w.block->from;
    row rows[3];
    for (int64_t i = 0; i < 3; i++)
        rows[i] = find_row(p, n, 2 * oy - d->l.y.pad + i, w.block->source);
    int64_t x = 2 * ox - d->l.x.pad;
    fill(p, rows, x, x + 2 * w.columns + 2);
    p->micro_kernel(&w);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    pass p = {.d = packed, .micro_kernel = walk_row, .buffer = scratch};
    run_tiles(&p, in[0], out[0], first_tile, last_tile, run_group);
}

#define KERNEL(type)                                                                               \
    const rg_kernel rg_kernel_depthwise_conv2d_##type##_avx2_cross = {                             \
        .name = "depthwise_conv2d_" #type "_avx2_cross",                                           \
        .op = "depthwise_conv2d_" #type,                                                           \
        .isa = "avx2",                                                                             \
        .summary = "3 x 3 of stride 2 as five pairs of taps by vpmaddwd, 32 channels a pass",      \
        .suits = rg_dw_suits_cross,                                                                \
        .packed_bytes = rg_dw_packed_bytes_cross,                                                  \
        .pack = rg_dw_pack_cross,                                                                  \
        .scratch_bytes = rg_dw_scratch_bytes_cross,                                                \
        .tiles = rg_dw_tiles_cross,                                                                \
        .run = run,                                                                                \
    }
KERNEL(s8);
KERNEL(u8);
