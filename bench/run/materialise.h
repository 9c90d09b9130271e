/* materialise.h: built-in models and operator cases as .tflite files in the cache, made once by our
 * own writer, so that every target loads them like any file. */
#ifndef RG_RUN_MATERIALISE_H
#define RG_RUN_MATERIALISE_H

#include <jansson.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/graph.h"

/* Path of the file behind a cell's source, in the arena: "suite:ds-cnn", "op:{JSON case}" or
 * "file:PATH" (which stands for itself). `precision` is "" or "int8" for the quantized form,
 * "int4" for one whose fully connected layers have int4 weights, "float32" for its float twin; a
 * file has the precision that it has. The name in the cache is a hash of the description, so that a
 * changed model is made anew and an unchanged one never. RG_USAGE for unknown models (nearest
 * named). */
rg_status rg_materialise(const char *source, const char *precision, rg_arena *arena,
                         const char **ret_path, rg_err *err);

/* The description of a suite model (models/suite/lib/net.lua's document, a new reference): name,
 * summary, published {macs, within, source}, tensors, nodes. */
rg_status rg_suite_describe(const char *name, json_t **ret_description, rg_err *err);

/* The operator suite (models/suite/lib/opsuite.lua, a new reference): an array of {name, network,
 * source, layer, case, description}; `description` as above. */
rg_status rg_suite_ops(json_t **ret_rows, rg_err *err);

/* The graph that would be written, without writing it. */
rg_status rg_suite_graph(const json_t *description, const char *precision, rg_graph **ret_graph,
                         rg_err *err);

#endif
