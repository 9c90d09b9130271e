/* onnx_math.c: operators on one element at a time that ours have too. */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define REAL(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_REAL, .r = value }

/* What integer operators ask of their output. */
typedef enum asks { ANY_SCALE, UNIT_256, UNIT_128, FLOAT_ONLY } asks;
static const struct {
    const char *kind;
    asks asks;
    bool wide; /* int16 too */
} integer_kinds[] = {
    {"relu", ANY_SCALE, true},         {"relu6", ANY_SCALE, true},
    {"relu_n1_to_1", ANY_SCALE, true}, {"relu_0_to_1", ANY_SCALE, false},
    {"leaky_relu", ANY_SCALE, true},   {"hard_swish", ANY_SCALE, false},
    {"elu", ANY_SCALE, false},         {"gelu", ANY_SCALE, false},
    {"logistic", UNIT_256, false},     {"tanh", UNIT_128, false},
    {"exp", ANY_SCALE, false},         {"log", ANY_SCALE, false},
    {"abs", ANY_SCALE, false},         {"rsqrt", ANY_SCALE, false},
};

static bool takes(const char *kind, const rg_onnx_end *end, rg_dtype dtype) {
    for (size_t i = 0; i < sizeof integer_kinds / sizeof integer_kinds[0]; i++) {
        if (strcmp(integer_kinds[i].kind, kind))
            continue;
        bool typed = dtype == RG_DTYPE_INT8 || (dtype == RG_DTYPE_INT16 && integer_kinds[i].wide);
        return typed &&
               (integer_kinds[i].asks == ANY_SCALE ||
                (integer_kinds[i].asks == UNIT_256 && end->scale == 1.0f / 256 &&
                 end->zero == -128) ||
                (integer_kinds[i].asks == UNIT_128 && end->scale == 1.0f / 128 && end->zero == 0));
    }
    return false;
}

/* These keep the scale when nobody asks for another. */
static bool keeps_scale(const char *kind) {
    return !strncmp(kind, "relu", 4);
}

static rg_status unary(rg_onnx *r, const rg_onnx_node *node, const char *kind, const rg_attr *attrs,
                       uint32_t n_attrs) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_onnx_form form = rg_onnx_first(x);
    rg_quant quant = {0};
    rg_dtype dtype = RG_DTYPE_FLOAT32;
    bool logical = !strncmp(kind, "logical", 7);
    if (x->dtype != (logical ? RG_DTYPE_BOOL : RG_DTYPE_FLOAT32))
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    if (rg_onnx_quantized(r, x, &form) && rg_onnx_at(r, form.tensor)->quant.n == 1 &&
        (end.quantized >= 0 || keeps_scale(kind))) {
        rg_tensor t = *rg_onnx_at(r, form.tensor);
        bool typed = end.quantized < 0 || end.dtype == t.dtype;
        if (typed && takes(kind, &end, t.dtype)) {
            quant = end.quantized < 0 ? t.quant : rg_onnx_one_scale(r, end.scale, end.zero);
            dtype = t.dtype;
        }
    }
    if (dtype == RG_DTYPE_FLOAT32) {
        dtype = x->dtype;
        form.tensor = rg_onnx_get(r, x, &form.order, dtype);
    }
    rg_shape shape = rg_onnx_ordered(&x->shape, &form.order);
    int32_t out = rg_onnx_tensor(r, dtype, &shape, &quant, NULL);
    rg_onnx_emit(r, kind, &form.tensor, 1, &out, 1, attrs, n_attrs);
    if (logical)
        rg_onnx_define(r, &r->values[node->out[0]], x->dtype, out, &form.order);
    else
        rg_onnx_finish(r, &end, out, &form.order);
    return r->status;
}

/* A root, and one over it where that follows and nobody else wants the root. */
static rg_status root(rg_onnx *r, const rg_onnx_node *node) {
    rg_onnx_node *user = node->out[0] >= 0 ? rg_onnx_only_user(r, node->out[0]) : NULL;
    if (!user || strcmp(user->type, "Reciprocal"))
        return unary(r, node, "sqrt", NULL, 0);
    rg_onnx_node both = *node;
    both.out = user->out;
    rg_status status = unary(r, &both, "rsqrt", NULL, 0);
    user->done = status == RG_OK;
    return status;
}

rg_status rg_onnx_unary(rg_onnx *r, rg_onnx_node *node, const char *word) {
    if (!strcmp(word, "sqrt"))
        return root(r, node);
    if (!strcmp(word, "leaky_relu")) {
        const rg_attr alpha = REAL("alpha", rg_onnx_attr_real(node, "alpha", 0.01));
        return unary(r, node, word, &alpha, 1);
    }
    if (!strcmp(word, "elu") && rg_onnx_attr_real(node, "alpha", 1) != 1)
        return rg_onnx_curve(r, node, "");
    return unary(r, node, word, NULL, 0);
}

rg_status rg_onnx_hard_swish(rg_onnx *r, rg_onnx_node *node, const char *word) {
    (void)word;
    return unary(r, node, "hard_swish", NULL, 0);
}

rg_status rg_onnx_gelu(rg_onnx *r, rg_onnx_node *node, const char *word) {
    const rg_attr approximate =
        INTEGER("approximate", rg_onnx_attr_is(node, "approximate", "tanh"));
    (void)word;
    return unary(r, node, "gelu", &approximate, 1);
}

/* Clip with limits that no activation has, or that come at run time. */
static rg_status clip_floats(rg_onnx *r, const rg_onnx_node *node) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    static const char *const kinds[] = {"maximum", "minimum"};
    static const char *const names[] = {"min", "max"};
    for (uint32_t i = 0; i < 2; i++) {
        double limit;
        rg_onnx_value *v = rg_onnx_in(r, node, i + 1);
        if (rg_onnx_limit(r, node, i + 1, names[i], i ? INFINITY : -INFINITY, &limit)) {
            if (isfinite(limit))
                t = rg_onnx_with(r, kinds[i], t, limit);
            continue;
        }
        if (v->shape.rank != 0 || v->dtype != RG_DTYPE_FLOAT32)
            return rg_onnx_cannot(r, "limits that are no single floats");
        const rg_shape shape = rg_onnx_at(r, t)->shape;
        int32_t in[] = {t, rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32)};
        t = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
        rg_onnx_emit(r, kinds[i], in, 2, &t, 1, NULL, 0);
    }
    if (r->status == RG_OK)
        rg_onnx_finish(r, &end, t, &form.order);
    return r->status;
}

rg_status rg_onnx_clip(rg_onnx *r, rg_onnx_node *node, const char *word) {
    double low, high;
    const char *kind = rg_onnx_activation(r, node);
    (void)word;
    if (!kind && rg_onnx_limit(r, node, 1, "min", -INFINITY, &low) &&
        rg_onnx_limit(r, node, 2, "max", INFINITY, &high) && low == 0 && high == 1)
        kind = "relu_0_to_1";
    if (kind)
        return unary(r, node, kind, NULL, 0);
    if (rg_onnx_in(r, node, 0)->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(rg_onnx_in(r, node, 0)->dtype));
    return clip_floats(r, node);
}
