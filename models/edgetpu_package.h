/* edgetpu_package.h: what the executable inside a file compiled for the Edge TPU says of itself:
 * tflite_custom.c makes attributes of it. Facts: the public schema of the runtime's executables
 * (identifier DWN1) and a dozen compiled files. */
#ifndef RG_MODELS_EDGETPU_PACKAGE_H
#define RG_MODELS_EDGETPU_PACKAGE_H

#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/graph.h"

enum { RG_EDGETPU_ATTRS = 16 }; /* places that rg_edgetpu_read_package may fill */

/* Reads a serialised package and appends what it found to attrs[*n]: `executable` (the identifier),
 * `executable_bytes`, and of the executables inside `executables`, `min_runtime`, `compiler`,
 * `chip`, `cached_bytes` (parameters sent once and kept on the chip), `streamed_bytes` (sent with
 * each inference), `instruction_bytes`, `scratch_bytes`, `input_bytes`, `output_bytes` (an
 * inference's transfers as the device lays them out), `cycles` where it was estimated, and
 * `caching_token` (models with the same token share the chip's cache). A package that cannot be
 * read has `package_problem` in their place, and is no error. Texts are in the arena; what memory
 * does not suffice for is left out. */
void rg_edgetpu_read_package(const unsigned char *data, size_t bytes, rg_arena *arena,
                             rg_attr *attrs, uint32_t *n);

#endif
