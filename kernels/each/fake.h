/* fake.h: asking the reference about every input at load: an operator's own `run` over a row of
 * given bytes, under the quantization and parameters of the call at hand. Whatever the reference
 * does, a table made here does too. */
#ifndef RG_KERNELS_EACH_FAKE_H
#define RG_KERNELS_EACH_FAKE_H

#include "bench/iface/op.h"

/* Runs call->op over `n` elements: in[i] of each byte-sized operand replaced by rows of n bytes.
 * `a` is input 0, `b` input 1 (NULL: the operator has one input). */
rg_status rg_fake_run(const rg_op_call *call, const void *a, const void *b, void *out, size_t n,
                      rg_err *err);

/* All pairs of bytes, those of `a` outermost: each array has RG_FAKE_PAIRS. */
enum { RG_FAKE_PAIRS = 65536 };
void rg_fake_pairs(int8_t *ret_a, int8_t *ret_b);

/* The answers of a one-input operator to the bytes 0 to 255. */
rg_status rg_fake_table(const rg_op_call *call, uint8_t ret_table[256], rg_err *err);

/* The operator's own state for the call; NULL with RG_OK where it has none. free() it. */
rg_status rg_fake_state(const rg_op_call *call, void **ret_state, rg_err *err);

#endif
