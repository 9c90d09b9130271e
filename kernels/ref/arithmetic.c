/* arithmetic.c: two operands element by element, with broadcasting: int8, uint8 and the plain
 * float32 operators, and what those of the other types (arithmetic_more.c) share with them. Truth
 * of 8 bits: ADD and SUB bring both operands to twice the larger scale with 20 fraction bits
 * (quotients in double), MUL forms its factor in float32; minimum and maximum compare bytes. */
#include "kernels/ref/arithmetic.h"

const rg_field rg_sum_fields[] = {
    RG_ACTIVATION_FIELD(rg_arithmetic_params),
    {"pot_scale_int16", RG_FIELD_BOOL, offsetof(rg_arithmetic_params, pot_scale_int16), "false", 0,
     0, NULL, "", "int16 with power-of-two scales; computed as any other scales"},
    {0},
};
const rg_field rg_fused_fields[] = {
    RG_ACTIVATION_FIELD(rg_arithmetic_params),
    {0},
};

int rg_arithmetic_activation(const rg_op_call *call) {
    return call->op->params ? ((const rg_arithmetic_params *)call->params)->activation
                            : RG_ACTIVATION_NONE;
}

rg_status rg_arithmetic_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_activation_check(rg_arithmetic_activation(call), err);
    if (status == RG_OK)
        status = rg_spread_shape(&call->in[0]->shape, &call->in[1]->shape, &shape, err);
    return status == RG_OK ? rg_give_output(ret_out, call->op->out, &shape, err) : status;
}

rg_status rg_arithmetic_check_same(const rg_op_call *call, rg_err *err) {
    if (call->in[0]->quant.n + call->in[1]->quant.n + call->out[0]->quant.n == 0)
        return RG_OK;
    rg_status status = rg_need_call_quant(call, 2, err);
    if (status == RG_OK)
        status = rg_need_same_quant(call->in[0], call->in[1], err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

size_t rg_arithmetic_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_arithmetic_plan);
}

static void prepare_ends(const rg_op_call *call, rg_arithmetic_plan *ret) {
    ret->zero_a = call->in[0]->quant.zero_point[0];
    ret->zero_b = call->in[1]->quant.zero_point[0];
    ret->zero = call->out[0]->quant.zero_point[0];
    rg_activation_range(rg_arithmetic_activation(call), call->out[0], &ret->low, &ret->high);
}

rg_status rg_arithmetic_common(const rg_op_call *call, int shift, bool squares,
                               rg_arithmetic_plan *p, rg_err *err) {
    float a = call->in[0]->quant.scale[0], b = call->in[1]->quant.scale[0];
    double twice = 2.0 * (double)(a > b ? a : b), joint = squares ? twice * twice : twice;
    float unit = (float)(1 << (squares ? 2 * shift : shift)) * call->out[0]->quant.scale[0];
    prepare_ends(call, p);
    p->shift = shift;
    rg_status status = rg_factor_from((double)a / twice, "input 0", &p->from_a, err);
    if (status == RG_OK)
        status = rg_factor_from((double)b / twice, "input 1", &p->from_b, err);
    if (status == RG_OK)
        status = rg_factor_from(joint / (double)unit, "inputs and output", &p->factor, err);
    return status;
}

rg_status rg_arithmetic_prepare_mul(const rg_op_call *call, void *state, rg_err *err) {
    rg_arithmetic_plan *p = state;
    float product = call->in[0]->quant.scale[0] * call->in[1]->quant.scale[0];
    float real = product / call->out[0]->quant.scale[0]; /* in float32: TFLite's own MUL */
    prepare_ends(call, p);
    return rg_factor_from((double)real, "inputs and output", &p->factor, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 2, err);
}

static rg_status prepare_sum(const rg_op_call *call, void *state, rg_err *err) {
    rg_arithmetic_plan *p = state;
    rg_status status = rg_arithmetic_common(call, 20, false, p, err);
    int32_t high = rg_dtype_high(call->op->in);
    for (int32_t q = rg_dtype_low(call->op->in); status == RG_OK && q <= high; q++) {
        p->a[(uint8_t)q] = rg_common_a(p, q);
        p->b[(uint8_t)q] = rg_common_b(p, q);
    }
    return status;
}

/* The arithmetic of bytes, for both types; tables, zero points and range know which it is. */
#define SUM rg_arithmetic_out(p, p->a[(uint8_t)a] + p->b[(uint8_t)b])
#define DIFFERENCE rg_arithmetic_out(p, p->a[(uint8_t)a] - p->b[(uint8_t)b])
#define PRODUCT rg_arithmetic_out(p, (a - p->zero_a) * (b - p->zero_b))
#define SUMS RG_ARITHMETIC_PARAMS(rg_sum_fields)
#define FUSED RG_ARITHMETIC_PARAMS(rg_fused_fields)
#define SCALED(prepares) .check = check, RG_ARITHMETIC_STATE(prepares)
#define ALIKE .params = NULL, .check = rg_arithmetic_check_same
#define OP RG_ARITHMETIC_OP

OP(add_s8, "add", INT8, int8_t, "Sum of two int8 tensors", SUM, SUMS, SCALED(prepare_sum));
OP(add_u8, "add", UINT8, uint8_t, "Sum of two uint8 tensors", SUM, SUMS, SCALED(prepare_sum));
OP(sub_s8, "sub", INT8, int8_t, "Difference of two int8 tensors", DIFFERENCE, SUMS,
   SCALED(prepare_sum));
OP(sub_u8, "sub", UINT8, uint8_t, "Difference of two uint8 tensors", DIFFERENCE, SUMS,
   SCALED(prepare_sum));
OP(mul_s8, "mul", INT8, int8_t, "Product of two int8 tensors", PRODUCT, FUSED,
   SCALED(rg_arithmetic_prepare_mul));
OP(mul_u8, "mul", UINT8, uint8_t, "Product of two uint8 tensors", PRODUCT, FUSED,
   SCALED(rg_arithmetic_prepare_mul));
OP(minimum_s8, "minimum", INT8, int8_t, "Smaller of two int8 values", a < b ? a : b, ALIKE);
OP(minimum_u8, "minimum", UINT8, uint8_t, "Smaller of two uint8 values", a < b ? a : b, ALIKE);
OP(maximum_s8, "maximum", INT8, int8_t, "Larger of two int8 values", a > b ? a : b, ALIKE);
OP(maximum_u8, "maximum", UINT8, uint8_t, "Larger of two uint8 values", a > b ? a : b, ALIKE);

OP(add_f32, "add", FLOAT32, float, "Sum of two float32 tensors", rg_clamp_f32(a + b, low, high),
   SUMS);
OP(sub_f32, "sub", FLOAT32, float, "Difference of two float32 tensors",
   rg_clamp_f32(a - b, low, high), SUMS);
OP(mul_f32, "mul", FLOAT32, float, "Product of two float32 tensors", rg_clamp_f32(a *b, low, high),
   FUSED);
OP(minimum_f32, "minimum", FLOAT32, float, "Smaller of two float32 values",
   rg_clamp_f32(b < a ? b : a, low, high), .params = NULL);
OP(maximum_f32, "maximum", FLOAT32, float, "Larger of two float32 values",
   rg_clamp_f32(a < b ? b : a, low, high), .params = NULL);
