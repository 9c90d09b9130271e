/* depthwise_bytes_avx2.c: depthwise convolution of int8 and uint8, as depthwise_bytes.h tells. A
 * step is four outputs of each of eight channels: one row of four or two rows of two, whose sums
 * stay in registers while each pair of pixels, widened to 16 bits once, serves all windows that
 * hold it. */
#include <immintrin.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/x86/depthwise_rows.h"

enum { CELL = 2 * RG_DW_SPAN, VECTOR = RG_DW_SPAN }; /* bytes of a cell, of eight weights */

/* Four vectors of eight sums to bytes: four of each vector in the lower half, four above. */
static inline __m256i finish(const rg_dw *d, const rg_dw_block *b, const __m256i *sum) {
    return pack_bytes(d, scale(d, b, sum[0]), scale(d, b, sum[1]), scale(d, b, sum[2]),
                      scale(d, b, sum[3]));
}

/* One block along a row of the buffer. */
typedef struct walk {
    const rg_dw *d;
    const rg_dw_block *block;
    const int8_t *cells;   /* of the first pair of rows */
    int64_t pitch;         /* bytes to the next pair of rows */
    int64_t rows, columns; /* outputs wanted */
    uint8_t *out;
} walk;

/* The first n of eight bytes, by the digits of n: this calls no memcpy. */
static inline void put_some(uint8_t *to, uint64_t bytes, int64_t n) {
    if (n == RG_DW_LANES)
        memcpy(to, &bytes, RG_DW_LANES);
    if (n & 4) {
        memcpy(to, &bytes, 4);
        to += 4;
        bytes >>= 32;
    }
    if (n & 2) {
        memcpy(to, &bytes, 2);
        to += 2;
        bytes >>= 16;
    }
    if (n & 1)
        *to = (uint8_t)bytes;
}

/* Bytes of four sums; the first is at output (i / columns, i % columns) of the step. */
static __attribute__((noinline)) void store_part(const walk *w, uint8_t *out, __m256i bytes, int i,
                                                 int columns) {
    const rg_depthwise_layout *l = &w->d->l;
    uint64_t all[4];
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)all, bytes);
    for (int k = 0; k < 4; k++, i++)
        if (i / columns < w->rows && i % columns < w->columns)
            put_some(out + (i / columns * l->x.out + i % columns) * l->out_c, all[k], w->block->n);
}

static inline void store_all(const walk *w, uint8_t *out, __m256i bytes, int i, int columns) {
    int64_t out_c = w->d->l.out_c, out_row = w->d->l.x.out * out_c;
    __m128i half = _mm256_castsi256_si128(bytes), other = _mm256_extracti128_si256(bytes, 1);
    __m128i low = _mm_unpacklo_epi32(half, other), high = _mm_unpackhi_epi32(half, other);
    uint8_t *first = out + i / columns * out_row;
    uint8_t *second = columns == 2 ? first + out_row : first + 2 * out_c;
    _mm_storel_epi64((__m128i *)first, low);
    _mm_storeh_pi((__m64 *)(first + out_c), _mm_castsi128_ps(low));
    _mm_storel_epi64((__m128i *)second, high);
    _mm_storeh_pi((__m64 *)(second + out_c), _mm_castsi128_ps(high));
}

/* The empty assembly keeps the compiler from gathering products in a tree of sums, for which there
 * are not enough registers. */
static inline __m256i multiply(__m256i sum, __m256i pixels, __m256i weights) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, weights));
    __asm__("" : "+x"(sum));
    return sum;
}

static inline __m256i widen(const int8_t *cell) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)cell));
}

