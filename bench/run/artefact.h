/* artefact.h: from a source model to the file that a target loads: the source itself where the
 * target takes its form, another form written from its graph, or a compiled file that a manifest
 * pairs with it. Admission asks once a cell; workers open what it found. */
#ifndef RG_RUN_ARTEFACT_H
#define RG_RUN_ARTEFACT_H

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/iface/target.h"

typedef struct rg_artefact_ask {
    const rg_target *target;
    const rg_device *device;     /* its fact "architecture" chooses between compiled files */
    const rg_workload *workload; /* the source: as rg_loaded_open gives it */
    const char *source;          /* "suite:NAME", "file:PATH", for advice */
    const char *given;           /* file that the user pairs with it; "" none */
    const rg_settings *settings; /* a word under the key `form` of its options chooses one of the
                                    target's forms; NULL: nothing is asked for */
} rg_artefact_ask;

typedef struct rg_artefact {
    const char *path, *form; /* in the arena */
    char sha256[RG_HASH_HEX];
    bool is_source; /* the source's own file */
} rg_artefact;

/* The first of the target's forms that can be had. What our writers make lies in the cache under a
 * name with its hash; compiled files are found by pairs.h. RG_UNSUPPORTED when there is none, with
 * the command that makes one. */
rg_status rg_artefact_find(const rg_artefact_ask *ask, rg_arena *arena, rg_artefact *ret_artefact,
                           rg_err *err);

/* True for the name of a file that a vendor's compiler wrote ("x_edgetpu.tflite", "x.hef"): a cell
 * that names one means the model it was compiled from. */
bool rg_artefact_is_compiled(const char *path);

/* For verbs that show what one model does: finds the artefact of `workload`, a source, reads it
 * into the arena and puts it in the source's place. `source` is what the user named, for advice. */
rg_status rg_artefact_open(const rg_target *target, const rg_device *device,
                           const rg_settings *settings, const char *source, rg_arena *arena,
                           rg_workload *workload, rg_err *err);

#endif
