/* onnx_copy.c: the same elements as another type, or several times. */
#include <string.h>

#include "models/onnx_read.h"

rg_status rg_onnx_cast(rg_onnx *r, rg_onnx_node *node, const char *word) {
    static const rg_dtype can[] = {RG_DTYPE_FLOAT32, RG_DTYPE_INT8,  RG_DTYPE_UINT8, RG_DTYPE_INT16,
                                   RG_DTYPE_INT32,   RG_DTYPE_INT64, RG_DTYPE_BOOL};
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    bool known, from = false, to = false;
    rg_dtype dtype = rg_onnx_dtype((int32_t)rg_onnx_attr_int(node, "to", 0), &known);
    (void)word;
    for (size_t i = 0; i < sizeof can / sizeof can[0]; i++) {
        from |= can[i] == x->dtype;
        to |= can[i] == dtype;
    }
    if (!known || !from || !to)
        return rg_onnx_cannot(r, "from %s to %s", rg_dtype_word(x->dtype), rg_dtype_word(dtype));
    if (dtype == x->dtype)
        return rg_onnx_identity(r, node, "");
    rg_onnx_form form = rg_onnx_first(x);
    form.tensor = rg_onnx_get(r, x, &form.order, x->dtype);
    const rg_shape shape = rg_onnx_at(r, form.tensor)->shape;
    int32_t out = rg_onnx_emit_unary(r, "cast", form.tensor, dtype, &shape, NULL);
    rg_onnx_define(r, &r->values[node->out[0]], dtype, out, &form.order);
    return r->status;
}

rg_status rg_onnx_expand(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t list[RG_ONNX_LIST], numbers[RG_MAX_RANK];
    uint32_t n = 0;
    (void)word;
    if (!rg_onnx_list(r, node, "", 1, list, &n))
        return rg_onnx_no_constant(r, "shape");
    uint32_t rank = n > x->shape.rank ? n : x->shape.rank;
    if (rank > RG_MAX_RANK)
        return rg_onnx_cannot(r, "to %u dimensions", rank);
    rg_shape shape = {rank, {0}};
    for (uint32_t back = 1; back <= rank; back++) {
        int64_t from = back <= x->shape.rank ? x->shape.dim[x->shape.rank - back] : 1;
        int64_t to = back <= n ? list[n - back] : 1;
        if ((from != to && from != 1 && to != 1) || to < 1)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s to a shape that does not fit", node->type);
        numbers[rank - back] = from == 1 ? to : from;
        shape.dim[rank - back] = (int32_t)numbers[rank - back];
    }
    rg_onnx_order order = rg_onnx_plain(rank);
    rg_onnx_form form = rg_onnx_movable(r, x, true);
    if (r->status != RG_OK)
        return r->status;
    int32_t t = rg_onnx_spread(r, x, rank, &order, rg_onnx_at(r, form.tensor)->dtype);
    int32_t in[] = {t, rg_onnx_ints(r, numbers, rank)}, out = rg_onnx_like(r, t, &shape);
    rg_onnx_emit(r, "broadcast_to", in, 2, &out, 1, NULL, 0);
    return rg_onnx_moved(r, node, x, out, &order);
}

rg_status rg_onnx_tile(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t list[RG_ONNX_LIST], times[RG_MAX_RANK];
    uint32_t n = 0;
    (void)word;
    if (!rg_onnx_list(r, node, "", 1, list, &n))
        return rg_onnx_no_constant(r, "list of repeats");
    if (n != x->shape.rank)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s with %u repeats", node->type, n);
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    if (r->status != RG_OK)
        return r->status;
    rg_shape shape = rg_onnx_at(r, form.tensor)->shape;
    for (uint32_t i = 0; i < n; i++) {
        times[i] = list[form.order.at[i]];
        int64_t dim = times[i] * shape.dim[i];
        if (times[i] < 1 || dim > INT32_MAX)
            return rg_onnx_cannot(r, "%lld times", (long long)times[i]);
        shape.dim[i] = (int32_t)dim;
    }
    int32_t in[] = {form.tensor, rg_onnx_ints(r, times, n)},
            out = rg_onnx_like(r, form.tensor, &shape);
    rg_onnx_emit(r, "tile", in, 2, &out, 1, NULL, 0);
    return rg_onnx_moved(r, node, x, out, &form.order);
}
