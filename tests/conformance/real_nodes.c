/* real_nodes.c: the nodes of a suite model one by one in a foreign runtime: which of them rounds
 * otherwise, where a whole model does. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/iface/registry.h"
#include "bench/run/materialise.h"
#include "tests/conformance/real.h"

enum { MOST_INPUTS = 64 };

/* A graph of node i alone; `in` has room for its inputs. */
static rg_graph alone(const rg_graph *graph, uint32_t i, int32_t in[MOST_INPUTS]) {
    rg_graph one = *graph;
    one.nodes = &graph->nodes[i];
    one.n_nodes = 1;
    one.out = one.nodes->out;
    one.n_out = one.nodes->n_out;
    one.in = in;
    one.n_in = 0;
    for (uint32_t k = 0; k < one.nodes->n_in; k++) {
        int32_t tensor = one.nodes->in[k];
        bool have = tensor < 0 || graph->tensors[tensor].data;
        for (uint32_t n = 0; n < one.n_in; n++)
            have |= in[n] == tensor;
        if (!have && one.n_in < MOST_INPUTS)
            in[one.n_in++] = tensor;
    }
    return one;
}

/* Runs it here and there on the values that `whole` has. */
static void try_node(const rg_real *real, const rg_graph *one, rg_exec *whole, rg_real_outcome *o) {
    rg_err err = RG_ERR_INIT;
    rg_text file = {0};
    rg_graph *back = NULL;
    rg_exec *exec = NULL, *again = NULL;
    rg_exec_options options = {.threads = 1};
    const char *why = NULL;
    rg_status status = rg_writer_find(real->writer)->write(one, &file, &err);
    if (status == RG_OK)
        status = rg_exec_new(one, &options, &exec, &err);
    if (status == RG_OK)
        status = rg_real_read_back(real, one, &file, &back, &err);
    if (status == RG_OK && back)
        status = rg_exec_new(back, &options, &again, &err);
    for (uint32_t k = 0; status == RG_OK && k < one->n_in; k++)
        memcpy(rg_exec_input(exec, k), rg_exec_tensor(whole, one->in[k]),
               one->tensors[one->in[k]].bytes);
    if (status == RG_OK)
        why = real->load(&file);
    if (status == RG_OK && !why)
        why = real->run(one, exec);
    if (status == RG_OK && !why)
        rg_exec_run(exec);
    for (uint32_t k = 0; status == RG_OK && !why && k < one->n_out; k++) {
        const rg_tensor *t = &one->tensors[one->out[k]];
        const void *theirs = NULL;
        why = real->output(k, t->bytes, &theirs);
        if (!why)
            rg_real_compare(t, rg_exec_output(exec, k), theirs, o);
    }
    if (status == RG_OK && !why && again)
        rg_real_compare_again(one, exec, again, o);
    if (status != RG_OK || why)
        snprintf(o->what, sizeof o->what, "%.250s", why ? why : err.what);
    o->ran = status == RG_OK && !why;
    rg_exec_free(again);
    rg_exec_free(exec);
    rg_text_free(&file);
    rg_graph_free(back);
}

static bool fine(const rg_tensor *t, const rg_real_outcome *o) {
    return o->ran && !o->read_back_differing &&
           (t->dtype == RG_DTYPE_FLOAT32 ? o->agreement.ok : o->worst <= 1);
}

static bool each_node(const rg_real *real, const rg_graph *graph, rg_exec *whole) {
    uint32_t off = 0, bad = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        int32_t in[MOST_INPUTS];
        rg_real_outcome o = {.agreement = RG_AGREEMENT_INIT};
        const rg_graph one = alone(graph, i, in);
        if (one.n_in == 0)
            continue;
        try_node(real, &one, whole, &o);
        bool good = fine(&graph->tensors[one.out[0]], &o);
        off += good && o.differing;
        bad += !good;
        if (!good || o.worst > 0)
            printf("# node %u (%s): %llu of %llu differ, worst %g, read back %llu bytes%s%s\n", i,
                   one.nodes->kind, (unsigned long long)o.differing, (unsigned long long)o.elements,
                   o.worst, (unsigned long long)o.read_back_differing, o.what[0] ? "; " : "",
                   o.what);
    }
    printf("# of %u nodes %u are off by one, %u by more or refused\n", graph->n_nodes, off, bad);
    return bad == 0;
}

bool rg_real_nodes(const rg_real *real, const char *name, const json_t *description,
                   const char *form) {
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = NULL;
    rg_network *net = NULL;
    rg_exec *exec = NULL;
    rg_exec_options options = {.threads = 1, .keep_all = true, .no_fusion = true};
    rg_status status = rg_suite_graph(description, form, &graph, &err);
    if (status == RG_OK)
        status = rg_network_sketch(description, &net, &err);
    if (status == RG_OK)
        status = rg_exec_new(graph, &options, &exec, &err);
    bool ok = status == RG_OK;
    if (ok) {
        rg_real_fill(graph, net, 1, exec);
        rg_exec_run(exec);
        ok = each_node(real, graph, exec);
    } else {
        printf("# %s: %s\n", name, err.what);
    }
    rg_exec_free(exec);
    rg_network_free(net);
    rg_graph_free(graph);
    return ok;
}
