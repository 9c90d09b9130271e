/* onnx_put.c: each operator of ours as one or a few of ONNX. Moves go on integers as they are;
 * everything else goes between DequantizeLinear and QuantizeLinear, or, in the flavour with scales
 * beside operators, as one of those. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

enum { LIST = 64 };

void rg_onnx_refuse(rg_onnx_writing *s, const char *why) {
    const rg_node *node = &s->graph->nodes[s->index];
    if (s->status == RG_OK)
        s->status =
            rg_fail(s->err, RG_UNSUPPORTED, "export to another format",
                    "node %u (%s) cannot be written to .onnx: %s", s->index, node->kind, why);
}

int64_t rg_onnx_int(const rg_node *node, const char *key, int64_t preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr && attr->type == RG_ATTR_INT ? attr->i : preset;
}

double rg_onnx_double(const rg_node *node, const char *key, double preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return !attr ? preset : attr->type == RG_ATTR_REAL ? attr->r : (double)attr->i;
}

const char *rg_onnx_word(const rg_node *node, const char *key, const char *preset) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr && attr->type == RG_ATTR_WORD && attr->word ? attr->word : preset;
}

bool rg_onnx_read_ints(rg_onnx_writing *s, int32_t tensor, int64_t *ret, uint32_t cap,
                       uint32_t *ret_n) {
    const rg_tensor *t = tensor >= 0 ? &s->graph->tensors[tensor] : NULL;
    int64_t n = 0;
    bool fits = t && t->data && (t->dtype == RG_DTYPE_INT32 || t->dtype == RG_DTYPE_INT64) &&
                rg_shape_elements(&t->shape, &n) && n <= cap;
    for (int64_t i = 0; fits && i < n; i++)
        ret[i] = t->dtype == RG_DTYPE_INT32 ? ((const int32_t *)t->data)[i]
                                            : ((const int64_t *)t->data)[i];
    if (!fits)
        rg_onnx_refuse(s, "its numbers are no constant");
    *ret_n = (uint32_t)n;
    return fits;
}

/* --- results and activations --- */

static const struct {
    const char *word;
    double low, high;
} activations[] = {
    {"none", -INFINITY, INFINITY}, {"relu", 0, INFINITY}, {"relu6", 0, 6},
    {"relu_n1_to_1", -1, 1},       {"relu_0_to_1", 0, 1},
};

static int activation_of(rg_onnx_writing *s, const rg_node *node) {
    const char *word = rg_onnx_word(node, "activation", "none");
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
        if (!strcmp(activations[i].word, word))
            return (int)i;
    }
    rg_onnx_refuse(s, "its activation is not known");
    return 0;
}

/* Limits of an activation as integers of the result; false when its type has none narrower. */
static bool integer_limits(const rg_tensor *y, int activation, int32_t ret[2]) {
    bool is_signed = y->dtype == RG_DTYPE_INT8;
    int32_t low = is_signed ? -128 : 0, high = low + 255;
    const double real[] = {activations[activation].low, activations[activation].high};
    for (int i = 0; i < 2; i++) {
        ret[i] = i ? high : low;
        if (isinf(real[i]))
            continue;
        double q = round(real[i] / (double)y->quant.scale[0]) + y->quant.zero_point[0];
        ret[i] = q < low ? low : q > high ? high : (int32_t)q;
    }
    return ret[0] > low || ret[1] < high;
}

static bool has_clamp(rg_onnx_writing *s, const rg_node *node, bool raw, int32_t limits[2]) {
    int activation = activation_of(s, node);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    if (raw && activation != 0 && y->quant.n != 1) {
        rg_onnx_refuse(s, "its result has no scale");
        return false;
    }
    return activation != 0 && (!raw || integer_limits(y, activation, limits));
}

const char *rg_onnx_result(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                           bool raw) {
    int32_t limits[2];
    if (has_clamp(s, node, raw, limits))
        return rg_onnx_new_name(s, "open");
    return raw ? rg_onnx_raw_name(s, node->out[0], layout)
               : rg_onnx_real_name(s, node->out[0], layout);
}

