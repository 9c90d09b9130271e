/* test_kernels_choose.c: operators that choose, repeat, compare or reduce. */
#include <math.h>

#include "op_case.h"

Test(reduce, keeps_the_largest_the_smallest_and_the_product_over_two_dimensions) {
    const int8_t x[] = {3, -7, 5, 1, -128, 127, 0, 2};
    const float f[] = {2, 3, -1, 4};
    const int32_t outer_and_inner[] = {0, -1}, last[] = {1};
    int8_t most[2], least[2], want_most[] = {127, 5}, want_least[] = {-128, 0};
    float product[2];
    const char *names[] = {"reduce_max_s8", "reduce_min_s8"};
    for (int i = 0; i < 2; i++) {
        op_case c = {0};
        op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2, 2), x, 0.5f, 1);
        op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), outer_and_inner, 0, 0);
        op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 2, 1), 0.5f, 1);
        op_case_params(&c, names[i], "keep_dims=true", NULL);
        op_case_run(&c, i ? least : most);
        c.zero[OP_CASE_MAX] = 2;
        cr_assert_eq(op_case_admit(&c), RG_UNSUPPORTED, "there is no rescaling");
    }
    cr_assert_arr_eq(most, want_most, 2);
    cr_assert_arr_eq(least, want_least, 2);
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), f, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), last, 0, 0);
    op_case_out(&c, RG_DTYPE_FLOAT32, SHAPE(2), 0, 0);
    op_case_params(&c, "reduce_prod_f32", NULL);
    op_case_run(&c, product);
    cr_assert(product[0] == 6 && product[1] == -4);
}

Test(sum, of_int8_rescales_the_sum_and_of_int16_too) {
    /* less the zero point 1: 9 + 19 + 29 + 39 = 96, times 0.5 / 2 = 24, plus 3 */
    const int8_t x[] = {10, 20, 30, 40};
    const int16_t wide[] = {1000, -3000, 500, 501};
    const int32_t axes[] = {0};
    int8_t got;
    int16_t got_wide;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(4), x, 0.5f, 1);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), axes, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, (rg_shape){0}, 2, 3);
    op_case_params(&c, "sum_s8", NULL);
    op_case_run(&c, &got);
    cr_assert_eq(got, 27);
    op_case w = {0};
    op_case_in(&w, RG_DTYPE_INT16, SHAPE(4), wide, 0.25f, 0);
    op_case_in(&w, RG_DTYPE_INT32, SHAPE(1), axes, 0, 0);
    op_case_out(&w, RG_DTYPE_INT16, SHAPE(1), 0.5f, 0);
    op_case_params(&w, "sum_s16", "keep_dims=true", NULL);
    op_case_run(&w, &got_wide);
    cr_assert_eq(got_wide, -499, "the first step rounds ties up: %d", got_wide);
}

Test(mean, of_uint8_and_int16_divides_inside_the_multiplier) {
    const uint8_t x[] = {10, 20, 30, 41};
    const int16_t wide[] = {100, -300, 500, 503};
    const int32_t axes[] = {0};
    uint8_t got;
    int16_t got_wide;
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_UINT8, SHAPE(4), x, 0.5f, 128);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), axes, 0, 0);
    op_case_out(&c, RG_DTYPE_UINT8, (rg_shape){0}, 0.5f, 128);
    op_case_params(&c, "mean_u8", NULL);
    op_case_run(&c, &got);
    cr_assert_eq(got, 25);
    op_case w = {0};
    op_case_in(&w, RG_DTYPE_INT16, SHAPE(4), wide, 0.5f, 0);
    op_case_in(&w, RG_DTYPE_INT32, SHAPE(1), axes, 0, 0);
    op_case_out(&w, RG_DTYPE_INT16, (rg_shape){0}, 0.5f, 0);
    op_case_params(&w, "mean_s16", NULL);
    op_case_run(&w, &got_wide);
    cr_assert_eq(got_wide, 201, "803 / 4 = 200.75");
}

