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

/* Members of rg_op that all fully connected layers share, with name, element types and sentence of
 * one. */
#define RG_FULLY_CONNECTED_OP(id, of_in, of_weights, of_out, text)                                 \
    .name = #id, .summary = text, .in = RG_DTYPE_##of_in, .weights = RG_DTYPE_##of_weights,        \
    .out = RG_DTYPE_##of_out, .kind = "fully_connected", .params = rg_fc_fields,                   \
    .params_size = sizeof(rg_fc_params), .min_in = 2, .n_out = 1, .infer = rg_fc_infer,            \
    .work = rg_fc_work, .tiles = rg_fc_tiles

#endif
