/* arithmetic.c: two operands element by element, with broadcasting: add, sub, mul, minimum,
 * maximum over int8 and float32, add over uint8. Truth of 8 bits: ADD and SUB bring both operands
 * to twice the larger scale with 20 fraction bits (quotients in double), MUL forms its factor in
 * float32; minimum and maximum compare bytes. */
#include "kernels/ref/arithmetic.h"

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

static const rg_field sum_fields[] = {
    RG_ACTIVATION_FIELD(rg_arithmetic_params),
    {"pot_scale_int16", RG_FIELD_BOOL, offsetof(rg_arithmetic_params, pot_scale_int16), "false", 0,
     0, NULL, "", "int16 with power-of-two scales; no meaning for 8 bits"},
    {0},
};
static const rg_field mul_fields[] = {
    RG_ACTIVATION_FIELD(rg_arithmetic_params),
    {0},
};

enum { FRACTION_BITS = 20 };

static int activation_of(const rg_op_call *call) {
    return call->op->params ? ((const rg_arithmetic_params *)call->params)->activation
                            : RG_ACTIVATION_NONE;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_activation_check(activation_of(call), err);
    if (status == RG_OK)
        status = rg_spread_shape(&call->in[0]->shape, &call->in[1]->shape, &shape, err);
    return status == RG_OK ? rg_give_output(ret_out, call->op->out, &shape, err) : status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 2, err);
}

static rg_status check_same(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 2, err);
    if (status == RG_OK)
        status = rg_need_same_quant(call->in[0], call->in[1], err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_arithmetic_plan);
}

static void prepare_ends(const rg_op_call *call, rg_arithmetic_plan *ret) {
    ret->zero_a = call->in[0]->quant.zero_point[0];
    ret->zero_b = call->in[1]->quant.zero_point[0];
    ret->zero = call->out[0]->quant.zero_point[0];
    rg_activation_range(activation_of(call), call->out[0], &ret->low, &ret->high);
}

static rg_status prepare_sum(const rg_op_call *call, void *state, rg_err *err) {
    rg_arithmetic_plan *p = state;
    float a = call->in[0]->quant.scale[0], b = call->in[1]->quant.scale[0];
    double twice = 2.0 * (double)(a > b ? a : b);
    float out = (float)(1 << FRACTION_BITS) * call->out[0]->quant.scale[0];
    rg_factor factor_a, factor_b;
    prepare_ends(call, p);
    rg_status status = rg_factor_from((double)a / twice, "input 0", &factor_a, err);
    if (status == RG_OK)
        status = rg_factor_from((double)b / twice, "input 1", &factor_b, err);
    if (status == RG_OK)
        status = rg_factor_from(twice / (double)out, "inputs and output", &p->factor, err);
    for (int32_t q = rg_dtype_low(call->op->in);
         status == RG_OK && q <= rg_dtype_high(call->op->in); q++) {
        p->a[(uint8_t)q] = rg_factor_apply(factor_a, (q - p->zero_a) * (1 << FRACTION_BITS));
        p->b[(uint8_t)q] = rg_factor_apply(factor_b, (q - p->zero_b) * (1 << FRACTION_BITS));
    }
    return status;
}

static rg_status prepare_mul(const rg_op_call *call, void *state, rg_err *err) {
    rg_arithmetic_plan *p = state;
    float product = call->in[0]->quant.scale[0] * call->in[1]->quant.scale[0];
    float real = product / call->out[0]->quant.scale[0]; /* in float32: TFLite's own MUL */
    prepare_ends(call, p);
    return rg_factor_from((double)real, "inputs and output", &p->factor, err);
}

static inline int8_t add_s8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    return (int8_t)rg_requantize(p->a[(uint8_t)a] + p->b[(uint8_t)b], p->factor, p->zero, p->low,
                                 p->high);
}

static inline int8_t add_u8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    return add_s8(p, a, b); /* tables and range know the type */
}

static inline int8_t sub_s8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    return (int8_t)rg_requantize(p->a[(uint8_t)a] - p->b[(uint8_t)b], p->factor, p->zero, p->low,
                                 p->high);
}

static inline int8_t mul_s8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    return (int8_t)rg_requantize((a - p->zero_a) * (b - p->zero_b), p->factor, p->zero, p->low,
                                 p->high);
}

static inline int8_t minimum_s8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    (void)p;
    return a < b ? a : b;
}

static inline int8_t maximum_s8(const rg_arithmetic_plan *p, int8_t a, int8_t b) {
    (void)p;
    return a > b ? a : b;
}

static inline float add_f32(float a, float b) {
    return a + b;
}

static inline float sub_f32(float a, float b) {
    return a - b;
}

static inline float mul_f32(float a, float b) {
    return a * b;
}

