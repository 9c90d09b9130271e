/* arithmetic.c: problems of two operands element by element: add, sub, mul, minimum, maximum; equal
 * shapes, scalars, channel rows, columns and anything else that broadcasts. */
#include <string.h>

#include "kernels/cases/draw.h"

enum { ELEMENTS = 12000 };

/* minimum and maximum compare bytes: one quantization for all. */
static bool compares(const rg_op *op) {
    return !strcmp(op->kind, "minimum") || !strcmp(op->kind, "maximum");
}

/* Makes dimensions of an operand stretch. */
static rg_shape stretch(rg_rng *rng, rg_shape shape) {
    uint32_t how = rg_rng_below(rng, 6), keep = rg_rng_below(rng, 1u << shape.rank);
    if (how == 0)
        return RG_SHAPE_OF(1);
    if (how == 1 && shape.rank > 1) /* a channel row of rank one */
        return RG_SHAPE_OF(shape.dim[shape.rank - 1]);
    for (uint32_t d = 0; how < 5 && d < shape.rank; d++) {
        bool kept = how == 2 ? d + 1 == shape.rank : how == 3 ? d + 1 < shape.rank : keep >> d & 1;
        shape.dim[d] = kept ? shape.dim[d] : 1;
    }
    return shape;
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_row_or_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), ELEMENTS);
    uint32_t stretched = rg_rng_below(rng, 4); /* 0: first, 1: second, else none */
    c->n_in = 2;
    c->n_out = 1;
    for (uint32_t i = 0; i < 2; i++)
        c->in[i] = rg_draw_tensor(rng, op->in, stretched == i ? stretch(rng, shape) : shape);
    c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    if (rg_draw_one_in(rng, 4))
        c->in[1].scale = c->in[0].scale;               /* ties */
    if (c->in[0].scale > 0 && !rg_draw_one_in(rng, 4)) /* most outputs within their range */
        c->out[0].scale = c->in[0].scale * (float)(strcmp(op->kind, "mul") ? 2 : 60) *
                          (op->kind[0] == 'm' ? c->in[1].scale : 1);
    if (compares(op)) {
        for (uint32_t i = 0; i < 2; i++) {
            rg_case_tensor *t = i ? &c->out[0] : &c->in[1];
            t->scale = c->in[0].scale;
            t->zero_point = c->in[0].zero_point;
        }
    } else if (op->params) {
        rg_case_word(c, "activation", rg_draw_activation(rng));
    }
    if (rg_draw_one_in(rng, 6))
        c->in[1].constant = true;
}

/* The problems that are timed: the second operand's shape. */
static const struct {
    const char *name;
    rg_shape a, b;
} timed[] = {
    {"56x56x64", {4, {1, 56, 56, 64}}, {4, {1, 56, 56, 64}}},
    {"56x56x64_row", {4, {1, 56, 56, 64}}, {1, {64}}},
    {"56x56x64_scalar", {4, {1, 56, 56, 64}}, {1, {1}}},
};

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    rg_case *c = ret_case;
    if (index >= sizeof timed / sizeof timed[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s_%s", op->kind, timed[index].name);
    bool same = compares(op);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, timed[index].a, 0.0235f, 3);
    c->in[1] = rg_bench_tensor(op->in, timed[index].b, same ? 0.0235f : 0.0191f, same ? 3 : 7);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, same ? 0.0235f : 0.0402f, same ? 3 : -5);
    return true;
}

#define ROW(word) const rg_case_set rg_case_set_##word = {#word, draw, bench}
ROW(add);
ROW(sub);
ROW(mul);
ROW(minimum);
ROW(maximum);
ROW(div);
ROW(squared_difference);
ROW(floor_div);
ROW(floor_mod);
ROW(pow);
