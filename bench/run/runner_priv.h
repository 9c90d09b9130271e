/* runner_priv.h: what runner.c (opening a plan: admission, rails, telling, counting),
 * runner_round.c (one round) and supervisor.c (the whole schedule) share. */
#ifndef RG_RUN_RUNNER_PRIV_H
#define RG_RUN_RUNNER_PRIV_H

#include <signal.h>

#include "bench/core/arena.h"
#include "bench/run/admission.h"
#include "bench/run/child.h"
#include "bench/run/meter.h"
#include "bench/run/setting.h"
#include "bench/run/supervisor.h"

/* Not 0 after SIGINT or SIGTERM, while any runner is open. */
extern volatile sig_atomic_t rg_runner_stop;

typedef struct rg_handlers {
    struct sigaction interrupt, terminate;
} rg_handlers;

/* Instructions of a cell that valgrind has counted: until two rounds agree, then no more. */
typedef struct rg_counted {
    double per_inference; /* of the last round that was counted; 0: none */
    bool agreed;
    json_t *refusal; /* why it cannot be counted; NULL */
} rg_counted;

struct rg_runner {
    const rg_plan *plan;
    const rg_run_spec *spec;
    rg_outcome *outcomes;
    rg_arena *arena;
    rg_admission *admissions;
    rg_counted *counted; /* by cell */
    rg_slot *slots;
    size_t n_slots, ran, left;
    rg_rail_list *rails; /* real ones, NULL when power is not asked for */
    rg_err no_rails;     /* why there are none */
    rg_setter *setter;   /* of power mode and governor; NULL when no cell asks for one */
    json_t *session;     /* the machine's state when the run began; NULL when out of memory */
    rg_progress progress;
    int64_t start_ns, rounds_start_ns;
    rg_handlers before; /* who took signals before */
};

/* Tells the sink where the run stands; `note` may be NULL. */
void rg_runner_report(rg_runner *run, const char *phase, uint64_t rows, const char *note);

/* Counts a round into its cell's outcome; gives the cell up when that is hopeless. */
void rg_runner_count(rg_runner *run, uint32_t cell, rg_status status, const char *what,
                     const char *advice);

/* Cells on virtual time have virtual rails; test doubles live on the real clock. */
bool rg_runner_is_virtual(const rg_runner *run, size_t cell);

/* Instructions of a round that asked for them and met no hardware counter: counted by valgrind now,
 * in place of the counter's refusal. `child` is the round's, ended well. */
void rg_runner_count_instructions(rg_runner *run, const rg_slot *slot, const rg_job *job,
                                  rg_child *child);

/* Rails and rows of a round, owned, where its meter's and its worker's are joined. */
typedef struct rg_round_power {
    rg_rail *rails;
    rg_power_row *rows;
    size_t n_rails, n_rows;
} rg_round_power;

/* Gives the round what the meter around it read, beside what its worker read through the open
 * device; without a meter the worker's stand alone, or `why` there is nothing. RG_NO_MEMORY. */
rg_status rg_runner_add_power(const rg_child *child, rg_meter *meter, const rg_err *why,
                              rg_round *round, rg_round_power *ret_power, rg_err *err);
void rg_round_power_free(rg_round_power *power); /* accepts all-zero */

/* Runs the round at this place of the schedule and hands it to the sink. */
rg_status rg_runner_run_slot(rg_runner *run, const rg_slot *slot, rg_err *err);

#endif
