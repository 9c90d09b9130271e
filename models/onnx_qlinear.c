/* onnx_qlinear.c: operators that carry their scales beside them (QLinearConv and its like): read as
 * dequantize, operator, quantize. */
#include <string.h>

#include "models/onnx_read.h"

typedef struct row {
    const char *type;
    rg_onnx_lower *lower;
    const char *word;
    uint8_t n_operands, first; /* each: value, scale, zero point; 0 operands: all from `first` on */
    uint8_t out, bias;         /* where the output's scale and the bias stand; bias 0: none */
} row;

static const row rows[] = {
    {"QLinearConv", rg_onnx_conv, "", 2, 0, 6, 8},
    {"QLinearMatMul", rg_onnx_matmul, "", 2, 0, 6, 0},
    {"QGemm", rg_onnx_gemm, "", 2, 0, 7, 6},
    {"QLinearAdd", rg_onnx_binary, "add", 2, 0, 6, 0},
    {"QLinearMul", rg_onnx_binary, "mul", 2, 0, 6, 0},
    {"QLinearConcat", rg_onnx_concat, "", 0, 2, 0, 0},
    {"QLinearAveragePool", rg_onnx_pool, "average_pool2d", 1, 0, 3, 0},
    {"QLinearGlobalAveragePool", rg_onnx_global_pool, "mean", 1, 0, 3, 0},
    {"QLinearLeakyRelu", rg_onnx_unary, "leaky_relu", 1, 0, 3, 0},
    {"QLinearSigmoid", rg_onnx_unary, "logistic", 1, 0, 3, 0},
    {"QLinearSoftmax", rg_onnx_softmax, "softmax", 1, 0, 3, 0},
};

/* Input i, i + 1, i + 2 as a value: a DequantizeLinear of its own. Channels lie along `axis`. */
static int32_t dequantized(rg_onnx *r, const rg_onnx_node *node, uint32_t i, int64_t axis) {
    rg_onnx_value *y = rg_onnx_new_value(r);
    if (!y)
        return RG_ONNX_NONE;
    int32_t number = (int32_t)(y - r->values), in[3];
    for (uint32_t k = 0; k < 3; k++)
        in[k] = i + k < node->n_in ? node->in[i + k] : RG_ONNX_NONE;
    Rg__Onnx__Attribute attr = RG__ONNX__ATTRIBUTE__INIT, *list = &attr;
    Rg__Onnx__Node proto = RG__ONNX__NODE__INIT;
    attr.name = (char *)(uintptr_t) "axis";
    attr.has_i = true;
    attr.i = axis;
    proto.n_attribute = 1;
    proto.attribute = &list;
    rg_onnx_node dequantize = {
        .proto = &proto, .type = node->type, .n_in = 3, .n_out = 1, .in = in, .out = &number};
    rg_status status =
        in[0] < 0 || in[1] < 0 ? RG_BAD_DATA : rg_onnx_dequantize(r, &dequantize, "");
    if (status == RG_BAD_DATA)
        rg_onnx_fail(r, RG_BAD_DATA, "%s lacks an input", node->type);
    return status == RG_OK ? number : RG_ONNX_NONE;
}

