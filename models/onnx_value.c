/* onnx_value.c: values of an ONNX graph as tensors of ours, in the order of dimensions and with the
 * element type that an operator asks for. */
#include <string.h>

#include "models/onnx_read.h"

/* --- orders --- */

rg_onnx_order rg_onnx_plain(uint32_t rank) {
    rg_onnx_order order = {{0}};
    for (uint32_t i = 0; i < rank && i < RG_MAX_RANK; i++)
        order.at[i] = (uint8_t)i;
    return order;
}

rg_onnx_order rg_onnx_nhwc(uint32_t rank) {
    rg_onnx_order order = rg_onnx_plain(rank);
    for (uint32_t i = 1; i + 1 < rank; i++)
        order.at[i] = (uint8_t)(i + 1);
    if (rank > 1)
        order.at[rank - 1] = 1;
    return order;
}

bool rg_onnx_same_order(const rg_onnx_order *a, const rg_onnx_order *b, uint32_t rank) {
    return !memcmp(a->at, b->at, rank);
}

uint32_t rg_onnx_place(const rg_onnx_order *order, uint32_t dim) {
    uint32_t i = 0;
    while (i + 1 < RG_MAX_RANK && order->at[i] != dim)
        i++;
    return i;
}

rg_shape rg_onnx_ordered(const rg_shape *shape, const rg_onnx_order *order) {
    rg_shape ret = {shape->rank, {0}};
    for (uint32_t i = 0; i < shape->rank; i++)
        ret.dim[i] = shape->dim[order->at[i]];
    return ret;
}

rg_shape rg_onnx_unordered(const rg_shape *shape, const rg_onnx_order *order) {
    rg_shape ret = {shape->rank, {0}};
    for (uint32_t i = 0; i < shape->rank; i++)
        ret.dim[order->at[i]] = shape->dim[i];
    return ret;
}

/* --- values --- */

rg_onnx_value *rg_onnx_in(rg_onnx *r, const rg_onnx_node *node, uint32_t i) {
    return i < node->n_in && node->in[i] >= 0 ? &r->values[node->in[i]] : NULL;
}

rg_onnx_form rg_onnx_first(const rg_onnx_value *v) {
    return v->forms[0];
}

const rg_tensor *rg_onnx_constant(rg_onnx *r, rg_onnx_value *v) {
    if (!v || !v->there || v->n_forms == 0)
        return NULL;
    const rg_tensor *t = rg_onnx_at(r, v->forms[0].tensor);
    return t->data ? t : NULL;
}

rg_onnx_value *rg_onnx_new_value(rg_onnx *r) {
    if (r->n_values == r->cap_values) {
        rg_onnx_fail(r, RG_NO_MEMORY, "it becomes more values than the limit");
        return NULL;
    }
    rg_onnx_value *v = &r->values[r->n_values++];
    v->name = r->naming;
    v->user = RG_ONNX_NONE;
    return v;
}

static void add_form(rg_onnx_value *v, int32_t tensor, const rg_onnx_order *order) {
    if (v->n_forms < RG_ONNX_FORMS)
        v->forms[v->n_forms++] = (rg_onnx_form){tensor, *order};
}

void rg_onnx_define(rg_onnx *r, rg_onnx_value *v, rg_dtype dtype, int32_t tensor,
                    const rg_onnx_order *order) {
    if (r->status != RG_OK)
        return;
    v->dtype = dtype;
    v->shape = rg_onnx_unordered(&rg_onnx_at(r, tensor)->shape, order);
    v->there = true;
    v->n_forms = 0;
    add_form(v, tensor, order);
}

bool rg_onnx_quantized(rg_onnx *r, const rg_onnx_value *v, rg_onnx_form *ret) {
    for (uint32_t i = 0; v->dtype == RG_DTYPE_FLOAT32 && i < v->n_forms; i++) {
        const rg_tensor *t = rg_onnx_at(r, v->forms[i].tensor);
        if (t->dtype != RG_DTYPE_FLOAT32 && t->quant.n) {
            *ret = v->forms[i];
            return true;
        }
    }
    return false;
}

/* --- forms --- */

/* True when reordering moves only dimensions of one element: memory stays as it is. */
static bool moves_nothing(const rg_shape *shape, const uint8_t *order) {
    int last = -1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[order[i]] == 1)
            continue;
        if ((int)order[i] < last)
            return false;
        last = order[i];
    }
    return true;
}

/* The tensor with dimension i taken from dimension order[i]. */
static int32_t reorder(rg_onnx *r, int32_t tensor, const uint8_t *order) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    rg_shape shape = {from.shape.rank, {0}};
    int64_t numbers[RG_MAX_RANK];
    for (uint32_t i = 0; i < shape.rank; i++) {
        shape.dim[i] = from.shape.dim[order[i]];
        numbers[i] = order[i];
    }
    if (from.data)
        return rg_onnx_permuted(r, tensor, order);
    if (moves_nothing(&from.shape, order) && from.quant.n < 2)
        return rg_onnx_view(r, tensor, &shape);
    rg_quant quant = from.quant;
    for (uint32_t i = 0; quant.n > 1 && i < shape.rank; i++) {
        if (order[i] == from.quant.axis)
            quant.axis = i;
    }
    int32_t in[] = {tensor, rg_onnx_ints(r, numbers, shape.rank)};
    int32_t out = rg_onnx_tensor(r, from.dtype, &shape, &quant, NULL);
    rg_onnx_emit(r, "transpose", in, 2, &out, 1, NULL, 0);
    return out;
}

