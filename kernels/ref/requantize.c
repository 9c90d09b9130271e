/* requantize.c: between real, int16 and int32 values and other quantizations; what quantize.c
 * leaves. Truth: float divides by the scale in float32 and rounds halves away from zero; integers
 * form the quotient of scales in double and round twice; int16 to float is scale * (q - zero
 * point). */
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

/* One scale; int32 may have any zero point, 8 and 16 bits one within their type. */
static rg_status check_one(const rg_tensor *t, const char *what, rg_err *err) {
    if (t->dtype != RG_DTYPE_INT32)
        return t->dtype == RG_DTYPE_FLOAT32 ? RG_OK : rg_need_quant(t, what, err);
    if (t->quant.n != 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s (%s) has %u scales, one is needed", what,
                       t->name, t->quant.n);
    return RG_OK;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = check_one(call->in[0], "input", err);
    return status == RG_OK ? check_one(call->out[0], "output", err) : status;
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    double quotient = (double)call->in[0]->quant.scale[0] / (double)call->out[0]->quant.scale[0];
    return rg_factor_from(quotient, "input and output", state, err);
}

static int32_t low_of(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT32 ? INT32_MIN : rg_dtype_low(dtype);
}

static int32_t high_of(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT32 ? INT32_MAX : rg_dtype_high(dtype);
}

static inline int32_t rescale(const rg_op_call *call, const void *state, int32_t q) {
    const rg_factor *factor = state;
    uint32_t x = (uint32_t)q - (uint32_t)call->in[0]->quant.zero_point[0]; /* wraps */
    return rg_requantize((int32_t)x, *factor, call->out[0]->quant.zero_point[0],
                         low_of(call->op->out), high_of(call->op->out));
}

static inline int32_t to_quantum(const rg_op_call *call, float v) {
    const rg_quant *q = &call->out[0]->quant;
    return (int32_t)rg_clamp((int64_t)rg_round_away(v / q->scale[0]) + q->zero_point[0],
                             low_of(call->op->out), high_of(call->op->out));
}

static inline float to_real(const rg_op_call *call, int32_t v) {
    const rg_quant *q = &call->in[0]->quant;
    return (float)((double)q->scale[0] * (double)((int64_t)v - q->zero_point[0]));
}

/* One operator a row: name, kind, types with their C types, sentence, value of x. */
#define ROW(id, word, from, from_type, to, to_type, text, value, ...)                              \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        (void)state;                                                                               \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        for (; at < end; at++) {                                                                   \
            from_type x = ((const from_type *)in[0])[at];                                          \
            ((to_type *)out[0])[at] = (to_type)(value);                                            \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_##from,                                               \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_##to,                                                \
                              .min_in = 1,                                                         \
                              .max_in = 1,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rg_infer_like_input,                                        \
                              .check = check,                                                      \
                              .work = rg_work_each,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run_##id,                                                     \
                              __VA_ARGS__}
#define BETWEEN(a, from, from_type, b, to, to_type)                                                \
    ROW(quantize_##a##_##b, "quantize", from, from_type, to, to_type,                              \
        #from_type " to " #to_type " on another scale", rescale(call, state, x),                   \
        .state_bytes = state_bytes, .prepare = prepare)

BETWEEN(s16, INT16, int16_t, s8, INT8, int8_t);
BETWEEN(s8, INT8, int8_t, s16, INT16, int16_t);
BETWEEN(s16, INT16, int16_t, s16, INT16, int16_t);
BETWEEN(s16, INT16, int16_t, s32, INT32, int32_t);
BETWEEN(s8, INT8, int8_t, s32, INT32, int32_t);
BETWEEN(s32, INT32, int32_t, s8, INT8, int8_t);
BETWEEN(s32, INT32, int32_t, s16, INT16, int16_t);
ROW(quantize_f32_s16, "quantize", FLOAT32, float, INT16, int16_t, "float32 to int16",
    to_quantum(call, x), .params = NULL);
ROW(dequantize_s16_f32, "dequantize", INT16, int16_t, FLOAT32, float, "int16 to float32",
    to_real(call, x), .params = NULL);
ROW(dequantize_s32_f32, "dequantize", INT32, int32_t, FLOAT32, float, "int32 to float32",
    to_real(call, x), .params = NULL);
