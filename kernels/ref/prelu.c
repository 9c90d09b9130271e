/* prelu.c: values from zero up as they are, negative ones times a slope of their own (input 1,
 * broadcast to input 0), int8, uint8 and float32. Truth of 8 bits: quotients of scales in float32,
 * double rounding. */
#include "kernels/ref/prelu.h"

#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_spread_shape(&call->in[0]->shape, &call->in[1]->shape, &shape, err);
    if (status == RG_OK && !rg_shape_equal(&shape, &call->in[0]->shape))
        status = rg_fail(err, RG_BAD_DATA, NULL, "prelu with more slopes than values");
    return status == RG_OK ? rg_give_output(ret_out, call->op->out, &shape, err) : status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 2, err);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_prelu_plan);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_prelu_plan *p = state;
    const rg_quant *x = &call->in[0]->quant, *a = &call->in[1]->quant, *to = &call->out[0]->quant;
    float straight = x->scale[0] / to->scale[0];
    float product = x->scale[0] * a->scale[0] / to->scale[0];
    p->zero_x = x->zero_point[0];
    p->zero_a = a->zero_point[0];
    p->zero = to->zero_point[0];
    p->low = rg_dtype_low(call->op->out);
    p->high = rg_dtype_high(call->op->out);
    rg_status status = rg_factor_from((double)straight, "input and output", &p->above, err);
    return status == RG_OK ? rg_factor_from((double)product, "slope and output", &p->below, err)
                           : status;
}

static inline int32_t bent(const rg_prelu_plan *p, int32_t x, int32_t slope) {
    int32_t distance = x - p->zero_x;
    return distance >= 0
               ? rg_requantize(distance, p->above, p->zero, p->low, p->high)
               : rg_requantize(distance * (slope - p->zero_a), p->below, p->zero, p->low, p->high);
}

/* One operator a row: name, type, its C type, sentence, value of x and slope. */
#define ROW(id, dtype, type, text, value, ...)                                                     \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        const rg_prelu_plan *p = state;                                                            \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_x = walk.step_a[walk.rank - 1], step_a = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, first_x, first_a;                                                       \
        (void)p;                                                                                   \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at += n) {                                                                \
            n = rg_spread_run(&walk, at, end, &first_x, &first_a);                                 \
            for (size_t i = 0; i < n; i++) {                                                       \
                type x = ((const type *)in[0])[first_x + i * step_x];                              \
                type slope = ((const type *)in[1])[first_a + i * step_a];                          \
                ((type *)out[0])[at + i] = (type)(value);                                          \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "prelu",                                                     \
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
#define QUANTIZED .check = check, .state_bytes = state_bytes, .prepare = prepare

ROW(prelu_s8, RG_DTYPE_INT8, int8_t, "int8, negative values with slopes", bent(p, x, slope),
    QUANTIZED);
ROW(prelu_u8, RG_DTYPE_UINT8, uint8_t, "uint8, negative values with slopes", bent(p, x, slope),
    QUANTIZED);
ROW(prelu_f32, RG_DTYPE_FLOAT32, float, "float32, negative values with slopes",
    x >= 0 ? x : x * slope, .check = NULL);
