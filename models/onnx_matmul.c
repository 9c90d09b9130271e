/* onnx_matmul.c: matrix products: Gemm and MatMul as fully connected layers where the second matrix
 * is a constant, else as products of stacks of matrices. */
#include <string.h>

#include "models/onnx_build.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

static bool all_zero(const rg_quant *quant) {
    for (uint32_t c = 0; c < quant->n; c++) {
        if (quant->zero_point[c])
            return false;
    }
    return true;
}

/* The type that a product can be computed in: int8, int16 (with int8 weights), else float32.
 * Several scales must be those of dimension `columns` of b. */
static rg_dtype type_of(rg_onnx *r, const rg_onnx_end *end, rg_onnx_value *a, rg_onnx_value *b,
                        bool layer, uint32_t columns) {
    rg_onnx_form fa, fb;
    if (end->quantized < 0 || !rg_onnx_quantized(r, a, &fa) || !rg_onnx_quantized(r, b, &fb))
        return RG_DTYPE_FLOAT32;
    const rg_tensor *x = rg_onnx_at(r, fa.tensor), *w = rg_onnx_at(r, fb.tensor);
    if (x->quant.n != 1 || x->dtype != end->dtype ||
        (w->quant.n != 1 && (!layer || fb.order.at[w->quant.axis] != columns)))
        return RG_DTYPE_FLOAT32;
    if (x->dtype == RG_DTYPE_INT16) {
        bool fits = w->dtype == (layer ? RG_DTYPE_INT8 : RG_DTYPE_INT16);
        return fits && all_zero(&x->quant) && all_zero(&w->quant) && end->zero == 0
                   ? RG_DTYPE_INT16
                   : RG_DTYPE_FLOAT32;
    }
    bool zero_point = layer && w->quant.n > 1 && !all_zero(&w->quant);
    return w->dtype == RG_DTYPE_INT8 && !zero_point ? RG_DTYPE_INT8 : RG_DTYPE_FLOAT32;
}

static rg_quant quant_of(rg_onnx *r, const rg_onnx_end *end, rg_dtype dtype) {
    return dtype == RG_DTYPE_FLOAT32 ? (rg_quant){0} : rg_onnx_one_scale(r, end->scale, end->zero);
}

int32_t rg_onnx_emit_layer(rg_onnx *r, int32_t x, int32_t weights, int32_t bias,
                           const char *activation, const rg_quant *quant) {
    const rg_attr attrs[] = {
        WORD("activation", activation),
        WORD("weights_format", "default"),
        INTEGER("keep_num_dims", 1),
        INTEGER("asymmetric_quantize_inputs", 0),
    };
    rg_tensor from = *rg_onnx_at(r, x);
    int32_t in[] = {x, weights, bias};
    from.shape.dim[from.shape.rank - 1] = rg_onnx_at(r, weights)->shape.dim[0];
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, quant, NULL);
    rg_onnx_emit(r, "fully_connected", in, bias >= 0 ? 3 : 2, &out, 1, attrs, 4);
    return out;
}

/* --- MatMul --- */

/* The product's shape; false when the two do not go together. */
static bool product_shape(const rg_shape *a, const rg_shape *b, rg_shape *ret) {
    rg_shape shape = {a->rank > b->rank ? a->rank : b->rank, {0}};
    if (a->dim[a->rank - 1] != b->dim[b->rank - 2])
        return false;
    for (uint32_t back = 3; back <= shape.rank; back++) {
        int32_t da = back <= a->rank ? a->dim[a->rank - back] : 1;
        int32_t db = back <= b->rank ? b->dim[b->rank - back] : 1;
        if (da != db && da != 1 && db != 1)
            return false;
        shape.dim[shape.rank - back] = da == 1 ? db : da;
    }
    shape.dim[shape.rank - 2] = a->dim[a->rank - 2];
    shape.dim[shape.rank - 1] = b->dim[b->rank - 1];
    *ret = shape;
    return true;
}

