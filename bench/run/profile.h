/* profile.h: what each node of the model took in a target that tells it (rg_target.node), over some
 * runs, and what computed it. `infer --profile` prints it; rounds of `run --per-op` keep it. */
#ifndef RG_RUN_PROFILE_H
#define RG_RUN_PROFILE_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/work.h"
#include "bench/iface/target.h"

/* Times of all nodes over all runs. */
typedef struct rg_profile {
    const rg_target *target;
    const rg_program *program;
    const rg_graph *graph;
    size_t runs, cap;  /* taken, and room for */
    int64_t *node_ns;  /* by node and run: cap a node */
    int64_t *whole_ns; /* by run */
    rg_work *work;     /* by node; macs 0 where unknown */
    uint64_t *macs;    /* by node, with those of nodes that are computed in it */
} rg_profile;

/* Room for `runs` runs of a program that was opened with count_nodes. RG_UNSUPPORTED when the
 * target cannot tell of nodes. */
rg_status rg_profile_new(const rg_target *target, const rg_program *program, const rg_graph *graph,
                         size_t runs, rg_profile **ret_profile, rg_err *err);
void rg_profile_free(rg_profile *profile); /* accepts NULL */

/* Takes over the times of the run that has just ended, which took whole_ns. */
void rg_profile_take(rg_profile *profile, int64_t whole_ns);

/* One node: `how` is the kernel in words, "in node 3", or "nothing to do"; ns is the median, -1
 * where the target does not know the node. Sorts the node's times. */
typedef struct rg_profile_row {
    const char *kind, *name;
    char shape[64], how[96];
    int64_t ns;
    double gops;
} rg_profile_row;
rg_profile_row rg_profile_row_of(const rg_profile *profile, uint32_t node);
int64_t rg_profile_whole_ns(const rg_profile *profile); /* median over the runs */

/* {"whole_median_ns", "runs", "nodes": [{"node", "operator", "name", "output", "kernel",
 * "computed_in", "split", "median_ns" (left out where unknown), "macs"}]}, a new reference. */
json_t *rg_profile_json(const rg_profile *profile);

#endif
