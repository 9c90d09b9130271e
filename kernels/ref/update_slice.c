/* update_slice.c: dynamic_update_slice: a tensor with a part of it replaced, where the part begins
 * given at run time, any element type of whole bytes. Beginnings are moved so that the part lies
 * within, as TFLite does. Inputs: operand, update of the same rank, beginnings [rank]. */
#include <string.h>

#include "kernels/ref/need.h"

enum { OPERAND, UPDATE, BEGIN };

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    size_t size;
    rg_status status = rg_need_inputs(call, 3, err);
    for (uint32_t i = OPERAND; status == RG_OK && i <= UPDATE; i++)
        status = rg_need_elements(call->in[i], i == OPERAND ? "operand" : "update", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[OPERAND], &size, err);
    if (status != RG_OK)
        return status;
    const rg_shape *whole = &call->in[OPERAND]->shape, *part = &call->in[UPDATE]->shape;
    const rg_tensor *begin = call->in[BEGIN];
    bool fits = whole->rank == part->rank && call->in[OPERAND]->dtype == call->in[UPDATE]->dtype &&
                begin->shape.rank == 1 && (uint32_t)begin->shape.dim[0] == whole->rank;
    for (uint32_t d = 0; fits && d < whole->rank; d++)
        fits = part->dim[d] <= whole->dim[d];
    if (!fits)
        return rg_fail(err, RG_BAD_DATA, NULL, "the update does not fit into the operand");
    if (begin->dtype != RG_DTYPE_INT32 && begin->dtype != RG_DTYPE_INT64)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "beginnings of %s", rg_dtype_word(begin->dtype));
    return rg_give_output(ret_out, call->in[OPERAND]->dtype, whole, err);
}

static int64_t begin_at(const rg_op_call *call, const void *data, uint32_t d) {
    int64_t at = call->in[BEGIN]->dtype == RG_DTYPE_INT64 ? ((const int64_t *)data)[d]
                                                          : ((const int32_t *)data)[d];
    int64_t most = call->in[OPERAND]->shape.dim[d] - call->in[UPDATE]->shape.dim[d];
    return at < 0 ? 0 : at > most ? most : at;
}

/* Rows of the last dimension are moved whole. */
static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_shape *whole = &call->in[OPERAND]->shape, *part = &call->in[UPDATE]->shape;
    size_t size = rg_dtype_bits(call->in[OPERAND]->dtype) / 8;
    (void)state;
    if (first_tile >= last_tile)
        return;
    memcpy(out[0], in[OPERAND], call->in[OPERAND]->bytes);
    if (whole->rank == 0) {
        memcpy(out[0], in[UPDATE], size);
        return;
    }
    uint32_t last = whole->rank - 1;
    size_t row_bytes = (size_t)part->dim[last] * size;
    int64_t rows = (int64_t)rg_elements(call->in[UPDATE]) / part->dim[last];
    for (int64_t row = 0; row < rows; row++) {
        int64_t rest = row, stride = whole->dim[last], at = begin_at(call, in[BEGIN], last);
        for (uint32_t d = last; d-- > 0;) {
            at += (begin_at(call, in[BEGIN], d) + rest % part->dim[d]) * stride;
            rest /= part->dim[d];
            stride *= whole->dim[d];
        }
        memcpy((char *)out[0] + (size_t)at * size,
               (const char *)in[UPDATE] + (size_t)row * row_bytes, row_bytes);
    }
}

const rg_op rg_op_dynamic_update_slice = {
    .name = "dynamic_update_slice",
    .kind = "dynamic_update_slice",
    .summary = "A tensor with a part of it replaced",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .min_in = 3,
    .max_in = 3,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_move,
    .run = run,
};
