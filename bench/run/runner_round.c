/* runner_round.c: one round of a runner: its seed, its worker, the meter around it, and what of it
 * is handed to the sink. */
#include <stdio.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/run/child.h"
#include "bench/run/host.h"
#include "bench/run/meter.h"
#include "bench/run/modes.h"
#include "bench/run/pattern.h"
#include "bench/run/roundfacts.h"
#include "bench/run/runner_priv.h"
#include "bench/run/watch.h"

static void round_news(void *user, const char *phase, uint64_t rows) {
    rg_runner_report(user, *phase ? phase : "start", rows, NULL);
}

/* A seed of its own for each round, the same in every run of the plan, unless the caller wants
 * layouts of its own. */
static uint64_t round_seed(const rg_runner *run, const rg_slot *slot) {
    const char *layout = run->spec->layout;
    char text[RG_HASH_HEX + 128];
    snprintf(text, sizeof text, "%s %llu %u%s%.60s", run->plan->cells[slot->cell].key,
             (unsigned long long)run->plan->seed, slot->round, layout ? " " : "",
             layout ? layout : "");
    return rg_hash_seed(text) >> 1; /* fits JSON's signed integers */
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
static rg_meter *start_meter(rg_runner *run, const rg_slot *slot, rg_err *why) {
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

static rg_watch *start_watch(const rg_runner *run, const rg_slot *slot) {
    char cores[256];
    workload_cores(&run->plan->cells[slot->cell], cores, sizeof cores);
    return rg_watch_start(run->spec->root, cores);
}

/* What the scenario looks over while exploring goes with the round, so that figures can be worked
 * out again. */
static void add_accepted(const rg_plan *plan, json_t *facts) {
    json_t *power = json_object_get(facts, "power"), *list = json_array();
    for (size_t i = 0; plan->accept[i]; i++)
        json_array_append_new(list, json_string(plan->accept[i]));
    if (json_is_object(power) && json_array_size(list))
        json_object_set(power, "accept", list);
    json_decref(list);
}

/* Heat that builds up over the run shows only against its start. */
static void compare_with_start(const rg_runner *run, json_t *facts) {
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

static rg_status deliver(rg_runner *run, const rg_slot *slot, const rg_child *child,
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
    rg_round_power power = {.n_rails = 0};
    rg_status status =
        real_power ? rg_runner_add_power(child, meter, why, &round, &power, err) : RG_OK;
    add_accepted(run->plan, round.facts);
    add_watch(watch, round.facts);
    compare_with_start(run, round.facts);
    if (status == RG_OK)
        status = run->spec->sink->round(run->spec->sink->user, &round, err);
    json_decref(round.facts);
    rg_round_power_free(&power);
    return status;
}

/* The cell as this round runs it: once its interval is as narrow as the tier wants, the rounds that
 * are left need their samples, but no longer their time (measurement.md, section 3). */
static rg_cell cell_for(const rg_runner *run, const rg_slot *slot) {
    rg_cell cell = run->plan->cells[slot->cell];
    const rg_sink *sink = run->spec->sink;
    if (cell.tier.precision > 0 && slot->round >= RG_PRECISE_AFTER && sink->precise &&
        sink->precise(sink->user, slot->cell, cell.tier.precision))
        cell.tier.min_ns = 0;
    return cell;
}

static rg_job job_for(const rg_runner *run, const rg_slot *slot) {
    const rg_admission *answer = &run->admissions[slot->cell];
    return (rg_job){.kind = RG_JOB_MEASURE,
                    .cell = cell_for(run, slot),
                    .round = slot->round,
                    .root = rg_root_is_live(run->spec->root) ? NULL : rg_root_path(run->spec->root),
                    .path = answer->path,
                    .artefact = answer->artefact,
                    .form = answer->form,
                    .artefact_sha256 = answer->artefact_sha256,
                    .reference = answer->reference,
                    .no_truth = answer->no_truth,
                    .power = run->plan->power,
                    .per_op = run->plan->per_op && slot->round == 0,
                    .idle_ns = run->plan->idle_ns,
                    .rails = run->plan->rails,
                    .counters = run->plan->counters,
                    .turns = run->spec->turns,
                    .side = run->spec->side,
                    .slice_ns = run->spec->slice_ns,
                    .seed = round_seed(run, slot)};
}

rg_status rg_runner_run_slot(rg_runner *run, const rg_slot *slot, rg_err *err) {
    const rg_cell *cell = &run->plan->cells[slot->cell];
    rg_job job = job_for(run, slot);
    int64_t idle_ns = (job.power ? 2 * job.idle_ns : 0) + cell->pattern.duration_ns;
    int64_t waits_ns = job.turns ? 2 * cell->tier.cap_ns : 0; /* for the other's load and window */
    rg_child_spec spec = {.program = run->spec->program,
                          .job = &job,
                          .limit_ns = cell->tier.cap_ns + cell->tier.cap_ns / 4 + idle_ns +
                                      waits_ns + RG_GRACE_NS,
                          .stop = &rg_runner_stop,
                          .news = round_news,
                          .user = run};
    bool real_power = run->plan->power && !rg_runner_is_virtual(run, slot->cell);
    rg_err why = RG_ERR_INIT;
    rg_child child;
    run->progress.cell = cell->name;
    run->progress.round = slot->round;
    run->progress.rounds = cell->tier.rounds;
    rg_err unset = RG_ERR_INIT; /* a machine that does not take its setting costs the round */
    rg_status set = rg_modes_set(run->setter, cell, &unset);
    rg_meter *meter = real_power ? start_meter(run, slot, &why) : NULL;
    rg_watch *watch = rg_runner_is_virtual(run, slot->cell) ? NULL : start_watch(run, slot);
    if (set == RG_OK)
        rg_child_run(&spec, &child);
    else
        child = (rg_child){.status = set, .err = unset, .exit_code = -1, .exit_signal = -1};
    rg_watch_stop(watch);
    if (meter)
        rg_meter_stop(meter);
    rg_runner_count_instructions(run, slot, &job, &child);
    rg_status status;
    if (child.status == RG_INTERRUPTED) {
        status = rg_fail(err, RG_INTERRUPTED, "go on with --resume", "stopped by a signal");
    } else {
        status = deliver(run, slot, &child, watch, meter, &why, real_power, err);
        if (status == RG_OK)
            rg_runner_count(run, slot->cell, child.status, child.err.what, child.err.advice);
    }
    rg_watch_close(watch);
    rg_meter_close(meter);
    rg_child_free(&child);
    return status;
}
