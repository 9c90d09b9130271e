/* log_softmax.c: logarithm of the softmax over the last dimension, int8 and float32. Truth of int8:
 * fixed point (exponent.h); output always 16/256 with zero point 127; values below what the factor
 * reaches are -128. */
#include <float.h>
#include <math.h>

#include "kernels/ref/exponent.h"
#include "kernels/ref/rows.h"
#include "kernels/ref/softmax.h"

typedef struct plan {
    int32_t exp0[256], diff[256]; /* of a difference of d quanta: exponential, and the real value */
    int32_t reach;
    rg_factor back; /* from the real value to quanta */
} plan;

static const float out_scale = 16.0f / 256;
static const int32_t out_zero = 127;
static const rg_quant quant = {1, &out_scale, &out_zero, 0};

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    return rg_rows_infer(call, &quant, ret_out, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_rows_check(call, &quant, err);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    rg_factor factor;
    rg_status status =
        rg_diff_factor(1, call->in[0]->quant.scale[0], "log_softmax", &factor, &p->reach, err);
    if (status == RG_OK)
        status =
            rg_factor_from(ldexp(1, 31 - factor.shift) / factor.multiplier, "input", &p->back, err);
    for (int d = 0; status == RG_OK && d < 256 && d <= p->reach; d++) {
        p->diff[d] = rg_factor_apply(factor, -d);
        p->exp0[d] = rg_exp_negative(p->diff[d]);
    }
    return status;
}

static void row_s8(const plan *p, const int8_t *x, int8_t *out, size_t depth) {
    int32_t most = -128;
    int64_t wide = 0;
    for (size_t i = 0; i < depth; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < depth; i++)
        wide += rg_shift_away(p->exp0[most - x[i]], RG_SUM_BITS);
    int32_t log_sum = rg_log_of_sum((int32_t)(wide < INT32_MAX ? wide : INT32_MAX));
    int32_t least = rg_factor_apply(p->back, log_sum + INT32_MIN);
    least = least > -p->reach - 1 ? least : -p->reach - 1;
    for (size_t i = 0; i < depth; i++) {
        int32_t d = most - x[i];
        int64_t value = INT8_MIN;
        if (-d > least) {
            uint32_t real = (uint32_t)p->diff[d] - (uint32_t)log_sum; /* wraps like the original */
            value = (int64_t)rg_shift_away((int32_t)real, 31 - RG_DIFF_BITS - 4) + INT8_MAX;
        }
        out[i] = (int8_t)rg_clamp(value, INT8_MIN, INT8_MAX);
    }
}

static void row_f32(const float *x, float *out, size_t depth) {
    float most = -FLT_MAX, sum = 0;
    for (size_t i = 0; i < depth; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < depth; i++)
        sum += expf(x[i] - most);
    float log_sum = logf(sum);
    for (size_t i = 0; i < depth; i++)
        out[i] = x[i] - most - log_sum;
}

static void run_s8(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    size_t depth = rg_row_length(call);
    for (size_t row = first_tile; row < last_tile; row++)
        row_s8(state, (const int8_t *)in[0] + row * depth, (int8_t *)out[0] + row * depth, depth);
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t depth = rg_row_length(call);
    for (size_t row = first_tile; row < last_tile; row++)
        row_f32((const float *)in[0] + row * depth, (float *)out[0] + row * depth, depth);
}

/* One operator a row. */
#define ROW(id, dtype, text, ...)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "log_softmax",                                               \
                              .summary = text,                                                     \
                              .in = dtype,                                                         \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = dtype,                                                        \
                              .min_in = 1,                                                         \
                              .max_in = 1,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = rg_softmax_work,                                             \
                              .tiles = rg_rows_tiles,                                              \
                              __VA_ARGS__}

ROW(log_softmax_s8, RG_DTYPE_INT8, "Logarithm of the softmax of int8, in fixed point",
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_s8);
ROW(log_softmax_f32, RG_DTYPE_FLOAT32, "Logarithm of the softmax of float32", .run = run_f32);
