/* unary_bytes.c: functions of one 8-bit value that unary.c leaves, uint8 among them, and the rarer
 * float32 ones. Every 8-bit operator is a table of 256 results by bit pattern, worked out at load.
 * Truth: LOGISTIC, TANH, ELU, EXP, LOG and GELU in float32 (GELU as x/2 * erfc(-x / sqrt(2)), or by
 * tanh when it is approximate); RELU family, LEAKY_RELU and ABS with quotients of scales in float32
 * and double rounding; RSQRT in fixed point (root.h), with the largest value
 * for inputs that are not positive. */
#include "kernels/ref/need.h"
#include "kernels/ref/root.h"
#include "kernels/ref/unary.h"

typedef struct unary_params {
    double alpha;
    bool approximate;
} unary_params;

static const rg_field leaky_fields[] = {
    {"alpha", RG_FIELD_REAL, offsetof(unary_params, alpha), "0.2", 0, 0, NULL, "",
     "slope below zero"},
    {0},
};
static const rg_field gelu_fields[] = {
    {"approximate", RG_FIELD_BOOL, offsetof(unary_params, approximate), "false", 0, 0, NULL, "",
     "by tanh instead of erfc"},
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
    const uint8_t *table = state, *x = in[0];
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((uint8_t *)out[0])[at] = table[x[at]];
}

/* Puts the result for the value `q`: `y` before the zero point. */
static void put(const rg_op_call *call, void *state, int32_t q, int64_t y) {
    const rg_tensor *to = call->out[0];
    y += to->quant.zero_point[0];
    ((uint8_t *)state)[(uint8_t)q] =
        (uint8_t)rg_clamp(y, rg_dtype_low(to->dtype), rg_dtype_high(to->dtype));
}

/* Dequantize, apply, quantize, all in float32. */
static rg_status tabulate(const rg_op_call *call, void *state, float (*real)(float)) {
    const rg_quant *from = &call->in[0]->quant;
    float inverse = 1 / call->out[0]->quant.scale[0];
    for (int32_t q = rg_dtype_low(call->op->in); q <= rg_dtype_high(call->op->in); q++) {
        float y = real(from->scale[0] * (float)(q - from->zero_point[0]));
        put(call, state, q, rg_round_away(y * inverse));
    }
    return RG_OK;
}

/* A line with a bend at zero, then the range of an activation. */
static rg_status tabulate_line(const rg_op_call *call, void *state, float slope, int activation,
                               rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    int32_t low, high, zero = to->zero_point[0];
    rg_factor up, down;
    rg_status status =
        rg_factor_from((double)(from->scale[0] / to->scale[0]), "input and output", &up, err);
    if (status == RG_OK)
        status = rg_factor_from((double)(from->scale[0] * slope / to->scale[0]), "input and output",
                                &down, err);
    rg_activation_range(activation, call->out[0], &low, &high);
    for (int32_t q = rg_dtype_low(call->op->in);
         status == RG_OK && q <= rg_dtype_high(call->op->in); q++) {
        int32_t x = q - from->zero_point[0];
        put(call, state, q, rg_requantize(x, x >= 0 ? up : down, zero, low, high) - zero);
    }
    return status;
}

static float logistic(float x) {
    return 1.0f / (1.0f + expf(-x));
}

static float elu(float x) {
    return x < 0 ? expm1f(x) : x;
}

static float gelu(float x) {
    return 0.5f * x * erfcf(x * -0.70710678f);
}

static float gelu_by_tanh(float x) {
    return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

static float (*gelu_of(const rg_op_call *call))(float) {
    return ((const unary_params *)call->params)->approximate ? gelu_by_tanh : gelu;
}

#define BY_FUNCTION(word, real)                                                                    \
    static rg_status prepare_##word(const rg_op_call *call, void *state, rg_err *err) {            \
        (void)err;                                                                                 \
        return tabulate(call, state, real);                                                        \
    }
BY_FUNCTION(logistic, logistic)
BY_FUNCTION(tanh, tanhf)
BY_FUNCTION(elu, elu)
BY_FUNCTION(exp, expf)
BY_FUNCTION(log, logf)
BY_FUNCTION(gelu, gelu_of(call))

#define BY_LINE(word, activation)                                                                  \
    static rg_status prepare_##word(const rg_op_call *call, void *state, rg_err *err) {            \
        return tabulate_line(call, state, 1, activation, err);                                     \
    }
BY_LINE(relu, RG_ACTIVATION_RELU)
BY_LINE(relu6, RG_ACTIVATION_RELU6)
BY_LINE(relu_n1_to_1, RG_ACTIVATION_RELU_N1_TO_1)

static rg_status prepare_leaky_relu(const rg_op_call *call, void *state, rg_err *err) {
    float alpha = (float)((const unary_params *)call->params)->alpha;
    return tabulate_line(call, state, alpha, RG_ACTIVATION_NONE, err);
}

