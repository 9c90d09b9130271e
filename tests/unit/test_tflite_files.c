/* test_tflite_files.c: the .tflite reader over the real files of shared/models: every file is read,
 * and what was read equals what others' tools say of it (MANIFEST.tsv, GOLDENS.tsv). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/model.h"
#include "bench/run/model.h"
#include "graph_equal.h"
#include "models/flatbuf.h"
#include "models/tflite_schema.h"
#include "shared.h"

extern const rg_reader rg_reader_tflite;
extern const rg_writer rg_writer_tflite;

/* Files outside invalid/ that are refused for good reason; TFLite's runtime refuses them too. */
static const struct {
    const char *path, *word;
} refused[] = {
    {"tflite/ops/litert/converter_transpose.tflite", "schema version 2"},
    {"tflite/ops/litert/tflite_add_shared_tensors.tflite", "has a value already"},
};

static const char *refusal_of(const char *path) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (!strcmp(refused[i].path, path))
            return refused[i].word;
    }
    return NULL;
}

static rg_model *load(const char *file, rg_err *err) {
    char path[1024];
    rg_model *model = NULL;
    rg_model_load(shared_path(file, path), NULL, &model, err);
    return model;
}

/* The operator's name as the manifest has it. */
static const char *manifest_name(const rg_node *node, char ret[256]) {
    const rg_tflite_op *op = node->known ? rg_tflite_op_of_kind(node->kind, node->n_in) : NULL;
    if (op)
        return rg_tflite_name(op->code);
    for (int32_t code = 0; rg_tflite_name(code); code++) {
        if (!strcmp(rg_tflite_name(code), node->kind))
            return node->kind;
    }
    bool detects = !strcmp(node->kind, "detection_postprocess");
    snprintf(ret, 256, "CUSTOM:%s", detects ? "TFLite_Detection_PostProcess" : node->kind);
    return ret;
}

/* The manifest counts the operators of all subgraphs, we read the main one. */
static bool has_one_subgraph(const rg_model *model) {
    rg_fb fb = rg_fb_open(model->data, model->bytes);
    return rg_fb_vector(&fb, rg_fb_root(&fb), MODEL_SUBGRAPHS, 4).n == 1;
}

/* "CONV_2D:5,SOFTMAX" in order of first appearance. */
static void histogram(const rg_graph *graph, rg_text *ret) {
    char mine[256], other[256];
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const char *name = manifest_name(&graph->nodes[i], mine);
        unsigned count = 0;
        bool earlier = false;
        for (uint32_t k = 0; k < graph->n_nodes; k++) {
            bool same = !strcmp(name, manifest_name(&graph->nodes[k], other));
            earlier |= same && k < i;
            count += same;
        }
        if (earlier)
            continue;
        rg_text_printf(ret, ret->bytes ? ",%s" : "%s", name);
        if (count > 1)
            rg_text_printf(ret, ":%u", count);
    }
}

static void check_manifest_row(char **columns, void *user) {
    const char *path = columns[0], *kind = columns[5], *operators = columns[6];
    if (strncmp(path, "tflite/", 7) || !strstr(kind, "tflite") || strstr(path, "/invalid/"))
        return;
    rg_err err = RG_ERR_INIT;
    rg_model *model = load(path, &err);
    const char *word = refusal_of(path);
    if (word) {
        cr_assert(!model && strstr(err.what, word), "%s: %s", path, err.what);
        return;
    }
    cr_assert_not_null(model, "%s: %s", path, err.what);
    cr_assert_eq(model->bytes, (size_t)atoll(columns[1]), "%s", path);
    cr_assert_str_eq(model->sha256, columns[2], "%s", path);
    rg_text seen = {0};
    histogram(model->graph, &seen);
    const char *text = seen.data ? seen.data : "";
    if (has_one_subgraph(model))
        cr_assert_str_eq(text, operators, "%s: %s, manifest %s", path, text, operators);
    rg_text_free(&seen);
    rg_model_close(model);
    ++*(size_t *)user;
}

Test(tflite_files, every_real_file_reads_with_the_operators_that_the_manifest_lists) {
    size_t read = 0;
    shared_rows("MANIFEST.tsv", check_manifest_row, &read);
    cr_assert_geq(read, 325, "only %zu files were read", read);
}

