/* transpose.c: dimensions in another order, any whole-byte type; the order is a constant input. */
#include <string.h>

#include "kernels/ref/need.h"

/* Output dimension i is input dimension ret[i]. */
static rg_status read_order(const rg_op_call *call, int64_t *ret, rg_err *err) {
    size_t n;
    uint32_t rank = call->in[0]->shape.rank, seen = 0;
    rg_status status = rg_need_integers(call->in[1], "the order", RG_MAX_RANK, ret, &n, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        ret[i] += ret[i] < 0 ? rank : 0;
        if (ret[i] >= 0 && ret[i] < rank)
            seen |= 1u << ret[i];
    }
    if (n != rank || seen != (1u << rank) - 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "transpose: no order of %u dimensions", rank);
    return RG_OK;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t order[RG_MAX_RANK];
    size_t size;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &size, err);
    if (status == RG_OK)
        status = read_order(call, order, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = call->in[0]->shape.dim[order[i]];
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *from = &call->in[0]->shape, *to = &call->out[0]->shape;
    int64_t order[RG_MAX_RANK];
    size_t size = rg_dtype_bits(call->in[0]->dtype) / 8, at, end, step[RG_MAX_RANK];
    if (read_order(call, order, NULL) != RG_OK)
        return;
    for (uint32_t i = 0; i < to->rank; i++) {
        step[i] = 1;
        for (uint32_t d = (uint32_t)order[i] + 1; d < from->rank; d++)
            step[i] *= (size_t)from->dim[d];
    }
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        size_t rest = at, source = 0;
        for (uint32_t i = to->rank; i-- > 0; rest /= (size_t)to->dim[i])
            source += rest % (size_t)to->dim[i] * step[i];
        memcpy((char *)out[0] + at * size, (const char *)in[0] + source * size, size);
    }
}

const rg_op rg_op_transpose = {
    .name = "transpose",
    .kind = "transpose",
    .summary = "Dimensions in another order",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_move,
    .tiles = rg_tiles_each,
    .run = run,
};
