/* unary.c: problems of functions of one value: activations and the like, any shape. */
#include <string.h>

#include "kernels/cases/draw.h"

enum { ELEMENTS = 6000 };

/* Roots and logarithms are asked of positive numbers. */
static void positive(const rg_op *op, rg_case_tensor *t) {
    static const char *const kinds[] = {"sqrt", "rsqrt", "log"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!strcmp(op->kind, kinds[i]) && op->in == RG_DTYPE_FLOAT32) {
            t->low = 0.001;
            t->high = 100;
        }
    }
}

/* Curves of int16 have an output of their own. */
static void fix_curve(const rg_op *op, rg_case *c) {
    if (op->in == RG_DTYPE_INT16 && (!strcmp(op->kind, "logistic") || !strcmp(op->kind, "tanh"))) {
        c->out[0].scale = 1.0f / 32768;
        c->in[0].scale = c->in[0].scale < 1 ? c->in[0].scale : 1;
    }
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_row_or_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), ELEMENTS);
    c->n_in = c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    positive(op, &c->in[0]);
    if (!strcmp(op->kind, "leaky_relu"))
        rg_case_real(c, "alpha", rg_rng_unit(rng) * 2 - 0.5);
    if (!strcmp(op->kind, "hard_swish") && c->in[0].scale > 0) /* the operator's own bound */
        c->out[0].scale = c->in[0].scale * (float)(0.02 + rg_rng_unit(rng));
    fix_curve(op, c);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{4, {1, 56, 56, 64}}, {2, {1, 1000}}};
    static const char *const names[] = {"56x56x64", "1x1000"};
    rg_case *c = ret_case;
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s_%s", op->kind, names[index]);
    c->n_in = c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, shapes[index], 0.0625f, 3);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.0402f, -5);
    if (!strcmp(op->kind, "logistic"))
        c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 1.0f / 256, -128);
    if (!strcmp(op->kind, "tanh"))
        c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 1.0f / 128, 0);
    positive(op, &c->in[0]);
    fix_curve(op, c);
    return true;
}

#define ROW(word) const rg_case_set rg_case_set_##word = {#word, draw, bench}
ROW(logistic);
ROW(tanh);
ROW(elu);
ROW(relu);
ROW(relu6);
ROW(relu_n1_to_1);
ROW(leaky_relu);
ROW(hard_swish);
ROW(abs);
ROW(neg);
ROW(square);
ROW(sqrt);
ROW(rsqrt);
ROW(floor);
ROW(ceil);
ROW(round);
ROW(exp);
ROW(log);
ROW(sin);
ROW(cos);
ROW(erf);
ROW(gelu);
ROW(relu_0_to_1);
