/* concat.c: tensors one behind another along an axis (concat), or along a new one (pack); any
 * whole-byte type. int8 inputs must be quantized like the output, as TFLite asks; uint8 ones of
 * concat may differ and are then brought to the output's scale in float32: with the ratio r of
 * scales (input scale times reciprocal of the output's), round(q * r - zero * r) + output zero. */
#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

typedef struct concat_params {
    int64_t axis, values_count;
    int activation;
} concat_params;

#define AXIS_FIELD                                                                                 \
    {                                                                                              \
        "axis", RG_FIELD_INT, offsetof(concat_params, axis), "0", -RG_MAX_RANK, RG_MAX_RANK, NULL, \
            "", "dimension along which inputs follow; negative: from the last"                     \
    }
static const rg_field concat_fields[] = {
    AXIS_FIELD,
    RG_ACTIVATION_FIELD(concat_params),
    {0},
};
static const rg_field pack_fields[] = {
    AXIS_FIELD,
    {"values_count", RG_FIELD_INT, offsetof(concat_params, values_count), "0", 0, INT32_MAX, NULL,
     "", "number of inputs; 0: as many as there are"},
    {0},
};

/* The axis counted from the first dimension; false when there is none such. */
static bool axis_of(const rg_op_call *call, uint32_t rank, uint32_t *ret) {
    int64_t axis = ((const concat_params *)call->params)->axis;
    axis = axis < 0 ? axis + rank : axis;
    *ret = (uint32_t)axis;
    return axis >= 0 && axis < rank;
}

static rg_status check_input(const rg_op_call *call, uint32_t i, uint32_t axis, bool joins,
                             rg_err *err) {
    const rg_tensor *first = call->in[0], *t = call->in[i];
    bool same = t->dtype == first->dtype && t->shape.rank == first->shape.rank;
    for (uint32_t d = 0; same && d < t->shape.rank; d++)
        same = t->shape.dim[d] == first->shape.dim[d] || (joins && d == axis);
    if (same)
        return RG_OK;
    return rg_fail(err, RG_BAD_DATA, NULL, "%s: input %u does not match input 0", call->op->kind,
                   i);
}

static rg_status check_inputs(const rg_op_call *call, uint32_t axis, bool joins, rg_err *err) {
    size_t size;
    rg_status status = rg_need_whole_bytes(call->in[0], &size, err);
    for (uint32_t i = 1; status == RG_OK && i < call->n_in; i++)
        status = check_input(call, i, axis, joins, err);
    return status;
}

static rg_status infer_concat(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    uint32_t axis;
    int64_t sum = 0;
    rg_status status = rg_need_inputs(call, call->n_in > 0 ? call->n_in : 1, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    if (!axis_of(call, shape.rank, &axis))
        return rg_fail(err, RG_BAD_DATA, NULL, "concat along a dimension that is not there");
    if (((const concat_params *)call->params)->activation != RG_ACTIVATION_NONE)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "concat with a fused activation is not done");
    status = check_inputs(call, axis, true, err);
    for (uint32_t i = 0; status == RG_OK && i < call->n_in; i++)
        sum += call->in[i]->shape.dim[axis];
    if (status == RG_OK && sum > INT32_MAX)
        status = rg_fail(err, RG_BAD_DATA, NULL, "concat to %lld is too large", (long long)sum);
    shape.dim[axis] = (int32_t)sum;
    return status == RG_OK ? rg_give_output(ret_out, call->in[0]->dtype, &shape, err) : status;
}

static rg_status infer_pack(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t count = ((const concat_params *)call->params)->values_count;
    uint32_t axis;
    rg_status status = rg_need_inputs(call, call->n_in > 0 ? call->n_in : 1, err);
    if (status != RG_OK)
        return status;
    rg_shape from = call->in[0]->shape, shape = {from.rank + 1, {0}};
    if (shape.rank > RG_MAX_RANK || !axis_of(call, shape.rank, &axis))
        return rg_fail(err, RG_BAD_DATA, NULL, "pack along a dimension that cannot be");
    if (count && count != call->n_in)
        return rg_fail(err, RG_BAD_DATA, NULL, "pack of %lld values has %u inputs",
                       (long long)count, call->n_in);
    for (uint32_t d = 0; d < shape.rank; d++)
        shape.dim[d] = d == axis ? (int32_t)call->n_in : from.dim[d - (d > axis)];
    status = check_inputs(call, axis, false, err);
    return status == RG_OK ? rg_give_output(ret_out, call->in[0]->dtype, &shape, err) : status;
}

