/* onnx_integer.c: operators whose zero points or scales come at run time: ConvInteger,
 * MatMulInteger, DynamicQuantizeLinear. Done in float32 steps that are exact: sums of products of
 * bytes are whole numbers, and those below 2^24 are floats; longer sums are refused. */
#include <string.h>

#include "models/onnx_read.h"

enum { EXACT = 1 << 24, LARGEST_PRODUCT = 255 * 255 };

static int32_t emit_pair(rg_onnx *r, const char *kind, int32_t a, int32_t b,
                         const rg_shape *shape) {
    int32_t in[] = {a, b}, out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, shape, NULL, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, NULL, 0);
    return out;
}

static int32_t as_float(rg_onnx *r, rg_onnx_value *v) {
    int32_t tensor = rg_onnx_get(r, v, NULL, v->dtype);
    const rg_shape shape = rg_onnx_at(r, tensor)->shape;
    return rg_onnx_emit_unary(r, "cast", tensor, RG_DTYPE_FLOAT32, &shape, NULL);
}

/* Bytes less their zero point, as a float value. Several zero points lie along dimension `axis`. */
static int32_t centred(rg_onnx *r, const rg_onnx_node *node, rg_onnx_value *v, rg_onnx_value *zero,
                       uint32_t axis) {
    rg_onnx_value *out = rg_onnx_new_value(r);
    rg_onnx_order order = rg_onnx_plain(v->shape.rank);
    int32_t t = as_float(r, v);
    int64_t n = 0;
    if (zero && rg_shape_elements(&zero->shape, &n)) {
        rg_shape spread = {v->shape.rank, {1, 1, 1, 1, 1, 1}};
        if (n != 1 && n != v->shape.dim[axis])
            return rg_onnx_fail(r, RG_BAD_DATA, "%s has %lld zero points, which fit no dimension",
                                node->type, (long long)n),
                   RG_ONNX_NONE;
        spread.dim[axis] = (int32_t)n;
        t = emit_pair(r, "sub", t, rg_onnx_view(r, as_float(r, zero), &spread), &v->shape);
    }
    if (!out || r->status != RG_OK)
        return RG_ONNX_NONE;
    rg_onnx_define(r, out, RG_DTYPE_FLOAT32, t, &order);
    return (int32_t)(out - r->values);
}

static bool is_byte(const rg_onnx_value *v) {
    return v->dtype == RG_DTYPE_INT8 || v->dtype == RG_DTYPE_UINT8;
}

/* Products that one sum has. */
static int64_t terms(const rg_onnx_value *b, bool conv) {
    int64_t n = 1;
    for (uint32_t d = 1; conv && d < b->shape.rank; d++)
        n *= b->shape.dim[d];
    return conv ? n : b->shape.rank >= 2 ? b->shape.dim[b->shape.rank - 2] : 0;
}

rg_status rg_onnx_integer(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *a = rg_onnx_in(r, node, 0), *b = rg_onnx_in(r, node, 1);
    bool conv = !strcmp(word, "conv");
    if (!is_byte(a) || !is_byte(b))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of %s and %s", node->type, rg_dtype_word(a->dtype),
                            rg_dtype_word(b->dtype));
    if (a->shape.rank < 2 || b->shape.rank < 2 || terms(b, conv) > EXACT / LARGEST_PRODUCT)
        return rg_onnx_cannot(r, "of sums of more than %d products", EXACT / LARGEST_PRODUCT);
    int32_t in[] = {centred(r, node, a, rg_onnx_in(r, node, 2), conv ? 1 : a->shape.rank - 2),
                    centred(r, node, b, rg_onnx_in(r, node, 3), conv ? 0 : b->shape.rank - 1)};
    rg_onnx_value *sums = rg_onnx_new_value(r);
    if (!sums || in[0] < 0 || in[1] < 0)
        return r->status != RG_OK ? r->status : rg_onnx_no_memory(r);
    int32_t out = (int32_t)(sums - r->values);
    rg_onnx_node plain = *node;
    plain.in = in;
    plain.n_in = 2;
    plain.out = &out;
    plain.n_out = 1;
    rg_status status = conv ? rg_onnx_conv(r, &plain, "") : rg_onnx_matmul(r, &plain, "");
    if (status != RG_OK)
        return status;
    rg_onnx_form form = rg_onnx_first(sums);
    const rg_shape shape = rg_onnx_at(r, form.tensor)->shape;
    int32_t whole = rg_onnx_emit_unary(r, "cast", form.tensor, RG_DTYPE_INT32, &shape, NULL);
    rg_onnx_define(r, &r->values[node->out[0]], RG_DTYPE_INT32, whole, &form.order);
    return r->status;
}

