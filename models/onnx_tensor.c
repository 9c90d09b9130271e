/* onnx_tensor.c: failing, and putting together the graph that an .onnx file becomes: tensors,
 * nodes, constants, views. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/onnx_read.h"

rg_status rg_onnx_fail(rg_onnx *r, rg_status status, const char *format, ...) {
    char text[512];
    if (r->status != RG_OK)
        return r->status;
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    r->status = rg_fail(r->err, status, NULL, "%s", text);
    return r->status;
}

rg_status rg_onnx_no_memory(rg_onnx *r) {
    return rg_onnx_fail(r, RG_NO_MEMORY, "it needs more memory than the limit of %zu bytes",
                        r->limits->graph_bytes);
}

rg_status rg_onnx_cannot(rg_onnx *r, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(r->why, sizeof r->why, format, list);
    va_end(list);
    return r->status != RG_OK ? r->status : RG_UNSUPPORTED;
}

/* --- building --- */

/* An array with room for one more, doubled where needed; NULL: no memory. */
static void *room_for_one(rg_onnx *r, void *array, uint32_t n, uint32_t *cap, size_t size) {
    if (n < *cap)
        return array;
    uint32_t more = *cap ? *cap * 2 : 64;
    char *grown = rg_arena_array(r->graph->arena, more, size);
    if (!grown)
        return NULL;
    if (n)
        memcpy(grown, array, n * size);
    *cap = more;
    return grown;
}

/* Nodes and tensors of ours may be more than the file's: layouts need some, by a small factor. */
static bool within(rg_onnx *r, uint32_t n, uint32_t limit, const char *what) {
    if (n < 4 * (uint64_t)limit + 64)
        return true;
    rg_onnx_fail(r, RG_NO_MEMORY, "it becomes more than %u %s", n, what);
    return false;
}

rg_tensor *rg_onnx_at(rg_onnx *r, int32_t tensor) {
    return &r->graph->tensors[tensor];
}

int32_t rg_onnx_tensor(rg_onnx *r, rg_dtype dtype, const rg_shape *shape, const rg_quant *quant,
                       const void *data) {
    rg_graph *g = r->graph;
    if (r->status != RG_OK || !within(r, g->n_tensors, r->limits->tensors, "tensors"))
        return 0;
    rg_tensor *grown = room_for_one(r, g->tensors, g->n_tensors, &r->cap_tensors, sizeof *grown);
    rg_tensor t = {.name = r->naming, .dtype = dtype, .shape = *shape, .data = data};
    if (!grown) {
        rg_onnx_no_memory(r);
        return 0;
    }
    g->tensors = grown;
    if (quant)
        t.quant = *quant;
    if (rg_tensor_bytes(shape, dtype, &t.bytes, r->err) != RG_OK) {
        r->status = RG_BAD_DATA;
        return 0;
    }
    g->tensors[g->n_tensors] = t;
    return (int32_t)g->n_tensors++;
}

void rg_onnx_emit(rg_onnx *r, const char *kind, const int32_t *in, uint32_t n_in,
                  const int32_t *out, uint32_t n_out, const rg_attr *attrs, uint32_t n_attrs) {
    rg_graph *g = r->graph;
    if (r->status != RG_OK || !within(r, g->n_nodes, r->limits->nodes, "nodes"))
        return;
    rg_node *grown = room_for_one(r, g->nodes, g->n_nodes, &r->cap_nodes, sizeof *grown);
    rg_node node = {.kind = kind, .name = r->naming, .known = true};
    if (grown)
        g->nodes = grown;
    node.n_in = n_in;
    node.n_out = n_out;
    node.n_attrs = n_attrs;
    node.in = rg_arena_copy(g->arena, in, n_in * sizeof *in);
    node.out = rg_arena_copy(g->arena, out, n_out * sizeof *out);
    node.attrs = n_attrs ? rg_arena_copy(g->arena, attrs, n_attrs * sizeof *attrs) : NULL;
    if (!grown || (n_in && !node.in) || (n_out && !node.out) || (n_attrs && !node.attrs)) {
        rg_onnx_no_memory(r);
        return;
    }
    g->nodes[g->n_nodes++] = node;
}

int32_t rg_onnx_emit_unary(rg_onnx *r, const char *kind, int32_t in, rg_dtype dtype,
                           const rg_shape *shape, const rg_quant *quant) {
    int32_t out = rg_onnx_tensor(r, dtype, shape, quant, NULL);
    rg_onnx_emit(r, kind, &in, 1, &out, 1, NULL, 0);
    return out;
}

int32_t rg_onnx_ints(rg_onnx *r, const int64_t *values, uint32_t n) {
    rg_shape shape = {1, {(int32_t)n}};
    int32_t *data = rg_arena_array(r->graph->arena, n ? n : 1, sizeof *data);
    if (!data) {
        rg_onnx_no_memory(r);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        data[i] = (int32_t)values[i];
    return rg_onnx_tensor(r, RG_DTYPE_INT32, &shape, NULL, data);
}

int32_t rg_onnx_real(rg_onnx *r, float value) {
    rg_shape shape = {0};
    float *data = rg_arena_copy(r->graph->arena, &value, sizeof value);
    if (!data)
        rg_onnx_no_memory(r);
    return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, data);
}

static int64_t product(const rg_shape *shape, uint32_t from) {
    int64_t n = 1;
    for (uint32_t d = from; d < shape->rank; d++)
        n *= shape->dim[d];
    return n;
}

/* Finds the dimension of the scales again under a new shape. */
static bool move_axis(rg_quant *quant, const rg_shape *from, const rg_shape *to) {
    if (quant->n < 2)
        return true;
    int64_t behind = product(from, quant->axis + 1);
    for (uint32_t d = 0; d < to->rank; d++) {
        if ((uint32_t)to->dim[d] == quant->n && product(to, d + 1) == behind) {
            quant->axis = d;
            return true;
        }
    }
    return false;
}

int32_t rg_onnx_view(rg_onnx *r, int32_t tensor, const rg_shape *shape) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    if (rg_shape_equal(&from.shape, shape))
        return tensor;
    if (!move_axis(&from.quant, &from.shape, shape)) {
        rg_onnx_fail(r, RG_UNSUPPORTED,
                     "%s has scales of channels, which its new shape takes apart", from.name);
        return 0;
    }
    int32_t out = rg_onnx_tensor(r, from.dtype, shape, &from.quant, from.data);
    if (!from.data)
        rg_onnx_emit(r, "reshape", &tensor, 1, &out, 1, NULL, 0);
    return out;
}

rg_quant rg_onnx_one_scale(rg_onnx *r, float scale, int32_t zero) {
    float *s = rg_arena_copy(r->graph->arena, &scale, sizeof scale);
    int32_t *z = rg_arena_copy(r->graph->arena, &zero, sizeof zero);
    if (!s || !z) {
        rg_onnx_no_memory(r);
        return (rg_quant){0};
    }
    return (rg_quant){1, s, z, 0};
}

int32_t rg_onnx_with_quant(rg_onnx *r, int32_t tensor, float scale, int32_t zero) {
    rg_tensor *t = rg_onnx_at(r, tensor);
    if (t->quant.n == 1 && t->quant.scale[0] == scale && t->quant.zero_point[0] == zero)
        return tensor;
    rg_quant quant = rg_onnx_one_scale(r, scale, zero);
    if (t->quant.n == 0 && !t->data) {
        t->quant = quant;
        return tensor;
    }
    rg_tensor from = *t;
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, &quant, from.data);
    if (!from.data)
        rg_onnx_emit(r, "reshape", &tensor, 1, &out, 1, NULL, 0);
    return out;
}
