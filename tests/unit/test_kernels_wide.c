/* test_kernels_wide.c: int16 activations with int8 weights, and the int16 forms of other operators.
 */
#include <math.h>

#include "kernels/ref/fixed.h"
#include "op_case.h"

Test(factor, of_wide_sums_is_cut_to_16_bits_and_rounds_once_with_ties_up) {
    rg_factor half, third;
    cr_assert_eq(rg_factor_from(0.5, "", &half, NULL), RG_OK);
    cr_assert_eq(rg_factor_from(1.0 / 3, "", &third, NULL), RG_OK);
    cr_assert_eq(rg_factor_apply_wide(half, 5), 3);
    cr_assert_eq(rg_factor_apply_wide(half, -5), -2, "ties go up");
    /* 1/3 is 21845.33 / 65536, cut to 21845: 3 * 10^6 comes to 999984.7 */
    cr_assert_eq(rg_factor_apply_wide(third, 3000000), 999985);
    cr_assert_eq(rg_factor_apply(third, 3000000), 1000000);
}

/* One int16 dot product of three: 3000*100 - 2000*50 + 30000*127 = 4010000 */
static int16_t dot(rg_dtype bias_dtype, const void *bias) {
    static const int16_t x[] = {3000, -2000, 30000};
    static const int8_t w[] = {100, 50, 127};
    int16_t got;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(1, 3), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 3), w, 1.0f / 3, 0);
    if (bias)
        op_case_in(&c, bias_dtype, SHAPE(1), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(1, 1), 64, 0);
    op_case_params(&c, "fully_connected_s16", NULL);
    op_case_run(&c, &got);
    return got;
}

Test(fully_connected, of_int16_takes_both_widths_of_bias) {
    /* 4010000 / 384 = 10442.7; the cut multiplier 21845 * 2^-23 gives 10442.55 */
    const int64_t wide = 384 * 100;
    const int32_t narrow = -384 * 200;
    cr_assert_eq(dot(RG_DTYPE_INT64, NULL), 10443);
    cr_assert_eq(dot(RG_DTYPE_INT64, &wide), 10543);
    cr_assert_eq(dot(RG_DTYPE_INT32, &narrow), 10243);
}

Test(conv2d, of_int16_sums_beyond_32_bits) {
    static int16_t x[4 * 32];
    static int8_t w[4 * 32];
    int16_t got;
    for (int i = 0; i < 4 * 32; i++) {
        x[i] = INT16_MIN;
        w[i] = -128;
    }
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(1, 2, 2, 32), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 2, 32), w, 1, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(1, 1, 1, 1), 65536, 0);
    op_case_params(&c, "conv2d_s16", "padding=valid", NULL);
    op_case_run(&c, &got);
    cr_assert_eq(got, 8192, "128 * 2^22 / 2^16");
    c.zero[0] = 1;
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED);
}

Test(depthwise_conv2d, of_int16_keeps_channels_apart) {
    const int16_t x[] = {100, -200, 300, -400};
    const int8_t w[] = {1, 2, 3, 4};
    const int64_t bias[] = {10, 20};
    int16_t want[] = {1010, -1980}; /* 100 + 900 + 10; -400 - 1600 + 20 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(1, 1, 2, 2), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 2), w, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT64, SHAPE(2), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(1, 1, 1, 2), 0.25f, 0);
    op_case_gives(&c, want, "depthwise_conv2d_s16", "padding=valid", NULL);
}

Test(arithmetic, of_int16_adds_multiplies_and_squares_differences) {
    const int16_t x[] = {1000, -1000, 32767}, y[] = {3, 3, 32767};
    int16_t sum[] = {503, -497, 32767}, product[] = {1500, -1500, 32767};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(3), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(3), y, 1, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(3), 1, 0);
    op_case_gives(&c, sum, "add_s16", NULL);
    op_case_gives(&c, product, "mul_s16", NULL);
    const int8_t a[] = {10, -10}, b[] = {4};
    int8_t squares[] = {18, 98}; /* (5 - 2)^2 / 0.5, (-5 - 2)^2 / 0.5 */
    op_case s = {0};
    op_case_in(&s, RG_DTYPE_INT8, SHAPE(2), a, 0.5f, 0);
    op_case_in(&s, RG_DTYPE_INT8, SHAPE(1), b, 0.5f, 0);
    op_case_out(&s, RG_DTYPE_INT8, SHAPE(2), 0.5f, 0);
    op_case_gives(&s, squares, "squared_difference_s8", NULL);
}