static const char *limit_name(rg_onnx_writing *s, const rg_tensor *y, bool raw, double real,
                              int32_t whole) {
    unsigned char byte = (unsigned char)whole;
    if (!raw)
        return isinf(real) ? NULL : rg_onnx_new_real(s, (float)real);
    return rg_onnx_data(s, rg_onnx_new_name(s, "limit"), rg_onnx_type(y->dtype), NULL, 0, &byte, 1);
}

static void put_clamp(rg_onnx_writing *s, int activation, const rg_tensor *y, bool raw,
                      const int32_t limits[2], const char *from, const char *to) {
    const char *in[] = {from, limit_name(s, y, raw, activations[activation].low, limits[0]),
                        limit_name(s, y, raw, activations[activation].high, limits[1])};
    if (!raw && isinf(activations[activation].high))
        rg_onnx_simple(s, "Relu", in, 1, to);
    else
        rg_onnx_simple(s, "Clip", in, 3, to);
}

void rg_onnx_result_done(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout, bool raw,
                         const char *computed) {
    int32_t limits[2] = {0};
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    if (has_clamp(s, node, raw, limits)) {
        const char *to = raw ? rg_onnx_raw_name(s, node->out[0], layout)
                             : rg_onnx_real_name(s, node->out[0], layout);
        put_clamp(s, activation_of(s, node), y, raw, limits, computed, to);
    }
    if (raw)
        rg_onnx_raw_done(s, node->out[0], layout);
    else
        rg_onnx_real_done(s, node->out[0], layout);
}

/* --- element by element --- */

/* Those that have a form with scales beside them. */
static const char *beside(const rg_onnx_writing *s, const rg_node *node) {
    static const char *const names[][2] = {{"add", "QLinearAdd"},
                                           {"mul", "QLinearMul"},
                                           {"logistic", "QLinearSigmoid"},
                                           {"leaky_relu", "QLinearLeakyRelu"}};
    if (!rg_onnx_is_quantized(rg_node_out(s->graph, node, 0)))
        return NULL;
    for (uint32_t i = 0; i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(s->graph, node, i);
        if (!t || !rg_onnx_is_quantized(t) || rg_dtype_bits(t->dtype) != 8)
            return NULL;
    }
    for (size_t i = 0; s->qoperator && i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(names[i][0], node->kind))
            return names[i][1];
    }
    return NULL;
}

static void give_alpha(rg_onnx_writing *s, const rg_node *node) {
    if (!strcmp(node->kind, "leaky_relu"))
        rg_onnx_give_real(s, "alpha", (float)rg_onnx_double(node, "alpha", 0.2));
    if (!strcmp(node->kind, "gelu"))
        rg_onnx_give_word(s, "approximate", rg_onnx_int(node, "approximate", 0) ? "tanh" : "none");
}

static void needs(rg_onnx_writing *s, int opset) {
    s->opset = s->opset < opset ? opset : s->opset;
}

/* One or two operands, spreading. */
static void put_each(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, node->n_in);
    const char *whole = beside(s, node), *in[8] = {0}, *out;
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_in && i < 2; i++) {
        in[n++] = whole ? rg_onnx_raw(s, node->in[i], layout)
                        : rg_onnx_real_value(s, node->in[i], layout);
        if (whole) {
            rg_onnx_scale_names(s, node->in[i], &in[n], &in[n + 1]);
            n += 2;
        }
    }
    if (whole) {
        rg_onnx_scale_names(s, node->out[0], &in[n], &in[n + 1]);
        n += 2;
    }
    if (!strcmp(type, "HardSwish"))
        needs(s, 14);
    if (!strcmp(type, "Gelu"))
        needs(s, 20);
    out = rg_onnx_result(s, node, layout, whole != NULL);
    rg_onnx_begin(s, whole ? whole : type, in, n, &out, 1);
    give_alpha(s, node);
    rg_onnx_end_node(s, whole != NULL);
    rg_onnx_result_done(s, node, layout, whole != NULL, out);
}

/* Activations that are operators of their own. */
static void put_limits(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const char *from = rg_onnx_real_value(s, node->in[0], layout);
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    for (size_t i = 1; i < sizeof activations / sizeof activations[0]; i++) {
        if (!strcmp(activations[i].word, type))
            put_clamp(s, (int)i, y, false, (int32_t[2]){0}, from,
                      rg_onnx_real_name(s, node->out[0], layout));
    }
    rg_onnx_real_done(s, node->out[0], layout);
}

