/* supervisor.h: runs a plan: admission first, then round r of every cell before round r+1 of any,
 * odd rounds in reverse (ABBA), each in a fresh worker process under a watchdog. What comes out
 * goes to a sink, so that measuring knows nothing of bundles. Loads no foreign library itself. */
#ifndef RG_RUN_SUPERVISOR_H
#define RG_RUN_SUPERVISOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/root.h"
#include "bench/run/request.h"
#include "bench/run/round.h"

/* A round's grace beyond the tier's cap, before its worker counts as hung: RG_GRACE_NS, a quarter
 * of the cap, and the idle windows. */
#define RG_GRACE_NS INT64_C(5000000000)

/* From this round of a cell on, a tier's precision may shorten what is left of it. */
enum { RG_PRECISE_AFTER = 6 };

/* The order of a plan's rounds. Item i of the schedule has order i, whatever is admitted, so that a
 * resumed run counts as the first one did. */
typedef struct rg_slot {
    uint32_t cell, round;
} rg_slot;

/* Rounds of a plan in all, and the schedule in `ret_slots` of that many (NULL: only counts). */
size_t rg_schedule(const rg_plan *plan, rg_slot *ret_slots);

/* Where a run stands; for people. */
typedef struct rg_progress {
    const char *cell;  /* name */
    const char *phase; /* "admission", "load", "warm-up", "steady" ... */
    uint32_t round, rounds;
    size_t done, total;          /* rounds of the run */
    uint64_t rows;               /* of the round in progress */
    int64_t elapsed_ns, left_ns; /* of the run; left: an estimate, -1 unknown */
    const char *note;            /* something to say once ("cell given up ..."), NULL nothing */
} rg_progress;

/* Who takes the results. Callbacks that fail end the run with their error. */
typedef struct rg_sink {
    void *user;
    /* All cells' lines of cells.jsonl with their admissions, once, before the first round; not
     * called when cells_known. */
    rg_status (*cells)(void *user, const json_t *lines, rg_err *err);
    bool cells_known;
    /* A finished round, whatever its status. Borrowed for the call. */
    rg_status (*round)(void *user, const rg_round *round, rg_err *err);
    /* Is this round there from an earlier, interrupted run? Optional: none is. */
    bool (*has_round)(void *user, uint32_t order, rg_status *ret_status);
    /* Is the cell's p95 interval, over the rounds so far, within this share of p95? Optional:
     * never. */
    bool (*precise)(void *user, uint32_t cell, double share);
    void (*progress)(void *user, const rg_progress *progress); /* optional */
} rg_sink;

/* How a cell ended. Text is owned by the result. */
typedef struct rg_outcome {
    rg_status status; /* OK when at least one round is ok and none wrong */
    char what[256], advice[256];
    uint32_t ok, failed; /* rounds */
    bool given_up;       /* its first two rounds failed, or its output was wrong */
} rg_outcome;

typedef struct rg_run_spec {
    const char *program; /* this program's file, started as worker */
    rg_root *root;
    const rg_sink *sink;
    const char *layout; /* mixed into the seeds of stack and heap offsets of rounds; NULL: the same
                           in every run of the plan */
    const char *turns;  /* page of turns (turns.h) that the next round's worker joins; NULL none */
    int side;           /* in those turns */
    int64_t slice_ns;   /* length of a slice then */
} rg_run_spec;

/* Runs everything. `ret_outcomes` holds one row a cell, written also when the run ends early.
 * RG_OK when the schedule was worked off, whatever the cells' outcomes; RG_INTERRUPTED after SIGINT
 * or SIGTERM (the round in progress is dropped, its worker killed; a second signal ends the process
 * at once); a sink's error otherwise. */
rg_status rg_run_plan(const rg_plan *plan, const rg_run_spec *spec, rg_outcome *ret_outcomes,
                      rg_err *err);

/* A plan opened for rounds in an order of the caller's: two arms of a gate, turn by turn. Opening
 * admits the cells and looks for rails; outcomes are written from then on. Runners that are open at
 * the same time are closed in reverse order (each hands signals back to the one before). `plan`,
 * `spec` and outcomes must outlive it. */
typedef struct rg_runner rg_runner;
rg_status rg_runner_open(const rg_plan *plan, const rg_run_spec *spec, rg_outcome *ret_outcomes,
                         rg_runner **ret_runner, rg_err *err);
void rg_runner_close(rg_runner *runner); /* accepts NULL */

/* Was the cell admitted, and not given up since? */
bool rg_runner_admits(const rg_runner *runner, uint32_t cell);

/* Runs one round into the sink; nothing when the cell is not admitted. Errors as rg_run_plan's. */
rg_status rg_runner_round(rg_runner *runner, uint32_t cell, uint32_t round, rg_err *err);

/* The exit code for outcomes: 0 all ok; 5 when no cell ran because devices are absent or denied; 3
 * otherwise. */
int rg_outcomes_exit(const rg_outcome *outcomes, size_t n);

#endif
