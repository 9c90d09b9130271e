/* test_exec.c: the graph executor on graphs made by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "tests/unit/small_graph.h"

static const int32_t vector[4] = {1, 8, 0, 0}, image[4] = {1, 32, 32, 16};

static rg_exec *make(const rg_graph *graph, rg_exec_options options) {
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
    return exec;
}

/* x -> square -> neg -> abs, with square also an output: |-(x*x)|. */
static rg_graph *chain(void) {
    small_graph s = small_begin("chain");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, vector);
    int32_t a = small_tensor(&s, "a", RG_DTYPE_FLOAT32, vector);
    int32_t b = small_tensor(&s, "b", RG_DTYPE_FLOAT32, vector);
    int32_t c = small_tensor(&s, "c", RG_DTYPE_FLOAT32, vector);
    small_node(&s, "square", x, -2, -2, a);
    small_node(&s, "neg", a, -2, -2, b);
    small_node(&s, "abs", b, -2, -2, c);
    const int32_t out[2] = {c, a};
    return small_end(&s, &x, 1, out, 2);
}

Test(exec, computes_a_chain_and_leaves_its_input_alone) {
    rg_graph *graph = chain();
    rg_exec *exec = make(graph, (rg_exec_options){0});
    float *x = rg_exec_input(exec, 0);
    for (int i = 0; i < 8; i++)
        x[i] = (float)(i - 3);
    for (int run = 0; run < 3; run++) {
        rg_exec_run(exec);
        const float *c = rg_exec_output(exec, 0), *a = rg_exec_output(exec, 1);
        for (int i = 0; i < 8; i++) {
            float want = (float)((i - 3) * (i - 3));
            cr_assert_eq(x[i], (float)(i - 3));
            cr_assert_eq(c[i], want);
            cr_assert_eq(a[i], want);
        }
    }
    cr_assert_null(rg_exec_input(exec, 1));
    cr_assert_null(rg_exec_output(exec, 2));
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(exec, keeps_every_value_when_asked) {
    rg_graph *graph = chain();
    rg_exec *exec = make(graph, (rg_exec_options){0});
    cr_assert_null(rg_exec_tensor(exec, 2), "b is no output and its memory is shared");
    size_t shared = rg_exec_memory_of(exec).arena_bytes;
    rg_exec_free(exec);
    exec = make(graph, (rg_exec_options){.keep_all = true});
    ((float *)rg_exec_input(exec, 0))[5] = 4;
    rg_exec_run(exec);
    const float *b = rg_exec_tensor(exec, 2);
    cr_assert_not_null(b);
    cr_assert_eq(b[5], -16);
    cr_assert_null(rg_exec_tensor(exec, 99));
    cr_assert_eq(rg_exec_memory_of(exec).arena_bytes, 4 * 64);
    cr_assert_leq(shared, 4 * 64);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

static const rg_attr same[] = {{"padding", RG_ATTR_WORD, 0, 0, "same"}};

/* An int8 filter with one scale an output channel. */
static void per_channel(small_graph *s, int32_t tensor, uint32_t axis) {
    uint32_t n = (uint32_t)s->tensors[tensor].shape.dim[axis];
    float *scale = rg_arena_array(s->graph->arena, n, sizeof *scale);
    int32_t *zero = rg_arena_array(s->graph->arena, n, sizeof *zero);
    for (uint32_t i = 0; i < n; i++)
        scale[i] = 0.002F + 0.0001F * (float)i;
    s->tensors[tensor].quant = (rg_quant){n, scale, zero, axis};
}

/* conv 3x3 -> depthwise 3x3 -> add of both: large enough to be split. */
static rg_graph *block(void) {
    static const int32_t filter[4] = {16, 3, 3, 16}, depth[4] = {1, 3, 3, 16}, bias[4] = {16};
    small_graph s = small_begin("block");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_INT8, image);
    int32_t w1 = small_tensor(&s, "w1", RG_DTYPE_INT8, filter);
    int32_t b1 = small_tensor(&s, "b1", RG_DTYPE_INT32, bias);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_INT8, image);
    int32_t w2 = small_tensor(&s, "w2", RG_DTYPE_INT8, depth);
    int32_t z = small_tensor(&s, "z", RG_DTYPE_INT8, image);
    int32_t sum = small_tensor(&s, "sum", RG_DTYPE_INT8, image);
    small_quant(&s, x, 0.02F, 3);
    small_quant(&s, y, 0.05F, -4);
    small_quant(&s, z, 0.03F, 5);
    small_quant(&s, sum, 0.06F, -1);
    per_channel(&s, w1, 0);
    per_channel(&s, w2, 3);
    small_constant(&s, w1, 1);
    small_constant(&s, b1, 2);
    small_constant(&s, w2, 3);
    small_attrs(small_node(&s, "conv2d", x, w1, b1, y), same, 1);
    small_attrs(small_node(&s, "depthwise_conv2d", y, w2, b1, z), same, 1);
    small_node(&s, "add", y, z, -2, sum);
    return small_end(&s, &x, 1, &sum, 1);
}

