/* gemm_plan.h: how convolutions and fully connected layers become matrix products, whatever the
 * instructions: where a block of output pixels lies, which strip of the input it needs, and how the
 * weights of a panel of output channels follow each other. Worked out once, at load. Plain C; the
 * gemm_*.c of x86/ and arm/ do the arithmetic.
 *
 * A call is cut into blocks of rows x cols output pixels. For each block the input that it looks at
 * is copied once into scratch, padding written out: the strip. Seen from an output pixel, the taps
 * are then segments at fixed offsets: one per kernel row (its taps and channels are contiguous),
 * or one per tap where taps are dilated or channels grouped. A fully connected layer, or a 1x1
 * convolution of stride 1, is an image of one row.
 */
#ifndef RG_KERNELS_EACH_GEMM_PLAN_H
#define RG_KERNELS_EACH_GEMM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/iface/op.h"

/* Geometry of a call. Lengths and offsets count elements (channels), not bytes. */
typedef struct rg_gemm_plan {
    int64_t batch, in_h, in_w, in_c;
    int64_t out_h, out_w, out_c;
    int64_t groups, group_c, tap_c; /* out channels a group; in channels a group */
    int64_t stride_y, stride_x;     /* strip rows and columns from one output pixel to the next */
    int64_t step_y, step_x;         /* input rows and columns from one of the strip to the next */
    int64_t pad_y, pad_x;           /* input rows and columns before the first */
    int64_t filter_y, filter_x;     /* taps, as the weights count them */
    int64_t seg_y, seg_x, seg_len;  /* segments: rows, in a row, elements of one */
    int64_t seg_dy, seg_dx;         /* strip rows between segment rows; columns between segments */
    int64_t block_h, block_w;       /* output pixels of the largest block */
    int64_t blocks_y, blocks_x;     /* blocks of one image, as equal as can be */
    int64_t unit_x;                 /* columns that stay together: a tile's, or all */
    int64_t strip_h, strip_w;       /* rows and columns of a whole block's strip */
    int64_t panel_c, panels;        /* output channels of a panel; panels of a group */
    bool direct;                    /* the input itself is one strip: one row, nothing around it */
    int64_t shares;                 /* parts that the panels of a block are cut into (tiles) */
} rg_gemm_plan;

/* One block: which pixels. */
typedef struct rg_gemm_block {
    int64_t image, y, x, h, w; /* first output row and column; how many */
} rg_gemm_block;

/* Lays out a call of kind conv2d or fully_connected for panels of `panel_c` channels, an
 * `element_bytes` wide strip and tiles of `tile_rows` pixels. False where infer fails or the strip
 * would be larger than RG_GEMM_STRIP_LIMIT bytes: leave such calls to the reference. */
enum { RG_GEMM_STRIP_LIMIT = 8 << 20 };
bool rg_gemm_lay_out(const rg_op_call *call, int64_t panel_c, int64_t element_bytes,
                     int64_t tile_rows, rg_gemm_plan *ret);

/* Elements of a whole strip. */
static inline int64_t rg_gemm_strip_len(const rg_gemm_plan *p) {
    return p->strip_h * p->strip_w * p->in_c;
}

static inline size_t rg_gemm_blocks(const rg_gemm_plan *p) {
    return (size_t)(p->batch * p->blocks_y * p->blocks_x);
}

/* Tiles of a call: share s of block b is tile b * shares + s. */
static inline size_t rg_gemm_tiles(const rg_gemm_plan *p) {
    return rg_gemm_blocks(p) * (size_t)p->shares;
}

/* Where part `i` of `n` parts of `all` begins. */
static inline int64_t rg_gemm_part(int64_t all, int64_t i, int64_t n) {
    return all * i / n;
}

/* Panels [*ret_first, *ret_last) of all groups that share `s` of a block computes; counted through
 * all groups: panel i belongs to group i / panels. */
static inline void rg_gemm_share(const rg_gemm_plan *p, int64_t s, int64_t *ret_first,
                                 int64_t *ret_last) {
    int64_t all = p->groups * p->panels;
    *ret_first = rg_gemm_part(all, s, p->shares);
    *ret_last = rg_gemm_part(all, s + 1, p->shares);
}

