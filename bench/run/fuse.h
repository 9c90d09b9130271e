/* fuse.h: a graph rewritten for speed, on a private copy, with the same results in every bit:
 * activations into the operators before them, borders into convolutions, constants worked out
 * once, columns turned into rows. The executor's; readers, counting of work and the reference see
 * the graph as it is. */
#ifndef RG_RUN_FUSE_H
#define RG_RUN_FUSE_H

#include "bench/core/err.h"
#include "bench/core/graph.h"

typedef struct rg_fused {
    rg_graph *graph; /* the source's tensors by their numbers, then more; fewer nodes; borrows the
                        source's tensors' data */
    uint32_t *alias; /* by tensor here: the tensor whose bytes it is under another shape; else its
                        own number. In the graph's arena, as all here. */
    uint32_t *home;  /* by node of the source: its node here, or that which computes it too;
                        UINT32_MAX: worked out at load */
} rg_fused;

/* `graph` must have passed rg_exec_admits and outlive the copy. Free ret->graph with rg_graph_free.
 * RG_NO_MEMORY when the copy and its constants would exceed limit_bytes. */
rg_status rg_fuse(const rg_graph *graph, size_t limit_bytes, rg_fused *ret, rg_err *err);

#endif
