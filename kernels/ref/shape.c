/* shape.c: the sizes of a tensor as a tensor of int32 or int64. It follows from the graph alone, so
 * that other shapes can be worked out from it at load. */
#include "kernels/ref/need.h"

typedef struct shape_params {
    int64_t out_type;
} shape_params;

static const rg_field fields[] = {
    {"out_type", RG_FIELD_INT, offsetof(shape_params, out_type), "0", 0, 255, NULL, "",
     "the file's number for a type that the output declares itself"},
    {0},
};

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    rg_dtype dtype = call->out[0]->dtype;
    if (dtype != RG_DTYPE_INT32 && dtype != RG_DTYPE_INT64)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "no shape as %s", rg_dtype_word(dtype));
    rg_shape shape = {1, {(int32_t)call->in[0]->shape.rank}};
    return rg_give_output(ret_out, dtype, &shape, err);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_shape *shape = &call->in[0]->shape;
    (void)state, (void)in;
    for (uint32_t d = 0; first_tile < last_tile && d < shape->rank; d++) {
        if (call->out[0]->dtype == RG_DTYPE_INT64)
            ((int64_t *)out[0])[d] = shape->dim[d];
        else
            ((int32_t *)out[0])[d] = shape->dim[d];
    }
}

const rg_op rg_op_shape = {
    .name = "shape",
    .kind = "shape",
    .summary = "The sizes of a tensor",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .params = fields,
    .params_size = sizeof(shape_params),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_each,
    .run = run,
};
