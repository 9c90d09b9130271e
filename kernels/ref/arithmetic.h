/* arithmetic.h: operators of two operands element by element: what arithmetic.c (8 bits and the
 * plain float32 ones) and arithmetic_more.c (the other types) share, and the constants that the
 * fast kernels take from them. */
#ifndef RG_KERNELS_REF_ARITHMETIC_H
#define RG_KERNELS_REF_ARITHMETIC_H

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

typedef struct rg_arithmetic_params {
    int activation;
    bool pot_scale_int16; /* int16 with power-of-two scales; computed as any other scales */
} rg_arithmetic_params;

/* What a quantized call needs beside its operands. Sums bring operands to twice the larger scale
 * with `shift` fraction bits: `from_a` and `from_b` of the distances from the zero points; of 8
 * bits that is in tables by bit pattern. `factor` makes the output of sums, products and squares.
 */
typedef struct rg_arithmetic_plan {
    int32_t a[256], b[256];
    rg_factor from_a, from_b, factor;
    int32_t zero_a, zero_b, zero, low, high;
    int shift;
} rg_arithmetic_plan;

extern const rg_field rg_sum_fields[];   /* add, sub */
extern const rg_field rg_fused_fields[]; /* those with an activation alone */

/* The fused activation of a call; none where it has no parameters. */
int rg_arithmetic_activation(const rg_op_call *call);

/* Callbacks of rg_op. */
rg_status rg_arithmetic_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
size_t rg_arithmetic_bytes(const rg_op_call *call);
rg_status rg_arithmetic_prepare_mul(const rg_op_call *call, void *state, rg_err *err);

/* Comparisons of values: all three tensors quantized alike, or none at all. */
rg_status rg_arithmetic_check_same(const rg_op_call *call, rg_err *err);

/* Fills the plan of a sum, or, with `squares`, of a squared difference, of `shift` fraction bits.
 */
rg_status rg_arithmetic_common(const rg_op_call *call, int shift, bool squares,
                               rg_arithmetic_plan *ret, rg_err *err);

/* Operands of a sum on the common scale. */
static inline int32_t rg_common_a(const rg_arithmetic_plan *p, int32_t a) {
    return rg_factor_apply(p->from_a, (a - p->zero_a) * (1 << p->shift));
}
static inline int32_t rg_common_b(const rg_arithmetic_plan *p, int32_t b) {
    return rg_factor_apply(p->from_b, (b - p->zero_b) * (1 << p->shift));
}

/* A sum, product or square to the output. */
static inline int32_t rg_arithmetic_out(const rg_arithmetic_plan *p, int32_t v) {
    return rg_requantize(v, p->factor, p->zero, p->low, p->high);
}

/* The walk of one operator and its row: `value` is made of a, b, the float limits low and high and,
 * if it has a state, p. */
#define RG_ARITHMETIC_OP(id, word, dtype, type, text, value, ...)                                  \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        const rg_arithmetic_plan *p = state;                                                       \
        rg_spread walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);                 \
        size_t step_a = walk.step_a[walk.rank - 1], step_b = walk.step_b[walk.rank - 1];           \
        size_t at, end, n, first_a, first_b;                                                       \
        float low, high;                                                                           \
        rg_activation_range_f32(rg_arithmetic_activation(call), &low, &high);                      \
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
                              .in = RG_DTYPE_##dtype,                                              \
                              .weights = RG_DTYPE_##dtype,                                         \
                              .out = RG_DTYPE_##dtype,                                             \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rg_arithmetic_infer,                                        \
                              .work = rg_work_each,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id,                                                     \
                              __VA_ARGS__}
#define RG_ARITHMETIC_PARAMS(table) .params = table, .params_size = sizeof(rg_arithmetic_params)
#define RG_ARITHMETIC_STATE(prepares) .state_bytes = rg_arithmetic_bytes, .prepare = prepares

#endif