/* Outputs whose shape is only known after a run: the golden has the shape after it. */
static bool shape_is_open(const char *path) {
    char file[1024];
    FILE *in = fopen(shared_path("MANIFEST.tsv", file), "r");
    cr_assert_not_null(in);
    char *line = NULL;
    size_t cap = 0, n = strlen(path);
    bool open = false;
    while (getline(&line, &cap, in) > 0) {
        if (!strncmp(line, path, n) && line[n] == '\t')
            open = strstr(line, "dynamic-dims") || strstr(line, "[]");
    }
    free(line);
    fclose(in);
    return open;
}

typedef struct ends {
    char path[512];
    rg_model *model;
    size_t tensors, open;
} ends;

static void check_end(const rg_tensor *t, char **columns, ends *seen) {
    char shape[96], scale[32] = "0";
    rg_shape_text(&t->shape, shape, sizeof shape);
    if (t->shape.rank == 0)
        shape[0] = '\0';
    if (t->quant.n == 1)
        snprintf(scale, sizeof scale, "%.9g", (double)t->quant.scale[0]);
    cr_assert_str_eq(t->name, columns[5], "%s", columns[0]);
    cr_assert_str_eq(rg_dtype_word(t->dtype), columns[6], "%s", columns[0]);
    if (strcmp(shape, columns[7]) && strcmp(columns[7], "scalar")) {
        cr_assert(shape_is_open(columns[0]), "%s %s %s: %s, golden %s", columns[0], columns[3],
                  columns[4], shape, columns[7]);
        seen->open++;
    }
    cr_assert_str_eq(scale, columns[9], "%s", columns[0]);
    cr_assert_eq(t->quant.n == 1 ? t->quant.zero_point[0] : 0, atoi(columns[10]), "%s", columns[0]);
}

static void check_golden_row(char **columns, void *user) {
    ends *seen = user;
    if (strncmp(columns[0], "tflite/", 7) || strcmp(columns[2], "1"))
        return;
    if (strcmp(seen->path, columns[0])) {
        rg_model_close(seen->model);
        rg_err err = RG_ERR_INIT;
        seen->model = load(columns[0], &err);
        cr_assert_not_null(seen->model, "%s: %s", columns[0], err.what);
        snprintf(seen->path, sizeof seen->path, "%s", columns[0]);
    }
    const rg_graph *graph = seen->model->graph;
    bool in = !strcmp(columns[3], "in");
    uint32_t index = (uint32_t)atoi(columns[4]);
    cr_assert_lt(index, in ? graph->n_in : graph->n_out, "%s", columns[0]);
    check_end(&graph->tensors[in ? graph->in[index] : graph->out[index]], columns, seen);
    seen->tensors++;
}

Test(tflite_files, inputs_and_outputs_equal_those_of_the_reference_runtime) {
    ends seen = {0};
    shared_rows("GOLDENS.tsv", check_golden_row, &seen);
    rg_model_close(seen.model);
    cr_assert_geq(seen.tensors, 600, "only %zu tensors compared", seen.tensors);
    cr_assert_leq(seen.open, seen.tensors / 10, "%zu of %zu shapes are open", seen.open,
                  seen.tensors);
}

Test(tflite_files, invalid_files_are_refused_and_the_cause_is_named) {
    static const struct {
        const char *path, *word, *advice;
    } cases[] = {
        {"tflite/invalid/0_subgraphs.tflite", "no subgraph", "convert"},
        {"tflite/invalid/no_subgraphs.tflite", "no subgraph", "convert"},
        {"tflite/invalid/lfs_pointer.tflite", "Git LFS pointer", "git lfs pull"},
        {"tflite/invalid/test_model_broken.tflite", "identifier TFL3", "damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[1024];
        rg_err err = RG_ERR_INIT;
        rg_model *model = NULL;
        cr_assert_eq(rg_model_load(shared_path(cases[i].path, path), NULL, &model, &err),
                     RG_BAD_DATA, "%s", cases[i].path);
        cr_assert(strstr(err.what, cases[i].word), "%s: %s", cases[i].path, err.what);
        cr_assert(strstr(err.advice, cases[i].advice), "%s: %s", cases[i].path, err.advice);
    }
}

/* MLPerf Tiny's keyword spotter, known in every detail. */
Test(tflite_files, the_keyword_spotter_reads_in_every_detail) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = load("tflite/mlperf-tiny/kws_ref_model.tflite", &err);
    cr_assert_not_null(model, "%s", err.what);
    const rg_graph *graph = model->graph;
    const rg_node *first = &graph->nodes[0];
    cr_assert_str_eq(first->kind, "conv2d");
    cr_assert_eq(first->n_in, 3);
    cr_assert_eq(rg_node_attr(first, "stride_h")->i, 2);
    cr_assert_str_eq(rg_node_attr(first, "padding")->word, "same");
    cr_assert_str_eq(rg_node_attr(first, "activation")->word, "relu");
    const rg_tensor *filter = rg_node_in(graph, first, 1);
    cr_assert_eq(filter->quant.n, 64);
    cr_assert_eq(filter->quant.axis, 0);
    cr_assert_eq((uintptr_t)filter->data % 16, 0);
    const rg_tensor *second = rg_node_in(graph, &graph->nodes[1], 1);
    cr_assert_eq(second->quant.axis, 3);
    cr_assert_eq(rg_node_attr(&graph->nodes[1], "depth_multiplier")->i, 1);
    cr_assert_eq(rg_node_attr(&graph->nodes[12], "beta")->r, 1.0);
    rg_model_close(model);
}