/* A filter and stride of the compiler's knowledge: each cell is widened once. */
static inline __attribute__((always_inline)) void sum_known(const rg_dw_block *b,
                                                            const int8_t *cells, int64_t pitch,
                                                            int filter, int stride, int rows,
                                                            int columns, __m256i *sum) {
    const int taps_y = filter + (rows - 1) * stride;
    const int8_t *weights = b->weights;
#pragma GCC unroll 8
    for (int p = 0; p < (taps_y + 1) / 2; p++, weights += VECTOR * rows * filter) {
#pragma GCC unroll 16
        for (int c = 0; c < (columns - 1) * stride + filter; c++) {
            __m256i pixels = widen(cells + p * pitch + c * CELL);
#pragma GCC unroll 8
            for (int i = 0; i < rows * columns; i++) {
                int r = i / columns, kx = c - i % columns * stride, y = 2 * p - r * stride;
                if (kx >= 0 && kx < filter && y > -2 && y < filter)
                    sum[i] =
                        multiply(sum[i], pixels, load_ints(weights + VECTOR * (kx * rows + r)));
            }
        }
    }
}

/* The same for 3 x 3 with stride 1 and eight sums: all cells of a pair of rows stay in registers,
 * so that each weight is loaded once. */
static inline __attribute__((always_inline)) void sum_3_1(const rg_dw_block *b, const int8_t *cells,
                                                          int64_t pitch, __m256i *sum) {
#pragma GCC unroll 2
    for (int p = 0; p < 2; p++) {
        __m256i pixels[6];
#pragma GCC unroll 6
        for (int c = 0; c < 6; c++) {
            pixels[c] = widen(cells + p * pitch + c * CELL);
            __asm__("" : "+x"(pixels[c]));
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            __m256i weights = load_ints(b->weights + VECTOR * (6 * p + i));
            __asm__("" : "+x"(weights));
#pragma GCC unroll 4
            for (int x = 0; x < 4; x++)
                sum[i % 2 * 4 + x] = multiply(sum[i % 2 * 4 + x], pixels[i / 2 + x], weights);
        }
    }
}

static inline __attribute__((always_inline)) void sum_any(const rg_dw *d, const rg_dw_block *b,
                                                          const int8_t *cells, int64_t pitch,
                                                          int rows, int columns, __m256i *sum) {
    const rg_axis *x = &d->l.x;
    const int8_t *weights = b->weights;
    for (int64_t p = 0; p < d->sets; p++) {
        for (int64_t kx = 0; kx < x->filter; kx++, weights += VECTOR * rows) {
            const int8_t *cell = cells + p * pitch + kx * x->dilation * CELL;
#pragma GCC unroll 4
            for (int i = 0; i < columns; i++) {
                __m256i pixels = widen(cell + i * x->stride * CELL);
#pragma GCC unroll 2
                for (int r = 0; r < rows; r++)
                    sum[r * columns + i] =
                        multiply(sum[r * columns + i], pixels, load_ints(weights + VECTOR * r));
            }
        }
    }
}

/* Steps of `columns` outputs; the last one begins within the one before, or, where there are fewer,
 * is stored in part. filter 0: any. */
static inline __attribute__((always_inline)) void walk_row(const walk *w, int filter, int stride,
                                                           int rows, int columns) {
    const rg_dw *d = w->d;
    const rg_dw_block *b = w->block;
    const int64_t across = (filter ? stride : d->l.x.stride) * CELL, pitch = w->pitch;
    const bool part = w->rows < rows || b->n < RG_DW_LANES || w->columns < columns;
    const int8_t *cells = w->cells;
    uint8_t *out = w->out;
    for (int64_t left = w->columns;;) {
        __m256i start = load_ints(b->start),
                sum[8] = {start, start, start, start, start, start, start, start};
        if (filter == 3 && stride == 1 && rows == 2 && columns == 4)
            sum_3_1(b, cells, pitch, sum);
        else if (filter)
            sum_known(b, cells, pitch, filter, stride, rows, columns, sum);
        else
            sum_any(d, b, cells, pitch, rows, columns, sum);
#pragma GCC unroll 2
        for (int i = 0; i < rows * columns; i += 4) {
            __m256i bytes = finish(d, b, sum + i);
            if (__builtin_expect(part, 0))
                store_part(w, out, bytes, i, columns);
            else
                store_all(w, out, bytes, i, columns);
        }
        left -= columns;
        if (left <= 0)
            return;
        int64_t on = left < columns ? left : columns;
        cells += on * across;
        out += on * d->l.out_c;
        left += columns - on;
    }
}

