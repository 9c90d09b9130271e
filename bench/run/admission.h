/* admission.h: before anything is measured, each distinct combination of target, device, settings
 * and workload is asked once, in a child process, whether it can run here. Refusals are data: a
 * status, what happened and what to try. Reference outputs that are missing are made then, too.
 * Neighbours: child.c runs the children, supervisor.c uses the answers. */
#ifndef RG_RUN_ADMISSION_H
#define RG_RUN_ADMISSION_H

#include <jansson.h>
#include <signal.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/run/request.h"

enum {
    RG_ADMIT_LIMIT_S = 120,      /* for one question: suite models are made then */
    RG_REFERENCE_LIMIT_S = 1800, /* for one reference: the scalar truth is slow by nature */
};

/* What came out for one cell. Text lives in the arena. */
typedef struct rg_admission {
    rg_status status; /* OK, or why not */
    const char *what, *advice;
    const char *path;                              /* the workload's file */
    const char *artefact, *form, *artefact_sha256; /* what the target loads; NULL: `path` */
    const char *reference;  /* cache file with the truth; NULL none, then ... */
    const char *no_truth;   /* ... why */
    const char *provenance; /* "measured" or "simulated" */
    bool is_virtual;        /* time is virtual, and so are its rails */
    json_t *facts;          /* {"device", "description", "device_facts", "provenance", "workload",
                               "artefact", "io", "work"}, owned */
} rg_admission;

typedef struct rg_admission_spec {
    const char *program, *root;
    const volatile sig_atomic_t *stop;
    void (*news)(void *user, uint32_t cell, const char *phase); /* may be NULL */
    void *user;
} rg_admission_spec;

/* Fills one admission a cell of the plan. RG_INTERRUPTED when stopped meanwhile; refusals and
 * crashes of single questions are no error. Free each facts with rg_admissions_free. */
rg_status rg_admit_plan(const rg_plan *plan, const rg_admission_spec *spec, rg_arena *arena,
                        rg_admission *ret_admissions, rg_err *err);
void rg_admissions_free(rg_admission *admissions, size_t n);

/* A cell's line of cells.jsonl: rg_cell_to_json with "admission": {"status", "what", "advice",
 * "device", ...}. New reference. */
json_t *rg_admission_line(const rg_cell *cell, const rg_admission *admission);

#endif
