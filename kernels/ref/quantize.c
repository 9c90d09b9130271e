/* quantize.c: between real and quantized values and between quantizations. Truth: float to 8 bits
 * divides by the scale in float32 and rounds halves away from zero; 8 bits to 8 bits forms the
 * quotient of scales in double and rounds twice; 8 bits to float is scale * (q - zero point). */
#include "kernels/ref/blocks4.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

static rg_status check_out(const rg_op_call *call, rg_err *err) {
    return rg_need_quant(call->out[0], "output", err);
}

static rg_status check_both(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 1, err);
}

/* One scale, or one a channel (rg_graph_check has seen that they fit the axis). */
static rg_status check_in(const rg_op_call *call, rg_err *err) {
    return call->in[0]->quant.n > 1 ? RG_OK : rg_need_quant(call->in[0], "input", err);
}

/* Bytes as int8 or uint8, by the tensor's type. */
static inline int32_t byte_value(const rg_tensor *t, uint8_t byte) {
    return t->dtype == RG_DTYPE_INT8 ? (int8_t)byte : byte;
}

static void run_from_f32(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_tensor *t = call->out[0];
    float scale = t->quant.scale[0];
    int32_t zero = t->quant.zero_point[0];
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        int32_t q = rg_round_away(((const float *)in[0])[at] / scale) + zero;
        ((uint8_t *)out[0])[at] =
            (uint8_t)rg_clamp(q, rg_dtype_low(t->dtype), rg_dtype_high(t->dtype));
    }
}

/* State of byte to byte: the result of every byte. */
static size_t table_bytes(const rg_op_call *call) {
    (void)call;
    return 256;
}

static rg_status prepare_table(const rg_op_call *call, void *state, rg_err *err) {
    const rg_tensor *from = call->in[0], *to = call->out[0];
    uint8_t *table = state;
    rg_factor factor;
    rg_status status = rg_factor_from((double)from->quant.scale[0] / (double)to->quant.scale[0],
                                      "input and output", &factor, err);
    for (int byte = 0; status == RG_OK && byte < 256; byte++) {
        int32_t x = byte_value(from, (uint8_t)byte) - from->quant.zero_point[0];
        table[byte] = (uint8_t)rg_requantize(x, factor, to->quant.zero_point[0],
                                             rg_dtype_low(to->dtype), rg_dtype_high(to->dtype));
    }
    return status;
}

static void run_table(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    const uint8_t *table = state, *x = in[0];
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((uint8_t *)out[0])[at] = table[x[at]];
}

static void run_to_f32(const rg_op_call *call, const void *state, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_tensor *t = call->in[0];
    size_t inner = 1, at, end; /* elements between one channel and the next */
    for (uint32_t d = t->quant.axis + 1; t->quant.n > 1 && d < t->shape.rank; d++)
        inner *= (size_t)t->shape.dim[d];
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        size_t channel = t->quant.n > 1 ? at / inner % t->quant.n : 0;
        int64_t q = byte_value(t, ((const uint8_t *)in[0])[at]);
        q -= t->quant.zero_point[channel];
        ((float *)out[0])[at] = (float)((double)t->quant.scale[channel] * (double)q);
    }
}

static void run_from_f16(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out[0])[at] = rg_half_to_float(((const uint16_t *)in[0])[at]);
}

#define NO_STATE .state_bytes = NULL
#define TABLE .state_bytes = table_bytes, .prepare = prepare_table

/* One operator a row: name, kind, types, sentence, check, state, run. */
#define ROW(id, word, from, to, text, checks, held, runs)                                          \
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
                              .check = checks,                                                     \
                              .work = rg_work_each,                                                \
                              held,                                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = runs}

ROW(quantize_f32_s8, "quantize", FLOAT32, INT8, "float32 to int8", check_out, NO_STATE,
    run_from_f32);
ROW(quantize_f32_u8, "quantize", FLOAT32, UINT8, "float32 to uint8", check_out, NO_STATE,
    run_from_f32);
ROW(quantize_s8_s8, "quantize", INT8, INT8, "int8 to another scale", check_both, TABLE, run_table);
ROW(quantize_s8_u8, "quantize", INT8, UINT8, "int8 to uint8", check_both, TABLE, run_table);
ROW(quantize_u8_s8, "quantize", UINT8, INT8, "uint8 to int8", check_both, TABLE, run_table);
ROW(quantize_u8_u8, "quantize", UINT8, UINT8, "uint8 to another scale", check_both, TABLE,
    run_table);
ROW(dequantize_s8_f32, "dequantize", INT8, FLOAT32, "int8 to float32", check_in, NO_STATE,
    run_to_f32);
ROW(dequantize_u8_f32, "dequantize", UINT8, FLOAT32, "uint8 to float32", check_in, NO_STATE,
    run_to_f32);
ROW(dequantize_f16_f32, "dequantize", FLOAT16, FLOAT32, "float16 to float32", NULL, NO_STATE,
    run_from_f16);