/* x times itself; the square of a difference; one over a root. */
static void put_composed(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *x = rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS);
    if (!strcmp(type, "rsqrt")) {
        const char *root = rg_onnx_new_name(s, "root");
        rg_onnx_simple(s, "Sqrt", &x, 1, root);
        rg_onnx_simple(s, "Reciprocal", &root, 1, out);
    } else {
        if (!strcmp(type, "squared_difference")) {
            const char *in[] = {x, rg_onnx_real_value(s, node->in[1], RG_ONNX_OURS)};
            x = rg_onnx_new_name(s, "gap");
            rg_onnx_simple(s, "Sub", in, 2, x);
        }
        const char *in[] = {x, x};
        rg_onnx_simple(s, "Mul", in, 2, out);
    }
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_rows(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in[3] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS)};
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS);
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    double beta = rg_onnx_double(node, "beta", 1);
    if (beta != 1) {
        const char *scaled[] = {in[0], rg_onnx_new_real(s, (float)beta)};
        in[0] = rg_onnx_new_name(s, "scaled");
        rg_onnx_simple(s, "Mul", scaled, 2, in[0]);
    }
    bool norm = !strcmp(type, "LayerNormalization");
    uint32_t n = 1;
    for (; norm && n < node->n_in && n < 3; n++)
        in[n] = node->in[n] < 0 ? NULL : rg_onnx_real_value(s, node->in[n], RG_ONNX_OURS);
    if (norm && (n < 2 || !in[1] ||
                 rg_onnx_is_quantized(x))) { /* integers have a definition of their own */
        rg_onnx_refuse(s, "only float32 with a factor has an equal there");
        return;
    }
    if (norm)
        needs(s, 17);
    rg_onnx_begin(s, type, in, n, &out, 1);
    rg_onnx_give_int(s, "axis", -1);
    if (norm)
        rg_onnx_give_real(s, "epsilon", (float)rg_onnx_double(node, "epsilon", 1e-5));
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* --- quantization --- */

/* From one type or scale to another: by way of reals. */
static void put_quantize(rg_onnx_writing *s, const rg_node *node, const char *type) {
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const char *from = rg_onnx_real_value(s, node->in[0], layout);
    const rg_tensor *x = rg_node_in(s->graph, node, 0), *y = rg_node_out(s->graph, node, 0);
    const char *in[] = {from, NULL, NULL};
    (void)type;
    if (x->dtype == RG_DTYPE_FLOAT16) {
        rg_onnx_begin(s, "Cast", &from, 1,
                      (const char *[]){rg_onnx_real_name(s, node->out[0], layout)}, 1);
        rg_onnx_give_int(s, "to", rg_onnx_type(RG_DTYPE_FLOAT32));
        rg_onnx_end_node(s, false);
        rg_onnx_real_done(s, node->out[0], layout);
        return;
    }
    if (!rg_onnx_is_quantized(y)) { /* the reals are there already: under this name too */
        rg_onnx_simple(s, "Identity", in, 1, rg_onnx_raw_name(s, node->out[0], layout));
        rg_onnx_raw_done(s, node->out[0], layout);
        return;
    }
    rg_onnx_scale_names(s, node->out[0], &in[1], &in[2]);
    needs(s, y->dtype == RG_DTYPE_INT16 ? 21 : 13);
    rg_onnx_simple(s, "QuantizeLinear", in, 3, rg_onnx_raw_name(s, node->out[0], layout));
    rg_onnx_raw_done(s, node->out[0], layout);
}

/* --- moves --- */

