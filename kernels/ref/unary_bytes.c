/* unary_bytes.c: functions of one 8-bit value, each a table (table8.h). Truth: LOGISTIC, TANH, ELU,
 * EXP, LOG and GELU in float32 (GELU as x/2 * erfc(-x / sqrt(2)), or by tanh when it is
 * approximate); RELU family, LEAKY_RELU and ABS with quotients of scales in float32 and double
 * rounding; RSQRT in fixed point (root.h), with the largest value for inputs that are not positive.
 */
#include "kernels/ref/need.h"
#include "kernels/ref/root.h"
#include "kernels/ref/table8.h"
#include "kernels/ref/unary.h"

/* Dequantize, apply, quantize, all in float32. */
static rg_status tabulate(const rg_op_call *call, void *state, float (*real)(float)) {
    const rg_quant *from = &call->in[0]->quant;
    float inverse = 1 / call->out[0]->quant.scale[0];
    for (int32_t q = rg_dtype_low(call->op->in); q <= rg_dtype_high(call->op->in); q++) {
        float y = real(from->scale[0] * (float)(q - from->zero_point[0]));
        rg_table8_put(call, state, q, rg_round_away(y * inverse));
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
        rg_table8_put(call, state, q, rg_requantize(x, x >= 0 ? up : down, zero, low, high) - zero);
    }
    return status;
}

#define BY_FUNCTION(word, real)                                                                    \
    static rg_status prepare_##word(const rg_op_call *call, void *state, rg_err *err) {            \
        (void)err;                                                                                 \
        return tabulate(call, state, real);                                                        \
    }
BY_FUNCTION(logistic, rg_logistic_f32)
BY_FUNCTION(tanh, tanhf)
BY_FUNCTION(elu, rg_elu_f32)
BY_FUNCTION(exp, expf)
BY_FUNCTION(log, logf)
BY_FUNCTION(gelu, rg_gelu_of(call))

#define BY_LINE(word, activation)                                                                  \
    static rg_status prepare_##word(const rg_op_call *call, void *state, rg_err *err) {            \
        return tabulate_line(call, state, 1, activation, err);                                     \
    }
BY_LINE(relu, RG_ACTIVATION_RELU)
BY_LINE(relu6, RG_ACTIVATION_RELU6)
BY_LINE(relu_n1_to_1, RG_ACTIVATION_RELU_N1_TO_1)

static rg_status prepare_leaky_relu(const rg_op_call *call, void *state, rg_err *err) {
    float alpha = (float)((const rg_leaky_params *)call->params)->alpha;
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
        rg_table8_put(call, state, q, same ? x : rg_factor_apply(factor, x));
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
        rg_table8_put(call, state, q,
                      x > 0 ? rg_factor_apply(factor, rg_factor_apply(root, 1)) : INT32_MAX);
    }
    return status;
}

/* One operator a row: kind, code, element type, sentence. */
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
                                         .infer = rg_infer_like_input,                             \
                                         .work = rg_work_each,                                     \
                                         .tiles = rg_tiles_each,                                   \
                                         RG_TABLE8(prepare_##word),                                \
                                         __VA_ARGS__}
#define S8(word, text, ...) ROW(word, s8, RG_DTYPE_INT8, text " of int8", __VA_ARGS__)
#define BOTH(word, text, ...)                                                                      \
    S8(word, text, __VA_ARGS__);                                                                   \
    ROW(word, u8, RG_DTYPE_UINT8, text " of uint8", __VA_ARGS__)
#define PLAIN .params = NULL
#define LEAKY .params = rg_leaky_fields, .params_size = sizeof(rg_leaky_params)
#define GELU .params = rg_gelu_fields, .params_size = sizeof(rg_gelu_params)

BOTH(logistic, "Logistic function", PLAIN);
BOTH(tanh, "Hyperbolic tangent", PLAIN);
BOTH(elu, "Exponential linear unit", PLAIN);
BOTH(relu, "Values from zero up", PLAIN);
BOTH(relu6, "Values between 0 and 6", PLAIN);
BOTH(relu_n1_to_1, "Values between -1 and 1", PLAIN);
BOTH(relu_0_to_1, "Values between 0 and 1", PLAIN);
BOTH(leaky_relu, "Values, negative ones with a slope,", LEAKY);
BOTH(gelu, "x times the normal distribution", GELU);
S8(exp, "Exponential", PLAIN);
S8(log, "Natural logarithm", PLAIN);
S8(abs, "Absolute value", PLAIN);
S8(rsqrt, "Reciprocal square root", PLAIN);