Test(arithmetic, of_int32_wraps_ranges_and_divides_down) {
    const int32_t x[] = {7, -7, INT32_MAX, INT32_MIN}, y[] = {2, 2, 1, -1};
    int32_t got[4], sum[] = {9, 0, 0, INT32_MAX}, quotient[] = {3, -4, INT32_MAX, INT32_MIN};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(4), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(4), y, 0, 0);
    op_case_out(&c, RG_DTYPE_INT32, SHAPE(4), 0, 0);
    op_case_gives(&c, sum, "add_s32", "activation=relu", NULL);
    op_case_params(&c, "floor_div_s32", NULL);
    op_case_run(&c, got);
    cr_assert_arr_eq(got, quotient, sizeof got, "the one overflow wraps");
}

Test(leaky_relu, of_int16_scales_each_side) {
    const int16_t x[] = {1000, -1000, 0, -32768};
    int16_t want[] = {2000, -500, 0, -16384};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(4), x, 1, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(4), 0.5f, 0);
    op_case_gives(&c, want, "leaky_relu_s16", "alpha=0.25", NULL);
}

/* Every int16 through a curve stays near the real function. */
static void near_curve(const char *name, float scale, double (*real)(double), double within) {
    static int16_t x[65536], got[65536];
    for (int i = 0; i < 65536; i++)
        x[i] = (int16_t)(i - 32768);
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(65536), x, scale, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(65536), 1.0f / 32768, 0);
    op_case_params(&c, name, NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 65536; i++) {
        double want = real(x[i] * (double)scale) * 32768;
        cr_assert(fabs(got[i] - want) <= within, "%s(%d) is %d, not %g", name, x[i], got[i], want);
    }
}

static double logistic(double x) {
    return 1 / (1 + exp(-x));
}

Test(curves, of_int16_stay_near_the_real_functions) {
    near_curve("logistic_s16", 1.0f / 4096, logistic, 9);
    near_curve("logistic_s16", 0.00031f, logistic, 9);
    near_curve("tanh_s16", 1.0f / 4096, tanh, 18);
    near_curve("tanh_s16", 0.00019f, tanh, 18);
}

Test(softmax, of_int16_stays_near_the_real_function) {
    int16_t x[50], got[50];
    double e[50], sum = 0;
    for (int i = 0; i < 50; i++) {
        x[i] = (int16_t)(i * 7919 % 65536 - 32768);
        sum += e[i] = exp(x[i] * 0.0001);
    }
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(50), x, 0.0001f, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(50), 1.0f / 32768, 0);
    op_case_params(&c, "softmax_s16", NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 50; i++)
        cr_assert(fabs(got[i] - e[i] / sum * 32768) <= 4, "element %d is %d", i, got[i]);
}

Test(pools, of_int16_divide_halves_away_from_zero) {
    const int16_t x[] = {-1, -2, 30000, 30001};
    int16_t mean[] = {-2, 30001}, most[] = {-1, 30001};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(1, 1, 4, 1), x, 1, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(1, 1, 2, 1), 1, 0);
    op_case_gives(&c, mean, "average_pool2d_s16", "filter_h=1", "filter_w=2", "stride_w=2", NULL);
    op_case_gives(&c, most, "max_pool2d_s16", "filter_h=1", "filter_w=2", "stride_w=2", NULL);
}

Test(quantize, between_int16_int8_and_float) {
    const int16_t x[] = {100, -300, 32767};
    int8_t want[] = {26, -74, 127}; /* 25, -75, beyond; plus 1 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(3), x, 0.25f, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(3), 1, 1);
    op_case_gives(&c, want, "quantize_s16_s8", NULL);
    float real[3];
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(3), 0, 0);
    op_case_params(&c, "dequantize_s16_f32", NULL);
    op_case_run(&c, real);
    cr_assert(real[0] == 25 && real[1] == -75);
    const float f[] = {0.375f, -0.375f, 1e9f};
    int16_t want_wide[] = {2, -2, 32767}; /* 1.5 away from zero */
    op_case q = {0};
    op_case_in(&q, RG_DTYPE_FLOAT32, SHAPE(3), f, 0, 0);
    op_case_out(&q, RG_DTYPE_INT16, SHAPE(3), 0.25f, 0);
    op_case_gives(&q, want_wide, "quantize_f32_s16", NULL);
}
