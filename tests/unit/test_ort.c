/* test_ort.c: what the target `onnxruntime` knows by itself: its table of functions, providers by
 * name, options in words, and which node is which. The runtime itself: tests/cli/onnxruntime.py. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/core/json.h"
#include "onnx_made.h"
#include "targets/ort_api.h"
#include "targets/ort_file.h"
#include "targets/ort_provider.h"

static rg_arena *arena;
static rg_err err;

static void begin(void) {
    arena = rg_arena_new(0);
    err = (rg_err)RG_ERR_INIT;
}

static void end(void) {
    rg_arena_free(arena);
}

/* How long the table is in each version, from 14 on. */
static const int lengths[] = {239, 255, 266, 276, 280, 280, 285, 285, 318,
                              390, 415, 419, 419, 419, 424, 425, 425};

static const struct {
    int place, since;
    const char *name;
} calls[] = {
#define X(place, since, type, name, args) {place, since, #name},
    RG_ORT_CALLS(X)
#undef X
};

Test(ort, every_function_lies_within_the_table_of_its_first_version) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        cr_assert(calls[i].since >= RG_ORT_OLDEST && calls[i].since <= RG_ORT_NEWEST);
        int length = lengths[calls[i].since - RG_ORT_OLDEST];
        int before =
            calls[i].since > RG_ORT_OLDEST ? lengths[calls[i].since - RG_ORT_OLDEST - 1] : 0;
        cr_assert(calls[i].place < length, "%s", calls[i].name);
        cr_assert(calls[i].place >= before, "%s is older than that", calls[i].name);
        cr_assert(i == 0 || calls[i].place > calls[i - 1].place, "%s", calls[i].name);
    }
}

Test(ort, the_version_is_the_middle_number_of_a_release_1_x) {
    cr_assert_eq(rg_ort_api_of("1.30.0"), 30);
    cr_assert_eq(rg_ort_api_of("1.14.1-rc"), 14);
    cr_assert_eq(rg_ort_api_of("2.1.0"), 0);
    cr_assert_eq(rg_ort_api_of("nightly"), 0);
}

Test(ort, types_go_both_ways) {
    for (int type = 1; type < 27; type++) {
        rg_dtype dtype;
        if (rg_ort_dtype(type, &dtype))
            cr_assert_eq(rg_ort_type(dtype), type);
    }
    cr_assert_eq(rg_ort_type(RG_DTYPE_INT8), 3);
    cr_assert_eq(rg_ort_type(RG_DTYPE_STRING), 0);
}

/* A status is its code here. */
static int code_of(const void *status) {
    return *(const int *)status;
}

static const char *words_of(const void *status) {
    (void)status;
    return "it broke";
}

static void release(void *status) {
    *(int *)status = -1;
}

Test(ort, every_code_becomes_a_status_with_advice_and_is_released_once) {
    static const struct {
        int code;
        rg_status status;
        const char *word, *advice;
    } rows[] = {
        {1, RG_FAILED, "fail", "own words"},
        {2, RG_UNSUPPORTED, "invalid-argument", "options of the cell"},
        {3, RG_IO, "no-such-file", "check the path"},
        {4, RG_BAD_DATA, "no-model", "nothing was loaded"},
        {5, RG_FAILED, "engine-error", "provider's own words"},
        {6, RG_FAILED, "runtime-exception", "optimization"},
        {7, RG_BAD_DATA, "invalid-protobuf", "export it again"},
        {8, RG_FAILED, "model-loaded", "loaded twice"},
        {9, RG_UNSUPPORTED, "not-implemented", "another provider"},
        {10, RG_BAD_DATA, "invalid-graph", "an opset"},
        {11, RG_FAILED, "ep-fail", "check its driver"},
        {12, RG_FAILED, "load-canceled", "run it again"},
        {13, RG_UNSUPPORTED, "needs-compilation", "vendor's tool"},
        {14, RG_ABSENT, "not-found", "install what"},
        {15, RG_FAILED, "device-reset", "its power"},
        {99, RG_FAILED, "unknown", "own words"},
    };
    const rg_ort ort = {
        .GetErrorCode = code_of, .GetErrorMessage = words_of, .ReleaseStatus = release};
    cr_assert_eq(rg_ort_check(&ort, NULL, "asking", NULL), RG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char what[96];
        int status = rows[i].code;
        cr_assert_eq(rg_ort_check(&ort, &status, "asking", &err), rows[i].status);
        snprintf(what, sizeof what, "ONNX Runtime, asking: it broke (code %d, %s)", rows[i].code,
                 rows[i].word);
        cr_assert_str_eq(err.what, what);
        cr_assert(strstr(err.advice, rows[i].advice), "%s", err.advice);
        cr_assert_eq(status, -1);
    }
}

