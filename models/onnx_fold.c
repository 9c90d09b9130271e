/* onnx_fold.c: constants that a graph makes (onnx_arithmetic.c: what it computes from them). */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

enum { FILL_MAX = 1 << 20 };

static size_t elements(const rg_shape *shape) {
    int64_t n = 0;
    return rg_shape_elements(shape, &n) ? (size_t)n : 0;
}

static void store(const rg_tensor *t, void *data, size_t i, double value) {
    if (t->dtype == RG_DTYPE_FLOAT32)
        ((float *)data)[i] = (float)value;
    else if (t->dtype == RG_DTYPE_INT64)
        ((int64_t *)data)[i] = (int64_t)value;
    else if (t->dtype == RG_DTYPE_INT32)
        ((int32_t *)data)[i] = (int32_t)value;
    else
        ((uint8_t *)data)[i] = value != 0;
}

bool rg_onnx_folds(rg_dtype dtype) {
    return dtype == RG_DTYPE_FLOAT32 || dtype == RG_DTYPE_INT64 || dtype == RG_DTYPE_INT32 ||
           dtype == RG_DTYPE_BOOL;
}

static double within(rg_dtype dtype, double value) {
    double most = dtype == RG_DTYPE_INT64 ? 9.0e15 : dtype == RG_DTYPE_INT32 ? 2147483647.0 : 0;
    if (most == 0)
        return value;
    return !(value > -most) ? -most : value > most ? most : trunc(value);
}

rg_status rg_onnx_define_numbers(rg_onnx *r, const rg_onnx_node *node, rg_dtype dtype,
                                 const rg_shape *shape, const double *values) {
    size_t n = elements(shape);
    rg_tensor like = {.dtype = dtype};
    rg_onnx_order order = rg_onnx_plain(shape->rank);
    void *data = rg_arena_array(r->graph->arena, n ? n : 1, 8);
    if (!data)
        return rg_onnx_no_memory(r);
    for (size_t i = 0; i < n; i++)
        store(&like, data, i, within(dtype, values[i]));
    int32_t tensor = rg_onnx_tensor(r, dtype, shape, NULL, data);
    rg_onnx_define(r, &r->values[node->out[0]], dtype, tensor, &order);
    return r->status;
}

/* --- constants --- */

static rg_status constant_numbers(rg_onnx *r, const rg_onnx_node *node,
                                  const Rg__Onnx__Attribute *attr, bool list) {
    static const double nothing;
    size_t n = list ? attr->n_ints + attr->n_floats : 1;
    bool real = list ? attr->n_floats > 0 : attr->has_f;
    rg_shape shape = {list, {(int32_t)n}};
    double *values = rg_arena_array(r->graph->arena, n ? n : 1, sizeof *values);
    if (!values || n > INT32_MAX)
        return rg_onnx_no_memory(r);
    for (size_t i = 0; i < n; i++)
        values[i] = list   ? (real ? (double)attr->floats[i] : (double)attr->ints[i])
                    : real ? (double)attr->f
                           : (double)attr->i;
    return rg_onnx_define_numbers(r, node, real ? RG_DTYPE_FLOAT32 : RG_DTYPE_INT64, &shape,
                                  n ? values : &nothing);
}

rg_status rg_onnx_constant_node(rg_onnx *r, rg_onnx_node *node, const char *word) {
    static const char *const names[] = {"value_int", "value_float", "value_ints", "value_floats"};
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, "value");
    (void)word;
    if (attr && attr->t) {
        int32_t tensor = rg_onnx_load(r, attr->t, "a constant");
        if (r->status != RG_OK)
            return r->status;
        const rg_tensor *t = rg_onnx_at(r, tensor);
        rg_onnx_order order = rg_onnx_plain(t->shape.rank);
        rg_onnx_define(r, &r->values[node->out[0]], t->dtype, tensor, &order);
        return r->status;
    }
    for (int i = 0; i < 4; i++) {
        attr = rg_onnx_attr(node, names[i]);
        if (attr)
            return constant_numbers(r, node, attr, i > 1);
    }
    return rg_onnx_cannot(r, "of texts or a sparse tensor");
}

rg_status rg_onnx_constant_of_shape(rg_onnx *r, rg_onnx_node *node, const char *word) {
    double dims[RG_MAX_RANK], value = 0;
    uint32_t n = 0;
    size_t count;
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, "value");
    rg_dtype dtype = RG_DTYPE_FLOAT32;
    rg_shape shape = {0};
    (void)word;
    if (!rg_onnx_numbers(r, rg_onnx_in(r, node, 0), dims, RG_MAX_RANK, &n))
        return rg_onnx_cannot(r, "its shape is no constant");
    if (attr && attr->t) {
        int32_t tensor = rg_onnx_load(r, attr->t, "a constant");
        if (r->status != RG_OK)
            return r->status;
        const rg_tensor *t = rg_onnx_at(r, tensor);
        dtype = t->dtype;
        if (elements(&t->shape) != 1 || !rg_onnx_folds(dtype))
            return rg_onnx_cannot(r, "of %s", rg_dtype_word(dtype));
        value = rg_onnx_element(t, 0);
    }
    shape.rank = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!(dims[i] >= 0) || dims[i] > FILL_MAX)
            return rg_onnx_cannot(r, "of that shape");
        shape.dim[i] = (int32_t)dims[i];
    }
    count = elements(&shape);
    if (count > FILL_MAX)
        return rg_onnx_cannot(r, "of more than %d elements", (int)FILL_MAX);
    double *values = rg_arena_array(r->graph->arena, count ? count : 1, sizeof *values);
    if (!values)
        return rg_onnx_no_memory(r);
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    return rg_onnx_define_numbers(r, node, dtype, &shape, values);
}

rg_status rg_onnx_shape_of(rg_onnx *r, rg_onnx_node *node, const char *word) {
    const rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t rank = x->shape.rank, from = rg_onnx_attr_int(node, "start", 0),
            to = rg_onnx_attr_int(node, "end", rank);
    double dims[RG_MAX_RANK] = {0};
    (void)word;
    from += from < 0 ? rank : 0;
    to += to < 0 ? rank : 0;
    from = from < 0 ? 0 : from > rank ? rank : from;
    to = to < from ? from : to > rank ? rank : to;
    rg_shape shape = {1, {(int32_t)(to - from)}};
    for (int64_t i = from; i < to; i++)
        dims[i - from] = x->shape.dim[i];
    return rg_onnx_define_numbers(r, node, RG_DTYPE_INT64, &shape, dims);
}
