/* exec.c: runs a graph with the operators of the registry. calls.c makes the nodes ready, memplan.c
 * places the tensors, threads.c provides the cores; here they come together, and here is the loop
 * over the nodes. */
#include "bench/iface/exec.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/run/calls.h"
#include "bench/run/memplan.h"
#include "bench/run/threads.h"

/* A node with less to do than this stays on one thread. Two meetings of two threads cost 2 to 5 us
 * while they spin and some 60 us when they had fallen asleep; the scalar reference does 1 to 2
 * billion of these units a second, so the work of a split node lasts longer than either. */
enum { SPLIT_COST = 200000 };

static const size_t default_limit_bytes = (size_t)2 << 30;

/* A node as the loop sees it. */
typedef struct step {
    const rg_op_call *call;
    const void *state;
    const void *const *in;
    void *const *out;
    size_t tiles;
    bool split; /* over all threads */
    int64_t ns; /* in the last run */
} step;

struct rg_exec {
    const rg_graph *graph;
    rg_arena *arena; /* calls, states, steps and pointers */
    step *steps;
    void **values;        /* by tensor: where its elements are; NULL: unused */
    bool *readable;       /* by tensor: still there after a run */
    unsigned char *block; /* inputs, outputs, activations; then variables */
    rg_threads *pool;
    rg_exec_memory memory;
    bool count_nodes;
};

rg_status rg_exec_admits(const rg_graph *graph, rg_err *err) {
    rg_arena *arena = rg_arena_new(default_limit_bytes);
    rg_op_call *calls;
    rg_status status = arena ? rg_calls_resolve(graph, arena, &calls, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_arena_free(arena);
    return status;
}

/* --- lifetimes and places --------------------------------------------------------------------- */

/* When a tensor is alive, in nodes; first > last: never. */
typedef struct life {
    uint32_t first, last;
} life;

static void touch(life *l, uint32_t node) {
    l->first = node < l->first ? node : l->first;
    l->last = node > l->last ? node : l->last;
}

/* Graph inputs keep their bytes from run to run, so they live throughout; outputs from where they
 * are written to the end. */
static void find_lives(const rg_graph *graph, bool keep_all, life *lives) {
    uint32_t end = graph->n_nodes;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        lives[t] = (life){UINT32_MAX, 0};
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_in; i++) {
            if (node->in[i] >= 0)
                touch(&lives[node->in[i]], n);
        }
        for (uint32_t i = 0; i < node->n_out; i++)
            touch(&lives[node->out[i]], n);
    }
    for (uint32_t t = 0; keep_all && t < graph->n_tensors; t++) {
        if (lives[t].first <= lives[t].last)
            lives[t] = (life){0, end};
    }
    for (uint32_t i = 0; i < graph->n_in; i++)
        lives[graph->in[i]] = (life){0, end};
    for (uint32_t i = 0; i < graph->n_out; i++)
        touch(&lives[graph->out[i]], end);
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
static rg_status place_variables(rg_exec *exec, size_t limit_bytes, rg_err *err) {
    size_t bytes = 0;
    for (uint32_t t = 0; t < exec->graph->n_tensors; t++) {
        const rg_tensor *tensor = &exec->graph->tensors[t];
        if (!tensor->variable || tensor->data)
            continue;
        if (tensor->bytes > limit_bytes || bytes > limit_bytes)
            return rg_fail(err, RG_NO_MEMORY, "raise the memory limit",
                           "the state of %s exceeds the limit of %zu bytes", exec->graph->name,
                           limit_bytes);
        bytes += round_up(tensor->bytes);
    }
    exec->memory.variables_bytes = bytes;
    return RG_OK;
}

