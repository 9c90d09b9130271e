/* spread.c: see spread.h. */
#include "kernels/ref/spread.h"

/* Dimension i of a shape padded with leading ones to `rank`. */
static int32_t padded(const rg_shape *shape, uint32_t rank, uint32_t i) {
    uint32_t lead = rank - shape->rank;
    return i < lead ? 1 : shape->dim[i - lead];
}

rg_status rg_spread_shape(const rg_shape *a, const rg_shape *b, rg_shape *ret, rg_err *err) {
    rg_shape shape = {a->rank > b->rank ? a->rank : b->rank, {0}};
    for (uint32_t i = 0; i < shape.rank; i++) {
        int32_t da = padded(a, shape.rank, i), db = padded(b, shape.rank, i);
        if (da != db && da != 1 && db != 1) {
            char ta[96], tb[96];
            rg_shape_text(a, ta, sizeof ta);
            rg_shape_text(b, tb, sizeof tb);
            return rg_fail(err, RG_BAD_DATA, NULL, "shapes %s and %s do not go together", ta, tb);
        }
        shape.dim[i] = da == 1 ? db : da;
    }
    *ret = shape;
    return RG_OK;
}

/* Puts a dimension before the others, or into the outermost one when both operands go on. */
static void put_before(rg_spread *s, size_t dim, size_t step_a, size_t step_b) {
    if (dim == 1)
        return;
    if (s->rank > 0) {
        size_t outer = s->dim[0];
        if (step_a == s->step_a[0] * outer && step_b == s->step_b[0] * outer) {
            s->dim[0] *= dim;
            return;
        }
    }
    for (uint32_t i = s->rank; i > 0; i--) {
        s->dim[i] = s->dim[i - 1];
        s->step_a[i] = s->step_a[i - 1];
        s->step_b[i] = s->step_b[i - 1];
    }
    s->dim[0] = dim;
    s->step_a[0] = step_a;
    s->step_b[0] = step_b;
    s->rank++;
}

rg_spread rg_spread_plan(const rg_shape *a, const rg_shape *b) {
    rg_spread s = {0};
    uint32_t rank = a->rank > b->rank ? a->rank : b->rank;
    size_t size_a = 1, size_b = 1;
    for (uint32_t i = rank; i-- > 0;) {
        size_t da = (size_t)padded(a, rank, i), db = (size_t)padded(b, rank, i);
        put_before(&s, da == 1 ? db : da, da == 1 ? 0 : size_a, db == 1 ? 0 : size_b);
        size_a *= da;
        size_b *= db;
    }
    if (s.rank == 0) {
        s.rank = 1;
        s.dim[0] = 1;
    }
    return s;
}

size_t rg_spread_run(const rg_spread *spread, size_t at, size_t end, size_t *ret_a, size_t *ret_b) {
    uint32_t last = spread->rank - 1;
    size_t rest = at, a = 0, b = 0;
    for (uint32_t i = spread->rank; i-- > 0;) {
        size_t here = rest % spread->dim[i];
        rest /= spread->dim[i];
        a += here * spread->step_a[i];
        b += here * spread->step_b[i];
    }
    size_t left = spread->dim[last] - at % spread->dim[last];
    *ret_a = a;
    *ret_b = b;
    return left < end - at ? left : end - at;
}
