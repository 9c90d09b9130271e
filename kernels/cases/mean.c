/* mean.c: problems of mean, sum and the other reductions: over height and width, over any other
 * dimensions, axes counted from either end. */
#include <string.h>

#include "kernels/cases/draw.h"

/* Largest and smallest values keep their quantization; products stay small. */
static void fit(const rg_op *op, rg_case *c) {
    if (!strncmp(op->kind, "reduce_", 7)) {
        c->out[0].scale = c->in[0].scale;
        c->out[0].zero_point = c->in[0].zero_point;
    }
    if (!strcmp(op->kind, "reduce_prod")) {
        c->in[0].low = -1.5;
        c->in[0].high = 1.5;
    }
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 8000);
    int32_t axes[RG_MAX_RANK];
    uint32_t n = 0, set = 1 + rg_rng_below(rng, (1u << shape.rank) - 1);
    bool image = shape.rank == 4 && rg_draw_one_in(rng, 2);
    set = image ? 6 : set; /* dimensions 1 and 2 */
    for (uint32_t d = 0; d < shape.rank; d++) {
        if (set >> d & 1)
            axes[n++] = (int32_t)d - (rg_draw_one_in(rng, 3) ? (int32_t)shape.rank : 0);
    }
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->in[1] = rg_draw_numbers(axes, n);
    c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    if (c->in[0].scale > 0 && rg_draw_one_in(rng, 2))
        c->out[0].scale = c->in[0].scale;
    rg_case_int(c, "keep_dims", rg_draw_int(rng, 0, 1));
    fit(op, c);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{4, {1, 7, 7, 1024}}, {4, {1, 56, 56, 64}}};
    static const char *const names[] = {"7x7x1024", "56x56x64"};
    rg_case *c = ret_case;
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s_%s", op->kind, names[index]);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, shapes[index], 0.0235f, 3);
    c->in[1] = rg_draw_numbers((int32_t[]){1, 2}, 2);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.0191f, -5);
    fit(op, c);
    return true;
}

#define ROW(word) const rg_case_set rg_case_set_##word = {#word, draw, bench}
ROW(mean);
ROW(sum);
ROW(reduce_max);
ROW(reduce_min);
ROW(reduce_prod);
ROW(reduce_any);
ROW(reduce_all);
