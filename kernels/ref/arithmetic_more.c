/* arithmetic_more.c: what arithmetic.c leaves: int16, int32 and the rarer uint8 and float32 forms
 * of two operands with broadcasting. Truth of quantized types: ADD and SUB as in arithmetic.c with
 * 20 fraction bits (8-bit types) or 15 (int16; pot_scale_int16 changes nothing); MUL forms its
 * factor in float32; SQUARED_DIFFERENCE brings both operands to twice the larger scale with 7
 * fraction bits (int8) or none (int16) before it squares. int32 wraps, and division by zero gives
 * zero. */
#include <float.h>
#include <math.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

typedef struct more_params {
    int activation;
    bool pot_scale_int16;
} more_params;

static const rg_field sum_fields[] = {
    RG_ACTIVATION_FIELD(more_params),
    {"pot_scale_int16", RG_FIELD_BOOL, offsetof(more_params, pot_scale_int16), "false", 0, 0, NULL,
     "", "int16 with power-of-two scales; computed as any other scales"},
    {0},
};
static const rg_field fused_fields[] = {
    RG_ACTIVATION_FIELD(more_params),
    {0},
};

/* What one call needs beside its operands. */
typedef struct plan {
    rg_factor a, b, out;
    int32_t zero_a, zero_b, zero, low, high;
    int shift; /* fraction bits */
} plan;

static int activation_of(const rg_op_call *call) {
    return call->op->params ? ((const more_params *)call->params)->activation : RG_ACTIVATION_NONE;
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
    return call->op->in == RG_DTYPE_INT16 ? rg_need_zero_at_zero(call, 2, err)
                                          : rg_need_call_quant(call, 2, err);
}

