/* real.c: two operands element by element where plain C is as fast as anything once it is compiled
 * for the level: float32 arithmetic (the reference's expressions, so its bytes), and the smaller or
 * larger of two bytes. */
#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/arithmetic.h"

typedef struct plan {
    float low, high;
    rg_spread walk;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    plan *p = packed;
    const rg_arithmetic_params *params = call->op->params ? call->params : NULL;
    rg_activation_range_f32(params ? params->activation : RG_ACTIVATION_NONE, &p->low, &p->high);
    p->walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);
    return RG_OK;
}

#define RUN(name, type, expression)                                                                \
    RG_PAIRS_RUN(name, plan, type, type, expression)                                               \
    static void run_##name(const rg_op_call *call, const void *packed, const void *const *in,      \
                           void *const *out, size_t first_tile, size_t last_tile, void *scratch) { \
        (void)scratch;                                                                             \
        rg_pairs_walk(call, &((const plan *)packed)->walk, sizeof(type), in, out[0], first_tile,   \
                      last_tile, name##_run, packed);                                              \
    }                                                                                              \
    RG_KERNEL(name) = {RG_KERNEL_HEAD(name),                                                       \
                       .summary = "The reference's expression in vectors of this level",           \
                       .packed_bytes = packed_bytes,                                               \
                       .pack = pack,                                                               \
                       .tiles = rg_pairs_tiles,                                                    \
                       .run = run_##name};

RUN(add_f32, float, rg_clamp_f32(x + y, p->low, p->high))
RUN(sub_f32, float, rg_clamp_f32(x - y, p->low, p->high))
RUN(mul_f32, float, rg_clamp_f32(x *y, p->low, p->high))
RUN(minimum_f32, float, rg_clamp_f32(y < x ? y : x, p->low, p->high))
RUN(maximum_f32, float, rg_clamp_f32(x < y ? y : x, p->low, p->high))
RUN(div_f32, float, rg_clamp_f32(x / y, p->low, p->high))
RUN(squared_difference_f32, float, (x - y) * (x - y))
RUN(prelu_f32, float, x >= 0 ? x : x * y)
RUN(minimum_s8, int8_t, x < y ? x : y)
RUN(maximum_s8, int8_t, x > y ? x : y)
RUN(minimum_u8, uint8_t, x < y ? x : y)
RUN(maximum_u8, uint8_t, x > y ? x : y)
RUN(minimum_s16, int16_t, x < y ? x : y)
RUN(maximum_s16, int16_t, x > y ? x : y)
RUN(minimum_s32, int32_t, x < y ? x : y)
RUN(maximum_s32, int32_t, x > y ? x : y)
