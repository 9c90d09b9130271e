/* exec_priv.h: what the executor's files share. exec_prepare.c readies the nodes of a graph once,
 * exec_place.c gives each tensor its memory, exec.c joins them and runs. */
#ifndef RG_RUN_EXEC_PRIV_H
#define RG_RUN_EXEC_PRIV_H

#include <stdatomic.h>

#include "bench/iface/exec.h"
#include "bench/iface/kernel.h"
#include "bench/run/threads.h"

/* A node made ready: everything that does not depend on where tensors lie. */
typedef struct rg_ready {
    const rg_op_call *call;
    const rg_kernel *kernel; /* NULL: the reference */
    const void *prepared;    /* packed memory of the kernel, or the reference's state */
    size_t tiles, scratch_bytes;
    bool split; /* worth sharing among threads, when there are several */
} rg_ready;

/* A graph made ready, shared by the execs that run it; freed with the last of them. */
typedef struct rg_prepared {
    atomic_uint holders;
    const rg_graph *graph;
    rg_arena *arena; /* calls, states, packed weights, `nodes` */
    rg_ready *nodes; /* by node */
    uint64_t isa_mask;
    bool reference;
    size_t state_bytes, packed_bytes, scratch_bytes; /* scratch: of one thread */
    int64_t pack_ns;
} rg_prepared;

/* Resolves, chooses and packs. Errors as rg_exec_new's. */
rg_status rg_prepared_new(const rg_graph *graph, const rg_exec_options *options, size_t limit_bytes,
                          rg_prepared **ret_prepared, rg_err *err);
rg_prepared *rg_prepared_hold(rg_prepared *prepared);
void rg_prepared_release(rg_prepared *prepared); /* accepts NULL */

/* Where tensors lie. */
typedef struct rg_places {
    void **values;  /* by tensor: where its elements are; NULL: unused */
    bool *readable; /* by tensor: still there after a run */
    unsigned char *block;
    size_t arena_bytes, bound_bytes, variables_bytes;
} rg_places;

/* Plans and allocates; `arena` holds the lists, rg_places_free the block. */
rg_status rg_places_new(const rg_graph *graph, bool keep_all, size_t limit_bytes, rg_arena *arena,
                        rg_places *ret_places, rg_err *err);
void rg_places_free(rg_places *places);

/* True when a call is long enough for several threads: two meetings cost less than they save. */
bool rg_exec_worth_splitting(const rg_op_call *call, const rg_kernel *kernel);

enum { RG_EXEC_DEFAULT_LIMIT_MIB = 2048 };

#endif
