/* test_kernels_hybrid.c: float activations with integer weights, int4 weights, scales of blocks. */
#include <math.h>

#include "kernels/ref/hybrid.h"
#include "op_case.h"

Test(hybrid, quantizes_symmetrically_to_127) {
    const float x[] = {-2.54f, 1, 0.5f};
    rg_hybrid h = rg_hybrid_of(x, 3, 1, false);
    cr_assert_float_eq(h.scale, 0.02f, 1e-9f);
    cr_assert(h.zero == 0 && rg_hybrid_quantum(&h, -2.54f) == -127);
    cr_assert_eq(rg_hybrid_quantum(&h, 1), 50);
    const float none[] = {0, 0};
    h = rg_hybrid_of(none, 2, 1, false);
    cr_assert(h.scale == 1 && rg_hybrid_quantum(&h, 0) == 0);
}

Test(hybrid, quantizes_asymmetrically_with_zero_in_the_range) {
    const float x[] = {1, 2.55f}, below[] = {-1, 1.55f};
    rg_hybrid h = rg_hybrid_of(x, 2, 1, true);
    cr_assert(h.zero == -128 && rg_hybrid_quantum(&h, 2.55f) == 127);
    cr_assert_float_eq(h.scale, 0.01f, 1e-9f);
    h = rg_hybrid_of(below, 2, 1, true);
    cr_assert(h.zero == -28 && rg_hybrid_quantum(&h, -1) == -128);
    cr_assert_eq(rg_hybrid_quantum(&h, 0), -28, "zero is exact");
}

Test(hybrid, reads_int4_low_half_first) {
    const uint8_t packed[] = {0x81, 0x7f};
    cr_assert_eq(rg_hybrid_weight(RG_DTYPE_INT4, packed, 0), 1);
    cr_assert_eq(rg_hybrid_weight(RG_DTYPE_INT4, packed, 1), -8);
    cr_assert_eq(rg_hybrid_weight(RG_DTYPE_INT4, packed, 2), -1);
    cr_assert_eq(rg_hybrid_weight(RG_DTYPE_INT4, packed, 3), 7);
}

Test(fully_connected, of_float_rows_quantizes_each_row_alone) {
    /* rows (127, -1) and (254, 0): scales 1 and 2; weights (3, -5) * 0.5 */
    const float x[] = {127, -1, 254, 0}, bias[] = {100};
    const int8_t w[] = {3, -5};
    float got[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2), w, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(2, 1), 0, 0);
    op_case_params(&c, "fully_connected_f32_s8", NULL);
    op_case_run(&c, got);
    cr_assert(got[0] == 386 * 0.5f + 100 && got[1] == 381 + 100);
}

/* Weights of two outputs in int4: (1 -2 3 -4), (7 -8 0 1); blocks of two. */
static const uint8_t int4_weights[] = {0xe1, 0xc3, 0x87, 0x10};

