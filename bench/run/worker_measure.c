/* worker_measure.c: the measured part of a round: first inference, proof, warm-up, steady window,
 * and the second look at outputs of the timed run. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/warmup.h"
#include "bench/run/worker_priv.h"

enum { CALIBRATION_ROWS = 15, CALIBRATION_NS = 50 * 1000000 };

static bool is_idle(const rg_worker *worker) {
    return worker->job.cell.pattern.kind == RG_PATTERN_IDLE;
}

rg_status rg_worker_first(rg_worker *worker, rg_err *err) {
    rg_worker_phase(worker, "first");
    rg_sample sample;
    rg_status status = rg_loop_once(&worker->loop, 0, &sample, err);
    if (status == RG_OK)
        json_object_set_new(worker->phases, "first_ns",
                            json_integer(sample.end_ns - sample.start_ns));
    return status;
}

static void set_truth(rg_worker *worker, const rg_agreement *agreement) {
    json_t *truth = rg_agreement_to_json(agreement);
    json_object_set_new(truth, "reference_sha256", json_string(worker->reference.sha256));
    json_object_set_new(worker->facts, "truth", truth);
}

static void set_no_truth(rg_worker *worker) {
    const char *why = worker->job.no_truth ? worker->job.no_truth : "no reference was made";
    json_object_set_new(worker->facts, "truth",
                        json_pack("{s:b, s:s}", "compared", 0, "what", why));
}

/* Outputs of a model with state are comparable only right after a reset. */
static bool has_state(const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        if (graph->tensors[i].variable)
            return true;
    }
    return false;
}

static rg_status compare(rg_worker *worker, unsigned slot, rg_agreement *ret, rg_err *err) {
    rg_target_fetch(worker->target, worker->program, slot);
    return rg_reference_compare(worker->loaded.workload.graph, &worker->reference,
                                &worker->io[slot], worker->repeat,
                                worker->target->caps & RG_TARGET_EXACT, ret, err);
}

/* The first comparison stands in the record, unless a later one fails. */
rg_status rg_worker_prove(rg_worker *worker, unsigned slot, rg_err *err) {
    rg_agreement agreement;
    if (!worker->has_reference) {
        set_no_truth(worker);
        return RG_OK;
    }
    rg_status status = compare(worker, slot, &agreement, err);
    if (!json_object_get(worker->facts, "truth") || status != RG_OK)
        set_truth(worker, &agreement);
    return status;
}

/* How many inferences share a row, from a few that are thrown away. */
static rg_status calibrate(rg_worker *worker, rg_err *err) {
    rg_sample rows[CALIBRATION_ROWS];
    double numbers[CALIBRATION_ROWS];
    int64_t end_ns = rg_clock_now_ns() + CALIBRATION_NS;
    size_t n = 0;
    while (n < CALIBRATION_ROWS && (n == 0 || rg_clock_now_ns() < end_ns)) {
        rg_status status = rg_loop_once(&worker->loop, 0, &rows[n++], err);
        if (status != RG_OK)
            return status;
    }
    double median = rg_rows_median_ns(rows, n, numbers);
    uint32_t block = rg_loop_block(median, worker->clock_cost_ns);
    if (block > 1)
        rg_worker_flag(worker, "clock-coarse");
    if (worker->job.cell.pattern.kind == RG_PATTERN_SINGLE_STREAM)
        worker->loop.block = block;
    return RG_OK;
}

static void end_of_warm_up(rg_worker *worker, const rg_warm *warm) {
    if (!warm->steady)
        rg_worker_flag(worker, "no-steady-state");
    worker->n_warm = worker->rows.n;
    worker->warm_row_ns = warm->row_ns;
    worker->taken = worker->rows.taken;
    rg_rows_sort(worker->rows.rows, worker->rows.n);
    json_object_set_new(worker->facts, "warmup", json_integer((json_int_t)worker->n_warm));
    json_object_set_new(worker->facts, "warmup_ns", json_integer(warm->end_ns - warm->start_ns));
    json_object_set_new(worker->facts, "warmup_inferences",
                        json_integer((json_int_t)warm->inferences));
}

