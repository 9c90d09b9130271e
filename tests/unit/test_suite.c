/* test_suite.c: the built-in models: their operations against published counts, their activations
 * neither saturated nor dead, the same bytes each time. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/materialise.h"
#include "bench/run/model.h"
#include "bench/run/network.h"
#include "bench/run/suite.h"
#include "tests/unit/shared.h"

static json_t *describe(const char *name) {
    json_t *description = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_suite_describe(name, &description, &err), RG_OK, "%s: %s", name, err.what);
    return description;
}

static rg_graph *build(const char *name, const char *precision) {
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    json_t *description = describe(name);
    cr_assert_eq(rg_suite_graph(description, precision, &graph, &err), RG_OK, "%s: %s", name,
                 err.what);
    json_decref(description);
    return graph;
}

/* Nets above this size are left to the native suite, because emulation computes 0.3 GMAC/s. */
static bool too_big_here(const json_t *description) {
    double macs = rg_json_get_real(json_object_get(description, "published"), "macs", 0);
#ifdef __aarch64__
    return macs > 50e6;
#else
    return macs > 600e6;
#endif
}

Test(suite, operations_and_parameters_equal_the_published_ones) {
    for (size_t i = 0; rg_suite_models[i].name; i++) {
        json_t *description = describe(rg_suite_models[i].name);
        const json_t *published = json_object_get(description, "published");
        rg_suite_facts facts;
        rg_err err = RG_ERR_INIT;
        cr_assert_gt(strlen(rg_json_get_text(published, "source", "")), 10, "%s names no source",
                     rg_suite_models[i].name);
        cr_assert_gt(rg_json_get_real(published, "macs", 0) +
                         rg_json_get_real(published, "parameters", 0),
                     1e4, "%s has no published figure", rg_suite_models[i].name);
        cr_assert_leq(rg_json_get_real(published, "within", 0), 0.07);
        cr_assert_eq(rg_suite_count(description, &facts, &err), RG_OK, "%s: %s",
                     rg_suite_models[i].name, err.what);
        cr_expect_eq(rg_suite_check_published(description, &facts, &err), RG_OK, "%s", err.what);
        json_decref(description);
    }
}

/* The sketch that is counted is the network that is made. */
Test(suite, counts_are_those_of_the_made_model, .timeout = 60) {
    json_t *description = describe("mobilenet-v3-small");
    rg_suite_facts facts;
    rg_work work;
    cr_assert_eq(rg_suite_count(description, &facts, NULL), RG_OK);
    rg_graph *graph = build("mobilenet-v3-small", "int8");
    cr_assert_eq(rg_graph_work(graph, &work, NULL), RG_OK);
    cr_assert_eq(work.macs, facts.work.macs);
    rg_exec_options options = {.threads = 1, .no_fusion = true};
    rg_exec *exec;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, NULL), RG_OK);
    rg_exec_memory memory = rg_exec_memory_of(exec);
    cr_assert_float_eq((double)memory.arena_bound_bytes, (double)facts.activation_bytes,
                       0.02 * (double)facts.activation_bytes, "%zu, counted %llu",
                       memory.arena_bound_bytes, (unsigned long long)facts.activation_bytes);
    rg_exec_free(exec);
    rg_graph_free(graph);
    json_decref(description);
}

Test(suite, sets_name_models_that_exist_and_words_name_what_is_near) {
    const char *names[RG_SUITE_MOST_NAMES];
    size_t n = 0, models = 0;
    rg_err err = RG_ERR_INIT;
    while (rg_suite_models[models].name)
        models++;
    for (const rg_suite_set *set = rg_suite_sets; set->name; set++) {
        for (size_t i = 0; set->models[i]; i++)
            cr_expect_not_null(rg_script_row_find(rg_suite_models, set->models[i]), "%s: %s",
                               set->name, set->models[i]);
    }
    cr_assert_eq(rg_suite_names("tiny", names, &n, &err), RG_OK);
    cr_assert_eq(n, 5);
    cr_assert_eq(rg_suite_names("ds-cnn", names, &n, &err), RG_OK);
    cr_assert_eq(n, 5, "none twice");
    cr_assert_eq(rg_suite_names("all", names, &n, &err), RG_OK);
    cr_assert_eq(n, models);
    cr_assert_eq(rg_suite_names("langage", names, &n, &err), RG_USAGE);
    cr_assert_str_eq(err.advice, "did you mean 'language'?");
    const char *full[RG_SUITE_MOST_NAMES], *kept = names[0];
    static char others[RG_SUITE_MOST_NAMES][24];
    for (n = 0; n < RG_SUITE_MOST_NAMES; n++) {
        snprintf(others[n], sizeof others[n], "n%zu", n);
        full[n] = others[n];
    }
    cr_assert_eq(rg_suite_names(kept, full, &n, &err), RG_USAGE, "none is dropped in silence");
}

