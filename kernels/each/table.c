/* table.c: functions of one byte as a table of 256 entries, looked up 16 to 64 bytes at a time. The
 * table is the scalar reference's answer to every byte, worked out at load, so that one kernel is
 * exact for all such operators. */
#include "kernels/each/fake.h"
#include "kernels/each/lookup.h"
#include "kernels/ref/need.h"

enum { TILE = 16384 }; /* bytes */

static size_t tiles(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + TILE - 1) / TILE;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return 256;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    return rg_fake_table(call, packed, err);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    size_t n = rg_elements(call->out[0]), at = first_tile * TILE, end = last_tile * TILE;
    end = end < n ? end : n;
    rg_look_up(packed, (const uint8_t *)in[0] + at, (uint8_t *)out[0] + at, end - at);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Table of 256 entries looked up by shuffles",                      \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(logistic_s8);
ROW(tanh_s8);
ROW(elu_s8);
ROW(relu_s8);
ROW(relu6_s8);
ROW(relu_n1_to_1_s8);
ROW(leaky_relu_s8);
ROW(hard_swish_s8);
ROW(gelu_s8);
ROW(exp_s8);
ROW(log_s8);
ROW(abs_s8);
ROW(rsqrt_s8);
ROW(relu_0_to_1_s8);
ROW(logistic_u8);
ROW(tanh_u8);
ROW(elu_u8);
ROW(relu_u8);
ROW(relu6_u8);
ROW(relu_n1_to_1_u8);
ROW(relu_0_to_1_u8);
ROW(leaky_relu_u8);
ROW(gelu_u8);
ROW(quantize_s8_s8);
ROW(quantize_s8_u8);
ROW(quantize_u8_s8);
ROW(quantize_u8_u8);
