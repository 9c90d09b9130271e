/* svdf.c: a layer with memory: each filter's dot product with the input enters a shift register,
 * the register is weighed over time, `rank` filters make one output. Inputs: x [batch, depth],
 * feature weights [filters, depth], time weights [filters, memory], bias [units] (optional), state
 * [batch, filters * memory], a variable that a run moves on. int8 truth: int32 sums, both effective
 * scales formed in float32, double rounding into the state (int16 or int8) and out of it; the fused
 * activation is what the output's range allows. */
#include "kernels/ref/svdf.h"

#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/need.h"

static const rg_field fields[] = {
    {"rank", RG_FIELD_INT, offsetof(rg_svdf_params, rank), NULL, 1, INT32_MAX, NULL, "",
     "filters that make one output"},
    RG_ACTIVATION_FIELD(rg_svdf_params),
    {"asymmetric_quantize_inputs", RG_FIELD_BOOL,
     offsetof(rg_svdf_params, asymmetric_quantize_inputs), "false", 0, 0, NULL, "",
     "how hybrid kernels quantize; no meaning here"},
    {0},
};

enum { X = RG_SVDF_X, FEATURE, TIME, BIAS, STATE };

static rg_status check_types(const rg_op_call *call, rg_err *err) {
    rg_dtype time = call->in[TIME]->dtype, state = call->in[STATE]->dtype;
    bool fits = call->op->out == RG_DTYPE_FLOAT32 ? time == RG_DTYPE_FLOAT32
                                                  : time == RG_DTYPE_INT8 || time == RG_DTYPE_INT16;
    if (!fits || state != time)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "svdf with %s time weights and a %s state",
                       rg_dtype_word(time), rg_dtype_word(state));
    if (!call->in[STATE]->variable)
        return rg_fail(err, RG_BAD_DATA, NULL, "svdf's state (%s) is no variable",
                       call->in[STATE]->name);
    return RG_OK;
}

static rg_status check_sizes(const rg_op_call *call, rg_err *err) {
    if (call->in[FEATURE]->shape.dim[0] % ((const rg_svdf_params *)call->params)->rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "svdf: filters are no multiple of the rank");
    rg_svdf_layout l = rg_svdf_lay_out(call);
    if (call->in[FEATURE]->shape.dim[1] != l.depth || call->in[TIME]->shape.dim[0] != l.filters ||
        (int64_t)rg_elements(call->in[STATE]) != l.batch * l.filters * l.memory)
        return rg_fail(err, RG_BAD_DATA, NULL, "svdf: sizes of weights and state do not match");
    rg_dtype dtype = call->op->out == RG_DTYPE_FLOAT32 ? RG_DTYPE_FLOAT32 : RG_DTYPE_INT32;
    return rg_need_bias(call->in[BIAS], dtype, l.units, err);
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 3, err);
    if (status == RG_OK && !rg_call_in(call, STATE))
        status = rg_fail(err, RG_BAD_DATA, NULL, "svdf has no state");
    for (uint32_t i = X; status == RG_OK && i <= TIME; i++)
        status = rg_need_rank(call->in[i], i == X ? "input" : "weights", 2, err);
    if (status == RG_OK)
        status = check_types(call, err);
    if (status == RG_OK)
        status = check_sizes(call, err);
    if (status == RG_OK)
        status = rg_activation_check(((const rg_svdf_params *)call->params)->activation, err);
    if (status != RG_OK)
        return status;
    rg_svdf_layout l = rg_svdf_lay_out(call);
    rg_shape shape = {2, {(int32_t)l.batch, (int32_t)l.units}};
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    static const uint32_t symmetric[] = {FEATURE, TIME};
    int activation = ((const rg_svdf_params *)call->params)->activation;
    rg_status status = rg_need_call_quant(call, 1, err);
    for (int i = 0; status == RG_OK && i < 2; i++)
        status = rg_need_weight_quant(call->in[symmetric[i]], "weights", 0, 1, err);
    if (status == RG_OK)
        status = rg_need_quant(call->in[STATE], "state", err);
    if (status == RG_OK && activation != RG_ACTIVATION_NONE && activation != RG_ACTIVATION_RELU)
        status = rg_fail(err, RG_UNSUPPORTED, NULL, "svdf with another activation than relu");
    return status;
}

static rg_work work(const rg_op_call *call) {
    rg_svdf_layout l = rg_svdf_lay_out(call);
    return rg_call_work(call, (uint64_t)(l.batch * l.filters * (l.depth + l.memory)), 0);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_svdf_factors);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_svdf_factors *p = state;
    float kept = call->in[STATE]->quant.scale[0];
    float into = call->in[X]->quant.scale[0] * call->in[FEATURE]->quant.scale[0] / kept;
    float out = kept * call->in[TIME]->quant.scale[0] / call->out[0]->quant.scale[0];
    rg_status status = rg_factor_from((double)into, "input and state", &p->into, err);
    return status == RG_OK ? rg_factor_from((double)out, "state and output", &p->out, err) : status;
}

