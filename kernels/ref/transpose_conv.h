/* transpose_conv.h: parameters and sizes of a transposed convolution, shared by the reference and
 * the fast kernels. Inputs: output shape (constant), filter OHWI, image, bias (optional). Output
 * row y sums the taps k with (y + pad - k) a multiple of the stride, input row (y + pad - k) /
 * stride. */
#ifndef RG_KERNELS_REF_TRANSPOSE_CONV_H
#define RG_KERNELS_REF_TRANSPOSE_CONV_H

#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

typedef struct rg_transpose_conv_params {
    int padding, activation;
    int64_t stride_h, stride_w;
} rg_transpose_conv_params;

typedef struct rg_transpose_conv_layout {
    rg_axis y, x;       /* of the convolution that this one transposes: `in` is our output */
    int64_t in_h, in_w; /* our input */
    int64_t batch, in_c, out_c;
} rg_transpose_conv_layout;

/* Lays a call out; fails only where the operator's infer does. */
rg_status rg_transpose_conv_lay_out(const rg_op_call *call, rg_transpose_conv_layout *ret,
                                    rg_err *err);

#endif
