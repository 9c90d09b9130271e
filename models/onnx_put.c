/* onnx_put.c: each operator of ours as one or a few of ONNX. Moves go on integers as they are;
 * everything else goes between DequantizeLinear and QuantizeLinear, or, in the flavour with scales
 * beside operators, as one of those. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

void rg_onnx_refuse(rg_onnx_writing *s, const char *why) {
    const rg_node *node = &s->graph->nodes[s->index];
    if (s->status == RG_OK)
        s->status =
            rg_fail(s->err, RG_UNSUPPORTED, "export to another format",
                    "node %u (%s) cannot be written to .onnx: %s", s->index, node->kind, why);
}

int64_t rg_onnx_int(const rg_node *node, const char *key, int64_t preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr && attr->type == RG_ATTR_INT ? attr->i : preset;
}

double rg_onnx_double(const rg_node *node, const char *key, double preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return !attr ? preset : attr->type == RG_ATTR_REAL ? attr->r : (double)attr->i;
}

const char *rg_onnx_word(const rg_node *node, const char *key, const char *preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr && attr->type == RG_ATTR_WORD && attr->word ? attr->word : preset;
}

bool rg_onnx_read_ints(rg_onnx_writing *s, int32_t tensor, int64_t *ret, uint32_t cap,
                       uint32_t *ret_n) {
    const rg_tensor *t = tensor >= 0 ? &s->graph->tensors[tensor] : NULL;
    int64_t n = 0;
    bool fits = t && t->data && (t->dtype == RG_DTYPE_INT32 || t->dtype == RG_DTYPE_INT64) &&
                rg_shape_elements(&t->shape, &n) && n <= cap;
    for (int64_t i = 0; fits && i < n; i++)
        ret[i] = t->dtype == RG_DTYPE_INT32 ? ((const int32_t *)t->data)[i]
                                            : ((const int64_t *)t->data)[i];
    if (!fits)
        rg_onnx_refuse(s, "its numbers are no constant");
    *ret_n = (uint32_t)n;
    return fits;
}

/* --- results and activations --- */

static const struct {
    const char *word;
    double low, high;
} activations[] = {
    {"none", -INFINITY, INFINITY}, {"relu", 0, INFINITY}, {"relu6", 0, 6},
    {"relu_n1_to_1", -1, 1},       {"relu_0_to_1", 0, 1},
};

static int activation_of(rg_onnx_writing *s, const rg_node *node) {
    const char *word = rg_onnx_word(node, "activation", "none");
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
        if (!strcmp(activations[i].word, word))
            return (int)i;
    }
    rg_onnx_refuse(s, "its activation is not known");
    return 0;
}

/* Limits of an activation as integers of the result; false when its type has none narrower. */
static bool integer_limits(const rg_tensor *y, int activation, int32_t ret[2]) {
    bool is_signed = y->dtype == RG_DTYPE_INT8;
    int32_t low = is_signed ? -128 : 0, high = low + 255;
    const double real[] = {activations[activation].low, activations[activation].high};
    for (int i = 0; i < 2; i++) {
        ret[i] = i ? high : low;
        if (isinf(real[i]))
            continue;
        double q = round(real[i] / (double)y->quant.scale[0]) + y->quant.zero_point[0];
        ret[i] = q < low ? low : q > high ? high : (int32_t)q;
    }
    return ret[0] > low || ret[1] < high;
}

static bool has_clamp(rg_onnx_writing *s, const rg_node *node, bool raw, int32_t limits[2]) {
    int activation = activation_of(s, node);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    if (raw && activation != 0 && y->quant.n != 1) {
        rg_onnx_refuse(s, "its result has no scale");
        return false;
    }
    return activation != 0 && (!raw || integer_limits(y, activation, limits));
}

const char *rg_onnx_result(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                           bool raw) {
    int32_t limits[2];
    if (has_clamp(s, node, raw, limits))
        return rg_onnx_new_name(s, "open");
    return raw ? rg_onnx_raw_name(s, node->out[0], layout)
               : rg_onnx_real_name(s, node->out[0], layout);
}

static const char *limit_name(rg_onnx_writing *s, const rg_tensor *y, bool raw, double real,
                              int32_t whole) {
    unsigned char byte = (unsigned char)whole;
    if (!raw)
        return isinf(real) ? NULL : rg_onnx_new_real(s, (float)real);
    return rg_onnx_data(s, rg_onnx_new_name(s, "limit"), rg_onnx_type(y->dtype), NULL, 0, &byte, 1);
}

static void put_clamp(rg_onnx_writing *s, int activation, const rg_tensor *y, bool raw,
                      const int32_t limits[2], const char *from, const char *to) {
    const char *in[] = {from, limit_name(s, y, raw, activations[activation].low, limits[0]),
                        limit_name(s, y, raw, activations[activation].high, limits[1])};
    if (!raw && isinf(activations[activation].high))
        rg_onnx_simple(s, "Relu", in, 1, to);
    else
        rg_onnx_simple(s, "Clip", in, 3, to);
}