static inline rg_gemm_block rg_gemm_block_at(const rg_gemm_plan *p, size_t index) {
    int64_t i = (int64_t)index, bx = i % p->blocks_x, by = i / p->blocks_x % p->blocks_y;
    int64_t units = (p->out_w + p->unit_x - 1) / p->unit_x;
    rg_gemm_block b = {.image = i / p->blocks_x / p->blocks_y};
    b.y = rg_gemm_part(p->out_h, by, p->blocks_y);
    b.h = rg_gemm_part(p->out_h, by + 1, p->blocks_y) - b.y;
    b.x = rg_gemm_part(units, bx, p->blocks_x) * p->unit_x;
    b.w = rg_gemm_part(units, bx + 1, p->blocks_x) * p->unit_x;
    b.w = (b.w < p->out_w ? b.w : p->out_w) - b.x;
    return b;
}

/* What one filling of the strip serves: consecutive tiles of one block, which are consecutive
 * panels, counted through all groups. */
typedef struct rg_gemm_piece {
    rg_gemm_block block;
    int64_t first, last; /* panels */
    int64_t out;         /* where the block's first pixel lies in the output, in elements */
} rg_gemm_piece;

/* The piece that begins with tile *tile, which it moves on; false from `last_tile` on. */
static inline bool rg_gemm_next_piece(const rg_gemm_plan *p, size_t *tile, size_t last_tile,
                                      rg_gemm_piece *ret) {
    size_t shares = (size_t)p->shares, index = *tile / shares, next = (index + 1) * shares;
    int64_t unused;
    if (*tile >= last_tile)
        return false;
    next = next < last_tile ? next : last_tile;
    ret->block = rg_gemm_block_at(p, index);
    rg_gemm_share(p, (int64_t)(*tile % shares), &ret->first, &unused);
    rg_gemm_share(p, (int64_t)((next - 1) % shares), &unused, &ret->last);
    const rg_gemm_block *b = &ret->block;
    ret->out = ((b->image * p->out_h + b->y) * p->out_w + b->x) * p->out_c;
    *tile = next;
    return true;
}

/* One row of a block's strip: `left` elements of padding, `len` elements at input element `from`,
 * then padding up to strip_w * in_c. A row outside the image is padding only: len = 0. */
typedef struct rg_gemm_row {
    int64_t left, from, len;
} rg_gemm_row;

/* Row `i` of the strip of `block`; with step_x > 1 `len` counts the strip's elements, which are
 * in_c from every step_x-th input column. */
rg_gemm_row rg_gemm_row_at(const rg_gemm_plan *p, const rg_gemm_block *block, int64_t i);

/* Rows of the strip that a block (perhaps a smaller last one) needs. */
static inline int64_t rg_gemm_strip_rows(const rg_gemm_plan *p, const rg_gemm_block *block) {
    return p->strip_h - (p->block_h - block->h) * p->stride_y;
}

/* Offset of weight (ky, kx, c) within one filter, for segment s = sy * seg_x + sx and its element
 * e: filters are [filter_y][filter_x][tap_c], so segments follow each other. */
static inline int64_t rg_gemm_weight_at(const rg_gemm_plan *p, int64_t segment, int64_t e) {
    return segment * p->seg_len + e;
}

/* The pixels of a block in their order, some at a time. Zero it, set `left` to h * w. */
typedef struct rg_gemm_walk {
    int64_t left, x, row, from, out;
} rg_gemm_walk;

/* The next `most` pixels or what is left: where each lies in the strip and in the output, in
 * elements from those of the block's first pixel. Returns how many. */
static inline int rg_gemm_walk_next(const rg_gemm_plan *p, const rg_gemm_block *block,
                                    rg_gemm_walk *walk, int most, int64_t *ret_from,
                                    int64_t *ret_out) {
    int n = 0;
    for (; n < most && n < walk->left; n++) {
        if (walk->x == block->w) {
            walk->x = 0;
            walk->from = walk->row += p->stride_y * p->strip_w * p->in_c;
            walk->out += (p->out_w - block->w) * p->out_c;
        }
        ret_from[n] = walk->from;
        ret_out[n] = walk->out;
        walk->from += p->stride_x * p->in_c;
        walk->out += p->out_c;
        walk->x++;
    }
    walk->left -= n;
    return n;
}

#endif
