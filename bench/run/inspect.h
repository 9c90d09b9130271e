/* inspect.h: what can be said of a graph without running it: work, parameters, memory, quantization
 * and refusals, node by node and in sum, and what each target would take of it. Knows no format.
 * Shown by cmd/inspect*.c. */
#ifndef RG_RUN_INSPECT_H
#define RG_RUN_INSPECT_H

#include "bench/core/root.h"
#include "bench/core/work.h"
#include "bench/iface/target.h"
#include "bench/run/model.h"

/* One node of the graph, by its number. */
typedef struct rg_inspect_node {
    rg_status status; /* RG_OK: an operator of ours computes it; else why not: */
    const char *what, *advice;
    rg_work work;          /* zeros unless RG_OK */
    uint64_t parameters;   /* elements of its constants, shapes and indices not counted */
    size_t weights_bytes;  /* of its constants */
    char quantization[48]; /* "int8 per-channel (32)", "int4 groups of 32", "float32" */
} rg_inspect_node;

/* All nodes of one kind. */
typedef struct rg_inspect_kind {
    const char *kind;
    uint32_t nodes, refused, first_refused; /* first_refused: a node's number */
    uint64_t macs, parameters;
    size_t weights_bytes;
} rg_inspect_kind;

/* What a registered target would take, node by node. */
typedef struct rg_inspect_target {
    const char *name;
    bool simulated; /* a model of a device: what it takes says nothing about any real one */
    char device[64];
    rg_status status; /* of the whole model: RG_OK, RG_UNSUPPORTED; RG_ABSENT ... without device */
    rg_err why;       /* words for any other than RG_OK */
    uint32_t nodes;   /* that it takes one by one */
    uint64_t macs;
} rg_inspect_target;

typedef struct rg_inspection {
    const rg_graph *graph;
    rg_arena *arena; /* owns all below */
    rg_inspect_node *nodes;
    rg_inspect_kind *kinds; /* the most frequent first; beyond 1024 the last counts the rest */
    uint32_t n_kinds;
    rg_work work;     /* of the nodes that we know */
    uint32_t refused; /* nodes that we do not */
    uint64_t parameters;
    size_t weights_bytes;
    size_t plan_bytes, bound_bytes, variables_bytes; /* activations node by node, as they stand */
    rg_inspect_target *targets;
    uint32_t n_targets;
} rg_inspection;

/* Looks at a graph that has passed rg_graph_check and must outlive the answer. RG_NO_MEMORY. */
rg_status rg_inspect(const rg_graph *graph, rg_inspection **ret_inspection, rg_err *err);

/* Asks every registered target, foreign ones in a child. */
rg_status rg_inspect_targets(rg_inspection *inspection, const rg_model *model, rg_root *root,
                             rg_err *err);

void rg_inspection_free(rg_inspection *inspection); /* accepts NULL */

#endif
