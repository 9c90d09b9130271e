/* calibrate.c: one pass over the nodes; each is computed for all calibration inputs before the
 * next. */
#include "bench/run/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/field.h"
#include "bench/iface/op.h"
#include "bench/run/calls.h"

enum { N = RG_CALIBRATION_INPUTS };

/* Everything needed while walking: values[t * N + s] holds tensor t for input s. */
typedef struct walk {
    rg_network *net;
    rg_arena *arena;
    rg_op_call *calls;
    float **values;
    rg_range *ranges;
    rg_rng rng;
} walk;

static const void *value_of(const walk *w, int32_t t, int s) {
    const rg_tensor *tensor = &w->net->graph->tensors[t];
    return tensor->data ? tensor->data : w->values[t * N + s];
}

static bool make_room(walk *w, int32_t t) {
    for (int s = 0; s < N; s++) {
        w->values[t * N + s] = rg_arena_alloc(w->arena, w->net->graph->tensors[t].bytes);
        if (!w->values[t * N + s])
            return false;
    }
    return true;
}

static void note_range(walk *w, int32_t t) {
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float);
    rg_range range = {0, 0}; /* zero must be representable */
    for (int s = 0; s < N; s++) {
        for (size_t i = 0; i < n; i++) {
            float v = w->values[t * N + s][i];
            range.low = v < range.low ? v : range.low;
            range.high = v > range.high ? v : range.high;
        }
    }
    w->ranges[t] = range;
}

/* Inputs are smooth sums of a few uniform draws, so that they have some likeness to signals, within
 * low..high. */
static bool fill_input(walk *w, int32_t t) {
    const rg_tensor_role *role = &w->net->roles[t];
    if (!make_room(w, t))
        return false;
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float);
    for (int s = 0; s < N; s++) {
        for (size_t i = 0; i < n; i++)
            w->values[t * N + s][i] =
                (float)(role->low + (role->high - role->low) * rg_rng_unit(&w->rng));
    }
    w->ranges[t] = (rg_range){(float)fmin(role->low, 0), (float)fmax(role->high, 0)};
    return true;
}

static rg_status run_node(walk *w, const rg_op_call *call, const rg_node *node, int s,
                          rg_err *err) {
    const void *in[16];
    void *out[16];
    const rg_op *op = call->op;
    if (node->n_in > 16 || node->n_out > 16)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s has too many inputs", node->name);
    void *state = rg_arena_alloc(w->arena, op->state_bytes ? op->state_bytes(call) : 0);
    if (!state)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    rg_status status = op->prepare ? op->prepare(call, state, err) : RG_OK;
    if (status != RG_OK)
        return status;
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i] < 0 ? NULL : value_of(w, node->in[i], s);
    for (uint32_t i = 0; i < node->n_out; i++)
        out[i] = w->values[node->out[i] * N + s];
    op->run(call, state, in, out, 0, op->tiles ? op->tiles(call) : 1);
    return RG_OK;
}

/* Mean and deviation of one channel (of `channels`, the innermost dimension), or of all when
 * channels is 1. */
static void channel_moments(const walk *w, int32_t t, size_t channel, size_t channels,
                            double *ret_mean, double *ret_deviation) {
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float), count = 0;
    double sum = 0, squares = 0;
    for (int s = 0; s < N; s++) {
        for (size_t i = channel; i < n; i += channels, count++) {
            double v = w->values[t * N + s][i];
            sum += v;
            squares += v * v;
        }
    }
    *ret_mean = sum / (double)count;
    double variance = squares / (double)count - *ret_mean * *ret_mean;
    *ret_deviation = variance > 0 ? sqrt(variance) : 0;
}

/* y = (x - mean) / deviation * gain + offset, for one channel, in the values already computed. */
static void apply_channel(walk *w, int32_t t, size_t channel, size_t channels, float scale,
                          float shift) {
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float);
    for (int s = 0; s < N; s++) {
        for (size_t i = channel; i < n; i += channels)
            w->values[t * N + s][i] = w->values[t * N + s][i] * scale + shift;
    }
}

/* Scale of one channel's values and what is added to them then. Dense layers have too few values a
 * channel, so there one scale serves all and nothing is shifted. */
static void channel_change(walk *w, const rg_tensor_role *role, int32_t out, size_t c,
                           size_t channels, double whole, float *ret_scale, float *ret_shift) {
    double mean = 0, deviation = whole, offset = 0;
    if (role->axis >= 0) {
        channel_moments(w, out, c, channels, &mean, &deviation);
        offset = 0.2 * rg_rng_normal12(&w->rng);
    }
    deviation = fmax(deviation, fmax(whole * 1e-2, 1e-6));
    *ret_scale = (float)(role->gain / deviation);
    *ret_shift = (float)(offset - mean * role->gain / deviation);
}