static int32_t emit_product(rg_onnx *r, rg_onnx_value *a, rg_onnx_value *b, rg_dtype dtype,
                            const rg_shape *shape, const rg_quant *quant) {
    /* the second often stands transposed already: then no transposition is needed */
    rg_onnx_order turned = rg_onnx_plain(b->shape.rank), plain = turned;
    uint8_t last = (uint8_t)(b->shape.rank - 1);
    turned.at[last] = (uint8_t)(last - 1);
    turned.at[last - 1] = last;
    rg_onnx_form first = rg_onnx_first(b);
    bool adj_y = rg_onnx_same_order(&first.order, &turned, b->shape.rank);
    const rg_attr attrs[] = {
        INTEGER("adj_x", 0),
        INTEGER("adj_y", adj_y),
        INTEGER("asymmetric_quantize_inputs", 0),
    };
    int32_t in[] = {rg_onnx_get(r, a, NULL, dtype),
                    rg_onnx_get(r, b, adj_y ? &turned : &plain, dtype)};
    int32_t out = rg_onnx_tensor(r, dtype, shape, quant, NULL);
    rg_onnx_emit(r, "batch_matmul", in, 2, &out, 1, attrs, 3);
    return out;
}

rg_status rg_onnx_matmul(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *a = rg_onnx_in(r, node, 0), *b = rg_onnx_in(r, node, 1);
    rg_onnx_order swapped = {{1, 0}};
    rg_shape shape;
    (void)word;
    if (a->shape.rank < 1 || b->shape.rank < 2 || (a->shape.rank < 2 && b->shape.rank != 2))
        return rg_onnx_cannot(r, "of %u and %u dimensions", a->shape.rank, b->shape.rank);
    if (a->dtype != RG_DTYPE_FLOAT32 || b->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s and %s", rg_dtype_word(a->dtype), rg_dtype_word(b->dtype));
    bool layer = b->shape.rank == 2 && rg_onnx_constant(r, b);
    bool fits = layer ? a->shape.dim[a->shape.rank - 1] == b->shape.dim[0]
                      : a->shape.rank >= 2 && product_shape(&a->shape, &b->shape, &shape);
    if (!fits)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of matrices that do not go together", node->type);
    rg_onnx_end end = rg_onnx_end_of(r, node, layer);
    rg_dtype dtype = type_of(r, &end, a, b, layer, b->shape.rank - 1);
    rg_quant quant = quant_of(r, &end, dtype);
    int32_t out = 0;
    if (layer)
        out = rg_onnx_emit_layer(
            r, rg_onnx_get(r, a, NULL, dtype),
            rg_onnx_get(r, b, &swapped, dtype == RG_DTYPE_INT16 ? RG_DTYPE_INT8 : dtype),
            RG_ONNX_NONE, end.activation, &quant);
    else
        out = emit_product(r, a, b, dtype, &shape, &quant);
    if (r->status != RG_OK)
        return r->status;
    rg_onnx_order order = rg_onnx_plain(rg_onnx_at(r, out)->shape.rank);
    rg_onnx_finish(r, &end, out, &order);
    return r->status;
}

/* --- Gemm --- */

typedef struct gemm {
    rg_onnx_value *a, *b, *c; /* c may be NULL */
    bool trans_a, trans_b;
    double alpha, beta;
    int32_t m, k, n;
} gemm;

static rg_status read_gemm(rg_onnx *r, const rg_onnx_node *node, gemm *g) {
    g->a = rg_onnx_in(r, node, 0);
    g->b = rg_onnx_in(r, node, 1);
    g->c = rg_onnx_in(r, node, 2);
    g->trans_a = rg_onnx_attr_int(node, "transA", 0) != 0;
    g->trans_b = rg_onnx_attr_int(node, "transB", 0) != 0;
    g->alpha = rg_onnx_attr_real(node, "alpha", 1);
    g->beta = rg_onnx_attr_real(node, "beta", 1);
    if (g->a->shape.rank != 2 || g->b->shape.rank != 2)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of %u and %u dimensions", node->type,
                            g->a->shape.rank, g->b->shape.rank);
    if (g->a->dtype != RG_DTYPE_FLOAT32 || g->b->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(g->a->dtype));
    g->m = g->a->shape.dim[g->trans_a];
    g->k = g->a->shape.dim[!g->trans_a];
    g->n = g->b->shape.dim[!g->trans_b];
    if (g->b->shape.dim[g->trans_b] != g->k)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of depth %d with depth %d", node->type, (int)g->k,
                            (int)g->b->shape.dim[g->trans_b]);
    return RG_OK;
}

