/* onnx_curve.c: functions of one element that are put together from several of ours, in float32. */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

/* log(1 + exp(x)) without an exponential that overflows. */
static int32_t softplus(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    (void)node;
    int32_t low = rg_onnx_each(r, "exp", rg_onnx_each(r, "neg", rg_onnx_each(r, "abs", x)));
    int32_t tail = rg_onnx_each(r, "log", rg_onnx_with(r, "add", low, 1));
    return rg_onnx_pair(r, "add", rg_onnx_with(r, "maximum", x, 0), tail);
}

static int32_t mish(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    return rg_onnx_pair(r, "mul", x, rg_onnx_each(r, "tanh", softplus(r, node, x)));
}

static int32_t softsign(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    (void)node;
    return rg_onnx_pair(r, "div", x, rg_onnx_with(r, "add", rg_onnx_each(r, "abs", x), 1));
}

static int32_t swish(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    double preset = strcmp(node->type, "QuickGelu") ? 1 : 1.702;
    double alpha = rg_onnx_attr_real(node, "alpha", preset);
    int32_t t = alpha == 1 ? x : rg_onnx_with(r, "mul", x, alpha);
    return rg_onnx_pair(r, "mul", x, rg_onnx_each(r, "logistic", t));
}

/* gamma (max(x, 0) + alpha min(exp(x / by) - 1, 0)) */
static int32_t bent(rg_onnx *r, int32_t x, double alpha, double by, double gamma) {
    int32_t low = by == 1 ? x : rg_onnx_with(r, "div", x, by);
    low = rg_onnx_with(r, "minimum", rg_onnx_each(r, "elu", low), 0);
    int32_t high = rg_onnx_with(r, "maximum", x, 0);
    int32_t sum = rg_onnx_pair(r, "add", high, rg_onnx_with(r, "mul", low, alpha));
    return gamma == 1 ? sum : rg_onnx_with(r, "mul", sum, gamma);
}

static int32_t elu(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    return bent(r, x, rg_onnx_attr_real(node, "alpha", 1), 1, 1);
}

static int32_t celu(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    double alpha = rg_onnx_attr_real(node, "alpha", 1);
    return bent(r, x, alpha, alpha, 1);
}

static int32_t selu(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    return bent(r, x, rg_onnx_attr_real(node, "alpha", 1.67326319217681884765625), 1,
                rg_onnx_attr_real(node, "gamma", 1.05070102214813232421875));
}

static int32_t above(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    double alpha = rg_onnx_attr_real(node, "alpha", 1);
    return rg_onnx_chosen(r, rg_onnx_compared(r, "greater", x, alpha), x, rg_onnx_real(r, 0));
}

static int32_t sign(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    (void)node;
    int32_t up = rg_onnx_cast_to(r, rg_onnx_compared(r, "greater", x, 0), RG_DTYPE_FLOAT32);
    int32_t down = rg_onnx_cast_to(r, rg_onnx_compared(r, "less", x, 0), RG_DTYPE_FLOAT32);
    return rg_onnx_pair(r, "sub", up, down);
}

static int32_t tangent(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    (void)node;
    return rg_onnx_pair(r, "div", rg_onnx_each(r, "sin", x), rg_onnx_each(r, "cos", x));
}

static int32_t reciprocal(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    (void)node;
    return rg_onnx_pair(r, "div", rg_onnx_real(r, 1), x);
}

static int32_t hard_sigmoid(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    x = rg_onnx_with(r, "mul", x, rg_onnx_attr_real(node, "alpha", 0.2));
    x = rg_onnx_with(r, "add", x, rg_onnx_attr_real(node, "beta", 0.5));
    return rg_onnx_each(r, "relu_0_to_1", x);
}

/* gelu(x + bias), a row of numbers */
static int32_t biased_gelu(rg_onnx *r, const rg_onnx_node *node, int32_t x) {
    rg_onnx_value *bias = rg_onnx_in(r, node, 1);
    const rg_attr approximate = {
        .key = "approximate", .type = RG_ATTR_INT, .i = !strcmp(node->type, "FastGelu")};
    if (bias)
        x = rg_onnx_pair(r, "add", x, rg_onnx_get(r, bias, NULL, RG_DTYPE_FLOAT32));
    const rg_shape shape = rg_onnx_at(r, x)->shape;
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "gelu", &x, 1, &out, 1, &approximate, 1);
    return out;
}

static const struct {
    const char *type;
    int32_t (*build)(rg_onnx *r, const rg_onnx_node *node, int32_t x);
} curves[] = {
    {"Softplus", softplus},
    {"Mish", mish},
    {"Softsign", softsign},
    {"Swish", swish},
    {"QuickGelu", swish},
    {"Elu", elu},
    {"Celu", celu},
    {"Selu", selu},
    {"ThresholdedRelu", above},
    {"Sign", sign},
    {"Tan", tangent},
    {"Reciprocal", reciprocal},
    {"HardSigmoid", hard_sigmoid},
    {"FastGelu", biased_gelu},
    {"BiasGelu", biased_gelu},
};

rg_status rg_onnx_curve(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *row = rg_onnx_in(r, node, 1);
    (void)word;
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    if (row && (row->shape.rank != 1 || row->dtype != RG_DTYPE_FLOAT32 || x->shape.rank < 1 ||
                row->shape.dim[0] != x->shape.dim[x->shape.rank - 1]))
        return rg_onnx_cannot(r, "a bias of another size");
    rg_onnx_form form = rg_onnx_first(x);
    if (row)
        form.order = rg_onnx_with_last(x, x->shape.rank - 1);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (!strcmp(curves[i].type, node->type)) {
            t = curves[i].build(r, node, t);
            break;
        }
    }
    rg_onnx_finish(r, &end, t, &form.order);
    return r->status;
}