/* --- options ---------------------------------------------------------------------------------- */

static rg_ort_choice choice;

static rg_status choose(const char *provider, const char *options, const char *variant) {
    rg_ort_options own = {.provider = provider, .provider_options = options, .plugins = ""};
    return rg_ort_choose(arena, &own, variant, &choice, &err);
}

Test(ort, pairs_are_words_or_a_table_within_which_tables_give_their_names, .init = begin,
     .fini = end) {
    rg_ort_pairs pairs;
    cr_assert_eq(rg_ort_pairs_read(arena, "config", " a = 1 ;b=x=y; ", &pairs, &err), RG_OK);
    cr_assert_eq(pairs.n, 2);
    cr_assert(!strcmp(pairs.keys[0], "a") && !strcmp(pairs.values[0], "1"));
    cr_assert(!strcmp(pairs.keys[1], "b") && !strcmp(pairs.values[1], "x=y"));
    const char *table = "{\"cuda\": {\"device_id\": 1, \"graph\": true}, \"k\": \"v\"}";
    cr_assert_eq(rg_ort_pairs_read(arena, "config", table, &pairs, &err), RG_OK);
    cr_assert_eq(pairs.n, 3);
    cr_assert(!strcmp(pairs.keys[0], "cuda.device_id") && !strcmp(pairs.values[0], "1"));
    cr_assert(!strcmp(pairs.keys[1], "cuda.graph") && !strcmp(pairs.values[1], "1"));
    cr_assert_eq(rg_ort_pairs_read(arena, "config", "a", &pairs, &err), RG_USAGE);
    cr_assert(strstr(err.what, "option config: 'a' is no key with a value"), "%s", err.what);
}

Test(ort, providers_stand_in_order_with_their_own_options, .init = begin, .fini = end) {
    char words[64];
    cr_assert_eq(choose("[\"tensorrt\",\"CUDAExecutionProvider\"]",
                        "cuda.device_id=1; tensorrt.trt_fp16_enable=1", ""),
                 RG_OK, "%s", err.what);
    rg_ort_choice_words(&choice, words, sizeof words);
    cr_assert_str_eq(words, "tensorrt,cuda,cpu");
    cr_assert_str_eq(choice.options[0].keys[0], "trt_fp16_enable");
    cr_assert_str_eq(choice.options[1].values[0], "1");
    cr_assert(rg_ort_choice_leaves_cpu(&choice) && rg_ort_choice_own_memory(&choice));
    cr_assert_eq(choose("", "", ""), RG_OK);
    rg_ort_choice_words(&choice, words, sizeof words);
    cr_assert_str_eq(words, "cpu");
    cr_assert_not(rg_ort_choice_leaves_cpu(&choice));
    cr_assert_eq(choose("", "", "xnnpack"), RG_OK);
    cr_assert_not(rg_ort_choice_own_memory(&choice));
}

