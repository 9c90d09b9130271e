/* offload.h: what a vendor's compiler took of a source graph, seen from the file that it wrote:
 * opaque nodes stand for what runs on the device, what remains is the host's. Used by `inspect` and
 * by targets that run such files. */
#ifndef RG_IFACE_OFFLOAD_H
#define RG_IFACE_OFFLOAD_H

#include "bench/core/err.h"
#include "bench/core/graph.h"

/* Counts of a compiled graph, and of the source that it was made from. */
typedef struct rg_offload {
    uint32_t opaque;       /* nodes that stand for what runs on the device */
    uint32_t left;         /* nodes that remain with the host */
    uint32_t crossings;    /* changes between host and device in the order of execution */
    uint32_t passed;       /* tensors that one side writes and the other reads */
    uint64_t passed_bytes; /* of them, in one inference */
    uint32_t nodes, taken; /* of the source; those that the device computes */
    uint32_t added;        /* of `left`: nodes that the source does not have */
} rg_offload;

/* Whether a node stands for a vendor's executable: "edgetpu-custom-op", "ethos-u". */
bool rg_offload_is_opaque(const rg_node *node);

/* Counts the compiled graph alone: opaque, left, crossings, passed; the source's counts are 0.
 * RG_NO_MEMORY. */
rg_status rg_offload_count(const rg_graph *compiled, rg_offload *ret, rg_err *err);

/* Tells the source's nodes apart: what remains in the compiled graph is found by kind and name of
 * the first output, all other nodes were taken. `ret_taken` has source->n_nodes places. RG_INVALID
 * when the two graphs do not belong together: nothing was taken where opaque nodes are, or what an
 * opaque node gives is not computed by a node that was taken. RG_NO_MEMORY. */
rg_status rg_offload_match(const rg_graph *source, const rg_graph *compiled, bool *ret_taken,
                           rg_offload *ret, rg_err *err);

#endif
