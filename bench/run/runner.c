/* runner.c: a plan opened for running: signals, admission, real rails, what is told and counted.
 * Admission is admission.c's; rounds are runner_round.c's; supervisor.c works off a schedule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/cache.h"
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/host.h"
#include "bench/run/meter.h"
#include "bench/run/modes.h"
#include "bench/run/runner_priv.h"

enum { GIVE_UP_AFTER = 2 };

/* --- signals --------------------------------------------------------------------------------- */

volatile sig_atomic_t rg_runner_stop;
static int open_runners;

static void on_signal(int number) {
    (void)number;
    if (rg_runner_stop)
        _exit(RG_EXIT_INTERRUPTED); /* the worker dies with its parent */
    rg_runner_stop = 1;
}

static void catch_signals(rg_handlers *before) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before->interrupt);
    sigaction(SIGTERM, &action, &before->terminate);
}

static void release_signals(const rg_handlers *before) {
    sigaction(SIGINT, &before->interrupt, NULL);
    sigaction(SIGTERM, &before->terminate, NULL);
}

/* --- telling --------------------------------------------------------------------------------- */

void rg_runner_report(rg_runner *run, const char *phase, uint64_t rows, const char *note) {
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

static void admission_news(void *user, uint32_t cell, const char *phase) {
    rg_runner *run = user;
    (void)phase;
    run->progress.cell = run->plan->cells[cell].name;
    rg_runner_report(run, "admission", 0, NULL);
}

/* --- outcomes -------------------------------------------------------------------------------- */

static void set_words(rg_outcome *outcome, const char *what, const char *advice) {
    snprintf(outcome->what, sizeof outcome->what, "%s", what ? what : "");
    snprintf(outcome->advice, sizeof outcome->advice, "%s", advice ? advice : "");
}

/* Wrong beats everything; one good round makes a cell ok as long as none is wrong. */
void rg_runner_count(rg_runner *run, uint32_t cell, rg_status status, const char *what,
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
    rg_runner_report(run, "given up", 0, note);
}

/* --- admission ------------------------------------------------------------------------------- */

static rg_status hand_over_cells(rg_runner *run, rg_err *err) {
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

/* What rounds will load, and compare with, must stay where it is while the run goes on. */
static void hold_cached(const rg_admission *answer) {
    const char *const paths[] = {answer->path, answer->artefact, answer->reference};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i])
            rg_cache_use(paths[i]);
    }
}

static rg_status admit_all(rg_runner *run, rg_err *err) {
    const rg_admission_spec spec = {
        .program = run->spec->program,
        .root = rg_root_is_live(run->spec->root) ? NULL : rg_root_path(run->spec->root),
        .stop = &rg_runner_stop,
        .news = admission_news,
        .user = run};
    rg_status status = rg_admit_plan(run->plan, &spec, run->arena, run->admissions, err);
    if (status == RG_OK)
        status = rg_modes_admit(run->spec->root, run->plan, run->arena, run->admissions, err);
    for (size_t i = 0; status == RG_OK && i < run->plan->n_cells; i++) {
        const rg_admission *answer = &run->admissions[i];
        run->outcomes[i].status = answer->status == RG_OK ? RG_INTERRUPTED : answer->status;
        hold_cached(answer);
        if (answer->status != RG_OK)
            set_words(&run->outcomes[i], answer->what, answer->advice);
    }
    return status == RG_OK ? hand_over_cells(run, err) : status;
}

/* --- rails ----------------------------------------------------------------------------------- */

bool rg_runner_is_virtual(const rg_runner *run, size_t cell) {
    return run->admissions[cell].is_virtual;
}

