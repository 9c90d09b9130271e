/* onnx_quant.c: QuantizeLinear and DequantizeLinear with constant scales (others: onnx_scaled.c).
 * Unsigned bytes become signed ones at the first opportunity: values and zero points 128 lower. */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

static bool is_whole(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_UINT8 || dtype == RG_DTYPE_INT16 ||
           dtype == RG_DTYPE_UINT16;
}

static size_t elements(const rg_shape *shape) {
    int64_t n = 0;
    return rg_shape_elements(shape, &n) ? (size_t)n : 0;
}

/* Scales and zero points as constants of a node: one, or one for each part of dimension `axis`. */
typedef struct scales {
    const rg_tensor *scale, *zero; /* zero may be NULL */
    size_t n;
    uint32_t axis;
} scales;

static rg_status read_scales(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *x,
                             scales *ret) {
    rg_onnx_value *s = rg_onnx_in(r, node, 1), *z = rg_onnx_in(r, node, 2);
    *ret = (scales){rg_onnx_constant(r, s), z ? rg_onnx_constant(r, z) : NULL, 0, 0};
    if (!ret->scale || (z && !ret->zero))
        return rg_onnx_cannot(r, "its scale is no constant");
    ret->n = elements(&ret->scale->shape);
    if (ret->scale->dtype != RG_DTYPE_FLOAT32 || (z && elements(&ret->zero->shape) != ret->n))
        return rg_onnx_cannot(r, "scales of %s", rg_dtype_word(ret->scale->dtype));
    if (rg_onnx_attr_int(node, "block_size", 0) || ret->scale->shape.rank > 1)
        return rg_onnx_cannot(r, "scales of blocks");
    if (ret->n == 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has no scale", node->type);
    for (size_t i = 0; i < ret->n; i++) {
        double scale = rg_onnx_element(ret->scale, i);
        if (!isfinite(scale) || scale <= 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s has the scale %g", node->type, scale);
    }
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", 1), x->shape.rank);
    if (ret->n == 1)
        return RG_OK;
    if (axis < 0 || ret->n != (size_t)x->shape.dim[axis])
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has %zu scales, which fit no dimension", node->type,
                            ret->n);
    ret->axis = (uint32_t)axis;
    return RG_OK;
}

/* Those scales as a tensor's; `shift` is added to the zero points. */
static rg_quant as_quant(rg_onnx *r, const scales *from, int32_t shift, uint32_t axis) {
    float *scale = rg_arena_array(r->graph->arena, from->n, sizeof *scale);
    int32_t *zero = rg_arena_array(r->graph->arena, from->n, sizeof *zero);
    if (!scale || !zero) {
        rg_onnx_no_memory(r);
        return (rg_quant){0};
    }
    for (size_t i = 0; i < from->n; i++) {
        scale[i] = (float)rg_onnx_element(from->scale, i);
        zero[i] = (from->zero ? (int32_t)rg_onnx_element(from->zero, i) : 0) + shift;
    }
    return (rg_quant){(uint32_t)from->n, scale, zero, axis};
}

/* --- QuantizeLinear --- */

static void limits_of(rg_dtype dtype, double *ret_low, double *ret_high) {
    unsigned bits = rg_dtype_bits(dtype);
    bool is_signed = dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_INT16;
    *ret_low = is_signed ? -(double)(1 << (bits - 1)) : 0;
    *ret_high = *ret_low + (double)(1 << bits) - 1;
}

/* Weights that are quantized in the graph: done here, as ONNX defines it (halves to even). */
static int32_t quantized_constant(rg_onnx *r, const rg_tensor *x, const scales *s, rg_dtype dtype) {
    size_t n = elements(&x->shape), inner = 1;
    uint8_t *data = rg_arena_array(r->graph->arena, n ? n : 1, rg_dtype_bits(dtype) / 8);
    double low, high;
    if (!data)
        return rg_onnx_no_memory(r), 0;
    limits_of(dtype, &low, &high);
    for (uint32_t d = s->axis + 1; d < x->shape.rank; d++)
        inner *= (size_t)x->shape.dim[d];
    for (size_t i = 0; i < n; i++) {
        size_t c = s->n > 1 ? i / inner % s->n : 0;
        float real = ((const float *)x->data)[i] / ((const float *)s->scale->data)[c];
        double q = (double)rintf(real) + (s->zero ? rg_onnx_element(s->zero, c) : 0);
        q = !(q >= low) ? low : q > high ? high : q;
        if (rg_dtype_bits(dtype) == 8)
            data[i] = (uint8_t)(int64_t)q;
        else
            ((uint16_t *)(void *)data)[i] = (uint16_t)(int64_t)q;
    }
    return rg_onnx_tensor(r, dtype, &x->shape, NULL, data);
}

/* The type that a QuantizeLinear gives. */
static rg_dtype quantized_type(const rg_onnx_node *node, const scales *s) {
    bool known;
    rg_dtype named = rg_onnx_dtype((int32_t)rg_onnx_attr_int(node, "output_dtype", 0), &known);
    return s->zero ? s->zero->dtype : known ? named : RG_DTYPE_UINT8;
}

/* A value that has integers already: they themselves where the scales are equal, else rescaled. */
static int32_t requantized(rg_onnx *r, rg_onnx_form form, rg_dtype dtype, const rg_quant *quant) {
    rg_tensor from = *rg_onnx_at(r, form.tensor);
    if (from.dtype == dtype && from.quant.n == 1 && from.quant.scale[0] == quant->scale[0] &&
        from.quant.zero_point[0] == quant->zero_point[0])
        return form.tensor;
    return rg_onnx_emit_unary(r, "quantize", form.tensor, dtype, &from.shape, quant);
}

/* Scales that are no constants, or lie in blocks. */
static bool needs_steps(rg_onnx *r, const rg_onnx_node *node) {
    rg_onnx_value *scale = rg_onnx_in(r, node, 1), *zero = rg_onnx_in(r, node, 2);
    return !rg_onnx_constant(r, scale) || (zero && !rg_onnx_constant(r, zero)) ||
           rg_onnx_attr_int(node, "block_size", 0) || scale->shape.rank > 1;
}

rg_status rg_onnx_quantize(rg_onnx *r, rg_onnx_node *node, const char *word) {
    scales s;
    rg_onnx_form form;
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    if (needs_steps(r, node))
        return rg_onnx_quantize_steps(r, node, word);
    rg_status status = read_scales(r, node, x, &s);
    if (status != RG_OK)
        return status;
    rg_dtype dtype = quantized_type(node, &s);
    const rg_tensor *constant = rg_onnx_constant(r, x);
    rg_onnx_value *y = &r->values[node->out[0]];
    if (!is_whole(dtype))
        return rg_onnx_cannot(r, "to %s", rg_dtype_word(dtype));
    if (constant && constant->dtype == RG_DTYPE_FLOAT32) {
        rg_tensor plain = *rg_onnx_at(r, rg_onnx_get(r, x, NULL, RG_DTYPE_FLOAT32));
        rg_onnx_order order = rg_onnx_plain(plain.shape.rank);
        rg_onnx_define(r, y, dtype, quantized_constant(r, &plain, &s, dtype), &order);
        return r->status;
    }
    if (s.n != 1)
        return rg_onnx_quantize_steps(r, node, word);
    bool is_signed = dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_INT16;
    unsigned bits = rg_dtype_bits(dtype);
    rg_quant quant = as_quant(r, &s, is_signed ? 0 : -(1 << (bits - 1)), 0);
    rg_dtype ours = bits == 8 ? RG_DTYPE_INT8 : RG_DTYPE_INT16;
    if (!rg_onnx_quantized(r, x, &form) || rg_onnx_at(r, form.tensor)->quant.n != 1) {
        form = rg_onnx_first(x);
        form.tensor = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    }
    if (r->status == RG_OK)
        rg_onnx_define(r, y, dtype, requantized(r, form, ours, &quant), &form.order);
    return r->status;
}

/* --- DequantizeLinear --- */

/* Four-bit constants as bytes: the same numbers. */
static int32_t unpacked(rg_onnx *r, const rg_tensor *t) {
    size_t n = elements(&t->shape);
    int8_t *data = rg_arena_array(r->graph->arena, n ? n : 1, 1);
    if (!data)
        return rg_onnx_no_memory(r), 0;
    for (size_t i = 0; i < n; i++)
        data[i] = (int8_t)rg_onnx_element(t, i);
    return rg_onnx_tensor(r, RG_DTYPE_INT8, &t->shape, NULL, data);
}

/* The integers of a value in signed form, and what that adds to zero points. */
static rg_onnx_form signed_form(rg_onnx *r, rg_onnx_value *x, int32_t *ret_shift) {
    rg_onnx_form form = rg_onnx_first(x);
    const rg_tensor t = *rg_onnx_at(r, form.tensor);
    *ret_shift = x->dtype == RG_DTYPE_UINT8 ? -128 : x->dtype == RG_DTYPE_UINT16 ? -32768 : 0;
    if (t.data && rg_dtype_bits(t.dtype) == 4)
        form.tensor = unpacked(r, &t);
    else if (x->dtype == RG_DTYPE_UINT8)
        form.tensor = rg_onnx_get(r, x, &form.order, RG_DTYPE_INT8);
    return form;
}

/* The same tensor with these scales. */
static int32_t scaled(rg_onnx *r, int32_t tensor, const rg_quant *quant) {
    rg_tensor t = *rg_onnx_at(r, tensor);
    if (quant->n == 1)
        return rg_onnx_with_quant(r, tensor, quant->scale[0], quant->zero_point[0]);
    int32_t out = rg_onnx_tensor(r, t.dtype, &t.shape, quant, t.data);
    if (!t.data)
        rg_onnx_emit(r, "reshape", &tensor, 1, &out, 1, NULL, 0);
    return out;
}

rg_status rg_onnx_dequantize(rg_onnx *r, rg_onnx_node *node, const char *word) {
    scales s;
    int32_t shift = 0;
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    if (needs_steps(r, node) && !(rg_dtype_bits(x->dtype) == 4 && rg_onnx_constant(r, x)))
        return rg_onnx_dequantize_steps(r, node, word);
    rg_status status = read_scales(r, node, x, &s);
    if (status != RG_OK)
        return status;
    if (!is_whole(x->dtype) && x->dtype != RG_DTYPE_INT32 &&
        !(rg_dtype_bits(x->dtype) == 4 && rg_onnx_constant(r, x)))
        return rg_onnx_cannot(r, "from %s", rg_dtype_word(x->dtype));
    if (s.zero && s.zero->dtype != x->dtype)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has a zero point of %s for values of %s",
                            node->type, rg_dtype_word(s.zero->dtype), rg_dtype_word(x->dtype));
    rg_onnx_form form = signed_form(r, x, &shift);
    if (rg_onnx_at(r, form.tensor)->dtype == RG_DTYPE_UINT16)
        return rg_onnx_dequantize_steps(r, node, word);
    rg_quant quant = as_quant(r, &s, shift, rg_onnx_place(&form.order, s.axis));
    if (r->status != RG_OK)
        return r->status;
    int32_t tensor = scaled(r, form.tensor, &quant);
    rg_tensor t = *rg_onnx_at(r, tensor);
    if (quant.n > 1 && !t.data) /* only "dequantize" knows channels of what is no constant */
        tensor = rg_onnx_emit_unary(r, "dequantize", tensor, RG_DTYPE_FLOAT32, &t.shape, NULL);
    rg_onnx_define(r, &r->values[node->out[0]], RG_DTYPE_FLOAT32, tensor, &form.order);
    return r->status;
}
