/* onnx_math.c: operators on one element at a time, and on two with spreading. */
#include <math.h>
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define REAL(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_REAL, .r = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

/* --- one operand --- */

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
        return rg_onnx_cannot(r, "alpha other than 1");
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

/* a op b, where b is a constant of one element; floats. */
static int32_t with_number(rg_onnx *r, const char *kind, int32_t a, double number) {
    const rg_shape shape = rg_onnx_at(r, a)->shape;
    int32_t in[] = {a, rg_onnx_real(r, (float)number)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, NULL, 0);
    return out;
}

rg_status rg_onnx_hard_sigmoid(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    (void)word;
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    int32_t t = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    t = with_number(r, "mul", t, rg_onnx_attr_real(node, "alpha", 0.2));
    t = with_number(r, "add", t, rg_onnx_attr_real(node, "beta", 0.5));
    const rg_shape shape = rg_onnx_at(r, t)->shape;
    t = rg_onnx_emit_unary(r, "relu_0_to_1", t, RG_DTYPE_FLOAT32, &shape, NULL);
    rg_onnx_finish(r, &end, t, &form.order);
    return r->status;
}

/* One divided by x. */
rg_status rg_onnx_reciprocal(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    (void)word;
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    int32_t in[] = {rg_onnx_real(r, 1), rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32)};
    rg_shape shape = rg_onnx_ordered(&x->shape, &form.order);
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "div", in, 2, &out, 1, NULL, 0);
    rg_onnx_finish(r, &end, out, &form.order);
    return r->status;
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
                t = with_number(r, kinds[i], t, limit);
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

/* --- two operands --- */

/* The shape that both spread to; false when they do not go together. */
static bool spread_shape(const rg_shape *a, const rg_shape *b, rg_shape *ret) {
    rg_shape shape = {a->rank > b->rank ? a->rank : b->rank, {0}};
    for (uint32_t back = 1; back <= shape.rank; back++) {
        int32_t da = back <= a->rank ? a->dim[a->rank - back] : 1;
        int32_t db = back <= b->rank ? b->dim[b->rank - back] : 1;
        if (da != db && da != 1 && db != 1)
            return false;
        shape.dim[shape.rank - back] = da == 1 ? db : da;
    }
    *ret = shape;
    return true;
}

/* Two operands of arithmetic. */
typedef struct pair {
    rg_onnx_value *a, *b;
    rg_shape shape; /* of the result */
    rg_onnx_order order;
    rg_onnx_end end;
} pair;

/* The order of whoever is computed and has all dimensions. */
static rg_onnx_order order_of(rg_onnx *r, const pair *p) {
    rg_onnx_value *both[] = {p->a, p->b};
    for (int i = 0; i < 2; i++) {
        if (both[i]->shape.rank == p->shape.rank && !rg_onnx_constant(r, both[i]))
            return rg_onnx_first(both[i]).order;
    }
    return rg_onnx_plain(p->shape.rank);
}

static bool is_compare(const char *kind) {
    return !strncmp(kind, "equal", 5) || !strncmp(kind, "less", 4) ||
           !strncmp(kind, "greater", 7) || !strncmp(kind, "logical", 7);
}

/* The integers that a pair can be computed in; float32 when it cannot. */
static rg_dtype integers_of(rg_onnx *r, const pair *p, const char *kind) {
    rg_onnx_form fa, fb;
    bool weighs = !strcmp(kind, "add") || !strcmp(kind, "sub") || !strcmp(kind, "mul");
    bool compares = !strcmp(kind, "maximum") || !strcmp(kind, "minimum");
    if (p->end.quantized < 0 || (!weighs && !compares) || !rg_onnx_quantized(r, p->a, &fa) ||
        !rg_onnx_quantized(r, p->b, &fb))
        return RG_DTYPE_FLOAT32;
    const rg_tensor *a = rg_onnx_at(r, fa.tensor), *b = rg_onnx_at(r, fb.tensor);
    if (a->dtype != b->dtype || a->dtype != p->end.dtype || a->quant.n != 1 || b->quant.n != 1)
        return RG_DTYPE_FLOAT32;
    if (a->dtype == RG_DTYPE_INT16 &&
        (a->quant.zero_point[0] || b->quant.zero_point[0] || p->end.zero))
        return RG_DTYPE_FLOAT32;
    const rg_quant *quants[] = {&a->quant, &b->quant};
    for (int i = 0; compares && i < 2; i++) {
        if (quants[i]->scale[0] != p->end.scale || quants[i]->zero_point[0] != p->end.zero)
            return RG_DTYPE_FLOAT32;
    }
    return a->dtype;
}

/* Which element types there are for arithmetic without scales. */
static bool has_type(const char *kind, rg_dtype dtype) {
    if (!strncmp(kind, "logical", 7))
        return dtype == RG_DTYPE_BOOL;
    if (is_compare(kind))
        return dtype == RG_DTYPE_FLOAT32 || dtype == RG_DTYPE_INT32 || dtype == RG_DTYPE_INT64;
    bool whole = !strcmp(kind, "add") || !strcmp(kind, "sub") || !strcmp(kind, "mul") ||
                 !strcmp(kind, "maximum") || !strcmp(kind, "minimum");
    return dtype == RG_DTYPE_FLOAT32 || (dtype == RG_DTYPE_INT32 && whole);
}

static bool takes_activation(const char *kind) {
    return !strcmp(kind, "add") || !strcmp(kind, "sub") || !strcmp(kind, "mul") ||
           !strcmp(kind, "div");
}