/* Registers of one type: move on, take in, weigh. */
#define INTEGER(code, type, low, high)                                                             \
    static void run_##code(const rg_op_call *call, const rg_svdf_factors *p, const int8_t *x,      \
                           const int8_t *feature, const type *time, const int32_t *bias,           \
                           type *kept, int8_t *out) {                                              \
        rg_svdf_layout l = rg_svdf_lay_out(call);                                                  \
        int32_t zero_x = call->in[X]->quant.zero_point[0];                                         \
        int32_t zero_kept = call->in[STATE]->quant.zero_point[0];                                  \
        int32_t zero = call->out[0]->quant.zero_point[0];                                          \
        for (int64_t unit = 0; unit < l.batch * l.units; unit++) {                                 \
            uint32_t sum = bias ? (uint32_t)bias[unit % l.units] : 0;                              \
            for (int64_t r = 0; r < l.rank; r++) {                                                 \
                int64_t filter = unit % l.units * l.rank + r;                                      \
                type *at = kept + (unit * l.rank + r) * l.memory;                                  \
                uint32_t entry = 0;                                                                \
                for (int64_t i = 0; i < l.depth; i++)                                              \
                    entry += (uint32_t)(feature[filter * l.depth + i] *                            \
                                        (x[unit / l.units * l.depth + i] - zero_x));               \
                memmove(at, at + 1, (size_t)(l.memory - 1) * sizeof *at);                          \
                at[l.memory - 1] =                                                                 \
                    (type)rg_requantize((int32_t)entry, p->into, zero_kept, low, high);            \
                for (int64_t i = 0; i < l.memory; i++)                                             \
                    sum += (uint32_t)(time[filter * l.memory + i] * (at[i] - zero_kept));          \
            }                                                                                      \
            out[unit] = (int8_t)rg_requantize((int32_t)sum, p->out, zero, -128, 127);              \
        }                                                                                          \
    }
INTEGER(kept_s8, int8_t, -128, 127)
INTEGER(kept_s16, int16_t, INT16_MIN, INT16_MAX)

/* The state is an input to the graph and is written here: it is a variable. */
static void run_s8(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    const void *bias = call->in[BIAS] ? in[BIAS] : NULL;
    void *kept = (void *)(uintptr_t)in[STATE];
    if (first_tile >= last_tile)
        return;
    if (call->in[STATE]->dtype == RG_DTYPE_INT8)
        run_kept_s8(call, state, in[X], in[FEATURE], in[TIME], bias, kept, out[0]);
    else
        run_kept_s16(call, state, in[X], in[FEATURE], in[TIME], bias, kept, out[0]);
}

static float dot(const float *a, const float *b, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    const float *x = in[X], *feature = in[FEATURE], *time = in[TIME];
    const float *bias = call->in[BIAS] ? in[BIAS] : NULL;
    float *kept = (float *)(uintptr_t)in[STATE], low, high;
    rg_svdf_layout l = rg_svdf_lay_out(call);
    (void)state;
    rg_activation_range_f32(((const rg_svdf_params *)call->params)->activation, &low, &high);
    for (int64_t unit = 0; first_tile < last_tile && unit < l.batch * l.units; unit++) {
        float sum = bias ? bias[unit % l.units] : 0;
        for (int64_t r = 0; r < l.rank; r++) {
            int64_t filter = unit % l.units * l.rank + r;
            float *at = kept + (unit * l.rank + r) * l.memory;
            memmove(at, at + 1, (size_t)(l.memory - 1) * sizeof *at);
            at[l.memory - 1] =
                dot(feature + filter * l.depth, x + unit / l.units * l.depth, l.depth);
            sum += dot(time + filter * l.memory, at, l.memory);
        }
        ((float *)out[0])[unit] = rg_clamp_f32(sum, low, high);
    }
}

/* One operator a row. */
#define ROW(id, dtype, text, ...)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "svdf",                                                      \
                              .summary = text,                                                     \
                              .in = dtype,                                                         \
                              .weights = dtype,                                                    \
                              .out = dtype,                                                        \
                              .params = fields,                                                    \
                              .params_size = sizeof(rg_svdf_params),                               \
                              .min_in = 3,                                                         \
                              .max_in = 5,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = work,                                                        \
                              __VA_ARGS__}

ROW(svdf_s8, RG_DTYPE_INT8, "Filters with memory over int8, state of int16 or int8", .check = check,
    .state_bytes = state_bytes, .prepare = prepare, .run = run_s8);
ROW(svdf_f32, RG_DTYPE_FLOAT32, "Filters with memory over float32", .run = run_f32);
