/* test_kernels_dense.c: products of matrices, transposed convolution, filters with memory, and
 * operators that normalize. */
#include <math.h>

#include "kernels/ref/root.h"
#include "op_case.h"

Test(batch_matmul, of_int8_takes_transposed_sides_and_zero_points) {
    /* x - 1: (1 2 3; 4 5 6), y - (-1): (1 0; 2 1; 0 3): (5 11; 14 23) at 0.25 / 0.5, ties up */
    const int8_t x[] = {2, 3, 4, 5, 6, 7}, y[] = {0, -1, 1, 0, -1, 2};
    const int8_t xt[] = {2, 5, 3, 6, 4, 7}, yt[] = {0, 1, -1, -1, 0, 2};
    int8_t got[4], want[] = {3, 6, 7, 12};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 0.5f, 1);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3, 2), y, 0.5f, -1);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2), 0.5f, 0);
    op_case_gives(&c, want, "batch_matmul_s8", NULL);
    c.in[0].data = xt;
    c.in[0].shape = SHAPE(3, 2);
    c.in[1].data = yt;
    c.in[1].shape = SHAPE(2, 3);
    op_case_params(&c, "batch_matmul_s8", "adj_x=true", "adj_y=true", NULL);
    memset(got, 0, 4);
    op_case_run(&c, got);
    cr_assert_arr_eq(got, want, 4);
    op_case_params(&c, "batch_matmul_s8", "adj_x=true", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA, "depths differ");
}

Test(batch_matmul, broadcasts_stacks) {
    const float x[] = {1, 2, 3, 4}, y[] = {1, 10, 100, 1000};
    float want[] = {21, 43, 2100, 4300};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2, 1), y, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2, 1), 0, 0);
    op_case_gives(&c, want, "batch_matmul_f32", NULL);
    const int16_t a[] = {300, -300}, b[] = {1000, 999};
    int16_t wide;
    op_case w = {0};
    op_case_in(&w, RG_DTYPE_INT16, SHAPE(1, 2), a, 1, 0);
    op_case_in(&w, RG_DTYPE_INT16, SHAPE(2, 1), b, 1, 0);
    op_case_out(&w, RG_DTYPE_INT16, SHAPE(1, 1), 2, 0);
    op_case_params(&w, "batch_matmul_s16", NULL);
    op_case_run(&w, &wide);
    cr_assert_eq(wide, 150);
}

/* 1x2x1 image (3, -2) less zero point 1 = (2, -3), filter (1 2 3), stride 2, "same": 1x4, no pad
 * before (total 1): (2 4 6-3 -6), bias 1, scale 1/2. */
Test(transpose_conv, spreads_each_pixel_over_its_window) {
    const int32_t shape[] = {1, 1, 4, 1}, bias[] = {1};
    const int8_t w[] = {1, 2, 3}, x[] = {3, -2};
    int8_t want[] = {2, 3, 2, -2}; /* 1.5, 2.5, 2, -2.5: ties up */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(4), shape, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 3, 1), w, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 1), x, 0.5f, 1);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 4, 1), 1, 0);
    op_case_gives(&c, want, "transpose_conv_s8", "stride_w=2", NULL);
    const float wf[] = {1, 2, 3}, xf[] = {2, -3};
    float want_real[] = {2, 4, 3, 0}; /* relu */
    op_case f = {0};
    op_case_in(&f, RG_DTYPE_INT32, SHAPE(4), shape, 0, 0);
    op_case_in(&f, RG_DTYPE_FLOAT32, SHAPE(1, 1, 3, 1), wf, 0, 0);
    op_case_in(&f, RG_DTYPE_FLOAT32, SHAPE(1, 1, 2, 1), xf, 0, 0);
    op_case_out(&f, RG_DTYPE_FLOAT32, SHAPE(1, 1, 4, 1), 0, 0);
    op_case_gives(&f, want_real, "transpose_conv_f32", "stride_w=2", "activation=relu", NULL);
}

Test(svdf, shifts_its_registers_from_run_to_run) {
    /* one filter, memory 2, time weights (1 2): y = 1 * before + 2 * now, then + bias 10 */
    const int8_t x[] = {5, 6}, feature[] = {1, 2}, time[] = {1, 2};
    const int32_t bias[] = {10};
    int8_t state[2] = {0, 0}, got;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2), x, 1, 1);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2), feature, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2), time, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), bias, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2), state, 1, 0);
    c.in[4].variable = true;
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1), 1, -3);
    op_case_params(&c, "svdf_s8", "rank=1", NULL);
    op_case_run(&c, &got);
    cr_assert_eq(got, 2 * 14 + 10 - 3, "4 * 1 + 5 * 2 enters: %d", got);
    cr_assert(state[0] == 0 && state[1] == 14);
    op_case_run(&c, &got);
    cr_assert_eq(got, 14 + 2 * 14 + 10 - 3);
    cr_assert(state[0] == 14 && state[1] == 14);
    c.in[4].variable = false;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(prelu, takes_a_slope_for_each_channel) {
    const int8_t x[] = {10, -10, -20, 20}, slope[] = {2, -4};
    int8_t want[] = {10, 10, -10, 20}; /* -10 * -4/4; -20 * 2/4 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2), slope, 0.25f, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2), 0.5f, 0);
    op_case_gives(&c, want, "prelu_s8", NULL);
    c.in[1].shape = SHAPE(2, 2, 2);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(inverse_root, is_right_to_two_millionths) {
    const int32_t numbers[] = {2, 3, 4, 5, 100, 65535, 1 << 20, (1 << 29) - 1, 1 << 29, INT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        rg_factor f = rg_inverse_root(numbers[i]);
        double got = ldexp(f.multiplier, f.shift - 31), want = 1 / sqrt(numbers[i]);
        cr_assert(fabs(got / want - 1) < 2e-6, "%d: %g, not %g", numbers[i], got, want);
    }
    cr_assert_eq(rg_inverse_root(1).multiplier, INT32_MAX);
    cr_assert_eq(rg_inverse_root(-5).shift, 0);
}

/* All int8 values through a table stay within `within` steps of the real function. */
static void near_table(const char *name, float scale_in, int32_t zero_in, float scale_out,
                       int32_t zero_out, double (*real)(double), double within) {
    int8_t x[256], got[256];
    for (int i = 0; i < 256; i++)
        x[i] = (int8_t)(i - 128);
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(256), x, scale_in, zero_in);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(256), scale_out, zero_out);
    op_case_params(&c, name, NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 256; i++) {
        double want = real((x[i] - zero_in) * (double)scale_in) / (double)scale_out + zero_out;
        want = want < -128 ? -128 : !(want <= 127) ? 127 : want;
        cr_assert(fabs(got[i] - want) <= within, "%s(%d) is %d, not %g", name, x[i], got[i], want);
    }
}

