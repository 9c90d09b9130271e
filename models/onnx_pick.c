/* onnx_pick.c: elements by their place or rank: TopK, GatherND, ScatterND. */
#include <string.h>

#include "models/onnx_build.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }

static void define_output(rg_onnx *r, const rg_onnx_node *node, uint32_t i, rg_dtype dtype,
                          int32_t tensor, const rg_onnx_order *order) {
    if (i < node->n_out && node->out[i] >= 0)
        rg_onnx_define(r, &r->values[node->out[i]], dtype, tensor, order);
}

/* The largest of each row, or the smallest: those of the negative. */
rg_status rg_onnx_topk(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    double k = (double)rg_onnx_attr_int(node, "k", 0);
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", -1), x->shape.rank);
    bool largest = rg_onnx_attr_int(node, "largest", 1) != 0;
    (void)word;
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    if (rg_onnx_in(r, node, 1) && !rg_onnx_number(r, rg_onnx_in(r, node, 1), &k))
        return rg_onnx_no_constant(r, "number of results");
    if (!(k >= 1) || k > x->shape.dim[axis])
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of %g of %d elements", node->type, k,
                            (int)x->shape.dim[axis]);
    rg_onnx_order order = rg_onnx_with_last(x, (uint32_t)axis);
    int32_t t = rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32), out[2];
    t = largest ? t : rg_onnx_each(r, "neg", t);
    int64_t count = (int64_t)k;
    rg_shape shape = rg_onnx_at(r, t)->shape;
    shape.dim[shape.rank - 1] = (int32_t)count;
    int32_t in[] = {t, rg_onnx_ints(r, &count, 1)};
    out[0] = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    out[1] = rg_onnx_tensor(r, RG_DTYPE_INT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "topk_v2", in, 2, out, 2, NULL, 0);
    int32_t values = largest ? out[0] : rg_onnx_each(r, "neg", out[0]);
    define_output(r, node, 0, RG_DTYPE_FLOAT32, values, &order);
    define_output(r, node, 1, RG_DTYPE_INT64, rg_onnx_cast_to(r, out[1], RG_DTYPE_INT64), &order);
    return r->status;
}

/* Tuples of places as int32, constants counted from the beginning. RG_ONNX_NONE: cannot be. */
static int32_t tuples_of(rg_onnx *r, const rg_onnx_node *node, rg_onnx_value *v,
                         const rg_shape *of) {
    int64_t n = 0;
    int32_t t = rg_onnx_get(r, v, NULL, v->dtype);
    uint32_t depth = (uint32_t)v->shape.dim[v->shape.rank - 1];
    if (!rg_onnx_constant(r, v))
        return v->dtype == RG_DTYPE_INT32 ? t : rg_onnx_cast_to(r, t, RG_DTYPE_INT32);
    const rg_tensor from = *rg_onnx_at(r, t);
    rg_shape_elements(&from.shape, &n);
    int32_t *data = rg_arena_array(r->graph->arena, (size_t)n + 1, sizeof *data);
    if (!data)
        return rg_onnx_no_memory(r), RG_ONNX_NONE;
    for (int64_t i = 0; i < n; i++) {
        double at = rg_onnx_element(&from, (size_t)i), dim = of->dim[i % depth];
        at += at < 0 ? dim : 0;
        if (!(at >= 0) || at >= dim)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s of number %g of %g", node->type, at, dim),
                   RG_ONNX_NONE;
        data[i] = (int32_t)at;
    }
    return rg_onnx_tensor(r, RG_DTYPE_INT32, &from.shape, NULL, data);
}

/* Tuples of at most as many numbers as there are dimensions. */
static bool are_tuples(const rg_onnx_value *v, const rg_shape *of) {
    int64_t n = 0;
    return (v->dtype == RG_DTYPE_INT32 || v->dtype == RG_DTYPE_INT64) && v->shape.rank >= 1 &&
           rg_shape_elements(&v->shape, &n) && n >= 1 && n < INT32_MAX &&
           v->shape.dim[v->shape.rank - 1] <= (int32_t)of->rank;
}