static void put_reshape(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    int64_t shape[RG_MAX_RANK];
    for (uint32_t i = 0; i < y->shape.rank; i++)
        shape[i] = y->shape.dim[i];
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, shape, y->shape.rank)};
    rg_onnx_simple(s, type, in, 2, rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_transpose(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t perm[RG_MAX_RANK];
    uint32_t n;
    const char *in = rg_onnx_raw(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    if (!rg_onnx_read_ints(s, node->in[1], perm, RG_MAX_RANK, &n))
        return;
    for (uint32_t i = 0; i < n; i++)
        perm[i] += perm[i] < 0 ? n : 0;
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_ints(s, "perm", perm, n);
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

/* Tensors one behind another; equal scales are the rule, others go by way of reals. */
static void put_concat(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, node->n_in);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    bool raw = true;
    const char **in = calloc(node->n_in + 1, sizeof *in);
    for (uint32_t i = 0; in && i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(s->graph, node, i);
        raw &= t->quant.n == y->quant.n &&
               (y->quant.n == 0 || (t->quant.scale[0] == y->quant.scale[0] &&
                                    t->quant.zero_point[0] == y->quant.zero_point[0]));
    }
    for (uint32_t i = 0; in && i < node->n_in; i++)
        in[i] =
            raw ? rg_onnx_raw(s, node->in[i], layout) : rg_onnx_real_value(s, node->in[i], layout);
    const char *out = raw ? rg_onnx_raw_name(s, node->out[0], layout)
                          : rg_onnx_real_name(s, node->out[0], layout);
    if (!in) {
        rg_onnx_refuse(s, "out of memory");
        return;
    }
    axis += axis < 0 ? y->shape.rank : 0;
    rg_onnx_begin(s, type, in, node->n_in, &out, 1);
    rg_onnx_give_int(s, "axis", rg_onnx_file_dim(layout, axis));
    rg_onnx_end_node(s, false);
    if (raw)
        rg_onnx_raw_done(s, node->out[0], layout);
    else
        rg_onnx_real_done(s, node->out[0], layout);
    free(in);
}

/* New dimension of one for each, then joined. */
static void put_pack(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    const char **in = calloc(node->n_in + 1, sizeof *in);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    axis += axis < 0 ? y->shape.rank : 0;
    for (uint32_t i = 0; in && i < node->n_in; i++) {
        const char *pair[] = {rg_onnx_raw(s, node->in[i], RG_ONNX_OURS),
                              rg_onnx_new_ints(s, &axis, 1)};
        in[i] = rg_onnx_new_name(s, "part");
        rg_onnx_simple(s, "Unsqueeze", pair, 2, in[i]);
    }
    if (!in) {
        rg_onnx_refuse(s, "out of memory");
        return;
    }
    rg_onnx_begin(s, type, in, node->n_in, &out, 1);
    rg_onnx_give_int(s, "axis", axis);
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
    free(in);
}

/* Parts along a dimension: split (axis first), split_v (sizes, axis), unpack. */
static void put_split(rg_onnx_writing *s, const rg_node *node, const char *type) {
    bool given = !strcmp(node->kind, "split_v"), unpack = !strcmp(node->kind, "unpack");
    uint32_t data = given || unpack ? 0 : 1, n = 1;
    int64_t axis = rg_onnx_int(node, "axis", 0), sizes[LIST];
    const rg_tensor *x = rg_node_in(s->graph, node, data);
    if (node->n_out > LIST ||
        (!unpack && !rg_onnx_read_ints(s, node->in[given ? 2 : 0], &axis, 1, &n))) {
        rg_onnx_refuse(s, "too many parts");
        return;
    }
    axis += axis < 0 ? x->shape.rank : 0;
    if (axis < 0 || axis >= x->shape.rank) {
        rg_onnx_refuse(s, "its dimension is not there");
        return;
    }
    const char *outs[LIST];
    for (uint32_t i = 0; i < node->n_out; i++) {
        sizes[i] = unpack ? 1 : rg_node_out(s->graph, node, i)->shape.dim[axis];
        outs[i] =
            unpack ? rg_onnx_new_name(s, "part") : rg_onnx_raw_name(s, node->out[i], RG_ONNX_OURS);
    }
    const char *in[] = {rg_onnx_raw(s, node->in[data], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, sizes, node->n_out)};
    rg_onnx_begin(s, type, in, 2, outs, node->n_out);
    rg_onnx_give_int(s, "axis", axis);
    rg_onnx_end_node(s, false);
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (unpack) {
            const char *pair[] = {outs[i], rg_onnx_new_ints(s, &axis, 1)};
            rg_onnx_simple(s, "Squeeze", pair, 2, rg_onnx_raw_name(s, node->out[i], RG_ONNX_OURS));
        }
        rg_onnx_raw_done(s, node->out[i], RG_ONNX_OURS);
    }
}

static void emit_slice(rg_onnx_writing *s, const rg_node *node, const int64_t *begin,
                       const int64_t *end, const int64_t *step, uint32_t n, const char *out) {
    int64_t axes[RG_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS), rg_onnx_new_ints(s, begin, n),
                        rg_onnx_new_ints(s, end, n), rg_onnx_new_ints(s, axes, n),
                        rg_onnx_new_ints(s, step, n)};
    rg_onnx_simple(s, "Slice", in, 5, out);
}

