/* break_even.c: from which length a node gains by a second thread: fully connected layers of
 * growing size, once on one thread and once split, in turns. Prints TAP comments; what it shows is
 * the figure BREAK_EVEN_NS of exec_cost.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/rng.h"
#include "bench/run/exec_priv.h"

enum { BLOCKS = 1001, RUNS = 4 };

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The quickest: on a shared machine the rest tells of others. */
static double quickest(double *values) {
    qsort(values, BLOCKS, sizeof *values, by_value);
    return values[0];
}

/* y = x * w, `rows` x `depth` by `depth` x `columns`, int8. */
static rg_graph *layer(int32_t rows, int32_t depth, int32_t columns) {
    static const float scales[3] = {0.02F, 0.004F, 0.05F};
    static const int32_t zeros[3] = {3, 0, -5}, numbers[4] = {0, 1, -1, 2};
    rg_graph *g = rg_graph_new(0);
    rg_rng rng = rg_rng_seeded(7);
    g->n_tensors = 3;
    g->n_nodes = g->n_in = g->n_out = 1;
    g->tensors = rg_arena_array(g->arena, 3, sizeof *g->tensors);
    g->nodes = rg_arena_array(g->arena, 1, sizeof *g->nodes);
    const rg_shape shapes[3] = {{2, {rows, depth}}, {2, {columns, depth}}, {2, {rows, columns}}};
    for (int t = 0; t < 3; t++) {
        g->tensors[t] = (rg_tensor){.name = "t", .dtype = RG_DTYPE_INT8, .shape = shapes[t]};
        g->tensors[t].quant = (rg_quant){1, &scales[t], &zeros[t], 0};
        g->tensors[t].bytes = (size_t)shapes[t].dim[0] * (size_t)shapes[t].dim[1];
    }
    void *w = rg_arena_alloc(g->arena, g->tensors[1].bytes);
    rg_tensor_fill(&g->tensors[1], &rng, w);
    g->tensors[1].data = w;
    g->nodes[0] = (rg_node){.kind = "fully_connected",
                            .name = "t",
                            .known = true,
                            .n_in = 3,
                            .n_out = 1,
                            .in = numbers,
                            .out = numbers + 3};
    g->in = numbers;
    g->out = numbers + 3;
    return g;
}

static double block_ns(rg_exec *exec, bool split) {
    exec->steps[0].ready.split = exec->any_split = split;
    rg_exec_run(exec);
    int64_t start = rg_clock_real_ns();
    for (int i = 0; i < RUNS; i++)
        rg_exec_run(exec);
    return (double)(rg_clock_real_ns() - start) / RUNS;
}

static void compare(int32_t rows) {
    static double alone[BLOCKS], split[BLOCKS];
    rg_graph *graph = layer(rows, 64, 64);
    rg_exec_options options = {.threads = 2};
    rg_exec *exec = NULL;
    if (rg_exec_new(graph, &options, &exec, NULL) == RG_OK && exec->steps[0].ready.tiles > 1) {
        for (int b = 0; b < BLOCKS; b++) {
            alone[b] = block_ns(exec, false);
            split[b] = block_ns(exec, true);
        }
        printf("# %4d rows, %3zu tiles: %8.0f ns alone, %8.0f ns split\n", rows,
               exec->steps[0].ready.tiles, quickest(alone), quickest(split));
    } else if (exec)
        printf("# %d rows: %zu tiles\n", rows, exec->steps[0].ready.tiles);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

int main(void) {
    for (int32_t rows = 4; rows <= 256; rows = rows * 3 / 2)
        compare(rows);
    printf("1..1\nok 1 - break-even shown\n");
    return 0;
}
