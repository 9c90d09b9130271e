/* model.h: a model file in memory: found, read, hashed and turned into a graph by the reader that
 * recognises it. The executor, the worker and `infer` start here. */
#ifndef RG_RUN_MODEL_H
#define RG_RUN_MODEL_H

#include <stddef.h>

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/hash.h"
#include "bench/iface/model.h"

/* A loaded model. Owns everything below; constants of the graph point into `data`. */
typedef struct rg_model {
    rg_graph *graph;
    const rg_reader *reader; /* that made it */
    const void *data;        /* the file's bytes */
    size_t bytes;
    char sha256[RG_HASH_HEX]; /* of the bytes */
    char *path;               /* as given */
} rg_model;

/* The environment's RAILGAUGE_MODEL_LIMITS, "BYTES TENSORS NODES", each 0 for the default, which is
 * rg_model_limits_default. Memory for the graph is at most twice the file's limit and 64 MiB.
 * RG_USAGE when it is malformed. */
#define RG_MODEL_LIMITS_VARIABLE "RAILGAUGE_MODEL_LIMITS"
rg_status rg_model_limits_get(rg_model_limits *ret_limits, rg_err *err);

/* Loads `path`. `limits` NULL: rg_model_limits_get's. The file may change while the model is open.
 * Errors, each naming the path: RG_ABSENT no such file, RG_DENIED no permission, RG_IO other
 * reading errors, RG_BAD_DATA empty, foreign (Git LFS pointer, web page, ...) or damaged,
 * RG_NO_MEMORY a limit was reached. */
rg_status rg_model_load(const char *path, const rg_model_limits *limits, rg_model **ret_model,
                        rg_err *err);

/* Releases graph and file. Accepts NULL. */
void rg_model_close(rg_model *model);

#endif
