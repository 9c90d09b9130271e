/* conv2d.c: made-up convolutions: any kernel, stride, dilation, padding and group; the bench's own
 * are those of the comparison with other libraries and shapes beyond them. */
#include <stdio.h>

#include "kernels/cases/weighted.h"

/* Names as in the comparison: kernel, stride and dilation if any, input, output channels. */
static const rg_conv_problem problems[] = {
    {"conv3x3_56x56x64_64", 56, 56, 64, 64, 3, 3, 1, 1},
    {"conv1x1_28x28x192_64", 28, 28, 192, 64, 1, 1, 1, 1},
    {"conv3x3s2_224x224x3_32", 224, 224, 3, 32, 3, 3, 2, 1},
    {"conv1x1_56x56x32_64", 56, 56, 32, 64, 1, 1, 1, 1},
    {"conv1x1_7x7x512_512", 7, 7, 512, 512, 1, 1, 1, 1},
    {"conv1x1s2_56x56x64_128", 56, 56, 64, 128, 1, 1, 2, 1},
    {"conv3x3s2_57x57x32_64", 57, 57, 32, 64, 3, 3, 2, 1},
    {"conv3x3d2_28x28x64_64", 28, 28, 64, 64, 3, 3, 1, 2},
    {"conv5x5_28x28x32_48", 28, 28, 32, 48, 5, 5, 1, 1},
    {"conv7x7s2_112x112x3_64", 112, 112, 3, 64, 7, 7, 2, 1},
    {"conv10x4s2_49x10x1_64", 49, 10, 1, 64, 10, 4, 2, 1},
    {"conv3x3_32x32x3_16", 32, 32, 3, 16, 3, 3, 1, 1},
    {"conv3x3_32x32x16_16", 32, 32, 16, 16, 3, 3, 1, 1},
    {"conv3x3_8x8x64_64", 8, 8, 64, 64, 3, 3, 1, 1},
    {"conv3x3_24x24x5_7", 24, 24, 5, 7, 3, 3, 1, 1},
    {"conv3x3_28x28x30_30", 28, 28, 30, 30, 3, 3, 1, 1},
    {"conv1x1_4x1024x24_40", 4, 1024, 24, 40, 1, 1, 1, 1},
    {"conv1x1_1024x4x24_40", 1024, 4, 24, 40, 1, 1, 1, 1},
};
enum { N_PROBLEMS = sizeof problems / sizeof problems[0] };

static void put_window(rg_case *c, const char *padding, int32_t stride_h, int32_t stride_w,
                       int32_t dilation_h, int32_t dilation_w, const char *activation) {
    rg_case_word(c, "padding", padding);
    rg_case_int(c, "stride_h", stride_h);
    rg_case_int(c, "stride_w", stride_w);
    rg_case_int(c, "dilation_h", dilation_h);
    rg_case_int(c, "dilation_w", dilation_w);
    rg_case_word(c, "activation", activation);
}

/* One side of the image: at least what a `valid` window of this reach needs. */
static int32_t draw_side(rg_rng *rng, int32_t kernel, int32_t dilation) {
    return (kernel - 1) * dilation + rg_draw_int(rng, 1, rg_draw_one_in(rng, 4) ? 24 : 9);
}

static int32_t draw_kernel(rg_rng *rng) {
    static const int32_t sides[] = {1, 1, 3, 3, 3, 2, 5, 7};
    return rg_draw_one_in(rng, 4) ? rg_draw_int(rng, 1, 10) : sides[rg_rng_below(rng, 8)];
}

/* Work is kept below some millions of products by narrowing what is widest. */
static void keep_small(rg_weighted *sizes, int32_t *in_c, int32_t *out_c) {
    enum { MOST_MACS = 4000000 };
    double pixels = (double)sizes->input.dim[0] * sizes->input.dim[1] * sizes->input.dim[2];
    double taps = (double)sizes->filter.dim[1] * sizes->filter.dim[2];
    while (pixels * taps * *in_c * *out_c > MOST_MACS && (*in_c > 1 || *out_c > 1)) {
        int32_t *wide = *in_c > *out_c ? in_c : out_c;
        *wide = *wide / 2 + *wide % 2;
    }
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *c) {
    int32_t kh = draw_kernel(rng), kw = rg_draw_one_in(rng, 3) ? draw_kernel(rng) : kh;
    int32_t dh = rg_draw_one_in(rng, 5) ? rg_draw_int(rng, 2, 4) : 1;
    int32_t dw = rg_draw_one_in(rng, 8) ? rg_draw_int(rng, 2, 4) : dh;
    int32_t sh = rg_draw_one_in(rng, 3) ? rg_draw_int(rng, 2, 4) : 1;
    int32_t sw = rg_draw_one_in(rng, 8) ? rg_draw_int(rng, 1, 4) : sh;
    int32_t in_c = rg_draw_channels(rng, 130), out_c = rg_draw_channels(rng, 130);
    int32_t groups = rg_draw_one_in(rng, 8) ? rg_draw_int(rng, 2, 4) : 1;
    rg_weighted sizes = {.channel_axis = 0, .may_per_channel = true};
    sizes.input = (rg_shape){
        4, {rg_draw_one_in(rng, 4) ? 2 : 1, draw_side(rng, kh, dh), draw_side(rng, kw, dw), 0}};
    if (rg_draw_one_in(rng, 10)) { /* one pixel that looks at the whole input */
        sizes.input = (rg_shape){4, {1, kh, kw, 0}};
        dh = dw = groups = 1;
        sh = kh, sw = kw;
    }
    sizes.filter = (rg_shape){4, {0, kh, kw, 0}};
    keep_small(&sizes, &in_c, &out_c);
    sizes.input.dim[3] = in_c * groups;
    sizes.filter.dim[0] = sizes.outputs = out_c * groups;
    sizes.filter.dim[3] = in_c;
    sizes.depth = (double)kh * kw * in_c;
    rg_weighted_draw(op, &sizes, rng, c);
    put_window(c, rg_draw_padding(rng, kh, kw, c), sh, sw, dh, dw, rg_draw_activation(rng));
}

static bool bench(const rg_op *op, size_t index, rg_case *c) {
    if (index >= N_PROBLEMS)
        return false;
    const rg_conv_problem *p = &problems[index];
    rg_weighted sizes = {
        .input = {4, {1, p->height, p->width, p->channels}},
        .filter = {4, {p->outputs, p->kernel_h, p->kernel_w, p->channels}},
        .outputs = p->outputs,
        .depth = (double)p->kernel_h * p->kernel_w * p->channels,
        .may_per_channel = true,
    };
    snprintf(c->name, sizeof c->name, "%s", p->name);
    rg_weighted_bench(op, &sizes, c);
    put_window(c, "same", p->stride, p->stride, p->dilation, p->dilation, "none");
    return true;
}

const rg_case_set rg_case_set_conv2d = {.kind = "conv2d", .draw = draw, .bench = bench};
