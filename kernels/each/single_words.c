/* single_words.c: functions of one int16, and changes of scale between integers: the reference's
 * expressions with each factor as one shift; logistic and tanh look their stretch of the curve up
 * with one load of its start and its rise. Negative slopes are left to the reference. */
#include "kernels/each/level.h"
#include "kernels/each/requantize.h"
#include "kernels/ref/curve16.h"
#include "kernels/ref/need.h"
#include "kernels/ref/unary_s16.h"

typedef struct plan {
    rg_scaling above, below;
    int32_t low, high, zero_in, zero;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

/* Lines: is every factor a shift? */
static bool suits_line(const rg_op_call *call) {
    rg_line line;
    rg_scaling by;
    return call->op->prepare(call, &line, NULL) == RG_OK && rg_scaling_of(line.above, &by) &&
           rg_scaling_of(line.below, &by);
}

static rg_status pack_line(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_line line;
    rg_status status = call->op->prepare(call, &line, err);
    rg_scaling_of(line.above, &p->above);
    rg_scaling_of(line.below, &p->below);
    p->low = line.low;
    p->high = line.high;
    return status;
}

static bool suits_scale(const rg_op_call *call) {
    rg_factor factor;
    rg_scaling by;
    return call->op->prepare(call, &factor, NULL) == RG_OK && rg_scaling_of(factor, &by);
}

static rg_status pack_scale(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_factor factor;
    rg_status status = call->op->prepare(call, &factor, err);
    rg_scaling_of(factor, &p->above);
    p->zero_in = call->in[0]->quant.zero_point[0];
    p->zero = call->out[0]->quant.zero_point[0];
    p->low = rg_dtype_low(call->op->out);
    p->high = rg_dtype_high(call->op->out);
    return status;
}

/* The curve's stretches: start in the low half, rise in the high one; the last one is its top. */
typedef struct curve {
    int32_t multiplier, shift, half;
    uint32_t stretch[RG_CURVE16_POINTS];
} curve;

static size_t curve_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(curve);
}

static rg_status pack_curve(const rg_op_call *call, void *packed, rg_err *err) {
    curve *c = packed;
    rg_curve16 exact = {0};
    rg_status status = call->op->prepare(call, &exact, err);
    c->multiplier = exact.multiplier;
    c->shift = exact.shift;
    c->half = exact.shift > 0 ? 1 << (exact.shift - 1) : 0;
    for (int i = 0; i < RG_CURVE16_POINTS - 1; i++)
        c->stretch[i] = exact.point[i] | (uint32_t)(exact.point[i + 1] - exact.point[i]) << 16;
    c->stretch[RG_CURVE16_POINTS - 1] = call->op->kind[0] == 'l' ? 0xfffe : 0xffff;
    return status;
}

/* The curve at x without its sign, which `*ret_negative` tells; `bits` of interpolation. */
static inline int32_t curve_at(const curve *c, int32_t x, int bits, bool *ret_negative) {
    int32_t place = (x * c->multiplier + c->half) >> c->shift;
    int32_t size = place < 0 ? -place : place, i = size >> bits;
    uint32_t stretch = c->stretch[i < RG_CURVE16_POINTS - 1 ? i : RG_CURVE16_POINTS - 1];
    *ret_negative = place < 0;
    return (int32_t)(((stretch & 0xffff) << bits) +
                     ((uint32_t)size & ((1u << bits) - 1)) * (stretch >> 16));
}

static inline int32_t logistic_of(const curve *c, int32_t x) {
    bool negative;
    int32_t y = curve_at(c, x, 9, &negative);
    return (negative ? (1 << 25) - y + (1 << 9) - 1 : y + (1 << 9)) >> 10;
}

static inline int32_t tanh_of(const curve *c, int32_t x) {
    bool negative;
    int32_t y = curve_at(c, x, 8, &negative);
    return (negative ? -y + (1 << 23) + (1 << 7) - 1 : y - (1 << 23) + (1 << 7)) >> 8;
}

static inline int32_t within(int32_t q, const plan *p) {
    return rg_placed(q, p->zero, p->low, p->high);
}

/* Less the zero point of the input, as the reference wraps it. */
static inline int32_t distance(const plan *p, int32_t x) {
    return (int32_t)((uint32_t)x - (uint32_t)p->zero_in);
}

/* q + zero within int32. */
static inline int32_t placed_wide(int32_t q, int32_t zero) {
    int64_t sum = (int64_t)q + zero;
    return (int32_t)(sum < INT32_MIN ? INT32_MIN : sum > INT32_MAX ? INT32_MAX : sum);
}

/* One operator a row: what is packed, types, value of x. */
#define ROW(id, state, from, to, value, ...)                                                       \
    static void id##_steps(const state *p, const from *restrict in, to *restrict out, size_t n) {  \
        for (size_t i = 0; i < n; i++) {                                                           \
            int32_t x = in[i];                                                                     \
            out[i] = (to)(value);                                                                  \
        }                                                                                          \
    }                                                                                              \
    static void run_##id(const rg_op_call *call, const void *packed, const void *const *in,        \
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {   \
        size_t at, end;                                                                            \
        (void)scratch;                                                                             \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        const state held = *(const state *)packed;                                                 \
        id##_steps(&held, (const from *)in[0] + at, (to *)out[0] + at, end - at);                  \
    }                                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "The reference's expression, factors as one shift",                \
                     .tiles = rg_tiles_each, .run = run_##id, __VA_ARGS__}
#define LINE .suits = suits_line, .packed_bytes = packed_bytes, .pack = pack_line
#define SCALE .suits = suits_scale, .packed_bytes = packed_bytes, .pack = pack_scale
#define CURVE .packed_bytes = curve_bytes, .pack = pack_curve
#define BENT rg_scaled(p->above, x)
#define SCALED rg_scaled(p->above, distance(p, x))

ROW(relu_s16, plan, int16_t, int16_t, within(BENT, p), LINE);
ROW(relu6_s16, plan, int16_t, int16_t, within(BENT, p), LINE);
ROW(relu_n1_to_1_s16, plan, int16_t, int16_t, within(BENT, p), LINE);
ROW(leaky_relu_s16, plan, int16_t, int16_t,
    within(x < 0 ? rg_scaled(p->below, x) : rg_scaled(p->above, x), p), LINE);
ROW(abs_s16, plan, int16_t, int16_t, within(rg_scaled(p->above, x < 0 ? -x : x), p), LINE);
ROW(logistic_s16, curve, int16_t, int16_t, logistic_of(p, x), CURVE);
ROW(tanh_s16, curve, int16_t, int16_t, tanh_of(p, x), CURVE);
ROW(quantize_s16_s8, plan, int16_t, int8_t, within(SCALED, p), SCALE);
ROW(quantize_s8_s16, plan, int8_t, int16_t, within(SCALED, p), SCALE);
ROW(quantize_s16_s16, plan, int16_t, int16_t, within(SCALED, p), SCALE);
ROW(quantize_s32_s8, plan, int32_t, int8_t, within(SCALED, p), SCALE);
ROW(quantize_s32_s16, plan, int32_t, int16_t, within(SCALED, p), SCALE);
ROW(quantize_s16_s32, plan, int16_t, int32_t, placed_wide(SCALED, p->zero), SCALE);
ROW(quantize_s8_s32, plan, int8_t, int32_t, placed_wide(SCALED, p->zero), SCALE);
