/* exec_view.c: tensors that are others' bytes under another shape. They share one place, and their
 * nodes need no computing. */
#include "bench/run/exec_priv.h"

/* What binds a group of tensors with one place. */
enum { IS_INPUT = 1, IS_OUTPUT = 2, IS_FIXED = 4 };

static void mark(const rg_graph *graph, unsigned char *kind) {
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        if (graph->tensors[t].data || graph->tensors[t].variable)
            kind[t] |= IS_FIXED;
    }
    for (uint32_t i = 0; i < graph->n_in; i++)
        kind[graph->in[i]] |= IS_INPUT;
    for (uint32_t i = 0; i < graph->n_out; i++)
        kind[graph->out[i]] |= IS_OUTPUT;
}

/* Outputs must not lie where the caller writes inputs; constants and variables have their own
 * places. */
static bool may_share(unsigned char from, unsigned char to) {
    unsigned char both = from | to;
    return !(both & IS_FIXED) && (both & (IS_INPUT | IS_OUTPUT)) != (IS_INPUT | IS_OUTPUT);
}

static uint32_t root_of(const rg_prepared *p, uint32_t t) {
    while (p->root[t] != t)
        t = p->root[t];
    return t;
}

rg_status rg_exec_find_views(rg_prepared *p, rg_err *err) {
    const rg_graph *graph = p->graph;
    unsigned char *kind = rg_arena_array(p->arena, graph->n_tensors + 1, 1);
    p->root = rg_arena_array(p->arena, graph->n_tensors + 1, sizeof *p->root);
    if (!kind || !p->root)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u tensors", graph->n_tensors);
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        p->root[t] = p->alias ? p->alias[t] : t;
    mark(graph, kind);
    for (uint32_t n = 0; !p->plain && n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        if (!p->nodes[n].call->op->view || node->in[0] < 0)
            continue;
        uint32_t from = root_of(p, (uint32_t)node->in[0]), to = root_of(p, (uint32_t)node->out[0]);
        if (!may_share(kind[from], kind[to]))
            continue;
        p->root[to] = from;
        p->nodes[n].view = true;
        kind[from] |= kind[to];
    }
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        p->root[t] = root_of(p, t);
    return RG_OK;
}
