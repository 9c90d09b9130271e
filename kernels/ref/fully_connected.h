/* fully_connected.h: parameters of a fully connected layer, shared by the reference and the fast
 * kernels. Weights are [outputs, depth]; the input is rows of `depth`. */
#ifndef RG_KERNELS_REF_FULLY_CONNECTED_H
#define RG_KERNELS_REF_FULLY_CONNECTED_H

#include "kernels/ref/need.h"

typedef struct rg_fc_params {
    int activation, weights_format;
    bool keep_num_dims, asymmetric_quantize_inputs;
} rg_fc_params;

enum { RG_FC_TILE = 16 };

/* What fully connected layers of all element types share: field rows of the parameters and
 * callbacks of rg_op; tiles are RG_FC_TILE outputs of one row. */
extern const rg_field rg_fc_fields[];
rg_status rg_fc_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_fc_work(const rg_op_call *call);
size_t rg_fc_tiles(const rg_op_call *call);

#endif
