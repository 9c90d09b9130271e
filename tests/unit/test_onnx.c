/* test_onnx.c: the .onnx reader on files made here: layouts and quantization are resolved at load,
 * damaged and hostile bytes are refused in words. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/core/rng.h"
#include "onnx_made.h"

extern const rg_writer rg_writer_onnx, rg_writer_onnx_qoperator;

static rg_graph *read_text(rg_text *file, rg_status *ret, rg_err *err) {
    rg_graph *graph = NULL;
    *ret = rg_reader_onnx.read(file->data, file->bytes, "made", NULL, &graph, err);
    return graph;
}

static rg_graph *read_sound(rg_text *file) {
    rg_status status;
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = read_text(file, &status, &err);
    cr_assert_eq(status, RG_OK, "%s", err.what);
    return graph;
}

static void refused(rg_text *file, rg_status want, const char *word) {
    rg_status status;
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = read_text(file, &status, &err);
    cr_assert_null(graph);
    cr_assert_eq(status, want, "%s instead of %s: %s", rg_status_word(status), rg_status_word(want),
                 err.what);
    cr_assert(strstr(err.what, word), "%s", err.what);
    cr_assert(err.advice[0]);
    rg_text_free(file);
}

Test(onnx, dequantize_conv_relu_quantize_becomes_one_integer_convolution) {
    rg_text file = made_qdq();
    rg_graph *graph = read_sound(&file);
    cr_assert_eq(graph->n_nodes, 5);
    static const char *const kinds[] = {"quantize", "transpose", "conv2d", "dequantize",
                                        "transpose"};
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_str_eq(graph->nodes[i].kind, kinds[i], "node %u is %s", i, graph->nodes[i].kind);
    const rg_node *conv = &graph->nodes[2];
    const rg_tensor *x = rg_node_in(graph, conv, 0), *w = rg_node_in(graph, conv, 1);
    const rg_tensor *b = rg_node_in(graph, conv, 2), *y = rg_node_out(graph, conv, 0);
    cr_assert_str_eq(rg_node_attr(conv, "activation")->word, "relu");
    cr_assert_eq(x->dtype, RG_DTYPE_INT8);
    cr_assert_eq(x->quant.zero_point[0], 0, "128 of uint8 is 0 of int8");
    cr_assert_eq(y->quant.zero_point[0], 3 - 128);
    cr_assert_eq(w->quant.n, 3);
    cr_assert_eq(w->quant.axis, 0);
    cr_assert_eq(((const int32_t *)b->data)[2], 300);
    cr_assert_eq(x->shape.dim[3], 2, "channels last");
    const rg_tensor *out = &graph->tensors[graph->out[0]];
    cr_assert_eq(out->shape.dim[1], 3, "the result has ONNX's order");
    cr_assert_eq(out->dtype, RG_DTYPE_FLOAT32);
    cr_assert_str_eq(out->name, "y");
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(onnx, the_same_file_gives_the_same_graph) {
    rg_text a = made_qdq(), b = made_qdq();
    rg_graph *one = read_sound(&a), *two = read_sound(&b);
    cr_assert_eq(one->n_tensors, two->n_tensors);
    for (uint32_t i = 0; i < one->n_tensors; i++)
        cr_assert_str_eq(one->tensors[i].name, two->tensors[i].name);
    rg_graph_free(one);
    rg_graph_free(two);
    rg_text_free(&a);
    rg_text_free(&b);
}

static rg_text one_node(const char *type, const char *in, const int64_t *dims, uint32_t rank) {
    rg_text graph = {0}, part;
    part = made_op(type, in, "y"), made_put(&graph, 1, &part);
    part = made_value("x", 1, dims, rank), made_put(&graph, 11, &part);
    part = made_value("y", 1, dims, rank), made_put(&graph, 12, &part);
    return made_model(&graph, 17);
}

static const int64_t square[] = {1, 4, 3, 3};

Test(onnx, an_unknown_operator_is_kept_and_named) {
    rg_text file = one_node("Frobnicate", "x", square, 4);
    rg_graph *graph = read_sound(&file);
    cr_assert_eq(graph->n_nodes, 1);
    cr_assert_str_eq(graph->nodes[0].kind, "Frobnicate");
    cr_assert_not(graph->nodes[0].known);
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(onnx, what_a_known_operator_cannot_do_here_is_named_with_it) {
    rg_text file = one_node("Reshape", "x x", square, 4);
    rg_graph *graph = read_sound(&file);
    cr_assert_str_eq(graph->nodes[0].kind, "Reshape (its shape is no constant)");
    cr_assert_not(graph->nodes[0].known);
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(onnx, a_product_of_bytes_is_exact_in_floats_or_refused) {
    static const int64_t rows[] = {2, 258}, columns[] = {258, 3}, result[] = {2, 3};
    static const int64_t long_rows[] = {2, 259}, long_columns[] = {259, 3};
    for (int longer = 0; longer < 2; longer++) {
        rg_text graph = {0}, part;
        part = made_op("MatMulInteger", "a b", "y"), made_put(&graph, 1, &part);
        part = made_value("a", 2, longer ? long_rows : rows, 2), made_put(&graph, 11, &part);
        part = made_value("b", 3, longer ? long_columns : columns, 2), made_put(&graph, 11, &part);
        part = made_value("y", 6, result, 2), made_put(&graph, 12, &part);
        rg_text file = made_model(&graph, 17);
        rg_graph *read = read_sound(&file);
        cr_assert_eq(read->tensors[read->out[0]].dtype, RG_DTYPE_INT32);
        cr_assert_eq(read->nodes[0].known, !longer, "%s", read->nodes[0].kind);
        cr_assert(!longer || strstr(read->nodes[0].kind, "more than 258 products"), "%s",
                  read->nodes[0].kind);
        rg_graph_free(read);
        rg_text_free(&file);
    }
}

Test(onnx, two_transpositions_that_undo_each_other_are_none) {
    rg_text graph = {0}, part;
    part = made_op("Transpose", "x", "t"), made_put(&graph, 1, &part);
    part = made_op("Relu", "t", "r"), made_put(&graph, 1, &part);
    part = made_op("Transpose", "r", "y"), made_put(&graph, 1, &part);
    part = made_value("x", 1, square, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, square, 4), made_put(&graph, 12, &part);
    rg_text file = made_model(&graph, 17);
    rg_graph *read = read_sound(&file);
    cr_assert_eq(read->n_nodes, 1);
    cr_assert_str_eq(read->nodes[0].kind, "relu");
    rg_graph_free(read);
    rg_text_free(&file);
}

Test(onnx, inputs_that_are_missing_late_or_made_twice_are_refused) {
    rg_text file = one_node("Add", "x", square, 4);
    refused(&file, RG_BAD_DATA, "lacks input 1");
    file = one_node("Add", "x z", square, 4);
    refused(&file, RG_BAD_DATA, "before it is computed");
    rg_text graph = {0}, part;
    for (int i = 0; i < 2; i++)
        part = made_op("Relu", "x", "y"), made_put(&graph, 1, &part);
    part = made_value("x", 1, square, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, square, 4), made_put(&graph, 12, &part);
    file = made_model(&graph, 17);
    refused(&file, RG_BAD_DATA, "there already");
}

Test(onnx, tensors_whose_data_does_not_fit_or_lies_elsewhere_are_refused) {
    static const float four[4] = {0};
    rg_text graph = {0}, part, file;
    part = made_op("Add", "x w", "y"), made_put(&graph, 1, &part);
    part = made_value("x", 1, square, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, square, 4), made_put(&graph, 12, &part);
    rg_text other = {0};
    rg_text_add_bytes(&other, graph.data, graph.bytes);
    part = made_tensor("w", 1, square, 4, four, sizeof four), made_put(&graph, 5, &part);
    file = made_model(&graph, 17);
    refused(&file, RG_BAD_DATA, "its shape needs 144");
    part = made_tensor("w", 1, square, 4, NULL, 0);
    made_int(&part, 14, 1);
    made_put(&other, 5, &part);
    file = made_model(&other, 17);
    refused(&file, RG_UNSUPPORTED, "another file");
}

/* Found by fuzzing: the declared shape was believed, and more read than there was. */
Test(onnx, an_initializer_that_is_declared_with_another_shape_keeps_its_own) {
    static const int64_t two[] = {2}, many[] = {3000};
    static const float pair[] = {1, 2};
    rg_text graph = {0}, part = made_op("Cast", "w", "y");
    made_attr_int(&part, "to", 7);
    made_put(&graph, 1, &part);
    part = made_tensor("w", 1, two, 1, pair, sizeof pair), made_put(&graph, 5, &part);
    part = made_value("w", 1, many, 1), made_put(&graph, 11, &part);
    part = made_value("w", 1, many, 1), made_put(&graph, 12, &part);
    part = made_value("y", 7, two, 1), made_put(&graph, 12, &part);
    rg_text file = made_model(&graph, 17);
    rg_graph *read = read_sound(&file);
    cr_assert_eq(read->tensors[read->out[0]].shape.dim[0], 2);
    rg_graph_free(read);
    rg_text_free(&file);
}

