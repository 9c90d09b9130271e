/* depthwise_quads.h: depthwise convolution of int8 and uint8 for 32 channels and more, four taps of
 * a column at a time, as depthwise_bytes.h tells; included by one file for each level, which
 * defines the type `pixels`, open_pixels() from 32 bytes of the buffer, dot() and VECTOR, the bytes
 * of eight channels' weights. Interleaving four rows leaves every fourth group of four channels in
 * one vector: a block here. Packing four blocks to bytes undoes it, so that a step's four pixels
 * are stored 32 channels at once. */
#ifndef RG_KERNELS_X86_DEPTHWISE_QUADS_H
#define RG_KERNELS_X86_DEPTHWISE_QUADS_H

#include "kernels/x86/depthwise_rows.h"

#if defined(RG_DW_QUADS) /* without a level there is nothing: the header alone still compiles */

enum { CELL = 4 * RG_DW_SPAN }; /* bytes of a cell */

/* One group along a row of the buffer. */
typedef struct walk {
    const rg_dw *d;
    const rg_dw_block *block; /* four of them */
    int64_t pitch;            /* bytes to the next set of rows */
    int64_t rows, columns;    /* outputs wanted */
    const int8_t *cells;
    uint8_t *out;
} walk;

/* Four sums of one block: filter, stride, sets and rows are of the compiler's knowledge. */
static inline __attribute__((always_inline)) void sum_known(const rg_dw_block *b,
                                                            const int8_t *cells, int64_t pitch,
                                                            int filter, int stride, int sets,
                                                            int rows, __m256i *sum) {
    const int columns = 4 / rows;
#pragma GCC unroll 2
    for (int s = 0; s < sets; s++)
#pragma GCC unroll 16
        for (int c = 0; c < (columns - 1) * stride + filter; c++) {
            pixels four = open_pixels(cells + s * pitch + c * CELL);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) {
                int r = i / columns, kx = c - i % columns * stride;
                if (kx >= 0 && kx < filter)
                    sum[i] =
                        dot(sum[i], four, b->weights + VECTOR * ((s * filter + kx) * rows + r));
            }
        }
}

static inline __attribute__((always_inline)) void sum_any(const rg_dw *d, const rg_dw_block *b,
                                                          const int8_t *cells, int64_t pitch,
                                                          int rows, __m256i *sum) {
    const rg_axis *x = &d->l.x;
    const int columns = 4 / rows;
    const int8_t *weights = b->weights;
    for (int64_t s = 0; s < d->sets; s++)
        for (int64_t kx = 0; kx < x->filter; kx++, weights += VECTOR * rows) {
            const int8_t *cell = cells + s * pitch + kx * x->dilation * CELL;
#pragma GCC unroll 4
            for (int i = 0; i < columns; i++) {
                pixels four = open_pixels(cell + i * x->stride * CELL);
#pragma GCC unroll 2
                for (int r = 0; r < rows; r++)
                    sum[r * columns + i] = dot(sum[r * columns + i], four, weights + VECTOR * r);
            }
        }
}

/* Steps of four outputs of all 32 channels; the last one begins within the one before, or, where
 * there are fewer columns, some are not stored. filter 0: any. */
