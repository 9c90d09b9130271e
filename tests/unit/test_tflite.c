/* test_tflite.c: the .tflite reader and writer on files made here: every operator's options there
 * and back, damaged bytes and limits. Files that are odd rather than damaged: test_tflite_odd.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/rng.h"
#include "graph_equal.h"
#include "models/flatbuf.h"
#include "tflite_made.h"

Test(tflite, every_operator_comes_back_with_every_attribute) {
    for (const rg_tflite_op *op = rg_tflite_ops; op->kind; op++) {
        if (op->read_only)
            continue;
        rg_attr attrs[MADE_MOST_ATTRS];
        rg_graph *graph = made_graph(op->kind, attrs, made_attrs(op, attrs)), *again;
        rg_text file = {0};
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s: %s", op->kind,
                     err.what);
        cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s: %s", op->kind,
                     err.what);
        why differs = {""};
        cr_assert(graphs_equal(graph, again, &differs), "%s: %s", op->kind, differs.text);
        rg_graph_free(graph);
        rg_graph_free(again);
        rg_text_free(&file);
    }
}

Test(tflite, the_same_graph_always_gives_the_same_bytes) {
    rg_text a = {0}, b = {0};
    made_file(&a);
    made_file(&b);
    cr_assert_gt(a.bytes, 500);
    cr_assert(a.bytes == b.bytes && !memcmp(a.data, b.data, a.bytes));
    rg_text_free(&a);
    rg_text_free(&b);
}

Test(tflite, a_file_written_behind_other_bytes_is_the_same_file) {
    rg_text alone = {0}, behind = {0};
    made_file(&alone);
    rg_text_add(&behind, "other bytes");
    made_file(&behind);
    cr_assert(!memcmp(behind.data + 11, alone.data, alone.bytes));
    rg_text_free(&alone);
    rg_text_free(&behind);
}

Test(tflite, left_out_attributes_are_written_with_sensible_values) {
    rg_graph *graph = made_graph("conv2d", NULL, 0), *again;
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_OK, "%s", err.what);
    cr_assert_eq(made_read(file.data, file.bytes, &again, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_node_attr(&again->nodes[0], "stride_h")->i, 1);
    cr_assert_eq(rg_node_attr(&again->nodes[0], "dilation_w")->i, 1);
    cr_assert_str_eq(rg_node_attr(&again->nodes[0], "activation")->word, "none");
    rg_graph_free(graph);
    rg_graph_free(again);
    rg_text_free(&file);
}

Test(tflite, the_writer_names_what_it_cannot_express) {
    static const struct {
        const char *kind;
        rg_attr attr;
        const char *word;
    } cases[] = {
        {"edgetpu-custom-op", {.key = "x"}, "edgetpu-custom-op"},
        {"conv2d", {.key = "groups", .i = 2}, "groups"},
        {"conv2d", {.key = "stride_h", .type = RG_ATTR_REAL, .r = 1.5}, "stride_h"},
        {"conv2d", {.key = "padding", .type = RG_ATTR_WORD, .word = "full"}, "padding"},
        {"softmax", {.key = "beta", .type = RG_ATTR_REAL, .r = 1e300}, "beta"},
        {"max_pool2d", {.key = "filter_h", .i = 2}, "filter_w"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_attr attr = cases[i].attr;
        rg_graph *graph = made_graph(cases[i].kind, &attr, 1);
        rg_text file = {0};
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_writer_tflite.write(graph, &file, &err), RG_UNSUPPORTED, "%s",
                     cases[i].word);
        cr_assert(strstr(err.what, cases[i].word), "%s: %s", cases[i].word, err.what);
        cr_assert_eq(file.bytes, 0);
        rg_graph_free(graph);
        rg_text_free(&file);
    }
}

/* A reading either gives a sound graph or says in words why not. */
static void check_outcome(const void *data, size_t bytes, const char *what, size_t number) {
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    rg_status status = made_read(data, bytes, &graph, &err);
    if (status == RG_OK) {
        cr_assert_eq(rg_graph_check(graph, &err), RG_OK, "%s %zu: %s", what, number, err.what);
    } else {
        cr_assert(status == RG_BAD_DATA || status == RG_NO_MEMORY || status == RG_UNSUPPORTED,
                  "%s %zu: %s", what, number, rg_status_word(status));
        cr_assert(err.what[0] && err.advice[0], "%s %zu", what, number);
        cr_assert_null(graph);
    }
    rg_graph_free(graph);
}

/* The bytes at a fresh address of exactly that size, so that a sanitizer sees each overrun. */
static void check_copy(const char *data, size_t bytes, const char *what, size_t number) {
    char *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, data, bytes);
    check_outcome(copy, bytes, what, number);
    free(copy);
}

Test(tflite, cut_at_any_byte_it_is_refused_in_words) {
    rg_text file = {0};
    made_file(&file);
    for (size_t bytes = 0; bytes < file.bytes; bytes++)
        check_copy(file.data, bytes, "cut at", bytes);
    rg_text_free(&file);
}

Test(tflite, twenty_thousand_damaged_files_do_no_harm) {
    rg_text file = {0};
    made_file(&file);
    rg_rng rng = {20250101};
    for (size_t i = 0; i < 20000; i++) {
        char *copy = malloc(file.bytes);
        memcpy(copy, file.data, file.bytes);
        size_t flips = 1 + rg_rng_next(&rng) % 4;
        for (size_t k = 0; k < flips; k++) {
            uint64_t z = rg_rng_next(&rng);
            copy[(z >> 16) % file.bytes] ^= (char)(1 << (z & 7));
        }
        check_outcome(copy, file.bytes, "damage", i);
        free(copy);
    }
    rg_text_free(&file);
}

