/* prover.h: the truth that a worker is held to. A helper process computes the reference outputs
 * once for each model, input set, seed, batch and build of this program, and keeps them in the
 * cache; the worker only reads and compares, so that its memory and caches are its own. */
#ifndef RG_RUN_PROVER_H
#define RG_RUN_PROVER_H

#include <jansson.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/hash.h"
#include "bench/iface/target.h"
#include "bench/run/agree.h"
#include "bench/run/inputs.h"

/* Reference outputs as read from the cache. */
typedef struct rg_reference {
    const void *out[RG_MAX_IO]; /* repeat x bytes of each graph output */
    uint32_t n_out;
    char sha256[RG_HASH_HEX]; /* of all outputs, one after another */
} rg_reference;

/* Path of the cache file for a model; in `arena`. The name hashes all that the outputs depend on,
 * this program's own file included, so that a new build never meets an old truth; of real inputs
 * their SHA-256, which the set must hold. */
rg_status rg_reference_path(rg_arena *arena, const char *model_sha256, const rg_input_set *set,
                            char **ret_path, rg_err *err);

/* Computes the outputs and writes the file. In a helper process only. */
rg_status rg_reference_make(const rg_graph *graph, const rg_input_set *set, const char *path,
                            rg_err *err);

/* Reads the file into `arena`. RG_ABSENT when there is none, RG_BAD_DATA when it is damaged or does
 * not fit the graph. */
rg_status rg_reference_read(rg_arena *arena, const rg_graph *graph, uint32_t repeat,
                            const char *path, rg_reference *ret_reference, rg_err *err);

/* Compares the outputs of a slot. RG_WRONG with the reason; `ret_agreement` is filled always. */
rg_status rg_reference_compare(const rg_graph *graph, const rg_reference *reference,
                               const rg_io *io, uint32_t repeat, bool exact_target,
                               rg_agreement *ret_agreement, rg_err *err);

#endif
