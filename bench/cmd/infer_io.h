/* infer_io.h: what goes in and comes out of `railgauge infer`: raw little-endian tensors from files
 * or the seeded generator, outputs to files, lines and JSON. infer.c runs the model between them.
 */
#ifndef RG_CMD_INFER_IO_H
#define RG_CMD_INFER_IO_H

#include <jansson.h>

#include "bench/cmd/args.h"
#include "bench/core/arena.h"
#include "bench/core/graph.h"
#include "bench/iface/target.h"

/* Contents of every graph input, in the arena. `args` holds the --input INDEX=FILE options, raw
 * elements or .npy; inputs that none of them names are filled from `seed` + index when `fill` is
 * set. RG_USAGE for a wrong index or a missing input, RG_IO for an unreadable file, RG_BAD_DATA for
 * one of the wrong size. */
rg_status rg_infer_inputs(const rg_graph *graph, const rg_args *args, bool fill, uint64_t seed,
                          rg_arena *arena, void **ret_inputs, rg_err *err);

/* Writes DIR/0.bin, DIR/1.bin ..., or 0.npy ..., creating DIR. RG_UNSUPPORTED for types that NumPy
 * lacks. */
rg_status rg_infer_write(const rg_graph *graph, const rg_io *io, const char *dir, bool npy,
                         rg_err *err);

/* Prints one line an output: index, name, type, shape, quantization, SHA-256, values. */
void rg_infer_print(const rg_graph *graph, const rg_io *io);

/* The same and more as JSON: an array with one object an output. `dir` NULL: not written. A new
 * reference. */
json_t *rg_infer_outputs_json(const rg_graph *graph, const rg_io *io, const char *dir, bool npy);

/* The inputs that were fed, likewise. A new reference. */
json_t *rg_infer_inputs_json(const rg_graph *graph, void *const *inputs);

#endif