/* Shares of int8 values at the ends of the range, and number of distinct values. */
typedef struct spread {
    double at_low, at_high;
    int distinct;
} spread;

static spread spread_of(const int8_t *values, size_t n) {
    size_t counts[256] = {0};
    spread s = {0, 0, 0};
    for (size_t i = 0; i < n; i++)
        counts[values[i] + 128]++;
    for (int v = 0; v < 256; v++)
        s.distinct += counts[v] > 0;
    s.at_low = (double)counts[0] / (double)n;
    s.at_high = (double)counts[255] / (double)n;
    return s;
}

/* A ReLU's zeros lie at the low end, so that end may hold many; the high end may not, and the
 * middle must live. */
static void check_activation(const rg_graph *graph, const rg_node *node, const int8_t *values) {
    const rg_tensor *t = &graph->tensors[node->out[0]];
    spread s = spread_of(values, t->bytes);
    const char *name = t->name;
    if (t->bytes < 256)
        return; /* one of ten values at the end of its range is no saturation */
    cr_expect_lt(s.at_high, 0.10, "%s/%s: %.1f %% saturated", graph->name, name, 100 * s.at_high);
    cr_expect_lt(s.at_low, 0.90, "%s/%s: %.1f %% at the low end", graph->name, name,
                 100 * s.at_low);
    if (t->bytes >= 512)
        cr_expect_gt(s.distinct, 24, "%s/%s: only %d different values", graph->name, name,
                     s.distinct);
}

/* What the model is made for, as its description says: pictures, numbers of words ... */
static void fill_inputs(const rg_graph *graph, const rg_network *net, rg_exec *exec) {
    rg_rng rng = rg_rng_seeded(99); /* not the calibration's */
    for (uint32_t i = 0; i < graph->n_in; i++) {
        const rg_tensor *t = &graph->tensors[graph->in[i]];
        const rg_tensor *real = &net->graph->tensors[net->graph->in[i]];
        const rg_tensor_role *role = &net->roles[net->graph->in[i]];
        void *values = malloc(real->bytes), *to = rg_exec_input(exec, i);
        rg_input_fill(real, role->low, role->high, &rng, values);
        for (size_t k = 0; t->dtype == RG_DTYPE_INT8 && k < t->bytes; k++)
            ((int8_t *)to)[k] =
                (int8_t)fmin(127, floor(((float *)values)[k] / t->quant.scale[0] + 0.5) +
                                      t->quant.zero_point[0]);
        if (t->dtype != RG_DTYPE_INT8)
            memcpy(to, values, t->bytes);
        free(values);
    }
}

Test(suite, activations_are_neither_saturated_nor_dead, .timeout = 100) {
    static const char *const names[] = {"autoencoder",           "ds-cnn",       "resnet-8",
                                        "mobilenet-v1-0.25-vww", "mobilenet-v2", "wake-word",
                                        "mobilenet-v3-small",    "bert-tiny"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *description = describe(names[i]);
        bool skip = too_big_here(description);
        json_decref(description);
        if (skip)
            continue;
        rg_graph *graph = build(names[i], "int8");
        rg_exec_options options = {.threads = 1, .keep_all = true};
        rg_exec *exec;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
        rg_network *net;
        description = describe(names[i]);
        cr_assert_eq(rg_network_sketch(description, &net, &err), RG_OK, "%s", err.what);
        json_decref(description);
        fill_inputs(graph, net, exec);
        rg_network_free(net);
        rg_exec_run(exec);
        for (uint32_t k = 0; k + 1 < graph->n_nodes; k++)
            check_activation(graph, &graph->nodes[k],
                             rg_exec_tensor(exec, (uint32_t)graph->nodes[k].out[0]));
        rg_exec_free(exec);
        rg_graph_free(graph);
    }
}

Test(suite, an_output_of_probabilities_is_not_flat) {
    rg_graph *graph = build("ds-cnn", "int8");
    rg_exec_options options = {.threads = 1};
    rg_exec *exec;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, NULL), RG_OK);
    rg_rng rng = rg_rng_seeded(5);
    rg_tensor_fill(&graph->tensors[graph->in[0]], &rng, rg_exec_input(exec, 0));
    rg_exec_run(exec);
    spread s = spread_of(rg_exec_output(exec, 0), 12);
    cr_assert_gt(s.distinct, 2, "softmax must tell classes apart");
    rg_exec_free(exec);
    rg_graph_free(graph);
}

