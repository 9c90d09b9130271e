/* calibrate.c: one pass over the nodes; each is computed for all calibration inputs before the
 * next. */
#include "bench/run/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/field.h"
#include "bench/iface/kernel.h"
#include "bench/run/calls.h"

enum { N = RG_CALIBRATION_INPUTS, MOST_TENSORS = 64, FEW = 16 };

/* Everything needed while walking: values[t * N + s] holds tensor t for input s until the last node
 * that reads it is done. */
typedef struct walk {
    rg_network *net;
    rg_arena *arena;
    rg_op_call *calls;
    float **values;
    uint32_t *last_reader; /* by tensor: the last node that reads it */
    rg_range *ranges;
    rg_rng rng;
} walk;

/* Libraries' exponentials differ in the last bit from machine to machine. What becomes part of a
 * file is rounded to 14 bits, so that the difference ends here. */
static float steady(double value) {
    int exponent;
    double fraction = frexp(value, &exponent);
    return (float)ldexp(floor(fraction * 0x1p14 + 0.5), exponent - 14);
}

static const void *value_of(const walk *w, int32_t t, int s) {
    const rg_tensor *tensor = &w->net->graph->tensors[t];
    return tensor->data ? tensor->data : w->values[t * N + s];
}

static bool make_room(walk *w, int32_t t) {
    for (int s = 0; s < N; s++) {
        w->values[t * N + s] = malloc(w->net->graph->tensors[t].bytes + 1);
        if (!w->values[t * N + s])
            return false;
    }
    return true;
}

static void give_up(walk *w, int32_t t) {
    for (int s = 0; s < N; s++) {
        free(w->values[t * N + s]);
        w->values[t * N + s] = NULL;
    }
}

/* Frees what node `index` read or wrote and nobody reads later. */
static void give_up_behind(walk *w, uint32_t index) {
    const rg_node *node = &w->net->graph->nodes[index];
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0 && w->last_reader[node->in[i]] <= index)
            give_up(w, node->in[i]);
    }
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (w->last_reader[node->out[i]] <= index)
            give_up(w, node->out[i]);
    }
}

static void find_last_readers(walk *w) {
    const rg_graph *graph = w->net->graph;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        for (uint32_t i = 0; i < graph->nodes[n].n_in; i++) {
            if (graph->nodes[n].in[i] >= 0)
                w->last_reader[graph->nodes[n].in[i]] = n;
        }
    }
}

static void note_range(walk *w, int32_t t) {
    if (w->net->graph->tensors[t].dtype != RG_DTYPE_FLOAT32)
        return;
    size_t n = w->net->graph->tensors[t].bytes / sizeof(float);
    rg_range range = {0, 0}; /* zero must be representable */
    for (int s = 0; s < N; s++) {
        for (size_t i = 0; i < n; i++) {
            float v = w->values[t * N + s][i];
            range.low = v < range.low ? v : range.low;
            range.high = v > range.high ? v : range.high;
        }
    }
    w->ranges[t] = (rg_range){steady(range.low), steady(range.high)};
}

/* A table's range is known before anything is computed. */
static void note_table(walk *w, uint32_t t) {
    const rg_tensor *tensor = &w->net->graph->tensors[t];
    rg_range range = {0, 0};
    for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) {
        float v = ((const float *)tensor->data)[i];
        range.low = fminf(range.low, v);
        range.high = fmaxf(range.high, v);
    }
    w->ranges[t] = range;
}

static bool fill_input(walk *w, int32_t t) {
    const rg_tensor_role *role = &w->net->roles[t];
    if (!make_room(w, t))
        return false;
    for (int s = 0; s < N; s++)
        rg_input_fill(&w->net->graph->tensors[t], role->low, role->high, &w->rng,
                      w->values[t * N + s]);
    w->ranges[t] = (rg_range){(float)fmin(role->low, 0), (float)fmax(role->high, 0)};
    return true;
}

/* --- one node --------------------------------------------------------------------------------- */

/* How a call is computed: by a kernel where there is one, since kernels give the reference's bytes;
 * else by the reference. */
typedef struct method {
    const rg_kernel *kernel;
    void *prepared, *scratch;
} method;

static void *room(size_t bytes) {
    size_t whole = (bytes / 64 + 1) * 64;
    void *memory = aligned_alloc(64, whole);
    if (memory)
        memset(memory, 0, whole);
    return memory;
}

