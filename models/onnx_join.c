/* onnx_join.c: tensors one behind another, and taken apart again. Integers stay integers where all
 * operands share a scale, or where the scale of the result is known. */
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

/* A scale that all operands share; false when they do not. */
static bool common_scale(rg_onnx *r, const rg_onnx_node *node, rg_dtype *ret_dtype, rg_quant *ret) {
    for (uint32_t i = 0; i < node->n_in; i++) {
        rg_onnx_form form;
        const rg_onnx_value *v = rg_onnx_in(r, node, i);
        if (!rg_onnx_quantized(r, v, &form))
            return false;
        const rg_tensor t = *rg_onnx_at(r, form.tensor);
        if (i == 0) {
            *ret_dtype = t.dtype;
            *ret = t.quant;
        }
        if (t.quant.n != 1 || t.dtype != *ret_dtype || t.quant.scale[0] != ret->scale[0] ||
            t.quant.zero_point[0] != ret->zero_point[0])
            return false;
    }
    return true;
}

/* Whether every operand has integers of this type, on whatever scale. */
static bool all_quantized(rg_onnx *r, const rg_onnx_node *node, rg_dtype dtype) {
    for (uint32_t i = 0; i < node->n_in; i++) {
        rg_onnx_form form;
        if (!rg_onnx_quantized(r, rg_onnx_in(r, node, i), &form))
            return false;
        const rg_tensor *t = rg_onnx_at(r, form.tensor);
        if (t->dtype != dtype || t->quant.n != 1)
            return false;
    }
    return true;
}

/* An operand on the scale of the join. */
static int32_t joined_operand(rg_onnx *r, rg_onnx_value *v, const rg_onnx_order *order,
                              rg_dtype dtype, const rg_quant *quant) {
    int32_t tensor = rg_onnx_get(r, v, order, dtype);
    const rg_tensor t = *rg_onnx_at(r, tensor);
    if (r->status == RG_OK && v->dtype != RG_DTYPE_FLOAT32 && quant->n == 1)
        return rg_onnx_with_quant(r, tensor, quant->scale[0], quant->zero_point[0]);
    if (r->status != RG_OK || dtype == RG_DTYPE_FLOAT32 || quant->n != 1 ||
        (t.quant.n == 1 && t.quant.scale[0] == quant->scale[0] &&
         t.quant.zero_point[0] == quant->zero_point[0]))
        return tensor;
    return rg_onnx_emit_unary(r, "quantize", tensor, dtype, &t.shape, quant);
}

/* How integers without a scale of their own are joined: as the first is kept that has one; any
 * other scale serves as well, since nothing but copying is done. */
static void raw_type(rg_onnx *r, const rg_onnx_node *node, rg_dtype *ret_dtype, rg_quant *ret) {
    const rg_onnx_value *x = rg_onnx_in(r, node, 0);
    if (x->dtype != RG_DTYPE_INT8 && x->dtype != RG_DTYPE_UINT8)
        return;
    *ret = rg_onnx_one_scale(r, 1, 0);
    for (uint32_t i = 0; i < node->n_in; i++) {
        const rg_tensor t = *rg_onnx_at(r, rg_onnx_first(rg_onnx_in(r, node, i)).tensor);
        if (t.quant.n == 1) {
            *ret_dtype = t.dtype;
            *ret = t.quant;
            return;
        }
    }
}

/* The joined shape; false when the operands do not go together. */
static bool joined_shape(rg_onnx *r, const rg_onnx_node *node, uint32_t axis, rg_shape *ret) {
    const rg_onnx_value *first = rg_onnx_in(r, node, 0);
    int64_t sum = 0;
    for (uint32_t i = 0; i < node->n_in; i++) {
        const rg_onnx_value *v = rg_onnx_in(r, node, i);
        if (!v || v->shape.rank != first->shape.rank || v->dtype != first->dtype)
            return false;
        for (uint32_t d = 0; d < v->shape.rank; d++) {
            if (d != axis && v->shape.dim[d] != first->shape.dim[d])
                return false;
        }
        sum += v->shape.dim[axis];
    }
    *ret = first->shape;
    ret->dim[axis] = (int32_t)sum;
    return sum <= INT32_MAX;
}

