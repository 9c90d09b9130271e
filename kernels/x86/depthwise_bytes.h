/* depthwise_bytes.h: what the depthwise kernels for int8 and uint8 work out at load. Output
 * channels go in blocks of eight and groups of four blocks; taps go in pairs, one above the other,
 * because vpmaddwd multiplies and adds pairs of 16-bit numbers. Where rows of windows overlap, one
 * pass computes two output rows from the same pairs. */
#ifndef RG_KERNELS_X86_DEPTHWISE_BYTES_H
#define RG_KERNELS_X86_DEPTHWISE_BYTES_H

#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/fixed.h"

enum {
    RG_DW_LANES = 8, /* output channels of a block */
    RG_DW_GROUP = 4, /* blocks that go through the image together */
    RG_DW_SPAN = 32, /* input bytes that a group reads of a pixel at most */
};

/* Eight output channels; lanes beyond `n` have weights and scales of 0. Weights follow: for each
 * pair of rows, each column, each output row of the pass eight pairs of int16. */
typedef struct rg_dw_block {
    int32_t start[RG_DW_LANES]; /* bias - zero point x sum of weights (+ move) */
    float scale[RG_DW_LANES], above[RG_DW_LANES], below[RG_DW_LANES];       /* staircase.h */
    int32_t multiplier[RG_DW_LANES], left[RG_DW_LANES], right[RG_DW_LANES]; /* integer path: */
    int32_t away[RG_DW_LANES];  /* -1 where a negative sum counts one less */
    int64_t round[RG_DW_LANES]; /* even channels, then odd ones */
    int64_t twice[RG_DW_LANES]; /* 1 where nothing is shifted right, as above */
    uint8_t spread[16];         /* which of the 8 interleaved input pairs each channel reads */
    int64_t from, source, n;    /* first output and input channel, number of channels */
    int64_t proven;             /* the float formula is exact for all of them */
    int16_t weights[];
} rg_dw_block;

/* One call. Offsets are in bytes from the struct's start. */
typedef struct rg_dw {
    rg_depthwise_layout l;
    int64_t rows;    /* output rows of a pass: 1 or 2 */
    int64_t taps_y;  /* input rows of a pass */
    int64_t columns; /* output columns of a step: rows x columns is 4 */
    int64_t span_x;  /* input columns of a step */
    int64_t blocks, block_bytes, blocks_at;
    int64_t chunks, passes; /* tiles: chunks of groups x passes over rows */
    int64_t image_bytes;
    int64_t empty_at;            /* a row of zero points */
    int32_t low, high, out_zero; /* of outputs, as int8 */
    uint8_t zero;                /* input zero point as stored */
    bool is_unsigned, spread;
} rg_dw;

/* The slots of rg_kernel. */
bool rg_dw_suits(const rg_op_call *call);
size_t rg_dw_packed_bytes(const rg_op_call *call);
rg_status rg_dw_pack(const rg_op_call *call, void *packed, rg_err *err);
size_t rg_dw_scratch_bytes(const rg_op_call *call);
size_t rg_dw_tiles(const rg_op_call *call);

static inline const rg_dw_block *rg_dw_block_at(const rg_dw *d, int64_t i) {
    return (const rg_dw_block *)((const char *)d + d->blocks_at + i * d->block_bytes);
}

#endif
