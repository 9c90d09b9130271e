/* test_state.c: what lives from one inference to the next, and shapes that are worked out at load:
 * resource variables with first values, shape arithmetic, and the custom operators' options. */
#include <criterion/criterion.h>

#include "bench/iface/exec.h"
#include "bench/run/settle.h"
#include "models/flexbuf.h"
#include "small_graph.h"

static rg_exec *exec_of(const rg_graph *graph, bool reference) {
    rg_exec_options options = {.threads = 1, .reference = reference};
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
    return exec;
}

/* out = state; state = in */
static rg_graph *delay_graph(void) {
    static const float first[2] = {7, 8};
    static const int32_t two[4] = {2};
    small_graph s = small_begin("delay");
    int32_t in = small_tensor(&s, "in", RG_DTYPE_FLOAT32, two);
    int32_t state = small_tensor(&s, "state", RG_DTYPE_FLOAT32, two);
    int32_t out = small_tensor(&s, "out", RG_DTYPE_FLOAT32, two);
    s.tensors[state].variable = true;
    s.tensors[state].initial = first;
    small_node(&s, "read_variable", state, -2, -2, out);
    small_node(&s, "assign_variable", state, in, -2, out)->n_out = 0;
    return small_end(&s, &in, 1, &out, 1);
}

static void expect_delay(bool reference) {
    rg_graph *graph = delay_graph();
    rg_exec *exec = exec_of(graph, reference);
    const float *out = rg_exec_output(exec, 0);
    static const float given[3][2] = {{1, 2}, {3, 4}, {5, 6}};
    static const float want[3][2] = {{7, 8}, {1, 2}, {7, 8}};
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            rg_exec_reset(exec);
        memcpy(rg_exec_input(exec, 0), given[i], sizeof given[i]);
        rg_exec_run(exec);
        cr_assert_arr_eq(out, want[i], sizeof want[i], "run %d: %g %g", i, (double)out[0],
                         (double)out[1]);
    }
    rg_exec_free(exec);
    rg_graph_free(graph);
}

Test(state, a_variable_gives_its_first_value_then_what_was_assigned_and_a_reset_restores_it) {
    expect_delay(true);
    expect_delay(false);
}

/* in 2x6, reshaped to its own first dimension and the rest: shape -> slice -> pack -> reshape */
static rg_graph *dynamic_graph(void) {
    static const int32_t in_dim[4] = {2, 6}, unknown[4] = {1, 1}, two[4] = {2}, one[4] = {1};
    static const int32_t zero[1] = {0}, unit[1] = {1}, three[2] = {3, 4};
    static const rg_attr out_type[] = {{"out_type", RG_ATTR_INT, 2, 0, NULL}};
    small_graph s = small_begin("dynamic");
    int32_t in = small_tensor(&s, "in", RG_DTYPE_FLOAT32, in_dim);
    int32_t shape = small_tensor(&s, "shape", RG_DTYPE_INT32, two);
    int32_t begin = small_tensor(&s, "begin", RG_DTYPE_INT32, one);
    int32_t size = small_tensor(&s, "size", RG_DTYPE_INT32, one);
    int32_t head = small_tensor(&s, "head", RG_DTYPE_INT32, one);
    int32_t wide = small_tensor(&s, "wide", RG_DTYPE_INT32, two);
    int32_t target = small_tensor(&s, "target", RG_DTYPE_INT32, two);
    int32_t out = small_tensor(&s, "out", RG_DTYPE_FLOAT32, unknown);
    s.tensors[begin].data = zero;
    s.tensors[size].data = unit;
    s.tensors[wide].data = three;
    small_attrs(small_node(&s, "shape", in, -2, -2, shape), out_type, 1);
    small_node(&s, "slice", shape, begin, size, head);
    small_node(&s, "add", head, wide, -2, target);
    small_node(&s, "reshape", in, target, -2, out);
    return small_end(&s, &in, 1, &out, 1);
}

Test(state, shape_arithmetic_is_done_at_load_where_the_file_declares_no_sizes) {
    rg_graph *graph = dynamic_graph();
    rg_err err = RG_ERR_INIT;
    graph->tensors[5].data = (const int32_t[]){1, 2}; /* 2 + 1 and 2 + 2: 3x4 */
    cr_assert_eq(rg_graph_settle(graph, 1 << 20, &err), RG_OK, "%s", err.what);
    const rg_shape *shape = &graph->tensors[graph->out[0]].shape;
    cr_assert(shape->rank == 2 && shape->dim[0] == 3 && shape->dim[1] == 4, "%dx%d", shape->dim[0],
              shape->dim[1]);
    rg_exec *exec = exec_of(graph, true);
    float *in = rg_exec_input(exec, 0);
    for (int i = 0; i < 12; i++)
        in[i] = (float)i;
    rg_exec_run(exec);
    cr_assert_arr_eq(rg_exec_output(exec, 0), in, 12 * sizeof *in);
    rg_exec_free(exec);
    rg_graph_free(graph);
}

/* {"a": 5, "b": 0.5f} as FlexBuffers writes it: keys, their offsets, the map, the root. */
static const unsigned char map[] = {
    'a',        0,          'b', 0, /* keys at 0 and 2 */
    2,          5,          4,   1, /* size of keys; back to 'a' from 5, to 'b' from 6; pad */
    3,          0,          0,   0, 1, 0, 0, 0,    /* back from 8 to 5; key width 1 */
    2,          0,          0,   0,                /* entries */
    5,          0,          0,   0, 0, 0, 0, 0x3f, /* 5 and 0.5f */
    1 << 2 | 2, 3 << 2 | 2,                        /* int, float, both 4 bytes wide */
    10,         9 << 2 | 2, 1, /* back from 30 to 20; a map, 4 wide; root 1 wide */
};

Test(state, options_of_custom_operators_are_read_by_key) {
    rg_flex found = rg_flex_map(map, sizeof map);
    double value = 0;
    cr_assert_eq(found.n, 2);
    cr_assert(rg_flex_number(&found, "a", &value) && value == 5, "%g", value);
    cr_assert(rg_flex_number(&found, "b", &value) && value == 0.5, "%g", value);
    cr_assert_not(rg_flex_number(&found, "c", &value));
}

Test(state, options_that_are_cut_or_spoilt_are_never_read_beyond) {
    for (size_t n = 0; n <= sizeof map; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int bits = 0; bits < 256; bits += 5) {
                unsigned char *copy = malloc(n);
                memcpy(copy, map, n);
                copy[at] = (unsigned char)bits;
                rg_flex found = rg_flex_map(copy, n);
                double value = 0;
                const unsigned char *blob;
                size_t bytes = 0;
                rg_flex_number(&found, "a", &value);
                if (rg_flex_blob(&found, "b", &blob, &bytes))
                    cr_assert(blob >= copy && bytes <= n - (size_t)(blob - copy));
                free(copy);
            }
        }
    }
}