static rg_status allocate_block(rg_exec *exec, size_t limit_bytes, rg_err *err) {
    size_t plan = exec->memory.arena_bytes, variables = exec->memory.variables_bytes;
    if (plan > limit_bytes || variables > limit_bytes - plan)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit or give a smaller model",
                       "%s needs %zu bytes for activations and %zu for state, the limit is %zu",
                       exec->graph->name, plan, variables, limit_bytes);
    exec->block = aligned_alloc(RG_MEMPLAN_ALIGN, plan + variables + RG_MEMPLAN_ALIGN);
    if (!exec->block)
        return rg_fail(err, RG_NO_MEMORY, "close other programs",
                       "no memory for %zu bytes of activations", plan + variables);
    memset(exec->block, 0, plan + variables + RG_MEMPLAN_ALIGN); /* no page faults while timed */
    return RG_OK;
}

static void point_values(rg_exec *exec, const rg_memplan_item *items, const life *lives) {
    const rg_graph *graph = exec->graph;
    size_t item = 0, variable = exec->memory.arena_bytes;
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        const rg_tensor *tensor = &graph->tensors[t];
        if (tensor->data) {
            exec->values[t] = (void *)(uintptr_t)tensor->data;
        } else if (tensor->variable) {
            exec->values[t] = exec->block + variable;
            variable += round_up(tensor->bytes);
        } else if (is_planned(tensor, lives[t])) {
            exec->values[t] = exec->block + items[item++].offset;
        }
    }
}

static rg_status plan_tensors(rg_exec *exec, const rg_exec_options *options, size_t limit_bytes,
                              rg_memplan_item *items, life *lives, rg_err *err) {
    const rg_graph *graph = exec->graph;
    size_t n = 0;
    find_lives(graph, options->keep_all, lives);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        if (is_planned(&graph->tensors[t], lives[t]))
            items[n++] =
                (rg_memplan_item){graph->tensors[t].bytes, lives[t].first, lives[t].last, 0};
    }
    rg_memplan_size size;
    rg_status status = rg_memplan_solve(items, n, &size, err);
    if (status != RG_OK)
        return status;
    exec->memory.arena_bytes = size.bytes;
    exec->memory.arena_bound_bytes = size.bound_bytes;
    status = place_variables(exec, limit_bytes, err);
    if (status == RG_OK)
        status = allocate_block(exec, limit_bytes, err);
    if (status == RG_OK)
        point_values(exec, items, lives);
    return status;
}

static rg_status make_room(rg_exec *exec, const rg_exec_options *options, size_t limit_bytes,
                           rg_err *err) {
    const rg_graph *graph = exec->graph;
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (graph->tensors[graph->in[i]].data)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "graph input %u (%s) is a constant", i,
                           graph->tensors[graph->in[i]].name);
    }
    rg_memplan_item *items = calloc(graph->n_tensors + 1, sizeof *items);
    life *lives = calloc(graph->n_tensors + 1, sizeof *lives);
    rg_status status = items && lives ? plan_tensors(exec, options, limit_bytes, items, lives, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    free(items);
    free(lives);
    if (status == RG_OK)
        mark_readable(graph, options->keep_all, exec->readable);
    return status;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void **point_to(const rg_exec *exec, const int32_t *list, uint32_t n) {
    void **pointers = rg_arena_array(exec->arena, n ? n : 1, sizeof *pointers);
    for (uint32_t i = 0; pointers && i < n; i++)
        pointers[i] = list[i] >= 0 ? exec->values[list[i]] : NULL;
    return pointers;
}

/* Multiply-accumulates count double and moved bytes a quarter: about what each takes. */
static bool is_worth_splitting(const rg_op_call *call) {
    rg_work work = call->op->work ? call->op->work(call) : (rg_work){0};
    double cost = 2.0 * (double)work.macs + (double)work.other_ops +
                  0.25 * ((double)work.bytes_read + (double)work.bytes_written);
    return cost >= SPLIT_COST;
}

static rg_status prepare_state(rg_exec *exec, step *s, rg_err *err) {
    const rg_op *op = s->call->op;
    size_t bytes = op->state_bytes ? op->state_bytes(s->call) : 0;
    void *state = bytes ? rg_arena_alloc(exec->arena, bytes) : NULL;
    if (bytes && !state)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit",
                       "no memory for %zu bytes of prepared state", bytes);
    s->state = state;
    return op->prepare ? op->prepare(s->call, state, err) : RG_OK;
}