/* Normalises the output of a layer with weights, folding scale and shift into weights and bias. */
static rg_status normalise(walk *w, const rg_node *node, rg_err *err) {
    const rg_tensor *weights = &w->net->graph->tensors[node->in[1]];
    const rg_tensor_role *role = &w->net->roles[node->in[1]];
    int32_t out = node->out[0];
    float *bias = (float *)w->net->graph->tensors[node->in[2]].data,
          *values = (float *)weights->data;
    size_t channels = w->net->graph->tensors[node->in[2]].bytes / sizeof *bias;
    float *scales = rg_arena_array(w->arena, channels, sizeof *scales);
    double mean, whole;
    if (!scales)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    channel_moments(w, out, 0, 1, &mean, &whole);
    for (size_t c = 0; c < channels; c++) {
        float shift;
        channel_change(w, role, out, c, channels, whole, &scales[c], &shift);
        bias[c] = bias[c] * scales[c] + shift;
        apply_channel(w, out, c, channels, scales[c], shift);
    }
    for (size_t i = 0; i < weights->bytes / sizeof *values; i++)
        values[i] *= scales[rg_channel_of(weights, role->axis, i)];
    return RG_OK;
}

static void activate(walk *w, int32_t t, const char *word) {
    float low = -INFINITY, high = INFINITY;
    if (!strcmp(word, "relu") || !strcmp(word, "relu6"))
        low = 0;
    if (!strcmp(word, "relu6"))
        high = 6;
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float);
    for (int s = 0; s < N; s++) {
        for (size_t i = 0; i < n; i++) {
            float v = w->values[t * N + s][i];
            w->values[t * N + s][i] = v < low ? low : v > high ? high : v;
        }
    }
}

/* A layer with weights is first computed without its activation, because that is what is
 * normalised. */
static rg_status compute_layer(walk *w, uint32_t index, rg_err *err) {
    const rg_node *node = &w->net->graph->nodes[index];
    rg_op_call call = w->calls[index];
    void *params = rg_arena_copy(w->arena, call.params, call.op->params_size);
    if (!params)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    rg_status status = rg_field_set(call.op->params, params, "activation", "none", err);
    call.params = params;
    for (int s = 0; status == RG_OK && s < N; s++)
        status = run_node(w, &call, node, s, err);
    if (status != RG_OK)
        return status;
    status = normalise(w, node, err);
    if (status != RG_OK)
        return status;
    const rg_attr *activation = rg_node_attr(node, "activation");
    if (activation && activation->type == RG_ATTR_WORD)
        activate(w, node->out[0], activation->word);
    return RG_OK;
}

static rg_status compute_node(walk *w, uint32_t index, rg_err *err) {
    const rg_node *node = &w->net->graph->nodes[index];
    rg_status status = RG_OK;
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (!make_room(w, node->out[i]))
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    }
    bool has_weights =
        node->n_in == 3 && node->in[1] >= 0 && w->net->roles[node->in[1]].part == RG_PART_WEIGHTS;
    if (has_weights)
        return compute_layer(w, index, err);
    for (int s = 0; status == RG_OK && s < N; s++)
        status = run_node(w, &w->calls[index], node, s, err);
    return status;
}

rg_status rg_calibrate(rg_network *network, rg_range *ret_ranges, rg_err *err) {
    rg_graph *graph = network->graph;
    walk w = {.net = network,
              .arena = rg_arena_new(0),
              .ranges = ret_ranges,
              .rng = rg_rng_seeded(network->seed ^ 0x5eed)};
    memset(ret_ranges, 0, graph->n_tensors * sizeof *ret_ranges);
    if (!w.arena ||
        !(w.values = rg_arena_array(w.arena, graph->n_tensors * N + 1, sizeof *w.values))) {
        rg_arena_free(w.arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", graph->name);
    }
    rg_status status = rg_calls_resolve(graph, w.arena, &w.calls, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_in; i++) {
        if (!fill_input(&w, graph->in[i]))
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", graph->name);
    }
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++) {
        status = compute_node(&w, i, err);
        for (uint32_t k = 0; status == RG_OK && k < graph->nodes[i].n_out; k++)
            note_range(&w, graph->nodes[i].out[k]);
    }
    rg_arena_free(w.arena);
    return status;
}
