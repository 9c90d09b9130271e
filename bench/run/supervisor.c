/* supervisor.c: the schedule worked off, round by round. Admission is admission.c's, a single child
 * child.c's; here is what holds them together: order, seeds, real rails, giving up, signals. */
#include "bench/run/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/run/admission.h"
#include "bench/run/child.h"
#include "bench/run/host.h"
#include "bench/run/meter.h"
#include "bench/run/pattern.h"
#include "bench/run/roundfacts.h"
#include "bench/run/watch.h"

enum { GIVE_UP_AFTER = 2 };

typedef struct running {
    const rg_plan *plan;
    const rg_run_spec *spec;
    rg_outcome *outcomes;
    rg_arena *arena;
    rg_admission *admissions;
    rg_slot *slots;
    size_t n_slots, ran, left;
    rg_rail_list *rails; /* real ones, NULL when power is not asked for */
    rg_err no_rails;     /* why there are none */
    json_t *session;     /* the machine's state when the run began; NULL when out of memory */
    rg_progress progress;
    int64_t start_ns, rounds_start_ns;
} running;

/* --- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_asked;

static void on_signal(int number) {
    (void)number;
    if (stop_asked)
        _exit(RG_EXIT_INTERRUPTED); /* the worker dies with its parent */
    stop_asked = 1;
}

typedef struct handlers {
    struct sigaction interrupt, terminate;
} handlers;

static void catch_signals(handlers *before) {
    struct sigaction action = {.sa_handler = on_signal};
    stop_asked = 0;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before->interrupt);
    sigaction(SIGTERM, &action, &before->terminate);
}

static void release_signals(const handlers *before) {
    sigaction(SIGINT, &before->interrupt, NULL);
    sigaction(SIGTERM, &before->terminate, NULL);
}

/* --- telling --------------------------------------------------------------------------------- */

static void report(running *run, const char *phase, uint64_t rows, const char *note) {
    rg_progress *p = &run->progress;
    if (!run->spec->sink->progress)
        return;
    int64_t now = rg_clock_real_ns();
    p->phase = phase;
    p->rows = rows;
    p->note = note;
    p->elapsed_ns = now - run->start_ns;
    p->left_ns =
        run->ran ? (now - run->rounds_start_ns) / (int64_t)run->ran * (int64_t)run->left : -1;
    run->spec->sink->progress(run->spec->sink->user, p);
}

static void round_news(void *user, const char *phase, uint64_t rows) {
    report(user, *phase ? phase : "start", rows, NULL);
}

static void admission_news(void *user, uint32_t cell, const char *phase) {
    running *run = user;
    (void)phase;
    run->progress.cell = run->plan->cells[cell].name;
    report(run, "admission", 0, NULL);
}

/* --- outcomes -------------------------------------------------------------------------------- */

static void set_words(rg_outcome *outcome, const char *what, const char *advice) {
    snprintf(outcome->what, sizeof outcome->what, "%s", what ? what : "");
    snprintf(outcome->advice, sizeof outcome->advice, "%s", advice ? advice : "");
}

/* Wrong beats everything; one good round makes a cell ok as long as none is wrong. */
static void count_round(running *run, uint32_t cell, rg_status status, const char *what,
                        const char *advice) {
    rg_outcome *outcome = &run->outcomes[cell];
    outcome->ok += status == RG_OK;
    outcome->failed += status != RG_OK;
    if (status == RG_WRONG || (status != RG_OK && outcome->status != RG_WRONG && !outcome->ok)) {
        outcome->status = status;
        set_words(outcome, what, advice);
    } else if (status == RG_OK && outcome->status != RG_WRONG) {
        outcome->status = RG_OK;
        set_words(outcome, NULL, NULL);
    }
    bool hopeless =
        outcome->status == RG_WRONG || (outcome->failed >= GIVE_UP_AFTER && outcome->ok == 0);
    if (!hopeless || outcome->given_up)
        return;
    outcome->given_up = true;
    char note[512];
    snprintf(note, sizeof note, "%s is given up: %s", run->plan->cells[cell].name, outcome->what);
    report(run, "given up", 0, note);
}

/* --- admission ------------------------------------------------------------------------------- */

static rg_status hand_over_cells(running *run, rg_err *err) {
    const rg_sink *sink = run->spec->sink;
    json_t *lines = json_array();
    for (size_t i = 0; i < run->plan->n_cells; i++)
        json_array_append_new(lines, rg_admission_line(&run->plan->cells[i], &run->admissions[i]));
    rg_status status = json_array_size(lines) == run->plan->n_cells
                           ? RG_OK
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && !sink->cells_known)
        status = sink->cells(sink->user, lines, err);
    json_decref(lines);
    return status;
}

