/* onnx_put_weighted.c: convolutions and pools, as an .onnx file has them. */
#include <string.h>

#include "models/onnx_put_weighted.h"
#include "models/onnx_read.h"

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

/* --- operators --- */

void rg_onnx_put_conv(rg_onnx_writing *s, const rg_node *node, const char *type) {
    static const uint8_t plain[] = {0, 3, 1, 2}, depthwise[] = {3, 0, 1, 2};
    const rg_tensor *x = rg_node_in(s->graph, node, X), *w = rg_node_in(s->graph, node, W);
    bool deep = !strcmp(node->kind, "depthwise_conv2d");
    if (!rg_onnx_check_weights(s, node, 4))
        return;
    const int32_t *d = w->shape.dim;
    int64_t kernel[] = {d[1], d[2]}, pads[4];
    int64_t dilations[] = {rg_onnx_int(node, "dilation_h", 1), rg_onnx_int(node, "dilation_w", 1)};
    int64_t groups = deep ? x->shape.dim[3] : x->shape.dim[3] / (d[3] > 0 ? d[3] : 1);
    bool whole = rg_onnx_whole_bytes(s, node);
    rg_onnx_weights parts = rg_onnx_weights_of(s, node, deep ? depthwise : plain, 0);
    pads_of(s, node, x->shape.dim + 1, kernel, pads);
    const char *out, *in[9] = {0};
    if (whole) {
        rg_onnx_operands(s, node, RG_ONNX_NCHW, &parts, in);
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
        in[2] = rg_onnx_bias_name(s, node, B);
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
    const rg_tensor *image = rg_node_in(s->graph, node, 2), *y = rg_node_out(s->graph, node, 0);
    if (!rg_onnx_check_weights(s, node, 4))
        return;
    const int32_t *d = rg_node_in(s->graph, node, W)->shape.dim;
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
    rg_onnx_weights w = rg_onnx_weights_of(s, node, order, 1);
    if (w.real == w.raw && w.scale) {
        const char *from[] = {w.raw, w.scale, w.zero};
        w.real = rg_onnx_new_name(s, "weights");
        rg_onnx_begin(s, "DequantizeLinear", from, 3, &w.real, 1);
        rg_onnx_give_int(s, "axis", 1);
        rg_onnx_end_node(s, false);
    }
    const char *in[] = {rg_onnx_real_value(s, node->in[2], RG_ONNX_NCHW), w.real,
                        rg_onnx_bias_name(s, node, 3)};
    const char *out = rg_onnx_result(s, node, RG_ONNX_NCHW, false);
    rg_onnx_begin(s, type, in, in[2] ? 3 : 2, &out, 1);
    give_window(s, node, kernel, pads);
    rg_onnx_give_ints(s, "output_padding", extra, 2);
    rg_onnx_end_node(s, false);
    rg_onnx_result_done(s, node, RG_ONNX_NCHW, false, out);
}

void rg_onnx_put_pool(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *x = rg_node_in(s->graph, node, X);
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
