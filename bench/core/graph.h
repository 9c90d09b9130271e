/* graph.h: the one source graph of a workload, as plain data: tensors, nodes with named attributes,
 * inputs and outputs. Readers build it, the reference executes it, operations are counted from it,
 * writers export it. It knows operators only by their kind ("conv2d") and attributes by name, so it
 * depends on no operator. */
#ifndef RG_CORE_GRAPH_H
#define RG_CORE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/tensor.h"

/* One attribute of a node. Enumerations are words ("same", "valid", "relu6"). */
typedef enum rg_attr_type { RG_ATTR_INT, RG_ATTR_REAL, RG_ATTR_WORD } rg_attr_type;
typedef struct rg_attr {
    const char *key;
    rg_attr_type type;
    int64_t i;
    double r;
    const char *word;
} rg_attr;

/* One node. Tensor numbers index graph->tensors; -1 marks an optional input that is left out. */
typedef struct rg_node {
    const char *kind; /* "conv2d"; for operators that we do not know, the source's own name */
    const char *name; /* for messages: name of the first output */
    bool known;       /* false: the reader has no mapping; `kind` is then only a name to print */
    uint32_t n_in, n_out, n_attrs;
    const int32_t *in;
    const int32_t *out;
    const rg_attr *attrs;
} rg_node;

typedef struct rg_graph {
    rg_arena *arena;                         /* owns everything below; freeing it frees the graph */
    const char *name, *description, *format; /* "tflite", "suite", ... */
    uint32_t n_tensors, n_nodes, n_in, n_out;
    rg_tensor *tensors;
    rg_node *nodes;          /* in execution order */
    const int32_t *in, *out; /* graph inputs and outputs, tensor numbers */
    size_t file_bytes;       /* size of the file it came from, 0 when built in memory */
} rg_graph;

/* A fresh empty graph with its own arena; NULL when out of memory. */
rg_graph *rg_graph_new(size_t limit_bytes);

/* Frees the graph, its arena and itself. Accepts NULL. */
void rg_graph_free(rg_graph *graph);

/* The attribute `key` of a node, NULL when it has none. */
const rg_attr *rg_node_attr(const rg_node *node, const char *key);

/* Tensor of input i of a node; NULL when absent (beyond n_in or -1). Same for outputs. */
const rg_tensor *rg_node_in(const rg_graph *graph, const rg_node *node, uint32_t i);
const rg_tensor *rg_node_out(const rg_graph *graph, const rg_node *node, uint32_t i);

/* Checks what every reader promises: tensor numbers in range, each non-constant tensor written
 * before it is read and at most once, bytes matching shapes, quantization arrays matching their
 * axis, scales finite and positive, outputs existing. RG_BAD_DATA with the node or tensor named. */
rg_status rg_graph_check(const rg_graph *graph, rg_err *err);

/* Bytes of constants (weights, biases): what a file must hold at least. */
size_t rg_graph_constant_bytes(const rg_graph *graph);

#endif
