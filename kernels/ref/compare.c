/* compare.c: comparisons of two operands with broadcasting, to bool, and the logical operators.
 * Truth of int8 and uint8: both sides less their zero points, with 8 fraction bits, times their own
 * scale by double rounding, then compared; scales must be below 1. */
#include <string.h>

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

enum { FRACTION_BITS = 8 };

/* Quantized operands: each byte's value on the real line. */
typedef struct plan {
    int32_t a[256], b[256];
} plan;

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_spread_shape(&call->in[0]->shape, &call->in[1]->shape, &shape, err);
    return status == RG_OK ? rg_give_output(ret_out, RG_DTYPE_BOOL, &shape, err) : status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_quant(call->in[0], "input 0", err);
    return status == RG_OK ? rg_need_quant(call->in[1], "input 1", err) : status;
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status tabulate(const rg_tensor *t, const char *what, int32_t *ret, rg_err *err) {
    rg_factor factor;
    rg_status status = rg_factor_from((double)t->quant.scale[0], what, &factor, err);
    if (status == RG_OK && factor.shift > 0)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s has the scale %g, only below 1 is defined",
                       what, (double)t->quant.scale[0]);
    for (int32_t q = rg_dtype_low(t->dtype); status == RG_OK && q <= rg_dtype_high(t->dtype); q++)
        ret[(uint8_t)q] =
            rg_factor_apply(factor, (q - t->quant.zero_point[0]) * (1 << FRACTION_BITS));
    return status;
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    rg_status status = tabulate(call->in[0], "input 0", p->a, err);
    return status == RG_OK ? tabulate(call->in[1], "input 1", p->b, err) : status;
}

/* The walk over pairs: `value` makes what is compared out of elements x[...] and y[...]. */
#define RUN(id, type, test)                                                                        \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        const plan *p = state;                                                                     \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_a = walk.step_a[walk.rank - 1], step_b = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, first_a, first_b;                                                       \
        (void)p;                                                                                   \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at += n) {                                                                \
            n = rg_spread_run(&walk, at, end, &first_a, &first_b);                                 \
            const type *x = (const type *)in[0] + first_a, *y = (const type *)in[1] + first_b;     \
            for (size_t i = 0; i < n; i++) {                                                       \
                type a = x[i * step_a], b = y[i * step_b];                                         \
                ((uint8_t *)out[0])[at + i] = (test);                                              \
            }                                                                                      \
        }                                                                                          \
    }

#define COMMON(id, word, dtype, text)                                                              \
    .name = #id, .kind = word, .summary = text, .in = dtype, .weights = dtype,                     \
    .out = RG_DTYPE_BOOL, .min_in = 2, .max_in = 2, .n_out = 1, .infer = infer,                    \
    .work = rg_work_each, .tiles = rg_tiles_each, .run = run_##id

/* A row for plain numbers, one for quantized bytes, and all types of one comparison. */
#define PLAIN(word, code, dtype, type, beats)                                                      \
    RUN(word##_##code, type, a beats b)                                                            \
    const rg_op rg_op_##word##_##code = {                                                          \
        COMMON(word##_##code, #word, RG_DTYPE_##dtype, "Whether a " #beats " b, " #type)}
#define BYTES(word, code, dtype, beats)                                                            \
    RUN(word##_##code, uint8_t, p->a[a] beats p->b[b])                                             \
    const rg_op rg_op_##word##_##code = {                                                          \
        COMMON(word##_##code, #word, RG_DTYPE_##dtype, "Whether a " #beats " b, quantized bytes"), \
        .check = check, .state_bytes = state_bytes, .prepare = prepare}
#define ORDER(word, beats)                                                                         \
    PLAIN(word, f32, FLOAT32, float, beats);                                                       \
    PLAIN(word, s32, INT32, int32_t, beats);                                                       \
    PLAIN(word, s64, INT64, int64_t, beats);                                                       \
    BYTES(word, s8, INT8, beats);                                                                  \
    BYTES(word, u8, UINT8, beats)

ORDER(equal, ==);
ORDER(not_equal, !=);
ORDER(less, <);
ORDER(less_equal, <=);
ORDER(greater, >);
ORDER(greater_equal, >=);
PLAIN(equal, b8, BOOL, uint8_t, ==);
PLAIN(not_equal, b8, BOOL, uint8_t, !=);
PLAIN(logical_and, b8, BOOL, uint8_t, &&);
PLAIN(logical_or, b8, BOOL, uint8_t, ||);

static rg_status infer_not(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    return rg_give_output(ret_out, RG_DTYPE_BOOL, &call->in[0]->shape, err);
}

static void run_not(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((uint8_t *)out[0])[at] = !((const uint8_t *)in[0])[at];
}

const rg_op rg_op_logical_not_b8 = {
    .name = "logical_not_b8",
    .kind = "logical_not",
    .summary = "What is not true",
    .in = RG_DTYPE_BOOL,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_BOOL,
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer_not,
    .work = rg_work_each,
    .tiles = rg_tiles_each,
    .run = run_not,
};
