/* reduce.c: largest and smallest value, product, "any" and "all" over some dimensions (axes.h).
 * Quantized values are compared as they are, so input and output must be quantized alike; products
 * are defined for float32 and int32 only (int32 wraps). */
#include "kernels/ref/axes.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    if (call->in[0]->quant.n == 0 && call->out[0]->quant.n == 0)
        return RG_OK;
    rg_status status = rg_need_call_quant(call, 1, err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

/* One operator a row: name, kind, element type, its C type, sentence, how two values become one. */
#define ROW(id, word, dtype, type, text, checks, join)                                             \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        (void)state;                                                                               \
        rg_axes axes = rg_axes_plan(call);                                                         \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++) {                                                                   \
            const type *x = (const type *)in[0] + rg_axes_start(&axes, at);                        \
            type a = *x;                                                                           \
            for (size_t i = 1; i < axes.count; i++) {                                              \
                type b = x[rg_axes_at(&axes, i)];                                                  \
                a = (type)(join);                                                                  \
            }                                                                                      \
            ((type *)out[0])[at] = a;                                                              \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_##dtype,                                              \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_##dtype,                                             \
                              .params = rg_reduce_fields,                                          \
                              .params_size = sizeof(rg_reduce_params),                             \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rg_axes_infer,                                              \
                              .check = checks,                                                     \
                              .work = rg_axes_work,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id}
#define LARGEST(code, dtype, type)                                                                 \
    ROW(reduce_max_##code, "reduce_max", dtype, type, "Largest " #type " over some dimensions",    \
        check, b > a ? b : a)
#define SMALLEST(code, dtype, type)                                                                \
    ROW(reduce_min_##code, "reduce_min", dtype, type, "Smallest " #type " over some dimensions",   \
        check, b < a ? b : a)

LARGEST(s8, INT8, int8_t);
LARGEST(u8, UINT8, uint8_t);
LARGEST(s16, INT16, int16_t);
LARGEST(s32, INT32, int32_t);
LARGEST(f32, FLOAT32, float);
SMALLEST(s8, INT8, int8_t);
SMALLEST(u8, UINT8, uint8_t);
SMALLEST(s16, INT16, int16_t);
SMALLEST(s32, INT32, int32_t);
SMALLEST(f32, FLOAT32, float);
ROW(reduce_prod_f32, "reduce_prod", FLOAT32, float, "Product of float32 over some dimensions", NULL,
    a *b);
ROW(reduce_prod_s32, "reduce_prod", INT32, int32_t, "Product of int32 over some dimensions", NULL,
    (uint32_t)a *(uint32_t)b);
ROW(reduce_any_b8, "reduce_any", BOOL, uint8_t, "Whether any over some dimensions is true", NULL,
    a || b);
ROW(reduce_all_b8, "reduce_all", BOOL, uint8_t, "Whether all over some dimensions are true", NULL,
    a &&b);