/* Caches and clocks are warm; what an open loop does to them (waiting between requests) is not yet.
 */
static rg_status warm_up_open(rg_worker *worker, rg_warm *warm, rg_err *err) {
    rg_ran ran;
    if (!rg_pattern_is_open(worker->job.cell.pattern.kind))
        return RG_OK;
    rg_status status = rg_worker_open_lead_in(worker, &worker->rows, &ran, err);
    if (status == RG_OK) {
        warm->end_ns = ran.end_ns;
        warm->inferences += ran.inferences;
    }
    return status;
}

rg_status rg_worker_warm_up(rg_worker *worker, rg_err *err) {
    if (is_idle(worker))
        return RG_OK;
    rg_worker_phase(worker, "warm-up");
    int64_t left = worker->deadline_ns - rg_clock_now_ns(), budget;
    budget =
        worker->job.cell.tier.cap_ns / 4 < left / 2 ? worker->job.cell.tier.cap_ns / 4 : left / 2;
    worker->rows = (rg_rows){.rows = worker->shared->rows,
                             .scratch = worker->shared->rows + RG_ROWS_CAP,
                             .cap = RG_ROWS_CAP / 4,
                             .rng = rg_rng_seeded(worker->job.seed)};
    rg_warm warm;
    rg_status status = calibrate(worker, err);
    if (status == RG_OK && worker->job.cell.pattern.kind == RG_PATTERN_SOAK) {
        json_object_set_new(worker->facts, "block", json_integer(worker->loop.block));
        return RG_OK; /* what warms up is what is asked for */
    }
    if (status == RG_OK)
        status = rg_warmup_run(&worker->loop, budget > 0 ? budget : 0, &worker->rows, &warm, err);
    if (status == RG_OK)
        status = warm_up_open(worker, &warm, err);
    if (status == RG_OK)
        end_of_warm_up(worker, &warm);
    json_object_set_new(worker->facts, "block", json_integer(worker->loop.block));
    rg_worker_power_poll(worker);
    return status;
}

/* Between blocks: progress for the watchdog, virtual rails, and now and then a look at the output.
 */
static bool between_blocks(void *user, unsigned slot, uint64_t rows) {
    rg_worker *worker = user;
    worker->shared->progress = worker->n_warm + rows;
    rg_worker_power_poll(worker);
    if (!worker->checks_left || rg_rng_unit(&worker->checks_rng) < 0.5)
        return true;
    worker->checks_left--;
    rg_agreement agreement;
    rg_status status = compare(worker, slot, &agreement, NULL);
    if (status != RG_OK)
        set_truth(worker, &agreement);
    return status == RG_OK;
}

static rg_status run_window(rg_worker *worker, rg_ran *ran, rg_err *err) {
    const rg_cell *cell = &worker->job.cell;
    rg_goal goal = {cell->tier.samples, cell->tier.min_ns, worker->deadline_ns};
    if (is_idle(worker)) {
        rg_loop_idle(cell->pattern.duration_ns, ran);
        return RG_OK;
    }
    rg_rows steady = worker->rows;
    steady.rows = worker->shared->rows + worker->n_warm;
    steady.cap = RG_ROWS_CAP - worker->n_warm;
    steady.n = 0;
    steady.taken = 0;
    bool comparable = worker->has_reference && !has_state(worker->loaded.workload.graph);
    worker->checks_left = comparable ? RG_WORKER_CHECKS : 0;
    worker->loop.pause = between_blocks;
    worker->loop.user = worker;
    rg_status status;
    if (worker->disturb)
        status = rg_worker_beside(worker, &goal, &steady, ran, err);
    else if (cell->pattern.kind == RG_PATTERN_SOAK)
        status = rg_worker_soak(worker, &steady, ran, err);
    else if (rg_pattern_searches(cell->pattern.kind))
        status = rg_worker_search(worker, &steady, ran, err);
    else if (rg_pattern_is_open(cell->pattern.kind))
        status = rg_worker_open_window(worker, &steady, ran, err);
    else if (worker->turns)
        status = rg_worker_run_slices(worker, &goal, &steady, ran, err);
    else
        status = rg_loop_run(&worker->loop, &goal, &steady, ran, err);
    worker->loop.pause = NULL;
    worker->rows = steady;
    worker->taken += steady.taken;
    return status;
}

