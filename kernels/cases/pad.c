/* pad.c: problems of pad: borders of any dimensions, with and without a value of their own. */
#include "kernels/cases/draw.h"

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_dtype dtype = rg_draw_dtype(rng, op->in);
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 2000);
    int32_t borders[2 * RG_MAX_RANK] = {0};
    for (uint32_t i = 0; i < 2 * shape.rank; i++)
        borders[i] = rg_draw_one_in(rng, 2) ? 0 : rg_draw_int(rng, 1, 5);
    c->n_in = rg_draw_one_in(rng, 3) ? 3 : 2;
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, dtype, shape);
    c->in[1] = rg_draw_numbers(borders, 2 * shape.rank);
    c->in[1].shape = RG_SHAPE_OF((int32_t)shape.rank, 2);
    c->in[2] = c->in[0];
    c->in[2].shape = RG_SHAPE_OF(1);
    c->in[2].constant = rg_draw_one_in(rng, 2);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{4, {1, 56, 56, 64}}, {4, {1, 224, 224, 3}}};
    static const char *const names[] = {"pad_56x56x64", "pad_224x224x3"};
    rg_case *c = ret_case;
    (void)op;
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s", names[index]);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(RG_DTYPE_INT8, shapes[index], 0.0235f, 3);
    c->in[1] = rg_draw_numbers((int32_t[]){0, 0, 1, 1, 1, 1, 0, 0}, 8);
    c->in[1].shape = RG_SHAPE_OF(4, 2);
    c->out[0] = rg_bench_tensor(RG_DTYPE_INT8, (rg_shape){0}, 0.0235f, 3);
    return true;
}

const rg_case_set rg_case_set_pad = {"pad", draw, bench};
