/* fuse_priv.h: a graph while it is rewritten: fuse_graph.c copies it, works constants out and
 * closes the gaps; fuse.c has the rules that join nodes, fuse_row.c turns columns into rows. */
#ifndef RG_RUN_FUSE_PRIV_H
#define RG_RUN_FUSE_PRIV_H

#include "bench/run/fuse.h"

typedef struct rg_fuse_work {
    const rg_graph *source;
    rg_graph *graph;   /* the copy; still with all nodes */
    uint32_t *maker;   /* by tensor: node that writes it; UINT32_MAX: none */
    uint32_t *readers; /* by tensor: how many inputs of nodes and outputs of the graph it is */
    uint32_t *alias;   /* by tensor: as in rg_fused */
    bool *gone;        /* by node */
    uint32_t *home;    /* by node that is gone: the node that computes it; UINT32_MAX: none */
} rg_fuse_work;

/* Leaves node `n` out; `home` computes it too, UINT32_MAX: nothing need be computed. */
void rg_fuse_drop(rg_fuse_work *w, uint32_t n, uint32_t home);

/* Nodes whose inputs are all constants are computed now, by the reference. */
rg_status rg_fuse_constants(rg_fuse_work *w, rg_err *err);

/* Joins activations and borders. */
rg_status rg_fuse_join(rg_fuse_work *w, rg_err *err);

/* Turns columns into rows. `maker` and `readers` are of no use afterwards. */
rg_status rg_fuse_rows(rg_fuse_work *w, rg_err *err);

/* How many tensors a node may add. */
enum { RG_FUSE_MORE_TENSORS = 3 };

#endif
