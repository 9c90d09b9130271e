/* fake.c: the reference asked about every input at load; see fake.h. */
#include "kernels/each/fake.h"

#include <stdlib.h>
#include <string.h>

rg_status rg_fake_state(const rg_op_call *call, void **ret_state, rg_err *err) {
    *ret_state = NULL;
    if (!call->op->prepare)
        return RG_OK;
    size_t bytes = (call->op->state_bytes(call) + 63) / 64 * 64;
    void *state = aligned_alloc(64, bytes ? bytes : 64);
    if (!state)
        return rg_fail(err, RG_NO_MEMORY, NULL, "%s: no memory for its tables", call->op->name);
    memset(state, 0, bytes);
    rg_status status = call->op->prepare(call, state, err);
    if (status == RG_OK)
        *ret_state = state;
    else
        free(state);
    return status;
}

rg_status rg_fake_run(const rg_op_call *call, const void *a, const void *b, void *out, size_t n,
                      rg_err *err) {
    rg_tensor tensors[3];
    const rg_tensor *ins[2] = {&tensors[0], &tensors[1]}, *outs[1] = {&tensors[2]};
    const void *in[2] = {a, b};
    void *state;
    for (int i = 0; i < 3; i++) {
        if (i == 1 && !b)
            continue;
        tensors[i] = i < 2 ? *call->in[i] : *call->out[0];
        tensors[i].shape = (rg_shape){1, {(int32_t)n}};
        tensors[i].bytes = n;
        tensors[i].data = NULL;
    }
    rg_op_call fake = *call;
    fake.n_in = b ? 2 : 1;
    fake.n_out = 1;
    fake.in = ins;
    fake.out = outs;
    rg_status status = rg_fake_state(&fake, &state, err);
    if (status == RG_OK)
        fake.op->run(&fake, state, in, &out, 0, fake.op->tiles ? fake.op->tiles(&fake) : 1);
    free(state);
    return status;
}

void rg_fake_pairs(int8_t *ret_a, int8_t *ret_b) {
    for (int i = 0; i < RG_FAKE_PAIRS; i++) {
        ret_a[i] = (int8_t)(i >> 8);
        ret_b[i] = (int8_t)i;
    }
}

rg_status rg_fake_table(const rg_op_call *call, uint8_t ret_table[256], rg_err *err) {
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    return rg_fake_run(call, bytes, NULL, ret_table, 256, err);
}
