/* arg.c: where along a dimension the largest (arg_max) or smallest (arg_min) value stands, as int32
 * or int64 by the output's declared type; of equal values the first. Quantized values are compared
 * as they are. */
#include "kernels/ref/need.h"

typedef struct arg_params {
    int64_t output_type;
} arg_params;

static const rg_field fields[] = {
    {"output_type", RG_FIELD_INT, offsetof(arg_params, output_type), "0", 0, 255, NULL, "",
     "the file's number for the output's type, which is declared beside"},
    {0},
};

static rg_status read_axis(const rg_op_call *call, uint32_t *ret, rg_err *err) {
    int64_t axis = 0;
    size_t n = 0;
    uint32_t rank = call->in[0]->shape.rank;
    rg_status status = rg_need_integers(call->in[1], "axis", 1, &axis, &n, err);
    if (status != RG_OK)
        return status;
    axis += axis < 0 ? rank : 0;
    if (n != 1 || axis < 0 || axis >= rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s over a dimension that is not there",
                       call->op->kind);
    *ret = (uint32_t)axis;
    return RG_OK;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    uint32_t axis = 0;
    rg_dtype dtype = call->out[0]->dtype;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = read_axis(call, &axis, err);
    if (status == RG_OK && dtype != RG_DTYPE_INT32 && dtype != RG_DTYPE_INT64)
        status =
            rg_fail(err, RG_UNSUPPORTED, NULL, "%s to %s", call->op->kind, rg_dtype_word(dtype));
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    shape.rank--;
    for (uint32_t d = axis; d < shape.rank; d++)
        shape.dim[d] = shape.dim[d + 1];
    return rg_give_output(ret_out, dtype, &shape, err);
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->in[0]));
}

static void put(const rg_op_call *call, void *out, size_t at, size_t place) {
    if (call->out[0]->dtype == RG_DTYPE_INT64)
        ((int64_t *)out)[at] = (int64_t)place;
    else
        ((int32_t *)out)[at] = (int32_t)place;
}

/* Elements from one along the axis to the next. */
static size_t step_of(const rg_op_call *call, uint32_t axis) {
    const rg_shape *shape = &call->in[0]->shape;
    size_t step = 1;
    for (uint32_t d = axis + 1; d < shape->rank; d++)
        step *= (size_t)shape->dim[d];
    return step;
}

/* One operator a row: name, kind, element type, its C type, what beats the best so far. */
#define ROW(id, word, code, dtype, type, beats)                                                    \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        (void)state;                                                                               \
        uint32_t axis;                                                                             \
        size_t at, end;                                                                            \
        if (read_axis(call, &axis, NULL) != RG_OK)                                                 \
            return;                                                                                \
        size_t n = (size_t)call->in[0]->shape.dim[axis], step = step_of(call, axis);               \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++) {                                                                   \
            const type *x = (const type *)in[0] + at / step * n * step + at % step;                \
            size_t best = 0;                                                                       \
            for (size_t i = 1; i < n; i++)                                                         \
                best = x[i * step] beats x[best * step] ? i : best;                                \
            put(call, out[0], at, best);                                                           \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = "Where the " #beats " value of " #type                    \
                                         " stands along a dimension",                              \
                              .in = RG_DTYPE_##dtype,                                              \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .params = fields,                                                    \
                              .params_size = sizeof(arg_params),                                   \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = work,                                                        \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id}
#define BOTH(code, dtype, type)                                                                    \
    ROW(arg_max_##code, "arg_max", code, dtype, type, >);                                          \
    ROW(arg_min_##code, "arg_min", code, dtype, type, <)

BOTH(s8, INT8, int8_t);
BOTH(u8, UINT8, uint8_t);
BOTH(s16, INT16, int16_t);
BOTH(s32, INT32, int32_t);
BOTH(f32, FLOAT32, float);
