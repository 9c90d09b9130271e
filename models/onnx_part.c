/* onnx_part.c: parts of a tensor: ranges with steps (Slice) and elements by number (Gather). */
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }

/* Where a slice lies along its dimensions; ends of -1 with a negative step go beyond the first. */
typedef struct cut {
    int64_t start[RG_MAX_RANK], end[RG_MAX_RANK], step[RG_MAX_RANK];
    uint32_t open; /* dimensions, as bits of the value, whose end is beyond the first element */
} cut;

static bool clamp_cut(cut *c, uint32_t d, int64_t dim, int64_t start, int64_t end, int64_t step,
                      int32_t *ret_count) {
    bool back = step < 0;
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    int64_t low = back ? -1 : 0, high = back ? dim - 1 : dim;
    start = start < (back ? 0 : low) ? (back ? 0 : low) : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    int64_t count = back ? (start - end - step - 1) / -step : (end - start + step - 1) / step;
    c->start[d] = start;
    c->end[d] = end;
    c->step[d] = step;
    c->open |= back && end == -1 ? 1u << d : 0;
    *ret_count = (int32_t)count;
    return count >= 1;
}

static rg_status read_cut(rg_onnx *r, const rg_onnx_node *node, rg_shape *shape, cut *ret) {
    int64_t starts[RG_ONNX_LIST], ends[RG_ONNX_LIST], axes[RG_ONNX_LIST], steps[RG_ONNX_LIST];
    uint32_t n, m, n_axes, n_steps;
    if (!rg_onnx_list(r, node, "starts", 1, starts, &n) ||
        !rg_onnx_list(r, node, "ends", 2, ends, &m) ||
        !rg_onnx_list(r, node, "axes", 3, axes, &n_axes) ||
        !rg_onnx_list(r, node, "steps", 4, steps, &n_steps))
        return rg_onnx_no_constant(r, "range");
    if (n != m || (n_axes && n_axes != n) || (n_steps && n_steps != n) || n > shape->rank)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s with lists of different lengths", node->type);
    for (uint32_t d = 0; d < shape->rank; d++) {
        ret->end[d] = shape->dim[d];
        ret->step[d] = 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t d = rg_onnx_axis(n_axes ? axes[i] : i, shape->rank);
        int64_t step = n_steps ? steps[i] : 1;
        if (d < 0 || step == 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s of a dimension that is not there", node->type);
        if (!clamp_cut(ret, (uint32_t)d, shape->dim[d], starts[i], ends[i], step, &shape->dim[d]))
            return rg_onnx_cannot(r, "of nothing");
    }
    return RG_OK;
}

rg_status rg_onnx_slice(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_shape shape = x->shape;
    cut c = {0};
    int64_t begin[RG_MAX_RANK], end[RG_MAX_RANK], step[RG_MAX_RANK], mask = 0;
    rg_status status = read_cut(r, node, &shape, &c);
    (void)word;
    if (status != RG_OK)
        return status;
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    for (uint32_t i = 0; i < shape.rank; i++) {
        uint32_t d = form.order.at[i];
        begin[i] = c.start[d];
        end[i] = c.end[d];
        step[i] = c.step[d];
        mask |= c.open >> d & 1 ? (int64_t)1 << i : 0;
    }
    const rg_attr attrs[] = {
        INTEGER("begin_mask", 0),    INTEGER("end_mask", mask),      INTEGER("ellipsis_mask", 0),
        INTEGER("new_axis_mask", 0), INTEGER("shrink_axis_mask", 0), INTEGER("offset", 0),
    };
    rg_shape ordered = rg_onnx_ordered(&shape, &form.order);
    int32_t in[] = {form.tensor, rg_onnx_ints(r, begin, shape.rank),
                    rg_onnx_ints(r, end, shape.rank), rg_onnx_ints(r, step, shape.rank)};
    int32_t out = rg_onnx_like(r, form.tensor, &ordered);
    rg_onnx_emit(r, "strided_slice", in, 4, &out, 1, attrs, 6);
    return rg_onnx_moved(r, node, x, out, &form.order);
}

/* Numbers as a tensor: constants may count from the end, which ours do not know. */
static int32_t indices_of(rg_onnx *r, const rg_onnx_node *node, rg_onnx_value *v, int64_t dim) {
    const rg_tensor *t = rg_onnx_constant(r, v);
    if (!t)
        return rg_onnx_get(r, v, NULL, RG_DTYPE_ANY);
    const rg_tensor from = *rg_onnx_at(r, rg_onnx_get(r, v, NULL, RG_DTYPE_ANY));
    int64_t n = 0;
    rg_shape_elements(&from.shape, &n);
    int32_t *data = rg_arena_array(r->graph->arena, (size_t)n + 1, sizeof *data);
    if (!data)
        return rg_onnx_no_memory(r), 0;
    for (int64_t i = 0; i < n; i++) {
        double at = rg_onnx_element(&from, (size_t)i);
        at += at < 0 ? (double)dim : 0;
        if (!(at >= 0) || at >= (double)dim)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s of number %g of %lld", node->type, at,
                                (long long)dim),
                   0;
        data[i] = (int32_t)at;
    }
    return rg_onnx_tensor(r, RG_DTYPE_INT32, &from.shape, NULL, data);
}

rg_status rg_onnx_gather(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *numbers = rg_onnx_in(r, node, 1);
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 0), x->shape.rank);
    uint32_t extra = numbers->shape.rank;
    int64_t n = 0;
    (void)word;
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if ((numbers->dtype != RG_DTYPE_INT32 && numbers->dtype != RG_DTYPE_INT64) ||
        x->shape.rank + extra > RG_MAX_RANK + 1 || !rg_shape_elements(&numbers->shape, &n) ||
        n < 1 || n > INT32_MAX)
        return rg_onnx_cannot(r, "by %s of %u dimensions", rg_dtype_word(numbers->dtype), extra);
    /* one number or a row of them keep the order; more need 0 1 2 ... */
    rg_onnx_form form = rg_onnx_movable(r, x, extra > 1);
    int32_t by = indices_of(r, node, numbers, x->shape.dim[axis]);
    if (r->status != RG_OK)
        return r->status;
    uint32_t place = rg_onnx_place(&form.order, (uint32_t)axis);
    rg_shape from = rg_onnx_at(r, form.tensor)->shape, shape = {0}, row = {1, {(int32_t)n}};
    if (extra == 0)
        by = rg_onnx_view(r, by, &row);
    for (uint32_t d = 0; d < from.rank; d++) {
        if (d != place)
            shape.dim[shape.rank++] = from.dim[d];
        for (uint32_t k = 0; d == place && k < (extra ? extra : 1); k++)
            shape.dim[shape.rank++] = extra ? numbers->shape.dim[k] : 1;
    }
    const rg_attr attrs[] = {INTEGER("axis", place), INTEGER("batch_dims", 0)};
    int32_t in[] = {form.tensor, by}, out = rg_onnx_like(r, form.tensor, &shape);
    rg_onnx_emit(r, "gather", in, 2, &out, 1, attrs, 2);
    if (r->status != RG_OK)
        return r->status;
    if (extra == 0)
        out = rg_onnx_drop_ones(r, out, &form.order, 1u << axis);
    rg_onnx_order order = extra > 1 ? rg_onnx_plain(shape.rank) : form.order;
    return rg_onnx_moved(r, node, x, out, &order);
}
