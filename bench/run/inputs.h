/* inputs.h: what a cell's inputs hold: seeded numbers, zeros, or what the user gives. The worker
 * fills its slots and the prover computes the truth from the same set, so each kind is proven. */
#ifndef RG_RUN_INPUTS_H
#define RG_RUN_INPUTS_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/hash.h"
#include "bench/run/request.h"

/* The inputs of a cell: one set, the same in every slot, since nothing may be copied in the timed
 * loop. "random": elements of SplitMix64 from `seed` + the input's number; "zero": each element is
 * the zero point, or 0 where there is none; "real": `files`, one of
 *   - a .npy file or raw elements, for a model with one input;
 *   - a folder with N.npy or N.bin for input N, the same in each sample of a batch;
 *   - a folder with labels.tsv (run/dataset.h), for a model with one input: its samples in order.
 * Values get into the input as in `railgauge accuracy`; raw elements without labels.tsv are the
 * input's own. */
typedef struct rg_input_set {
    const char *kind; /* "random", "zero" or "real" */
    uint64_t seed;
    uint32_t repeat;    /* of the graph's inputs in a request, filled one after another */
    const char *files;  /* "real": path */
    const char *sha256; /* "real": rg_inputs_hash, for rg_reference_path only; else NULL */
} rg_input_set;

/* How many times the graph's own inputs make a request of `batch` samples: once for a model that
 * was made for this batch (its first dimension), else `batch` times. This is a set's `repeat`. */
uint32_t rg_inputs_repeat(const rg_graph *graph, uint32_t batch);

/* The set that a cell asks for, its text borrowed. */
rg_input_set rg_inputs_of(const rg_cell *cell, const rg_graph *graph, uint32_t batch);

/* Writes input i of the graph into `data` of `bytes` (repeat x the tensor's). RG_UNSUPPORTED when
 * the target's memory has another size, RG_USAGE for an unknown kind or files that do not name each
 * input, RG_BAD_DATA and RG_IO with the file's name for files that do not fit or cannot be read. */
rg_status rg_inputs_fill(const rg_graph *graph, uint32_t i, const rg_input_set *set, void *data,
                         size_t bytes, rg_err *err);

/* SHA-256 of all inputs as they are filled: of one input its bytes', of several of their hashes,
 * one after another. The same errors. */
rg_status rg_inputs_hash(const rg_graph *graph, const rg_input_set *set, char ret_hex[RG_HASH_HEX],
                         rg_err *err);

#endif
