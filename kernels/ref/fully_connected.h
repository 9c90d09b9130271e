/* fully_connected.h: parameters of a fully connected layer, shared by the reference and the fast
 * kernels. Weights are [outputs, depth]; the input is rows of `depth`. */
#ifndef RG_KERNELS_REF_FULLY_CONNECTED_H
#define RG_KERNELS_REF_FULLY_CONNECTED_H

#include "kernels/ref/need.h"

typedef struct rg_fc_params {
    int activation, weights_format;
    bool keep_num_dims, asymmetric_quantize_inputs;
} rg_fc_params;

#endif
