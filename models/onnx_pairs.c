/* onnx_pairs.c: operators on two elements with spreading, and choices between two. */
#include <string.h>

#include "models/onnx_read.h"

#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

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
    return !strncmp(kind, "equal", 5) || !strcmp(kind, "not_equal") || !strncmp(kind, "less", 4) ||
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
    if (!strncmp(kind, "logical", 7) || !strcmp(kind, "not_equal"))
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
