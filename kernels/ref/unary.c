/* unary.c: functions of one value, int8 and float32. An int8 result depends on one byte only, so
 * every int8 operator is a table of 256 entries worked out at load. Truth: LOGISTIC, TANH and ELU
 * in float32; RELU and LEAKY_RELU with quotients of scales in float32 and double rounding;
 * HARD_SWISH in 16-bit fixed point. */
#include "kernels/ref/unary.h"

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

static const rg_field leaky_fields[] = {
    {"alpha", RG_FIELD_REAL, offsetof(rg_leaky_params, alpha), "0.2", 0, 0, NULL, "",
     "slope below zero"},
    {0},
};

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    return rg_give_output(ret_out, call->op->out, &call->in[0]->shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 1, err);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return 256;
}

static void run_table(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    const int8_t *table = state, *x = in[0];
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((int8_t *)out[0])[at] = table[x[at] + 128];
}

/* Fills the table from a real function: dequantize, apply, quantize, all in float32. */
static rg_status tabulate(const rg_op_call *call, void *state, float (*real)(float)) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    float inverse = 1 / to->scale[0];
    int8_t *table = state;
    for (int q = -128; q < 128; q++) {
        float y = real(from->scale[0] * (float)(q - from->zero_point[0]));
        int32_t rounded = rg_round_away(y * inverse);
        table[q + 128] = (int8_t)rg_clamp(rounded + to->zero_point[0], -128, 127);
    }
    return RG_OK;
}

/* Fills the table with a line: slope `below` under the zero point and `above` from there on, both
 * as factors of the scales' quotient, then the range of `activation`. */
static rg_status tabulate_line(const rg_op_call *call, void *state, float below, int activation,
                               rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    float quotient = from->scale[0] / to->scale[0];
    float slope = from->scale[0] * below / to->scale[0];
    int32_t low, high;
    int8_t *table = state;
    rg_factor up, down;
    rg_status status = rg_factor_from((double)quotient, "input and output", &up, err);
    if (status == RG_OK)
        status = rg_factor_from((double)slope, "input and output", &down, err);
    rg_activation_range(activation, call->out[0], &low, &high);
    for (int q = -128; status == RG_OK && q < 128; q++) {
        int32_t x = q - from->zero_point[0];
        table[q + 128] = (int8_t)rg_requantize(x, x >= 0 ? up : down, to->zero_point[0], low, high);
    }
    return status;
}

static rg_status prepare_relu_s8(const rg_op_call *call, void *state, rg_err *err) {
    return tabulate_line(call, state, 1, RG_ACTIVATION_RELU, err);
}

static rg_status prepare_relu6_s8(const rg_op_call *call, void *state, rg_err *err) {
    return tabulate_line(call, state, 1, RG_ACTIVATION_RELU6, err);
}

static rg_status prepare_relu_n1_to_1_s8(const rg_op_call *call, void *state, rg_err *err) {
    return tabulate_line(call, state, 1, RG_ACTIVATION_RELU_N1_TO_1, err);
}

static rg_status prepare_leaky_relu_s8(const rg_op_call *call, void *state, rg_err *err) {
    float alpha = (float)((const rg_leaky_params *)call->params)->alpha;
    return tabulate_line(call, state, alpha, RG_ACTIVATION_NONE, err);
}

/* 16-bit relatives of fixed.h: high half of the doubled product, ties up; and truncated. */
static int32_t clamp16(int64_t v) {
    return (int32_t)rg_clamp(v, INT16_MIN, INT16_MAX);
}

static int32_t high_mul16(int32_t a, int32_t b) {
    return clamp16((a * b + (1 << 14)) >> 15);
}

static int32_t high_mul16_cut(int32_t a, int32_t b) {
    return clamp16((int64_t)a * b / (1 << 15));
}

/* A factor's upper 16 bits, rounded. */
static int32_t upper16(int32_t multiplier) {
    return clamp16(((int64_t)multiplier + (1 << 15)) >> 16);
}

/* relu6(x + 3) / 6 on the scale 3 / 32768, so that it spans int16, shifted into [0, 2^15). */
static int32_t gate16(int32_t x, rg_factor factor) {
    int32_t gate = x;
    if (factor.shift > 0)
        gate = clamp16((int64_t)gate * (INT64_C(1) << (factor.shift - 1)));
    gate = high_mul16(gate, upper16(factor.multiplier));
    if (factor.shift > 0)
        gate = clamp16((int64_t)gate * 2);
    if (factor.shift < 0)
        gate = rg_shift_away(gate, -factor.shift);
    return (gate + (1 << 15)) >> 1;
}

static rg_status prepare_hard_swish_s8(const rg_op_call *call, void *state, rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    float fine = from->scale[0] * (1.0f / 128), gate_scale = 3.0f / 32768;
    int8_t *table = state;
    rg_factor straight, gate;
    rg_status status =
        rg_factor_from((double)(fine / to->scale[0]), "input and output", &straight, err);
    if (status == RG_OK)
        status = rg_factor_from((double)(fine / gate_scale), "input and gate", &gate, err);
    if (status == RG_OK && straight.shift > 0)
        status = rg_fail(err, RG_UNSUPPORTED, NULL,
                         "hard_swish: the output scale is below 1/128 of the input scale");
    for (int q = -128; status == RG_OK && q < 128; q++) {
        int32_t x = (q - from->zero_point[0]) * 128;
        int32_t y = high_mul16_cut(gate16(x, gate), high_mul16(x, upper16(straight.multiplier)));
        y = rg_shift_away(y, -straight.shift);
        table[q + 128] = (int8_t)rg_clamp(y + to->zero_point[0], -128, 127);
    }
    return status;
}