/* Micro-kernels: square filter (0: any), stride of both axes, output rows of a pass. */
#define MICRO_KERNELS(X)                                                                           \
    X(0, 0, 1) X(0, 0, 2) X(3, 1, 2) X(3, 2, 2) X(5, 1, 2) X(5, 2, 2) X(7, 1, 2)
#define WALK(filter, stride, rows)                                                                 \
    static void walk_##filter##_##stride##_##rows(const walk *w) {                                 \
        if (filter == 3 && stride == 1 && w->columns >= 4)                                         \
            walk_row(w, filter, stride, rows, 4);                                                  \
        else                                                                                       \
            walk_row(w, filter, stride, rows, 4 / rows);                                           \
    }
MICRO_KERNELS(WALK)
#define ROW(filter, stride, rows) {filter, stride, rows, walk_##filter##_##stride##_##rows},
static const struct {
    int64_t filter, stride, rows;
    walk_fn *run;
} micro_kernels[] = {MICRO_KERNELS(ROW)};

static walk_fn *choose(const rg_dw *d) {
    const rg_axis *x = &d->l.x, *y = &d->l.y;
    size_t best = d->rows == 2;
    for (size_t i = 2; i < sizeof micro_kernels / sizeof *micro_kernels; i++)
        if (micro_kernels[i].rows == d->rows && micro_kernels[i].filter == x->filter &&
            x->filter == y->filter && micro_kernels[i].stride == x->stride &&
            x->stride == y->stride && x->dilation == 1)
            best = i;
    return micro_kernels[best].run;
}

/* 32 channels of two pixels: blocks 0 and 2, then 1 and 3; `ordered`: channel by channel, for
 * blocks that begin anywhere. */
static inline void interleave(__m256i a, __m256i b, bool ordered, int8_t *cell) {
    __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
    __m256i *to = (__m256i *)cell;
    _mm256_storeu_si256(to, ordered ? _mm256_permute2x128_si256(low, high, 0x20) : low);
    _mm256_storeu_si256(to + 1, ordered ? _mm256_permute2x128_si256(low, high, 0x31) : high);
}

/* Where a block's pairs lie in a cell. */
static inline int64_t block_in_cell(const rg_dw *d, int64_t first, int64_t i) {
    static const int8_t at[RG_DW_GROUP] = {0, 32, 16, 48};
    if (d->ordered)
        return 2 * (rg_dw_block_at(d, i)->source - rg_dw_block_at(d, first)->source);
    return at[i - first];
}

/* The same where a channel of the input serves several of the output. */
static inline void interleave_spread(__m256i a, __m256i b, const rg_dw *d, int64_t first,
                                     int64_t last, int8_t *cell) {
    uint8_t bytes[2][RG_DW_SPAN + 8];
    int64_t source = rg_dw_block_at(d, first)->source;
    _mm256_storeu_si256((__m256i *)bytes[0], a);
    _mm256_storeu_si256((__m256i *)bytes[1], b);
    for (int64_t i = first; i < last; i++) {
        const rg_dw_block *block = rg_dw_block_at(d, i);
        int64_t at = block->source - source;
        __m128i both = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(bytes[0] + at)),
                                         _mm_loadl_epi64((const __m128i *)(bytes[1] + at)));
        both = _mm_shuffle_epi8(both, _mm_loadu_si128((const __m128i *)block->spread));
        _mm_storeu_si128((__m128i *)(cell + block_in_cell(d, first, i)), both);
    }
}

