/* fully_connected_s4.c: int8 rows times int4 weights (two a byte, the first in the lower half).
 * Truth with one scale an output or one for all: as fully_connected.c for int8 weights. With scales
 * of blocks (blocks4.h), in float32: y = (sum over blocks of isum * scale) * input scale + bias *
 * its own scale, isum int32 over (x - zero point) * w; divided by the output scale, halves away
 * from zero. */
#include "kernels/ref/activation.h"
#include "kernels/ref/blocks4.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/fully_connected.h"
#include "kernels/ref/hybrid.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    const rg_tensor *bias = rg_call_in(call, 2);
    if (!rg_call_in(call, RG_FC_SCALES))
        return rg_bytes_check(call, 0, false, err);
    rg_status status = rg_need_call_quant(call, 1, err);
    if (status == RG_OK && bias && bias->quant.n != 1)
        status = rg_fail(err, RG_BAD_DATA, NULL,
                         "the bias of weights in blocks needs a scale of its own");
    return status == RG_OK ? rg_blocks_check(call, err) : status;
}

static size_t state_bytes(const rg_op_call *call) {
    return (size_t)call->in[1]->shape.dim[0] * sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    if (rg_call_in(call, RG_FC_SCALES))
        return RG_OK; /* nothing is in fixed point */
    return rg_bytes_factors(call, true, call->in[1]->shape.dim[0], state, err);
}

/* Sum over elements [first, last) of a row and output `c`; wraps. */
static int32_t dot(const rg_op_call *call, const int8_t *x, const void *weights, int64_t c,
                   int64_t first, int64_t last) {
    int32_t zero = call->in[0]->quant.zero_point[0];
    int64_t depth = call->in[1]->shape.dim[1];
    uint32_t sum = 0;
    for (int64_t i = first; i < last; i++)
        sum += (uint32_t)((x[i] - zero) * rg_hybrid_weight(RG_DTYPE_INT4, weights, c * depth + i));
    return (int32_t)sum;
}

/* The output before its zero point and range. */
static int32_t one_of_blocks(const rg_op_call *call, const int8_t *x, const void *weights,
                             const int32_t *bias, int64_t c) {
    int64_t blocks = rg_blocks_of(call), size = call->in[1]->shape.dim[1] / blocks;
    float sum = 0;
    for (int64_t b = 0; b < blocks; b++)
        sum +=
            (float)dot(call, x, weights, c, b * size, (b + 1) * size) * rg_block_scale(call, c, b);
    sum *= call->in[0]->quant.scale[0];
    if (bias)
        sum += (float)bias[c] * call->in[2]->quant.scale[0];
    return rg_round_away(sum / call->out[0]->quant.scale[0]);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_factor *factors = state;
    const int32_t *bias = rg_call_in(call, 2) ? in[2] : NULL;
    bool in_blocks = rg_call_in(call, RG_FC_SCALES);
    int64_t outputs = call->in[1]->shape.dim[0], depth = call->in[1]->shape.dim[1];
    int64_t tiles_a_row = (outputs + RG_FC_TILE - 1) / RG_FC_TILE;
    int32_t zero = call->out[0]->quant.zero_point[0], low, high;
    rg_activation_range(((const rg_fc_params *)call->params)->activation, call->out[0], &low,
                        &high);
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        int64_t row = tile / tiles_a_row, c = tile % tiles_a_row * RG_FC_TILE;
        int64_t end = c + RG_FC_TILE < outputs ? c + RG_FC_TILE : outputs;
        const int8_t *x = (const int8_t *)in[0] + row * depth;
        for (; c < end; c++) {
            int64_t y;
            if (in_blocks) {
                y = one_of_blocks(call, x, in[1], bias, c);
            } else {
                uint32_t sum = (uint32_t)dot(call, x, in[1], c, 0, depth);
                sum += (uint32_t)(bias ? bias[c] : 0);
                y = rg_factor_apply(factors[c], (int32_t)sum);
            }
            ((int8_t *)out[0])[row * outputs + c] = (int8_t)rg_clamp(y + zero, low, high);
        }
    }
}

const rg_op rg_op_fully_connected_s8_s4 = {
    RG_FULLY_CONNECTED_OP(
        fully_connected_s8_s4, INT8, INT4, INT8,
        "Matrix product of int8 rows with int4 weights, scales per output or of blocks"),
    .max_in = 4,
    .check = check,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .run = run};
