/* join.c: problems of concat and pack: one to eight inputs along any dimension. */
#include <string.h>

#include "kernels/cases/draw.h"

/* uint8 inputs of concat may have scales of their own. */
static void requantize(rg_rng *rng, rg_case_tensor *t) {
    t->scale *= (float)(0.5 + 1.5 * rg_rng_unit(rng));
    t->zero_point = rg_draw_int(rng, 0, 255);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    bool packs = !strcmp(op->kind, "pack");
    rg_dtype dtype = rg_draw_dtype(rng, op->in);
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 1500);
    uint32_t axis = rg_rng_below(rng, shape.rank + packs), rank = shape.rank + packs;
    c->n_in = 1 + rg_rng_below(rng, RG_CASE_TENSORS);
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, dtype, shape);
    for (uint32_t i = 1; i < c->n_in; i++) {
        c->in[i] = c->in[0];
        if (!packs)
            c->in[i].shape.dim[axis] = rg_draw_int(rng, 1, shape.dim[axis] + 3);
        if (!packs && dtype == RG_DTYPE_UINT8 && rg_draw_one_in(rng, 4))
            requantize(rng, &c->in[i]);
    }
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    rg_case_int(c, "axis", (int64_t)axis - (rg_draw_one_in(rng, 2) ? (int64_t)rank : 0));
    if (packs && rg_draw_one_in(rng, 2))
        rg_case_int(c, "values_count", c->n_in);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    rg_case *c = ret_case;
    bool packs = !strcmp(op->kind, "pack");
    if (index >= 1)
        return false;
    snprintf(c->name, sizeof c->name, packs ? "pack_2x56x56x64" : "concat_28x28x64_192");
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(
        RG_DTYPE_INT8, packs ? RG_SHAPE_OF(56, 56, 64) : RG_SHAPE_OF(1, 28, 28, 64), 0.0235f, 3);
    c->in[1] = c->out[0] = c->in[0];
    c->in[1].shape.dim[3] = packs ? 0 : 192;
    c->out[0].shape = (rg_shape){0};
    rg_case_int(c, "axis", packs ? 0 : 3);
    return true;
}

const rg_case_set rg_case_set_concat = {"concat", draw, bench};
const rg_case_set rg_case_set_pack = {"pack", draw, bench};
