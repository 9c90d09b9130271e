/* onnx_batch.c: batch normalization: a factor and a summand for each channel, which a convolution
 * before it takes in. */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

enum { SCALE, SHIFT, MEAN, VARIANCE, N_PARTS };

/* One factor and one summand for each channel, from constants; false when some are none. */
static bool fold_parts(rg_onnx *r, const int32_t parts[N_PARTS], uint32_t n, double epsilon,
                       float **ret_factor, float **ret_summand) {
    const float *data[N_PARTS];
    for (int i = 0; i < N_PARTS; i++) {
        data[i] = rg_onnx_at(r, parts[i])->data;
        if (!data[i])
            return false;
    }
    float *factor = rg_arena_array(r->graph->arena, n, sizeof *factor);
    float *summand = rg_arena_array(r->graph->arena, n, sizeof *summand);
    if (!factor || !summand)
        return rg_onnx_no_memory(r), false;
    for (uint32_t c = 0; c < n; c++) {
        double by = (double)data[SCALE][c] / sqrt((double)data[VARIANCE][c] + epsilon);
        factor[c] = (float)by;
        summand[c] = (float)((double)data[SHIFT][c] - (double)data[MEAN][c] * by);
    }
    *ret_factor = factor;
    *ret_summand = summand;
    return true;
}

static int32_t row_of(rg_onnx *r, const float *data, uint32_t n) {
    rg_shape shape = {1, {(int32_t)n}};
    return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, data);
}

/* The four rows of numbers as tensors; false when one has another size. */
static bool read_parts(rg_onnx *r, const rg_onnx_node *node, int32_t n, int32_t ret[N_PARTS]) {
    for (uint32_t i = 0; i < N_PARTS; i++) {
        rg_onnx_value *v = rg_onnx_in(r, node, i + 1);
        if (!v || !v->there || v->shape.rank != 1 || v->shape.dim[0] != n ||
            v->dtype != RG_DTYPE_FLOAT32)
            return false;
        ret[i] = rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32);
    }
    return true;
}

rg_status rg_onnx_batch_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_order order = rg_onnx_nhwc(x->shape.rank);
    int32_t parts[N_PARTS], factor = 0, summand = 0;
    float *by = NULL, *plus = NULL;
    (void)word;
    if (x->shape.rank < 2 || x->dtype != RG_DTYPE_FLOAT32 || x->shape.dim[1] < 1 ||
        rg_onnx_attr_int(node, "training_mode", 0))
        return rg_onnx_cannot(r, "of %u dimensions of %s", x->shape.rank, rg_dtype_word(x->dtype));
    if (!read_parts(r, node, x->shape.dim[1], parts))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has rows of another size than its %d channels",
                            node->type, (int)x->shape.dim[1]);
    double epsilon = rg_onnx_attr_real(node, "epsilon", 1e-5);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return r->status;
    if (fold_parts(r, parts, (uint32_t)x->shape.dim[1], epsilon, &by, &plus)) {
        factor = row_of(r, by, (uint32_t)x->shape.dim[1]);
        summand = row_of(r, plus, (uint32_t)x->shape.dim[1]);
    } else {
        int32_t sum = rg_onnx_with(r, "add", parts[VARIANCE], epsilon);
        int32_t root = rg_onnx_each(r, "sqrt", sum);
        factor = rg_onnx_pair(r, "div", parts[SCALE], root);
        summand = parts[SHIFT];
        t = rg_onnx_pair(r, "sub", t, parts[MEAN]);
    }
    t = rg_onnx_pair(r, "add", rg_onnx_pair(r, "mul", t, factor), summand);
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}

/* --- behind a convolution --- */

/* A constant of floats in order 0 1 2 ...; NULL when it is none. */
static const rg_tensor *floats_of(rg_onnx *r, rg_onnx_value *v) {
    const rg_tensor *t = rg_onnx_constant(r, v);
    if (!t || t->dtype != RG_DTYPE_FLOAT32)
        return NULL;
    return rg_onnx_at(r, rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32));
}

/* A value for a constant of the given shape. */
static int32_t constant_of(rg_onnx *r, const rg_shape *shape, const float *data) {
    rg_onnx_value *v = rg_onnx_new_value(r);
    rg_onnx_order order = rg_onnx_plain(shape->rank);
    int32_t tensor = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, shape, NULL, data);
    if (!v || r->status != RG_OK)
        return RG_ONNX_NONE;
    rg_onnx_define(r, v, RG_DTYPE_FLOAT32, tensor, &order);
    return (int32_t)(v - r->values);
}

/* Filters and bias with the factors in them. */
static bool scale_filters(rg_onnx *r, rg_onnx_node *conv, const rg_tensor *w, const rg_tensor *b,
                          const float *factor, float *summand) {
    size_t n = (size_t)w->shape.dim[0], each = w->bytes / sizeof(float) / n;
    const rg_shape shape = w->shape, row = {1, {w->shape.dim[0]}};
    float *filters = rg_arena_array(r->graph->arena, n * each, sizeof *filters);
    int32_t *in = rg_arena_array(r->graph->arena, 3, sizeof *in);
    if (!filters || !in)
        return rg_onnx_no_memory(r), false;
    for (size_t i = 0; i < n * each; i++)
        filters[i] = ((const float *)w->data)[i] * factor[i / each];
    for (size_t c = 0; b && c < n; c++)
        summand[c] += ((const float *)b->data)[c] * factor[c];
    in[0] = conv->in[0];
    in[1] = constant_of(r, &shape, filters);
    in[2] = constant_of(r, &row, summand);
    conv->in = in;
    conv->n_in = 3;
    return r->status == RG_OK;
}

void rg_onnx_join_batch_norm(rg_onnx *r, rg_onnx_node *conv) {
    int32_t parts[N_PARTS];
    float *factor = NULL, *summand = NULL;
    rg_onnx_node *norm = conv->out[0] >= 0 ? rg_onnx_only_user(r, conv->out[0]) : NULL;
    if (!norm || strcmp(norm->type, "BatchNormalization") ||
        rg_onnx_attr_int(norm, "training_mode", 0))
        return;
    rg_onnx_value *bias = rg_onnx_in(r, conv, 2);
    const rg_tensor *w = floats_of(r, rg_onnx_in(r, conv, 1));
    if (!w || w->shape.rank < 3 || w->shape.dim[0] < 1)
        return;
    const rg_tensor filters = *w, *b = bias ? floats_of(r, bias) : NULL;
    if (bias && (!b || b->shape.rank != 1 || b->shape.dim[0] != filters.shape.dim[0]))
        return;
    const rg_tensor row = b ? *b : filters;
    double epsilon = rg_onnx_attr_real(norm, "epsilon", 1e-5);
    if (!read_parts(r, norm, filters.shape.dim[0], parts) ||
        !fold_parts(r, parts, (uint32_t)filters.shape.dim[0], epsilon, &factor, &summand) ||
        !scale_filters(r, conv, &filters, b ? &row : NULL, factor, summand))
        return;
    conv->out = norm->out;
    norm->done = true;
}