/* Looks for the rails of real cells, or of simulated ones; RG_OK where there are no such cells. */
static rg_status look_for_rails(rg_runner *run, bool simulated, rg_rail_list *ret_rails,
                                rg_err *err) {
    bool any = false;
    for (size_t i = 0; i < run->plan->n_cells; i++)
        any |= run->admissions[i].status == RG_OK && rg_runner_is_virtual(run, i) == simulated;
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
static rg_status find_rails(rg_runner *run, rg_err *err) {
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

/* --- opening and closing --------------------------------------------------------------------- */

static rg_status prepare(rg_runner *run, rg_err *err) {
    const rg_plan *plan = run->plan;
    run->n_slots = rg_schedule(plan, NULL);
    run->admissions = rg_arena_array(run->arena, plan->n_cells, sizeof *run->admissions);
    run->slots = rg_arena_array(run->arena, run->n_slots + 1, sizeof *run->slots);
    run->counted = rg_arena_array(run->arena, plan->n_cells, sizeof *run->counted);
    if (!run->admissions || !run->slots || !run->counted)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_schedule(plan, run->slots);
    rg_status status = admit_all(run, err);
    if (status == RG_OK)
        status = rg_modes_open(run->spec->root, plan, run->admissions, &run->setter, err);
    return status == RG_OK ? find_rails(run, err) : status;
}

rg_status rg_runner_open(const rg_plan *plan, const rg_run_spec *spec, rg_outcome *ret_outcomes,
                         rg_runner **ret_runner, rg_err *err) {
    rg_runner *run = calloc(1, sizeof *run);
    rg_arena *arena = rg_arena_new(0);
    if (!run || !arena) {
        free(run);
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    *run = (rg_runner){.plan = plan,
                       .spec = spec,
                       .outcomes = ret_outcomes,
                       .arena = arena,
                       .session = rg_host_state(spec->root),
                       .start_ns = rg_clock_real_ns()};
    for (size_t i = 0; i < plan->n_cells; i++)
        ret_outcomes[i] = (rg_outcome){.status = RG_INTERRUPTED};
    if (!open_runners++)
        rg_runner_stop = 0;
    catch_signals(&run->before);
    rg_status status = prepare(run, err);
    run->rounds_start_ns = rg_clock_real_ns();
    if (status == RG_OK)
        *ret_runner = run;
    else
        rg_runner_close(run);
    return status;
}

/* What the run set goes back; a failure of that is told whatever else happened. */
static void put_back(rg_runner *run) {
    rg_err err = RG_ERR_INIT;
    if (rg_modes_close(run->setter, &err) == RG_OK)
        return;
    rg_err_prefix(&err, "the machine is not as it was found");
    rg_runner_report(run, "put back", 0, err.what);
}

void rg_runner_close(rg_runner *run) {
    if (!run)
        return;
    put_back(run);
    release_signals(&run->before);
    open_runners--;
    if (run->admissions)
        rg_admissions_free(run->admissions, run->plan->n_cells);
    for (size_t i = 0; run->counted && i < run->plan->n_cells; i++)
        json_decref(run->counted[i].refusal);
    json_decref(run->session);
    rg_arena_free(run->arena);
    free(run);
}

bool rg_runner_admits(const rg_runner *run, uint32_t cell) {
    return run->admissions[cell].status == RG_OK && !run->outcomes[cell].given_up;
}

rg_status rg_runner_round(rg_runner *run, uint32_t cell, uint32_t round, rg_err *err) {
    if (!rg_runner_admits(run, cell))
        return RG_OK;
    if (rg_runner_stop)
        return rg_fail(err, RG_INTERRUPTED, "go on with --resume", "stopped by a signal");
    for (size_t i = 0; i < run->n_slots; i++) {
        if (run->slots[i].cell != cell || run->slots[i].round != round)
            continue;
        rg_status status = rg_runner_run_slot(run, &run->slots[i], err);
        run->ran++;
        run->progress.done++;
        return status;
    }
    return rg_fail(err, RG_INVALID, NULL, "the plan has no round %u of cell %u", (unsigned)round,
                   (unsigned)cell);
}
