/* prelu.h: what a PRELU of bytes needs beside its operands, shared by the reference and the fast
 * kernels. */
#ifndef RG_KERNELS_REF_PRELU_H
#define RG_KERNELS_REF_PRELU_H

#include "kernels/ref/fixed.h"

/* Distances from `zero_x` times `above`; negative ones first times those of the slope from
 * `zero_a`, then times `below`. */
typedef struct rg_prelu_plan {
    rg_factor above, below;
    int32_t zero_x, zero_a, zero, low, high;
} rg_prelu_plan;

#endif
