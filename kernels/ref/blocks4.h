/* blocks4.h: weights whose scales differ along the depth too ("group-wise", "blockwise"), for fully
 * connected layers. The file form: input 3 holds the scales, float32 or float16 constants
 * [outputs, blocks]; the depth is `blocks` blocks of one size; the weights' own scales do not
 * count. The .tflite reader puts
 * TFLite's BlockwiseQuantization of int4 weights into this form, the writer back. */
#ifndef RG_KERNELS_REF_BLOCKS4_H
#define RG_KERNELS_REF_BLOCKS4_H

#include "kernels/ref/need.h"

enum { RG_FC_SCALES = 3 }; /* the input that holds them */

/* Blocks a row; 0: there are no scales of blocks. */
int64_t rg_blocks_of(const rg_op_call *call);

/* Scales match outputs and depth. */
rg_status rg_blocks_check(const rg_op_call *call, rg_err *err);

/* Scale of block `b` of output `c`. */
float rg_block_scale(const rg_op_call *call, int64_t c, int64_t b);

/* IEEE half to single; exact. */
float rg_half_to_float(uint16_t half);

#endif
