/* test_kernels_core.c: rounding, and the weighted operators against sums done by hand. */
#include "kernels/ref/fixed.h"
#include "op_case.h"

Test(requantize, high_half_breaks_ties_upwards_for_both_signs) {
    cr_assert_eq(rg_high_mul(1 << 30, 1), 1, "1/2 goes up to 1");
    cr_assert_eq(rg_high_mul(-(1 << 30), 1), 0, "-1/2 goes up to 0");
    cr_assert_eq(rg_high_mul(1 << 30, 3), 2, "3/2 goes up to 2");
    cr_assert_eq(rg_high_mul(-(1 << 30), 3), -1, "-3/2 goes up to -1");
    cr_assert_eq(rg_high_mul(INT32_MIN, INT32_MIN), INT32_MAX, "the one overflow saturates");
}

Test(requantize, shift_breaks_ties_away_from_zero_like_the_reference) {
    cr_assert_eq(rg_shift_away(5, 1), 3);
    cr_assert_eq(rg_shift_away(-5, 1), -3);
    cr_assert_eq(rg_shift_away(-6, 2), -2, "-1.5");
    cr_assert_eq(rg_shift_away(-5, 2), -1, "-1.25");
    cr_assert_eq(rg_shift_away(INT32_MIN, 31), -1);
    cr_assert_eq(rg_shift_away(INT32_MAX, 31), 1);
    cr_assert_eq(rg_shift_away(7, 0), 7);
}

Test(requantize, factors_keep_31_bits_and_reach_both_edges) {
    rg_factor f;
    cr_assert_eq(rg_factor_from(1.0, "x", &f, NULL), RG_OK);
    cr_assert(f.multiplier == 1 << 30 && f.shift == 1);
    cr_assert_eq(rg_factor_apply(f, -123456), -123456);
    cr_assert_eq(rg_factor_from(0x1p-32, "x", &f, NULL), RG_OK);
    cr_assert(f.multiplier == 1 << 30 && f.shift == -31);
    cr_assert_eq(rg_factor_from(0x1p-33, "x", &f, NULL), RG_OK);
    cr_assert(f.multiplier == 0 && f.shift == 0, "below the smallest shift nothing is left");
    cr_assert_eq(rg_factor_from(1.0 - 0x1p-40, "x", &f, NULL), RG_OK);
    cr_assert(f.multiplier == 1 << 30 && f.shift == 1, "a mantissa that rounds to 1 carries over");
    cr_assert_eq(rg_factor_from(0x1p40, "x", &f, NULL), RG_UNSUPPORTED);
    cr_assert_eq(rg_factor_from(1.0 / 0.0, "x", &f, NULL), RG_UNSUPPORTED);
}

Test(requantize, rounds_twice_and_not_once) {
    /* factor (1 - 2^-31) / 2: 1 rounds up to 1 in the high half, then 1/2 away to 1; one rounding
     * of 0.49999999977 would give 0 */
    rg_factor f = {INT32_MAX, -1};
    cr_assert_eq(rg_factor_apply(f, 1), 1);
    cr_assert_eq(rg_factor_apply(f, -1), -1);
}

Test(requantize, rounding_of_floats_saturates) {
    cr_assert_eq(rg_round_away(2.5f), 3);
    cr_assert_eq(rg_round_away(-2.5f), -3);
    cr_assert_eq(rg_round_away(1e30f), 1 << 30);
    cr_assert_eq(rg_round_away(0.0f / 0.0f), -(1 << 30));
}

Test(conv2d, same_padding_puts_the_odd_pixel_behind) {
    /* 1x4 row, 1x2 window, stride 1, same: windows 01 12 23 3- ; weights 1, 10 */
    const int8_t x[] = {1, 2, 3, 4}, w[] = {1, 10};
    int8_t want[] = {21, 32, 43, 4};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 4, 1), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 1), w, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 4, 1), 1, 0);
    op_case_gives(&c, want, "conv2d_s8", "padding=same", NULL);
}

Test(conv2d, padding_counts_as_the_zero_point_of_the_input) {
    const int8_t x[] = {5, 6}, w[] = {1, 1, 1};
    const int32_t bias[] = {100};
    int8_t want[] = {100 + 0 + 2 + 3, 100 + 2 + 3};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 1), x, 1, 3);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 3, 1), w, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), bias, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 1), 1, 0);
    op_case_gives(&c, want, "conv2d_s8", NULL);
}

