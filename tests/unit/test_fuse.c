/* test_fuse.c: graphs rewritten at load give the same bytes as graphs run node by node, and are
 * rewritten only where that is so by definition. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "tests/unit/small_graph.h"

enum { MOST_BYTES = 1 << 16 };

static rg_exec *make(const rg_graph *graph, rg_exec_options options) {
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
    return exec;
}

/* Output 0 of one run on random input. */
static void compute(const rg_graph *graph, rg_exec_options options, uint64_t seed, void *ret) {
    const rg_tensor *in = &graph->tensors[graph->in[0]], *out = &graph->tensors[graph->out[0]];
    rg_exec *exec = make(graph, options);
    rg_rng rng = rg_rng_seeded(seed);
    cr_assert_leq(out->bytes, MOST_BYTES);
    for (int run = 0; run < 2; run++) {
        rg_rng again = rng;
        rg_tensor_fill(in, &again, rg_exec_input(exec, 0));
        rg_exec_run(exec);
    }
    memcpy(ret, rg_exec_output(exec, 0), out->bytes);
    rg_exec_free(exec);
}

/* Nodes of which something is computed at a run. */
static uint32_t computed(const rg_graph *graph) {
    rg_exec *exec = make(graph, (rg_exec_options){0});
    uint32_t n = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        rg_exec_node node = rg_exec_node_of(exec, i);
        n += *node.kernel && node.computed_in == i;
    }
    rg_exec_free(exec);
    return n;
}

static void expect_same_bytes(const rg_graph *graph, const char *what) {
    static char want[MOST_BYTES], got[MOST_BYTES];
    const rg_exec_options ways[] = {{.no_fusion = true, .threads = 2},
                                    {.threads = 1},
                                    {.threads = 2},
                                    {.isa_mask = RG_EXEC_SCALAR}};
    size_t bytes = graph->tensors[graph->out[0]].bytes;
    for (uint64_t seed = 1; seed < 4; seed++) {
        compute(graph, (rg_exec_options){.reference = true}, seed, want);
        for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
            compute(graph, ways[w], seed, got);
            cr_assert_eq(memcmp(want, got, bytes), 0, "%s: way %zu, seed %llu", what, w,
                         (unsigned long long)seed);
        }
    }
}

/* What a graph of pad -> convolution -> activation -> reshape is made of. */
typedef struct recipe {
    const char *conv, *activation;
    int32_t border[8];
    int64_t stride, dilation;
    float scale_behind; /* of the activation's output; 0.05 before it */
    bool middle_is_output;
    int32_t border_zero; /* zero point behind the border; 3 before it */
} recipe;

static const rg_attr *attrs_of(small_graph *s, const recipe *r) {
    rg_attr attrs[] = {{"padding", RG_ATTR_WORD, 0, 0, "valid"},
                       {"stride_h", RG_ATTR_INT, r->stride, 0, NULL},
                       {"stride_w", RG_ATTR_INT, r->stride, 0, NULL},
                       {"dilation_h", RG_ATTR_INT, r->dilation, 0, NULL},
                       {"dilation_w", RG_ATTR_INT, r->dilation, 0, NULL}};
    return rg_arena_copy(s->graph->arena, attrs, sizeof attrs);
}

static int32_t out_size(const recipe *r, int32_t in, int32_t before, int32_t after) {
    return (in + before + after - (int32_t)(2 * r->dilation + 1)) / (int32_t)r->stride + 1;
}

