/* conv2d.h: parameters and sizes of a convolution, shared by the reference and the fast kernels. */
#ifndef RG_KERNELS_REF_CONV2D_H
#define RG_KERNELS_REF_CONV2D_H

#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

typedef struct rg_conv_params {
    int padding, activation;
    int64_t stride_h, stride_w, dilation_h, dilation_w;
    rg_pads pads; /* with padding explicit */
} rg_conv_params;

/* Sizes of one call, worked out anew by whoever needs them. */
typedef struct rg_conv_layout {
    rg_axis y, x;
    int64_t batch, in_c, out_c, tap_c; /* tap_c: the filter's input channels */
    int64_t groups, group;             /* how many, and output channels in each */
} rg_conv_layout;

/* Lays a call out; fails only where the operator's infer does. */
rg_status rg_conv_lay_out(const rg_op_call *call, rg_conv_layout *ret, rg_err *err);

/* What convolutions of all element types share: field rows of the parameters and callbacks of
 * rg_op; tiles are rows of the output. */
extern const rg_field rg_conv_fields[];
rg_status rg_conv_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_conv_work(const rg_op_call *call);
size_t rg_conv_tiles(const rg_op_call *call);

/* Members of rg_op that all convolutions share, with name, element types and sentence of one. */
#define RG_CONV2D_OP(id, of_in, of_weights, of_out, text)                                          \
    .name = #id, .summary = text, .in = RG_DTYPE_##of_in, .weights = RG_DTYPE_##of_weights,        \
    .out = RG_DTYPE_##of_out, .kind = "conv2d", .params = rg_conv_fields,                          \
    .params_size = sizeof(rg_conv_params), .min_in = 2, .max_in = 3, .n_out = 1,                   \
    .infer = rg_conv_infer, .work = rg_conv_work, .tiles = rg_conv_tiles

#endif
