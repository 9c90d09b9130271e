/* matrix_s4.c: int8 rows times int4 weights with one scale an output (or one for all) are
 * matrix.c's once the weights are unpacked to bytes, which happens at load; see matrix.h. */
#include "kernels/arm/matrix.h"

#include <stdlib.h>

#include "kernels/ref/blocks4.h"
#include "kernels/ref/hybrid.h"

bool rg_arm_matrix_s4_suits(const rg_op_call *call) {
    return !rg_blocks_of(call) && rg_arm_matrix_suits(call);
}

rg_status rg_arm_matrix_s4_pack(const rg_op_call *call, const rg_arm_method *method, void *packed,
                                rg_err *err) {
    size_t n = rg_elements(call->in[1]);
    int8_t *bytes = malloc(n);
    if (!bytes)
        return rg_fail(err, RG_NO_MEMORY, "free some memory", "no memory for %zu weights", n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (int8_t)rg_hybrid_weight(RG_DTYPE_INT4, call->in[1]->data, (int64_t)i);
    rg_tensor weights = *call->in[1];
    weights.data = bytes;
    const rg_tensor *in[] = {call->in[0], &weights, rg_call_in(call, 2)};
    rg_op_call unpacked = *call;
    unpacked.in = in;
    unpacked.n_in = 3;
    rg_status status = rg_arm_matrix_pack(&unpacked, method, packed, err);
    free(bytes);
    return status;
}
