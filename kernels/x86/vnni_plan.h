/* vnni_plan.h: what the byte dot product kernels (vnni_run.inc) know of a convolution or a fully
 * connected layer before they run: its geometry, and its weights packed for them.
 *
 * Every problem is pixels x columns x taps. The bytes that one output pixel looks at are `segments`
 * runs of `segment_bytes`, each padded to `quads` groups of 4. Interior pixels are read where they
 * lie, `offset_image[s]` behind the pixel's first byte (int8 at 512 bits: copied from there,
 * flipped, in rows like the strip's); pixels at edges, and those whose padding would be read past
 * the end of the tensor, are copied to a strip, `offset_strip[s]` in each row. Where rows are short
 * and padding is much of them (3 channels), all pixels go through the strip.
 *
 * Packed: the plan, offset_image, offset_strip, factors, then for each group and block of columns:
 * weights [segment][quad][vector][lane][4], then six constants [constant][vector][lane] (below). */
#ifndef RG_KERNELS_X86_VNNI_PLAN_H
#define RG_KERNELS_X86_VNNI_PLAN_H

#include "kernels/ref/fixed.h"
#include "kernels/ref/window.h"

#include "bench/iface/op.h"

/* Registers of a build: lanes of 32 bits, and vectors of them side by side in a full block. */
typedef struct rg_vnni_width {
    int64_t lanes, block;
} rg_vnni_width;

/* Tuning: output pixels of a strip at most, bytes past a strip's row that may be overwritten,
 * multiply-adds worth a tile, tiles of a call at most, and the longest row that is copied whole. */
enum {
    RG_VNNI_ROWS = 12,
    RG_VNNI_SLACK = 64,
    RG_VNNI_TILE_MACS = 1 << 18,
    RG_VNNI_TILES = 256,
    RG_VNNI_DENSE = 256,
};

/* Constants of a column. Sums are kept + 2^31, as unsigned numbers u. With m and e the factor's
 * multiplier and right shift, the two roundings of fixed.h are, for e > 0 and |sum| < 2^30,
 *     (high32(u * 2m + C) + (sum < 0 ? 0 : 1)) >> e,
 *     C = 2^31 + 2^(31+e) - 2^32 - 2^32 m  (mod 2^64):
 * one shift, as floor((2 sum m + 2^31 + 2^(31+e) - (sum < 0) 2^32) / 2^(32+e)) with the terms of u
 * taken out. Products of odd lanes are formed from a vector moved down by one lane. */
typedef enum rg_vnni_constant {
    RG_VNNI_START, /* where sums begin: bias, zero points, 2^31 */
    RG_VNNI_EVEN,  /* 2m of even lanes, in the low half of 64 bits */
    RG_VNNI_ODD,   /* 2m of odd lanes, likewise */
    RG_VNNI_C_EVEN,
    RG_VNNI_C_ODD, /* C, 64 bits */
    RG_VNNI_SHIFT, /* e */
    RG_VNNI_CONSTANTS,
} rg_vnni_constant;

typedef struct rg_vnni_plan {
    rg_axis y, x;                                        /* a plain matrix is one row of pixels */
    int64_t pixels, in_c, out_c, groups, columns, tap_c; /* columns: of a group */
    int64_t image_bytes, row_bytes, in_bytes;            /* of the input */
    int64_t y_low, y_high, x_low, x_high;                /* outputs whose taps are all inside */
    bool joint; /* a segment is a row of taps, else a tap */
    bool dense; /* all pixels through the strip */
    int64_t segments, segment_bytes, quads, packed_quads; /* packed_quads: of all segments */
    int64_t strip_bytes;                                  /* of one row of the strip */
    int64_t lanes, vectors, blocks, chunk, chunks;        /* vectors: of a group */
    size_t at_image, at_strip, at_factors, at_blocks, vector_bytes, bytes;
    uint8_t flip_in;         /* 0x80 makes an int8 input unsigned */
    uint8_t flip_weights;    /* 0x80 makes uint8 weights signed */
    uint8_t flip_out;        /* 0x80 makes results uint8 */
    uint8_t fill;            /* the input's zero point as its byte */
    int32_t zero_in;         /* as unsigned byte */
    int32_t zero_weights;    /* as signed byte; sums of input bytes are taken where it is not 0 */
    int32_t zero, low, high; /* of results, as signed bytes */
    bool plain;              /* all factors fit the formula above; else fixed.h rounds */
} rg_vnni_plan;

/* True where weights and bias are constants. */
bool rg_vnni_suits(const rg_op_call *call);

/* The geometry of a call of conv2d or fully_connected, 8 bits. */
void rg_vnni_lay(const rg_op_call *call, const rg_vnni_width *width, rg_vnni_plan *ret);

/* rg_kernel's pack: the plan and all behind it. */
rg_status rg_vnni_pack(const rg_op_call *call, const rg_vnni_width *width, void *packed,
                       rg_err *err);

/* First vector of a block; blocks differ by one vector at most. */
static inline int64_t rg_vnni_block_at(const rg_vnni_plan *p, int64_t block) {
    int64_t each = p->vectors / p->blocks, rest = p->vectors % p->blocks;
    return block * each + (block < rest ? block : rest);
}

#endif
