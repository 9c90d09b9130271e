/* depthwise_plan.h: the plan of one depthwise convolution on Arm: how lines are read, how channels
 * are cut into blocks, where things lie. Worked out by depthwise_plan.c at load, copied to the head
 * of the packed memory; shared by the kernels of all levels. */
#ifndef RG_KERNELS_ARM_DEPTHWISE_PLAN_H
#define RG_KERNELS_ARM_DEPTHWISE_PLAN_H

#include "bench/iface/kernel.h"
#include "kernels/ref/depthwise_conv2d.h"

enum { RG_ARM_DW_BLOCK = 16, RG_ARM_DW_TAPS = 256, RG_ARM_DW_PASSES = 3 };

/* What a block of channels starts with, followed by its weights, RG_ARM_DW_BLOCK bytes a tap. The
 * last block of channels starts early enough to be whole: some are computed twice. */
typedef struct rg_arm_dw_block {
    int32_t start[16];      /* of sums: bias less what the zero point adds */
    int32_t multiplier[16]; /* factors as in rg_factor: */
    int32_t right[16];      /* minus the shift to the right */
    int32_t left[16];
} rg_arm_dw_block;

/* What is known of the way from sums to bytes. */
typedef enum rg_arm_dw_mode {
    RG_ARM_DW_OPEN, /* factors shift right, scaled sums fit int16, outputs take all of int8 */
    RG_ARM_DW_FITS, /* the same with another range of outputs */
    RG_ARM_DW_ANY,
} rg_arm_dw_mode;

typedef struct rg_arm_dw_plan {
    rg_depthwise_layout l;
    int64_t channels; /* of lines as they are read: out_c, at least 8 */
    int64_t width;    /* channels in a block: 16, or 8 where there are fewer than 16 */
    int64_t blocks, taps;
    int64_t passes; /* more than 1 where weights less their zero point leave int8: so many parts */
    size_t block_bytes, blocks_at, zeros_at, packed_bytes;
    size_t line_bytes, scratch_bytes; /* of one widened line; of all */
    bool widened;                     /* lines are copied with each channel `multiplier` times */
    bool slides; /* 3x3 windows of which at most the first and the last lack a column: */
    bool left, right;
    uint8_t flip;   /* 128 for uint8: bytes are read as int8 with the top bit flipped */
    int16_t zero_w; /* as int8 */
    rg_arm_dw_mode mode;
    bool lowest; /* some weight is -128: two products may exceed int16 */
    int8_t zero_x, low, high;
    int16_t zero;
} rg_arm_dw_plan;

bool rg_arm_dw_suits(const rg_op_call *call);
void rg_arm_dw_plan_make(const rg_op_call *call, rg_arm_dw_plan *ret);

/* The slots of rg_kernel. */
size_t rg_arm_dw_packed_bytes(const rg_op_call *call);
rg_status rg_arm_dw_pack(const rg_op_call *call, void *packed, rg_err *err);
size_t rg_arm_dw_scratch_bytes(const rg_op_call *call);
size_t rg_arm_dw_tiles(const rg_op_call *call);

/* Block `b` of a packed plan: first channel, head, weights. */
static inline int64_t rg_arm_dw_first(const rg_arm_dw_plan *p, int64_t b) {
    int64_t c = b * p->width;
    return c + p->width <= p->channels ? c : p->channels - p->width;
}
static inline const rg_arm_dw_block *rg_arm_dw_block_at(const rg_arm_dw_plan *p, int64_t b) {
    return (const rg_arm_dw_block *)(const void *)((const uint8_t *)p + p->blocks_at +
                                                   (size_t)b * p->block_bytes);
}

#endif
