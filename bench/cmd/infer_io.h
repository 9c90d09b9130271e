/* infer_io.h: what goes in and comes out of `railgauge infer`: raw little-endian tensors from files
 * or the seeded generator (infer_inputs.c), outputs to files, lines and JSON. infer.c runs the
 * model between them. */
#ifndef RG_CMD_INFER_IO_H
#define RG_CMD_INFER_IO_H

#include <jansson.h>

#include "bench/cmd/args.h"
#include "bench/core/arena.h"
#include "bench/core/graph.h"
#include "bench/iface/target.h"

/* Which file each graph input comes from, by the --input INDEX=FILE options of `args`; NULL where
 * none is given, which is an error unless `fill` is set. Paths are borrowed, `ret_paths` holds NULL
 * before. RG_USAGE for a wrong index or a missing input. */
rg_status rg_infer_choose(const rg_graph *graph, const rg_args *args, bool fill,
                          const char **ret_paths, rg_err *err);

/* Contents of every graph input, in the arena: raw elements or .npy, or filled from `seed` + index
 * where there is no path. RG_IO for an unreadable file, RG_BAD_DATA for one that does not fit,
 * RG_NO_MEMORY when all together are beyond the executor's limit. */
rg_status rg_infer_inputs(const rg_graph *graph, const char *const *paths, uint64_t seed,
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