/* Whether C is one number for each column, so that a layer takes it as its bias. */
static bool is_bias(rg_onnx *r, const gemm *g) {
    int64_t n = 0;
    const rg_shape *shape = &g->c->shape;
    return rg_onnx_constant(r, g->c) && rg_shape_elements(shape, &n) && n == g->n &&
           shape->rank >= 1 && shape->rank <= 2 && shape->dim[shape->rank - 1] == g->n;
}

/* The bias as one dimension. */
static int32_t bias_of(rg_onnx *r, const gemm *g, rg_dtype dtype, int32_t x, int32_t weights) {
    rg_shape shape = {1, {g->n}};
    if (!g->c)
        return RG_ONNX_NONE;
    if (dtype == RG_DTYPE_FLOAT32)
        return rg_onnx_view(r, rg_onnx_get(r, g->c, NULL, dtype), &shape);
    return rg_onnx_bias(r, g->c, (uint32_t)g->n, x, weights);
}

/* a, b -> one of them through an operator with another, both float32 of two dimensions. */
static int32_t combined(rg_onnx *r, const char *kind, int32_t a, int32_t b) {
    const rg_shape shape = rg_onnx_at(r, a)->shape;
    int32_t in[] = {a, b}, out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, NULL, 0);
    return out;
}

/* alpha * A * B + beta * C in floats, step by step. */
static int32_t in_steps(rg_onnx *r, const gemm *g) {
    rg_onnx_order swapped = {{1, 0}}, plain = {{0, 1}};
    rg_shape shape = {2, {g->m, g->n}};
    const rg_attr attrs[] = {
        INTEGER("adj_x", 0),
        INTEGER("adj_y", g->trans_b),
        INTEGER("asymmetric_quantize_inputs", 0),
    };
    int32_t in[] = {rg_onnx_get(r, g->a, g->trans_a ? &swapped : &plain, RG_DTYPE_FLOAT32),
                    rg_onnx_get(r, g->b, &plain, RG_DTYPE_FLOAT32)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "batch_matmul", in, 2, &out, 1, attrs, 3);
    if (g->alpha != 1)
        out = combined(r, "mul", out, rg_onnx_real(r, (float)g->alpha));
    if (!g->c || r->status != RG_OK)
        return out;
    int32_t c = rg_onnx_spread(r, g->c, 2, &plain, RG_DTYPE_FLOAT32);
    if (g->beta != 1)
        c = combined(r, "mul", c, rg_onnx_real(r, (float)g->beta));
    return combined(r, "add", out, c);
}

/* C must spread over the result. */
static bool spreads(const gemm *g) {
    const rg_shape *c = &g->c->shape;
    int32_t columns = c->rank ? c->dim[c->rank - 1] : 1, rows = c->rank > 1 ? c->dim[0] : 1;
    return c->rank <= 2 && (columns == 1 || columns == g->n) && (rows == 1 || rows == g->m);
}

rg_status rg_onnx_gemm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    gemm g = {0};
    rg_onnx_order swapped = {{1, 0}}, plain = {{0, 1}};
    rg_status status = read_gemm(r, node, &g);
    (void)word;
    if (status != RG_OK)
        return status;
    if (g.c && (g.c->dtype != RG_DTYPE_FLOAT32 || !spreads(&g)))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s adds a tensor of another size", node->type);
    bool layer =
        rg_onnx_constant(r, g.b) && g.alpha == 1 && (!g.c || (g.beta == 1 && is_bias(r, &g)));
    rg_onnx_end end = rg_onnx_end_of(r, node, layer);
    rg_dtype dtype = layer ? type_of(r, &end, g.a, g.b, true, !g.trans_b) : RG_DTYPE_FLOAT32;
    int32_t out = 0;
    if (layer) {
        rg_quant quant = quant_of(r, &end, dtype);
        int32_t x = rg_onnx_get(r, g.a, g.trans_a ? &swapped : &plain, dtype);
        int32_t w = rg_onnx_get(r, g.b, g.trans_b ? &plain : &swapped,
                                dtype == RG_DTYPE_INT16 ? RG_DTYPE_INT8 : dtype);
        if (r->status == RG_OK)
            out = rg_onnx_emit_layer(r, x, w, bias_of(r, &g, dtype, x, w), end.activation, &quant);
    } else {
        out = in_steps(r, &g);
    }
    rg_onnx_finish(r, &end, out, &plain);
    return r->status;
}
