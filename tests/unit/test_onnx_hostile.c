/* test_onnx_hostile.c: .onnx files that want to cost much or to be taken for something else, and
 * what files leave open. Everyday files are in test_onnx.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/core/remark.h"
#include "onnx_made.h"

/* Pieces of names, pairwise equal in what a plain FNV-1a hash makes of them: 2^15 names of one hash
 * come of fifteen choices. */
static const char *const pieces[][2] = {
    {"sswl8", "tD0eV"}, {"7mc1u", "btmTJ"}, {"BPfHG", "hGXv0"}, {"2dUvQ", "5Gn51"},
    {"WZfHn", "w0f_9"}, {"oKUNg", "VQrVG"}, {"RjuOG", "I6nwg"}, {"C7uXm", "CYXqy"},
    {"JUd37", "AJ_pW"}, {"_Df9s", "QHxC-"}, {"l911u", "GkLiU"}, {"47pcH", "gMiT9"},
    {"yYg3I", "vye-Z"}, {"8lMDB", "D7NkE"}, {"HgoAJ", "c1zYj"},
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

/* A file whose second node makes 2^n values of such names, with `spoil` before them. */
static rg_text file_of_names(unsigned n, bool spoil) {
    static const int64_t dims[] = {1, 4};
    rg_text graph = {0}, part = made_op("Relu", "x", "y");
    made_put(&graph, 1, &part);
    part = made_op("Strange", "x", "");
    for (uint32_t which = 0; which < 1u << n; which++) {
        char name[8 + 5 * PIECES + 1] = "";
        size_t used = 0;
        if (spoil)
            used = (size_t)snprintf(name, sizeof name, "%u.", which);
        for (unsigned i = 0; i < n; i++, used += 5)
            memcpy(name + used, pieces[i][which >> i & 1], 6);
        made_text(&part, 2, name);
    }
    made_put(&graph, 1, &part);
    part = made_value("x", 1, dims, 2), made_put(&graph, 11, &part);
    part = made_value("y", 1, dims, 2), made_put(&graph, 12, &part);
    return made_model(&graph, 13);
}

static double seconds_to_read(unsigned n, bool spoil) {
    rg_text file = file_of_names(n, spoil);
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    clock_t start = clock();
    cr_assert_eq(rg_reader_onnx.read(file.data, file.bytes, "made", NULL, &graph, &err), RG_OK,
                 "%s", err.what);
    double spent = (double)(clock() - start) / CLOCKS_PER_SEC;
    rg_graph_free(graph);
    rg_text_free(&file);
    return spent;
}

Test(onnx_hostile, names_of_one_hash_cost_no_more_than_others) {
    double others = seconds_to_read(PIECES, true), same = seconds_to_read(PIECES, false);
    cr_assert_lt(same, 4 * others + 0.2, "%.3f s, against %.3f s", same, others);
}

/* A file of one Relu from x to y, declared with these dimensions. */
static rg_text file_of_dims(const int64_t *in, const int64_t *out) {
    rg_text graph = {0}, part = made_op("Relu", "x", "y");
    made_put(&graph, 1, &part);
    part = made_value("x", 1, in, 2), made_put(&graph, 11, &part);
    part = made_value("y", 1, out, 2), made_put(&graph, 12, &part);
    return made_model(&graph, 13);
}

static rg_status read_dims(const int64_t *in, const int64_t *out, rg_graph **ret, rg_err *err) {
    rg_text file = file_of_dims(in, out);
    *ret = NULL;
    rg_status status = rg_reader_onnx.read(file.data, file.bytes, "made", NULL, ret, err);
    rg_text_free(&file);
    return status;
}

Test(onnx_hostile, dimensions_below_zero_or_beyond_31_bits_are_refused) {
    static const int64_t odd[][2] = {{3000000000, 4}, {-7, 4}, {4, INT64_MIN}, {4, INT64_MAX}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        rg_graph *graph;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(read_dims(odd[i], odd[i], &graph, &err), RG_BAD_DATA, "%zu", i);
        cr_assert(strstr(err.what, "declared with the dimension"), "%s", err.what);
    }
}

Test(onnx_hostile, an_open_dimension_is_one_and_said_to_be) {
    static const int64_t in[] = {-1, 4}, out[] = {-1, 4};
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(read_dims(in, out, &graph, &err), RG_OK, "%s", err.what);
    const rg_remark *remark = rg_remark_of(graph, false, 0);
    cr_assert_not_null(remark);
    cr_assert_eq(remark->open_dims, 1);
    cr_assert_eq(graph->tensors[graph->in[0]].shape.dim[0], 1);
    cr_assert_null(rg_remark_of(graph, true, 0));
    rg_graph_free(graph);
}

Test(onnx_hostile, a_declared_output_that_the_graph_contradicts_is_told) {
    static const int64_t in[] = {1, 4}, out[] = {7, 9};
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(read_dims(in, out, &graph, &err), RG_OK, "%s", err.what);
    const rg_remark *remark = rg_remark_of(graph, true, 0);
    cr_assert_not_null(remark);
    cr_assert_eq(remark->declared.dim[0], 7);
    cr_assert_eq(remark->declared.dim[1], 9);
    cr_assert_null(rg_remark_of(graph, false, 0));
    rg_graph_free(graph);
}

/* However little memory there is: the file is sound, so it is never called damaged. */
Test(onnx_hostile, too_little_memory_is_never_told_as_damage) {
    rg_text file = made_qdq();
    bool read = false;
    for (size_t bytes = 500; bytes < 200000 && !read; bytes += 20) {
        const rg_model_limits limits = {1 << 20, bytes, 100, 100};
        rg_graph *graph = NULL;
        rg_err err = RG_ERR_INIT;
        rg_status status =
            rg_reader_onnx.read(file.data, file.bytes, "made", &limits, &graph, &err);
        cr_assert(status == RG_OK || status == RG_NO_MEMORY, "%zu: %s", bytes, err.what);
        read = status == RG_OK;
        rg_graph_free(graph);
    }
    cr_assert(read);
    rg_text_free(&file);
}

/* The bias of an integer layer carries the scale of its accumulator, as in .tflite files. */
Test(onnx_hostile, the_bias_of_an_integer_layer_has_its_scale) {
    rg_text file = made_qdq();
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_reader_onnx.read(file.data, file.bytes, "made", NULL, &graph, &err), RG_OK);
    const rg_tensor *bias = NULL;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (!strcmp(graph->nodes[i].kind, "conv2d"))
            bias = rg_node_in(graph, &graph->nodes[i], 2);
    }
    cr_assert_not_null(bias);
    cr_assert_eq(bias->quant.n, 3);
    cr_assert_float_eq((double)bias->quant.scale[2], 0.25, 1e-9); /* 0.5 of x, 0.5 of the weights */
    rg_graph_free(graph);
    rg_text_free(&file);
}
