/* root.h: the reciprocal square root in fixed point, as TFLite's integer operators take it. */
#ifndef RG_KERNELS_REF_ROOT_H
#define RG_KERNELS_REF_ROOT_H

#include "kernels/ref/fixed.h"

/* 1 / sqrt(x) as a factor with shift <= 0; numbers below 1 count as 1. Five Newton steps from 1 on
 * x scaled by a power of four into [1/4, 1). */
rg_factor rg_inverse_root(int32_t x);

#endif
