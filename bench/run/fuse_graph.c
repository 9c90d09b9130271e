/* fuse_graph.c: the frame of the rewriting: the private copy, constants worked out, the nodes that
 * remain. */
#include <stdlib.h>
#include <string.h>

#include "bench/run/calls.h"
#include "bench/run/fuse_priv.h"

void rg_fuse_drop(rg_fuse_work *w, uint32_t n, uint32_t home) {
    w->gone[n] = true;
    w->home[n] = home;
}

/* --- the copy --------------------------------------------------------------------------------- */

static size_t most_tensors(const rg_graph *source) {
    return (size_t)source->n_tensors + RG_FUSE_MORE_TENSORS * (size_t)source->n_nodes + 1;
}

static rg_status copy_graph(const rg_graph *source, size_t limit_bytes, rg_graph **ret,
                            rg_err *err) {
    rg_graph *graph = rg_graph_new(limit_bytes);
    if (!graph)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_arena *arena = graph->arena;
    *graph = *source;
    graph->arena = arena;
    graph->tensors = rg_arena_array(arena, most_tensors(source), sizeof *graph->tensors);
    graph->nodes = rg_arena_array(arena, source->n_nodes + 1, sizeof *graph->nodes);
    if (!graph->tensors || !graph->nodes) {
        rg_graph_free(graph);
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit", "no memory to copy a graph");
    }
    memcpy(graph->tensors, source->tensors, source->n_tensors * sizeof *graph->tensors);
    if (source->n_nodes) /* a graph may hand its inputs through */
        memcpy(graph->nodes, source->nodes, source->n_nodes * sizeof *graph->nodes);
    *ret = graph;
    return RG_OK;
}

static void count_uses(rg_fuse_work *w) {
    const rg_graph *graph = w->graph;
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        w->maker[t] = UINT32_MAX;
        w->alias[t] = t;
    }
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        w->home[n] = n;
        for (uint32_t i = 0; i < node->n_out; i++)
            w->maker[node->out[i]] = n;
        for (uint32_t i = 0; i < node->n_in; i++) {
            if (node->in[i] >= 0)
                w->readers[node->in[i]]++;
        }
    }
    for (uint32_t i = 0; i < graph->n_out; i++)
        w->readers[graph->out[i]]++;
}

static rg_status begin(const rg_graph *source, size_t limit_bytes, rg_fuse_work *w, rg_err *err) {
    rg_status status = copy_graph(source, limit_bytes, &w->graph, err);
    if (status != RG_OK)
        return status;
    rg_arena *arena = w->graph->arena;
    w->source = source;
    w->maker = rg_arena_array(arena, source->n_tensors + 1, sizeof *w->maker);
    w->readers = rg_arena_array(arena, source->n_tensors + 1, sizeof *w->readers);
    w->alias = rg_arena_array(arena, most_tensors(source), sizeof *w->alias);
    w->gone = rg_arena_array(arena, source->n_nodes + 1, sizeof *w->gone);
    w->home = rg_arena_array(arena, source->n_nodes + 1, sizeof *w->home);
    if (!w->maker || !w->readers || !w->alias || !w->gone || !w->home)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit", "no memory to copy a graph");
    count_uses(w);
    return RG_OK;
}

/* --- constants -------------------------------------------------------------------------------- */

static bool is_constant_node(const rg_graph *graph, const rg_op_call *call) {
    bool any = false;
    for (uint32_t i = 0; i < call->n_in; i++) {
        if (call->in[i] && !call->in[i]->data)
            return false;
        any = any || call->in[i];
    }
    for (uint32_t i = 0; i < call->n_out; i++) {
        int32_t number = (int32_t)(call->out[i] - graph->tensors);
        if (call->out[i]->variable)
            return false;
        for (uint32_t o = 0; o < graph->n_out; o++) {
            if (graph->out[o] == number)
                return false; /* outputs are written at each run */
        }
    }
    return any;
}