static void count_window(rg_worker *worker, const rg_ran *ran, const rg_usage *before,
                         const rg_usage *after) {
    json_t *window = json_pack("{s:I, s:I, s:I}", "start_ns", (json_int_t)ran->start_ns, "end_ns",
                               (json_int_t)ran->end_ns, "inferences", (json_int_t)ran->inferences);
    if (worker->turns) {
        json_object_set_new(window, "slices", json_integer(worker->slices));
        json_object_set_new(window, "paused_ns", json_integer(worker->paused_ns));
    }
    json_object_set_new(worker->facts, "window", window);
    json_t *totals = json_object();
    rg_counters_read(worker->counters, totals);
    json_object_update_missing(totals, worker->counter_refusals);
    if (json_object_size(totals))
        json_object_set(worker->facts, "counters", totals);
    json_decref(totals);
    if (!rg_worker_is_elsewhere(worker))
        json_object_set_new(worker->facts, "usage", rg_usage_between(before, after));
    if (ran->capped)
        rg_worker_flag(worker, "time-cap");
    if (worker->rows.taken > worker->rows.n)
        rg_worker_flag(worker, "reservoir");
}

rg_status rg_worker_steady(rg_worker *worker, rg_err *err) {
    rg_ran ran;
    rg_worker_turns_arrive(worker);
    rg_worker_phase(worker, "steady");
    rg_worker_facts_memory(worker, "rss_steady_start_bytes");
    rg_usage before = rg_usage_now();
    rg_counters_start(worker->counters);
    rg_status status = run_window(worker, &ran, err);
    rg_counters_stop(worker->counters);
    rg_usage after = rg_usage_now();
    rg_worker_power_poll(worker);
    rg_worker_facts_memory(worker, "rss_steady_end_bytes");
    if (status == RG_INTERRUPTED)
        return rg_fail(err, RG_WRONG,
                       "the device or its runtime is unstable: lower clocks, look "
                       "at heat and supply, update the runtime",
                       "an output of the timed run differs from the reference, though the first "
                       "one agreed");
    if (status != RG_OK)
        return status;
    rg_rows_sort(worker->rows.rows, worker->rows.n);
    count_window(worker, &ran, &before, &after);
    worker->shared->n_rows = worker->n_warm + worker->rows.n;
    worker->shared->n_rows +=
        rg_worker_parts_close(worker, worker->shared->rows + worker->shared->n_rows);
    json_object_set_new(worker->facts, "taken", json_integer((json_int_t)worker->taken));
    return RG_OK;
}

/* Every slot's outputs still stand from its last inference; with state, from one after a reset. */
static rg_status prove_slot_again(rg_worker *worker, unsigned slot, rg_err *err) {
    rg_sample sample;
    rg_status status = RG_OK;
    if (has_state(worker->loaded.workload.graph)) {
        if (!worker->target->reset || worker->target->reset(worker->program) != RG_OK)
            return RG_OK;
        status = rg_loop_once(&worker->loop, slot, &sample, err);
    }
    return status == RG_OK ? rg_worker_prove(worker, slot, err) : status;
}

rg_status rg_worker_prove_again(rg_worker *worker, rg_err *err) {
    rg_status status = RG_OK;
    for (unsigned s = 0; status == RG_OK && s < worker->slots && !is_idle(worker); s++)
        status = prove_slot_again(worker, s, err);
    if (status == RG_WRONG)
        rg_err_prefix(err, "after the timed run");
    return status;
}