Test(gather, takes_slices_along_an_axis_within_shared_batches) {
    const int16_t x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const int64_t numbers[] = {2, 0, 1, 1}, far[] = {9, -9, 1, 1};
    int16_t got[4], want[] = {3, 1, 5, 5}, want_far[] = {3, 1, 5, 5};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(2, 3), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT64, SHAPE(2, 2), numbers, 0, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(2, 2), 0, 0);
    op_case_gives(&c, want, "gather", "axis=1", "batch_dims=1", NULL);
    c.in[1].data = far;
    op_case_run(&c, got);
    cr_assert_arr_eq(got, want_far, sizeof got, "numbers outside count as the nearest inside");
    int16_t want_rows[] = {9, 10, 11, 12, 1, 2, 3, 4};
    const int32_t two[] = {2, 0};
    op_case r = {0};
    op_case_in(&r, RG_DTYPE_INT16, SHAPE(3, 4), x, 0, 0);
    op_case_in(&r, RG_DTYPE_INT32, SHAPE(2), two, 0, 0);
    op_case_out(&r, RG_DTYPE_INT16, SHAPE(2, 4), 0, 0);
    op_case_gives(&r, want_rows, "gather", NULL);
}

Test(gather_nd, takes_slices_by_tuples) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const int32_t tuples[] = {1, 0, 0, 1};
    int8_t want[] = {5, 6, 3, 4};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2, 2), tuples, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(2, 2), 0, 0);
    op_case_gives(&c, want, "gather_nd", NULL);
    c.in[1].shape = SHAPE(1, 4);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(tile, repeats_rows_and_columns_and_broadcast_stretches) {
    const int8_t x[] = {1, 2, 3, 4};
    const int32_t times[] = {2, 3}, shape[] = {2, 2, 2};
    int8_t want[] = {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), times, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(4, 6), 0, 0);
    op_case_gives(&c, want, "tile", NULL);
    int8_t want_wide[] = {1, 2, 1, 2, 1, 2, 1, 2};
    op_case b = {0};
    op_case_in(&b, RG_DTYPE_INT8, SHAPE(1, 2), x, 0, 0);
    op_case_in(&b, RG_DTYPE_INT32, SHAPE(3), shape, 0, 0);
    op_case_out(&b, RG_DTYPE_INT8, SHAPE(2, 2, 2), 0, 0);
    op_case_gives(&b, want_wide, "broadcast_to", NULL);
}

Test(space_to_batch, spreads_blocks_over_batches_and_pads_with_the_zero_point) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6};
    const int32_t block[] = {2, 2}, pads[] = {0, 0, 1, 0};
    int8_t want[] = {9, 2, 1, 3, 9, 5, 4, 6};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 2, 3, 1), x, 0.5f, 9);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), block, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2, 2), pads, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(4, 1, 2, 1), 0.5f, 9);
    op_case_gives(&c, want, "space_to_batch_nd", NULL);
    int8_t back[6];
    op_case b = {0};
    op_case_in(&b, RG_DTYPE_INT8, SHAPE(4, 1, 2, 1), want, 0.5f, 9);
    op_case_in(&b, RG_DTYPE_INT32, SHAPE(2), block, 0, 0);
    op_case_in(&b, RG_DTYPE_INT32, SHAPE(2, 2), pads, 0, 0);
    op_case_out(&b, RG_DTYPE_INT8, SHAPE(1, 2, 3, 1), 0.5f, 9);
    op_case_params(&b, "batch_to_space_nd", NULL);
    op_case_run(&b, back);
    cr_assert_arr_eq(back, x, 6, "the same edges as crops lead back");
    b.in[0].shape = SHAPE(3, 1, 2, 1);
    cr_assert_eq(op_case_admit(&b), RG_BAD_DATA);
}

