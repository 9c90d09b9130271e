/* exec_place.c: where each tensor of a graph lies while it runs. Inputs, outputs and activations
 * share one block that memplan.c lays out by their lifetimes; variables stand behind it. */
#include <stdlib.h>
#include <string.h>

#include "bench/run/exec_priv.h"
#include "bench/run/memplan.h"

/* When a tensor is alive, in nodes; first > last: never. */
typedef struct life {
    uint32_t first, last;
} life;

static void touch(life *l, uint32_t node) {
    l->first = node < l->first ? node : l->first;
    l->last = node > l->last ? node : l->last;
}

/* A place lives from the first to the last use of all tensors that share it. */
static void touch_node(const rg_node *node, const uint32_t *root, uint32_t n, life *lives) {
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0)
            touch(&lives[root[node->in[i]]], n);
    }
    for (uint32_t i = 0; i < node->n_out; i++)
        touch(&lives[root[node->out[i]]], n);
}

/* Graph inputs keep their bytes from run to run, so they live throughout; outputs from where they
 * are written to the end. */
static void find_lives(const rg_graph *graph, const uint32_t *root, bool keep_all, life *lives) {
    uint32_t end = graph->n_nodes;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        lives[t] = (life){UINT32_MAX, 0};
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        touch_node(&graph->nodes[n], root, n, lives);
    for (uint32_t t = 0; keep_all && t < graph->n_tensors; t++) {
        if (lives[t].first <= lives[t].last)
            lives[t] = (life){0, end};
    }
    for (uint32_t i = 0; i < graph->n_in; i++)
        lives[graph->in[i]] = (life){0, end};
    for (uint32_t i = 0; i < graph->n_out; i++)
        touch(&lives[root[graph->out[i]]], end);
}

/* True for tensors that need a place in the plan. */
static bool is_planned(const rg_tensor *tensor, life l) {
    return !tensor->data && !tensor->variable && l.first <= l.last;
}

static void mark_readable(const rg_graph *graph, bool keep_all, bool *readable) {
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        readable[t] = keep_all || graph->tensors[t].data || graph->tensors[t].variable;
    for (uint32_t i = 0; i < graph->n_in; i++)
        readable[graph->in[i]] = true;
    for (uint32_t i = 0; i < graph->n_out; i++)
        readable[graph->out[i]] = true;
}

static size_t round_up(size_t bytes) {
    return (bytes + RG_MEMPLAN_ALIGN - 1) / RG_MEMPLAN_ALIGN * RG_MEMPLAN_ALIGN;
}

/* Variables stand behind the plan, one after the other. */
static rg_status count_variables(const rg_graph *graph, size_t limit_bytes, size_t *ret_bytes,
                                 rg_err *err) {
    size_t bytes = 0;
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        const rg_tensor *tensor = &graph->tensors[t];
        if (!tensor->variable || tensor->data)
            continue;
        if (tensor->bytes > limit_bytes || bytes > limit_bytes)
            return rg_fail(err, RG_NO_MEMORY, "raise the memory limit",
                           "the state of %s exceeds the limit of %zu bytes", graph->name,
                           limit_bytes);
        bytes += round_up(tensor->bytes);
    }
    *ret_bytes = bytes;
    return RG_OK;
}

static rg_status allocate_block(const rg_graph *graph, rg_places *places, size_t limit_bytes,
                                rg_err *err) {
    size_t plan = places->arena_bytes, variables = places->variables_bytes;
    if (plan > limit_bytes || variables > limit_bytes - plan)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit or give a smaller model",
                       "%s needs %zu bytes for activations and %zu for state, the limit is %zu",
                       graph->name, plan, variables, limit_bytes);
    places->block = aligned_alloc(RG_MEMPLAN_ALIGN, plan + variables + RG_MEMPLAN_ALIGN);
    if (!places->block)
        return rg_fail(err, RG_NO_MEMORY, "close other programs",
                       "no memory for %zu bytes of activations", plan + variables);
    memset(places->block, 0, plan + variables + RG_MEMPLAN_ALIGN); /* no page faults while timed */
    return RG_OK;
}

