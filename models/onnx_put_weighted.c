/* onnx_put_weighted.c: convolutions, layers, matrix products and pools, as an .onnx file has them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

enum { X, W, B };

static const rg_tensor *input(const rg_onnx_writing *s, const rg_node *node, uint32_t i) {
    return rg_node_in(s->graph, node, i);
}

/* --- windows --- */

/* Padding before and after each spatial dimension, as pads has it: top, left, bottom, right. */
static void pads_of(const rg_onnx_writing *s, const rg_node *node, const int32_t in[2],
                    const int64_t kernel[2], int64_t ret[4]) {
    static const char *const strides[] = {"stride_h", "stride_w"};
    static const char *const dilations[] = {"dilation_h", "dilation_w"};
    static const char *const keys[] = {"pad_top", "pad_left", "pad_bottom", "pad_right"};
    const char *padding = rg_onnx_word(node, "padding", "same");
    (void)s;
    for (int d = 0; d < 2; d++) {
        int64_t stride = rg_onnx_int(node, strides[d], 1);
        int64_t out = (in[d] + stride - 1) / stride;
        int64_t span = (kernel[d] - 1) * rg_onnx_int(node, dilations[d], 1) + 1;
        int64_t total = (out - 1) * stride + span - in[d];
        total = total > 0 && !strcmp(padding, "same") ? total : 0;
        ret[d] = total / 2;
        ret[2 + d] = total - total / 2;
    }
    for (int i = 0; i < 4 && !strcmp(padding, "explicit"); i++)
        ret[i] = rg_onnx_int(node, keys[i], 0);
}

static void give_window(rg_onnx_writing *s, const rg_node *node, const int64_t kernel[2],
                        const int64_t pads[4]) {
    int64_t strides[] = {rg_onnx_int(node, "stride_h", 1), rg_onnx_int(node, "stride_w", 1)};
    rg_onnx_give_ints(s, "kernel_shape", kernel, 2);
    rg_onnx_give_ints(s, "strides", strides, 2);
    rg_onnx_give_ints(s, "pads", pads, 4);
}

/* --- weights and bias --- */

/* Weights in the file's order: integers, and as reals where they are quantized. `axis` is where
 * channels lie there. */
typedef struct weights {
    const char *raw, *real, *scale, *zero;
} weights;

