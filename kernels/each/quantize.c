/* quantize.c: float32 to bytes and back, the reference's arithmetic in plain C that vectorises: a
 * division by the scale, halves away from zero by adding the float below one half and truncating; a
 * product by the scale, which float32 rounds as the reference's double does (9 bits by 24 are exact
 * there). */
#include "kernels/each/level.h"
#include "kernels/ref/need.h"

enum { TILE = 4096 }; /* elements */

static size_t tiles(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + TILE - 1) / TILE;
}

static bool has_one_scale(const rg_op_call *call) {
    return call->in[0]->quant.n <= 1;
}

/* Beyond +-1024 every result is at an end of the type; NaN goes the way of the smallest. */
static inline int32_t quantized(float x, float scale, int32_t zero, int32_t low, int32_t high) {
    float real = x / scale;
    real = real > -1024.0f ? real : -1024.0f;
    real = real < 1024.0f ? real : 1024.0f;
    int32_t q = (int32_t)(real + __builtin_copysignf(0x1.fffffep-2f, real)) + zero;
    q = q < low ? low : q;
    return q > high ? high : q;
}

static void quantize(const float *restrict x, uint8_t *restrict out, size_t n, float scale,
                     int32_t zero, int32_t low, int32_t high) {
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)quantized(x[i], scale, zero, low, high);
}

#define DEQUANTIZE(name, type)                                                                     \
    static void name(const type *restrict x, float *restrict out, size_t n, float scale,           \
                     int32_t zero) {                                                               \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = scale * (float)(x[i] - zero);                                                 \
    }
DEQUANTIZE(dequantize_s8, int8_t)
DEQUANTIZE(dequantize_u8, uint8_t)

static void run_quantize(const rg_op_call *call, const void *packed, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    (void)packed;
    (void)scratch;
    const rg_tensor *t = call->out[0];
    size_t n = rg_elements(t), at = first_tile * TILE, end = last_tile * TILE;
    end = end < n ? end : n;
    quantize((const float *)in[0] + at, (uint8_t *)out[0] + at, end - at, t->quant.scale[0],
             t->quant.zero_point[0], rg_dtype_low(t->dtype), rg_dtype_high(t->dtype));
}

static void run_dequantize(const rg_op_call *call, const void *packed, const void *const *in,
                           void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    (void)packed;
    (void)scratch;
    const rg_tensor *t = call->in[0];
    size_t n = rg_elements(t), at = first_tile * TILE, end = last_tile * TILE;
    float scale = t->quant.scale[0], *to = (float *)out[0] + at;
    int32_t zero = t->quant.zero_point[0];
    end = end < n ? end : n;
    if (t->dtype == RG_DTYPE_INT8)
        dequantize_s8((const int8_t *)in[0] + at, to, end - at, scale, zero);
    else
        dequantize_u8((const uint8_t *)in[0] + at, to, end - at, scale, zero);
}

#define ROW(id, runs)                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "The reference's arithmetic in vectors of this level",             \
                     .suits = has_one_scale, .tiles = tiles, .run = runs}

ROW(quantize_f32_s8, run_quantize);
ROW(quantize_f32_u8, run_quantize);
ROW(dequantize_s8_f32, run_dequantize);
ROW(dequantize_u8_f32, run_dequantize);
