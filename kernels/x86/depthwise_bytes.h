/* depthwise_bytes.h: what the depthwise kernels for int8 and uint8 share. Output channels go in
 * blocks of eight, four blocks a group. A pass computes one output row or two: first the input rows
 * that it sees are interleaved channel by channel into a small buffer with zero points around the
 * image, two by two for vpmaddwd, four by four for vpdpbusd, three crosswise; then whole sets of
 * taps are multiplied and added at once from there. Edges, tails, strides and multipliers are the
 * first step's business only. */
#ifndef RG_KERNELS_X86_DEPTHWISE_BYTES_H
#define RG_KERNELS_X86_DEPTHWISE_BYTES_H

#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/fixed.h"

enum {
    RG_DW_LANES = 8, /* output channels of a block */
    RG_DW_GROUP = 4, /* blocks that go through the image together */
    RG_DW_SPAN = 32, /* channels of a group, and the most input bytes it reads of a pixel */
};

/* Eight output channels; lanes beyond `n` have weights and scales of 0. Weights follow: for each
 * set of rows, each column, each output row of the pass a vector of eight pairs of int16 or eight
 * fours of int8. */
typedef struct rg_dw_block {
    int32_t start[RG_DW_LANES]; /* bias - zero point x sum of weights (+ move) */
    float scale[RG_DW_LANES], above[RG_DW_LANES], below[RG_DW_LANES];       /* staircase.h */
    int32_t multiplier[RG_DW_LANES], left[RG_DW_LANES], right[RG_DW_LANES]; /* integer path: */
    int32_t away[RG_DW_LANES];  /* -1 where a negative sum counts one less */
    int64_t round[RG_DW_LANES]; /* even channels, then odd ones */
    int64_t twice[RG_DW_LANES]; /* 1 where nothing is shifted right, as above */
    uint8_t spread[16];      /* multiplier > 1: which interleaved input pair each channel reads */
    int64_t from, source, n; /* first output and input channel, number of channels */
    int32_t move[RG_DW_LANES];
    int64_t proven; /* the float formula is exact for all of them */
    _Alignas(64) int8_t weights[];
} rg_dw_block;

/* One call. Offsets are in bytes from the struct's start. */
typedef struct rg_dw {
    rg_depthwise_layout l;
    int64_t rows;     /* output rows of a pass: 1 or 2 */
    int64_t columns;  /* output columns of a step; rows x columns is 4 */
    int64_t taps_y;   /* input rows of a pass */
    int64_t height;   /* rows of a set that are interleaved: 2, 3 or 4 */
    int64_t vector;   /* bytes of eight channels' weights for a set */
    int64_t sets;     /* of rows */
    int64_t chunk_x;  /* output columns between two fillings of the buffer */
    int64_t buffer_x; /* cells of the buffer for each set of rows */
    int64_t blocks, block_bytes, blocks_at;
    int64_t parts, passes; /* tiles: parts of the channels x passes over rows */
    int64_t image_bytes;
    int32_t low, high, out_zero; /* of outputs, as int8 */
    bool ordered;                /* the last block begins within the one before */
    uint8_t zero;                /* input zero point as stored */
    uint8_t flip, out_flip;      /* what turns input and output bytes into those computed with */
} rg_dw;

/* How taps are multiplied; with each its slots of rg_kernel. */
typedef enum rg_dw_form {
    RG_DW_PAIRS,   /* two rows, vpmaddwd, every call */
    RG_DW_FOURS16, /* four rows, twice vpmaddwd, one input channel each and 32 of them or more */
    RG_DW_CROSS,   /* 3 x 3 of stride 2: depthwise_cross_avx2.c; channels as RG_DW_FOURS16 */
    RG_DW_FOURS,   /* four rows, vpdpbusd, weights besides whose distances from 0 fit int8 */
} rg_dw_form;

#define RG_DW_SLOTS(name)                                                                          \
    bool rg_dw_suits_##name(const rg_op_call *call);                                               \
    size_t rg_dw_packed_bytes_##name(const rg_op_call *call);                                      \
    rg_status rg_dw_pack_##name(const rg_op_call *call, void *packed, rg_err *err);                \
    size_t rg_dw_scratch_bytes_##name(const rg_op_call *call);                                     \
    size_t rg_dw_tiles_##name(const rg_op_call *call)
RG_DW_SLOTS(pairs);
RG_DW_SLOTS(fours16);
RG_DW_SLOTS(cross);
RG_DW_SLOTS(fours);

/* Pairs of taps of RG_DW_CROSS. */
enum { RG_DW_CROSS_PAIRS = 5 };

/* Blocks of a group that begin at one channel and go through the image together, all 32 wide. */
static inline bool rg_dw_is_grouped(const rg_dw *d) {
    return d->height > 2;
}

/* Bytes of one cell of the buffer: a column of a set of rows. */
static inline int64_t rg_dw_cell(const rg_dw *d) {
    return d->height * RG_DW_SPAN;
}

static inline const rg_dw_block *rg_dw_block_at(const rg_dw *d, int64_t i) {
    return (const rg_dw_block *)((const char *)d + d->blocks_at + i * d->block_bytes);
}

#endif
