/* onnx_prune.c: nodes and tensors that nobody uses are left out. */
#include "models/onnx_names.h"

static bool mark_used(const rg_graph *g, const int32_t *list, uint32_t n, bool *used) {
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] >= 0)
            used[list[i]] = true;
    }
    return g != NULL;
}

static bool node_used(const rg_node *node, const bool *used) {
    if (!node->known)
        return true;
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (used[node->out[i]])
            return true;
    }
    return false;
}

static void renumber(int32_t *list, uint32_t n, const int32_t *number) {
    for (uint32_t i = 0; i < n; i++)
        list[i] = list[i] < 0 ? list[i] : number[list[i]];
}

rg_status rg_onnx_leave_out_unused(rg_onnx *r, int32_t *in, int32_t *out) {
    rg_graph *g = r->graph;
    bool *used = rg_arena_alloc(g->arena, g->n_tensors + 1);
    int32_t *number = rg_arena_array(g->arena, g->n_tensors + 1, sizeof *number);
    uint32_t n = 0, kept = 0;
    if (!used || !number)
        return rg_onnx_no_memory(r);
    mark_used(g, in, g->n_in, used);
    mark_used(g, out, g->n_out, used);
    for (uint32_t i = g->n_nodes; i-- > 0;) {
        if (!node_used(&g->nodes[i], used))
            continue;
        mark_used(g, g->nodes[i].in, g->nodes[i].n_in, used);
        mark_used(g, g->nodes[i].out, g->nodes[i].n_out, used);
    }
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        if (node_used(&g->nodes[i], used))
            g->nodes[kept++] = g->nodes[i];
    }
    g->n_nodes = kept;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        number[i] = used[i] ? (int32_t)n : RG_ONNX_NONE;
        if (used[i])
            g->tensors[n++] = g->tensors[i];
    }
    g->n_tensors = n;
    renumber(in, g->n_in, number);
    renumber(out, g->n_out, number);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        renumber((int32_t *)(uintptr_t)g->nodes[i].in, g->nodes[i].n_in, number);
        renumber((int32_t *)(uintptr_t)g->nodes[i].out, g->nodes[i].n_out, number);
    }
    return RG_OK;
}
