/* fuse_row.c: columns become rows. A depthwise convolution along an image one pixel wide (sound,
 * and other signals over time) is the same as one along an image one pixel high: bytes, taps and
 * their order are equal, only the names of the axes change. Kernels walk along rows, four times as
 * fast. */
#include <string.h>

#include "bench/run/fuse_priv.h"

static bool is_column(const rg_tensor *t) {
    return t->shape.rank == 4 && t->shape.dim[2] == 1 && !t->variable;
}

/* A tensor with the same bytes and its image axes swapped; constants keep their data, others share
 * the first one's place. */
static int32_t swapped(rg_fuse_work *w, int32_t t) {
    rg_graph *graph = w->graph;
    int32_t number = (int32_t)graph->n_tensors++;
    rg_tensor *copy = &graph->tensors[number];
    *copy = graph->tensors[t];
    copy->shape.dim[1] = graph->tensors[t].shape.dim[2];
    copy->shape.dim[2] = graph->tensors[t].shape.dim[1];
    w->alias[number] = copy->data ? (uint32_t)number : (uint32_t)t;
    return number;
}

/* "stride_h" <-> "stride_w", "pad_top" <-> "pad_left" ... */
static const char *other_axis(const char *key) {
    static const char *const pairs[][2] = {{"stride_h", "stride_w"},
                                           {"dilation_h", "dilation_w"},
                                           {"pad_top", "pad_left"},
                                           {"pad_bottom", "pad_right"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (!strcmp(key, pairs[i][0]))
            return pairs[i][1];
        if (!strcmp(key, pairs[i][1]))
            return pairs[i][0];
    }
    return key;
}

static rg_status turn(rg_fuse_work *w, rg_node *node, rg_err *err) {
    rg_arena *arena = w->graph->arena;
    int32_t *in = rg_arena_copy(arena, node->in, node->n_in * sizeof *in);
    int32_t *out = rg_arena_copy(arena, node->out, node->n_out * sizeof *out);
    rg_attr *attrs = rg_arena_array(arena, node->n_attrs + 1, sizeof *attrs);
    if (!in || !out || !attrs)
        return rg_fail(err, RG_NO_MEMORY, "raise the memory limit", "no memory to copy a graph");
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        attrs[i] = node->attrs[i];
        attrs[i].key = other_axis(attrs[i].key);
    }
    in[0] = swapped(w, in[0]);
    in[1] = swapped(w, in[1]);
    out[0] = swapped(w, out[0]);
    node->in = in;
    node->out = out;
    node->attrs = attrs;
    return RG_OK;
}

rg_status rg_fuse_rows(rg_fuse_work *w, rg_err *err) {
    rg_status status = RG_OK;
    for (uint32_t n = 0; status == RG_OK && n < w->graph->n_nodes; n++) {
        rg_node *node = &w->graph->nodes[n];
        if (w->gone[n] || strcmp(node->kind, "depthwise_conv2d"))
            continue;
        const rg_tensor *in = rg_node_in(w->graph, node, 0), *out = rg_node_out(w->graph, node, 0);
        const rg_tensor *filter = rg_node_in(w->graph, node, 1);
        if (is_column(in) && is_column(out) && is_column(filter) && in->shape.dim[1] > 1)
            status = turn(w, node, err);
    }
    return status;
}