/* Dequantized int8 output against the float twin on the same input: quantization noise, not another
 * network. */
Test(suite, the_int8_model_follows_its_float_twin) {
    rg_graph *exact = build("resnet-8", "float32"), *coarse = build("resnet-8", "int8");
    rg_exec_options options = {.threads = 1};
    rg_exec *a, *b;
    cr_assert_eq(rg_exec_new(exact, &options, &a, NULL), RG_OK);
    cr_assert_eq(rg_exec_new(coarse, &options, &b, NULL), RG_OK);
    const rg_tensor *in = &coarse->tensors[coarse->in[0]], *out = &coarse->tensors[coarse->out[0]];
    rg_rng rng = rg_rng_seeded(7);
    rg_tensor_fill(in, &rng, rg_exec_input(b, 0));
    for (size_t i = 0; i < in->bytes; i++)
        ((float *)rg_exec_input(a, 0))[i] =
            in->quant.scale[0] *
            (float)(((int8_t *)rg_exec_input(b, 0))[i] - in->quant.zero_point[0]);
    rg_exec_run(a);
    rg_exec_run(b);
    for (size_t i = 0; i < out->bytes; i++) {
        double real = ((const float *)rg_exec_output(a, 0))[i];
        double quantized = out->quant.scale[0] *
                           (((const int8_t *)rg_exec_output(b, 0))[i] - out->quant.zero_point[0]);
        cr_expect_float_eq(real, quantized, 0.1, "class %zu: %g against %g", i, real, quantized);
    }
    rg_exec_free(a);
    rg_exec_free(b);
    rg_graph_free(exact);
    rg_graph_free(coarse);
}

Test(suite, the_same_description_gives_the_same_file_and_another_precision_another) {
    rg_arena *arena = rg_arena_new(0);
    char cache[] = "/tmp/railgauge-cache-XXXXXX";
    cr_assert_not_null(mkdtemp(cache));
    setenv("XDG_CACHE_HOME", cache, 1);
    const char *first, *again, *other;
    char hash[2][RG_HASH_HEX];
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_materialise("suite:autoencoder", "", arena, &first, &err), RG_OK, "%s",
                 err.what);
    cr_assert_eq(rg_hash_file(first, hash[0], NULL), RG_OK);
    cr_assert_eq(remove(first), 0);
    cr_assert_eq(rg_materialise("suite:autoencoder", "int8", arena, &again, &err), RG_OK);
    cr_assert_eq(rg_hash_file(again, hash[1], NULL), RG_OK);
    cr_assert_str_eq(first, again);
    cr_assert_str_eq(hash[0], hash[1]);
    cr_assert_eq(rg_materialise("suite:autoencoder", "float32", arena, &other, &err), RG_OK);
    cr_assert_str_neq(other, again);
    rg_fs_remove_tree(cache, NULL);
    rg_arena_free(arena);
}

Test(suite, unknown_models_and_cases_name_what_is_near) {
    json_t *description;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_suite_describe("dscnn", &description, &err), RG_USAGE);
    cr_assert_str_eq(err.advice, "did you mean 'ds-cnn'?");
    rg_arena *arena = rg_arena_new(0);
    const char *path;
    cr_assert_eq(
        rg_materialise("op:{\"kind\":\"conv9d\",\"input\":[1,8,8,3]}", "", arena, &path, &err),
        RG_USAGE);
    cr_assert_not_null(strstr(err.what, "conv9d"), "%s", err.what);
    cr_assert_eq(rg_materialise("op:{\"kind\":\"conv2d\",\"input\":[1,8,8,3],\"filtrs\":4}", "",
                                arena, &path, &err),
                 RG_USAGE);
    cr_assert_eq(
        rg_materialise("op:{\"kind\":\"conv2d\",\"input\":[1,8,8,3],\"filters\":4,\"kernel\":3}",
                       "", arena, &path, &err),
        RG_OK, "%s", err.what);
    rg_arena_free(arena);
}

/* The networks that MLPerf Tiny publishes as files: their operations, counted from those files, are
 * ours. */
