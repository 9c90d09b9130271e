/* exec.c: runs a graph. exec_prepare.c makes its nodes ready, exec_place.c places the tensors,
 * threads.c provides the cores; here they come together, and here is the loop over the nodes. */
#include "bench/iface/exec.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/run/exec_priv.h"

/* --- building --------------------------------------------------------------------------------- */

static void **point_to(const rg_exec *exec, const int32_t *list, uint32_t n) {
    void **pointers = rg_arena_array(exec->arena, n ? n : 1, sizeof *pointers);
    for (uint32_t i = 0; pointers && i < n; i++)
        pointers[i] = list[i] >= 0 ? exec->places.values[list[i]] : NULL;
    return pointers;
}

/* Views have no step: their bytes are there already. */
static rg_status make_step(rg_exec *exec, uint32_t index, rg_err *err) {
    const rg_node *node = &exec->graph->nodes[index];
    if (exec->prepared->nodes[index].view)
        return RG_OK;
    rg_step *s = &exec->steps[exec->n_steps++];
    s->ready = exec->prepared->nodes[index];
    s->node = index;
    s->in = (const void *const *)point_to(exec, node->in, node->n_in);
    s->out = point_to(exec, node->out, node->n_out);
    s->ready.split = s->ready.split && rg_threads_count(exec->pool) > 1;
    exec->any_split = exec->any_split || s->ready.split;
    return s->in && s->out ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for nodes");
}

static rg_status make_steps(rg_exec *exec, rg_err *err) {
    uint32_t n = exec->graph->n_nodes;
    exec->steps = rg_arena_array(exec->arena, n + 1, sizeof *exec->steps);
    rg_status status =
        exec->steps ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", n);
    for (uint32_t i = 0; status == RG_OK && i < n; i++)
        status = make_step(exec, i, err);
    return status;
}

/* Each thread's begins on a cache line of its own, some way from its neighbour's end. */
static rg_status make_scratch(rg_exec *exec, rg_err *err) {
    size_t one = exec->prepared->scratch_bytes, threads = rg_threads_count(exec->pool);
    if (!one)
        return RG_OK;
    exec->scratch_bytes = (one + 255) / 128 * 128;
    exec->scratch = aligned_alloc(128, exec->scratch_bytes * threads);
    if (!exec->scratch)
        return rg_fail(err, RG_NO_MEMORY, "ask for fewer threads",
                       "no memory for %zu bytes of scratch for each of %zu threads", one, threads);
    memset(exec->scratch, 0, exec->scratch_bytes * threads);
    return RG_OK;
}

static rg_status prepare(rg_exec *exec, const rg_graph *graph, const rg_exec_options *options,
                         size_t limit_bytes, rg_err *err) {
    if (!options->twin)
        return rg_prepared_new(graph, options, limit_bytes, &exec->prepared, err);
    if (options->twin->prepared->source != graph)
        return rg_fail(err, RG_INVALID, NULL, "the twin runs %s, not %s",
                       options->twin->graph->name, graph->name);
    exec->prepared = rg_prepared_hold(options->twin->prepared);
    return RG_OK;
}

static rg_status build(rg_exec *exec, const rg_graph *graph, const rg_exec_options *options,
                       rg_err *err) {
    size_t limit =
        options->memory_limit_bytes ? options->memory_limit_bytes : RG_EXEC_DEFAULT_LIMIT;
    exec->arena = rg_arena_new(0);
    rg_status status = exec->arena ? prepare(exec, graph, options, limit, err)
                                   : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK)
        return status;
    exec->graph = exec->prepared->graph;
    status = rg_places_new(exec->graph, exec->prepared->root, options->keep_all, limit, exec->arena,
                           &exec->places, err);
    if (status == RG_OK)
        status =
            rg_threads_new(options->threads, options->cores, options->first_core, &exec->pool, err);
    if (status == RG_OK)
        status = make_steps(exec, err);
    return status == RG_OK ? make_scratch(exec, err) : status;
}

