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

static void attr_real(rg_text *op, const char *name, float value) {
    rg_text attr = {0};
    unsigned char tag = 2 << 3 | 5;
    made_text(&attr, 1, name);
    rg_text_add_bytes(&attr, &tag, 1);
    rg_text_add_bytes(&attr, &value, sizeof value);
    made_int(&attr, 20, 1);
    made_put(op, 5, &attr);
}

static void attr_word(rg_text *op, const char *name, const char *word) {
    rg_text attr = {0};
    made_text(&attr, 1, name);
    made_text(&attr, 4, word);
    made_int(&attr, 20, 3);
    made_put(op, 5, &attr);
}

/* A constant of several dimensions. */
static void matrix(made *m, const char *name, uint32_t rank, const int64_t *dims,
                   const float *data) {
    size_t n = 1;
    for (uint32_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    rg_text t = made_tensor(name, 1, dims, rank, data, n * sizeof *data);
    made_put(&m->graph, 5, &t);
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

static float logistic(float x) {
    return 1 / (1 + expf(-x));
}

Test(onnx_ops, curves_have_the_values_of_their_formulas) {
    static const float in[] = {-2, -0.5f, 0, 3};
    static const char *const types[] = {
        "Softplus", "Softsign", "Mish", "Swish",           "Celu",
        "Selu",     "Sign",     "Tan",  "ThresholdedRelu", "HardSigmoid"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        made m = {0};
        float want[4];
        for (int k = 0; k < 4; k++) {
            float x = in[k], low = x < 0 ? expf(x) - 1 : 0, soft = log1pf(expf(x));
            const float all[] = {soft,
                                 x / (1 + fabsf(x)),
                                 x * tanhf(soft),
                                 x * logistic(x),
                                 x > 0 ? x : low,
                                 1.0507010f * (x > 0 ? x : 1.6732632f * low),
                                 (float)(x > 0) - (float)(x < 0),
                                 tanf(x),
                                 x > 1 ? x : 0,
                                 fminf(1, fmaxf(0, 0.2f * x + 0.5f))};
            want[k] = all[i];
        }
        plain(&m, types[i], "x", "y");
        gives(&m, row4, 2, in, want, 4);
    }
}

Test(onnx_ops, an_elu_of_another_slope_is_put_together) {
    static const float in[] = {-2, -0.5f, 0, 3};
    const float want[] = {2 * (expf(-2) - 1), 2 * (expf(-0.5f) - 1), 0, 3};
    made m = {0};
    rg_text op = made_op("Elu", "x", "y");
    attr_real(&op, "alpha", 2);
    node(&m, &op);
    gives(&m, row4, 2, in, want, 4);
}

Test(onnx_ops, sums_over_rows_have_their_steps_before_and_behind) {
    static const float in[] = {-3, 4, 0, 0};
    static const char *const types[] = {"ReduceL1", "ReduceL2", "ReduceSumSquare",
                                        "ReduceLogSumExp"};
    const float want[] = {7, 5, 25, logf(expf(-3) + expf(4) + 2)};
    for (size_t i = 0; i < 4; i++) {
        made m = {0};
        plain(&m, types[i], "x", "y");
        gives(&m, row4, 2, in, &want[i], 1);
    }
}

Test(onnx_ops, a_mean_of_three_tensors_divides_their_sum) {
    static const float in[] = {1, 2, 3, 4}, want[] = {2, 3, 4, 5};
    const float ones[] = {1, 2, 3, 4}, more[] = {4, 5, 6, 7};
    made m = {0};
    reals(&m, "a", 4, ones);
    reals(&m, "b", 4, more);
    plain(&m, "Mean", "x a b", "y");
    gives(&m, row4, 2, in, want, 4);
}

static const int64_t picture[] = {1, 2, 1, 2};

Test(onnx_ops, normalizations_of_channels_groups_and_rows) {
    static const float in[] = {1, 3, 2, 6}, scale[] = {2, 3}, shift[] = {1, -1};
    /* each channel has two elements: less its mean, over its deviation, they are -1 and 1 */
    static const float want[] = {-1, 3, -4, 2};
    made m = {0};
    reals(&m, "s", 2, scale);
    reals(&m, "b", 2, shift);
    rg_text op = made_op("InstanceNormalization", "x s b", "y");
    attr_real(&op, "epsilon", 0);
    node(&m, &op);
    gives(&m, picture, 4, in, want, 4);
    m = (made){0};
    reals(&m, "s", 2, scale);
    reals(&m, "b", 2, shift);
    op = made_op("GroupNormalization", "x s b", "y");
    attr_real(&op, "epsilon", 0);
    made_attr_int(&op, "num_groups", 2);
    node(&m, &op);
    gives(&m, picture, 4, in, want, 4);
    m = (made){0};
    const float root = sqrtf(10);
    const float rms[] = {2 / sqrtf(5), 9 / sqrtf(5), 4 / (2 * sqrtf(5)), 18 / (2 * sqrtf(5))};
    (void)root;
    reals(&m, "s", 2, scale);
    op = made_op("RMSNormalization", "x s", "y");
    attr_real(&op, "epsilon", 0);
    node(&m, &op);
    gives(&m, picture, 4, in, rms, 4);
    m = (made){0};
    const float unit[] = {1 / root, 3 / root, 2 / sqrtf(40), 6 / sqrtf(40)};
    plain(&m, "LpNormalization", "x", "y");
    gives(&m, picture, 4, in, unit, 4);
}

Test(onnx_ops, a_batch_normalization_disappears_into_its_convolution) {
    static const int64_t filter[] = {2, 2, 1, 1};
    static const float in[] = {1, 3, 2, 6}, weights[] = {1, 1, 1, -1}, bias[] = {1, 0};
    static const float scale[] = {2, 3}, shift[] = {1, -1}, mean[] = {1, 2}, variance[] = {4, 9};
    /* convolution: 4 10 | -1 -3; then (v - mean) * scale / sqrt(variance) + shift */
    static const float want[] = {4, 10, -4, -6};
    for (int shared = 0; shared < 2; shared++) {
        made m = {0};
        matrix(&m, "w", 4, filter, weights);
        reals(&m, "b", 2, bias);
        reals(&m, "s", 2, scale);
        reals(&m, "h", 2, shift);
        reals(&m, "m", 2, mean);
        reals(&m, "v", 2, variance);
        plain(&m, "Conv", "x w b", "c");
        rg_text op = made_op("BatchNormalization", "c s h m v", shared ? "n" : "y");
        attr_real(&op, "epsilon", 0);
        node(&m, &op);
        if (shared) { /* somebody else wants what the convolution gives: it stays */
            plain(&m, "Add", "n c", "y");
            rg_graph *graph = read_made(&m, picture, 4);
            cr_assert(has(graph, "mul"));
            rg_graph_free(graph);
            continue;
        }
        gives(&m, picture, 4, in, want, 4);
    }
    made m = {0};
    matrix(&m, "w", 4, filter, weights);
    reals(&m, "s", 2, scale);
    reals(&m, "h", 2, shift);
    reals(&m, "m", 2, mean);
    reals(&m, "v", 2, variance);
    plain(&m, "Conv", "x w", "c");
    plain(&m, "BatchNormalization", "c s h m v", "n");
    plain(&m, "Relu", "n", "y");
    rg_graph *graph = read_made(&m, picture, 4);
    cr_assert(has(graph, "conv2d") && !has(graph, "mul") && !has(graph, "add"));
    cr_assert(!has(graph, "relu"), "the activation is fused too");
    rg_graph_free(graph);
}

Test(onnx_ops, the_largest_of_a_row_and_the_smallest) {
    static const float in[] = {3, 9, -1, 5}, most[] = {9, 5}, least[] = {-1, 3};
    static const int64_t k = 2;
    for (int64_t largest = 0; largest < 2; largest++) {
        made m = {0};
        constant(&m, "k", 7, 1, &k, 8);
        rg_text op = made_op("TopK", "x k", "y i");
        made_attr_int(&op, "largest", largest);
        node(&m, &op);
        gives(&m, row4, 2, in, largest ? most : least, 2);
    }
}

Test(onnx_ops, elements_at_places_are_gathered_and_put) {
    static const float in[] = {3, 9, -1, 5}, picked[] = {5, 9}, put[] = {3, 8, -1, 7};
    static const int64_t at[] = {0, -1, 0, 1}, dims[] = {2, 2};
    static const float updates[] = {7, 8};
    for (int puts = 0; puts < 2; puts++) {
        made m = {0};
        rg_text t = made_tensor("i", 7, dims, 2, at, sizeof at);
        made_put(&m.graph, 5, &t);
        reals(&m, "u", 2, updates);
        plain(&m, puts ? "ScatterND" : "GatherND", puts ? "x i u" : "x i", "y");
        gives(&m, row4, 2, in, puts ? put : picked, puts ? 4 : 2);
    }
}

Test(onnx_ops, scales_of_run_time_and_of_blocks_are_computed_in_steps) {
    static const float in[] = {1, 0.5f, 2, 4}, scale = 0.5f;
    static const int8_t q[] = {4, -2, 3, 5}, zero = 1;
    static const float want[] = {3, -1.5f, 4, 16}, blocks[] = {2, 3};
    made m = {0}; /* the scale is an input */
    static const int64_t flat[] = {1, 4};
    rg_text t = made_tensor("q", 3, flat, 2, q, 4);
    made_put(&m.graph, 5, &t);
    constant(&m, "z", 3, -1, &zero, 1);
    rg_text op = made_op("DequantizeLinear", "q x z4", "y");
    static const int8_t zeros[] = {1, 1, 1, 1};
    constant(&m, "z4", 3, 4, zeros, 1);
    made_attr_int(&op, "axis", 1);
    node(&m, &op);
    static const int64_t row[] = {4};
    gives(&m, row, 1, in, want, 4);
    m = (made){0}; /* blocks of two */
    static const float halves[] = {1, 0.5f, 4, 12}, real[] = {0, 0, 3, 12};
    static const int64_t pair[] = {1, 2};
    matrix(&m, "s", 2, pair, blocks);
    constant(&m, "one", 1, -1, &scale, 4);
    op = made_op("QuantizeLinear", "x s", "p");
    made_attr_int(&op, "axis", 1);
    made_attr_int(&op, "block_size", 2);
    made_attr_int(&op, "output_dtype", 3);
    node(&m, &op);
    op = made_op("DequantizeLinear", "p s", "y");
    made_attr_int(&op, "axis", 1);
    made_attr_int(&op, "block_size", 2);
    node(&m, &op);
    m.opset = 21;
    gives(&m, row4, 2, halves, real, 4);
}

/* One cell with one input: weights 1, 2, ..., no bias, two steps. */
Test(onnx_ops, recurrent_operators_follow_their_equations) {
    static const int64_t w4[] = {1, 4, 1}, w3[] = {1, 3, 1}, w1[] = {1, 1, 1}, x[] = {2, 1, 1};
    static const float in[] = {0.5f, -1}, w[] = {0.5f, -0.25f, 0.75f, 1},
                       u[] = {0.3f, 0.2f, -0.1f, 0.4f};
    float h = 0, c = 0, want[2];
    for (int t = 0; t < 2; t++) {
        float g[4];
        for (int i = 0; i < 4; i++)
            g[i] = w[i] * in[t] + u[i] * h;
        c = logistic(g[2]) * c + logistic(g[0]) * tanhf(g[3]);
        want[t] = h = logistic(g[1]) * tanhf(c);
    }
    made m = {0};
    matrix(&m, "w", 3, w4, w);
    matrix(&m, "r", 3, w4, u);
    plain(&m, "LSTM", "x w r", "y");
    gives(&m, x, 3, in, want, 2);
    for (int64_t late = 0; late < 2; late++) {
        h = 0;
        for (int t = 0; t < 2; t++) {
            float z = logistic(w[0] * in[t] + u[0] * h), r = logistic(w[1] * in[t] + u[1] * h);
            float n = tanhf(w[2] * in[t] + (late ? r * (u[2] * h) : (r * h) * u[2]));
            want[t] = h = (1 - z) * n + z * h;
        }
        m = (made){0};
        matrix(&m, "w", 3, w3, w);
        matrix(&m, "r", 3, w3, u);
        rg_text op = made_op("GRU", "x w r", "y");
        made_attr_int(&op, "linear_before_reset", late);
        node(&m, &op);
        gives(&m, x, 3, in, want, 2);
    }
    m = (made){0}; /* backwards, and only the last state is wanted */
    matrix(&m, "w", 3, w1, w);
    matrix(&m, "r", 3, w1, u);
    rg_text op = made_op("RNN", "x w r", "- y");
    attr_word(&op, "direction", "reverse");
    node(&m, &op);
    const float last = tanhf(w[0] * in[0] + u[0] * tanhf(w[0] * in[1]));
    gives(&m, x, 3, in, &last, 1);
}

Test(onnx_ops, shapes_that_exporters_work_out_are_known_at_load) {
    static const float in[] = {1, 2}, want[] = {1, 2, 1, 2, 1, 2};
    static const int64_t asked[] = {3, -1}, minus = -1, one = 1;
    static const int64_t row[] = {1, 2};
    made m = {0}; /* -1 keeps a dimension: where(asked == -1, 1, asked) */
    constant(&m, "s", 7, 2, asked, 8);
    constant(&m, "m", 7, -1, &minus, 8);
    constant(&m, "o", 7, -1, &one, 8);
    plain(&m, "Equal", "s m", "e");
    plain(&m, "Where", "e o s", "w");
    plain(&m, "Expand", "x w", "y");
    gives(&m, row, 2, in, want, 6);
    static const int64_t zero = 0, six = 6, two = 2;
    static const float table[] = {1, 2, 3, 4, 5, 6}, picked[] = {1, 3, 5};
    m = (made){0};
    constant(&m, "z", 7, -1, &zero, 8);
    constant(&m, "n", 7, -1, &six, 8);
    constant(&m, "t", 7, -1, &two, 8);
    plain(&m, "Range", "z n t", "r");
    plain(&m, "Gather", "x r", "y");
    static const int64_t long_row[] = {6};
    gives(&m, long_row, 1, table, picked, 3);
}
