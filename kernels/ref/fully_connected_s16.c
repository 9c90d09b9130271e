/* fully_connected_s16.c: rows of int16 times an int8 matrix. Shapes and parameters as in
 * fully_connected.c, arithmetic as in wide.h; with one weight scale the product of scales is
 * rounded to float32, per channel all is double. */
#include "kernels/ref/fully_connected.h"
#include "kernels/ref/wide.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_wide_check(call, 0, err);
}

static size_t state_bytes(const rg_op_call *call) {
    return rg_wide_bytes(call->in[1]->shape.dim[0]);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_wide_prepare(call, 2, ((const rg_fc_params *)call->params)->activation, true,
                           call->in[1]->shape.dim[0], state, err);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_tensor *bias = rg_call_in(call, 2);
    int64_t outputs = call->in[1]->shape.dim[0], depth = call->in[1]->shape.dim[1];
    int64_t tiles_a_row = (outputs + RG_FC_TILE - 1) / RG_FC_TILE;
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        int64_t row = tile / tiles_a_row, c = tile % tiles_a_row * RG_FC_TILE;
        int64_t end = c + RG_FC_TILE < outputs ? c + RG_FC_TILE : outputs;
        for (; c < end; c++) {
            uint64_t sum = rg_wide_dot((const int16_t *)in[0] + row * depth,
                                       (const int8_t *)in[1] + c * depth, depth);
            sum += (uint64_t)rg_wide_bias(bias, bias ? in[2] : NULL, c);
            ((int16_t *)out[0])[row * outputs + c] = rg_wide_result(state, sum, c);
        }
    }
}

const rg_op rg_op_fully_connected_s16 = {
    RG_FULLY_CONNECTED_OP(fully_connected_s16, INT16, INT8, INT16,
                          "Matrix product of int16 rows with int8 weights"),
    .max_in = 3,
    .check = check,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .run = run};
