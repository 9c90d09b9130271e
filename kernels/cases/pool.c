/* pool.c: problems of average_pool2d and max_pool2d: windows, strides, both paddings, few and many
 * channels, windows larger than most of the image. */
#include <string.h>

#include "kernels/cases/draw.h"

enum { ELEMENTS = 8000, TAPS = 200000 };

static void window(rg_case *c, const char *padding, const int32_t filter[2],
                   const int32_t stride[2]) {
    rg_case_word(c, "padding", padding);
    rg_case_int(c, "filter_h", filter[0]);
    rg_case_int(c, "filter_w", filter[1]);
    rg_case_int(c, "stride_h", stride[0]);
    rg_case_int(c, "stride_w", stride[1]);
}

/* A window that fits a "valid" image and whose outputs need a bounded number of taps. */
static void draw_window(rg_rng *rng, const rg_shape *shape, int32_t filter[2], int32_t stride[2]) {
    for (int d = 0; d < 2; d++) {
        int32_t side = shape->dim[d + 1];
        filter[d] = rg_draw_one_in(rng, 4) ? side : rg_draw_size(rng, side < 9 ? side : 9);
        stride[d] = rg_draw_int(rng, 1, 3);
    }
    int64_t elements = (int64_t)shape->dim[0] * shape->dim[1] * shape->dim[2] * shape->dim[3];
    while (elements / (stride[0] * stride[1]) * filter[0] * filter[1] > TAPS) {
        stride[0]++;
        stride[1]++;
    }
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    int32_t filter[2], stride[2];
    rg_shape shape = rg_draw_shape(rng, 4, ELEMENTS);
    if (rg_draw_one_in(rng, 3)) /* a batch of small images */
        shape = RG_SHAPE_OF(rg_draw_int(rng, 1, 3), rg_draw_int(rng, 1, 9), rg_draw_int(rng, 1, 9),
                            rg_draw_size(rng, 80));
    if (rg_draw_one_in(rng, 4)) { /* small windows that slide over many channels */
        shape = RG_SHAPE_OF(1, rg_draw_int(rng, 3, 6), rg_draw_int(rng, 3, 9),
                            rg_draw_int(rng, 1, 10) * 32 + rg_draw_int(rng, -1, 1));
        filter[0] = filter[1] = rg_draw_int(rng, 2, 3);
        stride[0] = stride[1] = rg_draw_int(rng, 1, 2);
    } else {
        draw_window(rng, &shape, filter, stride);
    }
    c->n_in = c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    window(c, rg_draw_one_in(rng, 2) ? "same" : "valid", filter, stride);
    rg_case_word(c, "activation", rg_draw_activation(rng));
}

static const struct {
    const char *name;
    int32_t height, width, channels, filter, stride;
} timed[2][3] = {
    {{"avgpool_7x7x1024", 7, 7, 1024, 7, 7},
     {"avgpool3x3s1_28x28x64", 28, 28, 64, 3, 1},
     {"avgpool2x2s2_56x56x64", 56, 56, 64, 2, 2}},
    {{"maxpool3x3s2_112x112x64", 112, 112, 64, 3, 2},
     {"maxpool2x2s2_56x56x64", 56, 56, 64, 2, 2},
     {"maxpool5x5s1_20x20x128", 20, 20, 128, 5, 1}},
};

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    rg_case *c = ret_case;
    int kind = !strcmp(op->kind, "max_pool2d");
    if (index >= sizeof timed[0] / sizeof timed[0][0])
        return false;
    snprintf(c->name, sizeof c->name, "%s", timed[kind][index].name);
    int32_t filter = timed[kind][index].filter, stride = timed[kind][index].stride;
    c->n_in = c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in,
                               RG_SHAPE_OF(1, timed[kind][index].height, timed[kind][index].width,
                                           timed[kind][index].channels),
                               0.0235f, 3);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.0235f, 3);
    window(c, "same", (int32_t[]){filter, filter}, (int32_t[]){stride, stride});
    return true;
}

const rg_case_set rg_case_set_average_pool2d = {"average_pool2d", draw, bench};
const rg_case_set rg_case_set_max_pool2d = {"max_pool2d", draw, bench};
