/* exec_look.c: what an executor tells of itself: where tensors stand, what each node of the source
 * graph became, memory and cores. */
#include <stdlib.h>

#include "bench/run/calls.h"
#include "bench/run/cores.h"
#include "bench/run/exec_priv.h"

void *rg_exec_input(rg_exec *exec, uint32_t i) {
    return i < exec->graph->n_in ? exec->places.values[exec->graph->in[i]] : NULL;
}

const void *rg_exec_output(rg_exec *exec, uint32_t i) {
    return i < exec->graph->n_out ? exec->places.values[exec->graph->out[i]] : NULL;
}

const void *rg_exec_tensor(rg_exec *exec, uint32_t tensor) {
    bool known = tensor < exec->graph->n_tensors && exec->places.readable[tensor];
    return known ? exec->places.values[tensor] : NULL;
}

rg_exec_memory rg_exec_memory_of(const rg_exec *exec) {
    return exec->memory;
}

bool rg_exec_is_pinned(const rg_exec *exec) {
    return rg_threads_is_pinned(exec->pool);
}

rg_exec_node rg_exec_node_of(const rg_exec *exec, uint32_t node) {
    const rg_prepared *p = exec->prepared;
    uint32_t home = node < p->source->n_nodes ? (p->home ? p->home[node] : node) : UINT32_MAX;
    rg_exec_node answer = {.kernel = "", .computed_in = node};
    if (home == UINT32_MAX)
        return answer;
    const rg_ready *ready = &p->nodes[home];
    answer.computed_in = ready->source;
    if (ready->view)
        return answer;
    answer.kernel = ready->kernel ? ready->kernel->name : "reference";
    for (uint32_t i = 0; i < exec->n_steps; i++) {
        if (exec->steps[i].node != home)
            continue;
        answer.split = exec->steps[i].ready.split;
        answer.ns = exec->count_nodes && ready->source == node ? exec->steps[i].ns : 0;
    }
    return answer;
}

int64_t rg_exec_node_ns(const rg_exec *exec, uint32_t node) {
    return rg_exec_node_of(exec, node).ns;
}

const char *rg_exec_node_kernel(const rg_exec *exec, uint32_t node) {
    return rg_exec_node_of(exec, node).kernel;
}

uint64_t rg_exec_isa(const rg_exec *exec) {
    return exec->prepared->isa_mask;
}

rg_status rg_exec_cores(const rg_exec_options *options, char *ret, size_t cap, rg_err *err) {
    rg_cpus asked;
    rg_status status = RG_OK;
    if (options->cores && *options->cores)
        status = rg_cpus_parse(options->cores, &asked, err);
    if (status == RG_OK && options->cores && *options->cores)
        status = rg_cpus_check(&asked, err);
    if (status != RG_OK)
        return status;
    return rg_threads_cores(options->threads, options->cores, options->first_core, ret, cap, err);
}

rg_status rg_exec_admits(const rg_graph *graph, rg_err *err) {
    rg_arena *arena = rg_arena_new(RG_EXEC_DEFAULT_LIMIT);
    rg_op_call *calls;
    rg_status status = arena ? rg_calls_resolve(graph, arena, &calls, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_arena_free(arena);
    return status;
}

rg_status rg_graph_node_works(const rg_graph *graph, rg_work *ret_works, rg_err *err) {
    rg_arena *arena = rg_arena_new(RG_EXEC_DEFAULT_LIMIT);
    rg_op_call *calls;
    rg_status status = arena ? rg_calls_resolve(graph, arena, &calls, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        ret_works[i] = calls[i].op->work(&calls[i]);
    rg_arena_free(arena);
    return status;
}

rg_status rg_graph_work(const rg_graph *graph, rg_work *ret_work, rg_err *err) {
    rg_work *works = calloc(graph->n_nodes + 1, sizeof *works), sum = {0};
    rg_status status = works ? rg_graph_node_works(graph, works, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        sum = rg_work_sum(sum, works[i]);
    if (status == RG_OK)
        *ret_work = sum;
    free(works);
    return status;
}
