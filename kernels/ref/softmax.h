/* softmax.h: what softmax of all element types and the fast kernels share: parameters, field rows
 * and callbacks of rg_op (tiles are rows along the last dimension), and the fixed point over bytes.
 */
#ifndef RG_KERNELS_REF_SOFTMAX_H
#define RG_KERNELS_REF_SOFTMAX_H

#include "kernels/ref/exponent.h"
#include "kernels/ref/need.h"

typedef struct rg_softmax_params {
    double beta;
} rg_softmax_params;

extern const rg_field rg_softmax_fields[];
rg_status rg_softmax_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_softmax_work(const rg_op_call *call);
size_t rg_softmax_tiles(const rg_op_call *call);

enum { RG_SOFTMAX_SUM_BITS = RG_SUM_BITS }; /* integer bits of a row's sum */

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

/* Members of rg_op that all softmaxes share, with name, element types and sentence of one. */
#define RG_SOFTMAX_OP(id, of_in, of_weights, of_out, text)                                         \
    .name = #id, .summary = text, .in = RG_DTYPE_##of_in, .weights = RG_DTYPE_##of_weights,        \
    .out = RG_DTYPE_##of_out, .kind = "softmax", .params = rg_softmax_fields,                      \
    .params_size = sizeof(rg_softmax_params), .min_in = 1, .max_in = 1, .n_out = 1,                \
    .infer = rg_softmax_infer, .work = rg_softmax_work, .tiles = rg_softmax_tiles

#endif
