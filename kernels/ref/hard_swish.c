/* hard_swish.c: x * relu6(x + 3) / 6 of int8, in TFLite's 16-bit fixed point, as a table. */
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/table8.h"

/* 16-bit relatives of fixed.h: high half of the doubled product, ties up; and truncated. */
static int32_t clamp16(int64_t v) {
    return (int32_t)rg_clamp(v, INT16_MIN, INT16_MAX);
}

static int32_t high_mul16(int32_t a, int32_t b) {
    return clamp16((a * b + (1 << 14)) >> 15);
}

static int32_t high_mul16_cut(int32_t a, int32_t b) {
    return clamp16((int64_t)a * b / (1 << 15));
}

/* A factor's upper 16 bits, rounded. */
static int32_t upper16(int32_t multiplier) {
    return clamp16(((int64_t)multiplier + (1 << 15)) >> 16);
}

/* relu6(x + 3) / 6 on the scale 3 / 32768, so that it spans int16, shifted into [0, 2^15). */
static int32_t gate16(int32_t x, rg_factor factor) {
    int32_t gate = x;
    if (factor.shift > 0)
        gate = clamp16((int64_t)gate * (INT64_C(1) << (factor.shift - 1)));
    gate = high_mul16(gate, upper16(factor.multiplier));
    if (factor.shift > 0)
        gate = clamp16((int64_t)gate * 2);
    if (factor.shift < 0)
        gate = rg_shift_away(gate, -factor.shift);
    return (gate + (1 << 15)) >> 1;
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    const rg_quant *from = &call->in[0]->quant, *to = &call->out[0]->quant;
    float fine = from->scale[0] * (1.0f / 128), gate_scale = 3.0f / 32768;
    rg_factor straight, gate;
    rg_status status =
        rg_factor_from((double)(fine / to->scale[0]), "input and output", &straight, err);
    if (status == RG_OK)
        status = rg_factor_from((double)(fine / gate_scale), "input and gate", &gate, err);
    if (status == RG_OK && straight.shift > 0)
        status = rg_fail(err, RG_UNSUPPORTED, NULL,
                         "hard_swish: the output scale is below 1/128 of the input scale");
    for (int q = -128; status == RG_OK && q < 128; q++) {
        int32_t x = (q - from->zero_point[0]) * 128;
        int32_t y = high_mul16_cut(gate16(x, gate), high_mul16(x, upper16(straight.multiplier)));
        y = rg_shift_away(y, -straight.shift);
        rg_table8_put(call, state, q, y);
    }
    return status;
}

const rg_op rg_op_hard_swish_s8 = {.name = "hard_swish_s8",
                                   .kind = "hard_swish",
                                   .summary = "x * relu6(x + 3) / 6 of int8",
                                   .in = RG_DTYPE_INT8,
                                   .weights = RG_DTYPE_ANY,
                                   .out = RG_DTYPE_INT8,
                                   .min_in = 1,
                                   .max_in = 1,
                                   .n_out = 1,
                                   .infer = rg_infer_like_input,
                                   .work = rg_work_each,
                                   .tiles = rg_tiles_each,
                                   RG_TABLE8(prepare)};