static void run_block(const rg_graph *graph, uint32_t threads, void *ret, size_t bytes) {
    rg_exec *exec = make(graph, (rg_exec_options){.threads = threads, .count_nodes = true});
    rg_rng rng = rg_rng_seeded(20250101);
    rg_tensor_fill(&graph->tensors[graph->in[0]], &rng, rg_exec_input(exec, 0));
    for (int i = 0; i < 3; i++)
        rg_exec_run(exec);
    memcpy(ret, rg_exec_output(exec, 0), bytes);
    cr_assert_gt(rg_exec_node_ns(exec, 0), 0);
    cr_assert_eq(rg_exec_node_ns(exec, 99), 0);
    rg_exec_free(exec);
}

Test(exec, splits_what_is_long_enough_and_nothing_else) {
    rg_graph *large = block(), *small = chain();
    rg_exec *both = make(large, (rg_exec_options){.threads = 2});
    rg_exec *alone = make(large, (rg_exec_options){.threads = 1});
    rg_exec *tiny = make(small, (rg_exec_options){.threads = 2});
    cr_assert(rg_exec_node_of(both, 0).split);
    cr_assert_not(rg_exec_node_of(alone, 0).split);
    for (uint32_t i = 0; i < small->n_nodes; i++)
        cr_assert_not(rg_exec_node_of(tiny, i).split, "node %u", i);
    rg_exec_free(both);
    rg_exec_free(alone);
    rg_exec_free(tiny);
    rg_graph_free(large);
    rg_graph_free(small);
}

Test(exec, gives_the_same_bytes_for_any_number_of_threads) {
    static signed char want[32 * 32 * 16], got[32 * 32 * 16];
    static const uint32_t counts[] = {2, 3, 5, 40};
    rg_graph *graph = block();
    run_block(graph, 1, want, sizeof want);
    int distinct = 0;
    for (size_t i = 1; i < sizeof want; i++)
        distinct += want[i] != want[0];
    cr_assert_gt(distinct, 1000, "the outputs must say something");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        run_block(graph, counts[i], got, sizeof got);
        cr_assert_eq(memcmp(want, got, sizeof want), 0, "%u threads", counts[i]);
    }
    rg_graph_free(graph);
}

Test(exec, counts_the_work_of_all_nodes) {
    rg_graph *graph = block();
    rg_work work = {0};
    cr_assert_eq(rg_graph_work(graph, &work, NULL), RG_OK);
    cr_assert_eq(work.macs, 32u * 32 * 16 * 9 * 16 + 32u * 32 * 16 * 9);
    cr_assert_geq(work.other_ops, 32u * 32 * 16);
    rg_graph_free(graph);
}

Test(exec, reports_its_memory) {
    rg_graph *graph = block();
    rg_exec *exec = make(graph, (rg_exec_options){.threads = 1});
    rg_exec_memory memory = rg_exec_memory_of(exec);
    size_t one = 32 * 32 * 16;
    cr_assert_eq(memory.arena_bound_bytes, 4 * one, "input, y, z and sum live at the addition");
    cr_assert_eq(memory.arena_bytes, 4 * one);
    cr_assert_eq(memory.weights_bytes, 16 * 9 * 16 + 16 * 4 + 9 * 16);
    cr_assert_eq(memory.variables_bytes, 0);
    cr_assert_gt(memory.state_bytes, 0);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(exec, names_the_node_and_both_shapes_when_a_declared_shape_is_wrong) {
    static const int32_t other[4] = {1, 9, 0, 0};
    small_graph s = small_begin("wrong");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, vector);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_FLOAT32, other);
    small_node(&s, "neg", x, -2, -2, y);
    rg_graph *graph = small_end(&s, &x, 1, &y, 1);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_admits(graph, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "node 0 (neg, y)"), "%s", err.what);
    cr_assert(strstr(err.what, "1x9") && strstr(err.what, "1x8"), "%s", err.what);
    rg_work work;
    cr_assert_eq(rg_graph_work(graph, &work, NULL), RG_UNSUPPORTED);
    rg_graph_free(graph);
}

