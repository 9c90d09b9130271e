/* onnx_emit.c: constants of an .onnx file, and the values that tensors of ours become. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

/* Numbers of ONNX's schema. */
enum { TENSOR_DIMS = 1, TENSOR_TYPE, TENSOR_NAME = 8, TENSOR_RAW };
enum { GRAPH_INITIALIZER = 5 };

/* --- constants --- */

const char *rg_onnx_data(rg_onnx_writing *s, const char *name, int32_t type, const int64_t *dims,
                         uint32_t rank, const void *data, size_t bytes) {
    rg_text tensor = {0};
    for (uint32_t i = 0; i < rank; i++)
        rg_onnx_put_int(&tensor, TENSOR_DIMS, dims[i]);
    rg_onnx_put_int(&tensor, TENSOR_TYPE, type);
    rg_onnx_put_text(&tensor, TENSOR_NAME, name);
    rg_onnx_put_bytes(&tensor, TENSOR_RAW, data, bytes);
    rg_onnx_put_message(&s->constants, GRAPH_INITIALIZER, &tensor);
    return name;
}

static const char *named(rg_onnx_writing *s, const char *text) {
    if (!text && s->status == RG_OK)
        s->status = rg_fail(s->err, RG_NO_MEMORY, NULL, "out of memory writing an .onnx");
    return text ? text : "";
}

const char *rg_onnx_new_name(rg_onnx_writing *s, const char *what) {
    return named(s, rg_arena_printf(s->arena, "n%u/%s%u", s->index, what, s->fresh++));
}

const char *rg_onnx_new_ints(rg_onnx_writing *s, const int64_t *values, uint32_t n) {
    int64_t dim = n;
    return rg_onnx_data(s, rg_onnx_new_name(s, "ints"), rg_onnx_type(RG_DTYPE_INT64), &dim, 1,
                        values, n * sizeof *values);
}

const char *rg_onnx_new_real(rg_onnx_writing *s, float value) {
    return rg_onnx_data(s, rg_onnx_new_name(s, "real"), rg_onnx_type(RG_DTYPE_FLOAT32), NULL, 0,
                        &value, sizeof value);
}

/* Element `i` of a constant as bytes; elements of four bits as one byte. */
static void take(const rg_tensor *t, size_t i, size_t size, unsigned char *to) {
    const unsigned char *from = t->data;
    if (rg_dtype_bits(t->dtype) == 4)
        *to = from[i / 2] >> (i % 2 * 4) & 15;
    else
        memcpy(to, from + i * size, size);
}

static void store(const rg_tensor *t, size_t i, size_t size, const unsigned char *from,
                  unsigned char *to) {
    if (rg_dtype_bits(t->dtype) == 4)
        to[i / 2] |= (unsigned char)(*from << (i % 2 * 4));
    else
        memcpy(to + i * size, from, size);
}

/* Copies all elements into another order of dimensions; `to` is zeroed. */
static void reorder(const rg_tensor *t, const uint8_t *order, unsigned char *to) {
    size_t step[RG_MAX_RANK], at[RG_MAX_RANK] = {0}, source = 0, n = 1;
    size_t size = rg_dtype_bits(t->dtype) < 8 ? 1 : rg_dtype_bits(t->dtype) / 8;
    unsigned char element[16];
    for (uint32_t i = 0; i < t->shape.rank; i++) {
        n *= (size_t)t->shape.dim[i];
        step[i] = 1;
        for (uint32_t d = order[i] + 1u; d < t->shape.rank; d++)
            step[i] *= (size_t)t->shape.dim[d];
    }
    for (size_t i = 0; i < n; i++) {
        take(t, source, size, element);
        store(t, i, size, element, to);
        for (uint32_t d = t->shape.rank; d-- > 0;) {
            source += step[d];
            if (++at[d] < (size_t)t->shape.dim[order[d]])
                break;
            source -= step[d] * at[d];
            at[d] = 0;
        }
    }
}

