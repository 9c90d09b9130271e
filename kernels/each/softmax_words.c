/* softmax_words.c: softmax of int16, the reference's tables: each stretch's start and slope come in
 * one load, its scaling is one shift, and the output a 32-bit product. */
#include "kernels/each/level.h"
#include "kernels/each/requantize.h"
#include "kernels/ref/need.h"
#include "kernels/ref/softmax_s16.h"

typedef struct plan {
    rg_softmax_s16_plan exact;
    rg_scaling by;
    int32_t stretch[RG_TABLE16_POINTS - 1]; /* of exp: start in the low half, slope in the high */
    size_t depth;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

/* Negative scales are left to the reference. */
static bool suits(const rg_op_call *call) {
    rg_softmax_s16_plan exact;
    rg_scaling by;
    return call->op->prepare(call, &exact, NULL) == RG_OK && rg_scaling_of(exact.factor, &by);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_status status = call->op->prepare(call, &p->exact, err);
    const int16_t *points = p->exact.exp;
    rg_scaling_of(p->exact.factor, &p->by);
    p->depth = (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
    for (int i = 0; i < RG_TABLE16_POINTS - 1; i++)
        p->stretch[i] =
            (int32_t)((uint32_t)(uint16_t)points[i] | (uint32_t)(points[i + 1] - points[i]) << 16);
    return status;
}

static size_t tiles(const rg_op_call *call) {
    return rg_elements(call->in[0]) / (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
}

/* exp of the distances from `most`, as rg_table16_at. */
static int64_t powers(const plan *p, const int16_t *restrict x, int16_t *restrict out,
                      int32_t most) {
    const rg_scaling by = p->by;
    const int32_t *stretch = p->stretch;
    int64_t sum = 0;
    for (size_t i = 0; i < p->depth; i++) {
        int32_t gap = rg_scaled(by, x[i] - most); /* above 0 where a left shift wraps */
        gap = gap < 0 ? gap : 0;
        int32_t at = (gap < INT16_MIN - INT16_MAX ? INT16_MIN - INT16_MAX : gap) + INT16_MAX;
        int32_t line = stretch[256 + (at >> 7)];
        out[i] = (int16_t)((int16_t)line + (((line >> 16) * (at & 127) + 64) >> 7));
    }
    for (size_t i = 0; i < p->depth; i++)
        sum += out[i];
    return sum;
}

static void row(const plan *p, const int16_t *x, int16_t *restrict out) {
    int16_t most = INT16_MIN;
    for (size_t i = 0; i < p->depth; i++)
        most = x[i] > most ? x[i] : most;
    rg_softmax_s16_scale by = rg_softmax_s16_scale_of(&p->exact, powers(p, x, out, most));
    const int32_t scale = by.scale, half = 1 << (by.shift - 1), shift = by.shift;
    for (size_t i = 0; i < p->depth; i++) {
        int32_t value = (out[i] * scale + half) >> shift;
        value = value < 0 ? 0 : value;
        out[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    (void)call;
    (void)scratch;
    for (size_t r = first_tile; r < last_tile; r++)
        row(p, (const int16_t *)in[0] + r * p->depth, (int16_t *)out[0] + r * p->depth);
}

RG_KERNEL(softmax_s16) = {RG_KERNEL_HEAD(softmax_s16),
                          .summary = "Stretches of the tables in one load, scaled in vectors",
                          RG_KERNEL_METHODS};
