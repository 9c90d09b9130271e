/* cast.c: numbers of one type as another, the pairs that models use: integers to float32 and to
 * wider integers, float32 to integers. A row of the table below is a loop that vectorises. */
#include "kernels/each/level.h"
#include "kernels/ref/need.h"

typedef void cast_fn(const void *in, void *out, size_t n);

#define WIDEN(name, from, to)                                                                      \
    static void name(const void *in, void *out, size_t n) {                                        \
        const from *restrict x = in;                                                               \
        to *restrict y = out;                                                                      \
        for (size_t i = 0; i < n; i++)                                                             \
            y[i] = (to)x[i];                                                                       \
    }
WIDEN(s8_to_f32, int8_t, float)
WIDEN(u8_to_f32, uint8_t, float)
WIDEN(s16_to_f32, int16_t, float)
WIDEN(s32_to_f32, int32_t, float)
WIDEN(s64_to_f32, int64_t, float)
WIDEN(s8_to_s32, int8_t, int32_t)
WIDEN(u8_to_s32, uint8_t, int32_t)
WIDEN(s16_to_s32, int16_t, int32_t)
WIDEN(s64_to_s32, int64_t, int32_t)
WIDEN(s32_to_s64, int32_t, int64_t)
WIDEN(s32_to_s8, int32_t, int8_t)
WIDEN(s32_to_u8, int32_t, uint8_t)

/* Cut towards zero within [low, high], the latter a float32 of its own; no number is 0. */
#define CUT(name, to, low, high)                                                                   \
    static void name(const void *in, void *out, size_t n) {                                        \
        const float *restrict x = in;                                                              \
        to *restrict y = out;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                           \
            float v = x[i] == x[i] ? x[i] : 0;                                                     \
            v = v < (low) ? (low) : v;                                                             \
            y[i] = (to)(int32_t)(v > (high) ? (high) : v);                                         \
        }                                                                                          \
    }
CUT(f32_to_s8, int8_t, -128.0f, 127.0f)
CUT(f32_to_u8, uint8_t, 0.0f, 255.0f)
CUT(f32_to_s16, int16_t, -32768.0f, 32767.0f)

/* The largest int32 is no float32. */
static void f32_to_s32(const void *in, void *out, size_t n) {
    const float *restrict x = in;
    int32_t *restrict y = out;
    for (size_t i = 0; i < n; i++) {
        float v = x[i] == x[i] ? x[i] : 0;
        v = v < -0x1p31f ? -0x1p31f : v;
        int32_t whole = (int32_t)(v > 0x1.fffffep30f ? 0x1.fffffep30f : v);
        y[i] = v > 0x1.fffffep30f ? INT32_MAX : whole;
    }
}

static const struct {
    rg_dtype from, to;
    cast_fn *run;
} casts[] = {
    {RG_DTYPE_INT8, RG_DTYPE_FLOAT32, s8_to_f32},   {RG_DTYPE_UINT8, RG_DTYPE_FLOAT32, u8_to_f32},
    {RG_DTYPE_BOOL, RG_DTYPE_FLOAT32, u8_to_f32},   {RG_DTYPE_INT16, RG_DTYPE_FLOAT32, s16_to_f32},
    {RG_DTYPE_INT32, RG_DTYPE_FLOAT32, s32_to_f32}, {RG_DTYPE_INT64, RG_DTYPE_FLOAT32, s64_to_f32},
    {RG_DTYPE_INT8, RG_DTYPE_INT32, s8_to_s32},     {RG_DTYPE_UINT8, RG_DTYPE_INT32, u8_to_s32},
    {RG_DTYPE_BOOL, RG_DTYPE_INT32, u8_to_s32},     {RG_DTYPE_INT16, RG_DTYPE_INT32, s16_to_s32},
    {RG_DTYPE_INT64, RG_DTYPE_INT32, s64_to_s32},   {RG_DTYPE_INT32, RG_DTYPE_INT64, s32_to_s64},
    {RG_DTYPE_INT32, RG_DTYPE_INT8, s32_to_s8},     {RG_DTYPE_INT32, RG_DTYPE_UINT8, s32_to_u8},
    {RG_DTYPE_FLOAT32, RG_DTYPE_INT8, f32_to_s8},   {RG_DTYPE_FLOAT32, RG_DTYPE_UINT8, f32_to_u8},
    {RG_DTYPE_FLOAT32, RG_DTYPE_INT16, f32_to_s16}, {RG_DTYPE_FLOAT32, RG_DTYPE_INT32, f32_to_s32},
};

static cast_fn *cast_of(const rg_op_call *call) {
    for (size_t i = 0; i < sizeof casts / sizeof casts[0]; i++) {
        if (casts[i].from == call->in[0]->dtype && casts[i].to == call->out[0]->dtype)
            return casts[i].run;
    }
    return NULL;
}

static bool suits(const rg_op_call *call) {
    return cast_of(call) != NULL;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)packed;
    (void)scratch;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    cast_of(call)((const char *)in[0] + at * (rg_dtype_bits(call->in[0]->dtype) / 8),
                  (char *)out[0] + at * (rg_dtype_bits(call->out[0]->dtype) / 8), end - at);
}

RG_KERNEL(cast) = {RG_KERNEL_HEAD(cast), .summary = "Loops of one pair of types each",
                   .suits = suits, .tiles = rg_tiles_each, .run = run};
