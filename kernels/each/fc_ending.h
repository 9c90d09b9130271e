/* fc_ending.h: how integer sums of fully connected layers with float rows, or with scales of blocks
 * (kernels/ref/fully_connected_hybrid.c, _s4.c), become outputs; for kernels of any architecture.
 */
#ifndef RG_KERNELS_EACH_FC_ENDING_H
#define RG_KERNELS_EACH_FC_ENDING_H

#include "kernels/ref/activation.h"
#include "kernels/ref/blocks4.h"
#include "kernels/ref/fully_connected.h"

/* How sums of a fully connected layer become outputs. */
typedef enum rg_fc_form {
    RG_FC_ONE_SCALE,     /* float rows, a scale an output */
    RG_FC_BLOCKS,        /* float rows, scales of blocks */
    RG_FC_BLOCKS_OF_INT8 /* int8 rows, scales of blocks */
} rg_fc_form;

/* The same with what it needs of the call. */
typedef struct rg_fc_ending {
    rg_fc_form form;
    float low_f32, high_f32;   /* float outputs */
    float in_scale, out_scale; /* int8 rows */
    int32_t zero, low, high;   /* int8 outputs */
} rg_fc_ending;

static inline rg_fc_form rg_fc_form_of(const rg_op_call *call) {
    return call->op->in == RG_DTYPE_INT8 ? RG_FC_BLOCKS_OF_INT8
           : rg_blocks_of(call)          ? RG_FC_BLOCKS
                                         : RG_FC_ONE_SCALE;
}

static inline rg_fc_ending rg_fc_ending_of(const rg_op_call *call) {
    rg_fc_ending e = {.form = rg_fc_form_of(call)};
    int activation = ((const rg_fc_params *)call->params)->activation;
    rg_activation_range_f32(activation, &e.low_f32, &e.high_f32);
    if (e.form == RG_FC_BLOCKS_OF_INT8) {
        rg_activation_range(activation, call->out[0], &e.low, &e.high);
        e.zero = call->out[0]->quant.zero_point[0];
        e.in_scale = call->in[0]->quant.scale[0];
        e.out_scale = call->out[0]->quant.scale[0];
    }
    return e;
}

/* Bias of output `c` as a float; 0 where there is none. */
static inline float rg_fc_bias(const rg_op_call *call, rg_fc_form form, int64_t c) {
    const rg_tensor *bias = rg_call_in(call, 2);
    if (!bias)
        return 0;
    return form == RG_FC_BLOCKS_OF_INT8
               ? (float)((const int32_t *)bias->data)[c] * bias->quant.scale[0]
               : ((const float *)bias->data)[c];
}

#endif
