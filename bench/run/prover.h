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

/* The inputs of a cell: one set, the same in every slot, since nothing may be copied in the timed
 * loop. "random": elements of SplitMix64 from `seed` + the input's number; "zero": each element is
 * the zero point, or 0 where there is none. */
typedef struct rg_input_set {
    const char *kind; /* "random" or "zero" */
    uint64_t seed;
    uint32_t repeat; /* of the graph's inputs in a request, filled one after another */
} rg_input_set;

/* How many times the graph's own inputs make a request of `batch` samples: once for a model that
 * was made for this batch (its first dimension), else `batch` times. This is a set's `repeat`. */
uint32_t rg_inputs_repeat(const rg_graph *graph, uint32_t batch);

/* Writes input i of the graph into `data` of `bytes` (repeat x the tensor's). RG_UNSUPPORTED when
 * the target's memory has another size, RG_USAGE for an unknown kind. */
rg_status rg_inputs_fill(const rg_graph *graph, uint32_t i, const rg_input_set *set, void *data,
                         size_t bytes, rg_err *err);

/* Reference outputs as read from the cache. */
typedef struct rg_reference {
    const void *out[RG_MAX_IO]; /* repeat x bytes of each graph output */
    uint32_t n_out;
    char sha256[RG_HASH_HEX]; /* of all outputs, one after another */
} rg_reference;

/* Path of the cache file for a model; in `arena`. The name hashes all that the outputs depend on,
 * this program's own file included, so that a new build never meets an old truth. */
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
