/* onnx_rows.c: normalizations put together from means, products and roots. */
#include <string.h>

#include "models/onnx_build.h"

static bool is_float(const rg_onnx_value *v) {
    return v->dtype == RG_DTYPE_FLOAT32;
}

/* A row of n numbers. */
static bool is_row(const rg_onnx_value *v, int32_t n) {
    return v && v->shape.rank == 1 && v->shape.dim[0] == n && is_float(v);
}

/* A row that stands at dimension `at` of `rank`. */
static int32_t row_at(rg_onnx *r, rg_onnx_value *v, uint32_t at, uint32_t rank) {
    rg_shape shape = {rank, {1, 1, 1, 1, 1, 1}};
    int32_t row = rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32);
    shape.dim[at] = v->shape.dim[0];
    return rg_onnx_view(r, row, &shape);
}

rg_status rg_onnx_instance_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_value *scale = rg_onnx_in(r, node, 1), *shift = rg_onnx_in(r, node, 2);
    uint32_t rank = x->shape.rank;
    (void)word;
    if (rank < 3 || !is_float(x))
        return rg_onnx_cannot(r, "of %u dimensions of %s", rank, rg_dtype_word(x->dtype));
    if (!is_row(scale, x->shape.dim[1]) || !is_row(shift, x->shape.dim[1]))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has rows of another size than its %d channels",
                            node->type, (int)x->shape.dim[1]);
    rg_onnx_order order = rg_onnx_nhwc(rank);
    uint32_t spatial = ((1u << (rank - 1)) - 1) & ~1u;
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32);
    t = rg_onnx_normalized(r, t, spatial, rg_onnx_attr_real(node, "epsilon", 1e-5), true);
    t = rg_onnx_pair(r, "mul", t, rg_onnx_get(r, scale, NULL, RG_DTYPE_FLOAT32));
    t = rg_onnx_pair(r, "add", t, rg_onnx_get(r, shift, NULL, RG_DTYPE_FLOAT32));
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}

/* Groups of channels; factors belong to groups (up to version 20) or to channels. */
rg_status rg_onnx_group_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    rg_onnx_value *scale = rg_onnx_in(r, node, 1), *shift = rg_onnx_in(r, node, 2);
    int64_t groups = rg_onnx_attr_int(node, "num_groups", 0), n = 0;
    (void)word;
    if (x->shape.rank < 3 || !is_float(x) || !rg_shape_elements(&x->shape, &n) || n < 1)
        return rg_onnx_cannot(r, "of %u dimensions of %s", x->shape.rank, rg_dtype_word(x->dtype));
    int32_t channels = x->shape.dim[1], rows = scale->shape.rank == 1 ? scale->shape.dim[0] : 0;
    if (groups < 1 || channels % groups || (rows != channels && rows != groups) ||
        !is_row(scale, rows) || !is_row(shift, rows))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of %d channels in %lld groups", node->type,
                            (int)channels, (long long)groups);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_shape parts = {3, {x->shape.dim[0], (int32_t)groups, 0}};
    parts.dim[2] = (int32_t)(n / parts.dim[0] / groups);
    int32_t t = rg_onnx_view(r, rg_onnx_get(r, x, NULL, RG_DTYPE_FLOAT32), &parts);
    t = rg_onnx_normalized(r, t, 4, rg_onnx_attr_real(node, "epsilon", 1e-5), true);
    if (rows == channels)
        t = rg_onnx_view(r, t, &x->shape);
    uint32_t rank = rows == channels ? x->shape.rank : 3;
    t = rg_onnx_pair(r, "mul", t, row_at(r, scale, 1, rank));
    t = rg_onnx_pair(r, "add", t, row_at(r, shift, 1, rank));
    rg_onnx_order order = rg_onnx_plain(x->shape.rank);
    if (r->status == RG_OK)
        rg_onnx_finish(r, &end, rg_onnx_view(r, t, &x->shape), &order);
    return r->status;
}