static inline float minimum_f32(float a, float b) {
    return b < a ? b : a;
}

static inline float maximum_f32(float a, float b) {
    return a < b ? b : a;
}

/* The walk, once for each arithmetic; `one` is inlined. */
#define RUN_S8(one)                                                                                \
    static void run_##one(const rg_op_call *call, const void *state, const void *const *in,        \
                          void *const *out, size_t first_tile, size_t last_tile) {                 \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_a = walk.step_a[walk.rank - 1], step_b = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, a, b;                                                                   \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at += n) {                                                                \
            n = rg_spread_run(&walk, at, end, &a, &b);                                             \
            const int8_t *x = (const int8_t *)in[0] + a, *y = (const int8_t *)in[1] + b;           \
            for (size_t i = 0; i < n; i++)                                                         \
                ((int8_t *)out[0])[at + i] = one(state, x[i * step_a], y[i * step_b]);             \
        }                                                                                          \
    }

#define RUN_F32(one)                                                                               \
    static void run_##one(const rg_op_call *call, const void *state, const void *const *in,        \
                          void *const *out, size_t first_tile, size_t last_tile) {                 \
        (void)state;                                                                               \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_a = walk.step_a[walk.rank - 1], step_b = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, a, b;                                                                   \
        float low, high;                                                                           \
        rg_activation_range_f32(activation_of(call), &low, &high);                                 \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at += n) {                                                                \
            n = rg_spread_run(&walk, at, end, &a, &b);                                             \
            const float *x = (const float *)in[0] + a, *y = (const float *)in[1] + b;              \
            for (size_t i = 0; i < n; i++)                                                         \
                ((float *)out[0])[at + i] =                                                        \
                    rg_clamp_f32(one(x[i * step_a], y[i * step_b]), low, high);                    \
        }                                                                                          \
    }

RUN_S8(add_s8)
RUN_S8(add_u8)
RUN_S8(sub_s8)
RUN_S8(mul_s8)
RUN_S8(minimum_s8)
RUN_S8(maximum_s8)
RUN_F32(add_f32)
RUN_F32(sub_f32)
RUN_F32(mul_f32)
RUN_F32(minimum_f32)
RUN_F32(maximum_f32)

#define PARAMS(table) .params = table, .params_size = sizeof(rg_arithmetic_params)
#define NO_PARAMS .params = NULL
#define WITH_STATE(function) .state_bytes = state_bytes, .prepare = function
#define NO_STATE .state_bytes = NULL

/* One operator a row: name, kind, type, sentence, parameters, check, state. */
#define ROW(id, word, type, text, fields, checks, held)                                            \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = type,                                                          \
                              .weights = type,                                                     \
                              .out = type,                                                         \
                              fields,                                                              \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .check = checks,                                                     \
                              .work = rg_work_each,                                                \
                              held,                                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id}

ROW(add_s8, "add", RG_DTYPE_INT8, "Sum of two int8 tensors", PARAMS(sum_fields), check,
    WITH_STATE(prepare_sum));
ROW(add_u8, "add", RG_DTYPE_UINT8, "Sum of two uint8 tensors", PARAMS(sum_fields), check,
    WITH_STATE(prepare_sum));
ROW(sub_s8, "sub", RG_DTYPE_INT8, "Difference of two int8 tensors", PARAMS(sum_fields), check,
    WITH_STATE(prepare_sum));
ROW(mul_s8, "mul", RG_DTYPE_INT8, "Product of two int8 tensors", PARAMS(mul_fields), check,
    WITH_STATE(prepare_mul));
ROW(minimum_s8, "minimum", RG_DTYPE_INT8, "Smaller of two int8 values", NO_PARAMS, check_same,
    NO_STATE);
ROW(maximum_s8, "maximum", RG_DTYPE_INT8, "Larger of two int8 values", NO_PARAMS, check_same,
    NO_STATE);
ROW(add_f32, "add", RG_DTYPE_FLOAT32, "Sum of two float32 tensors", PARAMS(sum_fields), NULL,
    NO_STATE);
ROW(sub_f32, "sub", RG_DTYPE_FLOAT32, "Difference of two float32 tensors", PARAMS(sum_fields), NULL,
    NO_STATE);
ROW(mul_f32, "mul", RG_DTYPE_FLOAT32, "Product of two float32 tensors", PARAMS(mul_fields), NULL,
    NO_STATE);
ROW(minimum_f32, "minimum", RG_DTYPE_FLOAT32, "Smaller of two float32 values", NO_PARAMS, NULL,
    NO_STATE);
ROW(maximum_f32, "maximum", RG_DTYPE_FLOAT32, "Larger of two float32 values", NO_PARAMS, NULL,
    NO_STATE);