static rg_status make_step(rg_exec *exec, uint32_t index, const rg_op_call *call, rg_err *err) {
    const rg_node *node = &exec->graph->nodes[index];
    step *s = &exec->steps[index];
    s->call = call;
    s->in = (const void *const *)point_to(exec, node->in, node->n_in);
    s->out = point_to(exec, node->out, node->n_out);
    if (!s->in || !s->out)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for nodes");
    s->tiles = call->op->tiles ? call->op->tiles(call) : 1;
    s->split = rg_threads_count(exec->pool) > 1 && s->tiles > 1 && is_worth_splitting(call);
    rg_status status = prepare_state(exec, s, err);
    if (status != RG_OK)
        rg_err_prefix(err, "node %u (%s, %s)", index, node->kind, node->name);
    return status;
}

static rg_status make_steps(rg_exec *exec, const rg_op_call *calls, rg_err *err) {
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < exec->graph->n_nodes; i++)
        status = make_step(exec, i, &calls[i], err);
    return status;
}

static rg_status allocate_lists(rg_exec *exec, size_t limit_bytes, rg_err *err) {
    const rg_graph *graph = exec->graph;
    exec->arena = rg_arena_new(limit_bytes);
    if (exec->arena) {
        exec->steps = rg_arena_array(exec->arena, graph->n_nodes + 1, sizeof *exec->steps);
        exec->values = rg_arena_array(exec->arena, graph->n_tensors + 1, sizeof *exec->values);
        exec->readable = rg_arena_array(exec->arena, graph->n_tensors + 1, sizeof *exec->readable);
    }
    if (exec->steps && exec->values && exec->readable)
        return RG_OK;
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", graph->n_nodes);
}

rg_status rg_exec_new(const rg_graph *graph, const rg_exec_options *options, rg_exec **ret_exec,
                      rg_err *err) {
    size_t limit = options->memory_limit_bytes ? options->memory_limit_bytes : default_limit_bytes;
    rg_exec *exec = calloc(1, sizeof *exec);
    if (!exec)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    exec->graph = graph;
    exec->count_nodes = options->count_nodes;
    rg_op_call *calls = NULL;
    rg_status status = allocate_lists(exec, limit, err);
    if (status == RG_OK)
        status = rg_calls_resolve(graph, exec->arena, &calls, err);
    if (status == RG_OK)
        status = make_room(exec, options, limit, err);
    if (status == RG_OK)
        status =
            rg_threads_new(options->threads, options->cores, options->first_core, &exec->pool, err);
    if (status == RG_OK)
        status = make_steps(exec, calls, err);
    if (status != RG_OK) {
        rg_exec_free(exec);
        return status;
    }
    exec->memory.weights_bytes = rg_graph_constant_bytes(graph);
    exec->memory.state_bytes = rg_arena_used_bytes(exec->arena);
    rg_exec_reset(exec);
    *ret_exec = exec;
    return RG_OK;
}

void rg_exec_free(rg_exec *exec) {
    if (!exec)
        return;
    rg_threads_free(exec->pool);
    free(exec->block);
    rg_arena_free(exec->arena);
    free(exec);
}

/* --- running ---------------------------------------------------------------------------------- */

static void run_tiles(const step *s, size_t first, size_t last) {
    if (first < last)
        s->call->op->run(s->call, s->state, s->in, s->out, first, last);
}

/* What thread `t` of `n` does of a split node: equal runs of tiles, so that the division depends on
 * nothing but their number. */
static void run_share(const step *s, uint32_t t, uint32_t n) {
    run_tiles(s, s->tiles * t / n, s->tiles * (t + 1) / n);
}

