/* softmax_s16.h: softmax of int16 once it is prepared, and what a row's sum comes to; shared by the
 * reference and the fast kernels. */
#ifndef RG_KERNELS_REF_SOFTMAX_S16_H
#define RG_KERNELS_REF_SOFTMAX_S16_H

#include "kernels/ref/fixed.h"
#include "kernels/ref/table16.h"

typedef struct rg_softmax_s16_plan {
    rg_factor factor; /* of differences to the row's maximum, so that -65535 is -10 */
    int16_t exp[RG_TABLE16_POINTS], reciprocal[RG_TABLE16_POINTS];
} rg_softmax_s16_plan;

/* An output is power * scale / 2^shift, ties up, within 0 and 32767. */
typedef struct rg_softmax_s16_scale {
    int32_t scale;
    int shift; /* 14 to 30 */
} rg_softmax_s16_scale;

/* One over the sum of a row's powers, 32767 at least; sums of more than 2^31 / 32767 equal inputs
 * saturate. */
rg_softmax_s16_scale rg_softmax_s16_scale_of(const rg_softmax_s16_plan *plan, int64_t sum);

#endif
