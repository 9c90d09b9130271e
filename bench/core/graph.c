/* graph.c: look-ups and the invariants that every reader promises. */
#include "bench/core/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

rg_graph *rg_graph_new(size_t limit_bytes) {
    rg_arena *arena = rg_arena_new(limit_bytes);
    rg_graph *graph = arena ? calloc(1, sizeof *graph) : NULL;
    if (!graph) {
        rg_arena_free(arena);
        return NULL;
    }
    graph->arena = arena;
    graph->name = graph->description = graph->format = "";
    return graph;
}

void rg_graph_free(rg_graph *graph) {
    if (!graph)
        return;
    rg_arena_free(graph->arena);
    free(graph);
}

const rg_attr *rg_node_attr(const rg_node *node, const char *key) {
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (!strcmp(node->attrs[i].key, key))
            return &node->attrs[i];
    }
    return NULL;
}

static const rg_tensor *tensor_at(const rg_graph *graph, const int32_t *list, uint32_t n,
                                  uint32_t i) {
    return i < n && list[i] >= 0 ? &graph->tensors[list[i]] : NULL;
}

const rg_tensor *rg_node_in(const rg_graph *graph, const rg_node *node, uint32_t i) {
    return tensor_at(graph, node->in, node->n_in, i);
}

const rg_tensor *rg_node_out(const rg_graph *graph, const rg_node *node, uint32_t i) {
    return tensor_at(graph, node->out, node->n_out, i);
}

static rg_status check_quant(const rg_tensor *t, uint32_t index, rg_err *err) {
    const rg_quant *q = &t->quant;
    for (uint32_t c = 0; c < q->n; c++) {
        if (!isfinite(q->scale[c]) || q->scale[c] <= 0)
            return rg_fail(err, RG_BAD_DATA, NULL, "tensor %u (%s) has the scale %g", index,
                           t->name, (double)q->scale[c]);
    }
    if (q->n > 1 && (q->axis >= t->shape.rank || (uint32_t)t->shape.dim[q->axis] != q->n))
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "tensor %u (%s) has %u scales along axis %u, which does not fit its shape",
                       index, t->name, q->n, q->axis);
    return RG_OK;
}

static rg_status check_tensor(const rg_graph *graph, uint32_t index, rg_err *err) {
    const rg_tensor *t = &graph->tensors[index];
    size_t bytes;
    rg_status status = rg_tensor_bytes(&t->shape, t->dtype, &bytes, err);
    if (status != RG_OK) {
        rg_err_prefix(err, "tensor %u (%s)", index, t->name);
        return status;
    }
    if (bytes != t->bytes)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "tensor %u (%s) holds %zu bytes, its shape needs %zu", index, t->name,
                       t->bytes, bytes);
    return check_quant(t, index, err);
}

/* `written[t]` is set for constants, variables, graph inputs and outputs of earlier nodes. */
static rg_status check_node(const rg_graph *graph, uint32_t index, bool *written, rg_err *err) {
    const rg_node *node = &graph->nodes[index];
    for (uint32_t i = 0; i < node->n_in; i++) {
        int32_t t = node->in[i];
        if (t < -1 || t >= (int32_t)graph->n_tensors)
            return rg_fail(err, RG_BAD_DATA, NULL, "node %u (%s) reads tensor %d of %u", index,
                           node->kind, (int)t, graph->n_tensors);
        if (t >= 0 && !written[t])
            return rg_fail(err, RG_BAD_DATA, NULL,
                           "node %u (%s) reads tensor %d (%s) before it is written", index,
                           node->kind, (int)t, graph->tensors[t].name);
    }
    for (uint32_t i = 0; i < node->n_out; i++) {
        int32_t t = node->out[i];
        if (t < 0 || t >= (int32_t)graph->n_tensors)
            return rg_fail(err, RG_BAD_DATA, NULL, "node %u (%s) writes tensor %d of %u", index,
                           node->kind, (int)t, graph->n_tensors);
        if (written[t])
            return rg_fail(err, RG_BAD_DATA, NULL,
                           "node %u (%s) writes tensor %d (%s), which has a value already", index,
                           node->kind, (int)t, graph->tensors[t].name);
        written[t] = true;
    }
    return RG_OK;
}

static rg_status check_ends(const rg_graph *graph, bool *written, rg_err *err) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (graph->in[i] < 0 || graph->in[i] >= (int32_t)graph->n_tensors)
            return rg_fail(err, RG_BAD_DATA, NULL, "graph input %u is tensor %d of %u", i,
                           (int)graph->in[i], graph->n_tensors);
        written[graph->in[i]] = true;
    }
    for (uint32_t i = 0; i < graph->n_out; i++) {
        if (graph->out[i] < 0 || graph->out[i] >= (int32_t)graph->n_tensors)
            return rg_fail(err, RG_BAD_DATA, NULL, "graph output %u is tensor %d of %u", i,
                           (int)graph->out[i], graph->n_tensors);
    }
    return RG_OK;
}

rg_status rg_graph_check(const rg_graph *graph, rg_err *err) {
    bool *written = calloc(graph->n_tensors + 1, sizeof *written);
    if (!written)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory checking a graph");
    rg_status status = check_ends(graph, written, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_tensors; i++) {
        status = check_tensor(graph, i, err);
        written[i] |= graph->tensors[i].data || graph->tensors[i].variable;
    }
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        status = check_node(graph, i, written, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_out; i++) {
        if (!written[graph->out[i]])
            status = rg_fail(err, RG_BAD_DATA, NULL, "graph output %u (tensor %d) is never written",
                             i, (int)graph->out[i]);
    }
    free(written);
    return status;
}

size_t rg_graph_constant_bytes(const rg_graph *graph) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < graph->n_tensors; i++)
        bytes += graph->tensors[i].data ? graph->tensors[i].bytes : 0;
    return bytes;
}