extern const rg_op rg_op_concat;

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_dtype dtype = call->in[0]->dtype;
    if ((dtype != RG_DTYPE_INT8 && dtype != RG_DTYPE_UINT8) || call->out[0]->quant.n == 0)
        return RG_OK;
    rg_status status = rg_need_call_quant(call, call->n_in, err);
    bool may_differ = dtype == RG_DTYPE_UINT8 && call->op == &rg_op_concat;
    for (uint32_t i = 0; status == RG_OK && !may_differ && i < call->n_in; i++)
        status = rg_need_same_quant(call->in[i], call->out[0], err);
    return status;
}

/* Bytes of one piece of `t`: everything from the axis on. */
static size_t piece_bytes(const rg_tensor *t, uint32_t axis) {
    size_t bytes = rg_dtype_bits(t->dtype) / 8;
    for (uint32_t d = axis; d < t->shape.rank; d++)
        bytes *= (size_t)t->shape.dim[d];
    return bytes;
}

/* uint8 inputs on another scale than the output. */
static bool is_rescaled(const rg_op_call *call, uint32_t i) {
    const rg_quant *from = &call->in[i]->quant, *to = &call->out[0]->quant;
    return call->in[i]->dtype == RG_DTYPE_UINT8 && from->n == 1 && to->n == 1 &&
           (from->scale[0] != to->scale[0] || from->zero_point[0] != to->zero_point[0]);
}

static void rescale(const rg_quant *from, const rg_quant *to, const uint8_t *x, size_t n,
                    uint8_t *out) {
    float ratio = from->scale[0] * (1.0f / to->scale[0]);
    float bias = -(float)from->zero_point[0] * ratio;
    for (size_t i = 0; i < n; i++) {
        float real =
            (float)x[i] * ratio + bias; /* scales of any file: it may be no number at all */
        real = !(real > -1e6f) ? -1e6f : real > 1e6f ? 1e6f : real;
        out[i] = (uint8_t)rg_clamp((int64_t)rg_round_away(real) + to->zero_point[0], 0, 255);
    }
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    uint32_t axis;
    char *at = out[0];
    if (first_tile >= last_tile || !axis_of(call, call->out[0]->shape.rank, &axis))
        return;
    size_t pieces = 1;
    for (uint32_t d = 0; d < axis; d++)
        pieces *= (size_t)call->out[0]->shape.dim[d];
    for (size_t piece = 0; piece < pieces; piece++) {
        for (uint32_t i = 0; i < call->n_in; i++) {
            size_t bytes = piece_bytes(call->in[i], axis);
            if (is_rescaled(call, i))
                rescale(&call->in[i]->quant, &call->out[0]->quant,
                        (const uint8_t *)in[i] + piece * bytes, bytes, (uint8_t *)at);
            else if (bytes)
                memcpy(at, (const char *)in[i] + piece * bytes, bytes);
            at += bytes;
        }
    }
}

/* One operator a row: name, which is its kind too, sentence, parameters, shape rule. */
#define ROW(id, text, table, rule)                                                                 \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .params = table,                                                     \
                              .params_size = sizeof(concat_params),                                \
                              .min_in = 1,                                                         \
                              .max_in = 65536,                                                     \
                              .n_out = 1,                                                          \
                              .infer = rule,                                                       \
                              .check = check,                                                      \
                              .work = rg_work_move,                                                \
                              .run = run}

ROW(concat, "Tensors one behind another along a dimension", concat_fields, infer_concat);
ROW(pack, "Tensors one behind another along a new dimension", pack_fields, infer_pack);
