/* fuzz_model.c: any bytes to whichever reader knows them, and on: what is accepted must be a sound
 * graph, settled shapes keep it so, `inspect` must tell of it, and where it is small it must run,
 * fused and by this machine's kernels as by the reference node by node, with the same integers out.
 */
#include <string.h>

#include "bench/core/graph.h"
#include "bench/core/tensor.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/inspect.h"
#include "bench/run/settle.h"
#include "fuzz.h"

/* Small, so that the fuzzer meets the limits as well; work that takes a moment is not run. */
static const rg_model_limits limits = {1 << 20, 8 << 20, 200, 100};
enum { MEMORY_LIMIT = 4 << 20, MOST_WORK = 300000, RUNS = 2 };

static void check_inspect(const rg_graph *graph) {
    rg_inspection *look = NULL;
    rg_err err = RG_ERR_INIT;
    if (rg_inspect(graph, &look, &err) != RG_OK)
        PROMISE(refused_well(err.status, &err), err.what);
    rg_inspection_free(look);
}

static bool is_small(const rg_graph *graph) {
    rg_work work = {0};
    rg_err err = RG_ERR_INIT;
    if (rg_graph_work(graph, &work, &err) != RG_OK) {
        PROMISE(refused_well(err.status, &err), err.what);
        return false;
    }
    return work.macs < MOST_WORK && work.other_ops < MOST_WORK && work.bytes_read < MOST_WORK &&
           work.bytes_written < MOST_WORK;
}

static rg_exec *make(const rg_graph *graph, bool reference) {
    rg_exec_options options = {
        .threads = 1, .memory_limit_bytes = MEMORY_LIMIT, .reference = reference};
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_exec_new(graph, &options, &exec, &err);
    PROMISE(status == RG_OK || refused_well(status, &err), err.what);
    return exec;
}

static void run(rg_exec *exec, const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        rg_rng rng = rg_rng_seeded(1 + i);
        rg_tensor_fill(&graph->tensors[graph->in[i]], &rng, rg_exec_input(exec, i));
    }
    rg_exec_run(exec);
}

static bool is_float(rg_dtype dtype) {
    return dtype == RG_DTYPE_FLOAT32 || dtype == RG_DTYPE_FLOAT16 || dtype == RG_DTYPE_FLOAT64;
}

/* Integers made from floats may hang on a NaN's bits, so graphs with floats are only run. */
static bool is_whole(const rg_graph *graph) {
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        if (is_float(graph->tensors[t].dtype))
            return false;
    }
    return true;
}

static void check_runs(const rg_graph *graph) {
    rg_exec *truth = make(graph, true), *fused = make(graph, false);
    for (int r = 0; truth && fused && r < RUNS; r++) {
        run(truth, graph);
        run(fused, graph);
        for (uint32_t i = 0; is_whole(graph) && i < graph->n_out; i++) {
            const rg_tensor *t = &graph->tensors[graph->out[i]];
            const void *a = rg_exec_output(truth, i), *b = rg_exec_output(fused, i);
            PROMISE(!t->bytes || (a && b && !memcmp(a, b, t->bytes)),
                    "joined nodes differ from single ones");
        }
    }
    rg_exec_free(truth);
    rg_exec_free(fused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    const rg_reader *reader = rg_reader_for(data, bytes);
    if (!reader)
        return 0;
    rg_status status = reader->read(data, bytes, "f", &limits, &graph, &err);
    if (status != RG_OK) {
        PROMISE(refused_well(status, &err) && !graph, "not refused in words");
        return 0;
    }
    PROMISE(rg_graph_check(graph, &err) == RG_OK, err.what);
    status = rg_graph_settle(graph, limits.graph_bytes, &err);
    PROMISE(status == RG_OK || status == RG_NO_MEMORY, err.what);
    check_inspect(graph);
    if (status == RG_OK && is_small(graph))
        check_runs(graph);
    rg_graph_free(graph);
    return 0;
}