static inline __attribute__((always_inline)) void walk_row(const walk *w, int filter, int stride,
                                                           int sets, int rows) {
    const rg_dw *d = w->d;
    const int columns = 4 / rows;
    const int64_t out_c = d->l.out_c, out_row = d->l.x.out * out_c;
    const int64_t across = (filter ? stride : d->l.x.stride) * CELL;
    const int8_t *cells = w->cells;
    uint8_t *out = w->out;
    for (int64_t left = w->columns;;) {
        __m256i value[4][4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            const rg_dw_block *b =
                (const rg_dw_block *)((const char *)w->block + k * d->block_bytes);
            __m256i start = load_ints(b->start), sum[4] = {start, start, start, start};
            if (filter)
                sum_known(b, cells + k * RG_DW_SPAN, w->pitch, filter, stride, sets, rows, sum);
            else
                sum_any(d, b, cells + k * RG_DW_SPAN, w->pitch, rows, sum);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++)
                value[i][k] = scale(d, b, sum[i]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            __m256i bytes = pack_bytes(d, value[i][0], value[i][1], value[i][2], value[i][3]);
            if (i / columns < w->rows && i % columns < w->columns)
                _mm256_storeu_si256((__m256i *)(out + i / columns * out_row + i % columns * out_c),
                                    bytes);
        }
        left -= columns;
        if (left <= 0)
            return;
        int64_t on = left < columns ? left : columns;
        cells += on * across;
        out += on * out_c;
        left += columns - on;
    }
}

/* Micro-kernels: square filter (0: any), stride of both axes, sets of rows, output rows a pass. */
#define MICRO_KERNELS(X)                                                                           \
    X(0, 0, 0, 1) X(0, 0, 0, 2) X(3, 1, 1, 2) X(3, 2, 1, 1) X(5, 1, 2, 2) X(7, 1, 2, 2)
#define WALK(filter, stride, sets, rows)                                                           \
    static void walk_##filter##_##stride##_##rows(const walk *w) {                                 \
        walk_row(w, filter, stride, sets, rows);                                                   \
    }
