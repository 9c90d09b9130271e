/* pool.h: parameters and sizes of a pool, shared by the reference and the fast kernels. */
#ifndef RG_KERNELS_REF_POOL_H
#define RG_KERNELS_REF_POOL_H

#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

typedef struct rg_pool_params {
    int padding, activation;
    int64_t stride_h, stride_w, filter_h, filter_w;
} rg_pool_params;

typedef struct rg_pool_layout {
    rg_axis y, x;
    int64_t c;
} rg_pool_layout;

/* Lays a call out; fails only where the operator's infer does. */
rg_status rg_pool_lay_out(const rg_op_call *call, rg_pool_layout *ret, rg_err *err);

/* rg_axis_taps for windows without dilation, without its divisions. */
static inline rg_taps rg_pool_taps(const rg_axis *axis, int64_t o) {
    int64_t start = o * axis->stride - axis->pad, first = start < 0 ? -start : 0;
    int64_t fit = axis->in - start, last = fit < axis->filter ? fit : axis->filter;
    rg_taps taps = {first, last > first ? last : first, start + first};
    return taps;
}

#endif