void rg_onnx_result_done(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout, bool raw,
                         const char *computed) {
    int32_t limits[2] = {0};
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    if (has_clamp(s, node, raw, limits)) {
        const char *to = raw ? rg_onnx_raw_name(s, node->out[0], layout)
                             : rg_onnx_real_name(s, node->out[0], layout);
        put_clamp(s, activation_of(s, node), y, raw, limits, computed, to);
    }
    if (raw)
        rg_onnx_raw_done(s, node->out[0], layout);
    else
        rg_onnx_real_done(s, node->out[0], layout);
}

/* Activations that are operators of their own. */
static void put_limits(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const char *from = rg_onnx_real_value(s, node->in[0], layout);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    for (size_t i = 1; i < sizeof activations / sizeof activations[0]; i++) {
        if (!strcmp(activations[i].word, type))
            put_clamp(s, (int)i, y, false, (int32_t[2]){0}, from,
                      rg_onnx_real_name(s, node->out[0], layout));
    }
    rg_onnx_real_done(s, node->out[0], layout);
}

/* --- the table --- */

static const struct {
    const char *kind;
    rg_onnx_put *put;
    const char *type;
    uint8_t need, rank; /* inputs that must be there; dimensions of input 0, 0: any number */
} rows[] = {
    {"conv2d", rg_onnx_put_conv, "Conv", 2, 4},
    {"depthwise_conv2d", rg_onnx_put_conv, "Conv", 2, 4},
    {"transpose_conv", rg_onnx_put_transpose_conv, "ConvTranspose", 3, 0},
    {"fully_connected", rg_onnx_put_layer, "Gemm", 2, 0},
    {"batch_matmul", rg_onnx_put_product, "MatMul", 2, 0},
    {"average_pool2d", rg_onnx_put_pool, "AveragePool", 1, 4},
    {"max_pool2d", rg_onnx_put_pool, "MaxPool", 1, 4},
    {"add", rg_onnx_put_each, "Add", 2, 0},
    {"sub", rg_onnx_put_each, "Sub", 2, 0},
    {"mul", rg_onnx_put_each, "Mul", 2, 0},
    {"div", rg_onnx_put_each, "Div", 2, 0},
    {"pow", rg_onnx_put_each, "Pow", 2, 0},
    {"minimum", rg_onnx_put_each, "Min", 2, 0},
    {"maximum", rg_onnx_put_each, "Max", 2, 0},
    {"logistic", rg_onnx_put_each, "Sigmoid", 1, 0},
    {"tanh", rg_onnx_put_each, "Tanh", 1, 0},
    {"elu", rg_onnx_put_each, "Elu", 1, 0},
    {"leaky_relu", rg_onnx_put_each, "LeakyRelu", 1, 0},
    {"prelu", rg_onnx_put_each, "PRelu", 2, 0},
    {"hard_swish", rg_onnx_put_each, "HardSwish", 1, 0},
    {"gelu", rg_onnx_put_each, "Gelu", 1, 0},
    {"abs", rg_onnx_put_each, "Abs", 1, 0},
    {"neg", rg_onnx_put_each, "Neg", 1, 0},
    {"exp", rg_onnx_put_each, "Exp", 1, 0},
    {"log", rg_onnx_put_each, "Log", 1, 0},
    {"sin", rg_onnx_put_each, "Sin", 1, 0},
    {"cos", rg_onnx_put_each, "Cos", 1, 0},
    {"sqrt", rg_onnx_put_each, "Sqrt", 1, 0},
    {"floor", rg_onnx_put_each, "Floor", 1, 0},
    {"ceil", rg_onnx_put_each, "Ceil", 1, 0},
    {"round", rg_onnx_put_each, "Round", 1, 0},
    {"erf", rg_onnx_put_each, "Erf", 1, 0},
    {"relu", put_limits, "relu", 1, 0},
    {"relu6", put_limits, "relu6", 1, 0},
    {"relu_n1_to_1", put_limits, "relu_n1_to_1", 1, 0},
    {"relu_0_to_1", put_limits, "relu_0_to_1", 1, 0},
    {"rsqrt", rg_onnx_put_composed, "rsqrt", 1, 0},
    {"square", rg_onnx_put_composed, "square", 1, 0},
    {"squared_difference", rg_onnx_put_composed, "squared_difference", 2, 0},
    {"softmax", rg_onnx_put_rows, "Softmax", 1, 0},
    {"log_softmax", rg_onnx_put_rows, "LogSoftmax", 1, 0},
    {"layer_norm", rg_onnx_put_rows, "LayerNormalization", 1, 0},
    {"quantize", rg_onnx_put_quantize, "", 1, 0},
    {"dequantize", rg_onnx_put_quantize, "", 1, 0},
    {"reshape", rg_onnx_put_reshape, "Reshape", 1, 0},
    {"squeeze", rg_onnx_put_reshape, "Reshape", 1, 0},
    {"expand_dims", rg_onnx_put_reshape, "Reshape", 1, 0},
    {"transpose", rg_onnx_put_transpose, "Transpose", 2, 0},
    {"concat", rg_onnx_put_concat, "Concat", 1, 0},
    {"pack", rg_onnx_put_pack, "Concat", 1, 0},
    {"split", rg_onnx_put_split, "Split", 2, 0},
    {"split_v", rg_onnx_put_split, "Split", 3, 0},
    {"unpack", rg_onnx_put_split, "Split", 1, 0},
    {"slice", rg_onnx_put_slice, "Slice", 3, 0},
    {"strided_slice", rg_onnx_put_strided_slice, "Slice", 4, 0},
    {"gather", rg_onnx_put_gather, "Gather", 2, 0},
    {"pad", rg_onnx_put_pad, "Pad", 2, 0},
    {"mirror_pad", rg_onnx_put_pad, "Pad", 2, 0},
    {"mean", rg_onnx_put_reduce, "ReduceMean", 2, 0},
    {"sum", rg_onnx_put_reduce, "ReduceSum", 2, 0},
    {"reduce_max", rg_onnx_put_reduce, "ReduceMax", 2, 0},
    {"reduce_min", rg_onnx_put_reduce, "ReduceMin", 2, 0},
    {"reduce_prod", rg_onnx_put_reduce, "ReduceProd", 2, 0},
    {"arg_max", rg_onnx_put_arg, "ArgMax", 2, 0},
    {"arg_min", rg_onnx_put_arg, "ArgMin", 2, 0},
    {"cast", rg_onnx_put_cast, "Cast", 1, 0},
    {"depth_to_space", rg_onnx_put_blocks, "DepthToSpace", 1, 4},
    {"space_to_depth", rg_onnx_put_blocks, "SpaceToDepth", 1, 4},
    {"resize_nearest", rg_onnx_put_resize, "Resize", 2, 4},
    {"resize_bilinear", rg_onnx_put_resize, "Resize", 2, 4},
    {"broadcast_to", rg_onnx_put_spread, "Expand", 2, 0},
    {"tile", rg_onnx_put_spread, "Tile", 2, 0},
    {"equal", rg_onnx_put_plain, "Equal", 2, 0},
    {"less", rg_onnx_put_plain, "Less", 2, 0},
    {"less_equal", rg_onnx_put_plain, "LessOrEqual", 2, 0},
    {"greater", rg_onnx_put_plain, "Greater", 2, 0},
    {"greater_equal", rg_onnx_put_plain, "GreaterOrEqual", 2, 0},
    {"logical_and", rg_onnx_put_plain, "And", 2, 0},
    {"logical_or", rg_onnx_put_plain, "Or", 2, 0},
    {"logical_not", rg_onnx_put_plain, "Not", 1, 0},
    {"select_v2", rg_onnx_put_plain, "Where", 3, 0},
    {"select", rg_onnx_put_select, "Where", 3, 0},
    {"not_equal", rg_onnx_put_twice, "Equal", 2, 0},
    {"floor_div", rg_onnx_put_twice, "Div", 2, 0},
    {"gather_nd", rg_onnx_put_gather_nd, "GatherND", 2, 0},
    {"topk_v2", rg_onnx_put_topk, "TopK", 2, 0},
};

/* Files that were read may hold nodes that no runtime would take. */
static bool sound(rg_onnx_writing *s, const rg_node *node, uint32_t need, uint32_t rank) {
    bool joins = !strcmp(node->kind, "concat") || !strcmp(node->kind, "pack");
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    bool fits = node->n_out >= 1 && node->n_in >= need && (!rank || (x && x->shape.rank == rank));
    for (uint32_t i = 0; fits && i < (joins ? node->n_in : need); i++)
        fits = rg_node_in(s->graph, node, i) != NULL;
    for (int i = 0; fits && i < 2; i++)
        fits = rg_onnx_int(node, i ? "stride_h" : "stride_w", 1) >= 1;
    if (!fits)
        rg_onnx_refuse(s, "its inputs are not those of the operator");
    return fits;
}

void rg_onnx_put_node(rg_onnx_writing *s, const rg_node *node) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(rows[i].kind, node->kind)) {
            if (sound(s, node, rows[i].need, rows[i].rank))
                rows[i].put(s, node, rows[i].type);
            return;
        }
    }
    rg_onnx_refuse(s, "the operator has no equal there that we write");
}
