/* worker_priv.h: the worker's state and the steps of a round, in the order in which they run.
 * worker.c calls them; each group has its own file. Nobody else includes this. */
#ifndef RG_RUN_WORKER_PRIV_H
#define RG_RUN_WORKER_PRIV_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/root.h"
#include "bench/iface/target.h"
#include "bench/run/counters.h"
#include "bench/run/job.h"
#include "bench/run/meter.h"
#include "bench/run/pattern.h"
#include "bench/run/pattern_open.h"
#include "bench/run/prover.h"
#include "bench/run/spin.h"
#include "bench/run/turns.h"
#include "bench/run/workload.h"

enum { RG_WORKER_MAX_OPTIONS = 64, RG_WORKER_CHECKS = 16 };

enum { RG_WORKER_MAX_PARTS = 8 };

/* Rows of a named part of the round. */
typedef struct rg_worker_part {
    const char *name;
    rg_rows rows;
} rg_worker_part;

typedef struct rg_worker {
    rg_arena *arena; /* job, options, reference */
    rg_job job;
    rg_root *root;
    json_t *facts, *phases, *flags, *memory_facts; /* all owned by facts but facts itself */
    rg_job_memory *shared;
    double clock_cost_ns;
    rg_spin spin_after;      /* right after the steady window */
    int64_t cpu_at_start_ns; /* CPU time of this process when the host was looked at first */

    /* the target and what it holds */
    const rg_target *target;
    rg_device device;
    rg_settings settings;
    bool is_virtual;
    rg_loaded loaded;
    rg_session *session;
    rg_program *program;
    unsigned slots;
    uint32_t repeat; /* rg_inputs_repeat of the loaded graph */
    rg_io *io;       /* one a slot */
    rg_loop loop;

    /* the truth */
    rg_reference reference;
    bool has_reference;
    rg_agreement agreement; /* of the last comparison that failed, else of the first */
    unsigned checks_left;
    rg_rng checks_rng;

    /* the measurement */
    rg_rows rows;    /* of the warm-up, then of the steady window */
    uint64_t n_warm; /* warm-up rows stored */
    uint64_t taken;  /* rows taken in all */
    rg_worker_part parts[RG_WORKER_MAX_PARTS];
    size_t n_parts;
    rg_disturb *disturb;
    double warm_row_ns; /* median request at the end of the warm-up */
    int64_t deadline_ns;
    rg_turns *turns;   /* with another worker; NULL: by itself */
    int64_t latest_ns; /* which the deadline is never put off beyond */
    uint32_t slices;   /* of the window, with turns */
    int64_t paused_ns; /* between them */
    json_t *counter_refusals;
    rg_counters *counters;
    rg_meter *meter; /* virtual rails only */
    rg_rail_list *rails;
} rg_worker;

/* worker.c */
void rg_worker_phase(rg_worker *worker, const char *name); /* tells the supervisor */
void rg_worker_flag(rg_worker *worker, const char *code);  /* once each */

/* worker_admit.c: jobs of their own. */
rg_status rg_worker_admit(rg_worker *worker, rg_err *err);
rg_status rg_worker_reference(rg_worker *worker, rg_err *err);

/* worker_prepare.c: target, settings, device; workload into the target; inputs in place. */
rg_status rg_worker_find_target(rg_worker *worker, rg_err *err);
rg_status rg_worker_find_device(rg_worker *worker, rg_err *err);
rg_status rg_worker_open(rg_worker *worker, rg_err *err);
rg_status rg_worker_source(rg_worker *worker, rg_err *err); /* where a file of its own is loaded */
rg_status rg_worker_load(rg_worker *worker, rg_err *err);   /* timed: load_cold_ns */
/* Reads the files and loads them, nothing else. */
rg_status rg_worker_load_program(rg_worker *worker, rg_err *err);
rg_status rg_worker_bind(rg_worker *worker, rg_err *err);
void rg_worker_load_warm(rg_worker *worker); /* at the very end; also unloads */
/* Anew with count_nodes, when all else is done. */
rg_status rg_worker_open_counting(rg_worker *worker, rg_err *err);
void rg_worker_release(rg_worker *worker);

/* worker_measure.c: first inference, proof, warm-up, steady window, second proof. */
rg_status rg_worker_first(rg_worker *worker, rg_err *err);
rg_status rg_worker_prove(rg_worker *worker, unsigned slot, rg_err *err);
rg_status rg_worker_warm_up(rg_worker *worker, rg_err *err);
rg_status rg_worker_steady(rg_worker *worker, rg_err *err);
rg_status rg_worker_prove_again(rg_worker *worker, rg_err *err);

/* worker_open.c: open loops. Some arrivals that count as warm-up; then the window. */
rg_status rg_worker_open_lead_in(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err);
rg_status rg_worker_open_window(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err);
/* As many arrivals as the tier needs; of so many streams. And what the facts say of the window's.
 */