static void point_values(const rg_graph *graph, const uint32_t *root, const rg_memplan_item *items,
                         const life *lives, rg_places *places) {
    size_t item = 0, variable = places->arena_bytes;
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        const rg_tensor *tensor = &graph->tensors[t];
        if (tensor->data) {
            places->values[t] = (void *)(uintptr_t)tensor->data;
        } else if (tensor->variable) {
            places->values[t] = places->block + variable;
            variable += round_up(tensor->bytes);
        } else if (is_planned(tensor, lives[t])) {
            places->values[t] = places->block + items[item++].offset;
        }
    }
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        places->values[t] = places->values[root[t]];
}

/* Lays the tensors out; their number of bytes and the bound go into `places`. */
static rg_status solve_plan(const rg_graph *graph, const uint32_t *root, bool keep_all,
                            rg_memplan_item *items, life *lives, rg_places *places, rg_err *err) {
    size_t n = 0;
    find_lives(graph, root, keep_all, lives);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        if (is_planned(&graph->tensors[t], lives[t]))
            items[n++] =
                (rg_memplan_item){graph->tensors[t].bytes, lives[t].first, lives[t].last, 0};
    }
    rg_memplan_size size;
    rg_status status = rg_memplan_solve(items, n, &size, err);
    if (status != RG_OK)
        return status;
    places->arena_bytes = size.bytes;
    places->bound_bytes = size.bound_bytes;
    return RG_OK;
}

static rg_status plan_tensors(const rg_graph *graph, const uint32_t *root, bool keep_all,
                              size_t limit_bytes, rg_memplan_item *items, life *lives,
                              rg_places *places, rg_err *err) {
    rg_status status = solve_plan(graph, root, keep_all, items, lives, places, err);
    if (status == RG_OK)
        status = count_variables(graph, limit_bytes, &places->variables_bytes, err);
    if (status == RG_OK)
        status = allocate_block(graph, places, limit_bytes, err);
    if (status == RG_OK)
        point_values(graph, root, items, lives, places);
    return status;
}

static rg_status check_inputs(const rg_graph *graph, rg_err *err) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (graph->tensors[graph->in[i]].data)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "graph input %u (%s) is a constant", i,
                           graph->tensors[graph->in[i]].name);
    }
    return RG_OK;
}

rg_status rg_places_new(const rg_graph *graph, const uint32_t *root, bool keep_all,
                        size_t limit_bytes, rg_arena *arena, rg_places *ret_places, rg_err *err) {
    rg_status status = check_inputs(graph, err);
    if (status != RG_OK)
        return status;
    rg_places places = {
        .values = rg_arena_array(arena, graph->n_tensors + 1, sizeof *places.values),
        .readable = rg_arena_array(arena, graph->n_tensors + 1, sizeof *places.readable)};
    rg_memplan_item *items = calloc(graph->n_tensors + 1, sizeof *items);
    life *lives = calloc(graph->n_tensors + 1, sizeof *lives);
    if (places.values && places.readable && items && lives)
        status = plan_tensors(graph, root, keep_all, limit_bytes, items, lives, &places, err);
    else
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u tensors", graph->n_tensors);
    free(items);
    free(lives);
    if (status != RG_OK)
        return status;
    mark_readable(graph, keep_all, places.readable);
    *ret_places = places;
    return RG_OK;
}

void rg_places_free(rg_places *places) {
    free(places->block);
}

rg_status rg_places_measure(const rg_graph *graph, rg_places *ret_sizes, rg_err *err) {
    rg_memplan_item *items = calloc(graph->n_tensors + 1, sizeof *items);
    life *lives = calloc(graph->n_tensors + 1, sizeof *lives);
    uint32_t *root = calloc(graph->n_tensors + 1, sizeof *root);
    rg_places sizes = {0};
    rg_status status =
        items && lives && root
            ? RG_OK
            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u tensors", graph->n_tensors);
    for (uint32_t t = 0; root && t < graph->n_tensors; t++)
        root[t] = t;
    if (status == RG_OK)
        status = solve_plan(graph, root, false, items, lives, &sizes, err);
    if (status == RG_OK)
        status = count_variables(graph, SIZE_MAX / 4, &sizes.variables_bytes, err);
    free(items);
    free(lives);
    free(root);
    if (status == RG_OK)
        *ret_sizes = sizes;
    return status;
}
