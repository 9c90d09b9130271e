/* onnx_move.c: other shapes of a value, and other orders of its dimensions: nothing is computed.
 * Also what all operators share that only move elements. */
#include <string.h>

#include "models/onnx_read.h"

/* --- shared --- */

rg_status rg_onnx_moved(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *x,
                        int32_t tensor, const rg_onnx_order *order) {
    rg_onnx_define(r, &r->values[node->out[0]], x->dtype, tensor, order);
    return r->status;
}

int32_t rg_onnx_like(rg_onnx *r, int32_t tensor, const rg_shape *shape) {
    const rg_tensor from = *rg_onnx_at(r, tensor);
    return rg_onnx_tensor(r, from.dtype, shape, &from.quant, NULL);
}

bool rg_onnx_list(rg_onnx *r, const rg_onnx_node *node, const char *name, uint32_t i,
                  int64_t ret[RG_ONNX_LIST], uint32_t *ret_n) {
    double numbers[RG_ONNX_LIST];
    rg_onnx_value *v = rg_onnx_in(r, node, i);
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    *ret_n = 0;
    if (v && !rg_onnx_numbers(r, v, numbers, RG_ONNX_LIST, ret_n))
        return false;
    for (uint32_t k = 0; v && k < *ret_n; k++) {
        ret[k] = rg_onnx_whole(numbers[k]); /* "to the end" is the largest integer */
    }
    if (v || !attr)
        return true;
    if (attr->n_ints > RG_ONNX_LIST)
        return false;
    for (size_t k = 0; k < attr->n_ints; k++) {
        int64_t n = attr->ints[k];
        ret[(*ret_n)++] = n > INT32_MAX ? INT32_MAX : n < -INT32_MAX ? -INT32_MAX : n;
    }
    return true;
}

rg_status rg_onnx_no_constant(rg_onnx *r, const char *what) {
    return rg_onnx_cannot(r, "its %s is no constant", what);
}

/* --- shapes --- */

/* The shape that a list of numbers asks for: 0 keeps a dimension, -1 is what is left. */
static bool resolve_shape(const rg_shape *from, const int64_t *list, uint32_t n, bool zeros,
                          rg_shape *ret) {
    int64_t total, known = 1;
    int wild = -1;
    if (n > RG_MAX_RANK || !rg_shape_elements(from, &total))
        return false;
    ret->rank = n;
    for (uint32_t i = 0; i < n; i++) {
        int64_t dim = list[i];
        if (dim == 0 && !zeros)
            dim = i < from->rank ? from->dim[i] : -2;
        if (dim < -1 || (dim == -1 && wild >= 0) || dim > INT32_MAX)
            return false;
        ret->dim[i] = (int32_t)dim;
        if (dim == -1)
            wild = (int)i;
        else if (__builtin_mul_overflow(known, dim, &known))
            return false;
    }
    if (wild < 0)
        return known == total;
    if (known == 0 || total % known || total / known > INT32_MAX)
        return false;
    ret->dim[wild] = (int32_t)(total / known);
    return true;
}

static rg_status reshaped(rg_onnx *r, const rg_onnx_node *node, const rg_shape *shape) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_movable(r, x, true);
    rg_onnx_order order = rg_onnx_plain(shape->rank);
    if (r->status != RG_OK)
        return r->status;
    return rg_onnx_moved(r, node, x, rg_onnx_view(r, form.tensor, shape), &order);
}