static rg_graph *build(const recipe *r) {
    bool depthwise = !strcmp(r->conv, "depthwise_conv2d");
    const int32_t *b = r->border;
    const int32_t image[4] = {1, 9, 12, 16};
    const int32_t wide[4] = {1, 9 + b[2] + b[3], 12 + b[4] + b[5], 16};
    const int32_t result[4] = {1, out_size(r, 9, b[2], b[3]), out_size(r, 12, b[4], b[5]), 16};
    const int32_t filter[4] = {depthwise ? 1 : 16, 3, 3, 16}, bias[4] = {16, 0, 0, 0};
    const int32_t pads[4] = {4, 2, 0, 0}, flat[4] = {1, result[1] * result[2] * 16, 0, 0};
    small_graph s = small_begin("rewritten");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_INT8, image);
    int32_t p = small_tensor(&s, "pads", RG_DTYPE_INT32, pads);
    int32_t bordered = small_tensor(&s, "bordered", RG_DTYPE_INT8, wide);
    int32_t w = small_tensor(&s, "w", RG_DTYPE_INT8, filter);
    int32_t c = small_tensor(&s, "bias", RG_DTYPE_INT32, bias);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_INT8, result);
    int32_t z = small_tensor(&s, "z", RG_DTYPE_INT8, result);
    int32_t row = small_tensor(&s, "row", RG_DTYPE_INT8, flat);
    small_quant(&s, x, 0.02F, 3);
    small_quant(&s, bordered, 0.02F, r->border_zero);
    small_quant(&s, w, 0.004F, 0);
    small_quant(&s, y, 0.05F, -4);
    small_quant(&s, z, r->scale_behind, -4);
    small_quant(&s, row, r->scale_behind, -4);
    small_constant(&s, w, 1);
    small_constant(&s, c, 2);
    s.tensors[p].data = rg_arena_copy(s.graph->arena, r->border, sizeof r->border);
    small_node(&s, "pad", x, p, -2, bordered);
    small_attrs(small_node(&s, r->conv, bordered, w, c, y), attrs_of(&s, r), 5);
    small_node(&s, r->activation, y, -2, -2, z);
    small_node(&s, "reshape", z, -2, -2, row);
    const int32_t out[2] = {row, y};
    return small_end(&s, &x, 1, out, r->middle_is_output ? 2 : 1);
}

static void expect(const char *what, recipe r, uint32_t nodes) {
    rg_graph *graph = build(&r);
    expect_same_bytes(graph, what);
    cr_assert_eq(computed(graph), nodes, "%s: %u nodes", what, computed(graph));
    rg_graph_free(graph);
}

Test(fuse, joins_borders_and_activations_to_convolutions_in_equal_bytes) {
    static const char *const convs[] = {"conv2d", "depthwise_conv2d"};
    static const char *const activations[] = {"relu", "relu6", "relu_n1_to_1"};
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            recipe r = {convs[i], activations[k], {0, 0, 1, 1, 1, 1, 0, 0}, 1, 1, 0.05F, false, 3};
            expect("even border", r, 1);
            r.stride = 2;
            expect("stride 2", r, 1);
            memcpy(r.border, (int32_t[8]){0, 0, 0, 1, 2, 1, 0, 0}, sizeof r.border);
            expect("uneven border", r, 1);
        }
    }
}

Test(fuse, leaves_alone_what_would_change_a_byte) {
    const recipe plain = {"conv2d", "relu6", {0, 0, 1, 1, 1, 1, 0, 0}, 1, 1, 0.05F, false, 3};
    recipe r = plain;
    r.scale_behind = 0.03F;
    expect("an activation that rescales", r, 2);
    r = plain;
    r.middle_is_output = true;
    expect("a result that somebody reads", r, 2);
    r = plain;
    r.border_zero = 4;
    expect("a border of another zero point", r, 2);
    r = plain;
    r.dilation = 2;
    expect("a dilated filter", r, 2);
    r = plain;
    memcpy(r.border, (int32_t[8]){0, 0, 3, 0, 0, 0, 0, 0}, sizeof r.border);
    expect("windows on the border alone", r, 2);
}