Test(conv2d, each_channel_has_its_own_factor_and_relu6_clamps) {
    const int8_t x[] = {10, -4}, w[] = {1, 0, 0, 1, 2, 1};
    const float scales[] = {0.5f, 0.25f, 1.0f};
    const int32_t zeros[] = {0, 0, 0};
    int8_t want[] = {5 - 2, 0 - 2, 6 - 2}; /* 5; -1 -> 0; 16 -> 6; zero point -2 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 2), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3, 1, 1, 2), w, 1, 0);
    c.in[1].quant = (rg_quant){3, scales, zeros, 0};
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 3), 1, -2);
    op_case_gives(&c, want, "conv2d_s8", "activation=relu6", NULL);
    c.in[1].quant.axis = 3;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "scales along another axis are refused");
}

Test(conv2d, groups_and_dilation_pick_their_taps) {
    /* two groups of one channel; taps two columns apart */
    const int8_t x[] = {1, 10, 2, 20, 3, 30}, w[] = {1, 1, 1, 2};
    int8_t want[] = {1 + 3, 10 + 60};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 3, 2), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 1, 2, 1), w, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 2), 1, 0);
    op_case_gives(&c, want, "conv2d_s8", "padding=valid", "dilation_w=2", NULL);
}

Test(conv2d, refuses_what_cannot_be_computed) {
    const int8_t x[12] = {0}, w[12] = {0};
    const int32_t bias[2] = {0};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 2, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 2, 3), w, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), bias, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 1), 1, 0);
    op_case_params(&c, "conv2d_s8", "padding=valid", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "two biases for one channel");
    c.n_in = 2;
    cr_assert_eq(op_case_admit(&c), RG_OK);
    c.in[0].quant.n = 0;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "no scale");
    c.in[0].quant.n = 1;
    c.in[1].shape = SHAPE(1, 3, 2, 2);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "a window larger than the image");
    c.in[1].shape = SHAPE(1, 2, 2, 2);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "2 channels do not divide 3");
    c.in[1].shape = SHAPE(0, 2, 2, 3);
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED, "no filters");
    c.ins[1] = NULL;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "filter left out");
}

Test(depthwise_conv2d, multiplier_repeats_input_channels) {
    const int8_t x[] = {1, 2, 3, 4}, w[] = {1, 2, 3, 4, 10, 20, 30, 40};
    int8_t want[] = {31, 62, (2 * 3 + 4 * 30) - 0, 127};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 1, 2), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 1, 4), w, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 4), 1, 0);
    op_case_gives(&c, want, "depthwise_conv2d_s8", "padding=valid", "depth_multiplier=2", NULL);
}

Test(depthwise_conv2d, channels_beyond_one_block_are_done) {
    int8_t x[150], w[150], want[150];
    for (int i = 0; i < 150; i++) {
        x[i] = (int8_t)(i - 75);
        w[i] = (int8_t)(i % 3 - 1);
        want[i] = (int8_t)((x[i] - 1) * w[i]);
    }
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 150), x, 1, 1);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 150), w, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 150), 1, 0);
    op_case_gives(&c, want, "depthwise_conv2d_s8", NULL);
}

Test(fully_connected, rows_bias_and_kept_dimensions) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6}, w[] = {1, 1, 1, -1, 0, 1};
    const int32_t bias[] = {10, -10};
    int8_t want[] = {16, -8, 25, -8};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), w, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), bias, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2), 1, 0);
    op_case_gives(&c, want, "fully_connected_s8", NULL);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2, 2), 1, 0);
    op_case_gives(&c, want, "fully_connected_s8", "keep_num_dims=1", NULL);
}

Test(fully_connected, refuses_shuffled_weights_and_wrong_depths) {
    const int8_t x[6] = {0};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 5), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2), 1, 0);
    op_case_params(&c, "fully_connected_s8", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
    c.in[0].shape = SHAPE(1, 3);
    cr_assert_eq(op_case_admit(&c), RG_OK);
    op_case_params(&c, "fully_connected_s8", "weights_format=shuffled4x16int8", NULL);
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED);
}
