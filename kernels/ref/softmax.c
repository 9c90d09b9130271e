/* softmax.c: softmax over the last dimension, int8, uint8 and float32. Truth of 8 bits: fixed point
 * throughout. Differences to the row's maximum are scaled to 5 integer bits; exp(-x) is a quartic
 * near zero times stored powers; the sum has 12 integer bits; its reciprocal comes from three
 * Newton steps. Output is always 1/256 with zero point -128. Numbers are written as raw int32 with
 * `i` integer bits: real = raw * 2^(i - 31). */
#include "kernels/ref/softmax.h"

#include <float.h>
#include <math.h>

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

typedef struct softmax_params {
    double beta;
} softmax_params;

static const rg_field fields[] = {
    {"beta", RG_FIELD_REAL, offsetof(softmax_params, beta), "1", 0, 0, NULL, "",
     "factor on the inputs"},
    {0},
};

enum { DIFF_BITS = 5 };

/* Left shift that saturates. */
static int32_t shift_up(int32_t x, int bits) {
    return (int32_t)rg_clamp((int64_t)x * (INT64_C(1) << bits), INT32_MIN, INT32_MAX);
}

/* exp(a) for a in [-1/4, 0), 0 integer bits: Taylor to the fourth order about -1/8. */
static int32_t exp_near_zero(int32_t a) {
    const int32_t exp_eighth = 1895147668; /* exp(-1/8) * 2^31 */
    const int32_t third = 715827883;       /* 2^31 / 3 */
    int32_t x = a + (1 << 28);
    int32_t x2 = rg_high_mul(x, x), x3 = rg_high_mul(x2, x), x4 = rg_high_mul(x2, x2);
    int32_t tail = rg_high_mul(rg_shift_away(x4, 2) + x3, third); /* x^4/12 + x^3/3 */
    int32_t rest = rg_shift_away(tail + x2, 1);                   /* x^4/24 + x^3/6 + x^2/2 */
    return exp_eighth + rg_high_mul(exp_eighth, x + rest);
}

/* exp(a) for a <= 0 with DIFF_BITS integer bits; the result has none. The quarters of -a select
 * factors exp(-2^k), k = -2 to 4. */
static int32_t exp_negative(int32_t a) {
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242};
    const int fraction = 31 - DIFF_BITS;
    if (a == 0)
        return INT32_MAX;
    const int32_t quarter = 1 << (fraction - 2);
    int32_t near = (a & (quarter - 1)) - quarter, remainder = near - a;
    int32_t result = exp_near_zero(shift_up(near, DIFF_BITS));
    for (int k = 0; k < 7; k++) {
        if (remainder & (1 << (fraction - 2 + k)))
            result = rg_high_mul(result, powers[k]);
    }
    return result;
}

/* 1 / (1 + x) for x in [0, 1), no integer bits: Newton on d = (1 + x) / 2 from 48/17 - 32/17 d; the
 * iterate has 2 integer bits. */
static int32_t reciprocal_of_one_plus(int32_t x) {
    const int32_t c48_17 = 1515870810, c32_17 = -1010580540, one = 1 << 29;
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t guess = c48_17 + rg_high_mul(half, c32_17);
    for (int i = 0; i < 3; i++) {
        int32_t error = one - rg_high_mul(half, guess);
        guess += shift_up(rg_high_mul(guess, error), 2);
    }
    return shift_up(guess, 1);
}

rg_softmax_scale rg_softmax_scale_of(uint32_t sum) {
    int headroom = __builtin_clz(sum);
    rg_softmax_scale by = {
        reciprocal_of_one_plus((int32_t)((sum << headroom) - (UINT32_C(1) << 31))),
        RG_SOFTMAX_SUM_BITS - headroom + 31 - 8};
    return by;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    static const float scale = 1.0f / 256;
    static const int32_t lowest_s8 = -128, lowest_u8 = 0;
    const softmax_params *p = call->params;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK && call->in[0]->shape.rank < 1)
        status = rg_fail(err, RG_BAD_DATA, NULL, "softmax of a scalar");
    if (status == RG_OK && !isfinite(p->beta))
        status = rg_fail(err, RG_BAD_DATA, NULL, "softmax has the beta %g", p->beta);
    if (status == RG_OK)
        status = rg_give_output(ret_out, call->op->out, &call->in[0]->shape, err);
    if (status == RG_OK && call->op->out != RG_DTYPE_FLOAT32)
        ret_out->quant =
            (rg_quant){1, &scale, call->op->out == RG_DTYPE_INT8 ? &lowest_s8 : &lowest_u8, 0};
    return status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 1, err);
    if (status != RG_OK)
        return status;
    const rg_quant *out = &call->out[0]->quant;
    if (out->zero_point[0] != rg_dtype_low(call->op->out) ||
        fabsf(out->scale[0] - 1.0f / 256) > 0.001f / 256)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "softmax output has scale %g and zero point %d, not 1/256 and %d",
                       (double)out->scale[0], (int)out->zero_point[0],
                       (int)rg_dtype_low(call->op->out));
    return RG_OK;
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, 3 * (uint64_t)rg_elements(call->out[0]));
}

