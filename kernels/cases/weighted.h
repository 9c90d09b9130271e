/* weighted.h: what conv2d, depthwise_conv2d and fully_connected have in common: an input, weights,
 * a bias and an output whose scales belong together. Values are distributed as in the comparison
 * with other libraries: weights -127 to 127, biases of +-10000. */
#ifndef RG_KERNELS_CASES_WEIGHTED_H
#define RG_KERNELS_CASES_WEIGHTED_H

#include "kernels/cases/draw.h"

/* A number of channels up to `most`: often one beside a vector's width, often tiny. */
int32_t rg_draw_channels(rg_rng *rng, int32_t most);

/* Sizes of one problem. */
typedef struct rg_weighted {
    rg_shape input, filter;
    int32_t outputs;       /* elements of the bias */
    uint32_t channel_axis; /* of the filter */
    double depth;          /* products in one sum */
    bool may_per_channel;
} rg_weighted;

/* Fills tensors by the operator's element types; random quantization. */
void rg_weighted_draw(const rg_op *op, const rg_weighted *sizes, rg_rng *rng, rg_case *c);

/* The same with the fixed quantization of bench cases. */
void rg_weighted_bench(const rg_op *op, const rg_weighted *sizes, rg_case *c);

/* A convolution or depthwise convolution of the bench: "conv3x3s2_224x224x3_32". */
typedef struct rg_conv_problem {
    const char *name;
    int32_t height, width, channels, outputs, kernel_h, kernel_w, stride, dilation;
} rg_conv_problem;

#endif