static weights put_weights(rg_onnx_writing *s, const rg_node *node, const uint8_t *order,
                           int64_t axis) {
    const rg_tensor *t = input(s, node, W);
    const char *suffix = rg_onnx_new_name(s, "w");
    weights w = {0};
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

/* The bias as reals: dequantized by input scale times weight scale. NULL when there is none. */
static const char *put_bias(rg_onnx_writing *s, const rg_node *node, uint32_t i) {
    const rg_tensor *bias = input(s, node, i), *x = input(s, node, X), *w = input(s, node, W);
    if (!bias)
        return NULL;
    if (!strcmp(node->kind, "transpose_conv"))
        x = input(s, node, 2);
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

/* Whether a node can be written with its scales beside it: 8 bits all over. */
static bool whole_bytes(const rg_onnx_writing *s, const rg_node *node) {
    const rg_tensor *x = input(s, node, X), *w = input(s, node, W), *b = input(s, node, B);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    return s->qoperator && rg_onnx_is_quantized(x) && rg_onnx_is_quantized(w) &&
           rg_onnx_is_quantized(y) && rg_dtype_bits(x->dtype) == 8 &&
           rg_dtype_bits(w->dtype) == 8 && x->dtype == y->dtype &&
           (!b || (b->dtype == RG_DTYPE_INT32 && b->data));
}

/* Constant weights are turned when written; others cannot be. */
static bool check_weights(rg_onnx_writing *s, const rg_node *node, uint32_t rank) {
    const rg_tensor *w = input(s, node, W), *y = rg_node_out(s->graph, node, 0);
    const rg_tensor *image = input(s, node, strcmp(node->kind, "transpose_conv") ? X : 2);
    bool fits = w && w->shape.rank == rank &&
                (rank == 2 || (y->shape.rank == 4 && image && image->shape.rank == 4));
    if (!fits)
        rg_onnx_refuse(s, "its inputs are not those of the operator");
    if (!fits || w->data)
        return fits;
    rg_onnx_refuse(s, "its weights are no constant");
    return false;
}

/* x, scale, zero; w, scale, zero; y's scale, zero; bias: as the QLinear operators take them. */
static void operands(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                     const weights *w, const char *ret[9]) {
    ret[0] = rg_onnx_raw(s, node->in[X], layout);
    rg_onnx_scale_names(s, node->in[X], &ret[1], &ret[2]);
    ret[3] = w->raw;
    ret[4] = w->scale;
    ret[5] = w->zero;
    rg_onnx_scale_names(s, node->out[0], &ret[6], &ret[7]);
    ret[8] = input(s, node, B) ? rg_onnx_raw(s, node->in[B], RG_ONNX_OURS) : NULL;
}

/* --- operators --- */

void rg_onnx_put_conv(rg_onnx_writing *s, const rg_node *node, const char *type) {
    static const uint8_t plain[] = {0, 3, 1, 2}, depthwise[] = {3, 0, 1, 2};
    const rg_tensor *x = input(s, node, X), *w = input(s, node, W);
    bool deep = !strcmp(node->kind, "depthwise_conv2d");
    if (!check_weights(s, node, 4))
        return;
    const int32_t *d = w->shape.dim;
    int64_t kernel[] = {d[1], d[2]}, pads[4];
    int64_t dilations[] = {rg_onnx_int(node, "dilation_h", 1), rg_onnx_int(node, "dilation_w", 1)};
    int64_t groups = deep ? x->shape.dim[3] : x->shape.dim[3] / (d[3] > 0 ? d[3] : 1);
    bool whole = whole_bytes(s, node);
    weights parts = put_weights(s, node, deep ? depthwise : plain, 0);
    pads_of(s, node, x->shape.dim + 1, kernel, pads);
    const char *out, *in[9] = {0};
    if (whole) {
        operands(s, node, RG_ONNX_NCHW, &parts, in);
    } else {
        in[0] = rg_onnx_real_value(s, node->in[X], RG_ONNX_NCHW);
        in[1] = parts.real;
        if (s->qoperator && parts.scale) { /* mixed types: dequantized after all */
            const char *from[] = {parts.raw, parts.scale, parts.zero};
            in[1] = rg_onnx_new_name(s, "weights");
            rg_onnx_begin(s, "DequantizeLinear", from, 3, &in[1], 1);
            rg_onnx_give_int(s, "axis", 0);
            rg_onnx_end_node(s, false);
        }
        in[2] = put_bias(s, node, B);
    }
    out = rg_onnx_result(s, node, RG_ONNX_NCHW, whole);
    rg_onnx_begin(s, whole ? "QLinearConv" : type, in, whole ? (in[8] ? 9 : 8) : (in[2] ? 3 : 2),
                  &out, 1);
    give_window(s, node, kernel, pads);
    rg_onnx_give_ints(s, "dilations", dilations, 2);
    rg_onnx_give_int(s, "group", groups);
    rg_onnx_end_node(s, false);
    rg_onnx_result_done(s, node, RG_ONNX_NCHW, whole, out);
}

/* Ours takes the result's shape and cuts it out of the middle; ONNX cuts by its pads. */
void rg_onnx_put_transpose_conv(rg_onnx_writing *s, const rg_node *node, const char *type) {
    static const uint8_t order[] = {3, 0, 1, 2};
    const rg_tensor *image = input(s, node, 2), *y = rg_node_out(s->graph, node, 0);
    if (!check_weights(s, node, 4))
        return;
    const int32_t *d = input(s, node, W)->shape.dim;
    int64_t kernel[] = {d[1], d[2]}, pads[4], extra[2];
    int64_t strides[] = {rg_onnx_int(node, "stride_h", 1), rg_onnx_int(node, "stride_w", 1)};
    bool same = !strcmp(rg_onnx_word(node, "padding", "same"), "same");
    for (int i = 0; i < 2; i++) {
        int64_t in = image->shape.dim[1 + i], out = y->shape.dim[1 + i];
        int64_t cut = (in - 1) * strides[i] + kernel[i] - out;
        pads[i] = same && cut > 0 ? cut / 2 : 0;
        pads[2 + i] = cut > 0 ? cut - pads[i] : 0;
        extra[i] = cut < 0 ? -cut : 0;
    }
    weights w = put_weights(s, node, order, 1);
    if (w.real == w.raw && w.scale) {
        const char *from[] = {w.raw, w.scale, w.zero};
        w.real = rg_onnx_new_name(s, "weights");
        rg_onnx_begin(s, "DequantizeLinear", from, 3, &w.real, 1);
        rg_onnx_give_int(s, "axis", 1);
        rg_onnx_end_node(s, false);
    }
    const char *in[] = {rg_onnx_real_value(s, node->in[2], RG_ONNX_NCHW), w.real,
                        put_bias(s, node, 3)};
    const char *out = rg_onnx_result(s, node, RG_ONNX_NCHW, false);
    rg_onnx_begin(s, type, in, in[2] ? 3 : 2, &out, 1);
    give_window(s, node, kernel, pads);
    rg_onnx_give_ints(s, "output_padding", extra, 2);
    rg_onnx_end_node(s, false);
    rg_onnx_result_done(s, node, RG_ONNX_NCHW, false, out);
}

/* The input as rows of the layer's depth. */
static const char *rows_of(rg_onnx_writing *s, const rg_node *node, int64_t depth,
                           const char *value) {
    const rg_tensor *x = input(s, node, X);
    if (x->shape.rank == 2 && x->shape.dim[1] == depth)
        return value;
    int64_t shape[] = {-1, depth};
    const char *in[] = {value, rg_onnx_new_ints(s, shape, 2)};
    const char *rows = rg_onnx_new_name(s, "rows");
    rg_onnx_simple(s, "Reshape", in, 2, rows);
    return rows;
}

/* Int4 weights with a scale for each block of a row, which stand as input 3. */
static const char *block_weights(rg_onnx_writing *s, const rg_node *node) {
    static const uint8_t plain[] = {0, 1};
    const rg_tensor *w = input(s, node, W), *scales = input(s, node, 3);
    int64_t n = 0;
    rg_shape_elements(&scales->shape, &n);
    int64_t rows = w->shape.dim[0], blocks = rows > 0 ? n / rows : 0, dims[] = {rows, blocks};
    if (!scales->data || scales->dtype != RG_DTYPE_FLOAT32 || blocks < 1) {
        rg_onnx_refuse(s, "its blocks have no float scales");
        return "";
    }
    const char *suffix = rg_onnx_new_name(s, "w"), *real = rg_onnx_new_name(s, "weights");
    const char *in[] = {rg_onnx_ordered_data(s, node->in[W], plain, suffix),
                        rg_onnx_data(s, rg_onnx_new_name(s, "scales"),
                                     rg_onnx_type(RG_DTYPE_FLOAT32), dims, 2, scales->data,
                                     scales->bytes)};
    s->opset = s->opset < 21 ? 21 : s->opset;
    rg_onnx_begin(s, "DequantizeLinear", in, 2, &real, 1);
    rg_onnx_give_int(s, "axis", 1);
    rg_onnx_give_int(s, "block_size", w->shape.dim[1] / blocks);
    rg_onnx_end_node(s, false);
    return real;
}

/* What a layer computes into: the result itself, or rows that are put into its shape later. */
static bool keeps_rank(const rg_onnx_writing *s, const rg_node *node) {
    return rg_node_out(s->graph, node, 0)->shape.rank == 2;
}

static void shape_back(rg_onnx_writing *s, const rg_node *node, bool whole, const char *rows) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    int64_t shape[RG_MAX_RANK];
    for (uint32_t i = 0; i < y->shape.rank; i++)
        shape[i] = y->shape.dim[i];
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS), *from = rows;
    if (!whole && rg_onnx_is_quantized(y)) { /* quantized as rows, so that readers see a pattern */
        const char *in[] = {rows, NULL, NULL};
        rg_onnx_scale_names(s, node->out[0], &in[1], &in[2]);
        s->opset = y->dtype == RG_DTYPE_INT16 && s->opset < 21 ? 21 : s->opset;
        from = rg_onnx_new_name(s, "rows");
        rg_onnx_simple(s, "QuantizeLinear", in, 3, from);
    }
    const char *in[] = {from, rg_onnx_new_ints(s, shape, y->shape.rank)};
    rg_onnx_simple(s, "Reshape", in, 2, out);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_layer(rg_onnx_writing *s, const rg_node *node, const char *type) {
    static const uint8_t plain[] = {0, 1};
    if (!check_weights(s, node, 2))
        return;
    const rg_tensor *w = input(s, node, W);
    bool whole = whole_bytes(s, node), blocks = input(s, node, 3) != NULL;
    const char *in[9] = {0}, *activation = rg_onnx_word(node, "activation", "none");
    bool straight = keeps_rank(s, node);
    if (!straight && strcmp(activation, "none")) {
        rg_onnx_refuse(s, "an activation behind more than rows");
        return;
    }
    if (whole) {
        weights parts = put_weights(s, node, plain, 0);
        const char *all[9];
        operands(s, node, RG_ONNX_OURS, &parts, all);
        const char *order[] = {rows_of(s, node, w->shape.dim[1], all[0]),
                               all[1],
                               all[2],
                               all[3],
                               all[4],
                               all[5],
                               all[8],
                               all[6],
                               all[7]};
        memcpy(in, order, sizeof in);
    } else {
        in[0] = rows_of(s, node, w->shape.dim[1], rg_onnx_real_value(s, node->in[X], RG_ONNX_OURS));
        bool kept = s->qoperator;
        s->qoperator = false; /* weights as reals */
        in[1] = blocks ? block_weights(s, node) : put_weights(s, node, plain, 0).real;
        s->qoperator = kept;
        in[2] = put_bias(s, node, B);
    }
    const char *out =
        straight ? rg_onnx_result(s, node, RG_ONNX_OURS, whole) : rg_onnx_new_name(s, "rows");
    rg_onnx_begin(s, whole ? "QGemm" : type, in, whole ? 9 : in[2] ? 3 : 2, &out, 1);
    rg_onnx_give_int(s, "transB", 1);
    rg_onnx_end_node(s, whole);
    if (straight)
        rg_onnx_result_done(s, node, RG_ONNX_OURS, whole, out);
    else
        shape_back(s, node, whole, out);
}

/* A stack of matrices with the last two dimensions changing places. */
static const char *turned(rg_onnx_writing *s, const rg_tensor *t, const char *value) {
    int64_t perm[RG_MAX_RANK];
    uint32_t rank = t->shape.rank;
    const char *out = rg_onnx_new_name(s, "turned");
    for (uint32_t i = 0; i < rank; i++)
        perm[i] = i + 2 < rank ? i : i + 1 == rank ? rank - 2 : rank - 1;
    rg_onnx_begin(s, "Transpose", &value, 1, &out, 1);
    rg_onnx_give_ints(s, "perm", perm, rank);
    rg_onnx_end_node(s, false);
    return out;
}

void rg_onnx_put_product(rg_onnx_writing *s, const rg_node *node, const char *type) {
    static const char *const keys[] = {"adj_x", "adj_y"};
    const char *values[2], *in[8], *out;
    bool whole = whole_bytes(s, node) && input(s, node, W)->quant.n == 1 &&
                 input(s, node, W)->dtype == input(s, node, X)->dtype;
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = whole ? rg_onnx_raw(s, node->in[i], RG_ONNX_OURS)
                          : rg_onnx_real_value(s, node->in[i], RG_ONNX_OURS);
        if (rg_onnx_int(node, keys[i], 0))
            values[i] = turned(s, input(s, node, i), values[i]);
    }
    out = rg_onnx_result(s, node, RG_ONNX_OURS, whole);
    if (whole) {
        in[0] = values[0];
        rg_onnx_scale_names(s, node->in[X], &in[1], &in[2]);
        in[3] = values[1];
        rg_onnx_scale_names(s, node->in[W], &in[4], &in[5]);
        rg_onnx_scale_names(s, node->out[0], &in[6], &in[7]);
        rg_onnx_simple(s, "QLinearMatMul", in, 8, out);
    } else {
        rg_onnx_simple(s, type, values, 2, out);
    }
    rg_onnx_result_done(s, node, RG_ONNX_OURS, whole, out);
}

