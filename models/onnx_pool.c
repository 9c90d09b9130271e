/* onnx_pool.c: maximum and average over windows and over whole images. Averages of integers are
 * integer where input and output share a scale, or over whole images; else they are computed in
 * float32 between the scales, which is what ONNX defines. */
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

static int32_t emit_pool(rg_onnx *r, const char *kind, int32_t image, const rg_onnx_window *w,
                         const char *padding) {
    const rg_attr attrs[] = {
        WORD("padding", padding),          INTEGER("stride_h", w->stride[0]),
        INTEGER("stride_w", w->stride[1]), INTEGER("filter_h", w->kernel[0]),
        INTEGER("filter_w", w->kernel[1]), WORD("activation", "none"),
    };
    rg_tensor from = *rg_onnx_at(r, image);
    rg_shape shape = {
        4, {from.shape.dim[0], (int32_t)w->out[0], (int32_t)w->out[1], from.shape.dim[3]}};
    int32_t out = rg_onnx_tensor(r, from.dtype, &shape, &from.quant, NULL);
    rg_onnx_emit(r, kind, &image, 1, &out, 1, attrs, 6);
    return out;
}

/* The lowest value of a type, as a constant to pad with; false when we have none. */
static bool lowest(rg_onnx *r, const rg_tensor *like, int32_t *ret) {
    rg_shape shape = {0};
    float f32 = -FLT_MAX;
    int8_t s8 = -128;
    uint8_t u8 = 0;
    int16_t s16 = INT16_MIN;
    const void *value = like->dtype == RG_DTYPE_FLOAT32 ? (const void *)&f32
                        : like->dtype == RG_DTYPE_INT8  ? (const void *)&s8
                        : like->dtype == RG_DTYPE_UINT8 ? (const void *)&u8
                        : like->dtype == RG_DTYPE_INT16 ? (const void *)&s16
                                                        : NULL;
    void *data =
        value ? rg_arena_copy(r->graph->arena, value, rg_dtype_bits(like->dtype) / 8) : NULL;
    if (!data)
        return false;
    *ret = rg_onnx_tensor(r, like->dtype, &shape, &like->quant, data);
    return true;
}

static rg_status max_pool(rg_onnx *r, rg_onnx_value *x, rg_onnx_window *w, rg_onnx_value *y) {
    rg_onnx_order order;
    const char *padding = w->valid ? "valid" : w->same ? "same" : NULL;
    if (w->dilation[0] != 1 || w->dilation[1] != 1)
        return rg_onnx_cannot(r, "dilations");
    int32_t image = rg_onnx_image(r, x, RG_DTYPE_ANY);
    if (r->status == RG_OK && rg_onnx_at(r, image)->dtype != RG_DTYPE_FLOAT32 &&
        rg_onnx_at(r, image)->quant.n == 0) /* any scale: comparing does not need it */
        image = rg_onnx_with_quant(r, image, 1.0f, 0);
    if (r->status == RG_OK && !padding) {
        int32_t value;
        const rg_tensor like = *rg_onnx_at(r, image);
        if (!lowest(r, &like, &value))
            return rg_onnx_cannot(r, "of %s", rg_dtype_word(like.dtype));
        image = rg_onnx_bordered(r, image, w->before, w->after, &value);
        padding = "valid";
    }
    if (r->status != RG_OK)
        return r->status;
    int32_t out = emit_pool(r, "max_pool2d", image, w, padding);
    out = rg_onnx_from_image(r, out, x->shape.rank, &order);
    rg_onnx_define(r, y, x->dtype, out, &order);
    return r->status;
}

/* For windows that lie partly on padding which does not count: by how much the divisor is too
 * large, in each place. */