static bool writable(const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        if (!node->known || !rg_tflite_op_of_kind(node->kind, node->n_in))
            return false;
    }
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        const rg_tensor *t = &graph->tensors[i];
        if (t->dtype == RG_DTYPE_SPARSE || (t->data && rg_dtype_bits(t->dtype) == 0))
            return false;
    }
    return true;
}

static void rewrite_row(char **columns, void *user) {
    const char *path = columns[0];
    if (strncmp(path, "tflite/", 7) || !strstr(columns[5], "tflite") || strstr(path, "/invalid/") ||
        refusal_of(path))
        return;
    rg_err err = RG_ERR_INIT;
    rg_model *model = load(path, &err);
    cr_assert_not_null(model, "%s: %s", path, err.what);
    rg_text first = {0}, second = {0};
    rg_status status = rg_writer_tflite.write(model->graph, &first, &err);
    if (!writable(model->graph)) {
        cr_assert_eq(status, RG_UNSUPPORTED, "%s", path);
        cr_assert(strstr(err.what, "cannot be written"), "%s: %s", path, err.what);
        rg_text_free(&first);
        rg_model_close(model);
        return;
    }
    cr_assert_eq(status, RG_OK, "%s: %s", path, err.what);
    rg_graph *again = NULL;
    status = rg_reader_tflite.read(first.data, first.bytes, model->graph->name, NULL, &again, &err);
    cr_assert_eq(status, RG_OK, "%s: %s", path, err.what);
    why differs = {""};
    cr_assert(graphs_equal(model->graph, again, &differs), "%s: %s", path, differs.text);
    cr_assert_eq(rg_writer_tflite.write(again, &second, &err), RG_OK, "%s: %s", path, err.what);
    cr_assert(first.bytes == second.bytes && !memcmp(first.data, second.data, first.bytes), "%s",
              path);
    rg_graph_free(again);
    rg_text_free(&first);
    rg_text_free(&second);
    rg_model_close(model);
    ++*(size_t *)user;
}

Test(tflite_files, what_was_written_reads_back_as_an_equal_graph) {
    size_t written = 0;
    shared_rows("MANIFEST.tsv", rewrite_row, &written);
    cr_assert_geq(written, 270, "only %zu files were written", written);
}

/* int16 networks have int64 biases, whose scales a converter gives as well. */
Test(tflite_files, scales_of_int64_biases_are_kept) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = load("tflite/ops/seanet/conv0.tflite", &err);
    cr_assert_not_null(model, "%s", err.what);
    const rg_tensor *bias = rg_node_in(model->graph, &model->graph->nodes[0], 2);
    for (uint32_t i = 0; i < model->graph->n_nodes; i++) {
        if (!strcmp(model->graph->nodes[i].kind, "conv2d"))
            bias = rg_node_in(model->graph, &model->graph->nodes[i], 2);
    }
    cr_assert_not_null(bias);
    cr_assert_eq(bias->dtype, RG_DTYPE_INT64);
    cr_assert_eq(bias->quant.n, 8);
    cr_assert_float_eq(bias->quant.scale[0], 8.266889381047804e-06, 1e-12);
    rg_model_close(model);
}
