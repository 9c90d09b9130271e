/* spread.h: broadcasting of two operands: how elements of the output find theirs. Dimensions of one
 * stretch; equal neighbours are merged, so that runs are long. */
#ifndef RG_KERNELS_REF_SPREAD_H
#define RG_KERNELS_REF_SPREAD_H

#include <stddef.h>

#include "bench/core/err.h"
#include "bench/core/tensor.h"

typedef struct rg_spread {
    uint32_t rank;                                   /* 1 to RG_MAX_RANK */
    size_t dim[RG_MAX_RANK];                         /* of the output, merged */
    size_t step_a[RG_MAX_RANK], step_b[RG_MAX_RANK]; /* elements; 0 where an operand stretches */
} rg_spread;

/* The common shape of `a` and `b`, aligned at their last dimensions; RG_BAD_DATA when a dimension
 * differs and is 1 in neither. */
rg_status rg_spread_shape(const rg_shape *a, const rg_shape *b, rg_shape *ret, rg_err *err);

/* The walk over the output of shapes that rg_spread_shape accepts. */
rg_spread rg_spread_plan(const rg_shape *a, const rg_shape *b);

/* From output element `at` on: how many elements (up to `end`) lie in one run, and where the run
 * starts in `a` and `b`; within it they advance by step_a[rank - 1] and step_b[rank - 1]. */
size_t rg_spread_run(const rg_spread *spread, size_t at, size_t end, size_t *ret_a, size_t *ret_b);

#endif