void rg_onnx_put_pool(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *x = input(s, node, X);
    int64_t kernel[] = {rg_onnx_int(node, "filter_h", 1), rg_onnx_int(node, "filter_w", 1)};
    int64_t pads[4];
    bool whole = s->qoperator && rg_onnx_is_quantized(x) && rg_dtype_bits(x->dtype) == 8;
    bool largest = !strcmp(type, "MaxPool");
    const char *in[5], *out;
    pads_of(s, node, x->shape.dim + 1, kernel, pads);
    in[0] = whole ? rg_onnx_raw(s, node->in[X], RG_ONNX_NCHW)
                  : rg_onnx_real_value(s, node->in[X], RG_ONNX_NCHW);
    if (whole && !largest) {
        rg_onnx_scale_names(s, node->in[X], &in[1], &in[2]);
        rg_onnx_scale_names(s, node->out[0], &in[3], &in[4]);
    }
    out = rg_onnx_result(s, node, RG_ONNX_NCHW, whole);
    rg_onnx_begin(s, whole && !largest ? "QLinearAveragePool" : type, in, whole && !largest ? 5 : 1,
                  &out, 1);
    give_window(s, node, kernel, pads);
    rg_onnx_end_node(s, whole && !largest);
    rg_onnx_result_done(s, node, RG_ONNX_NCHW, whole, out);
}
