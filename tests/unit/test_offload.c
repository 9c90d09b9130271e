/* test_offload.c: what a compiled graph left of its source (bench/iface/offload.h), and damaged
 * executables of files compiled for the Edge TPU (models/edgetpu_package.h). */
#include <criterion/criterion.h>

#include "bench/core/fs.h"
#include "bench/core/rng.h"
#include "bench/iface/offload.h"
#include "bench/iface/registry.h"
#include "shared.h"
#include "small_graph.h"

static const int32_t dims[4] = {1, 4, 4, 2};

/* in -> conv -> pool -> softmax; with `compiled` the first two are one opaque node, which gives
 * `gives`. */
static rg_graph *chain(bool compiled, const char *gives, const char *last) {
    small_graph s = small_begin("chain");
    int32_t in = small_tensor(&s, "in", RG_DTYPE_UINT8, dims);
    int32_t a = small_tensor(&s, "conv", RG_DTYPE_UINT8, dims);
    int32_t b = small_tensor(&s, gives, RG_DTYPE_UINT8, dims);
    int32_t out = small_tensor(&s, last, RG_DTYPE_UINT8, dims);
    if (compiled) {
        small_node(&s, "edgetpu-custom-op", in, -2, -2, b)->known = false;
    } else {
        small_node(&s, "conv2d", in, -2, -2, a);
        small_node(&s, "average_pool2d", a, -2, -2, b);
    }
    small_node(&s, "softmax", b, -2, -2, out);
    return small_end(&s, &in, 1, &out, 1);
}

Test(offload, nodes_that_are_not_left_were_taken) {
    rg_graph *source = chain(false, "pool", "out"), *compiled = chain(true, "pool", "out");
    bool taken[3];
    rg_offload counts;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_offload_match(source, compiled, taken, &counts, &err), RG_OK, "%s", err.what);
    cr_assert(taken[0] && taken[1] && !taken[2]);
    cr_assert_eq(counts.nodes, 3);
    cr_assert_eq(counts.taken, 2);
    cr_assert_eq(counts.left, 1);
    cr_assert_eq(counts.opaque, 1);
    cr_assert_eq(counts.added, 0);
    cr_assert_eq(counts.crossings, 1);
    cr_assert_eq(counts.passed, 1);
    cr_assert_eq(counts.passed_bytes, 32);
    rg_graph_free(source);
    rg_graph_free(compiled);
}

Test(offload, a_node_of_another_name_was_added_by_the_compiler) {
    rg_graph *source = chain(false, "pool", "out"), *compiled = chain(true, "pool", "renamed");
    bool taken[3];
    rg_offload counts;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_offload_match(source, compiled, taken, &counts, &err), RG_OK, "%s", err.what);
    cr_assert_eq(counts.added, 1);
    cr_assert_eq(counts.taken, 3);
    rg_graph_free(source);
    rg_graph_free(compiled);
}

Test(offload, graphs_that_do_not_belong_together_are_told) {
    rg_graph *source = chain(false, "pool", "out"), *other = chain(true, "elsewhere", "out");
    bool taken[3];
    rg_offload counts;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_offload_match(source, other, taken, &counts, &err), RG_INVALID);
    cr_assert(strstr(err.what, "'elsewhere'") && err.advice[0], "%s", err.what);
    rg_graph_free(other);
    cr_assert_eq(rg_offload_match(source, source, taken, &counts, &err), RG_OK);
    cr_assert_eq(counts.taken + counts.opaque, 0);
    rg_graph_free(source);
}

/* --- executables ------------------------------------------------------------------------------ */

static rg_arena *read_shared(const char *name, char **ret_data, size_t *ret_bytes) {
    char path[1024];
    rg_arena *arena = rg_arena_new(0);
    rg_err err = RG_ERR_INIT;
    shared_path(name, path);
    cr_assert_eq(rg_fs_read(arena, path, 1 << 24, ret_data, ret_bytes, &err), RG_OK, "%s",
                 err.what);
    return arena;
}

Test(offload, an_executable_that_runs_alone_sends_its_parameters_each_time) {
    char *data;
    size_t bytes;
    rg_graph *graph;
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = read_shared("tflite/edgetpu/testconv1-edgetpu.tflite", &data, &bytes);
    cr_assert_eq(
        rg_reader_for(data, bytes)->read(data, bytes, "x", &rg_model_limits_default, &graph, &err),
        RG_OK, "%s", err.what);
    const rg_node *node = &graph->nodes[0];
    cr_assert_eq(rg_node_attr(node, "executables")->i, 1);
    cr_assert_eq(rg_node_attr(node, "streamed_bytes")->i, 640);
    cr_assert_eq(rg_node_attr(node, "cached_bytes")->i, 0);
    cr_assert_eq(rg_node_attr(node, "min_runtime")->i, 13);
    cr_assert_str_eq(rg_node_attr(node, "compiler")->word, "cl/365641874");
    cr_assert_null(rg_node_attr(node, "caching_token"));
    rg_graph_free(graph);
    rg_arena_free(arena);
}

/* A reading of a file with flipped bytes ends in a graph or in words, never in a crash. */
Test(offload, damaged_executables_are_told_or_passed_over, .timeout = 60) {
    char *data;
    size_t bytes;
    unsigned problems = 0;
    rg_arena *arena = read_shared("tflite/edgetpu/testconv1-edgetpu.tflite", &data, &bytes);
    rg_rng rng = rg_rng_seeded(7);
    for (int i = 0; i < 4000; i++) {
        rg_graph *graph;
        rg_err err = RG_ERR_INIT;
        size_t at = rg_rng_next(&rng) % bytes;
        char old = data[at];
        data[at] = (char)rg_rng_next(&rng);
        if (rg_reader_for(data, bytes) &&
            rg_reader_for(data, bytes)
                    ->read(data, bytes, "x", &rg_model_limits_default, &graph, &err) == RG_OK) {
            problems += graph->n_nodes && rg_node_attr(&graph->nodes[0], "package_problem");
            rg_graph_free(graph);
        }
        data[at] = old;
    }
    cr_assert_gt(problems, 0);
    rg_arena_free(arena);
}
