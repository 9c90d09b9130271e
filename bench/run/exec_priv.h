/* exec_priv.h: what the executor's files share. exec_prepare.c readies the nodes of a graph once
 * (rewritten by fuse.c, views found by exec_view.c, costs by exec_cost.c), exec_place.c gives each
 * tensor its memory, exec.c joins them and runs, exec_look.c tells of it all. */
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
    uint32_t source; /* its number in the source graph */
    bool view;       /* its output shares its input's place: nothing to compute */
    bool split;      /* worth sharing among threads, when there are several */
} rg_ready;

/* A graph made ready, shared by the execs that run it; freed with the last of them. */
typedef struct rg_prepared {
    atomic_uint holders;
    const rg_graph *source; /* the caller's */
    const rg_graph *graph;  /* what is run: `own`, or the source */
    rg_graph *own;          /* rewritten; NULL: none */
    const uint32_t *home;   /* by node of the source: its node of `own`; NULL: the same number */
    const uint32_t *alias;  /* by tensor: as in rg_fused; NULL: none */
    rg_arena *arena;        /* calls, states, packed weights, what follows */
    rg_ready *nodes;        /* by node of `graph` */
    uint32_t *root;         /* by tensor: the tensor whose place it shares, itself otherwise */
    uint64_t isa_mask;
    bool reference, plain;                           /* plain: neither rewritten nor views shared */
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

/* Plans and allocates; `root` as in rg_prepared; `arena` holds the lists, rg_places_free the block.
 */
rg_status rg_places_new(const rg_graph *graph, const uint32_t *root, bool keep_all,
                        size_t limit_bytes, rg_arena *arena, rg_places *ret_places, rg_err *err);
void rg_places_free(rg_places *places);

/* Only the sizes, of a graph as it stands: the plan and the bound of activations, the state. Asks
 * nothing of operators and allocates no place. RG_NO_MEMORY. */
rg_status rg_places_measure(const rg_graph *graph, rg_places *ret_sizes, rg_err *err);

/* True when a call is long enough for several threads: two meetings cost less than they save. */
bool rg_exec_worth_splitting(const rg_op_call *call, const rg_kernel *kernel);

/* Finds the nodes whose outputs may share their inputs' places: fills `root` and `view`. */
rg_status rg_exec_find_views(rg_prepared *prepared, rg_err *err);

/* A node as the loop sees it. */
typedef struct rg_step {
    rg_ready ready;
    const void *const *in;
    void *const *out;
    uint32_t node; /* of the graph that is run */
    int64_t ns;    /* in the last run */
} rg_step;

struct rg_exec {
    const rg_graph *graph; /* prepared->graph */
    rg_prepared *prepared;
    rg_arena *arena; /* steps and pointers */
    rg_step *steps;
    uint32_t n_steps;
    bool any_split, count_nodes;
    rg_places places;
    unsigned char *scratch; /* scratch_bytes for each thread */
    size_t scratch_bytes;
    rg_threads *pool;
    rg_exec_memory memory;
};

#define RG_EXEC_DEFAULT_LIMIT ((size_t)2 << 30)

#endif
