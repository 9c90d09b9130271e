/* blocks.c: problems of space_to_depth and depth_to_space: blocks of one to four pixels a side. */
#include <string.h>

#include "kernels/cases/draw.h"

static void fill(rg_case *c, rg_case_tensor in, int64_t block) {
    c->n_in = c->n_out = 1;
    c->in[0] = c->out[0] = in;
    c->out[0].shape = (rg_shape){0};
    rg_case_int(c, "block_size", block);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    bool spreads = !strcmp(op->kind, "depth_to_space");
    int32_t block = rg_draw_int(rng, 1, 4), side = spreads ? 1 : block;
    int32_t channels = spreads ? block * block : 1;
    rg_shape shape = RG_SHAPE_OF(rg_draw_int(rng, 1, 2), side * rg_draw_size(rng, 9),
                                 side * rg_draw_size(rng, 9), channels * rg_draw_size(rng, 20));
    fill(ret_case, rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape), block);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    bool spreads = !strcmp(op->kind, "depth_to_space");
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_%s", op->kind,
             spreads ? "56x56x64_2" : "112x112x16_2");
    rg_shape shape = spreads ? RG_SHAPE_OF(1, 56, 56, 64) : RG_SHAPE_OF(1, 112, 112, 16);
    fill(ret_case, rg_bench_tensor(RG_DTYPE_INT8, shape, 0.0235f, 3), 2);
    return true;
}

const rg_case_set rg_case_set_space_to_depth = {"space_to_depth", draw, bench};
const rg_case_set rg_case_set_depth_to_space = {"depth_to_space", draw, bench};