/* depthwise 5x1 -> depthwise 3x1, stride 2 -> reshape, over images one pixel wide. */
static rg_graph *columns(const char *padding) {
    const bool same = !strcmp(padding, "same");
    const int32_t image[4] = {2, 23, 1, 24}, middle[4] = {2, same ? 23 : 19, 1, 24};
    const int32_t result[4] = {2, same ? 12 : 9, 1, 24}, flat[4] = {2, result[1] * 24, 0, 0};
    const int32_t five[4] = {1, 5, 1, 24}, three[4] = {1, 3, 1, 24}, bias[4] = {24, 0, 0, 0};
    small_graph s = small_begin("columns");
    const rg_attr attrs[] = {{"padding", RG_ATTR_WORD, 0, 0, padding},
                             {"stride_h", RG_ATTR_INT, 2, 0, NULL}};
    const rg_attr *list = rg_arena_copy(s.graph->arena, attrs, sizeof attrs);
    int32_t x = small_tensor(&s, "x", RG_DTYPE_INT8, image);
    int32_t w1 = small_tensor(&s, "w1", RG_DTYPE_INT8, five);
    int32_t w2 = small_tensor(&s, "w2", RG_DTYPE_INT8, three);
    int32_t b = small_tensor(&s, "b", RG_DTYPE_INT32, bias);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_INT8, middle);
    int32_t z = small_tensor(&s, "z", RG_DTYPE_INT8, result);
    int32_t row = small_tensor(&s, "row", RG_DTYPE_INT8, flat);
    small_quant(&s, x, 0.02F, 3);
    small_quant(&s, w1, 0.004F, 0);
    small_quant(&s, w2, 0.005F, 0);
    small_quant(&s, y, 0.05F, -4);
    small_quant(&s, z, 0.06F, 5);
    small_quant(&s, row, 0.06F, 5);
    small_constant(&s, w1, 1);
    small_constant(&s, w2, 2);
    small_constant(&s, b, 3);
    small_attrs(small_node(&s, "depthwise_conv2d", x, w1, b, y), list, 1);
    small_attrs(small_node(&s, "depthwise_conv2d", y, w2, b, z), list, 2);
    small_node(&s, "reshape", z, -2, -2, row);
    return small_end(&s, &x, 1, &row, 1);
}

Test(fuse, turns_columns_into_rows_in_equal_bytes) {
    static const char *const paddings[] = {"same", "valid"};
    for (int i = 0; i < 2; i++) {
        rg_graph *graph = columns(paddings[i]);
        expect_same_bytes(graph, paddings[i]);
        cr_assert_eq(computed(graph), 2);
        rg_graph_free(graph);
    }
}

/* One border that two convolutions read, and perhaps a third operator: |x| padded. */
static rg_graph *shared_border(bool also_read) {
    static const int32_t border[8] = {0, 0, 1, 1, 1, 1, 0, 0}, image[4] = {1, 6, 7, 8};
    const int32_t wide[4] = {1, 8, 9, 8}, filter[4] = {8, 3, 3, 8}, pads[4] = {4, 2, 0, 0};
    small_graph s = small_begin("shared border");
    static const rg_attr valid[] = {{"padding", RG_ATTR_WORD, 0, 0, "valid"}};
    int32_t x = small_tensor(&s, "x", RG_DTYPE_INT8, image);
    int32_t p = small_tensor(&s, "pads", RG_DTYPE_INT32, pads);
    int32_t bordered = small_tensor(&s, "bordered", RG_DTYPE_INT8, wide);
    int32_t w = small_tensor(&s, "w", RG_DTYPE_INT8, filter);
    int32_t a = small_tensor(&s, "a", RG_DTYPE_INT8, image);
    int32_t b = small_tensor(&s, "b", RG_DTYPE_INT8, image);
    int32_t sum = small_tensor(&s, "sum", RG_DTYPE_INT8, image);
    for (int32_t t = x; t <= sum; t++)
        small_quant(&s, t, t == w ? 0.004F : 0.03F, t == w ? 0 : 2);
    s.tensors[p].quant = (rg_quant){0};
    small_constant(&s, w, 1);
    s.tensors[p].data = border;
    small_node(&s, "pad", x, p, -2, bordered);
    small_attrs(small_node(&s, "conv2d", bordered, w, -2, a), valid, 1);
    small_attrs(small_node(&s, "conv2d", bordered, w, -2, b), valid, 1);
    small_node(&s, "add", a, b, -2, sum);
    const int32_t out[2] = {sum, bordered};
    return small_end(&s, &x, 1, out, also_read ? 2 : 1);
}

Test(fuse, joins_a_border_to_all_its_readers_and_keeps_it_for_others) {
    for (int also_read = 0; also_read < 2; also_read++) {
        rg_graph *graph = shared_border(also_read);
        expect_same_bytes(graph, "shared border");
        cr_assert_eq(computed(graph), 3U + (uint32_t)also_read);
        rg_graph_free(graph);
    }
}

