/* move.c: problems of reshape, squeeze and expand_dims. These take their output's shape from the
 * node, so the cases state it. */
#include <string.h>

#include "kernels/cases/draw.h"

/* A shape of as many elements: dimensions merged, or ones put in. */
static rg_shape reshaped(rg_rng *rng, const char *kind, rg_shape from) {
    rg_shape to = {0};
    bool merges = !strcmp(kind, "reshape"), adds = strcmp(kind, "squeeze") != 0;
    uint32_t one = adds && !merges ? rg_rng_below(rng, from.rank + 1) : UINT32_MAX;
    for (uint32_t d = 0; d < from.rank; d++) {
        if (d == one)
            to.dim[to.rank++] = 1;
        if (!adds && from.dim[d] == 1)
            continue;
        if (merges && to.rank > 0 && rg_draw_one_in(rng, 2))
            to.dim[to.rank - 1] *= from.dim[d];
        else
            to.dim[to.rank++] = from.dim[d];
    }
    if (one == from.rank)
        to.dim[to.rank++] = 1;
    return to;
}

static void fill(rg_case *c, rg_case_tensor in, rg_shape to) {
    c->n_in = c->n_out = 1;
    c->in[0] = c->out[0] = in;
    c->out[0].shape = to;
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 8000);
    if (rg_draw_one_in(rng, 2))
        shape.dim[rg_rng_below(rng, shape.rank)] = 1;
    rg_shape to = reshaped(rng, op->kind, shape);
    fill(ret_case, rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape), to);
    if (!strcmp(op->kind, "reshape") && rg_draw_one_in(rng, 2)) {
        ret_case->n_in = 2;
        ret_case->in[1] = rg_draw_numbers(to.dim, to.rank);
        if (rg_draw_one_in(rng, 2))
            ret_case->in[1].value[rg_rng_below(rng, to.rank)] = -1;
    }
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    bool adds = !strcmp(op->kind, "expand_dims");
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_56x56x64", op->kind);
    rg_shape images = RG_SHAPE_OF(1, 56, 56, 64), rows = RG_SHAPE_OF(56, 56, 64);
    fill(ret_case, rg_bench_tensor(RG_DTYPE_INT8, adds ? rows : images, 0.0235f, 3),
         adds ? images : rows);
    return true;
}

const rg_case_set rg_case_set_reshape = {"reshape", draw, bench};
const rg_case_set rg_case_set_squeeze = {"squeeze", draw, bench};
const rg_case_set rg_case_set_expand_dims = {"expand_dims", draw, bench};
