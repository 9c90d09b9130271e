/* unary_s16.c: functions of one int16 value (zero points 0). Truth: RELU, LEAKY_RELU and ABS with
 * quotients of scales in float32 and double rounding, as for int8. LOGISTIC and TANH: the table of
 * curve16.h, as TFLite's reference does for any scale. */
#include "kernels/ref/unary_s16.h"

#include <math.h>

#include "kernels/ref/curve16.h"
#include "kernels/ref/need.h"
#include "kernels/ref/unary.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_zero_at_zero(call, 1, err);
}

static size_t line_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_line);
}

static rg_status bend(const rg_op_call *call, float slope, int activation, rg_line *ret,
                      rg_err *err) {
    float from = call->in[0]->quant.scale[0], to = call->out[0]->quant.scale[0];
    rg_status status = rg_factor_from((double)(from / to), "input and output", &ret->above, err);
    if (status == RG_OK)
        status = rg_factor_from((double)(from * slope / to), "input and output", &ret->below, err);
    rg_activation_range(activation, call->out[0], &ret->low, &ret->high);
    return status;
}

static rg_status prepare_relu(const rg_op_call *call, void *state, rg_err *err) {
    return bend(call, 1, RG_ACTIVATION_RELU, state, err);
}

static rg_status prepare_relu6(const rg_op_call *call, void *state, rg_err *err) {
    return bend(call, 1, RG_ACTIVATION_RELU6, state, err);
}

static rg_status prepare_relu_n1_to_1(const rg_op_call *call, void *state, rg_err *err) {
    return bend(call, 1, RG_ACTIVATION_RELU_N1_TO_1, state, err);
}

static rg_status prepare_leaky_relu(const rg_op_call *call, void *state, rg_err *err) {
    float alpha = (float)((const rg_leaky_params *)call->params)->alpha;
    return bend(call, alpha, RG_ACTIVATION_NONE, state, err);
}

static rg_status prepare_abs(const rg_op_call *call, void *state, rg_err *err) {
    return bend(call, 1, RG_ACTIVATION_NONE, state, err);
}

static void run_line(const rg_op_call *call, const void *state, const void *const *in,
                     void *const *out, size_t first_tile, size_t last_tile) {
    const rg_line *l = state;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        int32_t x = ((const int16_t *)in[0])[at];
        ((int16_t *)out[0])[at] =
            (int16_t)rg_requantize(x, x >= 0 ? l->above : l->below, 0, l->low, l->high);
    }
}

static void run_abs(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    const rg_line *l = state;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        int32_t x = ((const int16_t *)in[0])[at];
        ((int16_t *)out[0])[at] =
            (int16_t)rg_requantize(x < 0 ? -x : x, l->above, 0, l->low, l->high);
    }
}

static size_t curve_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_curve16);
}

/* `whole` shifts of a power-of-two scale are taken as they are: 3 << shift. */
static rg_status fill_curve(const rg_op_call *call, int whole, rg_curve16 *c, rg_err *err) {
    float scale = call->in[0]->quant.scale[0];
    double real = (double)scale * 4096.0 * 3.0;
    int exponent;
    if (!(real <= 32767))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s with the input scale %g", call->op->kind,
                       (double)scale);
    if (frexpf(scale, &exponent) == 0.5f && exponent + 11 >= 0 && exponent + 11 <= whole) {
        c->multiplier = 3 << (exponent + 11);
    } else {
        for (; real <= 32767.0 / 2 && c->shift <= 30; c->shift++)
            real *= 2;
        c->multiplier = (int32_t)real;
    }
    rg_curve16_fill(c);
    return RG_OK;
}

static rg_status prepare_logistic(const rg_op_call *call, void *state, rg_err *err) {
    return fill_curve(call, 0, state, err);
}

static rg_status prepare_tanh(const rg_op_call *call, void *state, rg_err *err) {
    return fill_curve(call, 1, state, err);
}

#define RUN_CURVE(word)                                                                            \
    static void run_##word(const rg_op_call *call, const void *state, const void *const *in,       \
                           void *const *out, size_t first_tile, size_t last_tile) {                \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++)                                                                     \
            ((int16_t *)out[0])[at] = rg_curve16_##word(state, ((const int16_t *)in[0])[at]);      \
    }
RUN_CURVE(logistic)
RUN_CURVE(tanh)

static rg_status check_curve(const rg_op_call *call, rg_err *err) {
    rg_status status = check(call, err);
    if (status == RG_OK && call->out[0]->quant.scale[0] != 1.0f / 32768)
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s output has scale %g, not 1/32768",
                         call->op->kind, (double)call->out[0]->quant.scale[0]);
    return status;
}

/* One operator a row: kind, sentence, check, state, how it is filled and read. */
#define ROW(word, text, checks, bytes, runs, ...)                                                  \
    const rg_op rg_op_##word##_s16 = {.name = #word "_s16",                                        \
                                      .kind = #word,                                               \
                                      .summary = text,                                             \
                                      .in = RG_DTYPE_INT16,                                        \
                                      .weights = RG_DTYPE_ANY,                                     \
                                      .out = RG_DTYPE_INT16,                                       \
                                      .min_in = 1,                                                 \
                                      .max_in = 1,                                                 \
                                      .n_out = 1,                                                  \
                                      .infer = rg_infer_like_input,                                \
                                      .check = checks,                                             \
                                      .work = rg_work_each,                                        \
                                      .state_bytes = bytes,                                        \
                                      .prepare = prepare_##word,                                   \
                                      .tiles = rg_tiles_each,                                      \
                                      .run = runs,                                                 \
                                      __VA_ARGS__}

ROW(relu, "Values of int16 from zero up", check, line_bytes, run_line, .params = NULL);
ROW(relu6, "Values of int16 between 0 and 6", check, line_bytes, run_line, .params = NULL);
ROW(relu_n1_to_1, "Values of int16 between -1 and 1", check, line_bytes, run_line, .params = NULL);
ROW(leaky_relu, "Values of int16, negative ones with a slope", check, line_bytes, run_line,
    .params = rg_leaky_fields, .params_size = sizeof(rg_leaky_params));
ROW(abs, "Absolute value of int16", check, line_bytes, run_abs, .params = NULL);
ROW(logistic, "Logistic function of int16", check_curve, curve_bytes, run_logistic, .params = NULL);
ROW(tanh, "Hyperbolic tangent of int16", check_curve, curve_bytes, run_tanh, .params = NULL);