/* The largest (or least) of all elements and zero. */
static int32_t extreme(rg_onnx *r, int32_t x, bool largest) {
    int64_t axes[RG_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    rg_shape scalar = {0};
    int32_t in[] = {x, rg_onnx_ints(r, axes, rg_onnx_at(r, x)->shape.rank)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &scalar, NULL, NULL);
    rg_onnx_emit(r, largest ? "reduce_max" : "reduce_min", in, 2, &out, 1, NULL, 0);
    return emit_pair(r, largest ? "maximum" : "minimum", out, rg_onnx_real(r, 0), &scalar);
}

/* Rounded, moved by `zero` (RG_ONNX_NONE: not) and kept within a byte. */
static int32_t byte_of(rg_onnx *r, int32_t x, int32_t zero, const rg_shape *shape) {
    x = rg_onnx_emit_unary(r, "round", x, RG_DTYPE_FLOAT32, shape, NULL);
    if (zero >= 0)
        x = emit_pair(r, "add", x, zero, shape);
    x = emit_pair(r, "maximum", x, rg_onnx_real(r, 0), shape);
    return emit_pair(r, "minimum", x, rg_onnx_real(r, 255), shape);
}

static void define_part(rg_onnx *r, const rg_onnx_node *node, uint32_t i, rg_dtype dtype,
                        int32_t tensor) {
    rg_onnx_order order = rg_onnx_plain(rg_onnx_at(r, tensor)->shape.rank);
    if (i < node->n_out && node->out[i] >= 0)
        rg_onnx_define(r, &r->values[node->out[i]], dtype, tensor, &order);
}

/* y, its scale (range / 255) and zero point. A range of zero has the scale 0 and y NaN, cast to 0,
 * as far as anybody defines it. */
rg_status rg_onnx_dynamic_quantize(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_shape scalar = {0};
    (void)word;
    if (x->dtype != RG_DTYPE_FLOAT32 || x->shape.rank < 1)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    int32_t t = rg_onnx_get(r, x, NULL, RG_DTYPE_FLOAT32);
    int32_t low = extreme(r, t, false), high = extreme(r, t, true);
    int32_t range = emit_pair(r, "sub", high, low, &scalar);
    int32_t scale = emit_pair(r, "div", range, rg_onnx_real(r, 255), &scalar);
    int32_t below = emit_pair(r, "sub", rg_onnx_real(r, 0), low, &scalar);
    int32_t zero = byte_of(r, emit_pair(r, "div", below, scale, &scalar), RG_ONNX_NONE, &scalar);
    int32_t y = byte_of(r, emit_pair(r, "div", t, scale, &x->shape), zero, &x->shape);
    define_part(r, node, 0, RG_DTYPE_UINT8,
                rg_onnx_emit_unary(r, "cast", y, RG_DTYPE_UINT8, &x->shape, NULL));
    define_part(r, node, 1, RG_DTYPE_FLOAT32, scale);
    define_part(r, node, 2, RG_DTYPE_UINT8,
                rg_onnx_emit_unary(r, "cast", zero, RG_DTYPE_UINT8, &scalar, NULL));
    return r->status;
}
