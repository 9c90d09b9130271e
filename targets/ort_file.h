/* ort_file.h: as much of an .onnx file as it takes to know its nodes again in what the runtime
 * tells: names, types, which values they read and make; and the names of open dimensions. Joined to
 * the source graph, whose nodes were read from this file or written into it (ort_match.c). */
#ifndef RG_TARGETS_ORT_FILE_H
#define RG_TARGETS_ORT_FILE_H

#include "bench/core/arena.h"
#include "bench/core/graph.h"

/* One node of the file. */
typedef struct rg_ort_node {
    const char *name, *type; /* "" where there is none */
    const char **in, **out;
    uint32_t n_in, n_out;
    int32_t source; /* node of the source graph that it belongs to; -1 none */
} rg_ort_node;

/* An open dimension of an input that has a name. */
typedef struct rg_ort_dim {
    const char *name;
    bool first; /* the first one of its input: samples */
} rg_ort_dim;

typedef struct rg_ort_file {
    rg_ort_node *nodes;
    uint32_t n_nodes;
    rg_ort_dim *dims;
    uint32_t n_dims;
    struct rg_ort_name *by_name,
        *by_value; /* nodes by their names, and by what they make; sorted */
    size_t n_values;
} rg_ort_file;

/* Reads nodes and dimensions; text lives in the arena. RG_BAD_DATA for bytes that are no protobuf
 * of this shape; RG_NO_MEMORY. */
rg_status rg_ort_file_read(rg_arena *arena, const void *data, size_t bytes, rg_ort_file *ret_file,
                           rg_err *err);

/* Fills `source` of each node: by the values that it makes, which our reader names nodes after and
 * our writer tensors; nodes that only quantize or dequantize go with the node that they serve. */
rg_status rg_ort_file_join(rg_arena *arena, rg_ort_file *file, const rg_graph *graph, rg_err *err);

/* The node that the runtime means, -1 for one of its own: by its name; a name or a value that its
 * name begins with ("conv_token_27", "relu1_nchwc"), the longest first; for files without names by
 * `index`, where that is not -1, and type. */
int32_t rg_ort_file_find(const rg_ort_file *file, const char *runtime_name, const char *type,
                         int32_t index);

/* The next node without a name of this type that is not yet taken; takes it. -1 none. */
int32_t rg_ort_file_take(const rg_ort_file *file, const char *type, bool *taken);

#endif
