/* test_tflite_odd.c: .tflite files that are whole and yet unusual: impossible quantization, sizes
 * that are unknown, names unfit to print, foreign bytes, what the file leaves to be worked out. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/flatbuf.h"
#include "tflite_made.h"

/* Writes a graph with one thing changed and expects these words. */
static void expect_refusal(rg_graph *graph, const char *word) {
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    /* the writer checks less than the reader does about quantization */
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s: %s", word, err.what);
    rg_graph *again;
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_BAD_DATA, "%s", word);
    cr_assert(strstr(err.what, word), "%s: %s", word, err.what);
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(tflite_odd, zero_points_outside_their_type_are_refused) {
    static const float scale[] = {0.5f};
    static const int32_t low[] = {-129}, high[] = {128};
    rg_graph *graph = made_graph("logistic", NULL, 0);
    graph->tensors[0].quant = (rg_quant){1, scale, low, 0};
    expect_refusal(graph, "zero point outside");
    graph = made_graph("logistic", NULL, 0);
    graph->tensors[4].quant = (rg_quant){1, scale, high, 0};
    expect_refusal(graph, "zero point outside");
}

/* Replaces the only place where these bytes stand. */
static void patch(rg_text *file, const void *from, const void *to, size_t n) {
    size_t found = 0;
    for (size_t at = 0; at + n <= file->bytes; at++) {
        if (!memcmp(file->data + at, from, n)) {
            memcpy(file->data + at, to, n);
            found++;
        }
    }
    cr_assert_eq(found, 1, "%zu places", found);
}

Test(tflite_odd, impossible_scales_are_refused) {
    static const float scales[] = {0.0f, -1.0f, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        static const float odd[] = {0.7f};
        static const int32_t zero[] = {0};
        rg_graph *graph = made_graph("logistic", NULL, 0), *again;
        graph->tensors[0].quant = (rg_quant){1, odd, zero, 0};
        rg_text file = {0};
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK);
        patch(&file, odd, &scales[i], sizeof odd);
        cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_BAD_DATA, "%zu", i);
        cr_assert(strstr(err.what, "not finite and positive"), "%s", err.what);
        rg_graph_free(graph);
        rg_text_free(&file);
    }
}

/* As in the micro models: rank 1, three scales, axis 3. */
Test(tflite_odd, a_wrong_axis_of_a_rank_one_tensor_means_axis_zero) {
    static const int32_t four[] = {4, 1, 1, 1, 3}, one[] = {1, 3, 0, 0, 0};
    rg_graph *graph = made_graph("conv2d", NULL, 0), *again;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    graph->tensors[3].shape = (rg_shape){4, {1, 1, 1, 3}};
    graph->tensors[3].quant.axis = 3;
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s", err.what);
    rg_graph_free(graph);
    patch(&file, four, one, sizeof one);
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
    cr_assert_eq(again->tensors[3].shape.rank, 1);
    cr_assert_eq(again->tensors[3].quant.n, 3);
    cr_assert_eq(again->tensors[3].quant.axis, 0);
    rg_graph_free(again);
    rg_text_free(&file);
}

Test(tflite_odd, odd_scales_of_int32_tensors_are_dropped) {
    static const float odd[] = {0.7f}, none[] = {0.0f};
    static const int32_t zero[] = {0};
    rg_graph *graph = made_graph("conv2d", NULL, 0), *again;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    graph->tensors[3].quant = (rg_quant){1, odd, zero, 0};
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s", err.what);
    rg_graph_free(graph);
    patch(&file, odd, none, sizeof odd);
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
    cr_assert_eq(again->tensors[3].quant.n, 0);
    rg_graph_free(again);
    rg_text_free(&file);
}

Test(tflite_odd, a_dimension_of_unknown_size_is_one) {
    static const int32_t known[] = {4, 1, 4, 4, 3}, open[] = {4, -1, 4, 4, 3};
    rg_graph *graph = made_graph("logistic", NULL, 0), *again;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK);
    rg_graph_free(graph);
    patch(&file, known, open, sizeof open);
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
    cr_assert_eq(again->tensors[4].shape.dim[0], 1);
    rg_graph_free(again);
    rg_text_free(&file);
}

Test(tflite_odd, names_are_fit_to_print) {
    static const struct {
        const char *name, *read;
    } cases[] = {
        {"plain/Name:0;b", "plain/Name:0;b"}, {"gr\303\274n", "gr\303\274n"},
        {"\033[31mred", "?[31mred"},          {"bad \377\376 bytes", "bad ?? bytes"},
        {"half \342\202", "half ??"},         {"\355\240\200", "???"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_graph *graph = made_graph("logistic", NULL, 0), *again;
        rg_text file = {0};
        rg_err err = RG_ERR_INIT;
        graph->tensors[0].name = cases[i].name;
        cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK);
        cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
        cr_assert_str_eq(again->tensors[0].name, cases[i].read);
        rg_graph_free(graph);
        rg_graph_free(again);
        rg_text_free(&file);
    }
}

