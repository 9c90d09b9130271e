/* test_onnx_ops.c: operators of .onnx files that are made of ours: small files made here, run, and
 * held against numbers worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "onnx_made.h"

enum { MOST = 64 };

/* A graph that is being put together: x is its input, y its output. */
typedef struct made {
    rg_text graph;
    int opset;
} made;

static void node(made *m, rg_text *op) {
    made_put(&m->graph, 1, op);
}

static void plain(made *m, const char *type, const char *in, const char *out) {
    rg_text op = made_op(type, in, out);
    node(m, &op);
}

static void constant(made *m, const char *name, int type, int64_t n, const void *data,
                     size_t size) {
    rg_text t = made_tensor(name, type, &n, n >= 0, data, (n >= 0 ? (size_t)n : 1) * size);
    made_put(&m->graph, 5, &t);
}

static void reals(made *m, const char *name, int64_t n, const float *data) {
    constant(m, name, 1, n, data, sizeof *data);
}

static rg_graph *read_made(made *m, const int64_t *dims, uint32_t rank) {
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = NULL;
    rg_text part = made_value("x", 1, dims, rank);
    made_put(&m->graph, 11, &part);
    part = made_value("y", 1, NULL, 0);
    made_put(&m->graph, 12, &part);
    rg_text file = made_model(&m->graph, m->opset ? m->opset : 17);
    rg_status status = rg_reader_onnx.read(file.data, file.bytes, "made", NULL, &graph, &err);
    cr_assert_eq(status, RG_OK, "%s", err.what);
    rg_text_free(&file);
    return graph;
}

/* Runs it and compares every element. */
static void gives(made *m, const int64_t *dims, uint32_t rank, const float *in, const float *want,
                  size_t n_want) {
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = read_made(m, dims, rank);
    rg_exec_options options = {.threads = 1};
    rg_exec *exec = NULL;
    rg_status status = rg_exec_new(graph, &options, &exec, &err);
    cr_assert_eq(status, RG_OK, "%s", err.what);
    cr_assert_eq(graph->tensors[graph->out[0]].bytes, n_want * sizeof *want, "%zu bytes",
                 graph->tensors[graph->out[0]].bytes);
    memcpy(rg_exec_input(exec, 0), in, graph->tensors[graph->in[0]].bytes);
    rg_exec_run(exec);
    const float *got = rg_exec_output(exec, 0);
    for (size_t i = 0; i < n_want; i++)
        cr_assert(fabsf(got[i] - want[i]) <= 1e-5f * (1 + fabsf(want[i])),
                  "element %zu: %g, not %g", i, (double)got[i], (double)want[i]);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

static bool has(const rg_graph *graph, const char *kind) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (!strcmp(graph->nodes[i].kind, kind))
            return true;
    }
    return false;
}

static const int64_t row4[] = {1, 4};

Test(onnx_ops, one_over_a_root_is_one_operator) {
    static const float in[] = {1, 4, 16, 0.25f}, want[] = {1, 0.5f, 0.25f, 2};
    for (int shared = 0; shared < 2; shared++) {
        made m = {0};
        plain(&m, "Sqrt", "x", "r");
        plain(&m, "Reciprocal", "r", shared ? "q" : "y");
        if (shared)
            plain(&m, "Mul", "r q", "y");
        if (!shared) {
            gives(&m, row4, 2, in, want, 4);
            continue;
        }
        rg_graph *graph = read_made(&m, row4, 2);
        cr_assert(has(graph, "sqrt") && !has(graph, "rsqrt"), "the root has another user");
        rg_graph_free(graph);
    }
}

Test(onnx_ops, functions_between_scales_are_tables_of_integers) {
    static const char *const types[][2] = {{"Exp", "exp"}, {"Log", "log"}, {"Abs", "abs"}};
    static const float scale = 0.0625f;
    static const int8_t zero = -7;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        made m = {0};
        reals(&m, "s", -1, &scale);
        constant(&m, "z", 3, -1, &zero, 1);
        plain(&m, "QuantizeLinear", "x s z", "q");
        plain(&m, "DequantizeLinear", "q s z", "d");
        plain(&m, types[i][0], "d", "f");
        plain(&m, "QuantizeLinear", "f s z", "p");
        plain(&m, "DequantizeLinear", "p s z", "y");
        rg_graph *graph = read_made(&m, row4, 2);
        cr_assert_eq(graph->n_nodes, 3);
        cr_assert_str_eq(graph->nodes[1].kind, types[i][1]);
        cr_assert_eq(rg_node_in(graph, &graph->nodes[1], 0)->dtype, RG_DTYPE_INT8);
        rg_graph_free(graph);
    }
}