static float logistic_f32(float x) {
    return 1.0f / (1.0f + expf(-x));
}

static float elu_f32(float x) {
    return x < 0 ? expm1f(x) : x;
}

static rg_status prepare_logistic_s8(const rg_op_call *call, void *state, rg_err *err) {
    (void)err;
    return tabulate(call, state, logistic_f32);
}

static rg_status prepare_tanh_s8(const rg_op_call *call, void *state, rg_err *err) {
    (void)err;
    return tabulate(call, state, tanhf);
}

static rg_status prepare_elu_s8(const rg_op_call *call, void *state, rg_err *err) {
    (void)err;
    return tabulate(call, state, elu_f32);
}

static void run_leaky_relu_f32(const rg_op_call *call, const void *state, const void *const *in,
                               void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    float alpha = (float)((const rg_leaky_params *)call->params)->alpha;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out[0])[at] = rg_leaky_relu_f32(((const float *)in[0])[at], alpha);
}

static inline void each_f32(const rg_op_call *call, const void *in, void *out, size_t first_tile,
                            size_t last_tile, float (*real)(float)) {
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out)[at] = real(((const float *)in)[at]);
}

#define COMMON(id, word, type, text)                                                               \
    .name = #id, .kind = word, .summary = text, .in = type, .weights = RG_DTYPE_ANY, .out = type,  \
    .min_in = 1, .max_in = 1, .n_out = 1, .infer = infer, .work = rg_work_each,                    \
    .tiles = rg_tiles_each

/* An int8 operator a row: its kind, sentence, parameters. */
#define ROW_S8(word, text, ...)                                                                    \
    const rg_op rg_op_##word##_s8 = {COMMON(word##_s8, #word, RG_DTYPE_INT8, text),                \
                                     .check = check,                                               \
                                     .state_bytes = state_bytes,                                   \
                                     .prepare = prepare_##word##_s8,                               \
                                     .run = run_table,                                             \
                                     __VA_ARGS__}

/* A float32 operator a row: its kind, function, sentence. */
#define ROW_F32(word, real, text)                                                                  \
    static void run_##word##_f32(const rg_op_call *call, const void *state, const void *const *in, \
                                 void *const *out, size_t first_tile, size_t last_tile) {          \
        (void)state;                                                                               \
        each_f32(call, in[0], out[0], first_tile, last_tile, real);                                \
    }                                                                                              \
    const rg_op rg_op_##word##_f32 = {COMMON(word##_f32, #word, RG_DTYPE_FLOAT32, text),           \
                                      .run = run_##word##_f32}

#define LEAKY .params = leaky_fields, .params_size = sizeof(rg_leaky_params)

ROW_S8(logistic, "Logistic function of int8", .params = NULL);
ROW_S8(tanh, "Hyperbolic tangent of int8", .params = NULL);
ROW_S8(elu, "Exponential linear unit of int8", .params = NULL);
ROW_S8(relu, "Values of int8 from zero up", .params = NULL);
ROW_S8(relu6, "Values of int8 between 0 and 6", .params = NULL);
ROW_S8(relu_n1_to_1, "Values of int8 between -1 and 1", .params = NULL);
ROW_S8(leaky_relu, "Values of int8, negative ones with a slope", LEAKY);
ROW_S8(hard_swish, "x * relu6(x + 3) / 6 of int8", .params = NULL);

ROW_F32(logistic, logistic_f32, "Logistic function of float32");
ROW_F32(tanh, tanhf, "Hyperbolic tangent of float32");
ROW_F32(erf, erff, "Error function of float32");
ROW_F32(elu, elu_f32, "Exponential linear unit of float32");
ROW_F32(relu, rg_relu_f32, "Values of float32 from zero up");
ROW_F32(relu6, rg_relu6_f32, "Values of float32 between 0 and 6");
ROW_F32(relu_n1_to_1, rg_relu_n1_to_1_f32, "Values of float32 between -1 and 1");
ROW_F32(hard_swish, rg_hard_swish_f32, "x * relu6(x + 3) / 6 of float32");
ROW_F32(abs, rg_abs_f32, "Absolute value of float32");
ROW_F32(neg, rg_neg_f32, "Negative of float32");
ROW_F32(square, rg_square_f32, "Square of float32");
ROW_F32(sqrt, rg_sqrt_f32, "Square root of float32");
ROW_F32(rsqrt, rg_rsqrt_f32, "Reciprocal square root of float32");
ROW_F32(floor, rg_floor_f32, "Largest whole number not above a float32");
ROW_F32(ceil, rg_ceil_f32, "Smallest whole number not below a float32");
ROW_F32(round, rg_round_f32, "Nearest whole number to a float32, halves to even");
ROW_F32(exp, expf, "Exponential of float32");
ROW_F32(log, logf, "Natural logarithm of float32");
ROW_F32(sin, sinf, "Sine of float32");
ROW_F32(cos, cosf, "Cosine of float32");
const rg_op rg_op_leaky_relu_f32 = {
    COMMON(leaky_relu_f32, "leaky_relu", RG_DTYPE_FLOAT32, "Float32, negative ones with a slope"),
    LEAKY, .run = run_leaky_relu_f32};
