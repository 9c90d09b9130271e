/* onnx_put_layer.c: layers and matrix products, as an .onnx file has them. */
#include <string.h>

#include "models/onnx_put_weighted.h"
#include "models/onnx_read.h"

/* The input as rows of the layer's depth. */
static const char *rows_of(rg_onnx_writing *s, const rg_node *node, int64_t depth,
                           const char *value) {
    const rg_tensor *x = rg_node_in(s->graph, node, X);
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
    const rg_tensor *w = rg_node_in(s->graph, node, W), *scales = rg_node_in(s->graph, node, 3);
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
    if (!rg_onnx_check_weights(s, node, 2))
        return;
    const rg_tensor *w = rg_node_in(s->graph, node, W);
    bool whole = rg_onnx_whole_bytes(s, node), blocks = rg_node_in(s->graph, node, 3) != NULL;
    const char *in[9] = {0}, *activation = rg_onnx_word(node, "activation", "none");
    bool straight = keeps_rank(s, node);
    if (!straight && strcmp(activation, "none")) {
        rg_onnx_refuse(s, "an activation behind more than rows");
        return;
    }
    if (whole) {
        rg_onnx_weights parts = rg_onnx_weights_of(s, node, plain, 0);
        const char *all[9];
        rg_onnx_operands(s, node, RG_ONNX_OURS, &parts, all);
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
        in[1] = blocks ? block_weights(s, node) : rg_onnx_weights_of(s, node, plain, 0).real;
        s->qoperator = kept;
        in[2] = rg_onnx_bias_name(s, node, B);
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
    bool whole = rg_onnx_whole_bytes(s, node) && rg_node_in(s->graph, node, W)->quant.n == 1 &&
                 rg_node_in(s->graph, node, W)->dtype == rg_node_in(s->graph, node, X)->dtype;
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = whole ? rg_onnx_raw(s, node->in[i], RG_ONNX_OURS)
                          : rg_onnx_real_value(s, node->in[i], RG_ONNX_OURS);
        if (rg_onnx_int(node, keys[i], 0))
            values[i] = turned(s, rg_node_in(s->graph, node, i), values[i]);
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
