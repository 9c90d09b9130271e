/* onnx_put_each.c: operators element by element and over rows, and quantization itself, as an .onnx
 * file has them. */
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

/* Those that have a form with scales beside them. */
static const char *beside(const rg_onnx_writing *s, const rg_node *node) {
    static const char *const names[][2] = {{"add", "QLinearAdd"},
                                           {"mul", "QLinearMul"},
                                           {"logistic", "QLinearSigmoid"},
                                           {"leaky_relu", "QLinearLeakyRelu"}};
    if (!rg_onnx_is_quantized(rg_node_out(s->graph, node, 0)))
        return NULL;
    for (uint32_t i = 0; i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(s->graph, node, i);
        if (!t || !rg_onnx_is_quantized(t) || rg_dtype_bits(t->dtype) != 8)
            return NULL;
    }
    for (size_t i = 0; s->qoperator && i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(names[i][0], node->kind))
            return names[i][1];
    }
    return NULL;
}

static void give_alpha(rg_onnx_writing *s, const rg_node *node) {
    if (!strcmp(node->kind, "leaky_relu"))
        rg_onnx_give_real(s, "alpha", (float)rg_onnx_double(node, "alpha", 0.2));
    if (!strcmp(node->kind, "gelu"))
        rg_onnx_give_word(s, "approximate", rg_onnx_int(node, "approximate", 0) ? "tanh" : "none");
}

static void needs(rg_onnx_writing *s, int opset) {
    s->opset = s->opset < opset ? opset : s->opset;
}

/* One or two operands, spreading. */
void rg_onnx_put_each(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, node->n_in);
    const char *whole = beside(s, node), *in[8] = {0}, *out;
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_in && i < 2; i++) {
        in[n++] = whole ? rg_onnx_raw(s, node->in[i], layout)
                        : rg_onnx_real_value(s, node->in[i], layout);
        if (whole) {
            rg_onnx_scale_names(s, node->in[i], &in[n], &in[n + 1]);
            n += 2;
        }
    }
    if (whole) {
        rg_onnx_scale_names(s, node->out[0], &in[n], &in[n + 1]);
        n += 2;
    }
    if (!strcmp(type, "HardSwish"))
        needs(s, 14);
    if (!strcmp(type, "Gelu"))
        needs(s, 20);
    out = rg_onnx_result(s, node, layout, whole != NULL);
    rg_onnx_begin(s, whole ? whole : type, in, n, &out, 1);
    give_alpha(s, node);
    rg_onnx_end_node(s, whole != NULL);
    rg_onnx_result_done(s, node, layout, whole != NULL, out);
}

/* x times itself; the square of a difference; one over a root. */
void rg_onnx_put_composed(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *x = rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS);
    if (!strcmp(type, "rsqrt")) {
        const char *root = rg_onnx_new_name(s, "root");
        rg_onnx_simple(s, "Sqrt", &x, 1, root);
        rg_onnx_simple(s, "Reciprocal", &root, 1, out);
    } else {
        if (!strcmp(type, "squared_difference")) {
            const char *in[] = {x, rg_onnx_real_value(s, node->in[1], RG_ONNX_OURS)};
            x = rg_onnx_new_name(s, "gap");
            rg_onnx_simple(s, "Sub", in, 2, x);
        }
        const char *in[] = {x, x};
        rg_onnx_simple(s, "Mul", in, 2, out);
    }
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_rows(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in[3] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS)};
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS);
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    double beta = rg_onnx_double(node, "beta", 1);
    if (beta != 1) {
        const char *scaled[] = {in[0], rg_onnx_new_real(s, (float)beta)};
        in[0] = rg_onnx_new_name(s, "scaled");
        rg_onnx_simple(s, "Mul", scaled, 2, in[0]);
    }
    bool norm = !strcmp(type, "LayerNormalization");
    uint32_t n = 1;
    for (; norm && n < node->n_in && n < 3; n++)
        in[n] = node->in[n] < 0 ? NULL : rg_onnx_real_value(s, node->in[n], RG_ONNX_OURS);
    if (norm && (n < 2 || !in[1] ||
                 rg_onnx_is_quantized(x))) { /* integers have a definition of their own */
        rg_onnx_refuse(s, "only float32 with a factor has an equal there");
        return;
    }
    if (norm)
        needs(s, 17);
    rg_onnx_begin(s, type, in, n, &out, 1);
    rg_onnx_give_int(s, "axis", -1);
    if (norm)
        rg_onnx_give_real(s, "epsilon", (float)rg_onnx_double(node, "epsilon", 1e-5));
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* --- quantization --- */

/* From one type or scale to another: by way of reals. */
void rg_onnx_put_quantize(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const char *from = rg_onnx_real_value(s, node->in[0], layout);
    const rg_tensor *x = rg_node_in(s->graph, node, 0), *y = rg_node_out(s->graph, node, 0);
    const char *in[] = {from, NULL, NULL};
    (void)type;
    if (x->dtype == RG_DTYPE_FLOAT16) {
        rg_onnx_begin(s, "Cast", &from, 1,
                      (const char *[]){rg_onnx_real_name(s, node->out[0], layout)}, 1);
        rg_onnx_give_int(s, "to", rg_onnx_type(RG_DTYPE_FLOAT32));
        rg_onnx_end_node(s, false);
        rg_onnx_real_done(s, node->out[0], layout);
        return;
    }
    if (!rg_onnx_is_quantized(y)) { /* the reals are there already: under this name too */
        rg_onnx_simple(s, "Identity", in, 1, rg_onnx_raw_name(s, node->out[0], layout));
        rg_onnx_raw_done(s, node->out[0], layout);
        return;
    }
    rg_onnx_scale_names(s, node->out[0], &in[1], &in[2]);
    needs(s, y->dtype == RG_DTYPE_INT16 ? 21 : 13);
    rg_onnx_simple(s, "QuantizeLinear", in, 3, rg_onnx_raw_name(s, node->out[0], layout));
    rg_onnx_raw_done(s, node->out[0], layout);
}
