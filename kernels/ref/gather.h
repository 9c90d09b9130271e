/* gather.h: parameters of gather and how its numbers count, shared by the reference and the fast
 * kernels. */
#ifndef RG_KERNELS_REF_GATHER_H
#define RG_KERNELS_REF_GATHER_H

#include "bench/iface/op.h"

typedef struct rg_gather_params {
    int64_t axis, batch_dims;
} rg_gather_params;

/* Number `i` of an index tensor, within [0, dim). */
static inline size_t rg_number_at(const rg_tensor *t, const void *data, size_t i, int32_t dim) {
    int64_t value = 0;
    if (t->dtype == RG_DTYPE_INT64)
        value = ((const int64_t *)data)[i];
    else if (t->dtype == RG_DTYPE_INT16)
        value = ((const int16_t *)data)[i];
    else
        value = ((const int32_t *)data)[i];
    return (size_t)(value < 0 ? 0 : value >= dim ? dim - 1 : value);
}

/* Axis and shared dimensions counted from the first; false when they do not fit. */
static inline bool rg_gather_resolve(const rg_op_call *call, uint32_t *ret_axis,
                                     uint32_t *ret_batch) {
    const rg_gather_params *p = call->params;
    const rg_shape *from = &call->in[0]->shape, *numbers = &call->in[1]->shape;
    int64_t axis = p->axis + (p->axis < 0 ? from->rank : 0);
    int64_t batch = p->batch_dims + (p->batch_dims < 0 ? numbers->rank : 0);
    bool fits =
        axis >= 0 && axis < from->rank && batch >= 0 && batch <= axis && batch <= numbers->rank;
    for (int64_t d = 0; fits && d < batch; d++)
        fits = from->dim[d] == numbers->dim[d];
    *ret_axis = (uint32_t)axis;
    *ret_batch = (uint32_t)batch;
    return fits;
}

#endif
