/* sumplan.h: reductions over neighbouring dimensions as three loops; shared by the means of bytes
 * and of float32. */
#ifndef RG_KERNELS_EACH_SUMPLAN_H
#define RG_KERNELS_EACH_SUMPLAN_H

#include "kernels/each/requantize.h"
#include "kernels/ref/axes.h"

/* The input as outer x count x inner, of which `count` is summed. */
typedef struct rg_sum_plan {
    size_t outer, count, inner;
} rg_sum_plan;

/* False when the reduced dimensions do not follow each other in memory. */
static inline bool rg_sum_lay_out(const rg_op_call *call, rg_sum_plan *ret) {
    rg_axes axes = rg_axes_plan(call);
    size_t inner = 0, next = 0; /* next: step that the dimension outside must have */
    for (uint32_t i = axes.n; i-- > 0;) {
        if (axes.dim[i] == 1)
            continue;
        if (inner == 0)
            inner = axes.step[i];
        else if (axes.step[i] != next)
            return false;
        next = axes.step[i] * axes.dim[i];
    }
    ret->count = axes.count;
    ret->inner = inner ? inner : 1;
    ret->outer = rg_elements(call->in[0]) / ret->count / ret->inner;
    return true;
}

static inline bool rg_sum_suits(const rg_op_call *call) {
    rg_sum_plan by;
    return rg_sum_lay_out(call, &by);
}

/* What sums of integers work out at load; no factor where the operator prepares none. */
typedef struct rg_sum_packed {
    rg_sum_plan by;
    rg_factor factor;
} rg_sum_packed;

static inline size_t rg_sum_packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_sum_packed);
}

static inline rg_status rg_sum_pack(const rg_op_call *call, void *packed, rg_err *err) {
    rg_sum_packed *p = packed;
    rg_sum_lay_out(call, &p->by);
    return call->op->prepare ? call->op->prepare(call, &p->factor, err) : RG_OK;
}

/* Blocks of `block` columns of one outer element, and of the whole call. */
static inline size_t rg_sum_blocks(const rg_sum_plan *by, size_t block) {
    return (by->inner + block - 1) / block;
}

static inline size_t rg_sum_tiles(const rg_op_call *call, size_t block) {
    rg_sum_plan by;
    return rg_sum_lay_out(call, &by) ? by.outer * rg_sum_blocks(&by, block) : 1;
}

#endif
