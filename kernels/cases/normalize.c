/* normalize.c: problems of operators over the last dimension that are no softmax: log_softmax,
 * l2_normalization, layer_norm; and prelu, which has a slope for each of its elements. */
#include <string.h>

#include "kernels/cases/draw.h"

static void put(const rg_op *op, rg_case_tensor x, rg_case *c) {
    bool whole = op->in == RG_DTYPE_INT8;
    c->n_in = c->n_out = 1;
    c->in[0] = x;
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.04f, -5);
    if (whole && !strcmp(op->kind, "log_softmax"))
        c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 1.0f / 16, 127);
    if (whole && !strcmp(op->kind, "l2_normalization"))
        c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 1.0f / 128, 0);
    if (strcmp(op->kind, "layer_norm"))
        return;
    c->n_in = 3;
    c->in[1] = rg_bench_tensor(op->in, RG_SHAPE_OF(x.shape.dim[x.shape.rank - 1]), 0.01f, 0);
    c->in[2] = c->in[1];
    c->in[1].constant = c->in[2].constant = true;
    if (whole)
        c->in[2] = (rg_case_tensor){.dtype = RG_DTYPE_INT32,
                                    .shape = c->in[1].shape,
                                    .constant = true,
                                    .low = -60000,
                                    .high = 60000};
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 3), 4000);
    put(op, rg_draw_tensor(rng, op->in, shape), c);
    for (uint32_t i = 1; i < c->n_in; i++)
        c->in[i].absent = rg_draw_one_in(rng, 5);
    if (!strcmp(op->kind, "layer_norm") && rg_draw_one_in(rng, 2))
        rg_case_real(c, "epsilon", rg_rng_unit(rng) * 0.01);
    while (!strcmp(op->kind, "log_softmax") && c->in[0].scale > 0 && c->in[0].scale < 1e-4f)
        c->in[0].scale *= 16;
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{2, {1, 1000}}, {3, {1, 128, 768}}};
    static const char *const names[] = {"1x1000", "128x768"};
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_%s", op->kind, names[index]);
    put(op, rg_bench_tensor(op->in, shapes[index], 0.0625f, 3), ret_case);
    return true;
}

static void draw_prelu(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 4000), slope = shape;
    for (uint32_t d = 0; d < shape.rank; d++)
        slope.dim[d] = d + 1 == shape.rank || rg_draw_one_in(rng, 3) ? shape.dim[d] : 1;
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->in[1] = rg_draw_tensor(rng, op->in, slope);
    c->in[1].constant = true;
    c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    if (c->in[0].scale > 0) {
        c->in[1].scale = 0.01f;
        c->out[0].scale = c->in[0].scale * (float)(0.5 + rg_rng_unit(rng));
    }
}

static bool bench_prelu(const rg_op *op, size_t index, rg_case *c) {
    if (index > 0)
        return false;
    snprintf(c->name, sizeof c->name, "prelu_56x56x64");
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, RG_SHAPE_OF(1, 56, 56, 64), 0.0625f, 3);
    c->in[1] = rg_bench_tensor(op->in, RG_SHAPE_OF(1, 1, 64), 0.01f, 3);
    c->in[1].constant = true;
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.0402f, -5);
    return true;
}

const rg_case_set rg_case_set_log_softmax = {"log_softmax", draw, bench};
const rg_case_set rg_case_set_l2_normalization = {"l2_normalization", draw, bench};
const rg_case_set rg_case_set_layer_norm = {"layer_norm", draw, bench};
const rg_case_set rg_case_set_prelu = {"prelu", draw_prelu, bench_prelu};
