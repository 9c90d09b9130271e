/* table8.h: operators of one 8-bit value as tables of 256 results by the value's bits, worked out
 * at load: members of rg_op, and how a table is filled. */
#ifndef RG_KERNELS_REF_TABLE8_H
#define RG_KERNELS_REF_TABLE8_H

#include "bench/iface/op.h"

/* One scale and a sound zero point on both sides. */
rg_status rg_table8_check(const rg_op_call *call, rg_err *err);
size_t rg_table8_bytes(const rg_op_call *call);
void rg_table8_run(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile);

/* Puts the result for the value `q`: `y` before the zero point. */
void rg_table8_put(const rg_op_call *call, void *state, int32_t q, int64_t y);

/* The members of rg_op that are told above; `fill` works the table out. */
#define RG_TABLE8(fill)                                                                            \
    .check = rg_table8_check, .state_bytes = rg_table8_bytes, .prepare = fill, .run = rg_table8_run

#endif
