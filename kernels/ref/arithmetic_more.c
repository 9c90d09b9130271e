/* arithmetic_more.c: what arithmetic.c leaves: int16, int32 and the rarer int8 and float32
 * operators of two operands. Truth of quantized types: ADD and SUB as in arithmetic.c with 15
 * fraction bits (pot_scale_int16 changes nothing); SQUARED_DIFFERENCE brings both operands to twice
 * the larger scale with 7 fraction bits (int8) or none (int16) before it squares. int32 wraps, and
 * division by zero gives zero. */
#include <float.h>
#include <math.h>

#include "kernels/ref/arithmetic.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return call->op->in == RG_DTYPE_INT16 ? rg_need_zero_at_zero(call, 2, err)
                                          : rg_need_call_quant(call, 2, err);
}

static rg_status prepare_sum(const rg_op_call *call, void *state, rg_err *err) {
    return rg_arithmetic_common(call, 15, false, state, err);
}

static rg_status prepare_square(const rg_op_call *call, void *state, rg_err *err) {
    return rg_arithmetic_common(call, call->op->in == RG_DTYPE_INT16 ? 0 : 7, true, state, err);
}

/* int32: the activation's limits, cut to whole numbers. */
static rg_status prepare_range(const rg_op_call *call, void *state, rg_err *err) {
    rg_arithmetic_plan *p = state;
    float low, high;
    (void)err;
    rg_activation_range_f32(rg_arithmetic_activation(call), &low, &high);
    p->low = low == -FLT_MAX ? INT32_MIN : (int32_t)low;
    p->high = high == FLT_MAX ? INT32_MAX : (int32_t)high;
    return RG_OK;
}

static inline int32_t squared(const rg_arithmetic_plan *p, int32_t a, int32_t b) {
    uint32_t gap = (uint32_t)(rg_common_a(p, a) - rg_common_b(p, b)); /* wraps like the original */
    return rg_arithmetic_out(p, (int32_t)(gap * gap));
}

static inline int32_t ranged(const rg_arithmetic_plan *p, int64_t v) {
    return (int32_t)rg_clamp((int32_t)(uint32_t)(uint64_t)v, p->low, p->high);
}

static inline int64_t floor_div(int64_t a, int64_t b) {
    return b == 0 ? 0 : a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline float floor_mod(float a, float b) {
    float rest = fmodf(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

#define SUMS RG_ARITHMETIC_PARAMS(rg_sum_fields)
#define FUSED RG_ARITHMETIC_PARAMS(rg_fused_fields)
#define SCALED(prepares) .check = check, RG_ARITHMETIC_STATE(prepares)
#define RANGED RG_ARITHMETIC_STATE(prepare_range)
#define ALIKE .params = NULL, .check = rg_arithmetic_check_same
#define PLAIN .params = NULL
#define OP RG_ARITHMETIC_OP

OP(add_s16, "add", INT16, int16_t, "Sum of two int16 tensors",
   rg_arithmetic_out(p, rg_common_a(p, a) + rg_common_b(p, b)), SUMS, SCALED(prepare_sum));
OP(sub_s16, "sub", INT16, int16_t, "Difference of two int16 tensors",
   rg_arithmetic_out(p, rg_common_a(p, a) - rg_common_b(p, b)), SUMS, SCALED(prepare_sum));
OP(mul_s16, "mul", INT16, int16_t, "Product of two int16 tensors", rg_arithmetic_out(p, a *b),
   FUSED, SCALED(rg_arithmetic_prepare_mul));
OP(minimum_s16, "minimum", INT16, int16_t, "Smaller of two int16 values", a < b ? a : b, ALIKE);
OP(maximum_s16, "maximum", INT16, int16_t, "Larger of two int16 values", a > b ? a : b, ALIKE);
OP(squared_difference_s16, "squared_difference", INT16, int16_t,
   "Square of the difference of two int16 tensors", squared(p, a, b), PLAIN,
   SCALED(prepare_square));
OP(squared_difference_s8, "squared_difference", INT8, int8_t,
   "Square of the difference of two int8 tensors", squared(p, a, b), PLAIN, SCALED(prepare_square));

OP(add_s32, "add", INT32, int32_t, "Sum of two int32 tensors", ranged(p, (int64_t)a + b), SUMS,
   RANGED);
OP(sub_s32, "sub", INT32, int32_t, "Difference of two int32 tensors", ranged(p, (int64_t)a - b),
   SUMS, RANGED);
OP(mul_s32, "mul", INT32, int32_t, "Product of two int32 tensors", ranged(p, (int64_t)a *b), FUSED,
   RANGED);
OP(minimum_s32, "minimum", INT32, int32_t, "Smaller of two int32 values", a < b ? a : b, PLAIN);
OP(maximum_s32, "maximum", INT32, int32_t, "Larger of two int32 values", a > b ? a : b, PLAIN);
OP(floor_div_s32, "floor_div", INT32, int32_t, "Quotient of int32, rounded down", floor_div(a, b),
   PLAIN);
OP(floor_mod_s32, "floor_mod", INT32, int32_t, "What floor_div of int32 leaves",
   b == 0 ? 0 : a - floor_div(a, b) * b, PLAIN);
OP(squared_difference_s32, "squared_difference", INT32, int32_t,
   "Square of the difference of two int32 tensors",
   ((uint32_t)a - (uint32_t)b) * ((uint32_t)a - (uint32_t)b), PLAIN);

OP(div_f32, "div", FLOAT32, float, "Quotient of two float32 tensors",
   rg_clamp_f32(a / b, low, high), FUSED);
OP(squared_difference_f32, "squared_difference", FLOAT32, float,
   "Square of the difference of two float32 tensors", (a - b) * (a - b), PLAIN);
OP(floor_div_f32, "floor_div", FLOAT32, float, "Quotient of float32, rounded down", floorf(a / b),
   PLAIN);
OP(floor_mod_f32, "floor_mod", FLOAT32, float, "What floor_div of float32 leaves", floor_mod(a, b),
   PLAIN);
OP(pow_f32, "pow", FLOAT32, float, "Power of float32", powf(a, b), PLAIN);