static void put_slice(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t begin[RG_MAX_RANK], size[RG_MAX_RANK], step[RG_MAX_RANK];
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    uint32_t n, m;
    (void)type;
    if (!rg_onnx_read_ints(s, node->in[1], begin, RG_MAX_RANK, &n) ||
        !rg_onnx_read_ints(s, node->in[2], size, RG_MAX_RANK, &m) || n != m || n != x->shape.rank)
        return;
    for (uint32_t i = 0; i < n; i++) {
        size[i] = size[i] == -1 ? x->shape.dim[i] : begin[i] + size[i];
        step[i] = 1;
    }
    emit_slice(s, node, begin, size, step, n, rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_strided_slice(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t begin[RG_MAX_RANK], end[RG_MAX_RANK], step[RG_MAX_RANK], dropped[RG_MAX_RANK];
    int64_t begins = rg_onnx_int(node, "begin_mask", 0), ends = rg_onnx_int(node, "end_mask", 0);
    int64_t drops = rg_onnx_int(node, "shrink_axis_mask", 0);
    uint32_t n, m, k, n_dropped = 0;
    (void)type;
    if (rg_onnx_int(node, "ellipsis_mask", 0) || rg_onnx_int(node, "new_axis_mask", 0)) {
        rg_onnx_refuse(s, "its masks are not known");
        return;
    }
    if (!rg_onnx_read_ints(s, node->in[1], begin, RG_MAX_RANK, &n) ||
        !rg_onnx_read_ints(s, node->in[2], end, RG_MAX_RANK, &m) ||
        !rg_onnx_read_ints(s, node->in[3], step, RG_MAX_RANK, &k) || n != m || m != k)
        return;
    for (uint32_t i = 0; i < n; i++) {
        bool drop = drops >> i & 1;
        if (begins >> i & 1)
            begin[i] = step[i] < 0 ? INT32_MAX : 0;
        if (ends >> i & 1)
            end[i] = step[i] < 0 ? -INT32_MAX : INT32_MAX;
        if (drop) {
            end[i] = begin[i] == -1 ? INT32_MAX : begin[i] + 1;
            step[i] = 1;
            dropped[n_dropped++] = i;
        }
    }
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    const char *part = n_dropped ? rg_onnx_new_name(s, "part") : out;
    emit_slice(s, node, begin, end, step, n, part);
    if (n_dropped) {
        const char *in[] = {part, rg_onnx_new_ints(s, dropped, n_dropped)};
        rg_onnx_simple(s, "Squeeze", in, 2, out);
    }
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_gather(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    if (rg_onnx_int(node, "batch_dims", 0)) {
        rg_onnx_refuse(s, "shared dimensions");
        return;
    }
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_raw(s, node->in[1], RG_ONNX_OURS)};
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    rg_onnx_begin(s, type, in, 2, &out, 1);
    rg_onnx_give_int(s, "axis", axis + (axis < 0 ? x->shape.rank : 0));
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

/* A border of zeros (reals: the zero point), or of a given value. */
static void put_pad(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t pairs[2 * RG_MAX_RANK], pads[2 * RG_MAX_RANK];
    uint32_t n;
    bool mirrors = !strcmp(node->kind, "mirror_pad");
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    if (!rg_onnx_read_ints(s, node->in[1], pairs, 2 * RG_MAX_RANK, &n) || n != 2 * x->shape.rank)
        return;
    for (uint32_t i = 0; i < n / 2; i++) {
        int64_t to = rg_onnx_file_dim(layout, i);
        pads[to] = pairs[2 * i];
        pads[n / 2 + to] = pairs[2 * i + 1];
    }
    if (mirrors && strcmp(rg_onnx_word(node, "mode", "reflect"), "reflect")) {
        rg_onnx_refuse(s, "mirrors its edge");
        return;
    }
    const char *in[3] = {rg_onnx_real_value(s, node->in[0], layout), rg_onnx_new_ints(s, pads, n)};
    bool given = !mirrors && node->n_in > 2 && node->in[2] >= 0;
    if (given)
        in[2] = rg_onnx_real_value(s, node->in[2], RG_ONNX_OURS);
    const char *out = rg_onnx_real_name(s, node->out[0], layout);
    rg_onnx_begin(s, type, in, given ? 3 : 2, &out, 1);
    if (mirrors)
        rg_onnx_give_word(s, "mode", "reflect");
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], layout);
}

/* --- over dimensions, and images --- */

static void put_reduce(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t axes[RG_MAX_RANK];
    uint32_t n;
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    bool keep = rg_onnx_int(node, "keep_dims", 0) != 0, sum = !strcmp(type, "ReduceSum");
    rg_onnx_layout layout = keep ? rg_onnx_layout_of(s, node, 1) : RG_ONNX_OURS;
    if (!rg_onnx_read_ints(s, node->in[1], axes, RG_MAX_RANK, &n))
        return;
    for (uint32_t i = 0; i < n; i++)
        axes[i] = rg_onnx_file_dim(layout, axes[i] + (axes[i] < 0 ? x->shape.rank : 0));
    const char *in[] = {rg_onnx_real_value(s, node->in[0], layout),
                        sum ? rg_onnx_new_ints(s, axes, n) : NULL};
    const char *out = rg_onnx_real_name(s, node->out[0], layout);
    /* axes are an attribute up to version 17, an input from 18 on: both must be possible */
    bool late = s->opset >= 18 || sum;
    if (late && !sum)
        in[1] = rg_onnx_new_ints(s, axes, n);
    rg_onnx_begin(s, type, in, late ? 2 : 1, &out, 1);
    if (!late)
        rg_onnx_give_ints(s, "axes", axes, n);
    rg_onnx_give_int(s, "keepdims", keep);
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], layout);
}

