/* onnx_scaled.c: QuantizeLinear and DequantizeLinear as ONNX defines them, in float32 steps: for
 * scales and zero points that come at run time, that belong to blocks or, in QuantizeLinear, to
 * channels, and for uint16. */
#include <string.h>

#include "models/onnx_build.h"

/* How far scales reach over the value: all of it, parts of dimension `axis`, or blocks there. */
typedef struct reach {
    uint32_t axis;
    int64_t block; /* 0: none */
} reach;

static rg_status read_reach(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *x,
                            const rg_onnx_value *scale, reach *ret) {
    int64_t n = 0, block = rg_onnx_attr_int(node, "block_size", 0);
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 1), x->shape.rank);
    if (scale->dtype != RG_DTYPE_FLOAT32 || !rg_shape_elements(&scale->shape, &n) || n < 1)
        return rg_onnx_cannot(r, "scales of %s", rg_dtype_word(scale->dtype));
    *ret = (reach){axis < 0 ? 0 : (uint32_t)axis, block};
    if (block == 0 && n == 1)
        return RG_OK;
    bool fits = axis >= 0 && block == 0 && scale->shape.rank == 1 && n == x->shape.dim[axis];
    if (axis >= 0 && block > 0 && scale->shape.rank == x->shape.rank)
        fits = block * scale->shape.dim[axis] == x->shape.dim[axis];
    for (uint32_t d = 0; fits && block && d < x->shape.rank; d++)
        fits = d == (uint32_t)axis || scale->shape.dim[d] == x->shape.dim[d];
    if (fits && block && x->shape.rank == RG_MAX_RANK)
        return rg_onnx_cannot(r, "blocks of %u dimensions", x->shape.rank);
    return fits ? RG_OK
                : rg_onnx_fail(r, RG_BAD_DATA, "%s has %lld scales, which fit no dimension",
                               node->type, (long long)n);
}

/* Each element of dimension `axis` as often as a block is long. */
static int32_t repeated(rg_onnx *r, int32_t t, const reach *how) {
    const rg_shape from = rg_onnx_at(r, t)->shape;
    rg_shape apart = {from.rank + 1, {0}}, whole = apart, joined = from;
    int64_t dims[RG_MAX_RANK];
    for (uint32_t d = 0; d < apart.rank; d++) {
        apart.dim[d] = d <= how->axis ? from.dim[d] : d == how->axis + 1 ? 1 : from.dim[d - 1];
        whole.dim[d] = d == how->axis + 1 ? (int32_t)how->block : apart.dim[d];
        dims[d] = whole.dim[d];
    }
    joined.dim[how->axis] *= (int32_t)how->block;
    int32_t in[] = {rg_onnx_view(r, t, &apart), rg_onnx_ints(r, dims, apart.rank)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &whole, NULL, NULL);
    rg_onnx_emit(r, "broadcast_to", in, 2, &out, 1, NULL, 0);
    return r->status == RG_OK ? rg_onnx_view(r, out, &joined) : 0;
}

/* Scales or zero points as floats that spread over the value. */
static int32_t spread_out(rg_onnx *r, rg_onnx_value *v, const rg_onnx_value *x, const reach *how) {
    int64_t n = 0;
    int32_t t = rg_onnx_get(r, v, NULL, v->dtype);
    if (r->status == RG_OK && v->dtype != RG_DTYPE_FLOAT32)
        t = rg_onnx_cast_to(r, t, RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return 0;
    if (how->block)
        return repeated(r, t, how);
    rg_shape shape = {x->shape.rank, {1, 1, 1, 1, 1, 1}};
    rg_shape_elements(&v->shape, &n);
    if (n > 1)
        shape.dim[how->axis] = (int32_t)n;
    return rg_onnx_view(r, t, &shape);
}

/* The zero point must have the shape of the scale. */
static rg_status check_zero(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *scale,
                            const rg_onnx_value *zero) {
    int64_t a = 0, b = 0;
    if (!zero)
        return RG_OK;
    rg_shape_elements(&scale->shape, &a);
    rg_shape_elements(&zero->shape, &b);
    return a == b ? RG_OK
                  : rg_onnx_fail(r, RG_BAD_DATA, "%s has %lld scales and %lld zero points",
                                 node->type, (long long)a, (long long)b);
}

static bool is_whole(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_UINT8 || dtype == RG_DTYPE_INT16 ||
           dtype == RG_DTYPE_UINT16;
}

rg_status rg_onnx_dequantize_steps(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *scale = rg_onnx_in(r, node, 1);
    rg_onnx_value *zero = rg_onnx_in(r, node, 2);
    reach how;
    (void)word;
    if (!is_whole(x->dtype) && x->dtype != RG_DTYPE_INT32)
        return rg_onnx_cannot(r, "from %s", rg_dtype_word(x->dtype));
    rg_status status = read_reach(r, node, x, scale, &how);
    if (status == RG_OK)
        status = check_zero(r, node, scale, zero);
    if (status != RG_OK)
        return status;
    int32_t t = rg_onnx_get(r, x, NULL, x->dtype);
    if (r->status == RG_OK && rg_onnx_at(r, t)->dtype != x->dtype)
        return rg_onnx_cannot(r, "from %s", rg_dtype_word(x->dtype));
    t = rg_onnx_cast_to(r, t, RG_DTYPE_FLOAT32);
    if (zero)
        t = rg_onnx_pair(r, "sub", t, spread_out(r, zero, x, &how));
    t = rg_onnx_pair(r, "mul", t, spread_out(r, scale, x, &how));
    rg_onnx_order order = rg_onnx_plain(x->shape.rank);
    rg_onnx_define(r, &r->values[node->out[0]], RG_DTYPE_FLOAT32, t, &order);
    return r->status;
}

/* The type of the result: the zero point's, else the attribute's, else uint8. */
static rg_dtype type_of(const rg_onnx_node *node, const rg_onnx_value *zero) {
    bool known;
    rg_dtype named = rg_onnx_dtype((int32_t)rg_onnx_attr_int(node, "output_dtype", 0), &known);
    return zero ? zero->dtype : known ? named : RG_DTYPE_UINT8;
}

rg_status rg_onnx_quantize_steps(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *scale = rg_onnx_in(r, node, 1);
    rg_onnx_value *zero = rg_onnx_in(r, node, 2);
    rg_dtype dtype = type_of(node, zero);
    reach how;
    (void)word;
    if (!is_whole(dtype) || x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "from %s to %s", rg_dtype_word(x->dtype), rg_dtype_word(dtype));
    rg_status status = read_reach(r, node, x, scale, &how);
    if (status == RG_OK)
        status = check_zero(r, node, scale, zero);
    if (status != RG_OK)
        return status;
    bool is_signed = dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_INT16;
    double steps = (double)(1u << rg_dtype_bits(dtype)), low = is_signed ? -steps / 2 : 0;
    int32_t t = rg_onnx_get(r, x, NULL, RG_DTYPE_FLOAT32);
    t = rg_onnx_each(r, "round", rg_onnx_pair(r, "div", t, spread_out(r, scale, x, &how)));
    if (zero)
        t = rg_onnx_pair(r, "add", t, spread_out(r, zero, x, &how));
    t = rg_onnx_with(r, "minimum", rg_onnx_with(r, "maximum", t, low), low + steps - 1);
    rg_onnx_order order = rg_onnx_plain(x->shape.rank);
    rg_onnx_define(r, &r->values[node->out[0]], dtype, rg_onnx_cast_to(r, t, dtype), &order);
    return r->status;
}