const char *rg_onnx_ordered_data(rg_onnx_writing *s, int32_t tensor, const uint8_t *order,
                                 const char *what) {
    const rg_tensor *t = &s->graph->tensors[tensor];
    const char *name = named(s, rg_arena_printf(s->arena, "%s%s", s->names[tensor], what));
    int64_t dims[RG_MAX_RANK];
    unsigned char *data = calloc(t->bytes + 1, 1);
    if (!data) {
        named(s, NULL);
        return "";
    }
    for (uint32_t i = 0; i < t->shape.rank; i++)
        dims[i] = t->shape.dim[order[i]];
    reorder(t, order, data);
    rg_onnx_data(s, name, rg_onnx_type(t->dtype), dims, t->shape.rank, data, t->bytes);
    free(data);
    return name;
}

/* --- scales --- */

bool rg_onnx_is_quantized(const rg_tensor *t) {
    return t->quant.n > 0 && t->dtype != RG_DTYPE_FLOAT32 && t->dtype != RG_DTYPE_INT64 &&
           t->dtype != RG_DTYPE_BOOL;
}

/* Zero points in the tensor's own type. */
static void put_zeros(rg_onnx_writing *s, const rg_tensor *t, const char *name, uint32_t rank) {
    int64_t dim = t->quant.n;
    size_t size = rg_dtype_bits(t->dtype) < 8 ? 1 : rg_dtype_bits(t->dtype) / 8;
    unsigned char *data = calloc(t->quant.n + 1, size);
    if (!data) {
        named(s, NULL);
        return;
    }
    size_t bytes = rg_dtype_bits(t->dtype) < 8 ? (t->quant.n + 1) / 2 : t->quant.n * size;
    for (uint32_t c = 0; c < t->quant.n; c++) {
        int32_t zero = t->quant.zero_point ? t->quant.zero_point[c] : 0;
        unsigned char element[4];
        memcpy(element, &zero, 4);
        element[0] &= rg_dtype_bits(t->dtype) < 8 ? 15 : 255;
        store(t, c, size, element, data);
    }
    rg_onnx_data(s, name, rg_onnx_type(t->dtype), &dim, rank, data, bytes);
    free(data);
}

void rg_onnx_scale_names(rg_onnx_writing *s, int32_t tensor, const char **ret_scale,
                         const char **ret_zero) {
    const rg_tensor *t = &s->graph->tensors[tensor];
    uint32_t rank = t->quant.n > 1;
    int64_t dim = t->quant.n;
    *ret_scale = named(s, rg_arena_printf(s->arena, "%s/scale", s->names[tensor]));
    *ret_zero = named(s, rg_arena_printf(s->arena, "%s/zero", s->names[tensor]));
    if (s->scaled[tensor])
        return;
    s->scaled[tensor] = true;
    rg_onnx_data(s, *ret_scale, rg_onnx_type(RG_DTYPE_FLOAT32), &dim, rank, t->quant.scale,
                 t->quant.n * sizeof(float));
    put_zeros(s, t, *ret_zero, rank);
}

/* --- values --- */

static uint8_t bit_of(rg_onnx_layout layout, bool real) {
    return (uint8_t)(1 << (layout + 2 * real));
}

static const char *name_of(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout, bool real) {
    if (layout == RG_ONNX_OURS && !real)
        return s->names[tensor];
    return named(s, rg_arena_printf(s->arena, "%s%s%s", s->names[tensor],
                                    layout == RG_ONNX_NCHW ? "/nchw" : "", real ? "/real" : ""));
}

const char *rg_onnx_raw_name(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    return name_of(s, tensor, layout, false);
}

const char *rg_onnx_real_name(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    if (!rg_onnx_is_quantized(&s->graph->tensors[tensor]))
        return rg_onnx_raw_name(s, tensor, layout);
    return named(s, rg_arena_printf(s->arena, "%s/exact", name_of(s, tensor, layout, true)));
}

/* Channels first from ours, and back. */
static const uint8_t to_nchw[] = {0, 3, 1, 2};
static const int64_t perm_nchw[] = {0, 3, 1, 2}, perm_ours[] = {0, 2, 3, 1};