/* Found by fuzzing: a number that is none was made an integer. */
Test(onnx, a_shape_of_floats_that_are_no_numbers_is_refused) {
    static const int64_t two[] = {2};
    static const float odd[] = {NAN, INFINITY};
    rg_text graph = {0}, part;
    part = made_op("Reshape", "x w", "y"), made_put(&graph, 1, &part);
    part = made_tensor("w", 1, two, 1, odd, sizeof odd), made_put(&graph, 5, &part);
    part = made_value("x", 1, square, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, two, 1), made_put(&graph, 12, &part);
    rg_text file = made_model(&graph, 17);
    refused(&file, RG_BAD_DATA, "another size");
}

Test(onnx, a_git_lfs_pointer_is_called_one) {
    rg_text file = {0};
    rg_text_add(&file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    cr_assert_not(rg_reader_onnx.sniff(file.data, file.bytes));
    refused(&file, RG_BAD_DATA, "Git LFS pointer");
}

Test(onnx, two_graphs_are_refused_before_anything_is_decoded) {
    rg_text a = made_qdq(), b = made_qdq();
    rg_text_add_bytes(&a, b.data, b.bytes);
    rg_text_free(&b);
    refused(&a, RG_BAD_DATA, "twice");
}

/* Graphs within attributes, a hundred thousand deep: decoders that follow them overflow the stack.
 */
Test(onnx, nesting_is_not_followed) {
    rg_text inner = {0};
    for (int depth = 0; depth < 400; depth++) {
        rg_text attr = {0}, node = {0}, graph = {0};
        made_put(&attr, 6, &inner);
        made_put(&node, 5, &attr);
        made_put(&graph, 1, &node);
        inner = graph;
    }
    rg_text graph = {0}, part = made_op("If", "x", "y"), attr = {0};
    made_text(&attr, 1, "then_branch");
    made_put(&attr, 6, &inner);
    made_put(&part, 5, &attr);
    made_put(&graph, 1, &part);
    part = made_value("x", 1, square, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, square, 4), made_put(&graph, 12, &part);
    rg_text file = made_model(&graph, 17);
    rg_graph *read = read_sound(&file);
    cr_assert_str_eq(read->nodes[0].kind, "If");
    rg_graph_free(read);
    rg_text_free(&file);
}

Test(onnx, a_file_cut_anywhere_is_refused_in_words) {
    rg_text file = made_qdq();
    for (size_t bytes = 0; bytes < file.bytes; bytes++) {
        char *cut = malloc(bytes + 1); /* exact, so that a sanitizer sees reads behind it */
        rg_graph *graph = NULL;
        rg_err err = RG_ERR_INIT;
        memcpy(cut, file.data, bytes);
        rg_status status = rg_reader_onnx.read(cut, bytes, "cut", NULL, &graph, &err);
        cr_assert(status != RG_OK || graph);
        cr_assert(status == RG_OK || (err.what[0] && err.advice[0]), "at %zu", bytes);
        rg_graph_free(graph);
        free(cut);
    }
    rg_text_free(&file);
}

Test(onnx, random_damage_never_gives_an_unsound_graph) {
    rg_text file = made_qdq();
    char *copy = malloc(file.bytes);
    rg_rng rng = {7};
    for (int round = 0; round < 20000; round++) {
        rg_graph *graph = NULL;
        rg_err err = RG_ERR_INIT;
        memcpy(copy, file.data, file.bytes);
        for (uint64_t n = 1 + rg_rng_next(&rng) % 3; n > 0; n--)
            copy[rg_rng_next(&rng) % file.bytes] = (char)rg_rng_next(&rng);
        if (rg_reader_onnx.read(copy, file.bytes, "damaged", NULL, &graph, &err) == RG_OK)
            cr_assert_eq(rg_graph_check(graph, &err), RG_OK, "%s", err.what);
        rg_graph_free(graph);
    }
    free(copy);
    rg_text_free(&file);
}

Test(onnx, limits_hold_before_anything_is_allocated) {
    static const struct {
        rg_model_limits limits;
        const char *word;
    } cases[] = {
        {{100, 1 << 20, 100, 100}, "bytes, more than the limit"},
        {{1 << 20, 1000, 100, 100}, "decoding it may take"},
        {{1 << 20, 1 << 20, 5, 100}, "tensors, more than the limit"},
        {{1 << 20, 1 << 20, 100, 5}, "nodes, more than the limit"},
    };
    rg_text file = made_qdq();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_graph *graph = NULL;
        rg_err err = RG_ERR_INIT;
        rg_status status =
            rg_reader_onnx.read(file.data, file.bytes, "made", &cases[i].limits, &graph, &err);
        cr_assert_eq(status, RG_NO_MEMORY, "%zu: %s", i, err.what);
        cr_assert(strstr(err.what, cases[i].word), "%zu: %s", i, err.what);
    }
    rg_text_free(&file);
}