Test(mirror_pad, reflects_without_the_edge_and_symmetrically_with_it) {
    const int8_t x[] = {1, 2, 3};
    const int32_t pads[] = {2, 2}, far[] = {3, 0};
    int8_t reflect[] = {3, 2, 1, 2, 3, 2, 1}, symmetric[] = {2, 1, 1, 2, 3, 3, 2};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1, 2), pads, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(7), 0, 0);
    op_case_gives(&c, reflect, "mirror_pad", "mode=reflect", NULL);
    op_case_gives(&c, symmetric, "mirror_pad", "mode=symmetric", NULL);
    c.in[1].data = far;
    op_case_params(&c, "mirror_pad", "mode=reflect", NULL);
    cr_assert_eq(op_case_admit(&c), RG_BAD_DATA);
}

Test(split_v, fills_in_the_open_part) {
    const int8_t x[] = {1, 2, 3, 4, 5, 6};
    const int32_t sizes[] = {1, -1}, axis[] = {-1};
    int8_t first[2], rest[4], want_first[] = {1, 4}, want_rest[] = {2, 3, 5, 6};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), sizes, 0, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(1), axis, 0, 0);
    op_case_params(&c, "split_v", NULL);
    rg_tensor out[2] = {{.name = "a"}, {.name = "b"}};
    const rg_tensor *outs[] = {&out[0], &out[1]};
    rg_op_call call = {c.op, c.params, 3, 2, c.ins, outs};
    cr_assert_eq(c.op->infer(&call, out, &c.err), RG_OK);
    cr_assert(rg_shape_equal(&out[0].shape, &SHAPE(2, 1)));
    cr_assert(rg_shape_equal(&out[1].shape, &SHAPE(2, 2)));
    const void *in[] = {x, sizes, axis};
    void *to[] = {first, rest};
    c.op->run(&call, NULL, in, to, 0, 1);
    cr_assert_arr_eq(first, want_first, 2);
    cr_assert_arr_eq(rest, want_rest, 4);
    call.n_out = 1;
    cr_assert_eq(c.op->infer(&call, out, &c.err), RG_BAD_DATA);
}

Test(arg_max, takes_the_first_of_equals) {
    const int8_t x[] = {1, 7, 7, 9, -3, 9};
    const int32_t axis[] = {1};
    int32_t got[2];
    int64_t least[2];
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(2, 3), x, 0.1f, 3);
    op_case_in(&c, RG_DTYPE_INT32, (rg_shape){0}, axis, 0, 0);
    op_case_out(&c, RG_DTYPE_INT32, SHAPE(2), 0, 0);
    op_case_params(&c, "arg_max_s8", NULL);
    op_case_run(&c, got);
    cr_assert(got[0] == 1 && got[1] == 0);
    op_case_out(&c, RG_DTYPE_INT64, SHAPE(2), 0, 0);
    op_case_params(&c, "arg_min_s8", NULL);
    op_case_run(&c, least);
    cr_assert(least[0] == 0 && least[1] == 1);
}

Test(cast, cuts_floats_and_wraps_integers) {
    const float x[] = {-1.9f, 1.9f, 300, -300, NAN, 1e30f};
    int8_t want[] = {-1, 1, 127, -128, 0, 127};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(6), x, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(6), 0, 0);
    op_case_gives(&c, want, "cast", NULL);
    int64_t wide[6];
    op_case_out(&c, RG_DTYPE_INT64, SHAPE(6), 0, 0);
    op_case_run(&c, wide);
    cr_assert(wide[2] == 300 && wide[5] == INT64_MAX && wide[4] == 0);
    const int32_t y[] = {257, -1, 0};
    uint8_t bytes[3], flags[3];
    op_case i = {0};
    op_case_in(&i, RG_DTYPE_INT32, SHAPE(3), y, 0, 0);
    op_case_out(&i, RG_DTYPE_UINT8, SHAPE(3), 0, 0);
    op_case_params(&i, "cast", NULL);
    op_case_run(&i, bytes);
    cr_assert(bytes[0] == 1 && bytes[1] == 255 && bytes[2] == 0);
    op_case_out(&i, RG_DTYPE_BOOL, SHAPE(3), 0, 0);
    op_case_run(&i, flags);
    cr_assert(flags[0] == 1 && flags[1] == 1 && flags[2] == 0);
}

