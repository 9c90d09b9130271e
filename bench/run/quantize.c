/* quantize.c: scales from ranges, then each tensor in its integer form. */
#include "bench/run/quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    const rg_network *net;
    const rg_graph *from;
    rg_graph *to;
    rg_dtype dense_weights;
    uint32_t *group; /* tensors of one group share their quantization: number of its first member */
    rg_range *ranges; /* by group */
} job;

/* Operators whose output must have the input's quantization (all inputs', for concat). */
static bool shares_quantization(const char *kind) {
    static const char *const kinds[] = {
        "average_pool2d", "max_pool2d", "pad",           "reshape", "concat", "squeeze",
        "transpose",      "slice",      "strided_slice", "split",   "gather", "resize_nearest",
        "resize_bilinear"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!strcmp(kinds[i], kind))
            return true;
    }
    return false;
}

/* True for tensors that are real numbers quantized by their range. */
static bool has_range(const job *j, int32_t t) {
    rg_part part = j->net->roles[t].part;
    return (part == RG_PART_INPUT || part == RG_PART_ACTIVATION || part == RG_PART_TABLE) &&
           j->from->tensors[t].dtype == RG_DTYPE_FLOAT32;
}

static void join(job *j, uint32_t a, uint32_t b) {
    uint32_t keep = j->group[a], drop = j->group[b];
    if (keep == drop)
        return;
    j->ranges[keep].low = fminf(j->ranges[keep].low, j->ranges[drop].low);
    j->ranges[keep].high = fmaxf(j->ranges[keep].high, j->ranges[drop].high);
    for (uint32_t t = 0; t < j->from->n_tensors; t++) {
        if (j->group[t] == drop)
            j->group[t] = keep;
    }
}

/* Outputs whose quantization their operator fixes: 1/256 from -128 on, 1/128 around 0. */
static const struct {
    const char *kind;
    rg_range range;
} fixed[] = {
    {"softmax", {0, 255.0f / 256}},
    {"logistic", {0, 255.0f / 256}},
    {"tanh", {-1, 127.0f / 128}},
};

static void make_groups(job *j) {
    for (uint32_t t = 0; t < j->from->n_tensors; t++)
        j->group[t] = t;
    for (uint32_t i = 0; i < j->from->n_nodes; i++) {
        const rg_node *node = &j->from->nodes[i];
        if (!shares_quantization(node->kind))
            continue;
        for (uint32_t k = 0; k < node->n_in; k++) {
            if (has_range(j, node->in[k]))
                join(j, (uint32_t)node->in[k], (uint32_t)node->out[0]);
        }
        for (uint32_t k = 1; k < node->n_out; k++)
            join(j, (uint32_t)node->out[0], (uint32_t)node->out[k]);
    }
    for (uint32_t i = 0; i < j->from->n_nodes; i++) {
        const rg_node *node = &j->from->nodes[i];
        for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++) {
            if (!strcmp(fixed[k].kind, node->kind))
                j->ranges[j->group[node->out[0]]] = fixed[k].range;
        }
    }
}

static bool set_quant(rg_graph *graph, rg_tensor *t, uint32_t n, uint32_t axis, float **ret_scale,
                      int32_t **ret_zero) {
    float *scale = rg_arena_array(graph->arena, n, sizeof *scale);
    int32_t *zero = rg_arena_array(graph->arena, n, sizeof *zero);
    if (!scale || !zero)
        return false;
    t->quant = (rg_quant){n, scale, zero, axis};
    *ret_scale = scale;
    *ret_zero = zero;
    return true;
}

static bool quantize_activation(job *j, uint32_t t) {
    rg_tensor *to = &j->to->tensors[t];
    rg_range range = j->ranges[j->group[t]];
    float *scale;
    int32_t *zero;
    if (!set_quant(j->to, to, 1, 0, &scale, &zero))
        return false;
    to->dtype = RG_DTYPE_INT8;
    to->bytes /= sizeof(float);
    double width = (double)range.high - range.low;
    scale[0] = (float)(width > 1e-6 ? width / 255 : 1.0 / 255);
    zero[0] = (int32_t)fmin(127, fmax(-128, floor(-128 - range.low / (double)scale[0] + 0.5)));
    return true;
}