static rg_status admit_all(running *run, rg_err *err) {
    const rg_admission_spec spec = {
        .program = run->spec->program,
        .root = rg_root_is_live(run->spec->root) ? NULL : rg_root_path(run->spec->root),
        .stop = &stop_asked,
        .news = admission_news,
        .user = run};
    rg_status status = rg_admit_plan(run->plan, &spec, run->arena, run->admissions, err);
    for (size_t i = 0; status == RG_OK && i < run->plan->n_cells; i++) {
        const rg_admission *answer = &run->admissions[i];
        run->outcomes[i].status = answer->status == RG_OK ? RG_INTERRUPTED : answer->status;
        if (answer->status != RG_OK)
            set_words(&run->outcomes[i], answer->what, answer->advice);
    }
    return status == RG_OK ? hand_over_cells(run, err) : status;
}

/* --- one round ------------------------------------------------------------------------------- */

/* A seed of its own for each round, the same in every run of the plan. */
static uint64_t round_seed(const rg_plan *plan, const rg_slot *slot) {
    char text[RG_HASH_HEX + 64];
    snprintf(text, sizeof text, "%s %llu %u", plan->cells[slot->cell].key,
             (unsigned long long)plan->seed, slot->round);
    return rg_hash_seed(text) >> 1; /* fits JSON's signed integers */
}

static bool is_simulated(const running *run, size_t cell) {
    const char *provenance = run->admissions[cell].provenance;
    return provenance && !strcmp(provenance, "simulated");
}

/* Looks for the rails of real cells, or of simulated ones; RG_OK where there are no such cells. */
static rg_status look_for_rails(running *run, bool simulated, rg_rail_list *ret_rails,
                                rg_err *err) {
    bool any = false;
    for (size_t i = 0; i < run->plan->n_cells; i++)
        any |= run->admissions[i].status == RG_OK && is_simulated(run, i) == simulated;
    return any ? rg_rails_find(run->spec->root, run->plan->rails, simulated, ret_rails, err)
               : RG_OK;
}

/* Absent or forbidden rails are facts for the records. */
static bool is_fact(rg_status status) {
    return status == RG_OK || status == RG_ABSENT || status == RG_DENIED ||
           status == RG_UNSUPPORTED || status == RG_AGAIN;
}

/* A rail that nobody knows, or a trace that cannot be read, is a slip in the scenario and is told
 * before anything is measured. Simulated rails are only looked for: their workers open them. */