/* Computes a call into fresh memory and makes its outputs constants. */
static rg_status compute(rg_fuse_work *w, const rg_op_call *call, rg_err *err) {
    const rg_op *op = call->op;
    const void **in = calloc(call->n_in + 1, sizeof *in);
    void **out = calloc(call->n_out + 1, sizeof *out);
    size_t bytes = op->state_bytes ? op->state_bytes(call) : 0;
    void *state = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    rg_status status = RG_OK;
    if (!in || !out || (bytes && !state))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for constants");
    for (uint32_t i = 0; status == RG_OK && i < call->n_in; i++)
        in[i] = call->in[i] ? call->in[i]->data : NULL;
    for (uint32_t i = 0; status == RG_OK && i < call->n_out; i++) {
        out[i] = rg_arena_alloc(w->graph->arena, call->out[i]->bytes + 1);
        if (!out[i])
            status = rg_fail(err, RG_NO_MEMORY, "raise the memory limit",
                             "no memory for %zu bytes of constants", call->out[i]->bytes);
    }
    if (status == RG_OK && state)
        memset(state, 0, bytes);
    if (status == RG_OK && op->prepare)
        status = op->prepare(call, state, err);
    if (status == RG_OK) {
        op->run(call, state, in, out, 0, op->tiles ? op->tiles(call) : 1);
        for (uint32_t i = 0; i < call->n_out; i++)
            w->graph->tensors[call->out[i] - w->graph->tensors].data = out[i];
    }
    free(state);
    free(out);
    free(in);
    return status;
}

rg_status rg_fuse_constants(rg_fuse_work *w, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_op_call *calls = NULL;
    rg_status status = arena ? rg_calls_resolve(w->graph, arena, &calls, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (uint32_t n = 0; status == RG_OK && n < w->graph->n_nodes; n++) {
        if (!is_constant_node(w->graph, &calls[n]))
            continue;
        status = compute(w, &calls[n], err);
        rg_fuse_drop(w, n, UINT32_MAX);
    }
    rg_arena_free(arena);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* The node that is left and computes `n`. */
static uint32_t last_home(const rg_fuse_work *w, uint32_t n) {
    while (n != UINT32_MAX && w->gone[n])
        n = w->home[n];
    return n;
}

/* Moves the remaining nodes together and renumbers homes. */
static rg_status close_gaps(rg_fuse_work *w, rg_fused *ret, rg_err *err) {
    uint32_t n_nodes = w->graph->n_nodes, kept = 0;
    uint32_t *number = rg_arena_array(w->graph->arena, n_nodes + 1, sizeof *number);
    uint32_t *home = rg_arena_array(w->graph->arena, n_nodes + 1, sizeof *home);
    if (!number || !home)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit", "no memory to copy a graph");
    for (uint32_t n = 0; n < n_nodes; n++) {
        if (w->gone[n])
            continue;
        number[n] = kept;
        w->graph->nodes[kept++] = w->graph->nodes[n];
    }
    for (uint32_t n = 0; n < n_nodes; n++) {
        uint32_t last = last_home(w, n);
        home[n] = last == UINT32_MAX ? UINT32_MAX : number[last];
    }
    w->graph->n_nodes = kept;
    *ret = (rg_fused){w->graph, w->alias, home};
    return RG_OK;
}

rg_status rg_fuse(const rg_graph *graph, size_t limit_bytes, rg_fused *ret, rg_err *err) {
    rg_fuse_work w = {0};
    rg_status status = begin(graph, limit_bytes, &w, err);
    if (status == RG_OK)
        status = rg_fuse_constants(&w, err);
    if (status == RG_OK)
        status = rg_fuse_join(&w, err);
    if (status == RG_OK)
        status = rg_fuse_rows(&w, err);
    if (status == RG_OK)
        status = close_gaps(&w, ret, err);
    if (status != RG_OK)
        rg_graph_free(w.graph);
    return status;
}