static void put_arg(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t axis = 0;
    uint32_t n;
    const rg_tensor *x = rg_node_in(s->graph, node, 0), *y = rg_node_out(s->graph, node, 0);
    const char *in = rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    bool narrow = y->dtype != RG_DTYPE_INT64;
    const char *wide = narrow ? rg_onnx_new_name(s, "wide") : out;
    if (!rg_onnx_read_ints(s, node->in[1], &axis, 1, &n))
        return;
    rg_onnx_begin(s, type, &in, 1, &wide, 1);
    rg_onnx_give_int(s, "axis", axis + (axis < 0 ? x->shape.rank : 0));
    rg_onnx_give_int(s, "keepdims", 0);
    rg_onnx_end_node(s, false);
    if (narrow) {
        rg_onnx_begin(s, "Cast", &wide, 1, &out, 1);
        rg_onnx_give_int(s, "to", rg_onnx_type(y->dtype));
        rg_onnx_end_node(s, false);
    }
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_cast(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in = rg_onnx_raw(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_int(s, "to", rg_onnx_type(rg_node_out(s->graph, node, 0)->dtype));
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

static void put_blocks(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in = rg_onnx_real_value(s, node->in[0], RG_ONNX_NCHW);
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_NCHW);
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_int(s, "blocksize", rg_onnx_int(node, "block_size", 1));
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_NCHW);
}

static void put_resize(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    const int32_t *d = y->shape.dim;
    bool corners = rg_onnx_int(node, "align_corners", 0) != 0;
    bool half = rg_onnx_int(node, "half_pixel_centers", 0) != 0;
    bool nearest = !strcmp(node->kind, "resize_nearest");
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    if (y->shape.rank != 4 || x->shape.dim[1] < 1 || x->shape.dim[2] < 1) {
        rg_onnx_refuse(s, "its image is empty");
        return;
    }
    bool whole_up = d[1] % x->shape.dim[1] == 0 && d[2] % x->shape.dim[2] == 0;
    if (nearest && (corners || (half && !whole_up))) {
        rg_onnx_refuse(s, "its rounding has no equal there");
        return;
    }
    int64_t sizes[] = {d[0], d[3], d[1], d[2]};
    const char *in[] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_NCHW), NULL, NULL,
                        rg_onnx_new_ints(s, sizes, 4)};
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_NCHW);
    rg_onnx_begin(s, type, in, 4, &out, 1);
    rg_onnx_give_word(s, "mode", nearest ? "nearest" : "linear");
    rg_onnx_give_word(s, "coordinate_transformation_mode",
                      corners ? "align_corners"
                      : half  ? "half_pixel"
                              : "asymmetric");
    if (nearest)
        rg_onnx_give_word(s, "nearest_mode", half ? "round_prefer_floor" : "floor");
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_NCHW);
}

