/* inspect.c: see inspect.h. Targets are asked in inspect_target.c. */
#include "bench/run/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/calls.h"
#include "bench/run/exec_priv.h"

enum { MOST_KINDS = 1024, FC_SCALES = 3 };

/* --- one node --------------------------------------------------------------------------------- */

/* Shapes, axes and indices are integers without a scale: constants, but no parameters. */
static bool is_parameter(const rg_tensor *t) {
    return t->data && !((t->dtype == RG_DTYPE_INT32 || t->dtype == RG_DTYPE_INT64 ||
                         t->dtype == RG_DTYPE_BOOL) &&
                        t->quant.n == 0);
}

static uint64_t elements_of(const rg_tensor *t) {
    int64_t n = 0;
    return rg_shape_elements(&t->shape, &n) ? (uint64_t)n : 0;
}

/* The weights of a node: its first constant behind input 0 that is a parameter. */
static const rg_tensor *weights_of(const rg_graph *graph, const rg_node *node) {
    for (uint32_t i = 1; i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(graph, node, i);
        if (t && is_parameter(t))
            return t;
    }
    return NULL;
}

/* Scales of blocks stand beside weights as a tensor [outputs, blocks]: elements a block, or 0. */
static uint64_t group_of(const rg_graph *graph, const rg_node *node, const rg_tensor *weights) {
    const rg_tensor *scales = rg_node_in(graph, node, FC_SCALES);
    uint64_t n = scales ? elements_of(scales) : 0;
    bool grouped = !strcmp(node->kind, "fully_connected") && weights->quant.n == 0 && n &&
                   rg_dtype_bits(weights->dtype) <= 8;
    return grouped ? elements_of(weights) / n : 0;
}

static void tell_quantization(const rg_graph *graph, const rg_node *node, char *ret, size_t cap) {
    const rg_tensor *weights = weights_of(graph, node), *in = rg_node_in(graph, node, 0);
    const rg_tensor *t = weights ? weights : in ? in : rg_node_out(graph, node, 0);
    if (!t) {
        snprintf(ret, cap, "-");
        return;
    }
    const char *word = rg_dtype_word(t->dtype);
    uint64_t group = weights ? group_of(graph, node, weights) : 0;
    if (group)
        snprintf(ret, cap, "%s groups of %llu", word, (unsigned long long)group);
    else if (t->quant.n > 1)
        snprintf(ret, cap, "%s per-channel (%u)", word, t->quant.n);
    else
        snprintf(ret, cap, "%s%s", word, t->quant.n ? " per-tensor" : "");
}

static void count_constants(const rg_graph *graph, const rg_node *node, rg_inspect_node *row) {
    for (uint32_t i = 0; i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(graph, node, i);
        if (!t || !t->data)
            continue;
        row->weights_bytes += t->bytes;
        row->parameters += is_parameter(t) ? elements_of(t) : 0;
    }
}

static rg_status look_at_node(rg_inspection *look, uint32_t index, rg_err *err) {
    const rg_node *node = &look->graph->nodes[index];
    rg_inspect_node *row = &look->nodes[index];
    rg_err why = RG_ERR_INIT;
    rg_op_call call;
    rg_arena *arena = rg_arena_new(RG_EXEC_DEFAULT_LIMIT);
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    tell_quantization(look->graph, node, row->quantization, sizeof row->quantization);
    count_constants(look->graph, node, row);
    row->status = rg_call_resolve(look->graph, node, arena, &call, &why);
    if (row->status == RG_OK) {
        row->work = call.op->work(&call);
        look->work = rg_work_sum(look->work, row->work);
    } else {
        look->refused++;
        row->what = rg_arena_strdup(look->arena, why.what);
        row->advice = rg_arena_strdup(look->arena, why.advice);
    }
    rg_arena_free(arena);
    if (row->status != RG_OK && (!row->what || !row->advice))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", look->graph->n_nodes);
    return RG_OK;
}

/* --- sums ------------------------------------------------------------------------------------- */

static rg_inspect_kind *kind_of(rg_inspection *look, const char *kind) {
    for (uint32_t i = 0; i < look->n_kinds; i++) {
        if (!strcmp(look->kinds[i].kind, kind))
            return &look->kinds[i];
    }
    if (look->n_kinds == MOST_KINDS) {
        look->kinds[MOST_KINDS - 1].kind = "(others)";
        return &look->kinds[MOST_KINDS - 1];
    }
    look->kinds[look->n_kinds].kind = kind;
    return &look->kinds[look->n_kinds++];
}

static int by_count(const void *a, const void *b) {
    const rg_inspect_kind *x = a, *y = b;
    if (x->nodes != y->nodes)
        return x->nodes > y->nodes ? -1 : 1;
    return strcmp(x->kind, y->kind);
}

static void count_kinds(rg_inspection *look) {
    for (uint32_t i = 0; i < look->graph->n_nodes; i++) {
        rg_inspect_kind *kind = kind_of(look, look->graph->nodes[i].kind);
        const rg_inspect_node *row = &look->nodes[i];
        kind->nodes++;
        if (row->status != RG_OK && kind->refused++ == 0)
            kind->first_refused = i;
        kind->macs += row->work.macs;
        kind->parameters += row->parameters;
        kind->weights_bytes += row->weights_bytes;
    }
    qsort(look->kinds, look->n_kinds, sizeof *look->kinds, by_count);
}

/* A constant that several nodes read counts once. */
static void count_parameters(rg_inspection *look) {
    const rg_graph *graph = look->graph;
    look->weights_bytes = rg_graph_constant_bytes(graph);
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        look->parameters += is_parameter(&graph->tensors[t]) ? elements_of(&graph->tensors[t]) : 0;
}

static rg_status fill(rg_inspection *look, rg_err *err) {
    const rg_graph *graph = look->graph;
    look->nodes = rg_arena_array(look->arena, graph->n_nodes + 1, sizeof *look->nodes);
    look->kinds = rg_arena_array(look->arena, MOST_KINDS, sizeof *look->kinds);
    if (!look->nodes || !look->kinds)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", graph->n_nodes);
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        status = look_at_node(look, i, err);
    if (status != RG_OK)
        return status;
    count_kinds(look);
    count_parameters(look);
    rg_places places = {0};
    status = rg_places_measure(graph, &places, err);
    look->plan_bytes = places.arena_bytes;
    look->bound_bytes = places.bound_bytes;
    look->variables_bytes = places.variables_bytes;
    return status;
}

rg_status rg_inspect(const rg_graph *graph, rg_inspection **ret_inspection, rg_err *err) {
    rg_inspection *look = calloc(1, sizeof *look);
    rg_status status = RG_OK;
    if (!look || !(look->arena = rg_arena_new(0)))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        look->graph = graph;
        status = fill(look, err);
    }
    if (status != RG_OK) {
        rg_inspection_free(look);
        return status;
    }
    *ret_inspection = look;
    return RG_OK;
}

void rg_inspection_free(rg_inspection *inspection) {
    if (!inspection)
        return;
    rg_arena_free(inspection->arena);
    free(inspection);
}
