/* gemm_plan.c: cutting a convolution or fully connected layer into blocks, strips and panels. */
#include "kernels/each/gemm_plan.h"

#include <string.h>

#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"

/* A strip of about this many bytes stays in the first or second cache beside a panel of weights. */
enum { STRIP_BYTES = 48 << 10, MIN_PIXELS = 24, GOOD_PIXELS = 48 };

/* Multiplications that are worth a tile of their own, about a microsecond; how many tiles a call
 * is cut into by its blocks, and by its channels besides. */
enum { TILE_MACS = 1 << 17, MOST_BLOCKS = 8, MOST_TILES = 128 };

/* Output channels of a share at least, where a block has more than a few pixels: the bytes of a
 * cache line, which two threads would fight over. */
enum { SHARE_CHANNELS = 64 };

static int64_t at_most(int64_t v, int64_t limit) {
    return v < limit ? v : limit;
}

static int64_t parts(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

static void lay_out_rows(const rg_op_call *call, rg_gemm_plan *p) {
    p->tap_c = p->in_c = call->in[1]->shape.dim[1];
    p->in_w = (int64_t)rg_elements(call->in[0]) / p->in_c;
    p->out_c = p->group_c = call->in[1]->shape.dim[0];
    p->batch = p->in_h = p->out_h = p->groups = 1;
    p->out_w = p->in_w;
    p->filter_y = p->filter_x = p->stride_y = p->stride_x = p->step_y = p->step_x = 1;
}

/* Where one tap is looked at, only every stride-th row or column is copied. */
static void lay_out_axis(const rg_axis *a, int64_t *ret_stride, int64_t *ret_step) {
    *ret_stride = a->filter == 1 ? 1 : a->stride;
    *ret_step = a->filter == 1 ? a->stride : 1;
}

/* True when each output pixel is made of the input pixel at its place. */
static bool is_rows(const rg_axis *a) {
    return a->filter == 1 && a->stride == 1 && a->pad == 0 && a->in == a->out;
}

static bool lay_out_image(const rg_op_call *call, rg_gemm_plan *p, rg_conv_layout *l) {
    if (rg_conv_lay_out(call, l, NULL) != RG_OK)
        return false;
    p->batch = l->batch;
    p->in_h = l->y.in, p->in_w = l->x.in, p->in_c = l->in_c;
    p->out_h = l->y.out, p->out_w = l->x.out, p->out_c = l->out_c;
    p->groups = l->groups, p->group_c = l->group, p->tap_c = l->tap_c;
    p->filter_y = l->y.filter, p->filter_x = l->x.filter;
    p->pad_y = l->y.pad, p->pad_x = l->x.pad;
    lay_out_axis(&l->y, &p->stride_y, &p->step_y);
    lay_out_axis(&l->x, &p->stride_x, &p->step_x);
    if (is_rows(&l->y) && is_rows(&l->x)) {
        p->in_w = p->out_w = p->batch * p->in_h * p->in_w;
        p->batch = p->in_h = p->out_h = 1;
    }
    return true;
}

/* Rows and columns of the strip that h x w output pixels look at. */
static int64_t strip_rows(const rg_gemm_plan *p, int64_t h) {
    return (h - 1) * p->stride_y + (p->seg_y - 1) * p->seg_dy + 1;
}

static int64_t strip_cols(const rg_gemm_plan *p, int64_t w, int64_t span_x) {
    return (w - 1) * p->stride_x + span_x;
}

/* Into how many blocks an image should be cut at least, so that threads can share it: few pixels
 * fill tiles badly. One or an even number. */
static int64_t blocks_worth(const rg_gemm_plan *p) {
    int64_t pixels = p->out_h * p->out_w;
    double macs =
        (double)pixels * (double)p->out_c * (double)(p->filter_y * p->filter_x * p->tap_c);
    int64_t n = pixels < 2 * GOOD_PIXELS ? pixels / MIN_PIXELS : pixels / GOOD_PIXELS;
    if (macs / TILE_MACS < (double)n)
        n = (int64_t)(macs / TILE_MACS) + 1;
    return n < 2 ? 1 : at_most(n, MOST_BLOCKS) / 2 * 2;
}

/* `n` blocks or more, of `all` at most: an even number where that can be. */
static int64_t even_blocks(int64_t n, int64_t worth, int64_t all) {
    n = n < worth ? worth : n;
    return at_most(n > 1 ? parts(n, 2) * 2 : n, all);
}

/* Whole rows while they fit, then several of them; else pieces of one row, whole tiles long. */
static void cut_blocks(rg_gemm_plan *p, int64_t span_x, int64_t element_bytes, int64_t tile_rows) {
    int64_t pixel = p->in_c * element_bytes, worth = blocks_worth(p);
    int64_t least = parts(MIN_PIXELS, tile_rows) * tile_rows;
    int64_t fit = STRIP_BYTES / (pixel * strip_rows(p, 1));
    int64_t cols = (fit - span_x) / p->stride_x + 1;
    cols = cols < least ? least : cols / tile_rows * tile_rows;
    p->blocks_x = parts(p->out_w, at_most(cols, p->out_w));
    p->unit_x = p->blocks_x > 1 || p->out_h == 1 ? tile_rows : p->out_w;
    int64_t units = parts(p->out_w, p->unit_x);
    if (p->out_h == 1)
        p->blocks_x = even_blocks(p->blocks_x, worth, units);
    p->block_w = at_most(parts(units, p->blocks_x) * p->unit_x, p->out_w);
    p->block_h = 1;
    int64_t row = strip_cols(p, p->block_w, span_x) * pixel;
    if (p->block_w == p->out_w)
        while (p->block_h < p->out_h && (strip_rows(p, p->block_h + 1) * row <= STRIP_BYTES ||
                                         p->block_h * p->out_w < least))
            p->block_h++;
    p->blocks_y = even_blocks(parts(p->out_h, p->block_h), worth, p->out_h);
    p->block_h = parts(p->out_h, p->blocks_y);
    p->strip_h = strip_rows(p, p->block_h);
    p->strip_w = strip_cols(p, p->block_w, span_x);
}

/* Into how many parts the channels of each block are cut. */
static int64_t shares_of(const rg_gemm_plan *p) {
    int64_t most = p->groups * p->panels;
    if (p->block_h * p->block_w >= MIN_PIXELS)
        most = most * p->panel_c / SHARE_CHANNELS;
    int64_t wanted = at_most(parts(MOST_TILES, (int64_t)rg_gemm_blocks(p)), most);
    return wanted < 1 ? 1 : wanted;
}

bool rg_gemm_lay_out(const rg_op_call *call, int64_t panel_c, int64_t element_bytes,
                     int64_t tile_rows, rg_gemm_plan *ret) {
    rg_gemm_plan p = {0};
    rg_conv_layout l = {0};
    bool conv = strcmp(call->op->kind, "conv2d") == 0;
    if (!conv)
        lay_out_rows(call, &p);
    else if (!lay_out_image(call, &p, &l))
        return false;
    bool joint = p.groups == 1 && (!conv || l.x.dilation == 1 || p.filter_x == 1);
    p.seg_y = p.filter_y;
    p.seg_x = joint ? 1 : p.filter_x;
    p.seg_len = joint ? p.filter_x * p.tap_c : p.tap_c;
    p.seg_dy = p.filter_y > 1 ? l.y.dilation : 1;
    p.seg_dx = joint ? 0 : l.x.dilation;
    int64_t span_x = p.filter_x > 1 ? (p.filter_x - 1) * l.x.dilation + 1 : 1;
    if (span_x * p.in_c * element_bytes > RG_GEMM_STRIP_LIMIT ||
        (p.seg_y - 1) * p.seg_dy > RG_GEMM_STRIP_LIMIT)
        return false;
    cut_blocks(&p, span_x, element_bytes, tile_rows);
    p.direct = !conv || (is_rows(&l.y) && is_rows(&l.x));
    p.panel_c = panel_c;
    p.panels = parts(p.group_c, panel_c);
    p.shares = at_most(shares_of(&p), p.groups * p.panels);
    if (p.strip_w * p.in_c > RG_GEMM_STRIP_LIMIT / element_bytes / p.strip_h)
        return false;
    *ret = p;
    return true;
}

rg_gemm_row rg_gemm_row_at(const rg_gemm_plan *p, const rg_gemm_block *block, int64_t i) {
    rg_gemm_row row = {0, 0, 0};
    int64_t y = (block->y * p->stride_y + i) * p->step_y - p->pad_y;
    int64_t x = block->x * p->stride_x * p->step_x - p->pad_x;
    int64_t cols = p->strip_w - (p->block_w - block->w) * p->stride_x;
    if (y < 0 || y >= p->in_h)
        return row;
    int64_t skip = x < 0 ? parts(-x, p->step_x) : 0;
    x += skip * p->step_x;
    int64_t there = x < p->in_w ? parts(p->in_w - x, p->step_x) : 0;
    row.left = at_most(skip, cols) * p->in_c;
    row.len = (skip < cols ? at_most(there, cols - skip) : 0) * p->in_c;
    row.from = ((block->image * p->in_h + y) * p->in_w + x) * p->in_c;
    return row;
}
