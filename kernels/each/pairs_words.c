/* pairs_words.c: two operands of int16 element by element, and squared differences of int8: the
 * reference's expressions with each factor as one shift, in vectors of this level. */
#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/each/requantize.h"
#include "kernels/ref/arithmetic.h"

typedef struct plan {
    bool quick; /* all factors are shifts; else the reference computes the call */
    rg_scaling from_a, from_b, to;
    int32_t zero_a, zero_b, zero, low, high, shift;
    rg_spread walk;
    rg_arithmetic_plan exact; /* the reference's own */
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_arithmetic_plan *exact = &p->exact;
    rg_status status = call->op->prepare(call, exact, err);
    p->quick = rg_scaling_of(exact->from_a, &p->from_a) &&
               rg_scaling_of(exact->from_b, &p->from_b) && rg_scaling_of(exact->factor, &p->to);
    p->zero_a = exact->zero_a;
    p->zero_b = exact->zero_b;
    p->zero = exact->zero;
    p->low = exact->low;
    p->high = exact->high;
    p->shift = exact->shift;
    p->walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);
    return status;
}

static inline int32_t common_a(const plan *p, int32_t a) {
    return rg_scaled(p->from_a, (a - p->zero_a) * (1 << p->shift));
}

static inline int32_t common_b(const plan *p, int32_t b) {
    return rg_scaled(p->from_b, (b - p->zero_b) * (1 << p->shift));
}

static inline int32_t squared(int32_t gap) {
    return (int32_t)((uint32_t)gap * (uint32_t)gap);
}

/* `value` is the sum, product or square. */
#define RUN(name, type, value)                                                                     \
    RG_PAIRS_RUN(name, plan, type, int32_t,                                                        \
                 rg_placed(rg_scaled(p->to, value), p->zero, p->low, p->high))                     \
    static void run_##name(const rg_op_call *call, const void *packed, const void *const *in,      \
                           void *const *out, size_t first_tile, size_t last_tile, void *scratch) { \
        const plan *p = packed;                                                                    \
        (void)scratch;                                                                             \
        if (p->quick)                                                                              \
            rg_pairs_walk(call, &p->walk, sizeof(type), in, out[0], first_tile, last_tile,         \
                          name##_run, p);                                                          \
        else                                                                                       \
            rg_pairs_by_reference(call, &p->exact, in, out, first_tile, last_tile);                \
    }                                                                                              \
    RG_KERNEL(name) = {RG_KERNEL_HEAD(name),                                                       \
                       .summary = "The reference's expression, factors as one shift",              \
                       .packed_bytes = packed_bytes,                                               \
                       .pack = pack,                                                               \
                       .tiles = rg_pairs_tiles,                                                    \
                       .run = run_##name};

RUN(add_s16, int16_t, common_a(p, x) + common_b(p, y))
RUN(sub_s16, int16_t, common_a(p, x) - common_b(p, y))
RUN(mul_s16, int16_t, x *y)
RUN(squared_difference_s16, int16_t, squared(common_a(p, x) - common_b(p, y)))
RUN(squared_difference_s8, int8_t, squared(common_a(p, x) - common_b(p, y)))
