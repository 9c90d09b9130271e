/* strip.h: matrix products over strips (kernels/each/gemm_plan.h) on Arm, for whatever turns the
 * sums of sums.h into outputs: how rows are laid out, weights packed, strips filled and tiles
 * summed. Shared by gemm_images.c and gemm_words.c, each of which defines how elements come into a
 * strip. */
#ifndef RG_KERNELS_ARM_STRIP_H
#define RG_KERNELS_ARM_STRIP_H

#ifdef __aarch64__
#include "kernels/arm/sums.h"
#include "kernels/each/gemm_plan.h"

/* Geometry of a call; offsets of the segments seen from a pixel follow what holds it. */
typedef struct strip_plan {
    rg_gemm_plan gemm;
    int64_t segments, units;          /* of a row; units of one segment */
    size_t offset_bytes, panel_bytes; /* a panel: its head, then weights segment by segment */
} strip_plan;

/* False where rg_gemm_lay_out is. */
static inline bool strip_lay_out(const rg_op_call *call, size_t head_bytes, strip_plan *ret) {
    strip_plan p = {.segments = 0};
    if (!rg_gemm_lay_out(call, COLS, sizeof(strip_t), ROWS, &p.gemm))
        return false;
    p.segments = p.gemm.seg_y * p.gemm.seg_x;
    p.units = units_of(p.gemm.seg_len);
    p.offset_bytes = ((size_t)p.segments * sizeof(int64_t) + 63) / 64 * 64;
    p.panel_bytes = head_bytes + (size_t)(p.segments * p.units) * UNIT;
    *ret = p;
    return true;
}

static inline size_t strip_scratch_bytes(const strip_plan *p) {
    return (size_t)(rg_gemm_strip_len(&p->gemm) + DEPTH) * sizeof(strip_t);
}

static inline void strip_pack_offsets(const strip_plan *p, int64_t *ret) {
    const rg_gemm_plan *g = &p->gemm;
    for (int64_t i = 0; i < p->segments; i++)
        ret[i] = (i / g->seg_x * g->seg_dy * g->strip_w + i % g->seg_x * g->seg_dx) * g->in_c;
}

/* Weights of output channel `c` as column `col`; what they sum up to, and the sum of their sizes.
 */
static inline int32_t strip_pack_weights(const strip_plan *p, const int8_t *weights, int64_t c,
                                         int64_t col, int8_t *ret, int64_t *ret_sizes) {
    const rg_gemm_plan *g = &p->gemm;
    const int8_t *from = weights + c * g->filter_y * g->filter_x * g->tap_c;
    uint32_t sum = 0;
    int64_t sizes = 0;
    for (int64_t s = 0; s < p->segments; s++, ret += p->units * UNIT)
        for (int64_t e = 0; e < g->seg_len; e++) {
            int8_t w = from[rg_gemm_weight_at(g, s, e)];
            ret[weight_at(e, col)] = w;
            sum += (uint32_t)w;
            sizes += w < 0 ? -w : w;
        }
    *ret_sizes = sizes;
    return (int32_t)sum;
}

/* n elements of the input, from element `from` on, into the strip; defined by the file. */
typedef struct strip_source strip_source;
static void strip_take(const strip_source *source, int64_t from, int64_t n, strip_t *ret);

static inline void strip_pad(strip_t value, int64_t n, strip_t *ret) {
    for (int64_t i = 0; i < n; i++)
        ret[i] = value;
}

/* One row of the strip; len may be spread over every step_x-th column. */
static inline void strip_fill_row(const rg_gemm_plan *g, const strip_source *source, strip_t zero,
                                  rg_gemm_row row, strip_t *ret) {
    int64_t all = g->strip_w * g->in_c, end = row.left + row.len;
    strip_pad(zero, row.left, ret);
    if (g->step_x == 1)
        strip_take(source, row.from, row.len, ret + row.left);
    else
        for (int64_t i = 0; i < row.len; i += g->in_c)
            strip_take(source, row.from + i * g->step_x, g->in_c, ret + row.left + i);
    strip_pad(zero, all - end, ret + end);
}

/* The strip of a block, `zero` around the image. */
static inline void strip_fill(const rg_gemm_plan *g, const rg_gemm_block *block,
                              const strip_source *source, strip_t zero, strip_t *strip) {
    int64_t rows = rg_gemm_strip_rows(g, block), len = g->strip_w * g->in_c;
    for (int64_t i = 0; i < rows; i++)
        strip_fill_row(g, source, zero, rg_gemm_row_at(g, block, i), strip + i * len);
}

/* Sums of `rows` pixels by a panel's columns. */
ALWAYS void strip_sums(int rows, const strip_plan *p, const int64_t *offset,
                       const strip_t *const *pixel, const int8_t *w, sums *ret) {
    sums_zero(ret);
    for (int64_t i = 0; i < p->segments; i++, w += p->units * UNIT) {
        const strip_t *x[ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            x[r] = pixel[r] + offset[i];
        sums_add(rows, x, p->units, w, ret);
    }
    sums_end(rows, ret);
}

/* Panels [*ret_first, *ret_last) of the block of tile `tile` that tiles [tile, last) compute;
 * returns the next block's first tile, or `last`. */
static inline size_t strip_panels(const rg_gemm_plan *g, size_t tile, size_t last,
                                  int64_t *ret_first, int64_t *ret_last) {
    size_t shares = (size_t)g->shares, next = (tile / shares + 1) * shares;
    int64_t unused;
    next = next < last ? next : last;
    rg_gemm_share(g, (int64_t)(tile % shares), ret_first, &unused);
    rg_gemm_share(g, (int64_t)((next - 1) % shares), &unused, ret_last);
    return next;
}
#endif

#endif
