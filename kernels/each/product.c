/* product.c: products of two tensors of bytes, exact. The product of the distances from the zero
 * points is a whole number below 2^17, exact in float32; one fused multiply-add by the factor
 * rounds it to the output's quanta. At load a factor is sought that gives the reference's byte for
 * all 65,536 pairs, among the floats next to the true one; where none does, the reference computes
 * the call.
 */
#include <math.h>
#include <stdlib.h>

#include "kernels/each/fake.h"
#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/ref/arithmetic.h"

typedef struct plan {
    bool proven, is_unsigned;
    int32_t zero_a, zero_b, low, high;
    float factor, nudge; /* nudge: away from zero */
    float magic;         /* 1.5 * 2^23 and the zero point: adding it rounds to integers */
    int32_t magic_bits;  /* of 1.5 * 2^23 alone */
    rg_spread walk;
    rg_arithmetic_plan exact; /* the reference's own */
} plan;

static inline int32_t value_of(int8_t byte, bool is_unsigned) {
    return is_unsigned ? (uint8_t)byte : byte;
}

static inline __attribute__((always_inline)) void multiply(const plan *p, bool is_unsigned,
                                                           const int8_t *restrict a, size_t step_a,
                                                           const int8_t *restrict b, size_t step_b,
                                                           int8_t *restrict out, size_t n) {
    int32_t zero_a = p->zero_a, zero_b = p->zero_b, low = p->low, high = p->high;
    int32_t bits = p->magic_bits;
    float factor = p->factor, nudge = p->nudge, magic = p->magic;
    for (size_t i = 0; i < n; i++) {
        int32_t x = value_of(a[i * step_a], is_unsigned) - zero_a, q;
        int32_t product = x * (value_of(b[i * step_b], is_unsigned) - zero_b);
        float exact = (float)product;
        float real = __builtin_fmaf(exact, factor, __builtin_copysignf(nudge, exact)) + magic;
        memcpy(&q, &real, sizeof q);
        q -= bits;
        q = q < low ? low : q;
        out[i] = (int8_t)(q > high ? high : q);
    }
}

static inline __attribute__((always_inline)) void multiply_any(const plan *p, bool is_unsigned,
                                                               const void *a, size_t step_a,
                                                               const void *b, size_t step_b,
                                                               void *out, size_t n) {
    if (step_a && step_b)
        multiply(p, is_unsigned, a, 1, b, 1, out, n);
    else if (step_a)
        multiply(p, is_unsigned, a, 1, b, 0, out, n);
    else
        multiply(p, is_unsigned, a, 0, b, step_b, out, n);
}

static void multiply_run(const void *p, const void *a, size_t step_a, const void *b, size_t step_b,
                         void *out, size_t n) {
    if (((const plan *)p)->is_unsigned)
        multiply_any(p, true, a, step_a, b, step_b, out, n);
    else
        multiply_any(p, false, a, step_a, b, step_b, out, n);
}

typedef struct search {
    int8_t a[RG_FAKE_PAIRS], b[RG_FAKE_PAIRS], truth[RG_FAKE_PAIRS], answer[RG_FAKE_PAIRS];
} search;

static void seek(const rg_op_call *call, search *s, plan *p) {
    static const float parts[] = {1, 1.001f, 0.999f, 1.03f, 0.97f, 0};
    float real =
        call->in[0]->quant.scale[0] * call->in[1]->quant.scale[0] / call->out[0]->quant.scale[0];
    int e = -p->exact.factor.shift;
    if (real > 128 || real < 0x1p-60f) /* the sum leaves the floats that are integers */
        return;
    p->factor = real;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !p->proven; i++) {
        p->nudge = e > 0 ? ldexpf(parts[i], -e - 1) : 0;
        multiply_run(p, s->a, 1, s->b, 1, s->answer, RG_FAKE_PAIRS);
        p->proven = !memcmp(s->answer, s->truth, RG_FAKE_PAIRS);
    }
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_status status = call->op->prepare(call, &p->exact, err);
    search *s = status == RG_OK ? malloc(sizeof *s) : NULL;
    if (status == RG_OK && !s)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "%s: no memory to prove it", call->op->name);
    if (status != RG_OK)
        return status;
    p->zero_a = p->exact.zero_a;
    p->zero_b = p->exact.zero_b;
    p->low = p->exact.low;
    p->high = p->exact.high;
    p->is_unsigned = call->op->in == RG_DTYPE_UINT8;
    p->magic_bits = 0x4B400000;
    p->magic = 0x1.8p23f + (float)p->exact.zero;
    p->walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);
    rg_fake_pairs(s->a, s->b);
    status = rg_fake_run(call, s->a, s->b, s->truth, RG_FAKE_PAIRS, err);
    if (status == RG_OK)
        seek(call, s, p);
    free(s);
    return status;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    if (p->proven)
        rg_pairs_walk(call, &p->walk, 1, in, out[0], first_tile, last_tile, multiply_run, p);
    else
        rg_pairs_by_reference(call, &p->exact, in, out, first_tile, last_tile);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "A product in float32, proven over all pairs at load",             \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = rg_pairs_tiles,                                                      \
                     .run = run}

ROW(mul_s8);
ROW(mul_u8);
