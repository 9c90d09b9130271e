/* exec_prepare.c: a graph made ready once: for each node the kernel that suits it best, its packed
 * weights or the reference's tables, and whether it is worth splitting. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/isa.h"
#include "bench/run/calls.h"
#include "bench/run/exec_priv.h"
#include "bench/run/fuse.h"

/* Memory that a kernel or the reference wants prepared. */
static rg_status allocate(rg_prepared *p, size_t bytes, void **ret, rg_err *err) {
    void *memory = bytes ? rg_arena_alloc(p->arena, bytes) : NULL;
    if (bytes && !memory)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit",
                       "no memory for %zu bytes of prepared state", bytes);
    *ret = memory;
    return RG_OK;
}

static rg_status prepare_reference(rg_prepared *p, rg_ready *r, rg_err *err) {
    const rg_op *op = r->call->op;
    size_t bytes = op->state_bytes ? op->state_bytes(r->call) : 0;
    void *state = NULL;
    rg_status status = allocate(p, bytes, &state, err);
    if (status != RG_OK)
        return status;
    r->prepared = state;
    r->tiles = op->tiles ? op->tiles(r->call) : 1;
    return op->prepare ? op->prepare(r->call, state, err) : RG_OK;
}

static rg_status prepare_kernel(rg_prepared *p, rg_ready *r, rg_err *err) {
    const rg_kernel *kernel = r->kernel;
    size_t bytes = kernel->packed_bytes ? kernel->packed_bytes(r->call) : 0;
    void *packed = NULL;
    rg_status status = allocate(p, bytes, &packed, err);
    if (status == RG_OK && kernel->pack)
        status = kernel->pack(r->call, packed, err);
    if (status != RG_OK)
        return status;
    r->prepared = packed;
    r->tiles = kernel->tiles ? kernel->tiles(r->call) : 1;
    r->scratch_bytes = kernel->scratch_bytes ? kernel->scratch_bytes(r->call) : 0;
    p->packed_bytes += bytes;
    return RG_OK;
}

static rg_status prepare_node(rg_prepared *p, rg_ready *r, rg_err *err) {
    if (!p->reference)
        r->kernel = rg_kernel_for(r->call, p->isa_mask);
    rg_status status = r->kernel ? prepare_kernel(p, r, err) : prepare_reference(p, r, err);
    if (status != RG_OK)
        return status;
    r->split = r->tiles > 1 && rg_exec_worth_splitting(r->call, r->kernel);
    if (r->scratch_bytes > p->scratch_bytes)
        p->scratch_bytes = r->scratch_bytes;
    return RG_OK;
}

/* Among the nodes that one computes, it is named after that of its own kind. */
static bool same_kind(const rg_prepared *p, uint32_t source, uint32_t node) {
    return !strcmp(p->source->nodes[source].kind, p->graph->nodes[node].kind);
}

static rg_status prepare_nodes(rg_prepared *p, const rg_op_call *calls, rg_err *err) {
    p->nodes = rg_arena_array(p->arena, p->graph->n_nodes + 1, sizeof *p->nodes);
    if (!p->nodes)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", p->graph->n_nodes);
    for (uint32_t i = 0; i < p->graph->n_nodes; i++)
        p->nodes[i].call = &calls[i];
    for (uint32_t i = p->source->n_nodes; i-- > 0;) {
        uint32_t home = p->home ? p->home[i] : i;
        if (home != UINT32_MAX && same_kind(p, i, home))
            p->nodes[home].source = i;
    }
    rg_status status = rg_exec_find_views(p, err);
    if (status != RG_OK)
        return status;
    int64_t start = rg_clock_real_ns();
    for (uint32_t i = 0; i < p->graph->n_nodes; i++) {
        const rg_node *node = &p->graph->nodes[i];
        if (p->nodes[i].view)
            continue;
        status = prepare_node(p, &p->nodes[i], err);
        if (status != RG_OK) {
            rg_err_prefix(err, "node %u (%s, %s)", i, node->kind, node->name);
            return status;
        }
    }
    p->pack_ns = rg_clock_real_ns() - start;
    return RG_OK;
}

static uint64_t mask_of(const rg_exec_options *options) {
    if (options->reference)
        return 0;
    return options->isa_mask ? options->isa_mask & rg_isa_present() : rg_isa_allowed();
}

/* Nodes that cannot be computed are told by their numbers in the source, so that comes first. */
static rg_status rewrite(rg_prepared *p, size_t limit_bytes, rg_err *err) {
    rg_fused fused;
    rg_status status = rg_exec_admits(p->source, err);
    if (status == RG_OK)
        status = rg_fuse(p->source, limit_bytes, &fused, err);
    if (status != RG_OK)
        return status;
    p->graph = p->own = fused.graph;
    p->home = fused.home;
    p->alias = fused.alias;
    return RG_OK;
}

static rg_status prepare_all(rg_prepared *p, size_t limit_bytes, rg_err *err) {
    rg_op_call *calls = NULL;
    rg_status status = p->plain ? RG_OK : rewrite(p, limit_bytes, err);
    if (status == RG_OK)
        status = rg_calls_resolve(p->graph, p->arena, &calls, err);
    if (status == RG_OK)
        status = prepare_nodes(p, calls, err);
    if (status != RG_OK)
        return status;
    p->state_bytes = rg_arena_used_bytes(p->arena) - p->packed_bytes +
                     (p->own ? rg_arena_used_bytes(p->own->arena) : 0);
    return RG_OK;
}

rg_status rg_prepared_new(const rg_graph *graph, const rg_exec_options *options, size_t limit_bytes,
                          rg_prepared **ret_prepared, rg_err *err) {
    rg_prepared *p = calloc(1, sizeof *p);
    rg_arena *arena = rg_arena_new(limit_bytes);
    if (!p || !arena) {
        free(p);
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    *p = (rg_prepared){.source = graph,
                       .graph = graph,
                       .arena = arena,
                       .isa_mask = mask_of(options),
                       .reference = options->reference,
                       .plain = options->reference || options->keep_all || options->no_fusion};
    atomic_init(&p->holders, 1);
    rg_status status = prepare_all(p, limit_bytes, err);
    if (status != RG_OK) {
        rg_prepared_release(p);
        return status;
    }
    *ret_prepared = p;
    return RG_OK;
}

rg_prepared *rg_prepared_hold(rg_prepared *prepared) {
    atomic_fetch_add(&prepared->holders, 1);
    return prepared;
}

void rg_prepared_release(rg_prepared *prepared) {
    if (!prepared || atomic_fetch_sub(&prepared->holders, 1) > 1)
        return;
    rg_arena_free(prepared->arena);
    rg_graph_free(prepared->own);
    free(prepared);
}
