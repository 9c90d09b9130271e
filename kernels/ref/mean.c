/* mean.c: mean and sum over some dimensions, int8, uint8, int16 and float32; the axes are a
 * constant input. Truth of integers: int32 sum of x less count * zero point, times the factor input
 * / output scale (quotient in double), for the mean with the count divided out of its multiplier,
 * double rounding. SUM of uint8 is not defined by the original and not done. */
#include <string.h>

#include "kernels/ref/axes.h"
#include "kernels/ref/fixed.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 1, err);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_factor);
}

static rg_status prepare_sum(const rg_op_call *call, void *state, rg_err *err) {
    double quotient = (double)call->in[0]->quant.scale[0] / (double)call->out[0]->quant.scale[0];
    return rg_factor_from(quotient, "input and output", state, err);
}

static rg_status prepare_mean(const rg_op_call *call, void *state, rg_err *err) {
    uint64_t count = rg_elements(call->in[0]) / rg_elements(call->out[0]);
    rg_factor *factor = state;
    rg_status status = prepare_sum(call, state, err);
    if (status != RG_OK)
        return status;
    int shift = 63 - __builtin_clzll(count); /* as far up as the multiplier keeps its 31 bits */
    shift = shift < 32 ? shift : 32;
    shift = shift < 31 + factor->shift ? shift : 31 + factor->shift;
    factor->multiplier =
        (int32_t)(((int64_t)factor->multiplier * (INT64_C(1) << shift)) / (int64_t)count);
    factor->shift -= shift;
    return RG_OK;
}

/* Sums wrap like the original. */
#define RUN_INTEGER(name, type)                                                                    \
    static void run_##name(const rg_op_call *call, const void *state, const void *const *in,       \
                           void *const *out, size_t first_tile, size_t last_tile) {                \
        const rg_factor *factor = state;                                                           \
        int32_t zero_in = call->in[0]->quant.zero_point[0];                                        \
        int32_t zero = call->out[0]->quant.zero_point[0];                                          \
        int32_t low = rg_dtype_low(call->op->out), high = rg_dtype_high(call->op->out);            \
        rg_axes axes = rg_axes_plan(call);                                                         \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++) {                                                                   \
            const type *x = (const type *)in[0] + rg_axes_start(&axes, at);                        \
            uint32_t sum = 0;                                                                      \
            for (size_t i = 0; i < axes.count; i++)                                                \
                sum += (uint32_t)(x[rg_axes_at(&axes, i)] - zero_in);                              \
            ((type *)out[0])[at] = (type)rg_requantize((int32_t)sum, *factor, zero, low, high);    \
        }                                                                                          \
    }

RUN_INTEGER(s8, int8_t)
RUN_INTEGER(u8, uint8_t)
RUN_INTEGER(s16, int16_t)

static void reduce_f32(const rg_op_call *call, const void *in, void *out, size_t first_tile,
                       size_t last_tile, bool divides) {
    rg_axes axes = rg_axes_plan(call);
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        const float *x = (const float *)in + rg_axes_start(&axes, at);
        float sum = 0;
        for (size_t i = 0; i < axes.count; i++)
            sum += x[rg_axes_at(&axes, i)];
        ((float *)out)[at] = divides ? sum / (float)axes.count : sum;
    }
}

static void run_mean_f32(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    reduce_f32(call, in[0], out[0], first_tile, last_tile, true);
}

static void run_sum_f32(const rg_op_call *call, const void *state, const void *const *in,
                        void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    reduce_f32(call, in[0], out[0], first_tile, last_tile, false);
}

/* One operator a row. */
#define ROW(id, word, type, text, ...)                                                             \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = type,                                                          \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = type,                                                         \
                              .params = rg_reduce_fields,                                          \
                              .params_size = sizeof(rg_reduce_params),                             \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rg_axes_infer,                                              \
                              .work = rg_axes_work,                                                \
                              .tiles = rg_tiles_each,                                              \
                              __VA_ARGS__}
#define INTEGER(prepares) .check = check, .state_bytes = state_bytes, .prepare = prepares

ROW(mean_s8, "mean", RG_DTYPE_INT8, "Mean of int8 over some dimensions", INTEGER(prepare_mean),
    .run = run_s8);
ROW(mean_u8, "mean", RG_DTYPE_UINT8, "Mean of uint8 over some dimensions", INTEGER(prepare_mean),
    .run = run_u8);
ROW(mean_s16, "mean", RG_DTYPE_INT16, "Mean of int16 over some dimensions", INTEGER(prepare_mean),
    .run = run_s16);
ROW(mean_f32, "mean", RG_DTYPE_FLOAT32, "Mean of float32 over some dimensions",
    .run = run_mean_f32);
ROW(sum_s8, "sum", RG_DTYPE_INT8, "Sum of int8 over some dimensions", INTEGER(prepare_sum),
    .run = run_s8);
ROW(sum_s16, "sum", RG_DTYPE_INT16, "Sum of int16 over some dimensions", INTEGER(prepare_sum),
    .run = run_s16);
ROW(sum_f32, "sum", RG_DTYPE_FLOAT32, "Sum of float32 over some dimensions", .run = run_sum_f32);
