/* settle.h: files whose shapes are worked out only when they run. Where every size follows from the
 * inputs' declared ones, it is worked out once at load. model.c calls it behind the reader. */
#ifndef RG_RUN_SETTLE_H
#define RG_RUN_SETTLE_H

#include "bench/core/err.h"
#include "bench/core/graph.h"

/* Gives the tensors of `graph`, which has passed rg_graph_check, the shapes that its operators
 * arrive at, node by node, where those differ from the declared ones; integers that can be computed
 * at load (shape arithmetic) become constants for the nodes that read them. A graph whose nodes can
 * all be computed as they stand is left alone. No node is removed. The graph passes the check
 * afterwards. RG_NO_MEMORY; nodes that cannot be computed are no error. */
rg_status rg_graph_settle(rg_graph *graph, size_t limit_bytes, rg_err *err);

#endif
