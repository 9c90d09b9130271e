/* transpose.c: problems of transpose: any order of up to five dimensions. */
#include "kernels/cases/draw.h"

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    int32_t order[RG_MAX_RANK];
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 5), 6000);
    for (uint32_t i = 0; i < shape.rank; i++) { /* each goes to a random place among the first */
        uint32_t j = rg_rng_below(rng, i + 1);
        order[i] = order[j];
        order[j] = (int32_t)i;
    }
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape);
    c->in[1] = rg_draw_numbers(order, shape.rank);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const struct {
        const char *name;
        rg_shape shape;
        int32_t order[4];
    } timed[] = {
        {"transpose_56x56x64_hwc_to_chw", {4, {1, 56, 56, 64}}, {0, 3, 1, 2}},
        {"transpose_64x56x56_chw_to_hwc", {4, {1, 64, 56, 56}}, {0, 2, 3, 1}},
        {"transpose_56x56x64_rows", {4, {1, 56, 56, 64}}, {0, 2, 1, 3}},
    };
    rg_case *c = ret_case;
    (void)op;
    if (index >= sizeof timed / sizeof timed[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s", timed[index].name);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(RG_DTYPE_INT8, timed[index].shape, 0.0235f, 3);
    c->in[1] = rg_draw_numbers(timed[index].order, 4);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    return true;
}

const rg_case_set rg_case_set_transpose = {"transpose", draw, bench};