static int32_t emit_pair(rg_onnx *r, const pair *p, const char *kind, rg_dtype dtype) {
    const rg_attr activation = WORD("activation", p->end.activation);
    bool whole = dtype != p->a->dtype;
    rg_quant quant = whole ? rg_onnx_one_scale(r, p->end.scale, p->end.zero) : (rg_quant){0};
    rg_shape shape = rg_onnx_ordered(&p->shape, &p->order);
    int32_t in[] = {rg_onnx_spread(r, p->a, shape.rank, &p->order, dtype),
                    rg_onnx_spread(r, p->b, shape.rank, &p->order, dtype)};
    int32_t out = rg_onnx_tensor(r, is_compare(kind) ? RG_DTYPE_BOOL : dtype, &shape, &quant, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, &activation, takes_activation(kind));
    return out;
}

static rg_status lower_pair(rg_onnx *r, const rg_onnx_node *node, pair *p, const char *kind,
                            bool last) {
    if (!spread_shape(&p->a->shape, &p->b->shape, &p->shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of shapes that do not go together", node->type);
    if (p->a->dtype != p->b->dtype || !has_type(kind, p->a->dtype))
        return rg_onnx_cannot(r, "of %s and %s", rg_dtype_word(p->a->dtype),
                              rg_dtype_word(p->b->dtype));
    rg_dtype dtype = last ? integers_of(r, p, kind) : RG_DTYPE_FLOAT32;
    dtype = dtype == RG_DTYPE_FLOAT32 ? p->a->dtype : dtype;
    p->order = order_of(r, p);
    int32_t out = emit_pair(r, p, kind, dtype);
    if (r->status != RG_OK)
        return r->status;
    if (!last)
        rg_onnx_define(r, p->a, p->a->dtype, out, &p->order);
    else if (p->a->dtype == RG_DTYPE_FLOAT32 && !is_compare(kind))
        rg_onnx_finish(r, &p->end, out, &p->order);
    else
        rg_onnx_define(r, &r->values[node->out[0]], rg_onnx_at(r, out)->dtype, out, &p->order);
    return r->status;
}

/* Operators of several operands take two at a time. */
rg_status rg_onnx_binary(rg_onnx *r, rg_onnx_node *node, const char *word) {
    pair p = {.a = rg_onnx_in(r, node, 0)};
    if (node->n_in == 1)
        return rg_onnx_identity(r, node, word);
    const rg_onnx_end none = {.value = RG_ONNX_NONE,
                              .quantized = RG_ONNX_NONE,
                              .activation_node = RG_ONNX_NONE,
                              .quantize_node = RG_ONNX_NONE,
                              .activation = "none"};
    for (uint32_t i = 1; i < node->n_in; i++) {
        bool last = i + 1 == node->n_in;
        p.b = rg_onnx_in(r, node, i);
        if (!p.b)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s lacks input %u", node->type, i);
        if (i == 1 && !last) { /* a value of its own for what is combined so far */
            rg_onnx_value *sum = rg_onnx_new_value(r);
            if (!sum)
                return r->status;
            *sum = *p.a;
            p.a = sum;
        }
        p.end =
            last ? rg_onnx_end_of(r, node, takes_activation(word) && p.a->dtype == RG_DTYPE_FLOAT32)
                 : none;
        rg_status status = lower_pair(r, node, &p, word, last);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}

rg_status rg_onnx_prelu(rg_onnx *r, rg_onnx_node *node, const char *word) {
    pair p = {.a = rg_onnx_in(r, node, 0), .b = rg_onnx_in(r, node, 1)};
    (void)word;
    if (!spread_shape(&p.a->shape, &p.b->shape, &p.shape) || !rg_shape_equal(&p.shape, &p.a->shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s with slopes of another shape", node->type);
    if (p.a->dtype != RG_DTYPE_FLOAT32 || p.b->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(p.a->dtype));
    p.end = rg_onnx_end_of(r, node, false);
    p.order = rg_onnx_first(p.a).order;
    rg_dtype dtype = integers_of(r, &p, "mul");
    int32_t out = emit_pair(r, &p, "prelu", dtype == RG_DTYPE_INT8 ? dtype : RG_DTYPE_FLOAT32);
    if (r->status == RG_OK)
        rg_onnx_finish(r, &p.end, out, &p.order);
    return r->status;
}

/* where(condition, a, b): all three spread. */
rg_status rg_onnx_where(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *c = rg_onnx_in(r, node, 0);
    pair p = {.a = rg_onnx_in(r, node, 1), .b = rg_onnx_in(r, node, 2)};
    rg_shape shape;
    (void)word;
    if (!spread_shape(&p.a->shape, &p.b->shape, &p.shape) ||
        !spread_shape(&c->shape, &p.shape, &shape))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of shapes that do not go together", node->type);
    if (c->dtype != RG_DTYPE_BOOL || p.a->dtype != p.b->dtype)
        return rg_onnx_cannot(r, "of %s and %s", rg_dtype_word(p.a->dtype),
                              rg_dtype_word(p.b->dtype));
    rg_onnx_order order = rg_onnx_plain(shape.rank);
    int32_t in[] = {rg_onnx_spread(r, c, shape.rank, &order, RG_DTYPE_BOOL),
                    rg_onnx_spread(r, p.a, shape.rank, &order, p.a->dtype),
                    rg_onnx_spread(r, p.b, shape.rank, &order, p.a->dtype)};
    int32_t out = rg_onnx_tensor(r, p.a->dtype, &shape, NULL, NULL);
    rg_onnx_emit(r, "select_v2", in, 3, &out, 1, NULL, 0);
    rg_onnx_define(r, &r->values[node->out[0]], p.a->dtype, out, &order);
    return r->status;
}