const char *rg_onnx_raw(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    static const uint8_t plain[] = {0, 1, 2, 3, 4, 5};
    const rg_tensor *t = &s->graph->tensors[tensor];
    const char *name = name_of(s, tensor, layout, false);
    if (s->have[tensor] & bit_of(layout, false) || s->status != RG_OK)
        return name;
    s->have[tensor] |= bit_of(layout, false);
    if (t->data) {
        bool turns = layout == RG_ONNX_NCHW && t->shape.rank == 4;
        return rg_onnx_ordered_data(s, tensor, turns ? to_nchw : plain,
                                    layout == RG_ONNX_NCHW ? "/nchw" : "");
    }
    rg_onnx_layout other = layout == RG_ONNX_NCHW ? RG_ONNX_OURS : RG_ONNX_NCHW;
    const char *from = name_of(s, tensor, other, false);
    rg_onnx_begin(s, "Transpose", &from, 1, &name, 1);
    rg_onnx_give_ints(s, "perm", layout == RG_ONNX_NCHW ? perm_nchw : perm_ours, 4);
    rg_onnx_end_node(s, false);
    return name;
}

/* The dimension of scales in a layout. */
static int64_t axis_in(const rg_tensor *t, rg_onnx_layout layout) {
    for (int64_t i = 0; layout == RG_ONNX_NCHW && i < 4; i++) {
        if (to_nchw[i] == t->quant.axis)
            return i;
    }
    return t->quant.axis;
}

static void needs_version(rg_onnx_writing *s, rg_dtype dtype) {
    bool recent = dtype == RG_DTYPE_INT16 || dtype == RG_DTYPE_UINT16 || dtype == RG_DTYPE_INT4;
    s->opset = recent && s->opset < 21 ? 21 : s->opset;
}

const char *rg_onnx_real_value(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    const rg_tensor *t = &s->graph->tensors[tensor];
    bool bare =
        t->dtype == RG_DTYPE_INT8 || t->dtype == RG_DTYPE_UINT8 || t->dtype == RG_DTYPE_INT16;
    if (!rg_onnx_is_quantized(t) && bare)
        rg_onnx_refuse(s, "its integers have no scale");
    if (!rg_onnx_is_quantized(t))
        return rg_onnx_raw(s, tensor, layout);
    const char *name = name_of(s, tensor, layout, true), *in[3];
    if (s->have[tensor] & bit_of(layout, true) || s->status != RG_OK)
        return name;
    s->have[tensor] |= bit_of(layout, true);
    in[0] = rg_onnx_raw(s, tensor, layout);
    rg_onnx_scale_names(s, tensor, &in[1], &in[2]);
    needs_version(s, t->dtype);
    rg_onnx_begin(s, "DequantizeLinear", in, 3, &name, 1);
    if (t->quant.n > 1)
        rg_onnx_give_int(s, "axis", axis_in(t, layout));
    rg_onnx_end_node(s, false);
    return name;
}

void rg_onnx_raw_done(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    s->have[tensor] |= bit_of(layout, false);
}

void rg_onnx_real_done(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout) {
    const rg_tensor *t = &s->graph->tensors[tensor];
    const char *in[] = {rg_onnx_real_name(s, tensor, layout), NULL, NULL};
    rg_onnx_raw_done(s, tensor, layout);
    if (!rg_onnx_is_quantized(t))
        return;
    rg_onnx_scale_names(s, tensor, &in[1], &in[2]);
    needs_version(s, t->dtype);
    rg_onnx_simple(s, "QuantizeLinear", in, 3, name_of(s, tensor, layout, false));
}

rg_onnx_layout rg_onnx_layout_of(rg_onnx_writing *s, const rg_node *node, uint32_t n_in) {
    bool turned = false;
    for (uint32_t i = 0; i < n_in && i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(s->graph, node, i);
        if (!t)
            continue;
        bool single = t->data && t->shape.rank == 0;
        if (t->shape.rank != 4 && !single)
            return RG_ONNX_OURS;
        bool nchw = s->have[node->in[i]] & bit_of(RG_ONNX_NCHW, false);
        bool ours = s->have[node->in[i]] & bit_of(RG_ONNX_OURS, false);
        turned |= nchw && !ours && !t->data;
    }
    const rg_tensor *out = rg_node_out(s->graph, node, 0);
    return turned && out && out->shape.rank == 4 ? RG_ONNX_NCHW : RG_ONNX_OURS;
}

int64_t rg_onnx_file_dim(rg_onnx_layout layout, int64_t dim) {
    return layout == RG_ONNX_OURS || dim == 0 ? dim : dim == 3 ? 1 : dim + 1;
}