Test(tflite_odd, a_model_of_another_schema_version_is_refused) {
    rg_text file = {0};
    rg_fbw w = rg_fbw_begin(&file, "TFL3");
    rg_fbw_field model = {.slot = MODEL_VERSION, .size = 4, .bits = 4};
    rg_fbw_link(&w, 0, rg_fbw_table(&w, &model, 1));
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(made_read(file.data, file.bytes, &graph, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "schema version 4"), "%s", err.what);
    rg_text_free(&file);
}

Test(tflite_odd, the_reader_names_foreign_bytes_itself) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *word;
    } cases[] = {
        {"", 0, "empty"},
        {"version https://git-lfs.github.com/spec/v1\noid", 46, "Git LFS"},
        {"<html><body>404", 15, "web page"},
        {"\010\007\022\007pytorch", 11, "ONNX"},
        {"1234TFL2rest", 12, "TFL3"},
        {"123", 3, "only 3 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_graph *graph;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(made_read(cases[i].bytes, cases[i].n, &graph, &err), RG_BAD_DATA);
        cr_assert(strstr(err.what, cases[i].word), "%s: %s", cases[i].word, err.what);
    }
}

Test(tflite_odd, squeezed_dimensions_are_worked_out) {
    rg_graph *graph = made_graph("squeeze", NULL, 0);
    graph->tensors[0].shape = (rg_shape){4, {1, 4, 1, 8}};
    graph->tensors[4].shape = (rg_shape){3, {1, 4, 8}};
    graph->tensors[4].bytes = 32;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s", err.what);
    rg_fb fb = rg_fb_open(file.data, file.bytes);
    rg_fb_vec subgraphs = rg_fb_vector(&fb, rg_fb_root(&fb), MODEL_SUBGRAPHS, 4);
    rg_fb_vec nodes = rg_fb_vector(&fb, rg_fb_entry(&fb, subgraphs, 0), GRAPH_OPERATORS, 4);
    rg_fb_table options = rg_fb_child(&fb, rg_fb_entry(&fb, nodes, 0), OPERATOR_OPTIONS);
    rg_fb_vec dims = rg_fb_vector(&fb, options, 0, 4);
    cr_assert_null(fb.problem);
    cr_assert_eq(dims.n, 1);
    cr_assert_eq(rg_fb_i32_at(dims, 0), 2);
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(tflite_odd, scales_of_blocks_become_an_input_and_come_back) {
    static const int32_t node_in[] = {0, 1, -1, 2}, in[] = {0}, out[] = {3};
    static const _Alignas(16) uint8_t weights[16] = {0x21, 0x43};
    static const _Alignas(16) uint16_t scales[4] = {0x3c00, 0x3800, 0x3400, 0x4000};
    rg_graph *graph = rg_graph_new(0), *again;
    rg_tensor tensors[] = {
        {.name = "x", .dtype = RG_DTYPE_FLOAT32, .shape = {2, {1, 16}}, .bytes = 64},
        {.name = "w", .dtype = RG_DTYPE_INT4, .shape = {2, {2, 16}}, .bytes = 16, .data = weights},
        {.name = "s", .dtype = RG_DTYPE_FLOAT16, .shape = {2, {2, 2}}, .bytes = 8, .data = scales},
        {.name = "y", .dtype = RG_DTYPE_FLOAT32, .shape = {2, {1, 2}}, .bytes = 8},
    };
    rg_node node = {.kind = "fully_connected",
                    .name = "y",
                    .known = true,
                    .n_in = 4,
                    .n_out = 1,
                    .in = node_in,
                    .out = out};
    graph->name = graph->description = "blocks";
    graph->format = "suite";
    graph->tensors = rg_arena_copy(graph->arena, tensors, sizeof tensors);
    graph->nodes = rg_arena_copy(graph->arena, &node, sizeof node);
    graph->n_tensors = 4;
    graph->n_nodes = graph->n_in = graph->n_out = 1;
    graph->in = in;
    graph->out = out;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s", err.what);
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
    cr_assert(again->nodes[0].known && again->nodes[0].n_in == 4);
    cr_assert(again->nodes[0].in[2] == -1 && again->nodes[0].in[3] == 2);
    cr_assert_arr_eq(again->tensors[2].data, scales, sizeof scales);
    rg_graph_free(again);
    rg_graph_free(graph);
    rg_text_free(&file);
}