/* Cells of input columns [x, end), which lie on the image, for blocks [first, last). */
static int8_t *fill_inside(const pass *p, const row *upper, const row *lower, int64_t x,
                           int64_t end, int64_t first, int64_t last, int8_t *cell) {
    const rg_dw *d = p->d;
    const bool spread = d->l.multiplier > 1, ordered = d->ordered;
    const __m256i flip = _mm256_set1_epi8((char)d->flip);
    int64_t safe = upper->safe < lower->safe ? upper->safe : lower->safe;
    const uint8_t *a = upper->at + x * upper->step, *b = lower->at + x * lower->step;
    safe = spread ? x : safe < end ? safe : end;
#pragma GCC unroll 4
    for (; x < safe; x++, cell += CELL, a += upper->step, b += lower->step)
        interleave(_mm256_xor_si256(load_ints(a), flip), _mm256_xor_si256(load_ints(b), flip),
                   ordered, cell);
    for (; x < end; x++, cell += CELL) {
        __m256i c = _mm256_xor_si256(read_part(p, upper, x), flip);
        __m256i e = _mm256_xor_si256(read_part(p, lower, x), flip);
        if (spread)
            interleave_spread(c, e, d, first, last, cell);
        else
            interleave(c, e, ordered, cell);
    }
    return cell;
}

/* Fills `n` cells from input column `x` on. */
static void fill(const pass *p, const row *upper, const row *lower, int64_t x, int64_t n,
                 int64_t first, int64_t last, int8_t *cell) {
    int64_t in = p->d->l.x.in, from = between(0, x, x + n), to = between(in, from, x + n);
    cell = fill_empty(p, from - x, cell);
    cell = fill_inside(p, upper, lower, from, to, first, last, cell);
    fill_empty(p, x + n - to, cell);
}

static void run_group(const pass *p, int64_t n, int64_t oy, int64_t ox, int64_t g, uint8_t *out) {
    const rg_dw *d = p->d;
    int64_t first = g * RG_DW_GROUP, last = between(d->blocks, 0, first + RG_DW_GROUP);
    const rg_axis *ax = &d->l.x, *ay = &d->l.y;
    const int64_t pitch = d->buffer_x * CELL, source = rg_dw_block_at(d, first)->source;
    walk w = {.d = d, .pitch = pitch, .rows = ay->out - oy < d->rows ? 1 : d->rows};
    w.columns = ax->out - ox < d->chunk_x ? ax->out - ox : d->chunk_x;
    int64_t cells = (w.columns - 1) * ax->stride + (ax->filter - 1) * ax->dilation + 1;
    for (int64_t i = 0; i < d->sets; i++) {
        int64_t y = oy * ay->stride - ay->pad + 2 * i * ay->dilation;
        row upper = find_row(p, n, y, source);
        row lower = find_row(p, n, y + ay->dilation, source);
        fill(p, &upper, &lower, ox * ax->stride - ax->pad, cells, first, last,
             p->buffer + i * pitch);
    }
    for (int64_t i = first; i < last; i++) {
        w.block = rg_dw_block_at(d, i);
        w.cells = p->buffer + block_in_cell(d, first, i);
        w.out = out + ox * d->l.out_c + w.block->from;
        p->micro_kernel(&w);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    pass p = {.d = packed, .micro_kernel = choose(packed), .buffer = scratch};
    run_tiles(&p, in[0], out[0], first_tile, last_tile, run_group);
}

#define KERNEL(type)                                                                               \
    const rg_kernel rg_kernel_depthwise_conv2d_##type##_avx2 = {                                   \
        .name = "depthwise_conv2d_" #type "_avx2",                                                 \
        .op = "depthwise_conv2d_" #type,                                                           \
        .isa = "avx2",                                                                             \
        .summary = "Pairs of taps by vpmaddwd, two output rows a pass, rounding proven at load",   \
        .suits = rg_dw_suits_pairs,                                                                \
        .packed_bytes = rg_dw_packed_bytes_pairs,                                                  \
        .pack = rg_dw_pack_pairs,                                                                  \
        .scratch_bytes = rg_dw_scratch_bytes_pairs,                                                \
        .tiles = rg_dw_tiles_pairs,                                                                \
        .run = run,                                                                                \
    }
KERNEL(s8);
KERNEL(u8);