static rg_status choose(const rg_op_call *call, method *ret, rg_err *err) {
    const rg_op *op = call->op;
    const rg_kernel *kernel = rg_kernel_for(call, rg_isa_allowed());
    method m = {.kernel = kernel};
    size_t bytes = op->state_bytes ? op->state_bytes(call) : 0;
    if (kernel)
        bytes = kernel->packed_bytes ? kernel->packed_bytes(call) : 0;
    m.prepared = room(bytes);
    m.scratch = room(kernel && kernel->scratch_bytes ? kernel->scratch_bytes(call) : 0);
    rg_status status = RG_OK;
    if (!m.prepared || !m.scratch)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating a %s", op->kind);
    else if (kernel && kernel->pack)
        status = kernel->pack(call, m.prepared, err);
    else if (!kernel && op->prepare)
        status = op->prepare(call, m.prepared, err);
    *ret = m;
    return status;
}

static void compute(const walk *w, const rg_op_call *call, const rg_node *node, const method *m,
                    int s) {
    const void *in[MOST_TENSORS];
    void *out[MOST_TENSORS];
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i] < 0 ? NULL : value_of(w, node->in[i], s);
    for (uint32_t i = 0; i < node->n_out; i++)
        out[i] = w->values[node->out[i] * N + s];
    if (m->kernel)
        m->kernel->run(call, m->prepared, in, out, 0, m->kernel->tiles ? m->kernel->tiles(call) : 1,
                       m->scratch);
    else
        call->op->run(call, m->prepared, in, out, 0, call->op->tiles ? call->op->tiles(call) : 1);
}

static rg_status run_node(walk *w, const rg_op_call *call, const rg_node *node, rg_err *err) {
    if (node->n_in > MOST_TENSORS || node->n_out > MOST_TENSORS)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s has too many inputs", node->name);
    method m = {0};
    rg_status status = choose(call, &m, err);
    for (int s = 0; status == RG_OK && s < N; s++)
        compute(w, call, node, &m, s);
    free(m.prepared);
    free(m.scratch);
    return status;
}

/* --- normalisation ---------------------------------------------------------------------------- */

/* Sums of one channel's values, then what they are multiplied by and what is added. */
typedef struct channel {
    double sum, squares;
    float scale, shift;
} channel;