Test(exec, counts_and_names_the_nodes_that_it_cannot_compute) {
    small_graph s = small_begin("foreign");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, vector);
    int32_t a = small_tensor(&s, "a", RG_DTYPE_FLOAT32, vector);
    int32_t b = small_tensor(&s, "b", RG_DTYPE_FLOAT32, vector);
    int32_t c = small_tensor(&s, "c", RG_DTYPE_FLOAT32, vector);
    small_node(&s, "neg", x, -2, -2, a);
    small_node(&s, "edgetpu-custom-op", a, -2, -2, b)->known = false;
    small_node(&s, "no_such_kind", b, -2, -2, c);
    rg_graph *graph = small_end(&s, &x, 1, &c, 1);
    rg_err err = RG_ERR_INIT;
    rg_exec *exec = NULL;
    rg_exec_options options = {0};
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_UNSUPPORTED);
    cr_assert_null(exec);
    cr_assert(strstr(err.what, "2 of 3 nodes"), "%s", err.what);
    cr_assert(strstr(err.what, "edgetpu-custom-op, no_such_kind"), "%s", err.what);
    cr_assert(err.advice[0]);
    rg_graph_free(graph);
}

Test(exec, refuses_wrong_numbers_of_inputs_and_unknown_attributes) {
    static const rg_attr odd[] = {{"colour", RG_ATTR_WORD, 0, 0, "red"}};
    small_graph s = small_begin("odd");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, vector);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_FLOAT32, vector);
    rg_node *node = small_node(&s, "add", x, -2, -2, y);
    rg_graph *graph = small_end(&s, &x, 1, &y, 1);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_admits(graph, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "1 inputs"), "%s", err.what);
    const int32_t both[2] = {x, x};
    small_attrs(node, odd, 1);
    graph->nodes[0] = *node;
    graph->nodes[0].n_in = 2;
    graph->nodes[0].in = both;
    cr_assert_eq(rg_exec_admits(graph, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "colour"), "%s", err.what);
    rg_graph_free(graph);
}

Test(exec, stops_at_the_memory_limit_before_it_allocates) {
    rg_graph *graph = block();
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    rg_exec_options options = {.memory_limit_bytes = 50000};
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_NO_MEMORY);
    cr_assert(strstr(err.what, "50000"), "%s", err.what);
    cr_assert_null(exec);
    rg_exec_free(NULL);
    rg_graph_free(graph);
}

/* out = in + state, both int8 with the same scale; the state rests at its zero point. */
static rg_graph *stateful(int32_t zero) {
    small_graph s = small_begin("stateful");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_INT8, vector);
    int32_t state = small_tensor(&s, "state", RG_DTYPE_INT8, vector);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_INT8, vector);
    small_quant(&s, x, 1, 0);
    small_quant(&s, state, 1, zero);
    small_quant(&s, y, 1, 0);
    s.tensors[state].variable = true;
    small_node(&s, "add", x, state, -2, y);
    return small_end(&s, &x, 1, &y, 1);
}

Test(exec, puts_variables_back_to_their_zero_points) {
    rg_graph *graph = stateful(-5);
    rg_exec *exec = make(graph, (rg_exec_options){0});
    memset(rg_exec_input(exec, 0), 7, 8);
    const signed char *y = rg_exec_output(exec, 0);
    signed char *state = (signed char *)(uintptr_t)rg_exec_tensor(exec, 1);
    cr_assert_eq(rg_exec_memory_of(exec).variables_bytes, 64);
    rg_exec_run(exec);
    cr_assert_eq(y[0], 7, "a state at its zero point adds nothing");
    memset(state, 15, 8);
    rg_exec_run(exec);
    cr_assert_eq(y[7], 27);
    cr_assert_eq(state[7], 15, "nobody else uses that memory");
    rg_exec_reset(exec);
    cr_assert_eq(state[7], -5);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(exec, hands_through_inputs_and_constants_that_are_outputs) {
    small_graph s = small_begin("through");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, vector);
    int32_t k = small_tensor(&s, "k", RG_DTYPE_FLOAT32, vector);
    small_constant(&s, k, 9);
    const int32_t out[2] = {x, k};
    rg_graph *graph = small_end(&s, &x, 1, out, 2);
    rg_exec *exec = make(graph, (rg_exec_options){.threads = 2});
    memset(rg_exec_input(exec, 0), 1, 32);
    rg_exec_run(exec);
    cr_assert_eq(memcmp(rg_exec_output(exec, 0), rg_exec_input(exec, 0), 32), 0);
    cr_assert_eq(rg_exec_output(exec, 1), graph->tensors[k].data);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(exec, refuses_a_bad_list_of_cores) {
    rg_graph *graph = chain();
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    rg_exec_options options = {.cores = "0-"};
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_USAGE);
    cr_assert(err.what[0]);
    rg_graph_free(graph);
}
