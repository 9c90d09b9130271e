/* child.h: one child process with one job: started, listened to, watched and ended. Nothing that it
 * does can hurt the caller: a crash, a hang, rubbish on its socket or its output come back as
 * values. Used by admission.c and supervisor.c; the other end is worker.c. */
#ifndef RG_RUN_CHILD_H
#define RG_RUN_CHILD_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/core/err.h"
#include "bench/run/job.h"

enum { RG_CHILD_OUTPUT_BYTES = 64 * 1024 }; /* last bytes of its stdout and stderr that are kept */

/* How a child is to be run. */
typedef struct rg_child_spec {
    const char *program; /* this program's file */
    const rg_job *job;
    const char *const *wrapper; /* words before the program's, the first a file to execute, NULL at
                                   the end: a tool that watches the worker; NULL: none */
    int64_t limit_ns;           /* after which it counts as hung and is killed */
    const volatile sig_atomic_t *stop; /* not 0: kill it and come back; may be NULL */
    void (*news)(void *user, const char *phase, uint64_t rows); /* now and then; may be NULL */
    void *user;
} rg_child_spec;

/* What came of it. */
typedef struct rg_child {
    rg_status status; /* of its final message; FAILED when there was none, INTERRUPTED when stopped
                       */
    rg_err err;       /* what and advice for any status but OK */
    json_t *facts;    /* of the final message; NULL without one */
    json_t *phases;   /* as far as it told; NULL none */
    char phase[32];   /* the last one it was in */
    char *output;     /* what it printed, at most RG_CHILD_OUTPUT_BYTES, NUL-terminated */
    size_t output_bytes;
    bool output_cut; /* there was more before */
    pid_t pid;
    int64_t started_wall_ns, elapsed_ns;
    int exit_code, exit_signal; /* -1 where not so */
    rg_sample *rows;            /* n_rows of them, owned */
    size_t n_rows;
    rg_rail *rails; /* owned */
    size_t n_rails;
    rg_power_row *power; /* owned */
    size_t n_power;
} rg_child;

/* Runs the job to its end. The result is always filled (status says how it went) and must be freed
 * with rg_child_free. */
void rg_child_run(const rg_child_spec *spec, rg_child *ret_child);
void rg_child_free(rg_child *child); /* accepts all-zero */

#endif
