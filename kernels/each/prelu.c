/* prelu.c: bytes with negative values times slopes of their own: the reference's expression, each
 * factor as one shift, in vectors of this level. real.c has the float32 twin. */
#include "kernels/ref/prelu.h"
#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/each/requantize.h"

typedef struct plan {
    rg_scaling above, below;
    rg_prelu_plan exact;
    rg_spread walk;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

/* Scales are positive, so that both factors are shifts. */
static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_status status = call->op->prepare(call, &p->exact, err);
    rg_scaling_of(p->exact.above, &p->above);
    rg_scaling_of(p->exact.below, &p->below);
    p->walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);
    return status;
}

static inline int32_t bent(const plan *p, int32_t x, int32_t slope) {
    int32_t distance = x - p->exact.zero_x;
    int32_t up = rg_scaled(p->above, distance);
    int32_t down = rg_scaled(p->below, distance * (slope - p->exact.zero_a));
    return rg_placed(distance >= 0 ? up : down, p->exact.zero, p->exact.low, p->exact.high);
}

#define ROW(id, type)                                                                              \
    RG_PAIRS_RUN(id, plan, type, int32_t, bent(p, x, y))                                           \
    static void run_##id(const rg_op_call *call, const void *packed, const void *const *in,        \
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {   \
        const plan *p = packed;                                                                    \
        (void)scratch;                                                                             \
        rg_pairs_walk(call, &p->walk, sizeof(type), in, out[0], first_tile, last_tile, id##_run,   \
                      p);                                                                          \
    }                                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "The reference's expression, factors as one shift",                \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = rg_pairs_tiles,                                                      \
                     .run = run_##id}

ROW(prelu_s8, int8_t);
ROW(prelu_u8, uint8_t);
