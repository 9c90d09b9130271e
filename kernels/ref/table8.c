/* table8.c: operators of one 8-bit value as tables. */
#include "kernels/ref/table8.h"

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

rg_status rg_table8_check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 1, err);
}

size_t rg_table8_bytes(const rg_op_call *call) {
    (void)call;
    return 256;
}

void rg_table8_run(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    const uint8_t *table = state, *x = in[0];
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((uint8_t *)out[0])[at] = table[x[at]];
}

void rg_table8_put(const rg_op_call *call, void *state, int32_t q, int64_t y) {
    const rg_tensor *to = call->out[0];
    y += to->quant.zero_point[0];
    ((uint8_t *)state)[(uint8_t)q] =
        (uint8_t)rg_clamp(y, rg_dtype_low(to->dtype), rg_dtype_high(to->dtype));
}
