/* unary_s16.c: functions of one int16 value (zero points 0). Truth: RELU, LEAKY_RELU and ABS with
 * quotients of scales in float32 and double rounding, as for int8. LOGISTIC and TANH: the input is
 * brought to 1/(3 * 4096) by a 15-bit multiplier and one shift, ties up, and interpolated in a
 * table of the logistic function of i/24, as TFLite's reference does for any scale. */
#include <math.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

typedef struct leaky_params {
    double alpha;
} leaky_params;

static const rg_field leaky_fields[] = {
    {"alpha", RG_FIELD_REAL, offsetof(leaky_params, alpha), "0.2", 0, 0, NULL, "",
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
    return rg_need_zero_at_zero(call, 1, err);
}

/* A line with a bend at zero, then a range. */
typedef struct line {
    rg_factor above, below;
    int32_t low, high;
} line;

static size_t line_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(line);
}

static rg_status bend(const rg_op_call *call, float slope, int activation, line *ret, rg_err *err) {
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
    float alpha = (float)((const leaky_params *)call->params)->alpha;
    return bend(call, alpha, RG_ACTIVATION_NONE, state, err);
}

static rg_status prepare_abs(const rg_op_call *call, void *state, rg_err *err) {
    return bend(call, 1, RG_ACTIVATION_NONE, state, err);
}

static void run_line(const rg_op_call *call, const void *state, const void *const *in,
                     void *const *out, size_t first_tile, size_t last_tile) {
    const line *l = state;
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
    const line *l = state;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        int32_t x = ((const int16_t *)in[0])[at];
        ((int16_t *)out[0])[at] =
            (int16_t)rg_requantize(x < 0 ? -x : x, l->above, 0, l->low, l->high);
    }
}

enum { CURVE_POINTS = 256 };

/* Points of the original's table that stand one above the rounded function. */
static const uint8_t raised[] = {4,  8,  12, 14, 15, 16, 17, 19, 20,  21,  22,  25,  27,  28, 29,
                                 30, 31, 33, 34, 35, 37, 39, 40, 41,  43,  44,  45,  46,  49, 50,
                                 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255};

/* The logistic function of i/24 with 16 fraction bits, and how inputs come to 1/(3 * 4096). */
typedef struct curve {
    int32_t multiplier, shift;
    uint16_t point[CURVE_POINTS];
} curve;

static size_t curve_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(curve);
}

/* `whole` shifts of a power-of-two scale are taken as they are: 3 << shift. */
static rg_status fill_curve(const rg_op_call *call, int whole, curve *c, rg_err *err) {
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
    for (int i = 0; i < CURVE_POINTS; i++) {
        double y = round(65536.0 / (1.0 + exp(-i / 24.0)));
        c->point[i] = (uint16_t)(y < 65535 ? y : 65535);
    }
    for (size_t i = 0; i < sizeof raised; i++)
        c->point[raised[i]]++;
    return RG_OK;
}

static rg_status prepare_logistic(const rg_op_call *call, void *state, rg_err *err) {
    return fill_curve(call, 0, state, err);
}

static rg_status prepare_tanh(const rg_op_call *call, void *state, rg_err *err) {
    return fill_curve(call, 1, state, err);
}

/* An input in units of 1/(3 * 4096). */
static int32_t curve_place(const curve *c, int16_t x) {
    int64_t half = c->shift > 0 ? INT64_C(1) << (c->shift - 1) : 0;
    return (int32_t)(((int64_t)x * c->multiplier + half) >> c->shift);
}

/* The curve at `size` with `bits` of interpolation, `bits` more fraction bits; `top` far out. */
static int32_t curve_value(const curve *c, uint32_t size, int bits, int32_t top) {
    uint32_t i = size >> bits, part = size & ((1u << bits) - 1);
    if (i >= CURVE_POINTS - 1)
        return top;
    uint32_t rise = (uint32_t)c->point[i + 1] - c->point[i];
    return (int32_t)(((uint32_t)c->point[i] << bits) + part * rise);
}

static int16_t logistic_at(const curve *c, int16_t x) {
    int32_t place = curve_place(c, x);
    uint32_t size = (uint32_t)(place < 0 ? -place : place);
    int32_t y = curve_value(c, size, 9, 0x7fff << 10);
    y = place >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1;
    return (int16_t)(y >> 10);
}

/* 2 * logistic(2x) - 1 */
static int16_t tanh_at(const curve *c, int16_t x) {
    int32_t place = curve_place(c, x);
    uint32_t size = (uint32_t)(place < 0 ? -place : place);
    int32_t y = curve_value(c, size, 8, 0xffff << 8);
    y = place >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
    return (int16_t)(y >> 8);
}

#define RUN_CURVE(word)                                                                            \
    static void run_##word(const rg_op_call *call, const void *state, const void *const *in,       \
                           void *const *out, size_t first_tile, size_t last_tile) {                \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++)                                                                     \
            ((int16_t *)out[0])[at] = word##_at(state, ((const int16_t *)in[0])[at]);              \
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
                                      .infer = infer,                                              \
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
    .params = leaky_fields, .params_size = sizeof(leaky_params));
ROW(abs, "Absolute value of int16", check, line_bytes, run_abs, .params = NULL);
ROW(logistic, "Logistic function of int16", check_curve, curve_bytes, run_logistic, .params = NULL);
ROW(tanh, "Hyperbolic tangent of int16", check_curve, curve_bytes, run_tanh, .params = NULL);
