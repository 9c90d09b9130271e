/* model.h: the graph's outside. Readers turn a file's bytes into a graph, writers a graph into
 * bytes. Spokes in models/: one file each, one line in models/meson.build. */
#ifndef RG_IFACE_MODEL_H
#define RG_IFACE_MODEL_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/text.h"

/* What a hostile file may cost at most; checked before anything is allocated. */
typedef struct rg_model_limits {
    size_t file_bytes;  /* of the file */
    size_t graph_bytes; /* of memory for the graph */
    uint32_t tensors, nodes;
} rg_model_limits;

extern const rg_model_limits rg_model_limits_default; /* 1 GiB, 2 GiB, 65536, 65536 */

typedef struct rg_reader {
    const char *name, *summary, *extension; /* "tflite", "...", ".tflite" */
    /* True when the bytes look like this format (magic, not extension). */
    bool (*sniff)(const void *data, size_t bytes);
    /* Builds a graph that passes rg_graph_check. Every offset and length of the file is verified;
     * unknown operators become nodes with known = false, never errors. Constants may point into
     * `data`, which must outlive the graph. `name` is for messages and becomes the graph's name. */
    rg_status (*read)(const void *data, size_t bytes, const char *name,
                      const rg_model_limits *limits, rg_graph **ret_graph, rg_err *err);
} rg_reader;

typedef struct rg_writer {
    const char *name, *summary, *extension;
    /* Appends the file's bytes to `ret`. RG_UNSUPPORTED names the first node it cannot express. The
     * same graph always gives the same bytes. */
    rg_status (*write)(const rg_graph *graph, rg_text *ret, rg_err *err);
} rg_writer;

#endif