/* A list of a million dimensions in a megabyte would be eight in memory: told, not allocated. */
Test(onnx, packed_lists_count_as_what_they_become) {
    enum { N = 1 << 20 };
    char *zeros = calloc(N, 1);
    rg_text tensor = {0}, graph = {0};
    made_bytes(&tensor, 1, zeros, N);
    made_put(&graph, 5, &tensor);
    rg_text file = made_model(&graph, 17);
    const rg_model_limits limits = {2 << 20, 4 << 20, 100, 100};
    rg_graph *none = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_reader_onnx.read(file.data, file.bytes, "made", &limits, &none, &err),
                 RG_NO_MEMORY);
    cr_assert(strstr(err.what, "decoding it may take"), "%s", err.what);
    rg_text_free(&file);
    free(zeros);
}

/* Written in either flavour and read again, the layer is the same integer convolution. */
Test(onnx, what_is_written_reads_back_as_integers_and_always_has_the_same_bytes) {
    const rg_writer *const writers[] = {&rg_writer_onnx, &rg_writer_onnx_qoperator};
    for (int i = 0; i < 2; i++) {
        rg_text file = made_qdq(), one = {0}, two = {0};
        rg_graph *graph = read_sound(&file);
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(writers[i]->write(graph, &one, &err), RG_OK, "%s", err.what);
        cr_assert_eq(writers[i]->write(graph, &two, &err), RG_OK, "%s", err.what);
        cr_assert(one.bytes == two.bytes && !memcmp(one.data, two.data, one.bytes));
        rg_graph *again = read_sound(&one);
        uint32_t convs = 0;
        for (uint32_t k = 0; k < again->n_nodes; k++) {
            const rg_node *node = &again->nodes[k];
            if (strcmp(node->kind, "conv2d"))
                continue;
            const rg_tensor *y = rg_node_out(again, node, 0), *w = rg_node_in(again, node, 1);
            cr_assert_eq(y->dtype, RG_DTYPE_INT8);
            cr_assert_eq(y->quant.zero_point[0], 3 - 128);
            cr_assert_eq(w->quant.n, 3);
            convs++;
        }
        cr_assert_eq(convs, 1, "%s", writers[i]->name);
        rg_graph_free(again);
        rg_graph_free(graph);
        rg_text_free(&file);
        rg_text_free(&one);
        rg_text_free(&two);
    }
}

static void not_written(const rg_graph *graph, const char *word) {
    rg_text out = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_writer_onnx.write(graph, &out, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, word), "%s", err.what);
    cr_assert_eq(out.bytes, 0);
    rg_text_free(&out);
}

Test(onnx, a_node_without_an_equal_or_without_its_inputs_is_not_written) {
    rg_text file = one_node("Frobnicate", "x", square, 4);
    rg_graph *graph = read_sound(&file);
    not_written(graph, "node 0 (Frobnicate)");
    graph->nodes[0].known = true;
    graph->nodes[0].kind = "svdf";
    not_written(graph, "no equal");
    static const char *const kinds[] = {"conv2d",  "transpose",      "concat",         "gather",
                                        "split_v", "resize_nearest", "fully_connected"};
    static const int32_t left_out[] = {-1, -1, -1};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        graph->nodes[0].kind = kinds[i];
        graph->nodes[0].in = left_out;
        graph->nodes[0].n_in = 3;
        not_written(graph, "not those of the operator");
    }
    rg_graph_free(graph);
    rg_text_free(&file);
}
