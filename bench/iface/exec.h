/* exec.h: services of the hub that CPU-like targets call: run a graph with the operators of the
 * registry on this machine's cores. Implemented in bench/run/exec.c; declared here because targets
 * see only core and iface. */
#ifndef RG_IFACE_EXEC_H
#define RG_IFACE_EXEC_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/work.h"

typedef struct rg_exec rg_exec; /* one loaded graph with its memory and threads */

typedef struct rg_exec_options {
    uint32_t threads; /* workers, the caller's thread included; 0 counts as 1 */
    const char
        *cores;       /* list such as "0,2-3" to pin to; NULL: the first `threads` cores by hwloc */
    bool count_nodes; /* keep the time of each node (costs two clock reads a node) */
} rg_exec_options;

typedef struct rg_exec_memory {
    size_t arena_bytes;       /* activations and scratch as planned */
    size_t arena_bound_bytes; /* largest sum of tensors alive at one node: no plan can be smaller */
    size_t weights_bytes;     /* constants */
    size_t state_bytes;       /* multipliers and tables prepared at load */
} rg_exec_memory;

/* True when every node has an operator and accepts its tensors; else RG_UNSUPPORTED naming the
 * first node that does not and how many there are. */
rg_status rg_exec_admits(const rg_graph *graph, rg_err *err);

/* Plans memory, prepares operators, starts and pins threads. `graph` must outlive the exec. */
rg_status rg_exec_new(const rg_graph *graph, const rg_exec_options *options, rg_exec **ret_exec,
                      rg_err *err);
void rg_exec_free(rg_exec *exec); /* accepts NULL */

/* Where to write graph input i, where output i stands after rg_exec_run. Fixed for the exec's life.
 */
void *rg_exec_input(rg_exec *exec, uint32_t i);
const void *rg_exec_output(rg_exec *exec, uint32_t i);

/* One inference. Not reentrant. Inputs are left unchanged. */
void rg_exec_run(rg_exec *exec);

/* Puts variable tensors back to their zero points. */
void rg_exec_reset(rg_exec *exec);

/* Value of any tensor of the graph after a run, when the exec was created with keep (see exec.c);
 * NULL if its memory has been reused. */
const void *rg_exec_tensor(rg_exec *exec, uint32_t tensor);

rg_exec_memory rg_exec_memory_of(const rg_exec *exec);
bool rg_exec_is_pinned(const rg_exec *exec);

/* Time of node i in the last run, when count_nodes was set; 0 otherwise. */
int64_t rg_exec_node_ns(const rg_exec *exec, uint32_t node);

/* Work of a whole graph; RG_UNSUPPORTED when an operator is unknown (ops-unknown). */
rg_status rg_graph_work(const rg_graph *graph, rg_work *ret_work, rg_err *err);

#endif
