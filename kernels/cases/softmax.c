/* softmax.c: problems of softmax: long and short rows, one and many, sharp and flat. */
#include "kernels/cases/draw.h"

static rg_case_tensor result(const rg_op *op) {
    return rg_bench_tensor(op->out, (rg_shape){0}, 1.0f / 256, -128);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 4000);
    if (rg_draw_one_in(rng, 3))
        shape = RG_SHAPE_OF(rg_draw_int(rng, 1, 3), rg_draw_int(rng, 200, 1500));
    c->n_in = c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->out[0] = result(op);
    if (rg_draw_one_in(rng, 3))
        rg_case_real(c, "beta", 0.25 + 2 * rg_rng_unit(rng));
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{2, {1, 1000}}, {2, {1, 12}}, {3, {8, 128, 128}}};
    static const char *const names[] = {"softmax_1x1000", "softmax_1x12", "softmax_8x128x128"};
    rg_case *c = ret_case;
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s", names[index]);
    c->n_in = c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, shapes[index], 0.0235f, 3);
    c->out[0] = result(op);
    return true;
}

const rg_case_set rg_case_set_softmax = {"softmax", draw, bench};
