/* sumplan.h: reductions over neighbouring dimensions as three loops; shared by the means of bytes
 * and of float32. */
#ifndef RG_KERNELS_EACH_SUMPLAN_H
#define RG_KERNELS_EACH_SUMPLAN_H

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

#endif
