/* conv3d.c: made-up convolutions of volumes: any filter, stride and dilation, both paddings. */
#include "kernels/cases/draw.h"

static void put(const rg_op *op, rg_shape volume, rg_shape filter, rg_case *c) {
    c->n_in = 3;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, volume, 0, 0);
    c->in[1] = rg_bench_tensor(op->weights, filter, 0, 0);
    c->in[1].constant = true;
    c->in[2] = rg_bench_tensor(op->out, RG_SHAPE_OF(filter.dim[4]), 0, 0);
    c->in[2].constant = true;
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0, 0);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    static const char *const strides[] = {"stride_d", "stride_h", "stride_w"};
    static const char *const dilations[] = {"dilation_d", "dilation_h", "dilation_w"};
    rg_shape volume = {5, {rg_draw_int(rng, 1, 2), 0, 0, 0, rg_draw_size(rng, 9)}};
    rg_shape filter = {5, {0, 0, 0, volume.dim[4], rg_draw_size(rng, 9)}};
    for (int d = 0; d < 3; d++) {
        int32_t dilation = rg_draw_int(rng, 1, 2);
        filter.dim[d] = rg_draw_int(rng, 1, 3);
        volume.dim[d + 1] = (filter.dim[d] - 1) * dilation + rg_draw_int(rng, 1, 6);
        rg_case_int(ret_case, dilations[d], dilation);
        rg_case_int(ret_case, strides[d], rg_draw_int(rng, 1, 3));
    }
    put(op, volume, filter, ret_case);
    rg_case_word(ret_case, "padding", rg_draw_one_in(rng, 2) ? "same" : "valid");
    rg_case_word(ret_case, "activation", rg_draw_activation(rng));
    ret_case->in[2].absent = rg_draw_one_in(rng, 4);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "conv3x3x3_8x28x28x16_32");
    put(op, RG_SHAPE_OF(1, 8, 28, 28, 16), RG_SHAPE_OF(3, 3, 3, 16, 32), ret_case);
    return true;
}

const rg_case_set rg_case_set_conv3d = {"conv3d", draw, bench};
