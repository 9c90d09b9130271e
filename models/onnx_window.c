/* onnx_window.c: sliding windows as ONNX describes them, and images as our operators take them. */
#include <math.h>
#include <string.h>

#include "models/onnx_read.h"

enum { MOST = 1 << 20 }; /* of strides, dilations and pads: products stay within int64 */

static bool read_pair(const rg_onnx_node *node, const char *name, uint32_t n_spatial,
                      int64_t preset, int64_t ret[2]) {
    int64_t values[2];
    if (rg_onnx_attr_ints(node, name, values, n_spatial, preset) < 0)
        return false;
    ret[0] = n_spatial == 2 ? values[0] : 1;
    ret[1] = values[n_spatial - 1];
    return ret[0] >= 1 && ret[1] >= 1 && ret[0] <= MOST && ret[1] <= MOST;
}

static int64_t span_of(const rg_onnx_window *w, int d) {
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

/* Padding that gives ceil(in / stride) outputs, the odd pixel behind or before. */
static void pad_same(rg_onnx_window *w, bool lower) {
    for (int d = 0; d < 2; d++) {
        int64_t out = (w->in[d] + w->stride[d] - 1) / w->stride[d];
        int64_t total = (out - 1) * w->stride[d] + span_of(w, d) - w->in[d];
        total = total > 0 ? total : 0;
        w->before[d] = lower ? total - total / 2 : total / 2;
        w->after[d] = total - w->before[d];
    }
}

static bool read_pads(const rg_onnx_node *node, uint32_t n_spatial, rg_onnx_window *w) {
    int64_t pads[4];
    bool upper = rg_onnx_attr_is(node, "auto_pad", "SAME_UPPER");
    if (upper || rg_onnx_attr_is(node, "auto_pad", "SAME_LOWER")) {
        pad_same(w, !upper);
        return true;
    }
    bool valid = rg_onnx_attr_is(node, "auto_pad", "VALID");
    if (rg_onnx_attr(node, "auto_pad") && !valid && !rg_onnx_attr_is(node, "auto_pad", "NOTSET"))
        return false; /* a word of no version */
    if (valid || !rg_onnx_attr(node, "pads"))
        return true;
    if (rg_onnx_attr_ints(node, "pads", pads, 2 * n_spatial, 0) < 0)
        return false;
    w->before[0] = n_spatial == 2 ? pads[0] : 0;
    w->before[1] = pads[n_spatial - 1];
    w->after[0] = n_spatial == 2 ? pads[2] : 0;
    w->after[1] = pads[2 * n_spatial - 1];
    for (int d = 0; d < 2; d++) {
        if (w->before[d] < 0 || w->after[d] < 0 || w->before[d] > MOST || w->after[d] > MOST)
            return false;
    }
    return true;
}

/* Pools may round the number of outputs up; the last window must begin on the image or the padding
 * before it. What it needs goes to the padding behind. */
static void round_up(rg_onnx_window *w) {
    for (int d = 0; d < 2; d++) {
        int64_t room = w->in[d] + w->before[d] + w->after[d] - span_of(w, d);
        int64_t out = (room + w->stride[d] - 1) / w->stride[d] + 1;
        if ((out - 1) * w->stride[d] >= w->in[d] + w->before[d])
            out--;
        int64_t need = (out - 1) * w->stride[d] + span_of(w, d) - w->in[d] - w->before[d];
        w->after[d] = need > w->after[d] ? need : w->after[d];
    }
}

/* Whether one dimension's padding is what SAME gives. */
static bool is_same(const rg_onnx_window *w, int d) {
    int64_t total = (w->out[d] - 1) * w->stride[d] + span_of(w, d) - w->in[d];
    return w->out[d] == (w->in[d] + w->stride[d] - 1) / w->stride[d] &&
           w->before[d] == (total > 0 ? total / 2 : 0);
}

rg_status rg_onnx_read_window(rg_onnx *r, const rg_onnx_node *node, uint32_t n_spatial,
                              rg_onnx_window *w) {
    if (!read_pair(node, "strides", n_spatial, 1, w->stride) ||
        !read_pair(node, "dilations", n_spatial, 1, w->dilation) || w->kernel[0] < 1 ||
        w->kernel[1] < 1 || w->kernel[0] > MOST || w->kernel[1] > MOST)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has an impossible window", node->type);
    if (!read_pads(node, n_spatial, w))
        return rg_onnx_cannot(r, "odd padding");
    if (rg_onnx_attr_int(node, "ceil_mode", 0))
        round_up(w);
    w->same = w->valid = true;
    if (w->transposed)
        return RG_OK;
    for (int d = 0; d < 2; d++) {
        int64_t room = w->in[d] + w->before[d] + w->after[d] - span_of(w, d);
        if (room < 0 || w->in[d] < 1)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s has a window larger than its input",
                                node->type);
        w->out[d] = room / w->stride[d] + 1;
        w->same &= is_same(w, d);
        w->valid &= w->before[d] == 0 &&
                    w->out[d] == (w->in[d] - span_of(w, d)) / w->stride[d] + 1 &&
                    w->in[d] >= span_of(w, d);
    }
    return RG_OK;
}

/* --- images --- */