/* The bias: int32 in units of input scale times weight scale. */
static int32_t biased(rg_onnx *r, const rg_onnx_node *node, uint32_t i, const int32_t *operands) {
    rg_onnx_form x, w;
    const rg_tensor *b = rg_onnx_constant(r, rg_onnx_in(r, node, i));
    rg_onnx_value *y = rg_onnx_new_value(r);
    if (!y || !b || b->dtype != RG_DTYPE_INT32 ||
        !rg_onnx_quantized(r, &r->values[operands[0]], &x) ||
        !rg_onnx_quantized(r, &r->values[operands[1]], &w))
        return rg_onnx_cannot(r, "its bias is no constant of int32"), RG_ONNX_NONE;
    rg_quant weights = rg_onnx_at(r, w.tensor)->quant;
    float unit = rg_onnx_at(r, x.tensor)->quant.scale[0];
    size_t n = b->shape.rank == 1 ? (size_t)b->shape.dim[0] : 0;
    if (b->shape.rank != 1 || (weights.n > 1 && weights.n != n))
        return rg_onnx_cannot(r, "a bias of another size"), RG_ONNX_NONE;
    float *scale = rg_arena_array(r->graph->arena, weights.n, sizeof *scale);
    int32_t *zero = rg_arena_array(r->graph->arena, weights.n, sizeof *zero);
    if (!scale || !zero)
        return rg_onnx_no_memory(r), RG_ONNX_NONE;
    for (uint32_t c = 0; c < weights.n; c++)
        scale[c] = unit * weights.scale[c];
    rg_quant quant = {weights.n, scale, zero, 0};
    rg_onnx_order order = rg_onnx_plain(1);
    rg_shape shape = b->shape;
    int32_t tensor = rg_onnx_tensor(r, RG_DTYPE_INT32, &shape, &quant, b->data);
    rg_onnx_define(r, y, RG_DTYPE_FLOAT32, tensor, &order);
    return r->status == RG_OK ? (int32_t)(y - r->values) : RG_ONNX_NONE;
}

/* Where the result goes: integers on the scale that stands at input `at`. */
static bool output_of(rg_onnx *r, const rg_onnx_node *node, uint32_t at, rg_onnx_end *ret) {
    *ret = (rg_onnx_end){.value = node->out[0],
                         .quantized = node->out[0],
                         .activation_node = RG_ONNX_NONE,
                         .quantize_node = RG_ONNX_NONE,
                         .activation = "none",
                         .forced = true};
    if (!rg_onnx_scale(r, node, at, &ret->scale, &ret->zero, &ret->named))
        return false;
    ret->zero -= ret->named == RG_DTYPE_UINT8 ? 128 : 0;
    ret->dtype = RG_DTYPE_INT8;
    return ret->named == RG_DTYPE_UINT8 || ret->named == RG_DTYPE_INT8;
}

static const row *row_of(const rg_onnx_node *node) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(rows[i].type, node->type))
            return &rows[i];
    }
    return NULL;
}

enum { MOST_OPERANDS = 64 };

/* The operands as values; false when one cannot be had. */
static bool operands_of(rg_onnx *r, const rg_onnx_node *node, const row *q, int32_t *ret,
                        uint32_t *ret_n) {
    uint32_t n = q->n_operands ? q->n_operands : (node->n_in - q->first) / 3;
    for (uint32_t k = 0; k < n; k++) {
        /* scales of weights: filters for a convolution, columns for a product */
        bool by_row = q->lower == rg_onnx_conv || rg_onnx_attr_int(node, "transB", 0);
        ret[k] = dequantized(r, node, q->first + 3 * k, by_row ? 0 : -1);
        if (ret[k] < 0)
            return false;
    }
    if (q->bias && q->bias < node->n_in && node->in[q->bias] >= 0) {
        ret[n] = biased(r, node, q->bias, ret);
        if (ret[n++] < 0)
            return false;
    }
    *ret_n = n;
    return true;
}

rg_status rg_onnx_qlinear(rg_onnx *r, rg_onnx_node *node, const char *word) {
    const row *q = row_of(node);
    int32_t in[MOST_OPERANDS + 1];
    uint32_t n = 0;
    rg_onnx_end end;
    (void)word;
    if (node->n_in <= (uint32_t)q->out + 1 || node->n_in < q->first + 3u)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has %u inputs only", node->type, node->n_in);
    if (node->n_in > 3 * MOST_OPERANDS)
        return rg_onnx_cannot(r, "%u inputs", node->n_in);
    if (rg_onnx_attr_int(node, "channels_last", 0))
        return rg_onnx_cannot(r, "channels last");
    if (!output_of(r, node, q->out, &end))
        return rg_onnx_cannot(r, "its output scale is no constant of 8 bits");
    if (!operands_of(r, node, q, in, &n))
        return r->status != RG_OK ? r->status : RG_UNSUPPORTED;
    rg_onnx_node plain = *node;
    plain.in = in;
    plain.n_in = n;
    r->forced = &end;
    rg_status status = q->lower(r, &plain, q->word);
    r->forced = NULL;
    return status;
}
