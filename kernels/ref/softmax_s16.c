/* softmax_s16.c: softmax over the last dimension of int16; output 1/32768, zero point 0. Truth:
 * differences to the row's maximum scaled so that -65535 is -10; exp and 1 / (1 + x) from tables
 * (table16.h) filled in double; the sum has 15 fraction bits. */
#include "kernels/ref/softmax_s16.h"

#include <math.h>

#include "kernels/ref/need.h"
#include "kernels/ref/softmax.h"

static double reciprocal_of_one_plus(double x) {
    return 1.0 / (1.0 + x);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_zero_at_zero(call, 1, err);
    if (status != RG_OK)
        return status;
    float scale = call->out[0]->quant.scale[0];
    if (fabsf(scale - 1.0f / 32768) > 0.001f / 32768)
        return rg_fail(err, RG_BAD_DATA, NULL, "softmax output has scale %g, not 1/32768",
                       (double)scale);
    return RG_OK;
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_softmax_s16_plan);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_softmax_s16_plan *p = state;
    double beta = (double)(float)((const rg_softmax_params *)call->params)->beta;
    double real = (double)call->in[0]->quant.scale[0] * beta / (10.0 / 65535.0);
    if (!(real > 0))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "softmax with the beta %g", beta);
    rg_table16_fill(exp, -10.0, 0.0, 2.0, p->exp);
    rg_table16_fill(reciprocal_of_one_plus, 0.0, 1.0, 2.0, p->reciprocal);
    return rg_factor_from(real, "beta and input", &p->factor, err);
}

static int16_t clamp16(int64_t v) {
    return (int16_t)rg_clamp(v, INT16_MIN, INT16_MAX);
}

rg_softmax_s16_scale rg_softmax_s16_scale_of(const rg_softmax_s16_plan *plan, int64_t sum) {
    uint32_t narrow = (uint32_t)(sum < INT32_MAX ? sum : INT32_MAX);
    int headroom = __builtin_clz(narrow) - 1; /* the maximum alone gives 32767 */
    int32_t shifted = (int32_t)((((int64_t)narrow << headroom) + (1 << 13)) >> 14);
    int16_t scale = rg_table16_at(plan->reciprocal, clamp16((int64_t)shifted - (3 << 15)));
    return (rg_softmax_s16_scale){scale, 30 - headroom};
}

static void one_row(const rg_softmax_s16_plan *p, const int16_t *x, int16_t *out, size_t depth) {
    int32_t most = INT16_MIN;
    int64_t sum = 0;
    for (size_t i = 0; i < depth; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < depth; i++) {
        int32_t gap = rg_factor_apply(p->factor, x[i] - most);
        out[i] = rg_table16_at(p->exp, clamp16((int64_t)gap + INT16_MAX));
        sum += out[i];
    }
    rg_softmax_s16_scale by = rg_softmax_s16_scale_of(p, sum);
    for (size_t i = 0; i < depth; i++) {
        int64_t value = ((int64_t)out[i] * by.scale + (INT64_C(1) << (by.shift - 1))) >> by.shift;
        out[i] = (int16_t)rg_clamp(value, 0, INT16_MAX);
    }
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_shape *shape = &call->in[0]->shape;
    size_t depth = (size_t)shape->dim[shape->rank - 1];
    for (size_t row = first_tile; row < last_tile; row++)
        one_row(state, (const int16_t *)in[0] + row * depth, (int16_t *)out[0] + row * depth,
                depth);
}

const rg_op rg_op_softmax_s16 = {
    RG_SOFTMAX_OP(softmax_s16, INT16, ANY, INT16,
                  "Softmax over the last dimension of int16, from tables"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run};
