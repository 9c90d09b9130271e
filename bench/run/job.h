/* job.h: what the supervisor and its child processes say to each other. The child gets one job (a
 * line of JSON) over a socket pair at descriptor RG_JOB_SOCKET, answers with lines of JSON, and
 * leaves samples and power rows in shared memory at RG_JOB_MEMORY. Both sides are this same
 * program, or another build that speaks the same protocol (the arms of a gate), so structs need no
 * translation; sizes are checked all the same. */
#ifndef RG_RUN_JOB_H
#define RG_RUN_JOB_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/iface/sensor.h"
#include "bench/run/request.h"
#include "bench/run/round.h"

enum {
    RG_JOB_SOCKET = 3,
    RG_JOB_MEMORY = 4,
    RG_JOB_LINE_BYTES = 4 << 20, /* longest line either side accepts */
};

typedef enum rg_job_kind {
    RG_JOB_ADMIT,     /* can this cell run here? resolves its workload and device */
    RG_JOB_REFERENCE, /* compute the reference outputs of a workload into the cache */
    RG_JOB_MEASURE,   /* one round */
    RG_JOB_REPEAT,    /* some inferences and nothing else, for a tool that watches the worker */
} rg_job_kind;

/* A job. Text and JSON live in the arena that read it (or with the sender). */
typedef struct rg_job {
    rg_job_kind kind;
    rg_cell cell;
    uint32_t round;   /* of the cell */
    const char *root; /* folder of a recorded machine, NULL: this one */
    const char *path; /* MEASURE, REPEAT, REFERENCE: the workload's file, from admission */
    const char *artefact, *form, *artefact_sha256; /* MEASURE, REPEAT: the file that the target
                                                      loads and its form; NULL: `path` as it is */
    const char
        *reference;       /* MEASURE: cache file to compare with, NULL: none; REFERENCE: to write */
    const char *no_truth; /* MEASURE: why there is no reference, NULL otherwise */
    bool per_op;          /* MEASURE: time each operator at the end */
    bool power;           /* MEASURE: bracket idle windows; sample virtual rails */
    int64_t idle_ns;      /* length of those windows */
    const char *const *rails;    /* NULL-ended */
    const char *const *counters; /* NULL-ended */
    const char *turns;           /* MEASURE: page of turns with another worker (turns.h), or NULL */
    int side;                    /* in those turns: 0 or 1 */
    int64_t slice_ns;            /* length of a slice then */
    uint64_t seed;               /* of the round: choice of outputs to compare, reservoir */
    uint32_t inferences;         /* REPEAT: after the first one */
} rg_job;

json_t *rg_job_to_json(const rg_job *job); /* new reference, NULL when out of memory */
rg_status rg_job_from_json(const json_t *object, rg_arena *arena, rg_job *ret_job, rg_err *err);

/* Shared memory: this head, then RG_ROWS_CAP rows and the scratch rows; power rows follow where the
 * child puts them. `progress` is a hint for the watchdog and the progress line. */
typedef struct rg_job_memory {
    uint64_t magic;
    uint64_t progress;                                     /* rows so far */
    uint64_t n_rows;                                       /* final: stored, warm-up first */
    uint64_t rails_offset, n_rails, power_offset, n_power; /* final; offsets in the file */
    rg_sample rows[];
} rg_job_memory;

#define RG_JOB_MAGIC UINT64_C(0x52474a4f424d454d)

/* What both sides must agree on, as one line ("railgauge-worker 1 rows=... sample=..."): two builds
 * that say the same can drive each other's workers. Its number changes with the meaning of jobs and
 * answers; the sizes speak for themselves. */
#define RG_JOB_PROTOCOL 1
void rg_job_protocol(char *ret, size_t cap);

/* Bytes of the shared memory before any power rows. */
size_t rg_job_memory_bytes(void);

/* Reads lines from a socket: keeps what is incomplete. */
typedef struct rg_lines {
    char *data;
    size_t bytes, cap, start;
} rg_lines;

/* Takes what the socket has (may block if it blocks). RG_OK with data, RG_AGAIN none now, RG_ABSENT
 * at its end, RG_NO_MEMORY when a line grows beyond RG_JOB_LINE_BYTES. */
rg_status rg_lines_fill(rg_lines *lines, int fd);
char *rg_lines_next(rg_lines *lines); /* next whole line without its newline, NULL none */
void rg_lines_free(rg_lines *lines);

/* Sends one value as a line; false when the other side is gone. */
bool rg_line_send(int fd, const json_t *value);

#endif
