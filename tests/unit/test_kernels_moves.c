/* test_kernels_moves.c: operators that move or look up: pad, concat, transpose, slices, resizing,
 * blocks, mean and the tables of functions. */
#include <math.h>

#include "op_case.h"

Test(pad, surrounds_with_the_zero_point_or_with_a_given_value) {
    const int8_t x[] = {1, 2, 3, 4}, value[] = {9};
    const int32_t paddings[] = {1, 0, 0, 2};
    int8_t got[12], want[] = {-5, -5, -5, -5, 1, 2, -5, -5, 3, 4, -5, -5};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 1, -5);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2, 2), paddings, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(3, 4), 1, -5);
    op_case_gives(&c, want, "pad", NULL);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1), value, 1, -5);
    op_case_run(&c, got);
    cr_assert(got[0] == 9 && got[4] == 1 && got[11] == 9);
}

Test(pad, refuses_negative_and_missing_paddings) {
    const int8_t x[] = {1, 2};
    const int32_t paddings[] = {-1, 0};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1, 2), paddings, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1), 1, 0);
    op_case_params(&c, "pad", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
    c.in[1].data = NULL;
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED, "paddings that are worked out at run time");
}

Test(concat, interleaves_pieces_along_a_negative_axis) {
    const int8_t x[] = {1, 2, 3, 4}, y[] = {5, 6};
    int8_t want[] = {1, 2, 5, 3, 4, 6};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 1), y, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 3), 1, 0);
    op_case_gives(&c, want, "concat", "axis=-1", NULL);
    c.scale[1] = 2;
    cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED, "inputs are not rescaled");
}

Test(pack, makes_a_new_dimension) {
    const float x[] = {1, 2}, y[] = {3, 4};
    float want[] = {1, 3, 2, 4};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2), y, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), 0, 0);
    op_case_gives(&c, want, "pack", "axis=1", "values_count=2", NULL);
}

Test(transpose, turns_rows_into_columns) {
    const int16_t x[] = {1, 2, 3, 4, 5, 6};
    const int32_t order[] = {1, 0}, twice[] = {1, 1};
    int16_t want[] = {1, 4, 2, 5, 3, 6};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(2, 3), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), order, 0, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(3, 2), 0, 0);
    op_case_gives(&c, want, "transpose", NULL);
    c.in[1].data = twice;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(mean, divides_the_count_out_of_the_factor) {
    const int8_t x[] = {1, 2, 4, -1, -2, -4, 100, 100, 101};
    const int32_t axes[] = {-1};
    int8_t want[] = {2, -2, 100}; /* 7/3, -7/3, 301/3 */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 3, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), axes, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 3), 1, 0);
    op_case_gives(&c, want, "mean_s8", NULL);
}

Test(strided_slice, walks_backwards_and_drops_a_dimension) {
    const int8_t x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const int32_t begin[] = {1, -1}, end[] = {9, -4}, strides[] = {1, -2};
    int8_t want[] = {9, 7};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 5), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), begin, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), end, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), strides, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2), 1, 0);
    op_case_gives(&c, want, "strided_slice", "shrink_axis_mask=1", NULL);
    op_case_params(&c, "strided_slice", "ellipsis_mask=3", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

/* x[..., newaxis, 1:3]: the ellipsis stands for both dimensions in front. */
Test(strided_slice, lets_an_ellipsis_stand_for_what_is_not_named_and_adds_axes) {
    const int8_t x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const int32_t begin[] = {0, 0, 1}, end[] = {0, 0, 3}, strides[] = {1, 1, 1};
    const int32_t lengths[] = {0, 0, 2};
    int8_t want[] = {1, 2, 4, 5, 7, 8, 10, 11};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(3), begin, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(3), end, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(3), strides, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2, 1, 2), 1, 0);
    op_case_gives(&c, want, "strided_slice", "ellipsis_mask=1", "new_axis_mask=2", NULL);
    c.in[2].data = lengths;
    op_case_gives(&c, want, "strided_slice", "ellipsis_mask=1", "new_axis_mask=2", "offset=1",
                  NULL);
}

