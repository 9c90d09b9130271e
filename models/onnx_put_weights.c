/* onnx_put_weights.c: weights and biases as an .onnx file has them. */
#include "models/onnx_put_weighted.h"

#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"

rg_onnx_weights rg_onnx_weights_of(rg_onnx_writing *s, const rg_node *node, const uint8_t *order,
                                   int64_t axis) {
    const rg_tensor *t = rg_node_in(s->graph, node, W);
    const char *suffix = rg_onnx_new_name(s, "w");
    rg_onnx_weights w = {0};
    w.raw = w.real = rg_onnx_ordered_data(s, node->in[W], order, suffix);
    if (!rg_onnx_is_quantized(t))
        return w;
    rg_onnx_scale_names(s, node->in[W], &w.scale, &w.zero);
    if (s->qoperator)
        return w;
    const char *in[] = {w.raw, w.scale, w.zero};
    w.real = rg_onnx_new_name(s, "weights");
    s->opset = t->dtype == RG_DTYPE_INT4 && s->opset < 21 ? 21 : s->opset;
    rg_onnx_begin(s, "DequantizeLinear", in, 3, &w.real, 1);
    if (t->quant.n > 1)
        rg_onnx_give_int(s, "axis", axis);
    rg_onnx_end_node(s, false);
    return w;
}

/* A bias as floats; wide ones, which DequantizeLinear does not know, always so. */
static const char *float_bias(rg_onnx_writing *s, const rg_tensor *bias, const float *unit,
                              size_t n) {
    int64_t dim = (int64_t)n;
    float *data = calloc(n + 1, sizeof *data);
    const char *name = rg_onnx_new_name(s, "bias");
    for (size_t c = 0; data && c < n; c++) {
        double q = bias->dtype == RG_DTYPE_INT64 ? (double)((const int64_t *)bias->data)[c]
                                                 : (double)((const int32_t *)bias->data)[c];
        data[c] = (float)(q * (double)unit[c]);
    }
    if (data)
        rg_onnx_data(s, name, rg_onnx_type(RG_DTYPE_FLOAT32), &dim, 1, data, n * sizeof *data);
    free(data);
    return name;
}

const char *rg_onnx_bias_name(rg_onnx_writing *s, const rg_node *node, uint32_t i) {
    const rg_tensor *bias = rg_node_in(s->graph, node, i), *x = rg_node_in(s->graph, node, X),
                    *w = rg_node_in(s->graph, node, W);
    if (!bias)
        return NULL;
    if (!strcmp(node->kind, "transpose_conv"))
        x = rg_node_in(s->graph, node, 2);
    if (bias->dtype == RG_DTYPE_FLOAT32)
        return rg_onnx_raw(s, node->in[i], RG_ONNX_OURS);
    if (!bias->data || !rg_onnx_is_quantized(x) || !rg_onnx_is_quantized(w) ||
        (bias->dtype != RG_DTYPE_INT32 && bias->dtype != RG_DTYPE_INT64)) {
        rg_onnx_refuse(s, "its bias is of a kind that is not known");
        return "";
    }
    size_t n = bias->bytes / (rg_dtype_bits(bias->dtype) / 8);
    if (x->quant.n != 1) {
        rg_onnx_refuse(s, "its input has several scales");
        return "";
    }
    int64_t dim = (int64_t)n;
    float *unit = calloc(n + 1, sizeof *unit);
    if (!unit || (w->quant.n > 1 && w->quant.n != n)) {
        rg_onnx_refuse(s, "its bias has another size");
        free(unit);
        return "";
    }
    for (size_t c = 0; c < n; c++)
        unit[c] = x->quant.scale[0] * w->quant.scale[w->quant.n > 1 ? c : 0];
    const char *name = NULL;
    if (bias->dtype == RG_DTYPE_INT64) {
        name = float_bias(s, bias, unit, n);
    } else {
        const char *in[] = {rg_onnx_data(s, rg_onnx_new_name(s, "bias"), rg_onnx_type(bias->dtype),
                                         &dim, 1, bias->data, bias->bytes),
                            rg_onnx_data(s, rg_onnx_new_name(s, "unit"),
                                         rg_onnx_type(RG_DTYPE_FLOAT32), &dim, 1, unit,
                                         n * sizeof *unit)};
        name = rg_onnx_new_name(s, "real");
        rg_onnx_begin(s, "DequantizeLinear", in, 2, &name, 1);
        rg_onnx_give_int(s, "axis", 0);
        rg_onnx_end_node(s, false);
    }
    free(unit);
    return name;
}

bool rg_onnx_whole_bytes(const rg_onnx_writing *s, const rg_node *node) {
    const rg_tensor *x = rg_node_in(s->graph, node, X), *w = rg_node_in(s->graph, node, W),
                    *b = rg_node_in(s->graph, node, B);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    return s->qoperator && rg_onnx_is_quantized(x) && rg_onnx_is_quantized(w) &&
           rg_onnx_is_quantized(y) && rg_dtype_bits(x->dtype) == 8 &&
           rg_dtype_bits(w->dtype) == 8 && x->dtype == y->dtype &&
           (!b || (b->dtype == RG_DTYPE_INT32 && b->data));
}

bool rg_onnx_check_weights(rg_onnx_writing *s, const rg_node *node, uint32_t rank) {
    const rg_tensor *w = rg_node_in(s->graph, node, W), *y = rg_node_out(s->graph, node, 0);
    const rg_tensor *image =
        rg_node_in(s->graph, node, strcmp(node->kind, "transpose_conv") ? X : 2);
    bool fits = w && w->shape.rank == rank &&
                (rank == 2 || (y->shape.rank == 4 && image && image->shape.rank == 4));
    if (!fits)
        rg_onnx_refuse(s, "its inputs are not those of the operator");
    if (!fits || w->data)
        return fits;
    rg_onnx_refuse(s, "its weights are no constant");
    return false;
}

void rg_onnx_operands(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                      const rg_onnx_weights *w, const char *ret[9]) {
    ret[0] = rg_onnx_raw(s, node->in[X], layout);
    rg_onnx_scale_names(s, node->in[X], &ret[1], &ret[2]);
    ret[3] = w->raw;
    ret[4] = w->scale;
    ret[5] = w->zero;
    rg_onnx_scale_names(s, node->out[0], &ret[6], &ret[7]);
    ret[8] = rg_node_in(s->graph, node, B) ? rg_onnx_raw(s, node->in[B], RG_ONNX_OURS) : NULL;
}
