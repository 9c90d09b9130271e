/* depthwise_conv2d.h: parameters and sizes of a depthwise convolution, shared by the reference and
 * the fast kernels. */
#ifndef RG_KERNELS_REF_DEPTHWISE_CONV2D_H
#define RG_KERNELS_REF_DEPTHWISE_CONV2D_H

#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

typedef struct rg_depthwise_params {
    int padding, activation;
    int64_t stride_h, stride_w, dilation_h, dilation_w, depth_multiplier;
    rg_pads pads; /* with padding explicit */
} rg_depthwise_params;

typedef struct rg_depthwise_layout {
    rg_axis y, x;
    int64_t batch, in_c, out_c,
        multiplier; /* output channel c reads input channel c / multiplier */
} rg_depthwise_layout;

/* Lays a call out; fails only where the operator's infer does. */
rg_status rg_depthwise_lay_out(const rg_op_call *call, rg_depthwise_layout *ret, rg_err *err);

/* What depthwise convolutions of all element types share: field rows of the parameters and
 * callbacks of rg_op; tiles are rows of the output. */
extern const rg_field rg_depthwise_fields[];
rg_status rg_depthwise_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_depthwise_work(const rg_op_call *call);
size_t rg_depthwise_tiles(const rg_op_call *call);

/* Members of rg_op that all depthwise convolutions share, with name, element types and sentence of
 * one. */
#define RG_DEPTHWISE_OP(id, of_in, of_weights, of_out, text)                                       \
    .name = #id, .summary = text, .in = RG_DTYPE_##of_in, .weights = RG_DTYPE_##of_weights,        \
    .out = RG_DTYPE_##of_out, .kind = "depthwise_conv2d", .params = rg_depthwise_fields,           \
    .params_size = sizeof(rg_depthwise_params), .min_in = 2, .max_in = 3, .n_out = 1,              \
    .infer = rg_depthwise_infer, .work = rg_depthwise_work, .tiles = rg_depthwise_tiles

#endif
