/* test_kernels_more.c: pools, arithmetic, softmax, moves and changes of type. */
#include <math.h>

#include "op_case.h"

Test(average_pool2d, partial_windows_count_only_their_pixels_and_halves_go_away_from_zero) {
    /* 1x3, windows of 2 with stride 1, same: (-1-2)/2 = -1.5, (-2-3)/2 = -2.5, -3/1 */
    const int8_t x[] = {-1, -2, -3};
    int8_t want[] = {-2, -3, -3};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 3, 1), x, 0.5f, 7);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 3, 1), 0.5f, 7);
    op_case_gives(&c, want, "average_pool2d_s8", "filter_h=1", "filter_w=2", NULL);
    c.zero[OP_CASE_MAX] = 6;
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED, "there is no rescaling");
}

Test(max_pool2d, takes_the_largest_pixel_on_the_image) {
    const int8_t x[] = {-128, 3, -5, -7, 1, 2, -9, -100};
    int8_t want[] = {1, 3};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 2, 2), x, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 1, 2), 1, 0);
    op_case_gives(&c, want, "max_pool2d_s8", "filter_h=2", "filter_w=2", "stride_h=2", "stride_w=2",
                  NULL);
}

Test(add, stretches_a_row_over_a_table) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6}, y[] = {10, 20, 30};
    int8_t want[] = {11, 22, 33, 14, 25, 36};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3), y, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 3), 1, 0);
    op_case_gives(&c, want, "add_s8", NULL);
}

Test(sub, stretches_both_sides_and_keeps_the_order) {
    const int8_t x[] = {10, 20}, y[] = {1, 2, 3};
    int8_t want[] = {9, 8, 7, 19, 18, 17};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 1), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 3), y, 0.5f, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 3), 0.5f, 0);
    op_case_gives(&c, want, "sub_s8", NULL);
    c.in[1].shape = SHAPE(3, 1);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(mul, scales_products_and_applies_relu) {
    const int8_t x[] = {10, -10, 30, 127}, y[] = {3};
    int8_t want[] = {8, 0, 23, 96}; /* 7.5; -7.5 under relu; 22.5; 95.25, by two roundings 95.5 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(4), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1), y, 0.5f, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(4), 1, 0);
    op_case_gives(&c, want, "mul_s8", "activation=relu", NULL);
}

Test(softmax, stays_within_one_step_of_real_arithmetic) {
    int8_t x[64], got[64];
    double e[64], sum = 0;
    for (int i = 0; i < 64; i++) {
        x[i] = (int8_t)(i * 37 % 256 - 128);
        sum += e[i] = exp(x[i] * 0.07);
    }
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 64), x, 0.07f, 5);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 64), 1.0f / 256, -128);
    op_case_params(&c, "softmax_s8", NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 64; i++)
        cr_assert(fabs(got[i] + 128 - e[i] / sum * 256) <= 1, "element %d is %d", i, got[i]);
}

Test(softmax, equal_inputs_share_evenly_whatever_their_number) {
    static int8_t x[8192], got[8192];
    const int counts[] = {1, 2, 3, 64, 1001, 8192},
              want[] = {127, 0, 85 - 128, 4 - 128, -128, -128};
    for (int k = 0; k < 6; k++) {
        op_case c = {0};
        op_case_in(&c, RG_DTYPE_INT8, SHAPE(counts[k]), x, 20.0f, 0);
        op_case_out(&c, RG_DTYPE_INT8, SHAPE(counts[k]), 1.0f / 256, -128);
        op_case_params(&c, "softmax_s8", NULL);
        op_case_run(&c, got);
        cr_assert_eq(got[0], want[k], "%d inputs: %d", counts[k], got[0]);
        cr_assert_eq(got[counts[k] - 1], want[k]);
    }
}

Test(reshape, fills_in_the_wildcard_and_refuses_other_sizes) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6};
    const int32_t shape[] = {3, -1}, wrong[] = {4, -1};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(6), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), shape, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(3, 2), 0, 0);
    op_case_gives(&c, x, "reshape", NULL);
    c.in[1].data = wrong;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
    c.n_in = 1;
    cr_assert_eq(op_case_admit(&c), RG_OK, "the declared shape serves when none is given");
    c.out.shape = SHAPE(7);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(quantize, rounds_halves_away_and_saturates) {
    const float x[] = {0.25f, -0.25f, 1000, -1000, 0.7f};
    int8_t want[] = {2, 0, 127, -128, 2}; /* zero point 1; 0.5 -> 1, -0.5 -> -1 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(5), x, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(5), 0.5f, 1);
    op_case_gives(&c, want, "quantize_f32_s8", NULL);
}

Test(quantize, between_signed_and_unsigned_is_a_flip_of_the_top_bit) {
    int8_t x[256];
    uint8_t got[256];
    for (int i = 0; i < 256; i++)
        x[i] = (int8_t)(i - 128);
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(256), x, 0.1f, -3);
    op_case_out(&c, RG_DTYPE_UINT8, SHAPE(256), 0.1f, 125);
    op_case_params(&c, "quantize_s8_u8", NULL);
    op_case_run(&c, got);
    for (int i = 0; i < 256; i++)
        cr_assert_eq(got[i], i);
}

Test(dequantize, is_scale_times_distance_from_zero_point) {
    const uint8_t x[] = {0, 128, 255};
    float got[3];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_UINT8, SHAPE(3), x, 0.25f, 128);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(3), 0, 0);
    op_case_params(&c, "dequantize_u8_f32", NULL);
    op_case_run(&c, got);
    cr_assert(got[0] == -32 && got[1] == 0 && got[2] == 31.75f);
}