Test(tflite, every_byte_set_to_extremes_does_no_harm) {
    static const char values[] = {0, 1, 0x7f, (char)0x80, (char)0xff};
    rg_text file = {0};
    made_file(&file);
    for (size_t i = 0; i < file.bytes * sizeof values; i++) {
        size_t at = i / sizeof values;
        char kept = file.data[at];
        file.data[at] = values[i % sizeof values];
        check_copy(file.data, file.bytes, "byte", at);
        file.data[at] = kept;
    }
    rg_text_free(&file);
}

Test(tflite, a_file_at_any_address_reads_the_same) {
    rg_text file = {0};
    made_file(&file);
    rg_graph *straight, *odd;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(made_read(file.data, file.bytes, &straight, &err), RG_OK);
    char *copy = malloc(file.bytes + 1);
    memcpy(copy + 1, file.data, file.bytes);
    cr_assert_eq(made_read(copy + 1, file.bytes, &odd, &err), RG_OK, "%s", err.what);
    why differs = {""};
    cr_assert(graphs_equal(straight, odd, &differs), "%s", differs.text);
    for (uint32_t i = 0; i < odd->n_tensors; i++)
        cr_assert_eq((uintptr_t)odd->tensors[i].data % 16, 0);
    rg_graph_free(straight);
    rg_graph_free(odd);
    free(copy);
    rg_text_free(&file);
}

Test(tflite, bytes_behind_the_model_are_legal) {
    rg_text file = {0};
    made_file(&file);
    rg_text_add_bytes(&file, "PK\003\004 metadata", 13);
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(made_read(file.data, file.bytes, &graph, &err), RG_OK, "%s", err.what);
    rg_graph_free(graph);
    rg_text_free(&file);
}

Test(tflite, limits_are_named_when_they_are_reached) {
    rg_text file = {0};
    made_file(&file);
    static const struct {
        rg_model_limits limits;
        const char *word;
    } cases[] = {
        {{100, 1 << 20, 100, 100}, "more than the limit of 100"},
        {{1 << 20, 256, 100, 100}, "limit of 256 bytes of memory"},
        {{1 << 20, 1 << 20, 4, 100}, "5 tensors"},
        {{1 << 20, 1 << 20, 5, 0}, "1 operators"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_graph *graph = NULL;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(
            rg_reader_tflite.read(file.data, file.bytes, "made", &cases[i].limits, &graph, &err),
            RG_NO_MEMORY, "%s", cases[i].word);
        cr_assert(strstr(err.what, cases[i].word), "%s: %s", cases[i].word, err.what);
        cr_assert_null(graph);
    }
    rg_text_free(&file);
}

/* Sixty thousand tensors that are all the same table, whose name and scales fill the file. */
static void repeated_file(rg_text *file, uint32_t n_scales, size_t name_bytes) {
    enum { TENSORS = 60000 };
    rg_fbw w = rg_fbw_begin(file, "TFL3");
    rg_fbw_field model[] = {{.slot = MODEL_VERSION, .size = 4, .bits = 3},
                            {.slot = MODEL_SUBGRAPHS}};
    rg_fbw_link(&w, 0, rg_fbw_table(&w, model, 2));
    size_t subgraphs = rg_fbw_offsets(&w, 1);
    rg_fbw_link(&w, model[1].at, subgraphs);
    rg_fbw_field subgraph = {.slot = GRAPH_TENSORS};
    rg_fbw_link(&w, rg_fbw_offset_at(subgraphs, 0), rg_fbw_table(&w, &subgraph, 1));
    size_t tensors = rg_fbw_offsets(&w, TENSORS);
    rg_fbw_link(&w, subgraph.at, tensors);
    rg_fbw_field tensor[] = {{.slot = TENSOR_SHAPE},
                             {.slot = TENSOR_NAME},
                             {.slot = TENSOR_QUANT},
                             {.slot = TENSOR_TYPE, .size = 1, .bits = 9}};
    size_t table = rg_fbw_table(&w, tensor, 4);
    for (size_t i = 0; i < TENSORS; i++)
        rg_fbw_link(&w, rg_fbw_offset_at(tensors, i), table);
    rg_fbw_link(&w, tensor[0].at, rg_fbw_vector(&w, &n_scales, 1, 4, 4));
    char *name = calloc(1, name_bytes + 1);
    memset(name, '\033', name_bytes);
    rg_fbw_link(&w, tensor[1].at, rg_fbw_string(&w, name));
    free(name);
    rg_fbw_field quant = {.slot = QUANT_SCALE};
    rg_fbw_link(&w, tensor[2].at, rg_fbw_table(&w, &quant, 1));
    float *scales = calloc(n_scales, sizeof *scales);
    for (uint32_t i = 0; i < n_scales; i++)
        scales[i] = 1;
    rg_fbw_link(&w, quant.at, rg_fbw_vector(&w, scales, n_scales, 4, 4));
    free(scales);
}

Test(tflite, data_referred_to_over_and_over_costs_little_time_and_memory) {
    static const struct {
        uint32_t n_scales;
        size_t name_bytes;
    } cases[] = {{200000, 10}, {1, 700000}, {100000, 400000}, {16, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_text file = {0};
        repeated_file(&file, cases[i].n_scales, cases[i].name_bytes);
        cr_assert_not(file.failed);
        int64_t before = rg_clock_now_ns();
        check_outcome(file.data, file.bytes, "repeated", i);
        int64_t spent_ns = rg_clock_now_ns() - before;
        cr_assert_lt(spent_ns, 1000000000, "case %zu took %lld ns", i, (long long)spent_ns);
        rg_text_free(&file);
    }
}