rg_status rg_onnx_concat(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_shape shape;
    rg_quant quant = {0};
    rg_dtype dtype = x->dtype;
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 1), x->shape.rank);
    (void)word;
    if (axis < 0 || !joined_shape(r, node, (uint32_t)axis, &shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of tensors that do not go together", node->type);
    rg_onnx_end end = {.quantized = RG_ONNX_NONE, .value = node->out[0]};
    if (x->dtype == RG_DTYPE_FLOAT32) {
        end = rg_onnx_end_of(r, node, false);
        if (end.quantized >= 0 && all_quantized(r, node, end.dtype)) {
            dtype = end.dtype;
            quant = rg_onnx_one_scale(r, end.scale, end.zero);
        } else if (end.quantized >= 0 || !common_scale(r, node, &dtype, &quant)) {
            dtype = RG_DTYPE_FLOAT32;
            quant = (rg_quant){0};
        }
    }
    rg_onnx_order order = rg_onnx_first(x).order;
    for (uint32_t i = 0; rg_onnx_constant(r, rg_onnx_in(r, node, i)) && i + 1 < node->n_in; i++)
        order = rg_onnx_first(rg_onnx_in(r, node, i + 1)).order;
    int32_t *in = rg_arena_array(r->graph->arena, node->n_in, sizeof *in);
    if (!in)
        return rg_onnx_no_memory(r);
    if (x->dtype != RG_DTYPE_FLOAT32) /* raw integers: as whatever the first is kept */
        raw_type(r, node, &dtype, &quant);
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = joined_operand(r, rg_onnx_in(r, node, i), &order, dtype, &quant);
    if (r->status != RG_OK)
        return r->status;
    const rg_attr attrs[] = {INTEGER("axis", rg_onnx_place(&order, (uint32_t)axis)),
                             WORD("activation", "none")};
    rg_shape ordered = rg_onnx_ordered(&shape, &order);
    int32_t out = rg_onnx_tensor(r, rg_onnx_at(r, in[0])->dtype, &ordered, &quant, NULL);
    rg_onnx_emit(r, "concat", in, node->n_in, &out, 1, attrs, 2);
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_moved(r, node, x, out, &order);
    rg_onnx_finish(r, &end, out, &order);
    return r->status;
}

/* Sizes of the parts: given, or equal ones with a smaller last one. */
static bool part_sizes(rg_onnx *r, const rg_onnx_node *node, int64_t dim,
                       int64_t sizes[RG_ONNX_LIST]) {
    uint32_t n = 0;
    int64_t sum = 0, each = node->n_out ? (dim + node->n_out - 1) / node->n_out : 0;
    if (node->n_out > RG_ONNX_LIST || !rg_onnx_list(r, node, "split", 1, sizes, &n) ||
        (n && n != node->n_out))
        return false;
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (n == 0)
            sizes[i] = dim - sum < each ? dim - sum : each;
        sum += sizes[i];
        if (sizes[i] < 1)
            return false;
    }
    return sum == dim;
}

rg_status rg_onnx_split(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t sizes[RG_ONNX_LIST];
    int32_t out[RG_ONNX_LIST],
        axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 0), x->shape.rank);
    (void)word;
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if (!part_sizes(r, node, x->shape.dim[axis], sizes))
        return rg_onnx_cannot(r, "into odd parts");
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    if (r->status != RG_OK)
        return r->status;
    int64_t place = rg_onnx_place(&form.order, (uint32_t)axis);
    rg_shape shape = rg_onnx_at(r, form.tensor)->shape;
    for (uint32_t i = 0; i < node->n_out; i++) {
        shape.dim[place] = (int32_t)sizes[i];
        out[i] = rg_onnx_like(r, form.tensor, &shape);
    }
    const rg_attr attr = INTEGER("num_splits", node->n_out);
    int32_t in[] = {form.tensor, rg_onnx_ints(r, sizes, node->n_out), rg_onnx_ints(r, &place, 1)};
    rg_onnx_emit(r, "split_v", in, 3, out, node->n_out, &attr, 1);
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (node->out[i] >= 0)
            rg_onnx_define(r, &r->values[node->out[i]], x->dtype, out[i], &form.order);
    }
    return r->status;
}