static rg_status find_rails(running *run, rg_err *err) {
    if (!run->plan->power)
        return RG_OK;
    run->no_rails = (rg_err)RG_ERR_INIT;
    rg_err no_simulated = RG_ERR_INIT;
    rg_rail_list *rails = rg_arena_alloc(run->arena, sizeof *rails);
    if (!rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status simulated = look_for_rails(run, true, rails, &no_simulated);
    *rails = (rg_rail_list){0};
    rg_status real = look_for_rails(run, false, rails, &run->no_rails);
    run->rails = real == RG_OK ? rails : NULL;
    if (is_fact(real) && is_fact(simulated))
        return RG_OK;
    *err = is_fact(real) ? no_simulated : run->no_rails;
    return is_fact(real) ? simulated : real;
}

/* The CPUs that the workload will sit on: asked for, or those that our own executor would take. */
static void workload_cores(const rg_cell *cell, char *ret, size_t cap) {
    uint32_t threads = cell->threads ? cell->threads : 1;
    rg_exec_options options = {.threads = threads * rg_pattern_slots(&cell->pattern),
                               .cores = cell->cores};
    if (rg_exec_cores(&options, ret, cap, NULL) != RG_OK)
        snprintf(ret, cap, "%s", cell->cores);
}

/* The meter around one worker; NULL with a reason in `why` when nothing can be read. Virtual rails
 * are the worker's own business. */
static rg_meter *start_meter(running *run, const rg_slot *slot, rg_err *why) {
    rg_meter *meter = NULL;
    *why = run->no_rails;
    if (!run->rails)
        return NULL;
    char cores[256];
    workload_cores(&run->plan->cells[slot->cell], cores, sizeof cores);
    rg_status status = rg_meter_open(run->spec->root, run->rails, cores, &meter, why);
    if (status == RG_OK)
        status = rg_meter_start(meter, why);
    if (status == RG_OK)
        return meter;
    rg_meter_close(meter);
    return NULL;
}

static rg_watch *start_watch(const running *run, const rg_slot *slot) {
    char cores[256];
    workload_cores(&run->plan->cells[slot->cell], cores, sizeof cores);
    return rg_watch_start(run->spec->root, cores);
}

static void add_power(json_t *facts, rg_meter *meter, const rg_err *why, rg_round *round) {
    if (!meter) {
        json_object_set_new(facts, "power",
                            json_pack("{s:s, s:s, s:s}", "refusal", "no-sensor", "what", why->what,
                                      "advice", why->advice));
        return;
    }
    round->rails = rg_meter_rails(meter, &round->n_rails);
    round->power = rg_meter_rows(meter, &round->n_power);
    json_object_set_new(facts, "power", json_pack("{s:o}", "cost", rg_meter_cost(meter)));
    if (rg_meter_shares_core(meter))
        json_array_append_new(json_object_get(facts, "flags"), json_string("meter-shares-core"));
}

/* Heat that builds up over the run shows only against its start. */
static void compare_with_start(const running *run, json_t *facts) {
    const json_t *before = json_object_get(json_object_get(facts, "host"), "before");
    if (run->session && before)
        rg_host_flags(run->session, before, before, json_object_get(facts, "flags"));
}

/* What the watch saw of the steady window, beside what the worker saw at both ends. */
static void add_watch(const rg_watch *watch, json_t *facts) {
    const json_t *window = json_object_get(facts, "window");
    json_t *host = json_object_get(facts, "host");
    json_t *during = rg_watch_summary(watch, rg_json_get_int(window, "start_ns", 0),
                                      rg_json_get_int(window, "end_ns", 0));
    if (!during)
        return;
    if (!host) {
        host = json_object();
        json_object_set_new(facts, "host", host);
    }
    json_object_set_new(host, "during", during);
    rg_watch_flags(during, json_object_get(facts, "flags"));
}

static rg_status deliver(running *run, const rg_slot *slot, const rg_child *child,
                         const rg_watch *watch, rg_meter *meter, const rg_err *why, bool real_power,
                         rg_err *err) {
    uint32_t order = (uint32_t)(slot - run->slots);
    rg_round_place place = {&run->plan->cells[slot->cell], slot->round, order,
                            run->admissions[slot->cell].provenance};
    rg_round round = {.cell = slot->cell,
                      .number = slot->round,
                      .order = order,
                      .status = child->status,
                      .facts = rg_round_facts(&place, child),
                      .samples = child->rows,
                      .n_samples = child->n_rows,
                      .rails = child->rails,
                      .n_rails = child->n_rails,
                      .power = child->power,
                      .n_power = child->n_power,
                      .output = child->output,
                      .output_bytes = child->output_bytes};
    if (!round.facts)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (real_power)
        add_power(round.facts, meter, why, &round);
    add_watch(watch, round.facts);
    compare_with_start(run, round.facts);
    rg_status status = run->spec->sink->round(run->spec->sink->user, &round, err);
    json_decref(round.facts);
    return status;
}

/* The cell as this round runs it: once its interval is as narrow as the tier wants, the rounds that
 * are left need their samples, but no longer their time (measurement.md, section 3). */
static rg_cell cell_for(const running *run, const rg_slot *slot) {
    rg_cell cell = run->plan->cells[slot->cell];
    const rg_sink *sink = run->spec->sink;
    if (cell.tier.precision > 0 && slot->round >= RG_PRECISE_AFTER && sink->precise &&
        sink->precise(sink->user, slot->cell, cell.tier.precision))
        cell.tier.min_ns = 0;
    return cell;
}

static rg_job job_for(const running *run, const rg_slot *slot) {
    const rg_admission *answer = &run->admissions[slot->cell];
    return (rg_job){.kind = RG_JOB_MEASURE,
                    .cell = cell_for(run, slot),
                    .round = slot->round,
                    .root = rg_root_is_live(run->spec->root) ? NULL : rg_root_path(run->spec->root),
                    .path = answer->path,
                    .reference = answer->reference,
                    .no_truth = answer->no_truth,
                    .power = run->plan->power,
                    .idle_ns = run->plan->idle_ns,
                    .rails = run->plan->rails,
                    .counters = run->plan->counters,
                    .seed = round_seed(run->plan, slot)};
}

static rg_status run_round(running *run, const rg_slot *slot, rg_err *err) {
    const rg_cell *cell = &run->plan->cells[slot->cell];
    rg_job job = job_for(run, slot);
    int64_t idle_ns = (job.power ? 2 * job.idle_ns : 0) + cell->pattern.duration_ns;
    rg_child_spec spec = {.program = run->spec->program,
                          .job = &job,
                          .limit_ns =
                              cell->tier.cap_ns + cell->tier.cap_ns / 4 + idle_ns + RG_GRACE_NS,
                          .stop = &stop_asked,
                          .news = round_news,
                          .user = run};
    bool real_power = run->plan->power && !is_simulated(run, slot->cell);
    rg_err why = RG_ERR_INIT;
    rg_child child;
    run->progress.cell = cell->name;
    run->progress.round = slot->round;
    run->progress.rounds = cell->tier.rounds;
    rg_meter *meter = real_power ? start_meter(run, slot, &why) : NULL;
    rg_watch *watch = is_simulated(run, slot->cell) ? NULL : start_watch(run, slot);
    rg_child_run(&spec, &child);
    rg_watch_stop(watch);
    if (meter)
        rg_meter_stop(meter);
    rg_status status;
    if (child.status == RG_INTERRUPTED) {
        status = rg_fail(err, RG_INTERRUPTED, "go on with --resume", "stopped by a signal");
    } else {
        status = deliver(run, slot, &child, watch, meter, &why, real_power, err);
        if (status == RG_OK)
            count_round(run, slot->cell, child.status, child.err.what, child.err.advice);
    }
    rg_watch_close(watch);
    rg_meter_close(meter);
    rg_child_free(&child);
    return status;
}

/* --- the schedule ---------------------------------------------------------------------------- */

/* Rounds of an earlier run count as if they had just been made. */
static bool here_already(running *run, size_t order) {
    const rg_sink *sink = run->spec->sink;
    rg_status status = RG_OK;
    if (!sink->has_round || !sink->has_round(sink->user, (uint32_t)order, &status))
        return false;
    count_round(run, run->slots[order].cell, status, "see the bundle's round", NULL);
    return true;
}

static bool is_refused(const running *run, size_t order) {
    return run->admissions[run->slots[order].cell].status != RG_OK;
}

static rg_status work_off(running *run, rg_err *err) {
    rg_status status = RG_OK;
    run->rounds_start_ns = rg_clock_real_ns();
    for (size_t i = 0; i < run->n_slots; i++)
        run->left += !is_refused(run, i);
    run->progress.total = run->left;
    for (size_t i = 0; status == RG_OK && i < run->n_slots; i++) {
        const rg_slot *slot = &run->slots[i];
        if (is_refused(run, i))
            continue;
        if (stop_asked)
            return rg_fail(err, RG_INTERRUPTED, "go on with --resume", "stopped by a signal");
        if (!here_already(run, i) && !run->outcomes[slot->cell].given_up) {
            status = run_round(run, slot, err);
            run->ran++;
        }
        run->left--;
        run->progress.done++;
    }
    return status;
}

static rg_status run_all(running *run, rg_err *err) {
    const rg_plan *plan = run->plan;
    run->n_slots = rg_schedule(plan, NULL);
    run->admissions = rg_arena_array(run->arena, plan->n_cells, sizeof *run->admissions);
    run->slots = rg_arena_array(run->arena, run->n_slots + 1, sizeof *run->slots);
    if (!run->admissions || !run->slots)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_schedule(plan, run->slots);
    rg_status status = admit_all(run, err);
    if (status == RG_OK)
        status = find_rails(run, err);
    if (status == RG_OK)
        status = work_off(run, err);
    rg_admissions_free(run->admissions, plan->n_cells);
    return status;
}

rg_status rg_run_plan(const rg_plan *plan, const rg_run_spec *spec, rg_outcome *ret_outcomes,
                      rg_err *err) {
    running run = {.plan = plan,
                   .spec = spec,
                   .outcomes = ret_outcomes,
                   .arena = rg_arena_new(0),
                   .session = rg_host_state(spec->root),
                   .start_ns = rg_clock_real_ns()};
    handlers before;
    if (!run.arena) {
        json_decref(run.session);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t i = 0; i < plan->n_cells; i++)
        ret_outcomes[i] = (rg_outcome){.status = RG_INTERRUPTED};
    catch_signals(&before);
    rg_status status = run_all(&run, err);
    release_signals(&before);
    json_decref(run.session);
    rg_arena_free(run.arena);
    return status;
}
