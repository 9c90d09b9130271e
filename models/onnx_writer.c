/* onnx_writer.c: a graph as an .onnx file with QuantizeLinear and DequantizeLinear around operators
 * on reals (QDQ), what most compilers take. onnx_qoperator_writer.c has the other flavour. Nothing
 * in the file depends on time, machine or memory addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/model.h"
#include "models/onnx_read.h"
#include "models/onnx_write.h"

/* Numbers of ONNX's schema. */
enum { MODEL_IR = 1, MODEL_PRODUCER, MODEL_GRAPH = 7, MODEL_OPSET };
enum { GRAPH_NAME = 2, GRAPH_IN = 11, GRAPH_OUT };
enum { VALUE_NAME = 1, VALUE_TYPE, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1, TENSOR_SHAPE };
enum { SHAPE_DIM = 1, DIM_VALUE = 1, OPSET_DOMAIN = 1, OPSET_VERSION };

/* The file format's version that goes with a version of the operators. */
static int format_of(int opset) {
    return opset >= 21 ? 10 : opset >= 19 ? 9 : opset >= 15 ? 8 : 7;
}

static void put_value(rg_onnx_writing *s, rg_text *graph, unsigned field, int32_t tensor) {
    const rg_tensor *t = &s->graph->tensors[tensor];
    rg_text value = {0}, type = {0}, inner = {0}, shape = {0};
    for (uint32_t i = 0; i < t->shape.rank; i++) {
        rg_text dim = {0};
        rg_onnx_put_int(&dim, DIM_VALUE, t->shape.dim[i]);
        rg_onnx_put_message(&shape, SHAPE_DIM, &dim);
    }
    rg_onnx_put_int(&inner, TENSOR_ELEMENT, rg_onnx_type(t->dtype));
    rg_onnx_put_message(&inner, TENSOR_SHAPE, &shape);
    rg_onnx_put_message(&type, TYPE_TENSOR, &inner);
    rg_onnx_put_text(&value, VALUE_NAME, s->names[tensor]);
    rg_onnx_put_message(&value, VALUE_TYPE, &type);
    rg_onnx_put_message(graph, field, &value);
}

static bool listed(const int32_t *list, uint32_t n, int32_t tensor) {
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == tensor)
            return true;
    }
    return false;
}

/* Inputs and outputs keep their names where these are theirs alone; all others are numbered. */
static bool own_name(const rg_graph *g, uint32_t tensor) {
    const char *name = g->tensors[tensor].name;
    if (!listed(g->in, g->n_in, (int32_t)tensor) && !listed(g->out, g->n_out, (int32_t)tensor))
        return false;
    bool numbered = (name[0] == 't' || name[0] == 'n') && name[1] >= '0' && name[1] <= '9';
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        if (i != tensor && !strcmp(g->tensors[i].name, name))
            return false;
    }
    return name[0] && !numbered && !strchr(name, '/');
}

static rg_status make_names(rg_onnx_writing *s) {
    const rg_graph *g = s->graph;
    s->names = rg_arena_array(s->arena, g->n_tensors + 1, sizeof *s->names);
    s->have = rg_arena_alloc(s->arena, g->n_tensors + 1);
    s->scaled = rg_arena_array(s->arena, g->n_tensors + 1, sizeof *s->scaled);
    if (!s->names || !s->have || !s->scaled)
        return rg_fail(s->err, RG_NO_MEMORY, NULL, "out of memory writing an .onnx");
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const rg_tensor *t = &g->tensors[i];
        s->names[i] = own_name(g, i) ? t->name : rg_arena_printf(s->arena, "t%u", i);
        if (!s->names[i])
            return rg_fail(s->err, RG_NO_MEMORY, NULL, "out of memory writing an .onnx");
    }
    for (uint32_t i = 0; i < g->n_in; i++)
        rg_onnx_raw_done(s, g->in[i], RG_ONNX_OURS);
    return RG_OK;
}

static rg_status check_graph(const rg_graph *graph, rg_err *err) {
    rg_status status = rg_graph_check(graph, err);
    if (status == RG_OK && graph->n_nodes == 0)
        status = rg_fail(err, RG_UNSUPPORTED, "export to another format", "the graph has no nodes");
    for (uint32_t i = 0; status == RG_OK && i < graph->n_tensors; i++) {
        const rg_tensor *t = &graph->tensors[i];
        if (t->variable || !rg_onnx_type(t->dtype) || t->dtype == RG_DTYPE_STRING)
            status = rg_fail(err, RG_UNSUPPORTED, "export to another format",
                             "tensor %u (%s, %s) is nothing that an .onnx file can hold%s", i,
                             t->name, rg_dtype_word(t->dtype),
                             t->variable ? ": it keeps state from one run to the next" : "");
    }
    for (uint32_t i = 0; status == RG_OK && i < graph->n_out; i++) {
        if (listed(graph->in, graph->n_in, graph->out[i]) || graph->tensors[graph->out[i]].data)
            status = rg_fail(err, RG_UNSUPPORTED, "export to another format",
                             "output %u is an input or a constant", i);
    }
    return status;
}

