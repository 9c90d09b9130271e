/* tflite_made.h: small graphs made by hand and their .tflite bytes, for the reader's tests and as
 * the fuzzer's seeds. */
#ifndef RG_TESTS_TFLITE_MADE_H
#define RG_TESTS_TFLITE_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/graph.h"
#include "bench/iface/model.h"
#include "models/tflite_schema.h"

extern const rg_reader rg_reader_tflite;
extern const rg_writer rg_writer_tflite;

enum { MADE_TENSORS = 5, MADE_MOST_ATTRS = 16 };

/* A graph of one node: inputs 0 and 1, constants 2 (int8, per channel) and 3 (int32), output 4. */
static inline rg_graph *made_graph(const char *kind, rg_attr *attrs, uint32_t n_attrs) {
    static const int32_t in[] = {0, 1}, out[] = {4}, node_in[] = {0, 2, 3, -1, 1};
    static const _Alignas(16) int8_t weights[24] = {1, -2, 3, -4, 5, -6, 7, -8, 127, -128};
    static const _Alignas(16) int32_t bias[3] = {10, -20, 30};
    static const float scales[] = {0.5f, 0.25f, 0.125f};
    static const int32_t zeros[] = {0, 0, 0}, minus[] = {-128};
    rg_graph *graph = rg_graph_new(0);
    graph->name = "made";
    graph->description = "made by hand";
    graph->format = "suite";
    rg_tensor tensors[MADE_TENSORS] = {
        {.name = "in",
         .dtype = RG_DTYPE_INT8,
         .shape = {4, {1, 4, 4, 2}},
         .bytes = 32,
         .quant = {1, scales, minus, 0}},
        {.name = "more", .dtype = RG_DTYPE_FLOAT32, .shape = {0}, .bytes = 4},
        {.name = "weights",
         .dtype = RG_DTYPE_INT8,
         .shape = {4, {3, 2, 2, 2}},
         .bytes = 24,
         .data = weights,
         .quant = {3, scales, zeros, 0}},
        {.name = "bias",
         .dtype = RG_DTYPE_INT32,
         .shape = {1, {3}},
         .bytes = 12,
         .data = bias,
         .quant = {3, scales, zeros, 0}},
        {.name = "out",
         .dtype = RG_DTYPE_INT8,
         .shape = {4, {1, 4, 4, 3}},
         .bytes = 48,
         .quant = {1, scales + 1, minus, 0}},
    };
    rg_node node = {.kind = kind,
                    .name = "out",
                    .known = true,
                    .n_in = 5,
                    .n_out = 1,
                    .n_attrs = n_attrs,
                    .in = node_in,
                    .out = out};
    node.attrs = rg_arena_copy(graph->arena, attrs, n_attrs * sizeof *attrs);
    graph->tensors = rg_arena_copy(graph->arena, tensors, sizeof tensors);
    graph->nodes = rg_arena_copy(graph->arena, &node, sizeof node);
    graph->n_tensors = MADE_TENSORS;
    graph->n_nodes = 1;
    graph->in = in;
    graph->n_in = 2;
    graph->out = out;
    graph->n_out = 1;
    return graph;
}

/* Every attribute of an operator, each away from its default. Returns how many. */
static inline uint32_t made_attrs(const rg_tflite_op *op, rg_attr ret[MADE_MOST_ATTRS]) {
    uint32_t n = 0;
    for (const rg_tflite_option *row = op->options; row && row->key; row++) {
        if (row->store == RG_TFLITE_SHAPE || row->store == RG_TFLITE_SQUEEZED)
            continue;
        rg_attr *attr = &ret[n++];
        *attr = (rg_attr){.key = row->key, .type = RG_ATTR_INT};
        if (row->store == RG_TFLITE_F32) {
            attr->type = RG_ATTR_REAL;
            attr->r = 0.75;
        } else if (row->store == RG_TFLITE_WORD) {
            attr->type = RG_ATTR_WORD;
            attr->word = row->words[1];
        } else if (row->store == RG_TFLITE_TEXT) {
            attr->type = RG_ATTR_WORD;
            attr->word = "some text";
        } else {
            attr->i = row->store == RG_TFLITE_BOOL ? !row->preset : 3 + row->slot;
        }
    }
    return n;
}

/* A small file: one conv2d. Free `ret`. */
static inline void made_file(rg_text *ret) {
    rg_attr attrs[MADE_MOST_ATTRS];
    const rg_tflite_op *op = rg_tflite_op_of_kind("conv2d", 3);
    rg_graph *graph = made_graph("conv2d", attrs, made_attrs(op, attrs));
    rg_writer_tflite.write(graph, ret, NULL);
    rg_graph_free(graph);
}

/* Reads bytes of a made file. */
static inline rg_status made_read(const void *data, size_t bytes, rg_graph **ret, rg_err *err) {
    *ret = NULL;
    return rg_reader_tflite.read(data, bytes, "made", NULL, ret, err);
}

#endif
