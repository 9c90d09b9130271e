/* softmax.h: the fixed point of softmax over bytes, shared by the reference and the fast kernels.
 */
#ifndef RG_KERNELS_REF_SOFTMAX_H
#define RG_KERNELS_REF_SOFTMAX_H

#include "kernels/ref/fixed.h"

enum { RG_SOFTMAX_SUM_BITS = 12 }; /* integer bits of a row's sum */

/* The state of softmax_s8 and softmax_u8 once prepared. */
typedef struct rg_softmax_plan {
    int32_t exp0[256]; /* exp(-d) of a difference of d quanta, 0 integer bits; 0: below reach */
    int32_t reach;     /* largest difference that counts */
} rg_softmax_plan;

/* One over a row's sum of exp0 values, each shifted by RG_SOFTMAX_SUM_BITS: an output is
 * rg_shift_away(rg_high_mul(scale, exp0), shift), at most 255. */
typedef struct rg_softmax_scale {
    int32_t scale; /* positive */
    int shift;     /* 23 to 35 */
} rg_softmax_scale;
rg_softmax_scale rg_softmax_scale_of(uint32_t sum);

#endif