/* A table has the quantization of its group, and its elements in it. */
static bool quantize_table(job *j, uint32_t t) {
    const float *values = j->from->tensors[t].data;
    rg_tensor *to = &j->to->tensors[t];
    if (!quantize_activation(j, t))
        return false;
    int8_t *data = rg_arena_alloc(j->to->arena, to->bytes);
    for (size_t i = 0; data && i < to->bytes; i++) {
        double q = floor((double)values[i] / to->quant.scale[0] + 0.5) + to->quant.zero_point[0];
        data[i] = (int8_t)fmin(127, fmax(-128, q));
    }
    to->data = data;
    return data != NULL;
}

/* Weights in `bits`, symmetric: largest magnitude by channel, then each element. */
static bool spread_weights(job *j, uint32_t t, int axis, unsigned bits, int8_t *ret) {
    const rg_tensor *from = &j->from->tensors[t];
    const float *values = from->data;
    size_t n = from->bytes / sizeof(float);
    uint32_t channels = axis < 0 ? 1 : (uint32_t)from->shape.dim[axis];
    float most = (float)((1 << (bits - 1)) - 1), *scale;
    int32_t *zero;
    if (!set_quant(j->to, &j->to->tensors[t], channels, axis < 0 ? 0 : (uint32_t)axis, &scale,
                   &zero))
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t c = axis < 0 ? 0 : rg_channel_of(from, axis, i);
        scale[c] = fmaxf(scale[c], fabsf(values[i]));
    }
    for (uint32_t c = 0; c < channels; c++)
        scale[c] = fmaxf(scale[c] / most, 1e-9f);
    for (size_t i = 0; i < n; i++) {
        double q = (double)values[i] / scale[axis < 0 ? 0 : rg_channel_of(from, axis, i)];
        ret[i] = (int8_t)fmin(most, fmax(-most, floor(q + 0.5)));
    }
    return true;
}

/* Two a byte, the first in the lower half; in place. */
static size_t pack_nibbles(int8_t *data, size_t n) {
    for (size_t i = 0; i < n; i += 2) {
        uint8_t high = i + 1 < n ? (uint8_t)data[i + 1] : 0;
        data[i / 2] = (int8_t)(((uint8_t)data[i] & 15) | (uint8_t)(high << 4));
    }
    return (n + 1) / 2;
}

/* Dense layers have one scale for int8, one an output for int4. */
static bool quantize_weights(job *j, uint32_t t, bool dense) {
    rg_tensor *to = &j->to->tensors[t];
    size_t n = j->from->tensors[t].bytes / sizeof(float);
    bool narrow = dense && j->dense_weights == RG_DTYPE_INT4;
    int8_t *data = rg_arena_alloc(j->to->arena, n);
    if (!data || !spread_weights(j, t, narrow ? 0 : j->net->roles[t].axis, narrow ? 4 : 8, data))
        return false;
    to->dtype = narrow ? RG_DTYPE_INT4 : RG_DTYPE_INT8;
    to->bytes = narrow ? pack_nibbles(data, n) : n;
    to->data = data;
    return true;
}

/* int32 at input scale x weight scale of its channel. */
static bool quantize_bias(job *j, const rg_node *node, int32_t weights_at, int32_t bias_at) {
    int32_t input_at = rg_network_part(j->net, node, RG_PART_ACTIVATION);
    if (input_at < 0)
        input_at = rg_network_part(j->net, node, RG_PART_INPUT);
    if (input_at < 0)
        return false;
    const rg_tensor *input = &j->to->tensors[input_at], *weights = &j->to->tensors[weights_at];
    const rg_tensor *from = &j->from->tensors[bias_at];
    rg_tensor *to = &j->to->tensors[bias_at];
    size_t n = from->bytes / sizeof(float);
    const float *values = from->data;
    float *scale;
    int32_t *zero, *data = rg_arena_array(j->to->arena, n, sizeof *data);
    if (!data || !set_quant(j->to, to, weights->quant.n, 0, &scale, &zero))
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t c = weights->quant.n == 1 ? 0 : i;
        scale[c] = input->quant.scale[0] * weights->quant.scale[c];
        double q = floor((double)values[i] / scale[c] + 0.5);
        data[i] = (int32_t)fmin(INT32_MAX / 2, fmax(INT32_MIN / 2, q));
    }
    to->dtype = RG_DTYPE_INT32;
    to->data = data;
    return true;
}

