/* scatter_nd.c: updates added at given places of a tensor of zeros, float32 and int32. Inputs:
 * indices [..., depth], updates [..., rest of the shape], the shape, a constant. Places outside are
 * left out. */
#include <string.h>

#include "kernels/ref/need.h"

enum { INDICES, UPDATES, SHAPE };

/* Dimensions that an index names. */
static uint32_t depth_of(const rg_op_call *call) {
    const rg_shape *shape = &call->in[INDICES]->shape;
    return (uint32_t)shape->dim[shape->rank - 1];
}

static rg_status check_updates(const rg_op_call *call, const rg_shape *whole, rg_err *err) {
    const rg_shape *at = &call->in[INDICES]->shape, *part = &call->in[UPDATES]->shape;
    uint32_t depth = depth_of(call), outer = at->rank - 1;
    bool fits = depth >= 1 && depth <= whole->rank && part->rank == outer + whole->rank - depth;
    for (uint32_t d = 0; fits && d < part->rank; d++)
        fits = part->dim[d] == (d < outer ? at->dim[d] : whole->dim[d - outer + depth]);
    return fits ? RG_OK : rg_fail(err, RG_BAD_DATA, NULL, "updates do not match indices and shape");
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t dim[RG_MAX_RANK];
    size_t rank = 0;
    rg_status status = rg_need_inputs(call, 3, err);
    for (uint32_t i = INDICES; status == RG_OK && i <= UPDATES; i++)
        status = rg_need_elements(call->in[i], i == INDICES ? "indices" : "updates", err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[SHAPE], "shape", RG_MAX_RANK, dim, &rank, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = {(uint32_t)rank, {0}};
    for (size_t d = 0; d < rank; d++) {
        if (dim[d] < 1 || dim[d] > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "scatter_nd into a dimension of %lld",
                           (long long)dim[d]);
        shape.dim[d] = (int32_t)dim[d];
    }
    rg_dtype dtype = call->in[UPDATES]->dtype;
    if ((dtype != RG_DTYPE_FLOAT32 && dtype != RG_DTYPE_INT32) ||
        call->in[INDICES]->dtype != RG_DTYPE_INT32 || call->in[INDICES]->shape.rank < 1)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "scatter_nd of %s", rg_dtype_word(dtype));
    status = check_updates(call, &shape, err);
    return status == RG_OK ? rg_give_output(ret_out, dtype, &shape, err) : status;
}

/* Element at which the part of index `i` begins; -1 outside. */
static int64_t place_of(const rg_op_call *call, const int32_t *index, int64_t part) {
    const rg_shape *shape = &call->out[0]->shape;
    int64_t at = 0;
    for (uint32_t d = 0; d < depth_of(call); d++) {
        if (index[d] < 0 || index[d] >= shape->dim[d])
            return -1;
        at = at * shape->dim[d] + index[d];
    }
    return at * part;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    uint32_t depth = depth_of(call);
    int64_t n = (int64_t)rg_elements(call->in[INDICES]) / depth;
    int64_t part = (int64_t)rg_elements(call->in[UPDATES]) / n;
    bool real = call->in[UPDATES]->dtype == RG_DTYPE_FLOAT32;
    (void)state;
    if (first_tile >= last_tile)
        return;
    memset(out[0], 0, call->out[0]->bytes);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = place_of(call, (const int32_t *)in[INDICES] + i * depth, part);
        for (int64_t k = 0; at >= 0 && k < part; k++) {
            if (real)
                ((float *)out[0])[at + k] += ((const float *)in[UPDATES])[i * part + k];
            else
                ((uint32_t *)out[0])[at + k] += ((const uint32_t *)in[UPDATES])[i * part + k];
        }
    }
}

const rg_op rg_op_scatter_nd = {
    .name = "scatter_nd",
    .kind = "scatter_nd",
    .summary = "Updates added at given places of zeros",
    .in = RG_DTYPE_INT32,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .min_in = 3,
    .max_in = 3,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_each,
    .run = run,
};
