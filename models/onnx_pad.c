/* onnx_pad.c: borders, and pixels to channels and back. */
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

/* The pads of each dimension of the value: all befores, then all afters. */
static rg_status read_pads(rg_onnx *r, const rg_onnx_node *node, uint32_t rank, int64_t *before,
                           int64_t *after) {
    int64_t list[RG_ONNX_LIST], axes[RG_ONNX_LIST];
    uint32_t n = 0, n_axes = 0;
    const char *name = rg_onnx_attr(node, "paddings") ? "paddings" : "pads";
    if (!rg_onnx_list(r, node, name, 1, list, &n) || !rg_onnx_list(r, node, "", 3, axes, &n_axes))
        return rg_onnx_no_constant(r, "padding");
    uint32_t some = n_axes ? n_axes : rank;
    if (n != 2 * some || some > rank)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s with %u numbers for %u dimensions", node->type, n,
                            rank);
    for (uint32_t i = 0; i < some; i++) {
        int32_t d = rg_onnx_axis(n_axes ? axes[i] : i, rank);
        if (d < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s of a dimension that is not there", node->type);
        before[d] = list[i];
        after[d] = list[some + i];
        if (before[d] < 0 || after[d] < 0)
            return rg_onnx_cannot(r, "by less than nothing");
    }
    return RG_OK;
}

/* Pairs of pads in the tensor's order, and the padded shape; false when that is too large. */
static bool padded(const rg_onnx_form *form, const int64_t *before, const int64_t *after,
                   int64_t *pairs, rg_shape *shape) {
    for (uint32_t i = 0; i < shape->rank; i++) {
        uint32_t d = form->order.at[i];
        int64_t dim = shape->dim[i] + before[d] + after[d];
        if (dim > INT32_MAX)
            return false;
        shape->dim[i] = (int32_t)dim;
        pairs[2 * i] = before[d];
        pairs[2 * i + 1] = after[d];
    }
    return true;
}

rg_status rg_onnx_pad(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *v = rg_onnx_in(r, node, 2);
    int64_t before[RG_MAX_RANK] = {0}, after[RG_MAX_RANK] = {0}, pairs[2 * RG_MAX_RANK];
    double value = rg_onnx_attr_real(node, "value", 0);
    bool mirrors = rg_onnx_attr_is(node, "mode", "reflect");
    (void)word;
    if (rg_onnx_attr(node, "mode") && !mirrors && !rg_onnx_attr_is(node, "mode", "constant"))
        return rg_onnx_cannot(r, "of another mode than constant and reflect");
    if (v && !rg_onnx_number(r, v, &value) && !mirrors &&
        (v->shape.rank != 0 || v->dtype != RG_DTYPE_FLOAT32 || x->dtype != RG_DTYPE_FLOAT32))
        return rg_onnx_no_constant(r, "value");
    rg_status status = read_pads(r, node, x->shape.rank, before, after);
    if (status != RG_OK)
        return status;
    bool given = v && !rg_onnx_constant(r, v);
    if (value != 0 && x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s with another value than 0", rg_dtype_word(x->dtype));
    rg_onnx_form form = rg_onnx_movable(r, x, false);
    if (!mirrors && (value != 0 || given))
        form.tensor = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return r->status;
    rg_shape shape = rg_onnx_at(r, form.tensor)->shape, list = {2, {(int32_t)shape.rank, 2}};
    if (!padded(&form, before, after, pairs, &shape))
        return rg_onnx_cannot(r, "to too many elements");
    int32_t in[3] = {form.tensor, rg_onnx_view(r, rg_onnx_ints(r, pairs, 2 * shape.rank), &list),
                     0};
    bool third = !mirrors && (value != 0 || given);
    if (third)
        in[2] = given ? rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32) : rg_onnx_real(r, (float)value);
    const rg_attr mode = WORD("mode", "reflect");
    int32_t out = rg_onnx_like(r, form.tensor, &shape);
    rg_onnx_emit(r, mirrors ? "mirror_pad" : "pad", in, third ? 3 : 2, &out, 1, &mode, mirrors);
    return rg_onnx_moved(r, node, x, out, &form.order);
}

/* ONNX's mode CRD has the channels of a block in another order: put into ours first. */
static int32_t regrouped(rg_onnx *r, int32_t image, int64_t block) {
    const rg_shape shape = rg_onnx_at(r, image)->shape;
    int64_t squares = block * block, groups = shape.dim[3] / squares;
    int32_t *numbers = rg_arena_array(r->graph->arena, (size_t)shape.dim[3], sizeof *numbers);
    rg_shape row = {1, {shape.dim[3]}};
    if (!numbers)
        return rg_onnx_no_memory(r), 0;
    for (int64_t k = 0; k < squares; k++) {
        for (int64_t c = 0; c < groups; c++)
            numbers[k * groups + c] = (int32_t)(c * squares + k);
    }
    const rg_attr attrs[] = {INTEGER("axis", 3), INTEGER("batch_dims", 0)};
    int32_t in[] = {image, rg_onnx_tensor(r, RG_DTYPE_INT32, &row, NULL, numbers)};
    int32_t out = rg_onnx_like(r, image, &shape);
    rg_onnx_emit(r, "gather", in, 2, &out, 1, attrs, 2);
    return out;
}

rg_status rg_onnx_blocks(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int64_t block = rg_onnx_attr_int(node, "blocksize", 0);
    bool spreads = !strcmp(word, "depth_to_space");
    if (x->shape.rank != 4 || block < 1 || block > 1 << 12)
        return rg_onnx_cannot(r, "of %u dimensions", x->shape.rank);
    const int32_t *d = x->shape.dim;
    int64_t squares = block * block;
    if (spreads ? d[1] % squares != 0 : d[2] % block != 0 || d[3] % block != 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of a size that its blocks do not divide",
                            node->type);
    int64_t to[] = {d[0], spreads ? d[2] * block : d[2] / block,
                    spreads ? d[3] * block : d[3] / block,
                    spreads ? d[1] / squares : d[1] * squares};
    rg_shape shape = {4, {0}};
    for (int i = 0; i < 4; i++) {
        if (to[i] > INT32_MAX)
            return rg_onnx_cannot(r, "to too many elements");
        shape.dim[i] = (int32_t)to[i];
    }
    rg_onnx_order order = rg_onnx_nhwc(4);
    bool channels = rg_onnx_at(r, rg_onnx_first(x).tensor)->quant.n > 1;
    int32_t image = rg_onnx_get(r, x, &order, channels ? RG_DTYPE_FLOAT32 : RG_DTYPE_ANY);
    if (r->status == RG_OK && spreads && rg_onnx_attr_is(node, "mode", "CRD"))
        image = regrouped(r, image, block);
    if (r->status != RG_OK)
        return r->status;
    const rg_attr attr = INTEGER("block_size", block);
    int32_t out = rg_onnx_like(r, image, &shape);
    rg_onnx_emit(r, word, &image, 1, &out, 1, &attr, 1);
    return rg_onnx_moved(r, node, x, out, &order);
}