/* The body of each thread. Nodes that are not split are thread 0's; the others go ahead to the next
 * split node and wait there. */
static void run_thread(void *user, uint32_t thread) {
    rg_exec *exec = user;
    uint32_t threads = rg_threads_count(exec->pool);
    int64_t before = exec->count_nodes && thread == 0 ? rg_clock_real_ns() : 0;
    for (uint32_t i = 0; i < exec->graph->n_nodes; i++) {
        step *s = &exec->steps[i];
        if (s->split) {
            if (i > 0 && !s[-1].split)
                rg_threads_barrier(exec->pool);
            run_share(s, thread, threads);
            rg_threads_barrier(exec->pool);
        } else if (thread == 0) {
            run_tiles(s, 0, s->tiles);
        }
        if (exec->count_nodes && thread == 0) {
            int64_t now = rg_clock_real_ns();
            s->ns = now - before;
            before = now;
        }
    }
}

void rg_exec_run(rg_exec *exec) {
    rg_threads_run(exec->pool, run_thread, exec);
}

/* One element's bits of a variable at rest: its zero point, or 0. */
static void fill_resting(const rg_tensor *tensor, unsigned char *at) {
    int32_t zero = tensor->quant.n ? tensor->quant.zero_point[0] : 0;
    size_t size = rg_dtype_bits(tensor->dtype) / 8;
    bool whole = tensor->dtype != RG_DTYPE_FLOAT16 && tensor->dtype != RG_DTYPE_FLOAT32 &&
                 tensor->dtype != RG_DTYPE_FLOAT64 && size > 0;
    memset(at, 0, tensor->bytes);
    for (size_t i = 0; whole && zero && i < tensor->bytes; i++)
        at[i] = (unsigned char)((uint64_t)(int64_t)zero >> (8 * (i % size)));
}

void rg_exec_reset(rg_exec *exec) {
    for (uint32_t t = 0; t < exec->graph->n_tensors; t++) {
        const rg_tensor *tensor = &exec->graph->tensors[t];
        if (tensor->variable && !tensor->data)
            fill_resting(tensor, exec->values[t]);
    }
}

/* --- looking in ------------------------------------------------------------------------------- */

void *rg_exec_input(rg_exec *exec, uint32_t i) {
    return i < exec->graph->n_in ? exec->values[exec->graph->in[i]] : NULL;
}

const void *rg_exec_output(rg_exec *exec, uint32_t i) {
    return i < exec->graph->n_out ? exec->values[exec->graph->out[i]] : NULL;
}

const void *rg_exec_tensor(rg_exec *exec, uint32_t tensor) {
    bool known = tensor < exec->graph->n_tensors && exec->readable[tensor];
    return known ? exec->values[tensor] : NULL;
}

rg_exec_memory rg_exec_memory_of(const rg_exec *exec) {
    return exec->memory;
}

bool rg_exec_is_pinned(const rg_exec *exec) {
    return rg_threads_is_pinned(exec->pool);
}

int64_t rg_exec_node_ns(const rg_exec *exec, uint32_t node) {
    return exec->count_nodes && node < exec->graph->n_nodes ? exec->steps[node].ns : 0;
}

rg_status rg_exec_cores(const rg_exec_options *options, char *ret, size_t cap, rg_err *err) {
    return rg_threads_cores(options->threads, options->cores, options->first_core, ret, cap, err);
}

rg_status rg_graph_work(const rg_graph *graph, rg_work *ret_work, rg_err *err) {
    rg_arena *arena = rg_arena_new(default_limit_bytes);
    rg_op_call *calls;
    rg_status status = arena ? rg_calls_resolve(graph, arena, &calls, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        rg_work sum = {0};
        for (uint32_t i = 0; i < graph->n_nodes; i++)
            sum = rg_work_sum(sum, calls[i].op->work(&calls[i]));
        *ret_work = sum;
    }
    rg_arena_free(arena);
    return status;
}