/* Comparisons of values: all three tensors quantized alike, or none at all. */
static rg_status check_same(const rg_op_call *call, rg_err *err) {
    if (call->in[0]->quant.n + call->in[1]->quant.n + call->out[0]->quant.n == 0)
        return RG_OK;
    rg_status status = rg_need_call_quant(call, 2, err);
    if (status == RG_OK)
        status = rg_need_same_quant(call->in[0], call->in[1], err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static void prepare_ends(const rg_op_call *call, plan *ret) {
    ret->zero_a = call->in[0]->quant.zero_point[0];
    ret->zero_b = call->in[1]->quant.zero_point[0];
    ret->zero = call->out[0]->quant.zero_point[0];
    rg_activation_range(activation_of(call), call->out[0], &ret->low, &ret->high);
}

/* Operands on twice the larger scale; `joint` of that scale is one unit of the sum or square. */
static rg_status prepare_common(const rg_op_call *call, int shift, bool squares, plan *p,
                                rg_err *err) {
    float a = call->in[0]->quant.scale[0], b = call->in[1]->quant.scale[0];
    double twice = 2.0 * (double)(a > b ? a : b), joint = squares ? twice * twice : twice;
    float unit = (float)(1 << (squares ? 2 * shift : shift)) * call->out[0]->quant.scale[0];
    prepare_ends(call, p);
    p->shift = shift;
    rg_status status = rg_factor_from((double)a / twice, "input 0", &p->a, err);
    if (status == RG_OK)
        status = rg_factor_from((double)b / twice, "input 1", &p->b, err);
    return status == RG_OK ? rg_factor_from(joint / (double)unit, "inputs and output", &p->out, err)
                           : status;
}

static rg_status prepare_sum(const rg_op_call *call, void *state, rg_err *err) {
    return prepare_common(call, call->op->in == RG_DTYPE_INT16 ? 15 : 20, false, state, err);
}

static rg_status prepare_square(const rg_op_call *call, void *state, rg_err *err) {
    return prepare_common(call, call->op->in == RG_DTYPE_INT16 ? 0 : 7, true, state, err);
}

static rg_status prepare_mul(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    float product = call->in[0]->quant.scale[0] * call->in[1]->quant.scale[0];
    float real = product / call->out[0]->quant.scale[0]; /* in float32: TFLite's own MUL */
    prepare_ends(call, p);
    return rg_factor_from((double)real, "inputs and output", &p->out, err);
}

/* int32: the activation's limits, cut to whole numbers. */
static rg_status prepare_range_s32(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    float low, high;
    (void)err;
    rg_activation_range_f32(activation_of(call), &low, &high);
    p->low = low == -FLT_MAX ? INT32_MIN : (int32_t)low;
    p->high = high == FLT_MAX ? INT32_MAX : (int32_t)high;
    return RG_OK;
}

static inline int32_t common_a(const plan *p, int32_t a) {
    return rg_factor_apply(p->a, (a - p->zero_a) * (1 << p->shift));
}

static inline int32_t common_b(const plan *p, int32_t b) {
    return rg_factor_apply(p->b, (b - p->zero_b) * (1 << p->shift));
}

static inline int32_t scaled(const plan *p, int32_t v) {
    return rg_requantize(v, p->out, p->zero, p->low, p->high);
}

static inline int32_t squared(const plan *p, int32_t a, int32_t b) {
    uint32_t gap = (uint32_t)(common_a(p, a) - common_b(p, b)); /* wraps like the original */
    return scaled(p, (int32_t)(gap * gap));
}

static inline int32_t ranged(const plan *p, int64_t v) {
    return (int32_t)rg_clamp((int32_t)(uint32_t)(uint64_t)v, p->low, p->high);
}

static inline int64_t floor_div(int64_t a, int64_t b) {
    return b == 0 ? 0 : a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline float floor_mod(float a, float b) {
    float rest = fmodf(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

/* The walk of one operator and its row: `value` is made of a, b and, if it has a state, p. */
#define ROW(id, word, dtype, type, text, value, ...)                                               \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        const plan *p = state;                                                                     \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_a = walk.step_a[walk.rank - 1], step_b = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, first_a, first_b;                                                       \
        float low, high;                                                                           \
        rg_activation_range_f32(activation_of(call), &low, &high);                                 \
        (void)p, (void)low, (void)high;                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at += n) {                                                                \
            n = rg_spread_run(&walk, at, end, &first_a, &first_b);                                 \
            const type *x = (const type *)in[0] + first_a, *y = (const type *)in[1] + first_b;     \
            for (size_t i = 0; i < n; i++) {                                                       \
                type a = x[i * step_a], b = y[i * step_b];                                         \
                ((type *)out[0])[at + i] = (type)(value);                                          \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = dtype,                                                         \
                              .weights = dtype,                                                    \
                              .out = dtype,                                                        \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = rg_work_each,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id,                                                     \
                              __VA_ARGS__}
#define PARAMS(table) .params = table, .params_size = sizeof(more_params)
#define QUANTIZED(prepares) .check = check, .state_bytes = state_bytes, .prepare = prepares
#define RANGED .state_bytes = state_bytes, .prepare = prepare_range_s32
#define NO_PARAMS .params = NULL

ROW(add_s16, "add", RG_DTYPE_INT16, int16_t, "Sum of two int16 tensors",
    scaled(p, common_a(p, a) + common_b(p, b)), PARAMS(sum_fields), QUANTIZED(prepare_sum));
ROW(sub_s16, "sub", RG_DTYPE_INT16, int16_t, "Difference of two int16 tensors",
    scaled(p, common_a(p, a) - common_b(p, b)), PARAMS(sum_fields), QUANTIZED(prepare_sum));
ROW(mul_s16, "mul", RG_DTYPE_INT16, int16_t, "Product of two int16 tensors", scaled(p, a *b),
    PARAMS(fused_fields), QUANTIZED(prepare_mul));
ROW(minimum_s16, "minimum", RG_DTYPE_INT16, int16_t, "Smaller of two int16 values", a < b ? a : b,
    NO_PARAMS, .check = check_same);
ROW(maximum_s16, "maximum", RG_DTYPE_INT16, int16_t, "Larger of two int16 values", a > b ? a : b,
    NO_PARAMS, .check = check_same);
ROW(squared_difference_s16, "squared_difference", RG_DTYPE_INT16, int16_t,
    "Square of the difference of two int16 tensors", squared(p, a, b), NO_PARAMS,
    QUANTIZED(prepare_square));

ROW(squared_difference_s8, "squared_difference", RG_DTYPE_INT8, int8_t,
    "Square of the difference of two int8 tensors", squared(p, a, b), NO_PARAMS,
    QUANTIZED(prepare_square));

ROW(sub_u8, "sub", RG_DTYPE_UINT8, uint8_t, "Difference of two uint8 tensors",
    scaled(p, common_a(p, a) - common_b(p, b)), PARAMS(sum_fields), QUANTIZED(prepare_sum));
ROW(mul_u8, "mul", RG_DTYPE_UINT8, uint8_t, "Product of two uint8 tensors",
    scaled(p, (a - p->zero_a) * (b - p->zero_b)), PARAMS(fused_fields), QUANTIZED(prepare_mul));
ROW(minimum_u8, "minimum", RG_DTYPE_UINT8, uint8_t, "Smaller of two uint8 values", a < b ? a : b,
    NO_PARAMS, .check = check_same);
ROW(maximum_u8, "maximum", RG_DTYPE_UINT8, uint8_t, "Larger of two uint8 values", a > b ? a : b,
    NO_PARAMS, .check = check_same);

ROW(add_s32, "add", RG_DTYPE_INT32, int32_t, "Sum of two int32 tensors", ranged(p, (int64_t)a + b),
    PARAMS(sum_fields), RANGED);
ROW(sub_s32, "sub", RG_DTYPE_INT32, int32_t, "Difference of two int32 tensors",
    ranged(p, (int64_t)a - b), PARAMS(sum_fields), RANGED);
ROW(mul_s32, "mul", RG_DTYPE_INT32, int32_t, "Product of two int32 tensors",
    ranged(p, (int64_t)a *b), PARAMS(fused_fields), RANGED);
ROW(minimum_s32, "minimum", RG_DTYPE_INT32, int32_t, "Smaller of two int32 values", a < b ? a : b,
    NO_PARAMS);
ROW(maximum_s32, "maximum", RG_DTYPE_INT32, int32_t, "Larger of two int32 values", a > b ? a : b,
    NO_PARAMS);
ROW(floor_div_s32, "floor_div", RG_DTYPE_INT32, int32_t, "Quotient of int32, rounded down",
    floor_div(a, b), NO_PARAMS);
ROW(floor_mod_s32, "floor_mod", RG_DTYPE_INT32, int32_t, "What floor_div of int32 leaves",
    b == 0 ? 0 : a - floor_div(a, b) * b, NO_PARAMS);
ROW(squared_difference_s32, "squared_difference", RG_DTYPE_INT32, int32_t,
    "Square of the difference of two int32 tensors",
    ((uint32_t)a - (uint32_t)b) * ((uint32_t)a - (uint32_t)b), NO_PARAMS);

ROW(div_f32, "div", RG_DTYPE_FLOAT32, float, "Quotient of two float32 tensors",
    rg_clamp_f32(a / b, low, high), PARAMS(fused_fields));
ROW(squared_difference_f32, "squared_difference", RG_DTYPE_FLOAT32, float,
    "Square of the difference of two float32 tensors", (a - b) * (a - b), NO_PARAMS);
ROW(floor_div_f32, "floor_div", RG_DTYPE_FLOAT32, float, "Quotient of float32, rounded down",
    floorf(a / b), NO_PARAMS);
ROW(floor_mod_f32, "floor_mod", RG_DTYPE_FLOAT32, float, "What floor_div of float32 leaves",
    floor_mod(a, b), NO_PARAMS);
ROW(pow_f32, "pow", RG_DTYPE_FLOAT32, float, "Power of float32", powf(a, b), NO_PARAMS);