/* The shape of what tuples name: their own without the last, then the dimensions left over. */
static bool named_shape(const rg_shape *tuples, const rg_shape *of, rg_shape *ret) {
    uint32_t depth = (uint32_t)tuples->dim[tuples->rank - 1];
    ret->rank = tuples->rank - 1 + of->rank - depth;
    for (uint32_t d = 0; ret->rank <= RG_MAX_RANK && d < ret->rank; d++)
        ret->dim[d] = d + 1 < tuples->rank ? tuples->dim[d] : of->dim[d + 1 - tuples->rank + depth];
    return ret->rank <= RG_MAX_RANK;
}

rg_status rg_onnx_gather_nd(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *at = rg_onnx_in(r, node, 1);
    rg_shape shape = {0};
    (void)word;
    if (rg_onnx_attr_int(node, "batch_dims", 0) || !are_tuples(at, &x->shape) ||
        !named_shape(&at->shape, &x->shape, &shape))
        return rg_onnx_cannot(r, "of batches, or by %s", rg_dtype_word(at->dtype));
    rg_onnx_form form = rg_onnx_movable(r, x, true);
    int32_t in[] = {form.tensor, tuples_of(r, node, at, &x->shape)};
    if (r->status != RG_OK)
        return r->status;
    rg_onnx_order order = rg_onnx_plain(shape.rank);
    int32_t out = rg_onnx_like(r, form.tensor, &shape);
    rg_onnx_emit(r, "gather_nd", in, 2, &out, 1, NULL, 0);
    return rg_onnx_moved(r, node, x, out, &order);
}

/* `updates` (NULL: ones) put at tuples' places of zeros. */
static int32_t scattered(rg_onnx *r, int32_t tuples, int32_t updates, const rg_shape *shape) {
    int64_t dims[RG_MAX_RANK];
    for (uint32_t d = 0; d < shape->rank; d++)
        dims[d] = shape->dim[d];
    int32_t in[] = {tuples, updates, rg_onnx_ints(r, dims, shape->rank)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, shape, NULL, NULL);
    rg_onnx_emit(r, "scatter_nd", in, 3, &out, 1, NULL, 0);
    return out;
}

/* Ours adds updates to zeros: ones tell where they came to. Tuples that stand twice have no
 * defined result. */
rg_status rg_onnx_scatter_nd(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *at = rg_onnx_in(r, node, 1);
    rg_onnx_value *updates = rg_onnx_in(r, node, 2);
    const Rg__Onnx__Attribute *how = rg_onnx_attr(node, "reduction");
    rg_shape shape = {0};
    (void)word;
    if (how && !rg_onnx_attr_is(node, "reduction", "none"))
        return rg_onnx_cannot(r, "with a reduction");
    if (x->dtype != RG_DTYPE_FLOAT32 || updates->dtype != RG_DTYPE_FLOAT32 ||
        !are_tuples(at, &x->shape))
        return rg_onnx_cannot(r, "of %s by %s", rg_dtype_word(x->dtype), rg_dtype_word(at->dtype));
    if (!named_shape(&at->shape, &x->shape, &shape) || !rg_shape_equal(&shape, &updates->shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of updates of another shape", node->type);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_onnx_order order = rg_onnx_plain(x->shape.rank);
    int32_t tuples = tuples_of(r, node, at, &x->shape);
    int32_t t = rg_onnx_get(r, updates, NULL, RG_DTYPE_FLOAT32);
    int32_t base = rg_onnx_get(r, x, NULL, RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return r->status;
    int64_t n = 0;
    rg_shape_elements(&shape, &n);
    float *ones = rg_arena_array(r->graph->arena, (size_t)n + 1, sizeof *ones);
    if (!ones)
        return rg_onnx_no_memory(r);
    for (int64_t i = 0; i < n; i++)
        ones[i] = 1;
    int32_t mark = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, ones);
    mark = rg_onnx_compared(r, "greater", scattered(r, tuples, mark, &x->shape), 0);
    t = rg_onnx_chosen(r, mark, scattered(r, tuples, t, &x->shape), base);
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}
