/* axes.h: reducing over some dimensions, as mean, sum and their kin do: which dimensions (a
 * constant input 1), the output's shape, and where the elements of one output lie in input 0. */
#ifndef RG_KERNELS_REF_AXES_H
#define RG_KERNELS_REF_AXES_H

#include "kernels/ref/need.h"

typedef struct rg_reduce_params {
    bool keep_dims;
} rg_reduce_params;

/* The field rows of rg_reduce_params. */
extern const rg_field rg_reduce_fields[];

/* rg_op.infer of reductions: input 0 of the operator's type, axes in input 1. */
rg_status rg_axes_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);

/* Reduced and kept dimensions with their steps in elements, outermost first. */
typedef struct rg_axes {
    uint32_t n, n_kept;
    size_t dim[RG_MAX_RANK], step[RG_MAX_RANK];
    size_t kept[RG_MAX_RANK], kept_step[RG_MAX_RANK];
    size_t count; /* elements that one output is made of */
} rg_axes;

/* The walk of a call that has passed rg_axes_infer. */
rg_axes rg_axes_plan(const rg_op_call *call);

/* Where element `i` of a list of dimensions lies. */
static inline size_t rg_axes_place(size_t i, uint32_t n, const size_t *dim, const size_t *step) {
    size_t at = 0;
    while (n-- > 0) {
        at += i % dim[n] * step[n];
        i /= dim[n];
    }
    return at;
}

/* The first input element of output `o`, and the place of its reduced element `i` from there. */
static inline size_t rg_axes_start(const rg_axes *axes, size_t o) {
    return rg_axes_place(o, axes->n_kept, axes->kept, axes->kept_step);
}
static inline size_t rg_axes_at(const rg_axes *axes, size_t i) {
    return rg_axes_place(i, axes->n, axes->dim, axes->step);
}

/* rg_op.work of reductions: one operation an input element. */
rg_work rg_axes_work(const rg_op_call *call);

#endif