Test(fully_connected, of_int8_with_int4_weights_is_that_with_int8_weights) {
    const int8_t x[] = {5, 4, 3, 2};
    const int32_t bias[] = {10, -20};
    int8_t got[2]; /* less 1: (4 3 2 1): 4-6+6-4 + 10 = 10; 28-24+1 - 20 = -15 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 4), x, 0.5f, 1);
    op_case_in(&c, RG_DTYPE_INT4, SHAPE(2, 4), int4_weights, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2), 1, 2);
    op_case_params(&c, "fully_connected_s8_s4", NULL);
    op_case_run(&c, got);
    cr_assert_eq(got[0], 7);
    cr_assert_eq(got[1], -5, "-15 / 2 goes up to -7, plus 2: %d", got[1]);
}

Test(fully_connected, of_int8_scales_each_block) {
    const int8_t x[] = {5, 4, 3, 2};
    const float scales[] = {1, 0.25f, 0.5f, 2};
    int8_t got[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 4), x, 0.5f, 1);
    op_case_in(&c, RG_DTYPE_INT4, SHAPE(2, 4), int4_weights, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), NULL, 0, 0);
    c.ins[2] = NULL;
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), scales, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2), 0.25f, -10);
    op_case_params(&c, "fully_connected_s8_s4", NULL);
    op_case_run(&c, got);
    /* (-2 * 1 + 2 * 0.25) * 0.5 = -0.75; (4 * 0.5 + 1 * 2) * 0.5 = 2 */
    cr_assert(got[0] == -13 && got[1] == -2, "%d %d", got[0], got[1]);
    c.in[3].shape = SHAPE(2, 3);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(fully_connected, of_float_rows_scales_each_block) {
    /* range 0 to 2.55: scale 0.01, zero -128; q + 128 = 255 100 50 0 */
    const float x[] = {2.55f, 1, 0.5f, 0};
    const uint16_t scales[] = {0x3c00, 0x3400, 0x3800, 0x4000}; /* halves: 1, 1/4, 1/2, 2 */
    float got[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1, 4), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT4, SHAPE(2, 4), int4_weights, 1, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1), NULL, 0, 0);
    c.ins[2] = NULL;
    op_case_in(&c, RG_DTYPE_FLOAT16, SHAPE(2, 2), scales, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(1, 2), 0, 0);
    op_case_params(&c, "fully_connected_f32_s4", NULL);
    op_case_run(&c, got);
    cr_assert_float_eq(got[0], 0.55f + 0.375f, 1e-5f, "%g", (double)got[0]);
    cr_assert_float_eq(got[1], (17.85f - 8) / 2, 1e-4f, "%g", (double)got[1]);
}

Test(conv2d, of_floats_takes_symmetric_images_for_one_scale_and_others_for_many) {
    const float x[] = {-0.5f, 1.27f};
    const int8_t w[] = {2, 3};
    float got[4];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1, 1, 2, 1), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 1, 1, 1), w, 0.5f, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(1, 1, 2, 2), 0, 0);
    op_case_params(&c, "conv2d_f32_s8", NULL);
    op_case_run(&c, got);
    cr_assert_float_eq(got[0], -0.5f, 1e-6f);
    cr_assert_float_eq(got[3], 1.905f, 1e-6f);
    const float scales[] = {0.5f, 1};
    const int32_t zeros[] = {0, 0};
    c.in[1].quant = (rg_quant){2, scales, zeros, 0};
    op_case_run(&c, got);
    double step = 1.77 / 255; /* the range over 255 steps: -0.5 is 72 of them */
    cr_assert_float_eq(got[0], (float)(-72 * step), 1e-6f);
    cr_assert_float_eq(got[3], (float)(3 * 183 * step), 1e-5f);
}

Test(depthwise_conv2d, of_floats_scales_each_channel) {
    const float x[] = {1, -1};
    const int8_t w[] = {10, 20};
    float got[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1, 1, 1, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 2), w, 0.1f, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(1, 1, 1, 2), 0, 0);
    op_case_params(&c, "depthwise_conv2d_f32_s8", NULL);
    op_case_run(&c, got);
    cr_assert_float_eq(got[0], 1, 0.01f);
    cr_assert_float_eq(got[1], -2, 0.01f);
}

Test(batch_matmul, of_floats_takes_scales_of_columns) {
    const float x[] = {127, 1};
    const int8_t y[] = {1, 2, 3, 4};
    const float scales[] = {1, 10};
    const int32_t zeros[] = {0, 0};
    float got[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), y, 1, 0);
    c.in[1].quant = (rg_quant){2, scales, zeros, 1};
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(1, 2), 0, 0);
    op_case_params(&c, "batch_matmul_f32_s8", NULL);
    op_case_run(&c, got);
    cr_assert(got[0] == 130 && got[1] == 2580);
    op_case_params(&c, "batch_matmul_f32_s8", "adj_y=true", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "scales lie along the depth then");
}
