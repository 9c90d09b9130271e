/* exec.h: services of the hub that CPU-like targets call: run a graph with the operators and
 * kernels of the registry on this machine's cores. Implemented in bench/run/exec*.c; declared here
 * because targets see only core and iface. */
#ifndef RG_IFACE_EXEC_H
#define RG_IFACE_EXEC_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/work.h"

typedef struct rg_exec rg_exec; /* one loaded graph with its memory and threads */

typedef struct rg_exec_options {
    uint32_t threads;    /* workers, the caller's thread included; 0 counts as 1 */
    const char *cores;   /* list such as "0,2-3" to pin to; NULL or "": all that this process may
                            use by hwloc, one CPU of each core first */
    uint32_t first_core; /* thread t takes CPU number first_core + t of those, wrapping round */
    bool count_nodes;    /* keep the time of each node (costs one clock read a node) */
    bool keep_all;       /* each tensor in memory of its own, readable after a run (calibration) */
    size_t memory_limit_bytes; /* activations and prepared state together; 0: 2 GiB */
    bool reference; /* the scalar reference computes every node, as it stands in the graph:
                       what truth and calibration are made with */
    bool no_fusion; /* runs the graph node by node as it stands: no activation or border joined to
                       the operator before or behind it, no constants worked out at load, no tensor
                       in another's place; never needed for equal results */
    uint64_t isa_mask; /* features of isa.h that kernels may use, as far as the CPU has them;
                          0: rg_isa_allowed(); RG_EXEC_SCALAR: none */
    const rg_exec
        *twin; /* takes over what was prepared for another exec: packed weights, tables,
                  choice of kernels. Same graph; `reference`, `no_fusion` and
                  `isa_mask` are the twin's. Either may be freed first. NULL: prepares its own. */
} rg_exec_options;

/* A mask that allows no feature at all, where 0 means the default. */
#define RG_EXEC_SCALAR (UINT64_C(1) << 63)

typedef struct rg_exec_memory {
    size_t arena_bytes;       /* inputs, outputs and activations as planned */
    size_t arena_bound_bytes; /* largest sum of tensors alive at one node: no plan can be smaller */
    size_t weights_bytes;     /* constants */
    size_t state_bytes;       /* parameters, multipliers and tables prepared at load */
    size_t packed_bytes;      /* of kernels: packed weights, multipliers, tables; shared by twins */
    size_t scratch_bytes;     /* work memory of all threads */
    int64_t pack_ns;          /* how long it took to prepare and pack all nodes, untimed at runs */
    size_t variables_bytes;   /* tensors that live from one inference to the next */
} rg_exec_memory;

/* True when every node has an operator and accepts its tensors; else RG_UNSUPPORTED naming the
 * first node that does not and how many there are. */
rg_status rg_exec_admits(const rg_graph *graph, rg_err *err);

/* Plans memory, prepares operators, starts and pins threads. `graph` must have passed
 * rg_graph_check and must outlive the exec. The same inputs give the same outputs in every bit for
 * any number of threads. RG_UNSUPPORTED as rg_exec_admits, RG_NO_MEMORY when the memory limit is
 * exceeded (told before anything large is allocated), RG_USAGE for a bad list of cores. */
rg_status rg_exec_new(const rg_graph *graph, const rg_exec_options *options, rg_exec **ret_exec,
                      rg_err *err);
void rg_exec_free(rg_exec *exec); /* accepts NULL */

/* Where to write graph input i, where output i stands after rg_exec_run. Fixed for the exec's life.
 */
void *rg_exec_input(rg_exec *exec, uint32_t i);
const void *rg_exec_output(rg_exec *exec, uint32_t i);

/* One inference. Not reentrant. Inputs are left unchanged. */
void rg_exec_run(rg_exec *exec);

/* Puts variable tensors back to their initial values or zero points. */
void rg_exec_reset(rg_exec *exec);

/* Value of a tensor after a run: constants, variables, graph inputs and outputs always, any other
 * when the exec was made with keep_all. NULL where memory is shared or nothing uses the tensor. */
const void *rg_exec_tensor(rg_exec *exec, uint32_t tensor);

rg_exec_memory rg_exec_memory_of(const rg_exec *exec);

/* True when every thread could be pinned to its CPU; the caller's own is pinned when it first runs.
 */
bool rg_exec_is_pinned(const rg_exec *exec);

/* The CPUs that an exec with these options takes, by thread ("0-1"); "" where that cannot be told.
 * RG_USAGE for a list that is none, RG_ABSENT for CPUs that this process may not use. The first
 * call in a process asks hwloc (some 5 ms), so targets call it before what they time. */
rg_status rg_exec_cores(const rg_exec_options *options, char *ret, size_t cap, rg_err *err);

/* What became of one node of the graph. */
typedef struct rg_exec_node {
    const char *kernel;   /* name of a kernel, "reference", or "" where nothing is computed */
    uint32_t computed_in; /* the node whose kernel computes this one too; else its own number */
    bool split;           /* over all threads */
    int64_t ns;           /* in the last run, when count_nodes was set; 0 when part of another */
} rg_exec_node;

rg_exec_node rg_exec_node_of(const rg_exec *exec, uint32_t node);

/* Members of the same: time and kernel of node i. */
int64_t rg_exec_node_ns(const rg_exec *exec, uint32_t node);
const char *rg_exec_node_kernel(const rg_exec *exec, uint32_t node);

/* The features that kernels of this exec may use: 0 for the reference and for none. */
uint64_t rg_exec_isa(const rg_exec *exec);

/* Work of a whole graph; RG_UNSUPPORTED when an operator is unknown (ops-unknown). */
rg_status rg_graph_work(const rg_graph *graph, rg_work *ret_work, rg_err *err);

/* The same node by node, into graph->n_nodes places. */
rg_status rg_graph_node_works(const rg_graph *graph, rg_work *ret_works, rg_err *err);

#endif
