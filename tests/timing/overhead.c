/* overhead.c: what the executor itself costs: a chain of 200 nodes with next to nothing to do, and
 * the meeting of two threads at a barrier. Prints TAP; fails beyond the limits that the design
 * promises (100 ns a node, 1 us a meeting). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/iface/exec.h"
#include "bench/iface/op.h"
#include "bench/run/threads.h"

enum { NODES = 200, ELEMENTS = 16, BLOCKS = 201, RUNS = 20, MEETINGS = 2000 };

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

/* x -> negated 200 times; every tensor holds 16 floats. */
static rg_graph *chain(void) {
    rg_graph *g = rg_graph_new(0);
    int32_t *numbers = g ? rg_arena_array(g->arena, NODES + 1, sizeof *numbers) : NULL;
    if (!numbers)
        exit(1);
    g->n_tensors = NODES + 1;
    g->n_nodes = NODES;
    g->n_in = g->n_out = 1;
    g->tensors = rg_arena_array(g->arena, NODES + 1, sizeof *g->tensors);
    g->nodes = rg_arena_array(g->arena, NODES, sizeof *g->nodes);
    g->in = numbers;
    g->out = numbers + NODES;
    for (int32_t t = 0; t <= NODES; t++) {
        numbers[t] = t;
        g->tensors[t] = (rg_tensor){.name = "t",
                                    .dtype = RG_DTYPE_FLOAT32,
                                    .shape = {1, {ELEMENTS}},
                                    .bytes = ELEMENTS * sizeof(float)};
    }
    for (int32_t n = 0; n < NODES; n++)
        g->nodes[n] = (rg_node){.kind = "neg",
                                .name = "t",
                                .known = true,
                                .n_in = 1,
                                .n_out = 1,
                                .in = &numbers[n],
                                .out = &numbers[n + 1]};
    return g;
}

static rg_exec *make(const rg_graph *graph, rg_exec_options options) {
    rg_err err = RG_ERR_INIT;
    rg_exec *exec = NULL;
    if (rg_exec_new(graph, &options, &exec, &err) != RG_OK) {
        printf("Bail out! %s\n", err.what);
        exit(1);
    }
    return exec;
}

/* Time of a node of the chain: median of blocks of runs. */
static double node_ns(const rg_graph *graph, rg_exec_options options) {
    static double blocks[BLOCKS];
    rg_exec *exec = make(graph, options);
    for (int b = 0; b < BLOCKS; b++) {
        int64_t start = rg_clock_real_ns();
        for (int i = 0; i < RUNS; i++)
            rg_exec_run(exec);
        blocks[b] = (double)(rg_clock_real_ns() - start) / (RUNS * NODES);
    }
    rg_exec_free(exec);
    return median(blocks, BLOCKS);
}

/* The same work without an executor: the operator called through its pointer in a plain loop. */
static double bare_ns(const rg_graph *graph) {
    static double blocks[BLOCKS];
    static float x[ELEMENTS], y[ELEMENTS];
    rg_err err = RG_ERR_INIT;
    const rg_tensor *in = &graph->tensors[0], *out = &graph->tensors[1];
    const rg_op *op = rg_op_for("neg", &in, 1, &out, 1, &err);
    rg_op_call call = {.op = op, .n_in = 1, .n_out = 1, .in = &in, .out = &out};
    const void *from[1] = {x};
    void *to[1] = {y};
    for (int b = 0; op && b < BLOCKS; b++) {
        int64_t start = rg_clock_real_ns();
        for (int i = 0; i < RUNS * NODES; i++)
            op->run(&call, NULL, from, to, 0, 1);
        blocks[b] = (double)(rg_clock_real_ns() - start) / (RUNS * NODES);
    }
    return median(blocks, BLOCKS);
}

typedef struct meeting {
    rg_threads *pool;
    double ns;
} meeting;

static void meet(void *user, uint32_t thread) {
    meeting *m = user;
    int64_t start = rg_clock_real_ns();
    for (int i = 0; i < MEETINGS; i++)
        rg_threads_barrier(m->pool);
    if (thread == 0)
        m->ns = (double)(rg_clock_real_ns() - start) / MEETINGS;
}

/* One meeting of two threads that spin: the quickest of some blocks, since on a busy machine either
 * may be put aside. */
static double meeting_ns(void) {
    meeting m = {0};
    double best = 1e9;
    if (rg_threads_new(2, "", 0, &m.pool, NULL) != RG_OK)
        return best;
    for (int b = 0; b < BLOCKS; b++) {
        rg_threads_run(m.pool, meet, &m);
        best = m.ns < best ? m.ns : best;
    }
    rg_threads_free(m.pool);
    return best;
}

static int tell(int number, const char *what, double ns, double limit_ns) {
    bool ok = ns < limit_ns;
    printf("%sok %d - %s: %.1f ns, limit %.0f\n", ok ? "" : "not ", number, what, ns, limit_ns);
    return ok ? 0 : 1;
}

int main(void) {
    rg_graph *graph = chain();
    double bare = bare_ns(graph);
    double alone = node_ns(graph, (rg_exec_options){.threads = 1});
    double pair = node_ns(graph, (rg_exec_options){.threads = 2});
    double timed = node_ns(graph, (rg_exec_options){.threads = 1, .count_nodes = true});
    printf("1..4\n# a node's own work, called in a loop: %.1f ns\n", bare);
    int failed = tell(1, "overhead a node, one thread", alone - bare, 100);
    failed += tell(2, "overhead a node, two threads, nothing split", pair - bare, 100);
    failed += tell(3, "overhead a node with its time kept", timed - bare, 200);
    failed += tell(4, "meeting of two threads", meeting_ns(), 1000);
    rg_graph_free(graph);
    return failed ? 1 : 0;
}