Test(compare, int8_sides_on_the_real_line) {
    /* 0.5 * (4 - 0) = 2 against 0.25 * (9 - 1) = 2; 2.5 against 2; 2 against 2.25 */
    const int8_t x[] = {4, 5, 4}, y[] = {9, 9, 10};
    uint8_t equal[] = {1, 0, 0}, less[] = {0, 0, 1};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3), x, 0.5f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(3), y, 0.25f, 1);
    op_case_out(&c, RG_DTYPE_BOOL, SHAPE(3), 0, 0);
    op_case_gives(&c, equal, "equal_s8", NULL);
    op_case_gives(&c, less, "less_s8", NULL);
}

Test(compare, floats_stretch_and_nan_equals_nothing) {
    const float x[] = {1, NAN, 3, -0.0f}, y[] = {0};
    uint8_t greater[] = {1, 0, 1, 0}, equal[] = {0, 0, 0, 1};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_FLOAT32, SHAPE(1), y, 0, 0);
    op_case_out(&c, RG_DTYPE_BOOL, SHAPE(2, 2), 0, 0);
    op_case_gives(&c, greater, "greater_f32", NULL);
    op_case_gives(&c, equal, "equal_f32", NULL);
}

Test(logical, operators_take_truths) {
    const uint8_t x[] = {0, 0, 1, 1}, y[] = {0, 1, 0, 1};
    uint8_t both[] = {0, 0, 0, 1}, any[] = {0, 1, 1, 1}, not_x[] = {1, 1, 0, 0};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_BOOL, SHAPE(4), x, 0, 0);
    op_case_in(&c, RG_DTYPE_BOOL, SHAPE(4), y, 0, 0);
    op_case_out(&c, RG_DTYPE_BOOL, SHAPE(4), 0, 0);
    op_case_gives(&c, both, "logical_and_b8", NULL);
    op_case_gives(&c, any, "logical_or_b8", NULL);
    c.n_in = 1;
    op_case_gives(&c, not_x, "logical_not_b8", NULL);
}

Test(select, by_slices_and_by_broadcasting) {
    const uint8_t when[] = {1, 0};
    const int16_t x[] = {1, 2, 3, 4}, y[] = {5, 6, 7, 8};
    int16_t slices[] = {1, 2, 7, 8}, columns[] = {1, 6, 3, 8};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_BOOL, SHAPE(2), when, 0, 0);
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(2, 2), x, 0, 0);
    op_case_in(&c, RG_DTYPE_INT16, SHAPE(2, 2), y, 0, 0);
    op_case_out(&c, RG_DTYPE_INT16, SHAPE(2, 2), 0, 0);
    op_case_gives(&c, slices, "select", NULL);
    op_case_gives(&c, columns, "select_v2", NULL);
}

Test(concat, brings_uint8_to_the_scale_of_the_output) {
    /* first: 2 * (q - 10) + 100; second as it is */
    const uint8_t x[] = {10, 11, 9, 255}, y[] = {7};
    uint8_t want[] = {100, 102, 98, 255, 7};
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_UINT8, SHAPE(4), x, 1, 10);
    op_case_in(&c, RG_DTYPE_UINT8, SHAPE(1), y, 0.5f, 100);
    op_case_out(&c, RG_DTYPE_UINT8, SHAPE(5), 0.5f, 100);
    op_case_gives(&c, want, "concat", NULL);
}

Test(resize_bilinear, of_uint8_rounds_halves_up) {
    const uint8_t x[] = {10, 13};
    const int32_t size[] = {1, 4};
    uint8_t want[] = {10, 12, 13, 13}; /* 10, 11.5, 13, and the edge */
    op_case c = {0};
    op_case_in(&c, RG_DTYPE_UINT8, SHAPE(1, 1, 2, 1), x, 1, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(2), size, 0, 0);
    op_case_out(&c, RG_DTYPE_UINT8, SHAPE(1, 1, 4, 1), 1, 0);
    op_case_gives(&c, want, "resize_bilinear_u8", NULL);
}
