/* onnx_reduce.c: mean, sum, maximum ... over dimensions, and where the largest value stands. */
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }

/* Which quantization the result has: the one that follows (mean, sum), or the input's (maximum and
 * minimum); false: floats it must be. */
static bool integer_result(rg_onnx *r, const rg_onnx_value *x, const rg_onnx_end *end,
                           const char *kind, rg_onnx_form *ret_form, rg_quant *ret_quant) {
    rg_onnx_form form;
    bool compares = !strcmp(kind, "reduce_max") || !strcmp(kind, "reduce_min");
    bool sums = !strcmp(kind, "mean");
    if (!rg_onnx_quantized(r, x, &form))
        return false;
    const rg_tensor t = *rg_onnx_at(r, form.tensor);
    if (t.quant.n != 1 || (t.dtype != RG_DTYPE_INT8 && t.dtype != RG_DTYPE_INT16))
        return false;
    *ret_form = form;
    *ret_quant = t.quant;
    bool same = end->quantized < 0 || (t.quant.scale[0] == end->scale && end->dtype == t.dtype &&
                                       t.quant.zero_point[0] == end->zero);
    if (compares)
        return same;
    if (!sums || end->quantized < 0 || end->dtype != t.dtype)
        return false;
    *ret_quant = rg_onnx_one_scale(r, end->scale, end->zero);
    return true;
}

rg_status rg_onnx_reduce_dims(rg_onnx *r, rg_onnx_node *node, const char *kind, uint32_t dims,
                              bool keep) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_quant quant = {0};
    int64_t axes[RG_MAX_RANK];
    uint32_t n = 0;
    if (!integer_result(r, x, &end, kind, &form, &quant)) {
        quant = (rg_quant){0};
        form = rg_onnx_first(x);
        form.tensor = rg_onnx_get(r, x, &form.order, x->dtype);
    }
    if (r->status != RG_OK)
        return r->status;
    const rg_tensor from = *rg_onnx_at(r, form.tensor);
    rg_shape shape = from.shape;
    for (uint32_t i = 0; i < shape.rank; i++) {
        if (dims >> form.order.at[i] & 1) {
            axes[n++] = i;
            shape.dim[i] = 1;
        }
    }
    const rg_attr kept = INTEGER("keep_dims", 1);
    int32_t in[] = {form.tensor, rg_onnx_ints(r, axes, n)};
    int32_t out = rg_onnx_tensor(r, from.dtype, &shape, &quant, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, &kept, 1);
    if (!keep && r->status == RG_OK)
        out = rg_onnx_drop_ones(r, out, &form.order, dims);
    if (x->dtype == RG_DTYPE_FLOAT32)
        rg_onnx_finish(r, &end, out, &form.order);
    else
        rg_onnx_define(r, &r->values[node->out[0]], x->dtype, out, &form.order);
    return r->status;
}

/* Axes as a bit set: of the attribute, of input 1, or all. False when they are no constants. */
static bool read_axes(rg_onnx *r, const rg_onnx_node *node, uint32_t rank, uint32_t *ret) {
    double axes[64];
    uint32_t n = 0, set = 0;
    rg_onnx_value *v = rg_onnx_in(r, node, 1);
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, "axes");
    if (v && !rg_onnx_numbers(r, v, axes, 64, &n))
        return false;
    for (size_t i = 0; !v && attr && i < attr->n_ints && i < 64; i++)
        axes[n++] = (double)attr->ints[i];
    for (uint32_t i = 0; i < n; i++) {
        int32_t axis = rg_onnx_axis(rg_onnx_whole(axes[i]), rank);
        if (axis < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s over a dimension that is not there",
                                node->type),
                   false;
        set |= 1u << axis;
    }
    *ret = n ? set : rg_onnx_attr_int(node, "noop_with_empty_axes", 0) ? 0 : (1u << rank) - 1;
    return true;
}

static bool has_type(const char *kind, rg_dtype dtype) {
    bool whole = strcmp(kind, "mean") && strcmp(kind, "sum");
    return dtype == RG_DTYPE_FLOAT32 || (whole && dtype == RG_DTYPE_INT32);
}

rg_status rg_onnx_reduce(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    uint32_t dims = 0;
    if (!has_type(word, x->dtype))
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    if (!read_axes(r, node, x->shape.rank, &dims))
        return rg_onnx_cannot(r, "its axes are no constants");
    if (dims == 0)
        return rg_onnx_identity(r, node, word);
    return rg_onnx_reduce_dims(r, node, word, dims, rg_onnx_attr_int(node, "keepdims", 1) != 0);
}

rg_status rg_onnx_arg(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 0), x->shape.rank);
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if (rg_onnx_attr_int(node, "select_last_index", 0))
        return rg_onnx_cannot(r, "the last of equal ones");
    rg_onnx_form form = rg_onnx_movable(r, x, true);
    if (r->status != RG_OK)
        return r->status;
    rg_shape shape = rg_onnx_at(r, form.tensor)->shape, kept = shape;
    int64_t place = axis;
    shape.rank--;
    for (uint32_t d = (uint32_t)axis; d < shape.rank; d++)
        shape.dim[d] = shape.dim[d + 1];
    kept.dim[axis] = 1;
    int32_t in[] = {form.tensor, rg_onnx_ints(r, &place, 1)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_INT64, &shape, NULL, NULL);
    rg_onnx_emit(r, word, in, 2, &out, 1, NULL, 0);
    bool keep = rg_onnx_attr_int(node, "keepdims", 1) != 0;
    if (keep && r->status == RG_OK)
        out = rg_onnx_view(r, out, &kept);
    rg_onnx_order order = rg_onnx_plain(keep ? kept.rank : shape.rank);
    rg_onnx_define(r, &r->values[node->out[0]], RG_DTYPE_INT64, out, &order);
    return r->status;
}
