/* infer_profile.h: `railgauge infer --profile`: what each node of the model took, and what computed
 * it. */
#ifndef RG_CMD_INFER_PROFILE_H
#define RG_CMD_INFER_PROFILE_H

#include "bench/core/json.h"
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
} rg_profile;

/* Room for `runs` runs. RG_UNSUPPORTED when the target cannot tell of nodes. */
rg_status rg_profile_new(const rg_target *target, const rg_program *program, const rg_graph *graph,
                         size_t runs, rg_profile **ret_profile, rg_err *err);
void rg_profile_free(rg_profile *profile); /* accepts NULL */

/* Takes over the times of the run that has just ended, which took whole_ns. */
void rg_profile_take(rg_profile *profile, int64_t whole_ns);

/* Medians over the runs, a line a node, to stdout; or as an array of objects. */
void rg_profile_print(const rg_profile *profile);
json_t *rg_profile_json(const rg_profile *profile);

#endif
