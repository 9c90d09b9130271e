/* workload.h: from a cell's source to the file that a target loads. Admission resolves the source
 * once (materialising suite models and operator cases into the cache); workers then open the path.
 */
#ifndef RG_RUN_WORKLOAD_H
#define RG_RUN_WORKLOAD_H

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/iface/target.h"
#include "bench/run/model.h"

/* Finds or makes the file behind "file:PATH", "suite:NAME" or "op:JSON" (materialise.h, also for
 * `precision`). "empty:N", also as file name, stands for itself: a model without operators that
 * hands N bytes through, which costs what a call costs. */
rg_status rg_workload_resolve(const char *source, const char *precision, rg_arena *arena,
                              const char **ret_path, rg_err *err);

/* Where the weights of such a source come from: "trained" (a file from outside), "seeded" (the
 * suite and operator cases), "none" (empty:N); "" of no source. What `railgauge export` wrote is a
 * file like any other. */
const char *rg_weights_word(const char *source);

/* The workload of a model file as it is; it points into the model. */
rg_workload rg_workload_of(const rg_model *model);

/* An open workload; the rg_workload inside points into it. */
typedef struct rg_loaded {
    rg_model *model;          /* NULL for "empty:N" */
    rg_graph *made;           /* the graph of "empty:N", else NULL */
    char sha256[RG_HASH_HEX]; /* of the source */
    const char *format;       /* of the source: "tflite", "empty" */
    rg_arena *artefact;       /* the artefact's bytes; NULL: those of the source */
    rg_workload workload;
} rg_loaded;

/* Opens what rg_workload_resolve found. `name` must outlive it. */
rg_status rg_loaded_open(const char *name, const char *path, rg_loaded *ret_loaded, rg_err *err);

/* Reads the artefact that the target loads in place of the source's file; its graph stays the
 * workload's. `path`, `form` and `sha256` (of the file, as rg_artefact_find told) must outlive it;
 * the bytes are not hashed again, so that this can be timed. */
rg_status rg_loaded_artefact(rg_loaded *loaded, const char *path, const char *form,
                             const char *sha256, rg_err *err);
void rg_loaded_close(rg_loaded *loaded); /* accepts NULL and all-zero */

#endif
