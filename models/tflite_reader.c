/* tflite_reader.c: turns the bytes of a .tflite file into a graph. The model and its main subgraph
 * are read here, tensors in tflite_tensor.c, operators in tflite_node.c. Time and memory are
 * bounded by the file's size and the limits (see flatbuf.h). */
#include <stdio.h>
#include <string.h>

#include "bench/core/magic.h"
#include "bench/core/remark.h"
#include "models/tflite_read.h"
#include "models/tflite_schema.h"

static const char damaged_advice[] =
    "the file is damaged or cut short: copy it again and compare size and sha256 with its source";

rg_status rg_tflite_damage(const rg_tflite_reading *r) {
    if (!r->fb.problem)
        return RG_OK;
    return rg_fail(r->err, RG_BAD_DATA, damaged_advice, "%s (at byte %zu of %zu)", r->fb.problem,
                   r->fb.problem_at, r->fb.bytes);
}

rg_status rg_tflite_no_memory(const rg_tflite_reading *r) {
    return rg_fail(r->err, RG_NO_MEMORY, "give a smaller model",
                   "its graph needs more than the limit of %zu bytes of memory, or memory ran out",
                   r->limits->graph_bytes);
}

const int32_t *rg_tflite_ints(rg_tflite_reading *r, rg_fb_vec vec) {
    static const int32_t none[1] = {0};
    if (vec.n == 0)
        return none;
    if ((uintptr_t)vec.data % sizeof(int32_t) == 0)
        return (const int32_t *)vec.data; /* little-endian hosts only, as all our targets */
    int32_t *copy = rg_arena_array(r->graph->arena, vec.n, sizeof *copy);
    for (uint32_t i = 0; copy && i < vec.n; i++)
        copy[i] = rg_fb_i32_at(vec, i);
    return copy;
}

/* Bytes of the UTF-8 sequence at `at`; 0 when it is none, or not fit to print. */
static size_t sequence(const unsigned char *at, size_t left) {
    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f;
    size_t n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    bool control = at[0] == 0xc2 && at[1] < 0xa0;
    return overlong || beyond || control ? 0 : n;
}

const char *rg_tflite_text(rg_tflite_reading *r, rg_fb_vec vec) {
    enum { MOST = 1023 };
    if (vec.n == 0)
        return "";
    char clean[MOST + 1];
    size_t used = 0;
    for (size_t at = 0; at < vec.n && used < MOST;) {
        size_t n = sequence(vec.data + at, vec.n - at);
        if (used + n > MOST)
            break;
        if (n)
            memcpy(clean + used, vec.data + at, n);
        else
            clean[used] = '?';
        at += n ? n : 1;
        used += n ? n : 1;
    }
    clean[used] = '\0';
    if (used == vec.n && !memcmp(clean, vec.data, used))
        return (const char *)vec.data;
    return rg_arena_copy(r->graph->arena, clean, used + 1);
}

static bool sniff(const void *data, size_t bytes) {
    return bytes >= 8 && !memcmp((const char *)data + 4, "TFL3", 4);
}

/* Identifies what cannot be a .tflite file before anything else is believed. */
static rg_status check_head(const void *data, size_t bytes, const rg_model_limits *limits,
                            rg_err *err) {
    if (bytes > limits->file_bytes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "it has %zu bytes, more than the limit of %zu", bytes, limits->file_bytes);
    if (sniff(data, bytes))
        return RG_OK;
    const rg_magic *magic = rg_magic_of(data, bytes);
    if (magic)
        return rg_fail(err, RG_BAD_DATA, magic->advice, "it is %s", magic->what);
    if (bytes < 8)
        return rg_fail(err, RG_BAD_DATA, damaged_advice, "it has only %zu bytes", bytes);
    return rg_fail(err, RG_BAD_DATA, damaged_advice,
                   "it lacks the identifier TFL3 that every .tflite file carries at byte 4");
}

/* The main subgraph; versions that we cannot read and models without one are refused. */
static rg_status find_subgraph(rg_tflite_reading *r, rg_fb_table *ret_subgraph) {
    rg_fb_table model = rg_fb_root(&r->fb);
    uint32_t version = rg_fb_u32(&r->fb, model, MODEL_VERSION, 0);
    if (rg_tflite_damage(r) != RG_OK)
        return RG_BAD_DATA;
    if (version != TFLITE_VERSION)
        return rg_fail(r->err, RG_BAD_DATA, "convert the model again with a current converter",
                       "it has schema version %u; only version %d can be read", version,
                       TFLITE_VERSION);
    r->subgraphs = rg_fb_vector(&r->fb, model, MODEL_SUBGRAPHS, 4);
    r->codes = rg_fb_vector(&r->fb, model, MODEL_CODES, 4);
    r->buffers = rg_fb_vector(&r->fb, model, MODEL_BUFFERS, 4);
    rg_fb_vec description = rg_fb_text(&r->fb, model, MODEL_DESCRIPTION);
    if (rg_tflite_damage(r) != RG_OK)
        return RG_BAD_DATA;
    if (r->subgraphs.n == 0)
        return rg_fail(r->err, RG_BAD_DATA, "convert the model again; this file computes nothing",
                       "it holds no subgraph");
    r->graph->description = rg_tflite_text(r, description);
    if (!r->graph->description)
        return rg_tflite_no_memory(r);
    *ret_subgraph = rg_fb_entry(&r->fb, r->subgraphs, 0);
    return rg_tflite_damage(r);
}

