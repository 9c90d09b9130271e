/* softmax.c: softmax over the last dimension, int8 (to int8 or int16), uint8 and float32. Truth of
 * 8 bits: fixed point throughout (exponent.h). Differences to the row's maximum are scaled to 5
 * integer bits, the sum of their exponentials has 12. Output is always 1/256 (int16: 1/65536) with
 * the lowest value as zero point. */
#include "kernels/ref/softmax.h"

#include <float.h>
#include <math.h>

#include "kernels/ref/exponent.h"

const rg_field rg_softmax_fields[] = {
    {"beta", RG_FIELD_REAL, offsetof(rg_softmax_params, beta), "1", 0, 0, NULL, "",
     "factor on the inputs"},
    {0},
};

rg_softmax_scale rg_softmax_scale_of(uint32_t sum) {
    int headroom = __builtin_clz(sum);
    rg_softmax_scale by = {
        rg_reciprocal_of_one_plus((int32_t)((sum << headroom) - (UINT32_C(1) << 31))),
        RG_SOFTMAX_SUM_BITS - headroom + 31 - 8};
    return by;
}

rg_status rg_softmax_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    static const float scale = 1.0f / 256, signed_16 = 1.0f / 32768, whole_16 = 1.0f / 65536;
    static const int32_t lowest_s8 = -128, lowest_s16 = INT16_MIN, zero = 0;
    const rg_softmax_params *p = call->params;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK && call->in[0]->shape.rank < 1)
        status = rg_fail(err, RG_BAD_DATA, NULL, "softmax of a scalar");
    if (status == RG_OK && !isfinite(p->beta))
        status = rg_fail(err, RG_BAD_DATA, NULL, "softmax has the beta %g", p->beta);
    if (status == RG_OK)
        status = rg_give_output(ret_out, call->op->out, &call->in[0]->shape, err);
    if (status == RG_OK && call->op->out == RG_DTYPE_INT16)
        ret_out->quant = call->op->in == RG_DTYPE_INT16 ? (rg_quant){1, &signed_16, &zero, 0}
                                                        : (rg_quant){1, &whole_16, &lowest_s16, 0};
    else if (status == RG_OK && call->op->out != RG_DTYPE_FLOAT32)
        ret_out->quant =
            (rg_quant){1, &scale, call->op->out == RG_DTYPE_INT8 ? &lowest_s8 : &zero, 0};
    return status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 1, err);
    if (status != RG_OK)
        return status;
    const rg_quant *out = &call->out[0]->quant;
    int steps = 1 << rg_dtype_bits(call->op->out);
    if (out->zero_point[0] != rg_dtype_low(call->op->out) ||
        fabsf(out->scale[0] * (float)steps - 1.0f) > 0.001f)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "softmax output has scale %g and zero point %d, not 1/%d and %d",
                       (double)out->scale[0], (int)out->zero_point[0], steps,
                       (int)rg_dtype_low(call->op->out));
    return RG_OK;
}

rg_work rg_softmax_work(const rg_op_call *call) {
    return rg_call_work(call, 0, 3 * (uint64_t)rg_elements(call->out[0]));
}

static size_t depth_of(const rg_op_call *call) {
    return (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
}

size_t rg_softmax_tiles(const rg_op_call *call) {
    return rg_elements(call->in[0]) / depth_of(call);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_softmax_plan);
}

/* Differences beyond reach stay at 0. */
static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_softmax_plan *p = state;
    double beta = ((const rg_softmax_params *)call->params)->beta;
    rg_factor factor;
    rg_status status =
        rg_diff_factor(beta, call->in[0]->quant.scale[0], "softmax", &factor, &p->reach, err);
    for (int d = 0; status == RG_OK && d < 256 && d <= p->reach; d++)
        p->exp0[d] = rg_exp_negative(rg_factor_apply(factor, -d));
    return status;
}

/* The sum of a row's exponentials; it saturates where thousands of equal inputs would leave its 12
 * integer bits. uint8 is int8 with the top bit flipped (offset 128). */