Test(slice, takes_what_is_left_for_a_size_of_minus_one) {
    const int8_t x[] = {0, 1, 2, 3, 4, 5};
    const int32_t begin[] = {1, 1}, size[] = {1, -1}, outside[] = {2, 0};
    int8_t want[] = {4, 5};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), begin, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), size, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2), 1, 0);
    op_case_gives(&c, want, "slice", NULL);
    c.in[1].data = outside;
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(split, needs_parts_of_equal_size) {
    const int8_t x[] = {0, 1, 2, 3};
    const int32_t axis[] = {1};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), axis, 0, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 1, 0);
    op_case_params(&c, "split", "num_splits=2", NULL);
    rg_op_call call = op_case_call(&c);
    rg_tensor out[3] = {0};
    call.n_out = 2;
    cr_assert_eq(c.op->infer(&call, out, &c.err), RG_OK);
    cr_assert(out[1].shape.rank == 2 && out[1].shape.dim[0] == 2 && out[1].shape.dim[1] == 1);
    int8_t left[2], right[2], want[2][2] = {{0, 2}, {1, 3}};
    const void *in[] = {axis, x};
    void *outs[] = {left, right};
    c.op->run(&call, NULL, in, outs, 0, 1);
    cr_assert_arr_eq(left, want[0], 2);
    cr_assert_arr_eq(right, want[1], 2);
    call.n_out = 3;
    cr_assert_eq(c.op->infer(&call, out, &c.err), RG_BAD_DATA);
}

Test(resize, nearest_repeats_and_bilinear_blends) {
    const int8_t x[] = {0, 100};
    const int32_t size[] = {1, 4};
    int8_t near[] = {0, 0, 100, 100}, blend[] = {0, 50, 100, 100};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1, 2, 1), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), size, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 1, 4, 1), 1, 0);
    op_case_gives(&c, near, "resize_nearest", NULL);
    op_case_gives(&c, blend, "resize_bilinear_s8", NULL);
}

Test(blocks, to_depth_and_back_is_the_same_image) {
    int8_t x[2 * 4 * 4 * 3], deep[sizeof x];
    for (size_t i = 0; i < sizeof x; i++)
        x[i] = (int8_t)i;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 4, 4, 3), x, 1, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2, 2, 12), 1, 0);
    op_case_params(&c, "space_to_depth", "block_size=2", NULL);
    op_case_run(&c, deep);
    cr_assert(deep[3] == 3 && deep[6] == 12, "the second row of the block follows the first");
    op_case d = {0};
    op_case_in(&d, RG_DTYPE_INT8, SHAPE(2, 2, 2, 12), deep, 1, 0);
    op_case_out(&d, RG_DTYPE_INT8, SHAPE(2, 4, 4, 3), 1, 0);
    op_case_gives(&d, x, "depth_to_space", "block_size=2", NULL);
}

/* Runs an int8 function over all bytes. */
static void over_all_bytes(const char *name, float scale, int32_t zero, float out_scale,
                           int32_t out_zero, int8_t ret[256]) {
    int8_t x[256];
    for (int i = 0; i < 256; i++)
        x[i] = (int8_t)(i - 128);
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(256), x, scale, zero);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(256), out_scale, out_zero);
    op_case_params(&c, name, NULL);
    op_case_run(&c, ret);
}

Test(unary, every_byte_is_within_half_a_step_of_the_function) {
    int8_t logistic[256], tanhs[256], relu6[256];
    over_all_bytes("logistic_s8", 0.05f, 3, 1.0f / 256, -128, logistic);
    over_all_bytes("tanh_s8", 0.03f, -7, 1.0f / 128, 0, tanhs);
    over_all_bytes("relu6_s8", 0.1f, 0, 0.1f, -128, relu6);
    for (int q = -128; q < 128; q++) {
        double l = 256 / (1 + exp(-(double)0.05f * (q - 3))) - 128,
               t = 128 * tanh((double)0.03f * (q + 7));
        cr_assert(fabs(logistic[q + 128] - fmin(l, 127)) < 0.501, "logistic of %d", q);
        cr_assert(fabs(tanhs[q + 128] - fmin(t, 127)) < 0.501, "tanh of %d", q);
        cr_assert_eq(relu6[q + 128], (q < 0 ? 0 : q > 60 ? 60 : q) - 128);
    }
}

Test(unary, hard_swish_is_within_a_step_of_the_function) {
    int8_t got[256];
    over_all_bytes("hard_swish_s8", 0.06f, 5, 0.04f, -110, got);
    for (int q = -128; q < 128; q++) {
        double x = (double)0.06f * (q - 5),
               y = x * fmin(fmax(x + 3, 0), 6) / 6 / (double)0.04f - 110;
        cr_assert(fabs(got[q + 128] - fmin(y, 127)) <= 1.01, "hard_swish of %d: %d, not %g", q,
                  got[q + 128], y);
    }
}

Test(dequantize, halves_are_exact_subnormals_included) {
    const uint16_t x[] = {0x3C00, 0xC000, 0x0001, 0x8000, 0x7C00, 0x7BFF};
    float got[6];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT16, SHAPE(6), x, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(6), 0, 0);
    op_case_params(&c, "dequantize_f16_f32", NULL);
    op_case_run(&c, got);
    cr_assert(got[0] == 1 && got[1] == -2 && got[2] == 0x1p-24f && got[3] == 0 && signbit(got[3]));
    cr_assert(isinf(got[4]) && got[5] == 65504);
}