static int32_t correction(rg_onnx *r, const rg_onnx_window *w) {
    rg_shape shape = {4, {1, (int32_t)w->out[0], (int32_t)w->out[1], 1}};
    if (w->out[0] > 1 << 14 || w->out[1] > 1 << 14)
        return rg_onnx_fail(r, RG_UNSUPPORTED, "a pool of more than 16384 rows or columns"), 0;
    float *data = rg_arena_array(r->graph->arena, (size_t)(w->out[0] * w->out[1]), sizeof *data);
    if (!data)
        return rg_onnx_no_memory(r), 0;
    for (int64_t y = 0; y < w->out[0]; y++) {
        for (int64_t x = 0; x < w->out[1]; x++) {
            int64_t at[2] = {y, x}, count = 1;
            for (int d = 0; d < 2; d++) {
                int64_t from = at[d] * w->stride[d] - w->before[d], to = from + w->kernel[d];
                from = from < 0 ? 0 : from;
                to = to > w->in[d] ? w->in[d] : to;
                count *= to > from ? to - from : 1;
            }
            data[y * w->out[1] + x] = (float)(w->kernel[0] * w->kernel[1]) / (float)count;
        }
    }
    return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, data);
}

/* Averages as floats. Padding that counts is a border of zeros. */
static int32_t average(rg_onnx *r, int32_t image, const rg_onnx_window *w, bool counts) {
    if (w->valid)
        return emit_pool(r, "average_pool2d", image, w, "valid");
    if (w->same && !counts)
        return emit_pool(r, "average_pool2d", image, w, "same");
    image = rg_onnx_bordered(r, image, w->before, w->after, NULL);
    int32_t out = emit_pool(r, "average_pool2d", image, w, "valid");
    if (counts || r->status != RG_OK)
        return out;
    const rg_shape shape = rg_onnx_at(r, out)->shape;
    int32_t in[] = {out, correction(r, w)};
    int32_t corrected = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "mul", in, 2, &corrected, 1, NULL, 0);
    return corrected;
}

static bool same_scale(const rg_quant *quant, const rg_onnx_end *end) {
    return quant->n == 1 && quant->scale[0] == end->scale && quant->zero_point[0] == end->zero;
}

static rg_status average_pool(rg_onnx *r, rg_onnx_node *node, rg_onnx_value *x, rg_onnx_window *w) {
    rg_onnx_order order;
    rg_onnx_form form;
    bool counts = rg_onnx_attr_int(node, "count_include_pad", 0) != 0;
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    if (x->dtype != RG_DTYPE_FLOAT32 || w->dilation[0] != 1 || w->dilation[1] != 1 ||
        (counts && rg_onnx_attr_int(node, "ceil_mode", 0)))
        return rg_onnx_cannot(r, "dilations, or padding counted with sizes rounded up");
    bool whole = end.quantized >= 0 && rg_onnx_quantized(r, x, &form) &&
                 same_scale(&rg_onnx_at(r, form.tensor)->quant, &end) &&
                 (w->valid || counts || w->same);
    int32_t image =
        rg_onnx_image(r, x, whole ? rg_onnx_at(r, form.tensor)->dtype : RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return r->status;
    int32_t out = average(r, image, w, counts);
    out = rg_onnx_from_image(r, out, x->shape.rank, &order);
    rg_onnx_finish(r, &end, out, &order);
    return r->status;
}

rg_status rg_onnx_pool(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_window w = {0};
    uint32_t rank = x->shape.rank;
    int64_t kernel[2];
    if (rank < 3 || rank > 4)
        return rg_onnx_cannot(r, "over %u dimensions", rank);
    if (!rg_onnx_attr(node, "kernel_shape") ||
        rg_onnx_attr_ints(node, "kernel_shape", kernel, rank - 2, 1) < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has no kernel_shape of %u numbers", node->type,
                            rank - 2);
    w.in[0] = rank == 4 ? x->shape.dim[2] : 1;
    w.in[1] = x->shape.dim[rank - 1];
    w.kernel[0] = rank == 4 ? kernel[0] : 1;
    w.kernel[1] = kernel[rank - 3];
    rg_status status = rg_onnx_read_window(r, node, rank - 2, &w);
    if (status != RG_OK)
        return status;
    return strcmp(word, "max_pool2d") ? average_pool(r, node, x, &w)
                                      : max_pool(r, x, &w, &r->values[node->out[0]]);
}

rg_status rg_onnx_global_pool(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    uint32_t rank = x->shape.rank;
    if (rank < 3 || x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %u dimensions of %s", rank, rg_dtype_word(x->dtype));
    return rg_onnx_reduce_dims(r, node, word, ((1u << rank) - 1) & ~3u, true);
}