/* The line of relu, cut at 1. */
static rg_status prepare_relu_0_to_1(const rg_op_call *call, void *state, rg_err *err) {
    const rg_quant *to = &call->out[0]->quant;
    rg_status status = tabulate_line(call, state, 1, RG_ACTIVATION_RELU, err);
    int64_t one = (int64_t)to->zero_point[0] + rg_round_away(1 / to->scale[0]);
    bool is_signed = call->op->out == RG_DTYPE_INT8;
    for (int i = 0; status == RG_OK && i < 256; i++) {
        uint8_t byte = ((uint8_t *)state)[i];
        if ((is_signed ? (int8_t)byte : byte) > one)
            ((uint8_t *)state)[i] = (uint8_t)one;
    }
    return status;
}

static rg_status prepare_abs(const rg_op_call *call, void *state, rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    rg_factor factor;
    rg_status status =
        rg_factor_from((double)(from->scale[0] / to->scale[0]), "input and output", &factor, err);
    for (int32_t q = rg_dtype_low(call->op->in);
         status == RG_OK && q <= rg_dtype_high(call->op->in); q++) {
        int32_t x = q - from->zero_point[0];
        bool same = from->scale[0] == to->scale[0];
        x = x < 0 ? -x : x;
        put(call, state, q, same ? x : rg_factor_apply(factor, x));
    }
    return status;
}

enum { ROOT_FRACTION_BITS = 20 };

static rg_status prepare_rsqrt(const rg_op_call *call, void *state, rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    rg_factor factor;
    rg_status status = rg_factor_from(1.0 / (double)(sqrtf(from->scale[0]) * to->scale[0]),
                                      "input and output", &factor, err);
    factor.shift -= ROOT_FRACTION_BITS;
    for (int32_t q = rg_dtype_low(call->op->in);
         status == RG_OK && q <= rg_dtype_high(call->op->in); q++) {
        int32_t x = q - from->zero_point[0];
        rg_factor root = rg_inverse_root(x);
        root.shift += ROOT_FRACTION_BITS;
        put(call, state, q, x > 0 ? rg_factor_apply(factor, rg_factor_apply(root, 1)) : INT32_MAX);
    }
    return status;
}

static inline void each_f32(const rg_op_call *call, const void *in, void *out, size_t first_tile,
                            size_t last_tile, float (*real)(float)) {
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out)[at] = real(((const float *)in)[at]);
}

static void run_gelu_f32(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    each_f32(call, in[0], out[0], first_tile, last_tile, gelu_of(call));
}

static void run_relu_0_to_1_f32(const rg_op_call *call, const void *state, const void *const *in,
                                void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    each_f32(call, in[0], out[0], first_tile, last_tile, rg_relu_0_to_1_f32);
}

/* One operator a row: kind, code and type, sentence; those of 8 bits with their table. */
#define ROW(word, code, dtype, text, ...)                                                          \
    const rg_op rg_op_##word##_##code = {.name = #word "_" #code,                                  \
                                         .kind = #word,                                            \
                                         .summary = text,                                          \
                                         .in = dtype,                                              \
                                         .weights = RG_DTYPE_ANY,                                  \
                                         .out = dtype,                                             \
                                         .min_in = 1,                                              \
                                         .max_in = 1,                                              \
                                         .n_out = 1,                                               \
                                         .infer = infer,                                           \
                                         .work = rg_work_each,                                     \
                                         .tiles = rg_tiles_each,                                   \
                                         __VA_ARGS__}
#define TABLE(word)                                                                                \
    .check = check, .state_bytes = state_bytes, .prepare = prepare_##word, .run = run_table
#define S8(word, text, ...) ROW(word, s8, RG_DTYPE_INT8, text " of int8", TABLE(word), __VA_ARGS__)
#define U8(word, text, ...)                                                                        \
    ROW(word, u8, RG_DTYPE_UINT8, text " of uint8", TABLE(word), __VA_ARGS__)
#define PLAIN .params = NULL
#define WITH(table) .params = table, .params_size = sizeof(unary_params)

S8(gelu, "x times the normal distribution", WITH(gelu_fields));
S8(exp, "Exponential", PLAIN);
S8(log, "Natural logarithm", PLAIN);
S8(abs, "Absolute value", PLAIN);
S8(rsqrt, "Reciprocal square root", PLAIN);
S8(relu_0_to_1, "Values between 0 and 1", PLAIN);
U8(logistic, "Logistic function", PLAIN);
U8(tanh, "Hyperbolic tangent", PLAIN);
U8(elu, "Exponential linear unit", PLAIN);
U8(relu, "Values from zero up", PLAIN);
U8(relu6, "Values between 0 and 6", PLAIN);
U8(relu_n1_to_1, "Values between -1 and 1", PLAIN);
U8(relu_0_to_1, "Values between 0 and 1", PLAIN);
U8(leaky_relu, "Values, negative ones with a slope,", WITH(leaky_fields));
U8(gelu, "x times the normal distribution", WITH(gelu_fields));
ROW(gelu, f32, RG_DTYPE_FLOAT32, "x times the normal distribution of float32", .run = run_gelu_f32,
    WITH(gelu_fields));
ROW(relu_0_to_1, f32, RG_DTYPE_FLOAT32, "Values between 0 and 1 of float32",
    .run = run_relu_0_to_1_f32);
