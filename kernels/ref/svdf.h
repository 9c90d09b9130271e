/* svdf.h: parameters and sizes of a layer with memory, shared by the reference and the fast
 * kernels.
 */
#ifndef RG_KERNELS_REF_SVDF_H
#define RG_KERNELS_REF_SVDF_H

#include "bench/iface/op.h"
#include "kernels/ref/fixed.h"

typedef struct rg_svdf_params {
    int64_t rank;
    int activation;
    bool asymmetric_quantize_inputs;
} rg_svdf_params;

/* Inputs by number. */
enum { RG_SVDF_X, RG_SVDF_FEATURE, RG_SVDF_TIME, RG_SVDF_BIAS, RG_SVDF_STATE };

typedef struct rg_svdf_layout {
    int64_t batch, depth, filters, memory, rank, units; /* filters = rank x units */
} rg_svdf_layout;

/* The sizes of a call that has passed infer. */
static inline rg_svdf_layout rg_svdf_lay_out(const rg_op_call *call) {
    const int32_t *x = call->in[RG_SVDF_X]->shape.dim, *w = call->in[RG_SVDF_FEATURE]->shape.dim;
    int64_t rank = ((const rg_svdf_params *)call->params)->rank;
    rg_svdf_layout l = {x[0], x[1], w[0], call->in[RG_SVDF_TIME]->shape.dim[1], rank, w[0] / rank};
    return l;
}

/* What int8's operator prepares: factors into the state and out of it. */
typedef struct rg_svdf_factors {
    rg_factor into, out;
} rg_svdf_factors;

#endif