static void count_memory(rg_exec *exec) {
    const rg_prepared *p = exec->prepared;
    exec->memory = (rg_exec_memory){
        .arena_bytes = exec->places.arena_bytes,
        .arena_bound_bytes = exec->places.bound_bytes,
        .weights_bytes = rg_graph_constant_bytes(p->source),
        .state_bytes = p->state_bytes + rg_arena_used_bytes(exec->arena),
        .variables_bytes = exec->places.variables_bytes,
        .packed_bytes = p->packed_bytes,
        .scratch_bytes = exec->scratch_bytes * rg_threads_count(exec->pool),
        .pack_ns = p->pack_ns,
    };
}

rg_status rg_exec_new(const rg_graph *graph, const rg_exec_options *options, rg_exec **ret_exec,
                      rg_err *err) {
    rg_exec *exec = calloc(1, sizeof *exec);
    if (!exec)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    exec->count_nodes = options->count_nodes;
    rg_status status = build(exec, graph, options, err);
    if (status != RG_OK) {
        rg_exec_free(exec);
        return status;
    }
    count_memory(exec);
    rg_exec_reset(exec);
    *ret_exec = exec;
    return RG_OK;
}

void rg_exec_free(rg_exec *exec) {
    if (!exec)
        return;
    rg_threads_free(exec->pool);
    rg_places_free(&exec->places);
    rg_prepared_release(exec->prepared);
    rg_arena_free(exec->arena);
    free(exec->scratch);
    free(exec);
}

/* --- running ---------------------------------------------------------------------------------- */

static void run_tiles(const rg_step *s, size_t first, size_t last, void *scratch) {
    const rg_ready *r = &s->ready;
    if (r->kernel)
        r->kernel->run(r->call, r->prepared, s->in, s->out, first, last, scratch);
    else
        r->call->op->run(r->call, r->prepared, s->in, s->out, first, last);
}

/* What thread `t` of `n` does of a split node: equal runs of tiles, so that the division depends on
 * nothing but their number. */
static void run_share(const rg_step *s, uint32_t t, uint32_t n, void *scratch) {
    size_t first = s->ready.tiles * t / n, last = s->ready.tiles * (t + 1) / n;
    if (first < last)
        run_tiles(s, first, last, scratch);
}

static void note_time(rg_step *s, int64_t *before) {
    int64_t now = rg_clock_real_ns();
    s->ns = now - *before;
    *before = now;
}

/* All nodes on the calling thread. */
static void run_alone(void *user, uint32_t thread) {
    rg_exec *exec = user;
    rg_step *end = exec->steps + exec->n_steps;
    int64_t before = exec->count_nodes ? rg_clock_real_ns() : 0;
    (void)thread;
    for (rg_step *s = exec->steps; s < end; s++) {
        if (s->ready.tiles)
            run_tiles(s, 0, s->ready.tiles, exec->scratch);
        if (exec->count_nodes)
            note_time(s, &before);
    }
}

/* The body of each thread. Nodes that are not split are thread 0's; the others go ahead to the next
 * split node and wait there to be released. */
static void run_thread(void *user, uint32_t thread) {
    rg_exec *exec = user;
    uint32_t threads = rg_threads_count(exec->pool);
    void *scratch = exec->scratch ? exec->scratch + thread * exec->scratch_bytes : NULL;
    bool timed = exec->count_nodes && thread == 0;
    int64_t before = timed ? rg_clock_real_ns() : 0;
    for (uint32_t i = 0; i < exec->n_steps; i++) {
        rg_step *s = &exec->steps[i];
        if (s->ready.split) {
            if (i > 0)
                rg_threads_release(exec->pool);
            run_share(s, thread, threads, scratch);
            if (i + 1 < exec->n_steps)
                rg_threads_gather(exec->pool); /* else the body's end does */
        } else if (thread == 0 && s->ready.tiles) {
            run_tiles(s, 0, s->ready.tiles, scratch);
        }
        if (timed)
            note_time(s, &before);
    }
}

void rg_exec_run(rg_exec *exec) {
    if (exec->any_split)
        rg_threads_run(exec->pool, run_thread, exec);
    else
        rg_threads_run_alone(exec->pool, run_alone, exec);
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
        if (!tensor->variable || tensor->data)
            continue;
        if (tensor->initial)
            memcpy(exec->places.values[t], tensor->initial, tensor->bytes);
        else
            fill_resting(tensor, exec->places.values[t]);
    }
}
