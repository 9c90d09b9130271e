/* batch_matmul.c: made-up products of stacks of matrices: either side transposed, stacks that
 * broadcast, one row and many; timed ones are attention's. */
#include "kernels/cases/draw.h"

/* A side as it lies in memory. */
static rg_shape side(rg_shape lead, int32_t rows, int32_t columns, bool transposed) {
    lead.dim[lead.rank++] = transposed ? columns : rows;
    lead.dim[lead.rank++] = transposed ? rows : columns;
    return lead;
}

static void put(const rg_op *op, rg_case *c, rg_shape x, rg_shape y) {
    bool hybrid = op->in == RG_DTYPE_FLOAT32 && op->weights == RG_DTYPE_INT8;
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, x, 0.0235f, 3);
    c->in[1] = rg_bench_tensor(op->weights, y, 0.0123f, hybrid ? 0 : -7);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.05f, -5);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    int32_t m = rg_draw_one_in(rng, 3) ? 1 : rg_draw_size(rng, 40);
    int32_t k = rg_draw_size(rng, rg_draw_one_in(rng, 4) ? 300 : 70), n = rg_draw_size(rng, 60);
    bool adj_x = rg_draw_one_in(rng, 3), adj_y = rg_draw_one_in(rng, 2);
    rg_shape lead = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 2), 6), none = {0}, one = lead;
    one.dim[0] = 1;
    uint32_t form = rg_rng_below(rng, 4); /* equal stacks, one on either side, one dimension of 1 */
    put(op, c, side(form == 1 ? none : lead, m, k, adj_x),
        side(form == 2   ? none
             : form == 3 ? one
                         : lead,
             k, n, adj_y));
    if (c->in[0].scale > 0)
        c->in[0] = rg_draw_tensor(rng, op->in, c->in[0].shape);
    if (c->in[0].scale > 0 && c->in[1].scale > 0) {
        c->in[1] = rg_draw_tensor(rng, op->weights, c->in[1].shape);
        c->out[0].scale = c->in[0].scale * c->in[1].scale * (float)(20 + 200 * rg_rng_unit(rng));
    }
    c->in[1].constant = rg_draw_one_in(rng, 2);
    rg_case_int(c, "adj_x", adj_x);
    rg_case_int(c, "adj_y", adj_y);
    rg_case_int(c, "asymmetric_quantize_inputs", rg_draw_int(rng, 0, 1));
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const struct {
        const char *name;
        int32_t heads, m, k, n;
        bool adj_y;
    } timed[] = {
        {"matmul_8x128x64x128t", 8, 128, 64, 128, true},
        {"matmul_8x128x128x64", 8, 128, 128, 64, false},
        {"matmul_16x1x64x512t", 16, 1, 64, 512, true},
    };
    if (index >= sizeof timed / sizeof timed[0])
        return false;
    rg_shape lead = {1, {timed[index].heads}};
    snprintf(ret_case->name, sizeof ret_case->name, "%s", timed[index].name);
    put(op, ret_case, side(lead, timed[index].m, timed[index].k, false),
        side(lead, timed[index].k, timed[index].n, timed[index].adj_y));
    rg_case_int(ret_case, "adj_y", timed[index].adj_y);
    return true;
}

const rg_case_set rg_case_set_batch_matmul = {"batch_matmul", draw, bench};
