/* onnx_norm.c: operators over whole rows: layer normalization and softmax. */
#include <string.h>

#include "models/onnx_build.h"

#define REAL(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_REAL, .r = value }

/* --- layer normalization --- */

rg_onnx_order rg_onnx_with_last(const rg_onnx_value *v, uint32_t axis) {
    rg_onnx_order order = rg_onnx_first(v).order;
    uint32_t rank = v->shape.rank, n = 0;
    if (order.at[rank - 1] == axis)
        return order;
    order = rg_onnx_plain(rank);
    for (uint32_t i = 0; i < rank; i++) {
        if (i != axis)
            order.at[n++] = (uint8_t)i;
    }
    order.at[n] = (uint8_t)axis;
    return order;
}

int32_t rg_onnx_normalized(rg_onnx *r, int32_t x, uint32_t places, double epsilon, bool centred) {
    if (centred)
        x = rg_onnx_pair(r, "sub", x, rg_onnx_reduced(r, "mean", x, places));
    int32_t power = rg_onnx_reduced(r, "mean", rg_onnx_each(r, "square", x), places);
    int32_t root = rg_onnx_each(r, "rsqrt", rg_onnx_with(r, "add", power, epsilon));
    return rg_onnx_pair(r, "mul", x, root);
}

static bool is_row(const rg_onnx_value *v, int32_t n) {
    return !v || (v->shape.rank == 1 && v->shape.dim[0] == n && v->dtype == RG_DTYPE_FLOAT32);
}

rg_status rg_onnx_layer_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    uint32_t rank = x->shape.rank;
    (void)word;
    if (rank < 1 || rg_onnx_axis(rg_onnx_attr_int(node, "axis", -1), rank) != (int32_t)rank - 1 ||
        x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "over more than the last dimension");
    int32_t depth = x->shape.dim[rank - 1];
    rg_onnx_value *gamma = rg_onnx_in(r, node, 1), *beta = rg_onnx_in(r, node, 2);
    if (!is_row(gamma, depth) || !is_row(beta, depth))
        return rg_onnx_cannot(r, "factors of another shape");
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_onnx_order order = rg_onnx_with_last(x, rank - 1);
    const rg_attr epsilon = REAL("epsilon", rg_onnx_attr_real(node, "epsilon", 1e-5));
    int32_t in[3] = {rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32),
                     rg_onnx_get(r, gamma, NULL, RG_DTYPE_FLOAT32),
                     beta ? rg_onnx_get(r, beta, NULL, RG_DTYPE_FLOAT32) : RG_ONNX_NONE};
    rg_shape shape = rg_onnx_ordered(&x->shape, &order);
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "layer_norm", in, beta ? 3 : 2, &out, 1, &epsilon, 1);
    rg_onnx_finish(r, &end, out, &order);
    return r->status;
}

/* --- softmax --- */

/* Integers where the output's scale is the one that softmax has by definition. */
static rg_dtype softmax_type(rg_onnx *r, const rg_onnx_value *x, const rg_onnx_end *end,
                             const char *kind) {
    rg_onnx_form form;
    bool plain = !strcmp(kind, "softmax");
    if (!rg_onnx_quantized(r, x, &form) || end->quantized < 0 || end->dtype != RG_DTYPE_INT8)
        return RG_DTYPE_FLOAT32;
    const rg_tensor *t = rg_onnx_at(r, form.tensor);
    bool fits = plain ? end->scale == 1.0f / 256 && end->zero == -128
                      : end->scale == 16.0f / 256 && end->zero == 127;
    return t->dtype == RG_DTYPE_INT8 && t->quant.n == 1 && fits ? RG_DTYPE_INT8 : RG_DTYPE_FLOAT32;
}

static int32_t emit_softmax(rg_onnx *r, const char *kind, int32_t in, const rg_onnx_end *end) {
    const rg_tensor from = *rg_onnx_at(r, in);
    rg_quant quant = from.dtype == RG_DTYPE_FLOAT32 ? (rg_quant){0}
                                                    : rg_onnx_one_scale(r, end->scale, end->zero);
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, &quant, NULL);
    const rg_attr beta = REAL("beta", 1);
    rg_onnx_emit(r, kind, &in, 1, &out, 1, &beta, !strcmp(kind, "softmax"));
    return out;
}

/* Before version 13 everything from the axis on is one row. */
static bool joins_dims(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *x, int32_t axis) {
    int64_t behind = 1;
    int64_t version = rg_onnx_attr_int(node, "opset", r->opset);
    for (uint32_t d = (uint32_t)axis + 1; d < x->shape.rank; d++)
        behind *= x->shape.dim[d];
    return version < 13 && behind != 1;
}

rg_status rg_onnx_softmax(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t version = rg_onnx_attr_int(node, "opset", r->opset);
    int32_t axis =
        rg_onnx_axis(rg_onnx_attr_int(node, "axis", version < 13 ? 1 : -1), x->shape.rank);
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_dtype dtype = softmax_type(r, x, &end, word);
    bool joins = joins_dims(r, node, x, axis);
    rg_onnx_order order =
        joins ? rg_onnx_plain(x->shape.rank) : rg_onnx_with_last(x, (uint32_t)axis);
    int32_t t = rg_onnx_get(r, x, &order, dtype);
    if (r->status != RG_OK)
        return r->status;
    const rg_shape shape = rg_onnx_at(r, t)->shape;
    rg_shape rows = {2, {1, 1}};
    for (uint32_t d = 0; joins && d < shape.rank; d++)
        rows.dim[(int32_t)d >= axis] *= shape.dim[d];
    t = emit_softmax(r, word, joins ? rg_onnx_view(r, t, &rows) : t, &end);
    if (joins && r->status == RG_OK)
        t = rg_onnx_view(r, t, &shape);
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}