/* Names, shapes, nodes and attributes are the same; only data and element types change. */
static bool copy_structure(job *j) {
    rg_arena *arena = j->to->arena;
    rg_graph *to = j->to;
    *to = *j->from;
    to->arena = arena;
    to->name = rg_arena_strdup(arena, j->from->name);
    to->description = rg_arena_strdup(arena, j->from->description);
    to->tensors = rg_arena_copy(arena, j->from->tensors, j->from->n_tensors * sizeof *to->tensors);
    to->nodes = rg_arena_copy(arena, j->from->nodes, j->from->n_nodes * sizeof *to->nodes);
    to->in = rg_arena_copy(arena, j->from->in, j->from->n_in * sizeof *to->in);
    to->out = rg_arena_copy(arena, j->from->out, j->from->n_out * sizeof *to->out);
    return to->name && to->description && to->tensors && to->nodes && to->in && to->out;
}

/* What the copied tensors and nodes still point to belongs to the float graph: it is copied too. */
static bool own_texts(job *j) {
    rg_arena *arena = j->to->arena;
    bool whole = true;
    for (uint32_t t = 0; whole && t < j->to->n_tensors; t++)
        whole = (j->to->tensors[t].name = rg_arena_strdup(arena, j->to->tensors[t].name)) != NULL;
    for (uint32_t i = 0; whole && i < j->to->n_nodes; i++) {
        rg_node *node = &j->to->nodes[i];
        rg_attr *attrs = rg_arena_array(arena, node->n_attrs + 1, sizeof *attrs);
        for (uint32_t a = 0; attrs && a < node->n_attrs; a++) {
            attrs[a] = node->attrs[a];
            attrs[a].key = rg_arena_strdup(arena, attrs[a].key);
            attrs[a].word = rg_arena_strdup(arena, attrs[a].word);
        }
        node->attrs = attrs;
        node->kind = rg_arena_strdup(arena, node->kind);
        node->name = j->to->tensors[node->out[0]].name;
        node->in = rg_arena_copy(arena, node->in, node->n_in * sizeof *node->in);
        node->out = rg_arena_copy(arena, node->out, node->n_out * sizeof *node->out);
        whole = attrs && node->kind && node->in && node->out;
    }
    return whole;
}

static bool quantize_layer(job *j, const rg_node *node) {
    int32_t weights = rg_network_part(j->net, node, RG_PART_WEIGHTS);
    int32_t bias = rg_network_part(j->net, node, RG_PART_BIAS);
    if (weights < 0)
        return true;
    return quantize_weights(j, (uint32_t)weights, !strcmp(node->kind, "fully_connected")) &&
           (bias < 0 || quantize_bias(j, node, weights, bias));
}

static bool quantize_tensors(job *j) {
    bool done = true;
    for (uint32_t t = 0; done && t < j->from->n_tensors; t++) {
        rg_tensor *to = &j->to->tensors[t];
        rg_part part = j->net->roles[t].part;
        if (part == RG_PART_TABLE)
            done = quantize_table(j, t);
        else if (has_range(j, (int32_t)t))
            done = quantize_activation(j, t);
        else if (part == RG_PART_INTS)
            done = (to->data = rg_arena_copy(j->to->arena, to->data, to->bytes)) != NULL;
    }
    for (uint32_t i = 0; done && i < j->from->n_nodes; i++)
        done = quantize_layer(j, &j->to->nodes[i]);
    return done;
}

rg_status rg_quantize(const rg_network *network, const rg_range *ranges, rg_dtype dense_weights,
                      rg_graph **ret_graph, rg_err *err) {
    uint32_t n = network->graph->n_tensors;
    job j = {.net = network,
             .from = network->graph,
             .to = rg_graph_new(0),
             .dense_weights = dense_weights};
    j.group = calloc(n + 1, sizeof *j.group);
    j.ranges = calloc(n + 1, sizeof *j.ranges);
    bool done = j.to && j.group && j.ranges && copy_structure(&j) && own_texts(&j);
    if (done) {
        memcpy(j.ranges, ranges, n * sizeof *ranges);
        make_groups(&j);
        done = quantize_tensors(&j);
    }
    free(j.group);
    free(j.ranges);
    rg_status status = done ? rg_graph_check(j.to, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory quantizing");
    if (status == RG_OK)
        *ret_graph = j.to;
    else
        rg_graph_free(j.to);
    return status;
}
