/* transpose_conv.c: made-up transposed convolutions: any kernel and stride, both paddings, output
 * sizes that the stride does not hit exactly. */
#include <math.h>

#include "kernels/cases/draw.h"

typedef struct problem {
    const char *name;
    int32_t batch, height, width, in_c, out_c, kernel, stride_h, stride_w;
} problem;

static void put(const rg_op *op, const problem *p, int32_t out_h, int32_t out_w, rg_case *c) {
    rg_dtype bias = op->out == RG_DTYPE_FLOAT32 ? RG_DTYPE_FLOAT32
                    : op->out == RG_DTYPE_INT16 ? RG_DTYPE_INT64
                                                : RG_DTYPE_INT32;
    bool bytes = op->weights == RG_DTYPE_UINT8;
    c->n_in = 4;
    c->n_out = 1;
    c->in[0] = rg_draw_numbers((int32_t[]){p->batch, out_h, out_w, p->out_c}, 4);
    c->in[1] = rg_bench_tensor(op->weights, RG_SHAPE_OF(p->out_c, p->kernel, p->kernel, p->in_c),
                               0.0123f, bytes ? 5 : 0);
    c->in[1].constant = true;
    c->in[2] =
        rg_bench_tensor(op->out, RG_SHAPE_OF(p->batch, p->height, p->width, p->in_c), 0.0235f, 3);
    c->in[3] = rg_bench_tensor(bias, RG_SHAPE_OF(p->out_c), 0, 0);
    c->in[3].constant = true;
    c->in[3].low = op->out == RG_DTYPE_FLOAT32 ? -2 : -10000;
    c->in[3].high = -c->in[3].low;
    double depth = p->kernel * p->kernel * (double)p->in_c;
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, (float)(0.031 * sqrt(depth)), -5);
    rg_case_int(c, "stride_h", p->stride_h);
    rg_case_int(c, "stride_w", p->stride_w);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    problem p = {NULL,
                 rg_draw_int(rng, 1, 2),
                 rg_draw_int(rng, 1, 9),
                 rg_draw_int(rng, 1, 9),
                 rg_draw_size(rng, 40),
                 rg_draw_size(rng, 24),
                 rg_draw_int(rng, 1, 5),
                 rg_draw_int(rng, 1, 3),
                 rg_draw_int(rng, 1, 3)};
    bool same = rg_draw_one_in(rng, 2);
    int32_t more = same ? 0 : p.kernel - 1; /* `valid` needs a whole window */
    put(op, &p, p.height * p.stride_h + more - rg_draw_int(rng, 0, p.stride_h - 1),
        p.width * p.stride_w + more - rg_draw_int(rng, 0, p.stride_w - 1), c);
    rg_case_word(c, "padding", same ? "same" : "valid");
    rg_case_word(c, "activation", rg_draw_activation(rng));
    if (op->weights == RG_DTYPE_INT8 && rg_draw_one_in(rng, 2))
        c->in[1].per_channel = true;
    if (c->out[0].scale > 0) {
        float by = (float)(0.25 + 2 * rg_rng_unit(rng));
        c->in[2].scale *= by;
        c->in[1].scale *= (float)(0.25 + 2 * rg_rng_unit(rng));
    }
    c->in[3].absent = rg_draw_one_in(rng, 4);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const problem timed[] = {
        {"tconv3x3s2_28x28x64_32", 1, 28, 28, 64, 32, 3, 2, 2},
        {"tconv4x4s2_14x14x128_64", 1, 14, 14, 128, 64, 4, 2, 2},
    };
    if (index >= sizeof timed / sizeof timed[0])
        return false;
    const problem *p = &timed[index];
    snprintf(ret_case->name, sizeof ret_case->name, "%s", p->name);
    put(op, p, p->height * p->stride_h, p->width * p->stride_w, ret_case);
    rg_case_word(ret_case, "padding", "same");
    return true;
}

const rg_case_set rg_case_set_transpose_conv = {"transpose_conv", draw, bench};