rg_status rg_onnx_reshape(rg_onnx *r, rg_onnx_node *node, const char *word) {
    int64_t list[RG_ONNX_LIST];
    uint32_t n = 0;
    rg_shape shape = {0};
    (void)word;
    if (!rg_onnx_list(r, node, "shape", 1, list, &n))
        return rg_onnx_no_constant(r, "shape");
    if (n > RG_MAX_RANK)
        return rg_onnx_cannot(r, "to %u dimensions", n);
    if (!resolve_shape(&rg_onnx_in(r, node, 0)->shape, list, n,
                       rg_onnx_attr_int(node, "allowzero", 0) != 0, &shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s to a shape of another size", node->type);
    return reshaped(r, node, &shape);
}

rg_status rg_onnx_flatten(rg_onnx *r, rg_onnx_node *node, const char *word) {
    const rg_shape *from = &rg_onnx_in(r, node, 0)->shape;
    int64_t axis = rg_onnx_attr_int(node, "axis", 1), sizes[2] = {1, 1};
    (void)word;
    axis = axis == (int64_t)from->rank ? axis : rg_onnx_axis(axis, from->rank);
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    for (uint32_t d = 0; d < from->rank; d++)
        sizes[d >= axis] *= from->dim[d];
    if (sizes[0] > INT32_MAX || sizes[1] > INT32_MAX)
        return rg_onnx_cannot(r, "of too many elements");
    rg_shape shape = {2, {(int32_t)sizes[0], (int32_t)sizes[1]}};
    return reshaped(r, node, &shape);
}

int32_t rg_onnx_drop_ones(rg_onnx *r, int32_t tensor, rg_onnx_order *order, uint32_t dims) {
    const rg_shape from = rg_onnx_at(r, tensor)->shape;
    rg_shape shape = {0};
    rg_onnx_order rest = {{0}};
    for (uint32_t i = 0; i < from.rank; i++) {
        uint32_t dim = order->at[i];
        if (dims >> dim & 1)
            continue;
        rest.at[shape.rank] =
            (uint8_t)(dim - (uint32_t)__builtin_popcount(dims & ((1u << dim) - 1)));
        shape.dim[shape.rank++] = from.dim[i];
    }
    *order = rest;
    return rg_onnx_view(r, tensor, &shape);
}

rg_status rg_onnx_squeeze(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t axes[RG_ONNX_LIST];
    uint32_t n = 0, dims = 0;
    (void)word;
    if (!rg_onnx_list(r, node, "axes", 1, axes, &n))
        return rg_onnx_no_constant(r, "list of axes");
    for (uint32_t i = 0; i < n; i++) {
        int32_t axis = rg_onnx_axis(axes[i], x->shape.rank);
        if (axis < 0 || x->shape.dim[axis] != 1)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s of a dimension that is not one", node->type);
        dims |= 1u << axis;
    }
    for (uint32_t d = 0; n == 0 && d < x->shape.rank; d++)
        dims |= x->shape.dim[d] == 1 ? 1u << d : 0;
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    if (r->status != RG_OK)
        return r->status;
    return rg_onnx_moved(r, node, x, rg_onnx_drop_ones(r, form.tensor, &form.order, dims),
                         &form.order);
}

/* New dimensions go to the front of the tensor, wherever ONNX puts them: they are ones. */
rg_status rg_onnx_unsqueeze(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t axes[RG_ONNX_LIST];
    uint32_t n = 0, dims = 0, place[RG_MAX_RANK], kept = 0;
    (void)word;
    if (!rg_onnx_list(r, node, "axes", 1, axes, &n))
        return rg_onnx_no_constant(r, "list of axes");
    uint32_t rank = x->shape.rank + n;
    if (n > RG_MAX_RANK || rank > RG_MAX_RANK)
        return rg_onnx_cannot(r, "to %u dimensions", rank);
    for (uint32_t i = 0; i < n; i++) {
        int32_t axis = rg_onnx_axis(axes[i], rank);
        if (axis < 0 || dims >> axis & 1)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s at a dimension that is not there", node->type);
        dims |= 1u << axis;
    }
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    if (r->status != RG_OK)
        return r->status;
    const rg_shape from = rg_onnx_at(r, form.tensor)->shape;
    rg_shape shape = {rank, {0}};
    rg_onnx_order order = {{0}};
    for (uint32_t d = 0, first = 0; d < rank; d++) {
        if (dims >> d & 1)
            order.at[first++] = (uint8_t)d;
        else
            place[kept++] = d;
    }
    for (uint32_t i = 0; i < rank; i++) {
        shape.dim[i] = i < n ? 1 : from.dim[i - n];
        if (i >= n)
            order.at[i] = (uint8_t)place[form.order.at[i - n]];
    }
    return rg_onnx_moved(r, node, x, rg_onnx_view(r, form.tensor, &shape), &order);
}

/* Nothing moves: only the order in which the value's dimensions lie is another. */
rg_status rg_onnx_transpose(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    uint32_t rank = x->shape.rank, seen = 0, where[RG_MAX_RANK];
    int64_t perm[RG_MAX_RANK];
    rg_onnx_order order = {{0}};
    (void)word;
    if (rg_onnx_attr_ints(node, "perm", perm, rank, 0) < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of another number of dimensions", node->type);
    for (uint32_t i = 0; i < rank; i++) {
        int64_t dim = rg_onnx_attr(node, "perm") ? perm[i] : rank - 1 - i;
        if (dim < 0 || dim >= rank)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s to no order", node->type);
        seen |= 1u << dim;
        where[dim] = i;
    }
    if (seen != (1u << rank) - 1)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s to no order", node->type);
    rg_onnx_form form = rg_onnx_first(x);
    for (uint32_t i = 0; i < rank; i++)
        order.at[i] = (uint8_t)where[form.order.at[i]];
    return rg_onnx_moved(r, node, x, form.tensor, &order);
}

rg_status rg_onnx_identity(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_first(x);
    (void)word;
    return rg_onnx_moved(r, node, x, form.tensor, &form.order);
}
