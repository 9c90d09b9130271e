/* depthwise_conv2d.c: made-up depthwise convolutions, any multiplier. */
#include <stdio.h>

#include "kernels/cases/weighted.h"

/* outputs: channels times the multiplier */
static const rg_conv_problem problems[] = {
    {"dw3x3_112x112x32", 112, 112, 32, 32, 3, 3, 1, 1},
    {"dw3x3s2_56x56x128", 56, 56, 128, 128, 3, 3, 2, 1},
    {"dw3x3_14x14x512", 14, 14, 512, 512, 3, 3, 1, 1},
    {"dw3x3s2_57x57x96", 57, 57, 96, 96, 3, 3, 2, 1},
    {"dw3x3_25x5x64", 25, 5, 64, 64, 3, 3, 1, 1},
    {"dw3x3_48x48x8", 48, 48, 8, 8, 3, 3, 1, 1},
    {"dw3x3_3x3x256", 3, 3, 256, 256, 3, 3, 1, 1},
    {"dw5x5_28x28x120", 28, 28, 120, 120, 5, 5, 1, 1},
    {"dw5x5s2_56x56x72", 56, 56, 72, 72, 5, 5, 2, 1},
    {"dw7x7_14x14x192", 14, 14, 192, 192, 7, 7, 1, 1},
    {"dw3x3d2_28x28x64", 28, 28, 64, 64, 3, 3, 1, 2},
    {"dw3x3_28x28x27", 28, 28, 27, 27, 3, 3, 1, 1},
    {"dw3x3m2_28x28x32", 28, 28, 32, 64, 3, 3, 1, 1},
    {"dw10x8s2m8_49x40x1", 49, 40, 1, 8, 10, 8, 2, 1},
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

static int32_t draw_kernel(rg_rng *rng) {
    static const int32_t sides[] = {3, 3, 3, 3, 5, 7, 1, 2};
    return rg_draw_one_in(rng, 4) ? rg_draw_int(rng, 1, 10) : sides[rg_rng_below(rng, 8)];
}

static int32_t draw_side(rg_rng *rng, int32_t kernel, int32_t dilation) {
    return (kernel - 1) * dilation + rg_draw_int(rng, 1, rg_draw_one_in(rng, 4) ? 40 : 12);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *c) {
    int32_t kh = draw_kernel(rng), kw = rg_draw_one_in(rng, 4) ? draw_kernel(rng) : kh;
    int32_t dh = rg_draw_one_in(rng, 6) ? rg_draw_int(rng, 2, 4) : 1;
    int32_t dw = rg_draw_one_in(rng, 8) ? rg_draw_int(rng, 2, 4) : dh;
    int32_t sh = rg_draw_one_in(rng, 3) ? rg_draw_int(rng, 2, 4) : 1;
    int32_t sw = rg_draw_one_in(rng, 8) ? rg_draw_int(rng, 1, 4) : sh;
    int32_t multiplier = rg_draw_one_in(rng, 4) ? rg_draw_int(rng, 2, 8) : 1;
    int32_t channels = rg_draw_channels(rng, 140);
    if (rg_draw_one_in(rng, 8)) { /* as mobile networks halve their images */
        kh = kw = 3, dh = dw = 1, sh = sw = 2, multiplier = 1;
        channels += 32;
    }
    rg_weighted sizes = {.channel_axis = 3,
                         .depth = (double)kh * kw,
                         .outputs = channels * multiplier,
                         .may_per_channel = true};
    sizes.input = (rg_shape){
        4,
        {rg_draw_one_in(rng, 4) ? 2 : 1, draw_side(rng, kh, dh), draw_side(rng, kw, dw), channels}};
    sizes.filter = (rg_shape){4, {1, kh, kw, channels * multiplier}};
    rg_weighted_draw(op, &sizes, rng, c);
    put_window(c, rg_draw_padding(rng, kh, kw, c), sh, sw, dh, dw, rg_draw_activation(rng));
    rg_case_int(c, "depth_multiplier", rg_draw_one_in(rng, 2) ? multiplier : 0);
}

static bool bench(const rg_op *op, size_t index, rg_case *c) {
    if (index >= N_PROBLEMS)
        return false;
    const rg_conv_problem *p = &problems[index];
    rg_weighted sizes = {
        .input = {4, {1, p->height, p->width, p->channels}},
        .filter = {4, {1, p->kernel_h, p->kernel_w, p->outputs}},
        .outputs = p->outputs,
        .channel_axis = 3,
        .depth = (double)p->kernel_h * p->kernel_w,
        .may_per_channel = true,
    };
    snprintf(c->name, sizeof c->name, "%s", p->name);
    rg_weighted_bench(op, &sizes, c);
    put_window(c, "same", p->stride, p->stride, p->dilation, p->dilation, "none");
    return true;
}

const rg_case_set rg_case_set_depthwise_conv2d = {
    .kind = "depthwise_conv2d", .draw = draw, .bench = bench};