static void put_opset(rg_text *model, const char *domain, int version) {
    rg_text set = {0};
    rg_onnx_put_text(&set, OPSET_DOMAIN, domain);
    rg_onnx_put_int(&set, OPSET_VERSION, version);
    rg_onnx_put_message(model, MODEL_OPSET, &set);
}

static void put_model(rg_onnx_writing *s, rg_text *ret) {
    const rg_graph *g = s->graph;
    rg_text graph = {0};
    graph.failed = s->nodes.failed || s->constants.failed;
    if (s->nodes.bytes)
        rg_text_add_bytes(&graph, s->nodes.data, s->nodes.bytes);
    rg_onnx_put_text(&graph, GRAPH_NAME, "main");
    if (s->constants.bytes)
        rg_text_add_bytes(&graph, s->constants.data, s->constants.bytes);
    for (uint32_t i = 0; i < g->n_in; i++)
        put_value(s, &graph, GRAPH_IN, g->in[i]);
    for (uint32_t i = 0; i < g->n_out; i++)
        put_value(s, &graph, GRAPH_OUT, g->out[i]);
    rg_onnx_put_int(ret, MODEL_IR, format_of(s->opset));
    rg_onnx_put_text(ret, MODEL_PRODUCER, "railgauge");
    rg_onnx_put_message(ret, MODEL_GRAPH, &graph);
    put_opset(ret, "", s->opset);
    if (s->microsoft)
        put_opset(ret, "com.microsoft", 1);
}

/* All nodes for one version of the operators; some forms depend on it. */
static void put_nodes(rg_onnx_writing *s) {
    const rg_graph *g = s->graph;
    for (uint32_t i = 0; s->status == RG_OK && i < g->n_nodes; i++) {
        s->index = i;
        if (!g->nodes[i].known)
            rg_onnx_refuse(s, "the operator is not known");
        else
            rg_onnx_put_node(s, &g->nodes[i]);
    }
    for (uint32_t i = 0; s->status == RG_OK && i < g->n_out; i++)
        rg_onnx_raw(s, g->out[i], RG_ONNX_OURS);
}

static void free_texts(rg_onnx_writing *s) {
    rg_text_free(&s->nodes);
    rg_text_free(&s->constants);
    rg_text_free(&s->op);
    rg_arena_free(s->arena);
}

enum { OLDEST = 13 };

/* Written twice when a later node needs a later version: then for that one from the beginning. */
rg_status rg_onnx_write(const rg_graph *graph, bool qoperator, rg_text *ret, rg_err *err) {
    rg_status status = check_graph(graph, err);
    if (status == RG_OK && rg_graph_constant_bytes(graph) > INT32_MAX / 2)
        status = rg_fail(err, RG_UNSUPPORTED, "split the model",
                         "constants of more than 1 GiB do not fit an .onnx file of ours");
    size_t before = ret->bytes;
    int opset = OLDEST;
    for (bool again = true; status == RG_OK && again;) {
        rg_onnx_writing s = {.graph = graph,
                             .err = err,
                             .qoperator = qoperator,
                             .opset = opset,
                             .arena = rg_arena_new(0)};
        status = s.arena ? make_names(&s) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        if (status == RG_OK) {
            put_nodes(&s);
            status = s.status;
        }
        again = s.opset != opset;
        opset = s.opset;
        if (status == RG_OK && !again)
            put_model(&s, ret);
        free_texts(&s);
    }
    if (status == RG_OK && ret->failed)
        status = rg_fail(err, RG_NO_MEMORY, "close other programs", "out of memory writing .onnx");
    if (status != RG_OK)
        ret->bytes = before;
    return status;
}

static rg_status write_qdq(const rg_graph *graph, rg_text *ret, rg_err *err) {
    return rg_onnx_write(graph, false, ret, err);
}

const rg_writer rg_writer_onnx = {
    .name = "onnx",
    .summary = "ONNX models, operators on reals between quantization (QDQ)",
    .extension = ".onnx",
    .write = write_qdq,
};
