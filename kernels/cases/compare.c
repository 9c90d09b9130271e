/* compare.c: problems of comparisons and logical operators; equal shapes and stretched ones, values
 * that are often equal. */
#include <string.h>

#include "kernels/cases/draw.h"

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 4000);
    uint32_t stretched = rg_rng_below(rng, 4);
    c->n_in = op->min_in;
    c->n_out = 1;
    c->out[0].dtype = RG_DTYPE_BOOL;
    for (uint32_t i = 0; i < c->n_in; i++) {
        c->in[i] = rg_draw_tensor(rng, op->in, shape);
        if (stretched == i)
            c->in[i].shape.dim[rg_rng_below(rng, shape.rank)] = 1;
        while (c->in[i].scale >= 1) /* only these are defined */
            c->in[i].scale /= 2;
    }
    if (rg_draw_one_in(rng, 2)) {
        c->in[1].scale = c->in[0].scale;
        c->in[1].zero_point = c->in[0].zero_point;
    }
    bool few = op->in != RG_DTYPE_UINT8 && op->in != RG_DTYPE_BOOL && rg_draw_one_in(rng, 2);
    for (uint32_t i = 0; few && i < c->n_in; i++) {
        c->in[i].low = -2;
        c->in[i].high = 2;
    }
}

#define ROW(word) const rg_case_set rg_case_set_##word = {#word, draw, NULL}
ROW(equal);
ROW(not_equal);
ROW(less);
ROW(less_equal);
ROW(greater);
ROW(greater_equal);
ROW(logical_and);
ROW(logical_or);
ROW(logical_not);
