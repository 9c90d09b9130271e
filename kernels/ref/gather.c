/* gather.c: pieces of a tensor chosen by numbers: gather (along one dimension) and gather_nd (by
 * tuples of the leading dimensions); any whole-byte type. Numbers may come at run time: one outside
 * of its dimension counts as the nearest one inside, where the original stops with an error. */
#include "kernels/ref/gather.h"

#include <string.h>

#include "kernels/ref/need.h"

static const rg_field fields[] = {
    {"axis", RG_FIELD_INT, offsetof(rg_gather_params, axis), "0", -RG_MAX_RANK, RG_MAX_RANK, NULL,
     "", "dimension that numbers choose from; negative: from the last"},
    {"batch_dims", RG_FIELD_INT, offsetof(rg_gather_params, batch_dims), "0", -RG_MAX_RANK,
     RG_MAX_RANK, NULL, "", "leading dimensions that both inputs share"},
    {0},
};

static rg_status need_both(const rg_op_call *call, rg_err *err) {
    size_t bytes;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[1], "indices", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    rg_dtype dtype = status == RG_OK ? call->in[1]->dtype : RG_DTYPE_INT32;
    if (dtype != RG_DTYPE_INT16 && dtype != RG_DTYPE_INT32 && dtype != RG_DTYPE_INT64)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "indices are %s", rg_dtype_word(dtype));
    return status;
}

static rg_status append(rg_shape *shape, const rg_shape *from, uint32_t first, uint32_t last,
                        rg_err *err) {
    for (uint32_t d = first; d < last; d++) {
        if (shape->rank == RG_MAX_RANK)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "the result has more than %d dimensions",
                           (int)RG_MAX_RANK);
        shape->dim[shape->rank++] = from->dim[d];
    }
    return RG_OK;
}

static rg_status infer_gather(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    uint32_t axis, batch;
    rg_shape shape = {0};
    rg_status status = need_both(call, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape, *numbers = &call->in[1]->shape;
    if (!rg_gather_resolve(call, &axis, &batch))
        return rg_fail(err, RG_BAD_DATA, NULL, "gather along a dimension that is not there");
    status = append(&shape, from, 0, axis, err);
    if (status == RG_OK)
        status = append(&shape, numbers, batch, numbers->rank, err);
    if (status == RG_OK)
        status = append(&shape, from, axis + 1, from->rank, err);
    return status == RG_OK ? rg_give_output(ret_out, call->in[0]->dtype, &shape, err) : status;
}

static size_t product(const rg_shape *shape, uint32_t first, uint32_t last) {
    size_t n = 1;
    for (uint32_t d = first; d < last; d++)
        n *= (size_t)shape->dim[d];
    return n;
}

static void run_gather(const rg_op_call *call, const void *state, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_tensor *from = call->in[0], *numbers = call->in[1];
    uint32_t axis, batch;
    if (first_tile >= last_tile || !rg_gather_resolve(call, &axis, &batch))
        return;
    size_t batches = product(&from->shape, 0, batch), outer = product(&from->shape, batch, axis);
    size_t dim = (size_t)from->shape.dim[axis];
    size_t chosen = product(&numbers->shape, batch, numbers->shape.rank);
    size_t piece =
        product(&from->shape, axis + 1, from->shape.rank) * (rg_dtype_bits(from->dtype) / 8);
    char *at = out[0];
    for (size_t o = 0; o < batches * outer; o++) {
        for (size_t i = 0; i < chosen; i++, at += piece) {
            size_t place = rg_number_at(numbers, in[1], o / outer * chosen + i, (int32_t)dim);
            memcpy(at, (const char *)in[0] + (o * dim + place) * piece, piece);
        }
    }
}

static rg_status infer_nd(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape = {0};
    rg_status status = need_both(call, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape, *numbers = &call->in[1]->shape;
    uint32_t last = numbers->rank - 1;
    if (numbers->rank == 0 || numbers->dim[last] > (int32_t)from->rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "gather_nd by tuples longer than %u dimensions",
                       from->rank);
    status = append(&shape, numbers, 0, last, err);
    if (status == RG_OK)
        status = append(&shape, from, (uint32_t)numbers->dim[last], from->rank, err);
    return status == RG_OK ? rg_give_output(ret_out, call->in[0]->dtype, &shape, err) : status;
}

static void run_nd(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_tensor *from = call->in[0], *numbers = call->in[1];
    uint32_t last = numbers->shape.rank - 1, tuple = (uint32_t)numbers->shape.dim[last];
    size_t tuples = product(&numbers->shape, 0, last);
    size_t piece =
        product(&from->shape, tuple, from->shape.rank) * (rg_dtype_bits(from->dtype) / 8);
    for (size_t i = 0; first_tile < last_tile && i < tuples; i++) {
        size_t place = 0;
        for (uint32_t d = 0; d < tuple; d++)
            place = place * (size_t)from->shape.dim[d] +
                    rg_number_at(numbers, in[1], i * tuple + d, from->shape.dim[d]);
        memcpy((char *)out[0] + i * piece, (const char *)in[0] + place * piece, piece);
    }
}

const rg_op rg_op_gather = {
    .name = "gather",
    .kind = "gather",
    .summary = "Slices of a dimension, chosen by numbers",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .params = fields,
    .params_size = sizeof(rg_gather_params),
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .infer = infer_gather,
    .work = rg_work_move,
    .run = run_gather,
};

const rg_op rg_op_gather_nd = {
    .name = "gather_nd",
    .kind = "gather_nd",
    .summary = "Slices chosen by tuples of numbers",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .infer = infer_nd,
    .work = rg_work_move,
    .run = run_nd,
};
