/* test_onnx_refusals.c: .onnx files whose nodes are wrong, or more than we do: every refusal names
 * the node and the cause. One row a family of messages. */
#include <criterion/criterion.h>
#include <string.h>

#include "onnx_made.h"

/* A node of a file with inputs x (float32 1x4x3x3), f (float32 3x4), b (bytes 1x4), t (bool 1),
 * three constants of weights w (float32 2x4x3x3) and v (float32 4), u (float32 1), and lists of
 * integers: three (3), far (9), minus (-1), pair (2 3), none (0 0). */
typedef struct wrong {
    const char *type, *in;
    const char *attr; /* an integer: name, value; NULL: none */
    int64_t value;
    bool bad;         /* a damaged file; else an operator that is kept as not known */
    const char *word; /* in the message, or in the kept node's name */
} wrong;

static const int64_t picture[] = {1, 4, 3, 3}, filter[] = {2, 4, 3, 3}, flat[] = {3, 4};

static void put_values(rg_text *graph) {
    static const int64_t bytes[] = {1, 4}, one[] = {1};
    const struct {
        const char *name;
        int type;
        const int64_t *dims;
        uint32_t rank;
    } inputs[] = {{"x", 1, picture, 4}, {"f", 1, flat, 2}, {"b", 3, bytes, 2}, {"t", 9, one, 1}};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        rg_text part = made_value(inputs[i].name, inputs[i].type, inputs[i].dims, inputs[i].rank);
        made_put(graph, 11, &part);
    }
}

static void put_constants(rg_text *graph) {
    static const float weights[72], row[4] = {1, 1, 1, 1};
    static const int64_t numbers[] = {3, 9, -1, 2, 3, 0, 0}, four[] = {4};
    static const struct {
        const char *name;
        int64_t n, at;
    } lists[] = {{"three", 1, 0}, {"far", 1, 1}, {"minus", 1, 2}, {"pair", 2, 3}, {"none", 2, 5}};
    rg_text part = made_tensor("w", 1, filter, 4, weights, sizeof weights);
    made_put(graph, 5, &part);
    part = made_tensor("v", 1, four, 1, row, sizeof row);
    made_put(graph, 5, &part);
    part = made_tensor("u", 1, NULL, 0, row, 4);
    made_put(graph, 5, &part);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        part = made_tensor(lists[i].name, 7, &lists[i].n, 1, numbers + lists[i].at,
                           (size_t)lists[i].n * 8);
        made_put(graph, 5, &part);
    }
}

static rg_text file_of(const wrong *row) {
    rg_text graph = {0}, part = made_op(row->type, row->in, "y");
    if (row->attr)
        made_attr_int(&part, row->attr, row->value);
    made_put(&graph, 1, &part);
    put_constants(&graph);
    put_values(&graph);
    part = made_value("y", 1, NULL, 0);
    made_put(&graph, 12, &part);
    return made_model(&graph, 17);
}