MICRO_KERNELS(WALK)
#define ROW(filter, stride, sets, rows)                                                            \
    {filter, stride, sets, rows, walk_##filter##_##stride##_##rows},
static const struct {
    int64_t filter, stride, sets, rows;
    walk_fn *run;
} micro_kernels[] = {MICRO_KERNELS(ROW)};

static walk_fn *choose(const rg_dw *d) {
    const rg_axis *x = &d->l.x, *y = &d->l.y;
    size_t best = d->rows == 2;
    for (size_t i = 2; i < sizeof micro_kernels / sizeof *micro_kernels; i++)
        if (micro_kernels[i].rows == d->rows && micro_kernels[i].sets == d->sets &&
            micro_kernels[i].filter == x->filter && x->filter == y->filter &&
            micro_kernels[i].stride == x->stride && x->stride == y->stride && x->dilation == 1)
            best = i;
    return micro_kernels[best].run;
}

/* 32 channels of four pixels. */
static inline void interleave(const __m256i pixel[4], int8_t *cell) {
    __m256i low = _mm256_unpacklo_epi8(pixel[0], pixel[1]),
            high = _mm256_unpackhi_epi8(pixel[0], pixel[1]),
            low2 = _mm256_unpacklo_epi8(pixel[2], pixel[3]),
            high2 = _mm256_unpackhi_epi8(pixel[2], pixel[3]);
    __m256i *to = (__m256i *)cell;
    _mm256_storeu_si256(to, _mm256_unpacklo_epi16(low, low2));
    _mm256_storeu_si256(to + 1, _mm256_unpackhi_epi16(low, low2));
    _mm256_storeu_si256(to + 2, _mm256_unpacklo_epi16(high, high2));
    _mm256_storeu_si256(to + 3, _mm256_unpackhi_epi16(high, high2));
}

/* Cells of input columns [x, safe), whose pixels can be read 32 bytes wide. */
static int8_t *fill_safe(const pass *p, const row *rows, int64_t x, int64_t safe, int8_t *cell) {
    const __m256i flip = _mm256_set1_epi8((char)p->d->flip);
    const int64_t s0 = rows[0].step, s1 = rows[1].step, s2 = rows[2].step, s3 = rows[3].step;
    const uint8_t *a = rows[0].at + x * s0, *b = rows[1].at + x * s1, *c = rows[2].at + x * s2,
                  *d = rows[3].at + x * s3;
    for (; x < safe; x++, cell += CELL, a += s0, b += s1, c += s2, d += s3) {
        __m256i pixel[4] = {
            _mm256_xor_si256(load_ints(a), flip), _mm256_xor_si256(load_ints(b), flip),
            _mm256_xor_si256(load_ints(c), flip), _mm256_xor_si256(load_ints(d), flip)};
        interleave(pixel, cell);
    }
    return cell;
}

/* Cells of input columns [x, end), which lie on the image. */
static int8_t *fill_inside(const pass *p, const row rows[4], int64_t x, int64_t end, int8_t *cell) {
    const __m256i flip = _mm256_set1_epi8((char)p->d->flip);
    int64_t safe = end;
    for (int i = 0; i < 4; i++)
        safe = rows[i].safe < safe ? rows[i].safe : safe;
    cell = fill_safe(p, rows, x, safe, cell);
    for (x = safe > x ? safe : x; x < end; x++, cell += CELL) {
        __m256i pixel[4];
        for (int i = 0; i < 4; i++)
            pixel[i] = _mm256_xor_si256(read_part(p, &rows[i], x), flip);
        interleave(pixel, cell);
    }
    return cell;
}

/* Fills the cells of set `s` of the rows that output row oy begins with, from column `x` on. */
static void fill(const pass *p, int64_t n, int64_t oy, int64_t s, int64_t source, int64_t x,
                 int64_t cells) {
    const rg_dw *d = p->d;
    const rg_axis *y = &d->l.y;
    int64_t from = between(0, x, x + cells), to = between(d->l.x.in, from, x + cells);
    int8_t *cell = p->buffer + s * d->buffer_x * CELL;
    row rows[4];
    for (int64_t i = 0; i < 4; i++)
        rows[i] = find_row(p, n, oy * y->stride - y->pad + (4 * s + i) * y->dilation, source);
    cell = fill_empty(p, from - x, cell);
    cell = fill_inside(p, rows, from, to, cell);
    fill_empty(p, x + cells - to, cell);
}

/* Group `g` of the output rows from oy on, columns from ox on. */
static void run_group(const pass *p, int64_t n, int64_t oy, int64_t ox, int64_t g, uint8_t *out) {
    const rg_dw *d = p->d;
    const rg_axis *x = &d->l.x;
    walk w = {.d = d, .block = rg_dw_block_at(d, g * RG_DW_GROUP), .cells = p->buffer};
    w.pitch = d->buffer_x * CELL;
    w.rows = d->l.y.out - oy < d->rows ? 1 : d->rows;
    w.columns = x->out - ox < d->chunk_x ? x->out - ox : d->chunk_x;
    w.out = out + ox * d->l.out_c + w.block->from;
    int64_t cells = (w.columns - 1) * x->stride + (x->filter - 1) * x->dilation + 1;
    for (int64_t s = 0; s < d->sets; s++)
        fill(p, n, oy, s, w.block->source, ox * x->stride - x->pad, cells);
    p->micro_kernel(&w);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    pass p = {.d = packed, .micro_kernel = choose(packed), .buffer = scratch};
    run_tiles(&p, in[0], out[0], first_tile, last_tile, run_group);
}

/* The row of an operator. */
#define RG_DW_QUADS_KERNEL(type, level, variant, form, how)                                        \
    const rg_kernel rg_kernel_depthwise_conv2d_##type##_##level##variant = {                       \
        .name = "depthwise_conv2d_" #type "_" #level #variant,                                     \
        .op = "depthwise_conv2d_" #type,                                                           \
        .isa = #level,                                                                             \
        .summary = how,                                                                            \
        .suits = rg_dw_suits_##form,                                                               \
        .packed_bytes = rg_dw_packed_bytes_##form,                                                 \
        .pack = rg_dw_pack_##form,                                                                 \
        .scratch_bytes = rg_dw_scratch_bytes_##form,                                               \
        .tiles = rg_dw_tiles_##form,                                                               \
        .run = run,                                                                                \
    }

#endif
#endif
