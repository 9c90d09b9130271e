/* profile.c: times of nodes, kept over the runs and told as medians. */
#include "bench/run/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"

rg_status rg_profile_new(const rg_target *target, const rg_program *program, const rg_graph *graph,
                         size_t runs, rg_profile **ret_profile, rg_err *err) {
    if (!target->node)
        return rg_fail(err, RG_UNSUPPORTED, "--target cpu tells them", "%s tells no times of nodes",
                       target->name);
    rg_profile *p = calloc(1, sizeof *p);
    if (!p)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *p = (rg_profile){.target = target, .program = program, .graph = graph, .cap = runs};
    size_t nodes = graph->n_nodes + 1;
    if (runs <= SIZE_MAX / sizeof(int64_t) / nodes)
        p->node_ns = calloc(nodes * runs, sizeof *p->node_ns);
    p->whole_ns = calloc(runs, sizeof *p->whole_ns);
    p->work = calloc(nodes, sizeof *p->work);
    p->macs = calloc(nodes, sizeof *p->macs);
    rg_status status = p->node_ns && p->whole_ns && p->work && p->macs
                           ? rg_graph_node_works(graph, p->work, err)
                           : rg_fail(err, RG_NO_MEMORY, "ask for fewer --runs",
                                     "no memory for the times of %zu runs", runs);
    if (status == RG_OK)
        *ret_profile = p;
    else
        rg_profile_free(p);
    return status;
}

void rg_profile_free(rg_profile *profile) {
    if (!profile)
        return;
    free(profile->node_ns);
    free(profile->whole_ns);
    free(profile->work);
    free(profile->macs);
    free(profile);
}

/* ns -1 where the target does not know this node: fused, or gone. */
static rg_node_facts facts_of(const rg_profile *p, uint32_t node) {
    rg_node_facts facts = {.kernel = "", .computed_in = node};
    if (p->target->node(p->program, node, &facts) != RG_OK)
        facts = (rg_node_facts){.kernel = "unknown", .computed_in = node, .ns = -1};
    return facts;
}

/* A piece that a runtime computes at once is timed at its first node, for all of them. */
static void share_macs(rg_profile *p) {
    for (uint32_t n = 0; n < p->graph->n_nodes; n++) {
        uint32_t in = facts_of(p, n).computed_in;
        p->macs[in < p->graph->n_nodes ? in : n] += p->work[n].macs;
    }
}

void rg_profile_take(rg_profile *p, int64_t whole_ns) {
    if (p->runs == p->cap)
        return;
    if (!p->runs)
        share_macs(p);
    for (uint32_t n = 0; n < p->graph->n_nodes; n++)
        p->node_ns[n * p->cap + p->runs] = facts_of(p, n).ns;
    p->whole_ns[p->runs++] = whole_ns;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts in place; 0 for none. */
static int64_t median(int64_t *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
    return n ? values[n / 2] : 0;
}

rg_profile_row rg_profile_row_of(const rg_profile *p, uint32_t n) {
    const rg_node *node = &p->graph->nodes[n];
    const rg_tensor *out = rg_node_out(p->graph, node, 0);
    rg_node_facts facts = facts_of(p, n);
    rg_profile_row r = {.kind = node->kind, .name = node->name};
    if (out)
        rg_shape_text(&out->shape, r.shape, sizeof r.shape);
    r.ns = median(p->node_ns + n * p->cap, p->runs);
    r.gops = r.ns > 0 ? 2.0 * (double)p->macs[n] / (double)r.ns : 0;
    if (facts.computed_in != n)
        snprintf(r.how, sizeof r.how, "in node %u", facts.computed_in);
    else
        snprintf(r.how, sizeof r.how, "%s%s", *facts.kernel ? facts.kernel : "nothing to do",
                 facts.split ? ", split" : "");
    return r;
}

int64_t rg_profile_whole_ns(const rg_profile *p) {
    return median(p->whole_ns, p->runs);
}

static json_t *row_json(const rg_profile *p, uint32_t n) {
    rg_profile_row r = rg_profile_row_of(p, n);
    rg_node_facts facts = facts_of(p, n);
    json_t *row = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:b, s:I}", "node", (int)n, "operator",
                            r.kind, "name", r.name, "output", r.shape, "kernel", facts.kernel,
                            "computed_in", (int)facts.computed_in, "split", facts.split, "macs",
                            (json_int_t)p->work[n].macs);
    if (r.ns >= 0)
        json_object_set_new(row, "median_ns", json_integer(r.ns));
    return row;
}

json_t *rg_profile_json(const rg_profile *p) {
    json_t *nodes = json_array();
    for (uint32_t n = 0; n < p->graph->n_nodes; n++)
        json_array_append_new(nodes, row_json(p, n));
    return json_pack("{s:I, s:i, s:o}", "whole_median_ns", (json_int_t)rg_profile_whole_ns(p),
                     "runs", (int)p->runs, "nodes", nodes);
}