static uint32_t sum_row(const rg_softmax_plan *p, const int8_t *x, size_t depth, int32_t offset,
                        int32_t *ret_most) {
    int32_t most = -128;
    uint64_t wide = 0;
    for (size_t i = 0; i < depth; i++) {
        int8_t value = (int8_t)(x[i] ^ offset);
        most = value > most ? value : most;
    }
    for (size_t i = 0; i < depth; i++)
        wide +=
            (uint32_t)rg_shift_away(p->exp0[most - (int8_t)(x[i] ^ offset)], RG_SOFTMAX_SUM_BITS);
    *ret_most = most;
    return wide < UINT32_MAX ? (uint32_t)wide : UINT32_MAX;
}

static void row_bytes(const rg_softmax_plan *p, const int8_t *x, int8_t *out, size_t depth,
                      int32_t offset) {
    int32_t most;
    rg_softmax_scale by = rg_softmax_scale_of(sum_row(p, x, depth, offset, &most));
    for (size_t i = 0; i < depth; i++) {
        int32_t power = p->exp0[most - (int8_t)(x[i] ^ offset)];
        int64_t value = rg_clamp(rg_shift_away(rg_high_mul(by.scale, power), by.shift), 0, 255);
        out[i] = (int8_t)((value - 128) ^ offset);
    }
}

/* int16 outputs keep 8 bits more. */
static void row_to_s16(const rg_softmax_plan *p, const int8_t *x, int16_t *out, size_t depth) {
    int32_t most;
    rg_softmax_scale by = rg_softmax_scale_of(sum_row(p, x, depth, 0, &most));
    for (size_t i = 0; i < depth; i++) {
        int64_t value = rg_shift_away(rg_high_mul(by.scale, p->exp0[most - x[i]]), by.shift - 8);
        out[i] = (int16_t)(rg_clamp(value, 0, UINT16_MAX) + INT16_MIN);
    }
}

static void run_to_s16(const rg_op_call *call, const void *state, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile) {
    size_t depth = depth_of(call);
    for (size_t row = first_tile; row < last_tile; row++)
        row_to_s16(state, (const int8_t *)in[0] + row * depth, (int16_t *)out[0] + row * depth,
                   depth);
}

static void run_bytes(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    size_t depth = depth_of(call);
    int32_t offset = call->op->in == RG_DTYPE_UINT8 ? 128 : 0;
    for (size_t row = first_tile; row < last_tile; row++)
        row_bytes(state, (const int8_t *)in[0] + row * depth, (int8_t *)out[0] + row * depth, depth,
                  offset);
}

static void row_f32(float beta, const float *x, float *out, size_t depth) {
    float most = -FLT_MAX, sum = 0;
    for (size_t i = 0; i < depth; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < depth; i++) {
        out[i] = expf((x[i] - most) * beta);
        sum += out[i];
    }
    for (size_t i = 0; i < depth; i++)
        out[i] /= sum;
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t depth = depth_of(call);
    float beta = (float)((const rg_softmax_params *)call->params)->beta;
    for (size_t row = first_tile; row < last_tile; row++)
        row_f32(beta, (const float *)in[0] + row * depth, (float *)out[0] + row * depth, depth);
}

const rg_op rg_op_softmax_s8 = {
    RG_SOFTMAX_OP(softmax_s8, INT8, ANY, INT8,
                  "Softmax over the last dimension of int8, in fixed point"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_softmax_u8 = {
    RG_SOFTMAX_OP(softmax_u8, UINT8, ANY, UINT8,
                  "Softmax over the last dimension of uint8, in fixed point"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_softmax_s8_s16 = {
    RG_SOFTMAX_OP(softmax_s8_s16, INT8, ANY, INT16,
                  "Softmax over the last dimension of int8 as int16, in fixed point"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_to_s16};

const rg_op rg_op_softmax_f32 = {
    RG_SOFTMAX_OP(softmax_f32, FLOAT32, ANY, FLOAT32, "Softmax over the last dimension of float32"),
    .run = run_f32};