static double gelu(double x) {
    return x / 2 * (1 + erf(x / sqrt(2)));
}

static double rsqrt(double x) {
    return x > 0 ? 1 / sqrt(x) : INFINITY;
}

Test(tables, stay_near_the_real_functions) {
    near_table("gelu_s8", 0.05f, 3, 0.04f, -120, gelu, 0.51);
    near_table("exp_s8", 0.02f, 100, 0.01f, -128, exp, 0.51);
    near_table("abs_s8", 0.05f, 10, 0.06f, -128, fabs, 0.51);
    near_table("rsqrt_s8", 0.1f, -128, 0.03f, -128, rsqrt, 0.6);
}

Test(log_softmax, stays_near_real_arithmetic) {
    int8_t x[32], got[32];
    double sum = 0;
    for (int i = 0; i < 32; i++) {
        x[i] = (int8_t)(i * 37 % 256 - 128);
        sum += exp(x[i] * 0.05);
    }
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 32), x, 0.05f, 7);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 32), 1.0f / 16, 127);
    op_case_params(&c, "log_softmax_s8", NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 32; i++) {
        double want = (x[i] * 0.05 - log(sum)) * 16 + 127;
        cr_assert(fabs(got[i] - (want < -128 ? -128 : want)) <= 1, "element %d: %d, not %g", i,
                  got[i], want);
    }
}

Test(l2_normalization, divides_rows_by_their_length) {
    const int8_t x[] = {4, 5, 1, 1}; /* less 1: (3 4), (0 0) */
    int8_t want[] = {77, 102, 0, 0}; /* 0.6 and 0.8 of 128 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 0.3f, 1);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2), 1.0f / 128, 0);
    op_case_gives(&c, want, "l2_normalization_s8", NULL);
}

Test(layer_norm, of_int8_is_the_formula_to_a_step) {
    int8_t x[64], gamma[64], got[64];
    int32_t beta[64];
    double mean = 0, variance = 0;
    for (int i = 0; i < 64; i++) {
        x[i] = (int8_t)(i * 53 % 200 - 90);
        gamma[i] = (int8_t)(i * 11 % 255 - 127);
        beta[i] = (i - 30) * 1000;
        mean += x[i] / 64.0;
    }
    for (int i = 0; i < 64; i++)
        variance += (x[i] - mean) * (x[i] - mean) / 64;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 64), x, 0.1f, 5);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(64), gamma, 0.01f, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(64), beta, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 64), 0.03f, -2);
    op_case_params(&c, "layer_norm_s8", NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 64; i++) {
        double y = (x[i] - mean) / sqrt(variance + 1e-5 / 0.01) * gamma[i] * 0.01;
        double want = (y + beta[i] * 0.01 / 1024) / 0.03 - 2;
        want = want < -128 ? -128 : want > 127 ? 127 : want;
        cr_assert(fabs(got[i] - want) <= 0.6, "element %d: %d, not %g", i, got[i], want);
    }
}

Test(layer_norm, of_equal_values_is_beta) {
    const int8_t x[] = {9, 9, 9};
    const float f[] = {1, 2, 3};
    int8_t want[] = {4, 4, 4};
    float real[3];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3), x, 0.1f, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(3), 0.1f, 4);
    op_case_gives(&c, want, "layer_norm_s8", "epsilon=0", NULL);
    op_case r = {0};
    op_case_in(&r, RG_DTYPE_FLOAT32, SHAPE(3), f, 0, 0);
    op_case_out(&r, RG_DTYPE_FLOAT32, SHAPE(3), 0, 0);
    op_case_params(&r, "layer_norm_f32", "epsilon=0", NULL);
    op_case_run(&r, real);
    cr_assert(fabsf(real[2] - sqrtf(1.5f)) < 1e-6f && real[1] == 0);
}

/* Two planes of 2x2, a filter that sees both planes of one pixel. */
Test(conv3d, sums_over_planes_and_adds_the_bias) {
    const float x[] = {1, 2, 3, 4, 10, 20, 30, 40}, filter[] = {1, 0.5f}, bias[] = {100};
    float want[] = {106, 112, 118, 124}, limited[] = {6, 6, 6, 6};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1, 2, 2, 2, 1), x, 0, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 1, 1, 1, 1), filter, 0, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(1, 1, 2, 2, 1), 0, 0);
    op_case_gives(&c, want, "conv3d_f32", "padding=valid", NULL);
    op_case_gives(&c, limited, "conv3d_f32", "padding=valid", "activation=relu6", NULL);
}