rg_status rg_onnx_rms_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *scale = rg_onnx_in(r, node, 1);
    uint32_t rank = x->shape.rank;
    (void)word;
    if (rank < 1 || rg_onnx_axis(rg_onnx_attr_int(node, "axis", -1), rank) != (int32_t)rank - 1 ||
        !is_float(x) || !is_row(scale, x->shape.dim[rank - 1]))
        return rg_onnx_cannot(r, "over more than the last dimension");
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_onnx_order order = rg_onnx_with_last(x, rank - 1);
    int32_t t = rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32);
    double epsilon = rg_onnx_attr_real(node, "epsilon", 1e-5);
    t = rg_onnx_normalized(r, t, 1u << (rank - 1), epsilon, false);
    t = rg_onnx_pair(r, "mul", t, rg_onnx_get(r, scale, NULL, RG_DTYPE_FLOAT32));
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}

/* x divided by its length (p 2) or by the sum of its absolute values (p 1). */
rg_status rg_onnx_lp_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    int32_t axis = rg_onnx_axis(rg_onnx_attr_int(node, "axis", -1), x->shape.rank);
    int64_t p = rg_onnx_attr_int(node, "p", 2);
    (void)word;
    if (axis < 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s along a dimension that is not there", node->type);
    if (!is_float(x) || (p != 1 && p != 2))
        return rg_onnx_cannot(r, "of %s with p %lld", rg_dtype_word(x->dtype), (long long)p);
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32);
    uint32_t place = 1u << rg_onnx_place(&form.order, (uint32_t)axis);
    int32_t sum = rg_onnx_reduced(r, "sum", rg_onnx_each(r, p == 1 ? "abs" : "square", t), place);
    t = rg_onnx_pair(r, "div", t, p == 1 ? sum : rg_onnx_each(r, "sqrt", sum));
    rg_onnx_finish(r, &end, t, &form.order);
    return r->status;
}

/* Layer normalization of x + skip + bias; the sum is output 3. */
rg_status rg_onnx_skip_norm(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *skip = rg_onnx_in(r, node, 1);
    uint32_t rank = x->shape.rank;
    bool rms = !strcmp(word, "rms");
    rg_onnx_value *gamma = rg_onnx_in(r, node, 2), *beta = rms ? NULL : rg_onnx_in(r, node, 3);
    rg_onnx_value *bias = rg_onnx_in(r, node, rms ? 3 : 4);
    int32_t depth = rank ? x->shape.dim[rank - 1] : 0;
    if (!rank || !is_float(x) || !is_float(skip) || !rg_shape_equal(&x->shape, &skip->shape) ||
        !is_row(gamma, depth) || (beta && !is_row(beta, depth)) || (bias && !is_row(bias, depth)))
        return rg_onnx_cannot(r, "of shapes that differ");
    rg_onnx_order order = rg_onnx_with_last(x, rank - 1);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_pair(r, "add", rg_onnx_get(r, x, &order, RG_DTYPE_FLOAT32),
                             rg_onnx_get(r, skip, &order, RG_DTYPE_FLOAT32));
    if (bias)
        t = rg_onnx_pair(r, "add", t, rg_onnx_get(r, bias, NULL, RG_DTYPE_FLOAT32));
    if (node->n_out > 3 && node->out[3] >= 0)
        rg_onnx_define(r, &r->values[node->out[3]], RG_DTYPE_FLOAT32, t, &order);
    t = rg_onnx_normalized(r, t, 1u << (rank - 1), rg_onnx_attr_real(node, "epsilon", 1e-12), !rms);
    t = rg_onnx_pair(r, "mul", t, rg_onnx_get(r, gamma, NULL, RG_DTYPE_FLOAT32));
    if (beta)
        t = rg_onnx_pair(r, "add", t, rg_onnx_get(r, beta, NULL, RG_DTYPE_FLOAT32));
    rg_onnx_finish(r, &end, t, &order);
    return r->status;
}