/* broadcast_to and tile: data and numbers. */
static void put_spread(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t numbers[RG_MAX_RANK];
    uint32_t n;
    if (!rg_onnx_read_ints(s, node->in[1], numbers, RG_MAX_RANK, &n))
        return;
    const char *in[] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, numbers, n)};
    rg_onnx_simple(s, type, in, 2, rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* Comparisons and choices: reals in, truths or reals out. */
static void put_plain(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in[3];
    uint32_t n = node->n_in < 3 ? node->n_in : 3;
    for (uint32_t i = 0; i < n; i++)
        in[i] = rg_onnx_real_value(s, node->in[i], RG_ONNX_OURS);
    needs(s, 16);
    rg_onnx_simple(s, type, in, n, rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* --- the table --- */

static const struct {
    const char *kind;
    rg_onnx_put *put;
    const char *type;
    uint8_t need, rank; /* inputs that must be there; dimensions of input 0, 0: any number */
} rows[] = {
    {"conv2d", rg_onnx_put_conv, "Conv", 2, 4},
    {"depthwise_conv2d", rg_onnx_put_conv, "Conv", 2, 4},
    {"transpose_conv", rg_onnx_put_transpose_conv, "ConvTranspose", 3, 0},
    {"fully_connected", rg_onnx_put_layer, "Gemm", 2, 0},
    {"batch_matmul", rg_onnx_put_product, "MatMul", 2, 0},
    {"average_pool2d", rg_onnx_put_pool, "AveragePool", 1, 4},
    {"max_pool2d", rg_onnx_put_pool, "MaxPool", 1, 4},
    {"add", put_each, "Add", 2, 0},
    {"sub", put_each, "Sub", 2, 0},
    {"mul", put_each, "Mul", 2, 0},
    {"div", put_each, "Div", 2, 0},
    {"pow", put_each, "Pow", 2, 0},
    {"minimum", put_each, "Min", 2, 0},
    {"maximum", put_each, "Max", 2, 0},
    {"logistic", put_each, "Sigmoid", 1, 0},
    {"tanh", put_each, "Tanh", 1, 0},
    {"elu", put_each, "Elu", 1, 0},
    {"leaky_relu", put_each, "LeakyRelu", 1, 0},
    {"prelu", put_each, "PRelu", 2, 0},
    {"hard_swish", put_each, "HardSwish", 1, 0},
    {"gelu", put_each, "Gelu", 1, 0},
    {"abs", put_each, "Abs", 1, 0},
    {"neg", put_each, "Neg", 1, 0},
    {"exp", put_each, "Exp", 1, 0},
    {"log", put_each, "Log", 1, 0},
    {"sin", put_each, "Sin", 1, 0},
    {"cos", put_each, "Cos", 1, 0},
    {"sqrt", put_each, "Sqrt", 1, 0},
    {"floor", put_each, "Floor", 1, 0},
    {"ceil", put_each, "Ceil", 1, 0},
    {"round", put_each, "Round", 1, 0},
    {"erf", put_each, "Erf", 1, 0},
    {"relu", put_limits, "relu", 1, 0},
    {"relu6", put_limits, "relu6", 1, 0},
    {"relu_n1_to_1", put_limits, "relu_n1_to_1", 1, 0},
    {"relu_0_to_1", put_limits, "relu_0_to_1", 1, 0},
    {"rsqrt", put_composed, "rsqrt", 1, 0},
    {"square", put_composed, "square", 1, 0},
    {"squared_difference", put_composed, "squared_difference", 2, 0},
    {"softmax", put_rows, "Softmax", 1, 0},
    {"log_softmax", put_rows, "LogSoftmax", 1, 0},
    {"layer_norm", put_rows, "LayerNormalization", 1, 0},
    {"quantize", put_quantize, "", 1, 0},
    {"dequantize", put_quantize, "", 1, 0},
    {"reshape", put_reshape, "Reshape", 1, 0},
    {"squeeze", put_reshape, "Reshape", 1, 0},
    {"expand_dims", put_reshape, "Reshape", 1, 0},
    {"transpose", put_transpose, "Transpose", 2, 0},
    {"concat", put_concat, "Concat", 1, 0},
    {"pack", put_pack, "Concat", 1, 0},
    {"split", put_split, "Split", 2, 0},
    {"split_v", put_split, "Split", 3, 0},
    {"unpack", put_split, "Split", 1, 0},
    {"slice", put_slice, "Slice", 3, 0},
    {"strided_slice", put_strided_slice, "Slice", 4, 0},
    {"gather", put_gather, "Gather", 2, 0},
    {"pad", put_pad, "Pad", 2, 0},
    {"mirror_pad", put_pad, "Pad", 2, 0},
    {"mean", put_reduce, "ReduceMean", 2, 0},
    {"sum", put_reduce, "ReduceSum", 2, 0},
    {"reduce_max", put_reduce, "ReduceMax", 2, 0},
    {"reduce_min", put_reduce, "ReduceMin", 2, 0},
    {"reduce_prod", put_reduce, "ReduceProd", 2, 0},
    {"arg_max", put_arg, "ArgMax", 2, 0},
    {"arg_min", put_arg, "ArgMin", 2, 0},
    {"cast", put_cast, "Cast", 1, 0},
    {"depth_to_space", put_blocks, "DepthToSpace", 1, 4},
    {"space_to_depth", put_blocks, "SpaceToDepth", 1, 4},
    {"resize_nearest", put_resize, "Resize", 2, 4},
    {"resize_bilinear", put_resize, "Resize", 2, 4},
    {"broadcast_to", put_spread, "Expand", 2, 0},
    {"tile", put_spread, "Tile", 2, 0},
    {"equal", put_plain, "Equal", 2, 0},
    {"less", put_plain, "Less", 2, 0},
    {"less_equal", put_plain, "LessOrEqual", 2, 0},
    {"greater", put_plain, "Greater", 2, 0},
    {"greater_equal", put_plain, "GreaterOrEqual", 2, 0},
    {"logical_and", put_plain, "And", 2, 0},
    {"logical_or", put_plain, "Or", 2, 0},
    {"logical_not", put_plain, "Not", 1, 0},
    {"select_v2", put_plain, "Where", 3, 0},
};

/* Files that were read may hold nodes that no runtime would take. */
static bool sound(rg_onnx_writing *s, const rg_node *node, uint32_t need, uint32_t rank) {
    bool joins = !strcmp(node->kind, "concat") || !strcmp(node->kind, "pack");
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    bool fits = node->n_out >= 1 && node->n_in >= need && (!rank || (x && x->shape.rank == rank));
    for (uint32_t i = 0; fits && i < (joins ? node->n_in : need); i++)
        fits = rg_node_in(s->graph, node, i) != NULL;
    for (int i = 0; fits && i < 2; i++)
        fits = rg_onnx_int(node, i ? "stride_h" : "stride_w", 1) >= 1;
    if (!fits)
        rg_onnx_refuse(s, "its inputs are not those of the operator");
    return fits;
}

void rg_onnx_put_node(rg_onnx_writing *s, const rg_node *node) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(rows[i].kind, node->kind)) {
            if (sound(s, node, rows[i].need, rows[i].rank))
                rows[i].put(s, node, rows[i].type);
            return;
        }
    }
    rg_onnx_refuse(s, "the operator has no equal there that we write");
}