/* Dimensions that a vector of sizes leaves open, one bit each. */
static uint32_t open_dims(rg_fb_vec sizes) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < sizes.n && i < RG_MAX_RANK; i++)
        open |= rg_fb_i32_at(sizes, i) == -1 ? 1u << i : 0;
    return open;
}

/* Notes which dimensions of the inputs the file leaves open, in its shape or its signature. */
static rg_status note_open_dims(rg_tflite_reading *r, rg_fb_table subgraph) {
    const rg_graph *graph = r->graph;
    rg_fb_vec tensors = rg_fb_vector(&r->fb, subgraph, GRAPH_TENSORS, 4);
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (graph->in[i] < 0 || (uint32_t)graph->in[i] >= tensors.n)
            continue;
        rg_fb_table table = rg_fb_entry(&r->fb, tensors, (uint32_t)graph->in[i]);
        rg_remark remark = {.index = i};
        remark.open_dims = open_dims(rg_fb_vector(&r->fb, table, TENSOR_SHAPE, 4)) |
                           open_dims(rg_fb_vector(&r->fb, table, TENSOR_SIGNATURE, 4));
        if (remark.open_dims && !rg_remark_add(r->graph, remark))
            return rg_tflite_no_memory(r);
    }
    return rg_tflite_damage(r);
}

static rg_status read_ends(rg_tflite_reading *r, rg_fb_table subgraph) {
    rg_fb_vec in = rg_fb_vector(&r->fb, subgraph, GRAPH_INPUTS, 4);
    rg_fb_vec out = rg_fb_vector(&r->fb, subgraph, GRAPH_OUTPUTS, 4);
    if (rg_tflite_damage(r) != RG_OK)
        return RG_BAD_DATA;
    rg_graph *graph = r->graph;
    graph->in = rg_tflite_ints(r, in);
    graph->out = rg_tflite_ints(r, out);
    graph->n_in = in.n;
    graph->n_out = out.n;
    return graph->in && graph->out ? note_open_dims(r, subgraph) : rg_tflite_no_memory(r);
}

static void mark(bool *has_value, uint32_t n_tensors, const int32_t *list, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] >= 0 && (uint32_t)list[i] < n_tensors)
            has_value[list[i]] = true;
    }
}

/* Foreign operators bring scratch memory along as inputs that nobody writes: state, to us. */
static void settle_scratch(rg_graph *graph, const rg_node *node, const bool *has_value) {
    for (uint32_t i = 0; !node->known && i < node->n_in; i++) {
        int32_t t = node->in[i];
        if (t >= 0 && (uint32_t)t < graph->n_tensors && !has_value[t] && !graph->tensors[t].data)
            graph->tensors[t].variable = true;
    }
}

/* Settles what tensors are that have neither data nor a writer. Without elements they are constants
 * (their buffers are empty, so nothing else tells). */
static rg_status settle_tensors(rg_tflite_reading *r) {
    static const _Alignas(16) char nothing[16] = {0};
    rg_graph *graph = r->graph;
    bool *has_value = rg_arena_alloc(graph->arena, graph->n_tensors);
    if (!has_value)
        return rg_tflite_no_memory(r);
    mark(has_value, graph->n_tensors, graph->in, graph->n_in);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        mark(has_value, graph->n_tensors, graph->nodes[i].out, graph->nodes[i].n_out);
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        rg_tensor *t = &graph->tensors[i];
        if (!t->data && t->bytes == 0 && !t->variable && rg_dtype_bits(t->dtype) && !has_value[i])
            t->data = nothing;
    }
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        settle_scratch(graph, &graph->nodes[i], has_value);
    return RG_OK;
}

static rg_status read_model(rg_tflite_reading *r, const char *name) {
    rg_fb_table subgraph;
    r->graph->format = "tflite";
    r->graph->file_bytes = r->fb.bytes;
    r->graph->name = rg_arena_strdup(r->graph->arena, name ? name : "");
    if (!r->graph->name)
        return rg_tflite_no_memory(r);
    rg_status status = find_subgraph(r, &subgraph);
    if (status == RG_OK)
        status = rg_tflite_read_tensors(r, subgraph);
    if (status == RG_OK)
        status = read_ends(r, subgraph);
    if (status == RG_OK)
        status = rg_tflite_read_nodes(r, subgraph);
    if (status == RG_OK)
        status = rg_tflite_settle_variables(r);
    if (status == RG_OK)
        status = settle_tensors(r);
    return status == RG_OK ? rg_graph_check(r->graph, r->err) : status;
}

static rg_status read_tflite(const void *data, size_t bytes, const char *name,
                             const rg_model_limits *limits, rg_graph **ret_graph, rg_err *err) {
    rg_err own = RG_ERR_INIT;
    if (!err)
        err = &own;
    if (!limits)
        limits = &rg_model_limits_default;
    rg_tflite_reading r = {.fb = rg_fb_open(data, bytes), .limits = limits, .err = err};
    rg_status status = check_head(data, bytes, limits, err);
    if (status == RG_OK && !(r.graph = rg_graph_new(limits->graph_bytes)))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = read_model(&r, name);
    if (status == RG_OK) {
        *ret_graph = r.graph;
        return RG_OK;
    }
    rg_graph_free(r.graph);
    if (!err->advice[0])
        snprintf(err->advice, sizeof err->advice,
                 "the file is damaged or its converter erred: copy it again, or convert it again");
    if (name && name[0])
        rg_err_prefix(err, "%s", name);
    return status;
}

const rg_reader rg_reader_tflite = {
    .name = "tflite",
    .summary = "TensorFlow Lite models, schema version 3",
    .extension = ".tflite",
    .sniff = sniff,
    .read = read_tflite,
};
