/* calls.h: a graph's nodes made ready to compute: operator found, parameters parsed, shapes worked
 * out and compared with those that the file declares. What the executor and the counting of work
 * share. */
#ifndef RG_RUN_CALLS_H
#define RG_RUN_CALLS_H

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/iface/op.h"

/* Resolves every node of `graph` into an array of graph->n_nodes calls in `arena`. RG_UNSUPPORTED
 * when some node cannot be computed: says how many, which operators, and the first one's reason.
 * RG_NO_MEMORY when the arena is exhausted. The graph must outlive the calls. */
rg_status rg_calls_resolve(const rg_graph *graph, rg_arena *arena, rg_op_call **ret_calls,
                           rg_err *err);

/* One node's tensors, operator and parameters, its shapes not yet looked at. */
rg_status rg_call_begin(const rg_graph *graph, const rg_node *node, rg_arena *arena,
                        rg_op_call *ret_call, rg_err *err);

/* One node alone. Errors name the reason, not the node. */
rg_status rg_call_resolve(const rg_graph *graph, const rg_node *node, rg_arena *arena,
                          rg_op_call *ret_call, rg_err *err);

#endif