int32_t rg_onnx_image(rg_onnx *r, rg_onnx_value *v, rg_dtype dtype) {
    rg_onnx_order order = rg_onnx_nhwc(v->shape.rank);
    int32_t tensor = rg_onnx_get(r, v, &order, dtype);
    if (v->shape.rank != 3 || r->status != RG_OK)
        return tensor;
    const rg_shape flat = rg_onnx_at(r, tensor)->shape;
    rg_shape shape = {4, {flat.dim[0], 1, flat.dim[1], flat.dim[2]}};
    return rg_onnx_view(r, tensor, &shape);
}

int32_t rg_onnx_from_image(rg_onnx *r, int32_t tensor, uint32_t rank, rg_onnx_order *ret_order) {
    *ret_order = rg_onnx_nhwc(rank);
    if (rank != 3 || r->status != RG_OK)
        return tensor;
    const rg_shape image = rg_onnx_at(r, tensor)->shape;
    rg_shape shape = {3, {image.dim[0], image.dim[2], image.dim[3]}};
    return rg_onnx_view(r, tensor, &shape);
}

int32_t rg_onnx_bordered(rg_onnx *r, int32_t image, const int64_t before[2], const int64_t after[2],
                         const int32_t *value) {
    const int64_t numbers[8] = {0, 0, before[0], after[0], before[1], after[1], 0, 0};
    rg_tensor from = *rg_onnx_at(r, image);
    rg_shape pairs = {2, {4, 2}};
    for (int d = 0; d < 2; d++) {
        int64_t dim = from.shape.dim[1 + d] + before[d] + after[d];
        from.shape.dim[1 + d] = (int32_t)(dim < INT32_MAX ? dim : INT32_MAX);
    }
    int32_t in[3] = {image, rg_onnx_view(r, rg_onnx_ints(r, numbers, 8), &pairs),
                     value ? *value : 0};
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, &from.quant, NULL);
    rg_onnx_emit(r, "pad", in, value ? 3 : 2, &out, 1, NULL, 0);
    return out;
}

/* --- bias --- */

/* The integers of a bias that stands in accumulator units already; NULL when it does not. */
static const int32_t *in_units(rg_onnx *r, const rg_onnx_value *bias, const double *unit,
                               uint32_t n) {
    rg_onnx_form form;
    if (!rg_onnx_quantized(r, bias, &form))
        return NULL;
    const rg_tensor *t = rg_onnx_at(r, form.tensor);
    if (t->dtype != RG_DTYPE_INT32 || !t->data || (t->quant.n != 1 && t->quant.n != n))
        return NULL;
    for (uint32_t c = 0; c < n; c++) {
        uint32_t k = t->quant.n > 1 ? c : 0;
        double scale = (double)t->quant.scale[k];
        if (t->quant.zero_point[k] != 0 || fabs(scale - unit[c]) > 1e-5 * unit[c])
            return NULL;
    }
    return t->data;
}

/* The scales of a bias in accumulator units, as files have them: one, or one an output. None where
 * a product leaves the range of floats. */
static rg_quant unit_quant(rg_onnx *r, const double *unit, uint32_t n) {
    float *scale = rg_arena_array(r->graph->arena, n, sizeof *scale);
    int32_t *zero = rg_arena_array(r->graph->arena, n, sizeof *zero);
    if (!scale || !zero)
        return rg_onnx_no_memory(r), (rg_quant){0};
    for (uint32_t c = 0; c < n; c++) {
        scale[c] = (float)unit[c];
        if (!(scale[c] > 0) || !isfinite(scale[c]))
            return (rg_quant){0};
    }
    return (rg_quant){n, scale, zero, 0};
}

int32_t rg_onnx_bias(rg_onnx *r, rg_onnx_value *bias, uint32_t n, int32_t input, int32_t weights) {
    const rg_tensor x = *rg_onnx_at(r, input), w = *rg_onnx_at(r, weights);
    int64_t elements = 0;
    bool wide = x.dtype == RG_DTYPE_INT16;
    rg_shape shape = {1, {(int32_t)n}};
    if (!rg_onnx_constant(r, bias) || !rg_shape_elements(&bias->shape, &elements) || elements != n)
        return RG_ONNX_NONE;
    double *unit = rg_arena_array(r->graph->arena, n, sizeof *unit);
    char *data = rg_arena_array(r->graph->arena, n, wide ? 8 : 4);
    if (!unit || !data)
        return rg_onnx_no_memory(r), RG_ONNX_NONE;
    for (uint32_t c = 0; c < n; c++)
        unit[c] = (double)x.quant.scale[0] * (double)w.quant.scale[w.quant.n > 1 ? c : 0];
    const int32_t *whole = in_units(r, bias, unit, n);
    const float *real = NULL;
    if (!whole)
        real = rg_onnx_at(r, rg_onnx_get(r, bias, NULL, RG_DTYPE_FLOAT32))->data;
    if (!whole && (!real || r->status != RG_OK))
        return RG_ONNX_NONE;
    for (uint32_t c = 0; c < n; c++) {
        double q = whole ? (double)whole[c] : round((double)real[c] / unit[c]);
        q = !(q > INT32_MIN) ? INT32_MIN : q > INT32_MAX ? INT32_MAX : q;
        if (wide)
            ((int64_t *)(void *)data)[c] = (int64_t)q;
        else
            ((int32_t *)(void *)data)[c] = (int32_t)q;
    }
    const rg_quant quant = unit_quant(r, unit, w.quant.n > 1 ? n : 1);
    return rg_onnx_tensor(r, wide ? RG_DTYPE_INT64 : RG_DTYPE_INT32, &shape, &quant, data);
}