Test(ort, what_providers_cannot_mean_is_told_with_the_remedy, .init = begin, .fini = end) {
    static const struct {
        const char *provider, *options, *variant, *what, *advice;
    } rows[] = {
        {"cudda", "", "", "no execution provider 'cudda'", "did you mean 'cuda'"},
        {"cpu,cuda", "", "", "'cpu' stands before 'cuda'", "name it last"},
        {"cuda", "", "xnnpack", "variant 'xnnpack' and option provider 'cuda' differ", "one of"},
        {"cuda", "qnn.backend_path=x", "", "'qnn.backend_path' belongs to no provider", "a dot"},
        {"cuda", "device_id=1", "", "'device_id' belongs to no provider", "cuda.device_id=0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(choose(rows[i].provider, rows[i].options, rows[i].variant), RG_USAGE);
        cr_assert(strstr(err.what, rows[i].what), "%s", err.what);
        cr_assert(strstr(err.advice, rows[i].advice), "%s", err.advice);
    }
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void put_node(rg_text *graph, const char *name, const char *type, const char *in,
                     const char *out) {
    rg_text node = {0};
    made_text(&node, 1, in);
    made_text(&node, 2, out);
    if (*name)
        made_text(&node, 3, name);
    made_text(&node, 4, type);
    made_put(graph, 1, &node);
}

/* x -> DQ -> Conv -> Relu -> Q, then two without names. */
static rg_text made_file(void) {
    rg_text graph = {0}, model = {0}, value = {0}, type = {0}, tensor = {0}, shape = {0}, dim = {0};
    put_node(&graph, "dq", "DequantizeLinear", "x", "x_real");
    put_node(&graph, "conv", "Conv", "x_real", "c");
    put_node(&graph, "relu", "Relu", "c", "r");
    put_node(&graph, "q", "QuantizeLinear", "r", "y");
    put_node(&graph, "", "Reshape", "y", "z");
    put_node(&graph, "", "Reshape", "z", "w");
    made_text(&dim, 2, "batch");
    made_put(&shape, 1, &dim);
    made_put(&tensor, 2, &shape);
    made_put(&type, 1, &tensor);
    made_text(&value, 1, "x");
    made_put(&value, 2, &type);
    made_put(&graph, 11, &value);
    made_int(&model, 1, 8);
    made_put(&model, 7, &graph);
    return model;
}

/* What our reader would make of it: two nodes of the convolution, one of the last reshape. */
static rg_graph *made_graph(void) {
    static const int32_t none[] = {0};
    rg_graph *graph = rg_graph_new(0);
    rg_node *nodes = rg_arena_array(graph->arena, 4, sizeof *nodes);
    const char *names[] = {"c", "r", "w"};
    for (int i = 0; i < 3; i++)
        nodes[i] = (rg_node){.kind = "k", .name = names[i], .n_in = 1, .in = none};
    graph->format = "onnx";
    graph->nodes = nodes;
    graph->n_nodes = 3;
    graph->n_tensors = 1;
    graph->tensors = rg_arena_array(graph->arena, 1, sizeof *graph->tensors);
    graph->tensors[0].name = "x";
    return graph;
}

Test(ort, nodes_are_known_again_by_what_they_make_and_borders_go_with_what_they_serve,
     .init = begin, .fini = end) {
    static const int32_t wanted[] = {0, 0, 1, 1, 2, 2};
    rg_text bytes = made_file();
    rg_graph *graph = made_graph();
    rg_ort_file file;
    cr_assert_eq(rg_ort_file_read(arena, bytes.data, bytes.bytes, &file, &err), RG_OK);
    cr_assert_eq(file.n_nodes, 6);
    cr_assert(file.n_dims == 1 && file.dims[0].first && !strcmp(file.dims[0].name, "batch"));
    cr_assert_eq(rg_ort_file_join(arena, &file, graph, &err), RG_OK);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(file.nodes[i].source, wanted[i], "node %d: %d", i, file.nodes[i].source);
    cr_assert_eq(file.nodes[5].source, 2);
    rg_text_free(&bytes);
    rg_graph_free(graph);
}

Test(ort, the_runtimes_names_lead_to_the_files_nodes, .init = begin, .fini = end) {
    static const struct {
        const char *name, *type;
        int32_t index, wanted;
    } rows[] = {
        {"conv", "Conv", -1, 1},
        {"conv_token_27", "QLinearConv", -1, 1},
        {"r_nchwc", "Conv", -1, 1},
        {"fused conv", "FusedConv", -1, 1},
        {"dq/duplicated", "DequantizeLinear", -1, 0},
        {"Reshape_5", "Reshape", 5, 5},
        {"Transpose_token_3", "Transpose", 12, -1},
        {"conv_1", "Conv", -1, -1},
        {"relu", "Relu", 40, 2},
    };
    rg_text bytes = made_file();
    rg_graph *graph = made_graph();
    rg_ort_file file;
    bool taken[6] = {false};
    cr_assert_eq(rg_ort_file_read(arena, bytes.data, bytes.bytes, &file, &err), RG_OK);
    cr_assert_eq(rg_ort_file_join(arena, &file, graph, &err), RG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t found = rg_ort_file_find(&file, rows[i].name, rows[i].type, rows[i].index);
        cr_assert_eq(found, rows[i].wanted, "%s: %d", rows[i].name, found);
    }
    cr_assert_eq(rg_ort_file_take(&file, "Reshape", taken), 4);
    cr_assert_eq(rg_ort_file_take(&file, "Reshape", taken), 5);
    cr_assert_eq(rg_ort_file_take(&file, "Reshape", taken), -1);
    rg_text_free(&bytes);
    rg_graph_free(graph);
}

Test(ort, a_file_cut_anywhere_is_read_within_its_bytes, .init = begin, .fini = end) {
    rg_text bytes = made_file();
    for (size_t n = 0; n < bytes.bytes; n++) {
        char *part = malloc(n + 1); /* so that a sanitizer sees the end */
        rg_ort_file file = {0};
        memcpy(part, bytes.data, n);
        rg_status status = rg_ort_file_read(arena, part, n, &file, &err);
        cr_assert(status == RG_BAD_DATA || (status == RG_OK && file.n_nodes <= 6));
        free(part);
    }
    rg_text_free(&bytes);
}