Test(suite, mlperf_tiny_models_count_as_the_published_files_do) {
    static const char *const pairs[][2] = {
        {"autoencoder", "tflite/mlperf-tiny/ad01_int8.tflite"},
        {"ds-cnn", "tflite/mlperf-tiny/kws_ref_model.tflite"},
        {"resnet-8", "tflite/mlperf-tiny/pretrainedResnet_quant.tflite"},
        {"mobilenet-v1-0.25-vww", "tflite/mlperf-tiny/vww_96_int8.tflite"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char path[1024];
        shared_path(pairs[i][1], path);
        rg_model *real;
        rg_work want, have;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_model_load(path, NULL, &real, &err), RG_OK, "%s", err.what);
        cr_assert_eq(rg_graph_work(real->graph, &want, &err), RG_OK, "%s", err.what);
        rg_graph *ours = build(pairs[i][0], "int8");
        cr_assert_eq(rg_graph_work(ours, &have, &err), RG_OK, "%s", err.what);
        cr_expect_eq(have.macs, want.macs, "%s: %llu, the published file has %llu", pairs[i][0],
                     (unsigned long long)have.macs, (unsigned long long)want.macs);
        rg_graph_free(ours);
        rg_model_close(real);
    }
}

/* Every layer of the operator suite is of a network, builds, counts and has a name of its own. */
Test(suite, operators_are_at_least_150_layers_of_real_networks, .timeout = 60) {
    json_t *rows = NULL, *row;
    rg_err err = RG_ERR_INIT;
    size_t i, kinds = 0;
    cr_assert_eq(rg_suite_ops(&rows, &err), RG_OK, "%s", err.what);
    cr_assert_geq(json_array_size(rows), 150);
    json_t *seen = json_object();
    json_array_foreach(rows, i, row) {
        const char *name = rg_json_get_text(row, "name", "");
        const char *kind = rg_json_get_text(json_object_get(row, "case"), "kind", "");
        rg_suite_facts facts;
        cr_expect_null(json_object_get(seen, name), "%s twice", name);
        json_object_set_new(seen, name, json_true());
        kinds += json_object_get(seen, kind) == NULL;
        json_object_set_new(seen, kind, json_true());
        cr_expect_gt(strlen(rg_json_get_text(row, "source", "")), 10, "%s has no source", name);
        cr_assert_eq(rg_suite_count(json_object_get(row, "description"), &facts, &err), RG_OK,
                     "%s: %s", name, err.what);
        cr_expect_eq(facts.nodes, 1, "%s", name);
        cr_expect_gt(facts.int8_bytes, 0);
    }
    cr_expect_geq(kinds, 20, "%zu kinds of operators", kinds);
    json_decref(seen);
    json_decref(rows);
}

static void run_with(const rg_graph *graph, const rg_network *net, rg_exec_options options,
                     char *ret) {
    rg_exec *exec;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
    fill_inputs(graph, net, exec);
    rg_exec_run(exec);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        size_t bytes = graph->tensors[graph->out[i]].bytes;
        memcpy(ret, rg_exec_output(exec, i), bytes);
        ret += bytes;
    }
    rg_exec_free(exec);
}

/* Constants worked out, borders and activations joined, other kernels: no byte may differ. */
Test(suite, cleaned_up_graphs_give_the_bytes_of_graphs_as_they_stand, .timeout = 100) {
    static const char *const names[] = {"wake-word", "resnet-8", "bert-tiny", "mobilenet-v3-small",
                                        "stories15m-decode"};
    static const char *const forms[] = {"int8", "float32", "int8", "int8", "int4"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *description = describe(names[i]);
        rg_network *net;
        size_t bytes = 0;
        cr_assert_eq(rg_network_sketch(description, &net, NULL), RG_OK);
        json_decref(description);
        rg_graph *graph = build(names[i], forms[i]);
        for (uint32_t o = 0; o < graph->n_out; o++)
            bytes += graph->tensors[graph->out[o]].bytes;
        char *a = calloc(1, bytes), *b = calloc(1, bytes);
        run_with(graph, net, (rg_exec_options){.threads = 2}, a);
        run_with(graph, net, (rg_exec_options){.threads = 1, .reference = true}, b);
        cr_expect_eq(memcmp(a, b, bytes), 0, "%s %s: reference", names[i], forms[i]);
        run_with(graph, net, (rg_exec_options){.threads = 1, .no_fusion = true}, b);
        cr_expect_eq(memcmp(a, b, bytes), 0, "%s %s: as it stands", names[i], forms[i]);
        free(a);
        free(b);
        rg_graph_free(graph);
        rg_network_free(net);
    }
}
