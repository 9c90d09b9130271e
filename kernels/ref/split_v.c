/* split_v.c: parts of given sizes along a dimension; any whole-byte type. Sizes are a constant, one
 * of them may be -1 for what is left. */
#include <string.h>

#include "kernels/ref/need.h"

enum { PARTS_MAX = 256 };

typedef struct split_params {
    int64_t num_splits;
} split_params;

static const rg_field fields[] = {
    {"num_splits", RG_FIELD_INT, offsetof(split_params, num_splits), "0", 0, PARTS_MAX, NULL, "",
     "number of outputs; 0: as many as there are"},
    {0},
};

/* Sizes of the parts, with the open one filled in. */
static rg_status read_parts(const rg_op_call *call, uint32_t *ret_axis, int64_t *ret, rg_err *err) {
    int64_t axis, sum = 0, open = -1;
    size_t n = 0, one = 0;
    rg_status status = rg_need_integers(call->in[1], "sizes", PARTS_MAX, ret, &n, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[2], "axis", 1, &axis, &one, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape;
    axis += one == 1 && axis < 0 ? from->rank : 0;
    if (one != 1 || n != call->n_out || axis < 0 || axis >= from->rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "split_v with %zu sizes into %u outputs", n,
                       call->n_out);
    for (size_t i = 0; i < n; i++) {
        if (ret[i] < -1 || ret[i] > INT32_MAX || (ret[i] == -1 && open >= 0))
            return rg_fail(err, RG_BAD_DATA, NULL, "split_v with the size %lld", (long long)ret[i]);
        if (ret[i] == -1)
            open = (int64_t)i;
        else
            sum += ret[i];
    }
    if (open >= 0)
        ret[open] = from->dim[axis] - sum;
    if (open >= 0 ? ret[open] < 0 : sum != from->dim[axis])
        return rg_fail(err, RG_BAD_DATA, NULL, "split_v of %d into %lld", (int)from->dim[axis],
                       (long long)sum);
    *ret_axis = (uint32_t)axis;
    return RG_OK;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t parts[PARTS_MAX];
    uint32_t axis = 0;
    size_t bytes;
    rg_status status = rg_need_inputs(call, 3, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK)
        status = read_parts(call, &axis, parts, err);
    for (uint32_t i = 0; status == RG_OK && i < call->n_out; i++) {
        rg_shape shape = call->in[0]->shape;
        shape.dim[axis] = (int32_t)parts[i];
        status = rg_give_output(&ret_out[i], call->in[0]->dtype, &shape, err);
    }
    return status;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *from = &call->in[0]->shape;
    int64_t parts[PARTS_MAX];
    uint32_t axis;
    const char *at = in[0];
    if (first_tile >= last_tile || read_parts(call, &axis, parts, NULL) != RG_OK)
        return;
    size_t outer = 1, inner = rg_dtype_bits(call->in[0]->dtype) / 8;
    for (uint32_t d = 0; d < from->rank; d++)
        *(d < axis ? &outer : &inner) *= d == axis ? 1 : (size_t)from->dim[d];
    for (size_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < call->n_out; i++) {
            size_t bytes = (size_t)parts[i] * inner;
            if (bytes)
                memcpy((char *)out[i] + o * bytes, at, bytes);
            at += bytes;
        }
    }
}

const rg_op rg_op_split_v = {
    .name = "split_v",
    .kind = "split_v",
    .summary = "Parts of given sizes along a dimension",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .params = fields,
    .params_size = sizeof(split_params),
    .min_in = 3,
    .max_in = 3,
    .infer = infer,
    .work = rg_work_move,
    .run = run,
};