static double deviation_of(double sum, double squares, double count) {
    double mean = sum / count, variance = squares / count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* Channels are the innermost dimension. Returns how many values each has. */
static double add_up(const walk *w, int32_t t, channel *channels, size_t n_channels) {
    size_t rows = w->net->graph->tensors[t].bytes / sizeof(float) / n_channels;
    for (int s = 0; s < N; s++) {
        const float *v = w->values[t * N + s];
        for (size_t r = 0; r < rows; r++, v += n_channels) {
            for (size_t c = 0; c < n_channels; c++) {
                channels[c].sum += v[c];
                channels[c].squares += (double)v[c] * v[c];
            }
        }
    }
    return (double)(rows * N);
}

static void apply(walk *w, int32_t t, const channel *channels, size_t n_channels) {
    size_t rows = w->net->graph->tensors[t].bytes / sizeof(float) / n_channels;
    for (int s = 0; s < N; s++) {
        float *v = w->values[t * N + s];
        for (size_t r = 0; r < rows; r++, v += n_channels) {
            for (size_t c = 0; c < n_channels; c++)
                v[c] = v[c] * channels[c].scale + channels[c].shift;
        }
    }
}

/* Where there are too few values a channel (dense layers, convolutions of one pixel) one scale
 * serves all and nothing is shifted. A channel that hardly varies is not blown up to what others
 * are: it would be noise. */
static void find_changes(walk *w, const rg_tensor_role *role, channel *channels, size_t n,
                         double count) {
    double sum = 0, squares = 0, typical = 0;
    for (size_t c = 0; c < n; c++) {
        sum += channels[c].sum;
        squares += channels[c].squares;
        typical += deviation_of(channels[c].sum, channels[c].squares, count) / (double)n;
    }
    double whole = deviation_of(sum, squares, count * (double)n);
    bool each = role->axis >= 0 && count >= FEW;
    for (size_t c = 0; c < n; c++) {
        double mean = each ? channels[c].sum / count : 0, deviation = whole, offset = 0;
        if (each) {
            deviation = deviation_of(channels[c].sum, channels[c].squares, count);
            deviation = fmax(deviation, typical / 2);
            offset = 0.2 * rg_rng_normal12(&w->rng);
        }
        deviation = fmax(deviation, fmax(whole * 1e-2, 1e-6));
        channels[c].scale = steady(role->gain / deviation);
        channels[c].shift = steady(offset - mean * role->gain / deviation);
    }
}

/* Normalises the output of a layer, folding scale and shift into its weights and bias. */
static rg_status normalise(walk *w, const rg_node *node, int32_t weights_at, int32_t bias_at,
                           rg_err *err) {
    const rg_tensor *weights = &w->net->graph->tensors[weights_at];
    const rg_tensor_role *role = &w->net->roles[weights_at];
    float *bias = (float *)w->net->graph->tensors[bias_at].data;
    float *values = (float *)weights->data;
    size_t n = w->net->graph->tensors[bias_at].bytes / sizeof *bias;
    channel *channels = calloc(n, sizeof *channels);
    if (!channels)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    double count = add_up(w, node->out[0], channels, n);
    find_changes(w, role, channels, n, count);
    apply(w, node->out[0], channels, n);
    for (size_t c = 0; c < n; c++)
        bias[c] = bias[c] * channels[c].scale + channels[c].shift;
    for (size_t i = 0; i < weights->bytes / sizeof *values; i++)
        values[i] *= channels[rg_channel_of(weights, role->axis, i)].scale;
    free(channels);
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
static rg_status compute_layer(walk *w, uint32_t index, int32_t weights, int32_t bias,
                               rg_err *err) {
    const rg_node *node = &w->net->graph->nodes[index];
    rg_op_call call = w->calls[index];
    void *params = rg_arena_copy(w->arena, call.params, call.op->params_size);
    if (!params)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    rg_status status = rg_field_set(call.op->params, params, "activation", "none", err);
    call.params = params;
    if (status == RG_OK)
        status = run_node(w, &call, node, err);
    if (status == RG_OK)
        status = normalise(w, node, weights, bias, err);
    const rg_attr *activation = rg_node_attr(node, "activation");
    if (status == RG_OK && activation && activation->type == RG_ATTR_WORD)
        activate(w, node->out[0], activation->word);
    return status;
}

static rg_status compute_node(walk *w, uint32_t index, rg_err *err) {
    const rg_node *node = &w->net->graph->nodes[index];
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (!make_room(w, node->out[i]))
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", node->name);
    }
    int32_t weights = rg_network_part(w->net, node, RG_PART_WEIGHTS);
    int32_t bias = rg_network_part(w->net, node, RG_PART_BIAS);
    rg_status status = weights >= 0 && bias >= 0 ? compute_layer(w, index, weights, bias, err)
                                                 : run_node(w, &w->calls[index], node, err);
    for (uint32_t i = 0; status == RG_OK && i < node->n_out; i++)
        note_range(w, node->out[i]);
    give_up_behind(w, index);
    return status;
}

static rg_status begin(walk *w, rg_err *err) {
    const rg_graph *graph = w->net->graph;
    memset(w->ranges, 0, graph->n_tensors * sizeof *w->ranges);
    w->arena = rg_arena_new(0);
    w->values = calloc((size_t)graph->n_tensors * N + 1, sizeof *w->values);
    w->last_reader = calloc(graph->n_tensors + 1, sizeof *w->last_reader);
    if (!w->arena || !w->values || !w->last_reader)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", graph->name);
    find_last_readers(w);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        if (w->net->roles[t].part == RG_PART_TABLE)
            note_table(w, t);
    }
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (!fill_input(w, graph->in[i]))
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory calibrating %s", graph->name);
    }
    return rg_calls_resolve(graph, w->arena, &w->calls, err);
}

rg_status rg_calibrate(rg_network *network, rg_range *ret_ranges, rg_err *err) {
    walk w = {.net = network, .ranges = ret_ranges, .rng = rg_rng_seeded(network->seed ^ 0x5eed)};
    rg_status status = begin(&w, err);
    for (uint32_t i = 0; status == RG_OK && i < network->graph->n_nodes; i++)
        status = compute_node(&w, i, err);
    for (uint32_t t = 0; w.values && t < network->graph->n_tensors; t++)
        give_up(&w, (int32_t)t);
    free(w.values);
    free(w.last_reader);
    rg_arena_free(w.arena);
    return status;
}