rg_status rg_worker_offer(rg_worker *worker, uint32_t streams, uint64_t seed, rg_rows *rows,
                          rg_ran *ret_ran, rg_offered *ret_offered, rg_err *err);
rg_status rg_worker_offer_n(rg_worker *worker, uint64_t n, rg_rows *rows, rg_ran *ret_ran,
                            rg_offered *ret_offered, rg_err *err); /* just so many */
void rg_worker_note_arrivals(rg_worker *worker, double hz, const rg_rows *rows, const rg_ran *ran,
                             const rg_offered *offered);

/* worker_parts.c: rows of named parts of the round. The plan takes their room from the steady
 * rows'; names must live on. The close moves them to `to` and tells the facts; returns how many
 * rows. */
void rg_worker_parts_plan(rg_worker *worker, const char *const *names, size_t n, rg_rows *steady);
size_t rg_worker_parts_close(rg_worker *worker, rg_sample *to);

/* worker_beside.c: a disturbance, made before the target is opened; the window without and with it.
 */
rg_status rg_worker_disturb_open(rg_worker *worker, rg_err *err);
rg_status rg_worker_beside(rg_worker *worker, const rg_goal *goal, rg_rows *rows, rg_ran *ret_ran,
                           rg_err *err);

/* worker_soak.c: until thermally steady. */
rg_status rg_worker_soak(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err);

/* worker_search.c: looks for a load, then measures the window at it. */
rg_status rg_worker_search(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err);

/* worker_repeat.c: inferences without stamps, facts or anything else that differs between runs. */
rg_status rg_worker_repeat(rg_worker *worker, rg_err *err);

/* worker_turns.c: the window in slices, when another worker takes turns with this one. */
void rg_worker_turns_arrive(rg_worker *worker); /* sets worker->turns, when the job has a page */
rg_status rg_worker_run_slices(rg_worker *worker, const rg_goal *goal, rg_rows *rows,
                               rg_ran *ret_ran, rg_err *err);

/* worker_whole.c: a round that a vendor's tool runs by itself, in place of all that; and whether
 * the cell is one that it can run. */
rg_status rg_worker_whole(rg_worker *worker, rg_err *err);
rg_status rg_worker_whole_admits(rg_worker *worker, rg_err *err);

/* worker_facts.c: what is written down beside the samples. */
void rg_worker_facts_begin(rg_worker *worker);        /* clock, overhead, host before */
bool rg_worker_is_elsewhere(const rg_worker *worker); /* not in this process, or not in real time */
void rg_worker_facts_memory(rg_worker *worker, const char *key);
void rg_worker_facts_loaded(rg_worker *worker);
void rg_worker_facts_device(rg_worker *worker, const char *key); /* "before", "after" */
void rg_worker_facts_clock(rg_worker *worker); /* the core's real clock, right after the window */
void rg_worker_facts_end(rg_worker *worker);   /* memory at the end, host after */
json_t *rg_worker_workload_facts(const rg_loaded *loaded);
/* Of one sample, when the graph's inputs hold `samples`; NULL when the work is unknown. */
json_t *rg_worker_io_facts(const rg_graph *graph, uint32_t samples);
/* Of real inputs their SHA-256, into facts.io: RG_BAD_DATA and others when they cannot be used. */
rg_status rg_worker_inputs_facts(rg_worker *worker, rg_err *err);
json_t *rg_worker_work_facts(const rg_graph *graph, uint32_t samples);

/* worker_place.c: by which library, device and artefact, and what ran where. */
void rg_worker_device_facts(rg_worker *worker); /* device_facts, provenance, virtual */
json_t *rg_worker_artefact_facts(const rg_loaded *loaded);
void rg_worker_placement(rg_worker *worker);
/* With require_full_offload: RG_UNSUPPORTED where an operator stays on the host, or nobody knows.
 */
rg_status rg_worker_check_offload(rg_worker *worker, rg_err *err);

/* worker_nodes.c: facts.per_op, where the job asks for it; the very last thing. */
void rg_worker_per_op(rg_worker *worker);

/* Resource use of this process around the window. */
typedef struct rg_usage {
    int64_t cpu_ns, voluntary, involuntary, faults;
} rg_usage;
rg_usage rg_usage_now(void);
json_t *rg_usage_between(const rg_usage *before, const rg_usage *after);

/* worker_power.c: idle windows, and rails on virtual time. */
rg_status rg_worker_power_open(rg_worker *worker, rg_err *err);
rg_status rg_worker_power_session(rg_worker *worker, rg_err *err); /* rails of the open session */
void rg_worker_power_idle(rg_worker *worker, const char *key);
void rg_worker_power_poll(rg_worker *worker);
rg_status rg_worker_power_hand_over(rg_worker *worker, rg_err *err);

#endif
