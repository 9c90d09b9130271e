/* slice.c: problems of taking tensors apart: slice, strided_slice, split, unpack. */
#include <string.h>

#include "kernels/cases/draw.h"

enum { ELEMENTS = 4000 };

static void one_input(rg_case *c, uint32_t at, uint32_t n_in, rg_case_tensor tensor) {
    c->n_in = n_in;
    c->n_out = 1;
    c->in[at] = c->out[0] = tensor;
    c->out[0].shape = (rg_shape){0};
}

static rg_shape draw_source(const rg_op *op, rg_rng *rng, rg_case *c, uint32_t at, uint32_t n_in) {
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), ELEMENTS);
    one_input(c, at, n_in, rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape));
    return shape;
}

static void draw_slice(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    int32_t begin[RG_MAX_RANK], size[RG_MAX_RANK];
    rg_shape shape = draw_source(op, rng, ret_case, 0, 3);
    for (uint32_t d = 0; d < shape.rank; d++) {
        begin[d] = rg_draw_one_in(rng, 2) ? 0 : rg_draw_int(rng, 0, shape.dim[d] - 1);
        size[d] = rg_draw_one_in(rng, 3) ? -1 : rg_draw_int(rng, 1, shape.dim[d] - begin[d]);
    }
    ret_case->in[1] = rg_draw_numbers(begin, shape.rank);
    ret_case->in[2] = rg_draw_numbers(size, shape.rank);
}

/* Bounds of one dimension that take at least one element, forwards or backwards. */
static void draw_stride(rg_rng *rng, int32_t dim, int32_t edge[3]) {
    int32_t first = rg_draw_int(rng, 0, dim - 1), last = rg_draw_int(rng, first, dim - 1);
    edge[0] = first;
    edge[1] = last + 1;
    edge[2] = rg_draw_int(rng, 1, 3);
    if (rg_draw_one_in(rng, 3)) {
        edge[0] = last;
        edge[1] = first > 0 ? first - 1 : -dim - 1; /* -1 would mean the last element */
        edge[2] = -edge[2];
    }
    if (rg_draw_one_in(rng, 3))
        edge[0] -= dim;
}

/* A bound that names no dimension: a new axis, or an ellipsis in place of one. */
static void draw_special(rg_rng *rng, rg_case *c, uint32_t rank, int32_t edges[3][RG_MAX_RANK]) {
    uint32_t at = rg_rng_below(rng, rank + 1), n = rank;
    bool ellipsis = at < rank && rg_draw_one_in(rng, 2);
    for (int i = 0; !ellipsis && i < 3; i++) {
        memmove(&edges[i][at + 1], &edges[i][at], (rank - at) * sizeof edges[i][0]);
        edges[i][at] = 1;
        n = rank + 1;
    }
    for (uint32_t i = 0; i < 3; i++)
        c->in[i + 1] = rg_draw_numbers(edges[i], n);
    rg_case_int(c, ellipsis ? "ellipsis_mask" : "new_axis_mask", 1u << at);
}

static void draw_strided(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    int32_t edges[3][RG_MAX_RANK], edge[3];
    rg_shape shape = draw_source(op, rng, ret_case, 0, 4);
    uint32_t all = 1u << shape.rank, begin = rg_rng_below(rng, all), end = rg_rng_below(rng, all),
             shrink = rg_rng_below(rng, all);
    for (uint32_t d = 0; d < shape.rank; d++) {
        draw_stride(rng, shape.dim[d], edge);
        for (int i = 0; i < 3; i++)
            edges[i][d] = edge[i];
    }
    if (rg_draw_one_in(rng, 3)) {
        draw_special(rng, ret_case, shape.rank, edges);
        return;
    }
    for (uint32_t i = 0; i < 3; i++)
        ret_case->in[i + 1] = rg_draw_numbers(edges[i], shape.rank);
    if (rg_draw_one_in(rng, 2))
        rg_case_int(ret_case, "begin_mask", begin);
    if (rg_draw_one_in(rng, 2))
        rg_case_int(ret_case, "end_mask", end);
    if (rg_draw_one_in(rng, 4))
        rg_case_int(ret_case, "shrink_axis_mask", shrink);
}

static void draw_parts(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    bool splits = !strcmp(op->kind, "split");
    rg_shape shape = draw_source(op, rng, ret_case, splits, splits ? 2 : 1);
    int32_t axis = rg_draw_int(rng, 0, (int32_t)shape.rank - 1);
    uint32_t parts = 1 + rg_rng_below(rng, RG_CASE_TENSORS);
    rg_case_tensor *from = &ret_case->in[splits ? 1 : 0];
    int32_t piece = splits ? (shape.dim[axis] + (int32_t)parts - 1) / (int32_t)parts : 1;
    from->shape.dim[axis] = piece * (int32_t)parts;
    int32_t told = axis - (rg_draw_one_in(rng, 2) ? (int32_t)shape.rank : 0);
    if (splits)
        ret_case->in[0] = rg_draw_numbers(&told, 1);
    else
        rg_case_int(ret_case, "axis", told);
    if (rg_draw_one_in(rng, 2))
        rg_case_int(ret_case, splits ? "num_splits" : "num", parts);
    for (uint32_t i = 1; i < parts; i++)
        ret_case->out[i] = ret_case->out[0];
    ret_case->n_out = parts;
}

static rg_case_tensor timed(void) {
    return rg_bench_tensor(RG_DTYPE_INT8, RG_SHAPE_OF(1, 56, 56, 64), 0.0235f, 3);
}

static bool bench_slice(const rg_op *op, size_t index, rg_case *ret_case) {
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_56x56x64_48x48x32", op->kind);
    one_input(ret_case, 0, 3, timed());
    ret_case->in[1] = rg_draw_numbers((int32_t[]){0, 4, 4, 16}, 4);
    ret_case->in[2] = rg_draw_numbers((int32_t[]){1, 48, 48, 32}, 4);
    return true;
}

static bool bench_strided(const rg_op *op, size_t index, rg_case *ret_case) {
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_56x56x64_s2", op->kind);
    one_input(ret_case, 0, 4, timed());
    ret_case->in[1] = rg_draw_numbers((int32_t[]){0, 0, 0, 0}, 4);
    ret_case->in[2] = rg_draw_numbers((int32_t[]){1, 56, 56, 64}, 4);
    ret_case->in[3] = rg_draw_numbers((int32_t[]){1, 2, 2, 1}, 4);
    return true;
}

static bool bench_parts(const rg_op *op, size_t index, rg_case *ret_case) {
    bool splits = !strcmp(op->kind, "split");
    if (index >= 1)
        return false;
    snprintf(ret_case->name, sizeof ret_case->name, "%s_%s", op->kind,
             splits ? "56x56x64_4" : "4x56x56x64");
    one_input(ret_case, splits, splits ? 2 : 1, timed());
    if (splits)
        ret_case->in[0] = rg_draw_numbers((int32_t[]){3}, 1);
    else
        ret_case->in[0].shape.dim[0] = 4;
    for (uint32_t i = 1; i < 4; i++)
        ret_case->out[i] = ret_case->out[0];
    ret_case->n_out = 4;
    return true;
}

const rg_case_set rg_case_set_slice = {"slice", draw_slice, bench_slice};
const rg_case_set rg_case_set_strided_slice = {"strided_slice", draw_strided, bench_strided};
const rg_case_set rg_case_set_split = {"split", draw_parts, bench_parts};
const rg_case_set rg_case_set_unpack = {"unpack", draw_parts, bench_parts};