static const wrong rows[] = {
    /* numbers of inputs */
    {"Conv", "x", NULL, 0, true, "Conv lacks input 1"},
    {"Relu", "x f", NULL, 0, true, "Relu has 2 inputs, it takes 1"},
    {"Add", "x x x", NULL, 0, true, "Add has 3 inputs, it takes 2"},
    {"Relu", "q", NULL, 0, true, "Relu reads q before it is computed"},
    /* shapes that do not go together */
    {"Conv", "f w", NULL, 0, false, "Conv (over 2 dimensions)"},
    {"Conv", "x f", NULL, 0, true, "Conv has weights of 2 dimensions for an input of 4"},
    {"Conv", "x w", "group", 2, true, "Conv of 4 channels has 2 filters of 4 in 2 groups"},
    {"Conv", "x w v", NULL, 0, true, "Conv has a bias of another size"},
    {"Gemm", "f f", NULL, 0, true, "Gemm of depth 4 with depth 3"},
    {"MatMul", "f f", NULL, 0, true, "MatMul of matrices that do not go together"},
    {"Add", "x f", NULL, 0, true, "Add of shapes that do not go together"},
    {"Where", "t x f", NULL, 0, true, "Where of shapes that do not go together"},
    {"PRelu", "f x", NULL, 0, true, "PRelu with slopes of another shape"},
    {"Concat", "x f", "axis", 1, true, "Concat of tensors that do not go together"},
    {"Expand", "f pair", NULL, 0, true, "Expand to a shape that does not fit"},
    {"Reshape", "f pair", NULL, 0, true, "Reshape to a shape of another size"},
    {"Tile", "x pair", NULL, 0, true, "Tile with 2 repeats"},
    {"BatchNormalization", "x v v v w", NULL, 0, true, "rows of another size than its 4 channels"},
    {"InstanceNormalization", "x w v", NULL, 0, true, "rows of another size than its 4 channels"},
    {"GroupNormalization", "x v v", "num_groups", 3, true, "of 4 channels in 3 groups"},
    {"LSTM", "x w w", NULL, 0, false, "LSTM (of 4 dimensions of float32)"},
    /* dimensions that are not there */
    {"Softmax", "f", "axis", 5, true, "Softmax along a dimension that is not there"},
    {"ArgMax", "f", "axis", 5, true, "ArgMax along a dimension that is not there"},
    {"Split", "f", "axis", 5, true, "Split along a dimension that is not there"},
    {"Gather", "f three", "axis", 5, true, "Gather along a dimension that is not there"},
    {"TopK", "f three", "axis", 5, true, "TopK along a dimension that is not there"},
    {"LpNormalization", "f", "axis", 5, true, "along a dimension that is not there"},
    {"ReduceMean", "f far", NULL, 0, true, "ReduceMean over a dimension that is not there"},
    {"Flatten", "f", "axis", 5, true, "Flatten along a dimension that is not there"},
    {"Squeeze", "f three", NULL, 0, true, "Squeeze of a dimension that is not one"},
    {"Unsqueeze", "f far", NULL, 0, true, "Unsqueeze at a dimension that is not there"},
    {"Slice", "f none pair far", NULL, 0, true, "Slice with lists of different lengths"},
    {"Slice", "f three three far", NULL, 0, true, "Slice of a dimension that is not there"},
    {"Pad", "f pair", NULL, 0, true, "Pad with 2 numbers for 2 dimensions"},
    {"DepthToSpace", "x", "blocksize", 3, true, "of a size that its blocks do not divide"},
    /* numbers beyond what there is */
    {"Gather", "f far", NULL, 0, true, "Gather of number 9 of 3"},
    {"GatherND", "f far", NULL, 0, true, "GatherND of number 9 of 3"},
    {"TopK", "f far", NULL, 0, true, "TopK of 9 of 4 elements"},
    {"MaxPool", "x", NULL, 0, true, "MaxPool has no kernel_shape of 2 numbers"},
    /* quantization */
    {"QuantizeLinear", "f v", "axis", 0, true, "QuantizeLinear has 4 scales"},
    {"DequantizeLinear", "b v v v", NULL, 0, true, "DequantizeLinear has 4 inputs, it takes 3"},
    {"DequantizeLinear", "b v b v", NULL, 0, true, "has 4 inputs, it takes 3"},
    {"DequantizeLinear", "b v", "axis", 0, true, "4 scales, which fit no dimension"},
    {"DequantizeLinear", "t u", NULL, 0, false, "DequantizeLinear (from bool)"},
    {"QLinearConv", "b v v", NULL, 0, true, "QLinearConv lacks input 3"},
    {"MatMulInteger", "b f", NULL, 0, true, "MatMulInteger of int8 and float32"},
    /* what is not done, in words */
    {"Relu", "t", NULL, 0, false, "Relu (of bool)"},
    {"Cast", "f", "to", 10, false, "Cast (from float32 to float16)"},
    {"Reshape", "f b", NULL, 0, false, "Reshape (its shape is no constant)"},
    {"Slice", "f b b", NULL, 0, false, "Slice (its range is no constant)"},
    {"TopK", "f b", NULL, 0, false, "TopK (its number of results is no constant)"},
    {"ReduceMean", "f b", NULL, 0, false, "ReduceMean (its axes are no constants)"},
    {"Gather", "f v", NULL, 0, false, "Gather (by float32"},
    {"ArgMax", "f", "select_last_index", 1, false, "ArgMax (the last of equal ones)"},
    {"GatherND", "f pair", "batch_dims", 1, false, "GatherND (of batches"},
    {"LpNormalization", "f", "p", 3, false, "with p 3"},
    {"LayerNormalization", "x v", "axis", 1, false, "over more than the last dimension"},
    {"RMSNormalization", "x v", "axis", 1, false, "over more than the last dimension"},
    {"Elu", "t", NULL, 0, false, "Elu (of bool)"},
    {"Softplus", "t", NULL, 0, false, "Softplus (of bool)"},
    {"ReduceL2", "t", NULL, 0, false, "ReduceL2 (of bool)"},
    {"MaxPool", "f", NULL, 0, false, "MaxPool (over 2 dimensions)"},
    {"Resize", "x", NULL, 0, false, "Resize (to a size that is no constant"},
    {"GRU", "x w w", "layout", 1, false, "GRU (with the batch first)"},
    {"LSTM", "x w w", "input_forget", 1, false, "LSTM (with coupled gates)"},
    {"Loop", "f", NULL, 0, false, "Loop"},
};

Test(onnx_refusals, each_names_the_node_and_the_cause) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rg_err err = RG_ERR_INIT;
        rg_graph *graph = NULL;
        rg_text file = file_of(&rows[i]);
        rg_status status = rg_reader_onnx.read(file.data, file.bytes, "made", NULL, &graph, &err);
        const char *said = graph && graph->n_nodes ? graph->nodes[0].kind : err.what;
        cr_expect_eq(status, rows[i].bad ? RG_BAD_DATA : RG_OK, "row %zu, %s: %s, %s", i,
                     rows[i].type, rg_status_word(status), said);
        cr_expect(strstr(said, rows[i].word), "row %zu: %s; not: %s", i, said, rows[i].word);
        if (rows[i].bad)
            cr_expect(strstr(err.what, "node 0: ") && err.advice[0], "row %zu: %s", i, err.what);
        else
            cr_expect(graph && !graph->nodes[0].known, "row %zu", i);
        rg_graph_free(graph);
        rg_text_free(&file);
    }
}