static int32_t in_order(rg_onnx *r, const rg_onnx_form *form, uint32_t rank,
                        const rg_onnx_order *order) {
    uint8_t moves[RG_MAX_RANK] = {0};
    if (rg_onnx_same_order(&form->order, order, rank))
        return form->tensor;
    for (uint32_t i = 0; i < rank; i++)
        moves[i] = (uint8_t)rg_onnx_place(&form->order, order->at[i]);
    return reorder(r, form->tensor, moves);
}

/* Bytes with the other sign: the same numbers, 128 lower or higher, as their zero point is. */
static int32_t toggled(rg_onnx *r, int32_t tensor) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    if (from.data)
        return rg_onnx_toggled(r, tensor);
    bool is_signed = from.dtype == RG_DTYPE_INT8;
    if (from.quant.n == 0) { /* any scale: what comes out is only shifted */
        tensor = rg_onnx_with_quant(r, tensor, 1.0f, 0);
        from = *rg_onnx_at(r, tensor);
    }
    if (r->status != RG_OK || from.quant.n != 1)
        return tensor;
    rg_quant quant = rg_onnx_one_scale(r, from.quant.scale[0],
                                       from.quant.zero_point[0] + (is_signed ? 128 : -128));
    return rg_onnx_emit_unary(r, "quantize", tensor, is_signed ? RG_DTYPE_UINT8 : RG_DTYPE_INT8,
                              &from.shape, &quant);
}

static bool is_byte(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_UINT8;
}

/* The tensor with another element type; itself when there is no way. */
static int32_t converted(rg_onnx *r, int32_t tensor, rg_dtype dtype) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    if (from.dtype == dtype || dtype == RG_DTYPE_ANY)
        return tensor;
    if (is_byte(from.dtype) && is_byte(dtype))
        return toggled(r, tensor);
    if (dtype != RG_DTYPE_FLOAT32 || from.quant.n == 0)
        return tensor;
    if (from.data)
        return rg_onnx_dequantized(r, tensor);
    return rg_onnx_emit_unary(r, "dequantize", tensor, RG_DTYPE_FLOAT32, &from.shape, NULL);
}

int32_t rg_onnx_get(rg_onnx *r, rg_onnx_value *v, const rg_onnx_order *order, rg_dtype dtype) {
    rg_onnx_order plain = rg_onnx_plain(v->shape.rank);
    const rg_onnx_form *best = &v->forms[0];
    if (r->status != RG_OK || v->n_forms == 0)
        return 0;
    if (!order)
        order = &plain;
    for (uint32_t i = v->n_forms; i-- > 0;) {
        const rg_onnx_form *form = &v->forms[i];
        bool typed = dtype == RG_DTYPE_ANY || rg_onnx_at(r, form->tensor)->dtype == dtype;
        if (typed && rg_onnx_same_order(&form->order, order, v->shape.rank))
            return form->tensor;
        if (typed)
            best = form;
    }
    rg_onnx_form form = *best;
    int32_t tensor = converted(r, form.tensor, dtype);
    if (tensor != form.tensor)
        add_form(v, tensor, &form.order);
    form.tensor = tensor;
    tensor = in_order(r, &form, v->shape.rank, order);
    if (tensor != form.tensor)
        add_form(v, tensor, order);
    return tensor;
}

rg_onnx_form rg_onnx_movable(rg_onnx *r, rg_onnx_value *v, bool plain) {
    rg_onnx_form form = rg_onnx_first(v);
    if (plain)
        form.order = rg_onnx_plain(v->shape.rank);
    bool channels = rg_onnx_at(r, v->forms[0].tensor)->quant.n > 1;
    form.tensor = rg_onnx_get(r, v, &form.order, channels ? RG_DTYPE_FLOAT32 : RG_DTYPE_ANY);
    return form;
}

int32_t rg_onnx_spread(rg_onnx *r, rg_onnx_value *v, uint32_t rank, const rg_onnx_order *order,
                       rg_dtype dtype) {
    if (v->shape.rank == rank)
        return rg_onnx_get(r, v, order, dtype);
    int32_t tensor = rg_onnx_get(r, v, NULL, dtype);
    if (r->status != RG_OK || v->shape.rank > rank)
        return 0;
    rg_shape shape = {rank, {0}};
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t lead = rank - v->shape.rank;
        shape.dim[i] = i < lead ? 1 : v->shape.dim[i - lead];
    }
    rg_onnx_form form = {rg_onnx_view(r, tensor, &shape), rg_onnx_plain(rank)};
    return in_order(r, &form, rank, order);
}