/* x -> reshape -> y: nothing but views, from an input to an output. */
Test(fuse, never_puts_an_output_where_inputs_are_written) {
    static const int32_t square[4] = {2, 4, 0, 0}, row[4] = {8, 0, 0, 0};
    small_graph s = small_begin("view");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, square);
    int32_t m = small_tensor(&s, "m", RG_DTYPE_FLOAT32, row);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_FLOAT32, square);
    small_node(&s, "reshape", x, -2, -2, m);
    small_node(&s, "reshape", m, -2, -2, y);
    rg_graph *graph = small_end(&s, &x, 1, &y, 1);
    rg_exec *exec = make(graph, (rg_exec_options){0});
    ((float *)rg_exec_input(exec, 0))[7] = 5;
    rg_exec_run(exec);
    ((float *)rg_exec_input(exec, 0))[7] = 6;
    cr_assert_eq(((const float *)rg_exec_output(exec, 0))[7], 5);
    cr_assert_str_eq(rg_exec_node_kernel(exec, 0), "", "the first one is a view");
    cr_assert_str_neq(rg_exec_node_kernel(exec, 1), "");
    rg_exec_free(exec);
    rg_graph_free(graph);
}

/* x + float(constant): the conversion is worked out at load. */
Test(fuse, works_constants_out_at_load) {
    static const int32_t row[4] = {1, 16, 0, 0};
    small_graph s = small_begin("constants");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, row);
    int32_t h = small_tensor(&s, "h", RG_DTYPE_FLOAT16, row);
    int32_t f = small_tensor(&s, "f", RG_DTYPE_FLOAT32, row);
    int32_t g = small_tensor(&s, "g", RG_DTYPE_FLOAT32, row);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_FLOAT32, row);
    small_constant(&s, h, 9);
    memset((void *)(uintptr_t)s.tensors[h].data, 0x3c, s.tensors[h].bytes);
    small_node(&s, "dequantize", h, -2, -2, f);
    small_node(&s, "neg", f, -2, -2, g);
    small_node(&s, "add", x, g, -2, y);
    rg_graph *graph = small_end(&s, &x, 1, &y, 1);
    cr_assert_eq(computed(graph), 1);
    expect_same_bytes(graph, "constants");
    cr_assert_null(graph->tensors[f].data, "the graph itself is left alone");
    rg_exec *exec = make(graph, (rg_exec_options){.no_fusion = true});
    cr_assert_str_eq(rg_exec_node_kernel(exec, 0), "reference");
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(fuse, attributes_the_time_of_joined_nodes_to_the_one_that_computes_them) {
    const recipe r = {"conv2d", "relu", {0, 0, 1, 1, 1, 1, 0, 0}, 1, 1, 0.05F, false, 3};
    rg_graph *graph = build(&r);
    rg_exec *exec = make(graph, (rg_exec_options){.count_nodes = true});
    rg_exec_run(exec);
    for (uint32_t i = 0; i < 3; i++) {
        rg_exec_node node = rg_exec_node_of(exec, i);
        cr_assert_eq(node.computed_in, 1, "node %u", i);
        cr_assert_eq(node.ns > 0, i == 1, "node %u", i);
    }
    cr_assert_eq(rg_exec_node_of(exec, 3).computed_in, 3);
    cr_assert_str_eq(rg_exec_node_of(exec, 99).kernel, "");
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(fuse, twins_share_what_was_packed_and_may_be_freed_in_any_order) {
    const recipe r = {"conv2d", "relu", {0, 0, 1, 1, 1, 1, 0, 0}, 1, 1, 0.05F, false, 3};
    rg_graph *graph = build(&r), *other = build(&r);
    rg_exec *first = make(graph, (rg_exec_options){0});
    rg_exec *second = make(graph, (rg_exec_options){.twin = first, .threads = 2});
    memset(rg_exec_input(first, 0), 7, 9 * 12 * 16);
    memset(rg_exec_input(second, 0), 7, 9 * 12 * 16);
    rg_exec_run(first);
    char want[64];
    memcpy(want, rg_exec_output(first, 0), sizeof want);
    rg_exec_memory a = rg_exec_memory_of(first), b = rg_exec_memory_of(second);
    cr_assert_eq(a.packed_bytes, b.packed_bytes);
    cr_assert_eq(a.pack_ns, b.pack_ns);
    rg_exec_options wrong = {.twin = first};
    rg_exec *none = NULL;
    cr_assert_eq(rg_exec_new(other, &wrong, &none, NULL), RG_INVALID);
    rg_exec_free(first);
    rg_exec_run(second);
    cr_assert_eq(memcmp(want, rg_exec_output(second, 0), sizeof want), 0);
    rg_exec_free(second);
    rg_graph_free(graph);
    rg_graph_free(other);
}