static size_t depth_of(const rg_op_call *call) {
    return (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
}

static size_t tiles(const rg_op_call *call) {
    return rg_elements(call->in[0]) / depth_of(call);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_softmax_plan);
}

/* The factor beta * scale with DIFF_BITS integer bits, below 2^31; differences whose product would
 * not fit are beyond reach. */
static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_softmax_plan *p = state;
    double beta = ((const softmax_params *)call->params)->beta;
    double one = 1 << (31 - DIFF_BITS), real = beta * (double)call->in[0]->quant.scale[0] * one;
    rg_factor factor;
    if (!(real > 1))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "softmax: beta * scale is %g, too small",
                       real / one);
    rg_status status =
        rg_factor_from(real < INT32_MAX ? real : INT32_MAX, "beta and input", &factor, err);
    if (status != RG_OK)
        return status;
    p->reach = (int32_t)floor(((1 << DIFF_BITS) - 1) * one / (double)(INT64_C(1) << factor.shift));
    for (int d = 0; d < 256 && d <= p->reach; d++)
        p->exp0[d] = exp_negative(rg_factor_apply(factor, -d));
    return RG_OK;
}

/* A row; uint8 is int8 with the top bit flipped (offset 128). The sum saturates where thousands of
 * equal inputs would leave its 12 integer bits. */
static void row_bytes(const rg_softmax_plan *p, const int8_t *x, int8_t *out, size_t depth,
                      int32_t offset) {
    int32_t most = -128;
    uint64_t wide = 0;
    for (size_t i = 0; i < depth; i++) {
        int8_t value = (int8_t)(x[i] ^ offset);
        most = value > most ? value : most;
    }
    for (size_t i = 0; i < depth; i++)
        wide +=
            (uint32_t)rg_shift_away(p->exp0[most - (int8_t)(x[i] ^ offset)], RG_SOFTMAX_SUM_BITS);
    uint32_t sum = wide < UINT32_MAX ? (uint32_t)wide : UINT32_MAX;
    rg_softmax_scale by = rg_softmax_scale_of(sum);
    for (size_t i = 0; i < depth; i++) {
        int32_t power = p->exp0[most - (int8_t)(x[i] ^ offset)];
        int64_t value = rg_clamp(rg_shift_away(rg_high_mul(by.scale, power), by.shift), 0, 255);
        out[i] = (int8_t)((value - 128) ^ offset);
    }
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
    float beta = (float)((const softmax_params *)call->params)->beta;
    for (size_t row = first_tile; row < last_tile; row++)
        row_f32(beta, (const float *)in[0] + row * depth, (float *)out[0] + row * depth, depth);
}

const rg_op rg_op_softmax_s8 = {
    .name = "softmax_s8",
    .kind = "softmax",
    .summary = "Softmax over the last dimension of int8, in fixed point",
    .in = RG_DTYPE_INT8,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_INT8,
    .params = fields,
    .params_size = sizeof(softmax_params),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .check = check,
    .work = work,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .tiles = tiles,
    .run = run_bytes,
};

const rg_op rg_op_softmax_u8 = {
    .name = "softmax_u8",
    .kind = "softmax",
    .summary = "Softmax over the last dimension of uint8, in fixed point",
    .in = RG_DTYPE_UINT8,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_UINT8,
    .params = fields,
    .params_size = sizeof(softmax_params),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .check = check,
    .work = work,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .tiles = tiles,
    .run = run_bytes,
};

const rg_op rg_op_softmax_f32 = {
    .name = "softmax_f32",
    .kind = "softmax",
    .summary = "Softmax over the last dimension of float32",
    .in = RG_DTYPE_FLOAT32,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_FLOAT32,
    .params = fields,
    .params_size = sizeof(softmax_params),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .work = work,
    .tiles = tiles,
    .run = run_f32,
};
