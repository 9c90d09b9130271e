/* worker_whole.c: a round that a vendor's tool runs by itself, in place of our loops. Power, idle
 * windows, host and device facts stand around it as around any round; latencies are what the tool
 * tells. Its outputs are not seen, so the record says that nothing was proven. */
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

static const char unseen[] = "the vendor's tool runs by itself: its outputs are not seen";

rg_status rg_worker_whole_admits(rg_worker *worker, rg_err *err) {
    const rg_pattern *pattern = &worker->job.cell.pattern;
    json_object_set_new(worker->facts, "no_truth", json_string(unseen));
    if (pattern->kind == RG_PATTERN_SINGLE_STREAM || pattern->kind == RG_PATTERN_IN_FLIGHT)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, "take single_stream or in_flight, or another target",
                   "%s runs its own closed loop, and no other pattern", worker->target->name);
}

/* The rows into the shared store, moved so that the last one ends with the tool's measuring. */
static void keep_rows(rg_worker *worker, const rg_whole *whole) {
    const rg_foreign *result = &whole->result;
    size_t n = result->n_rows < RG_ROWS_CAP ? result->n_rows : RG_ROWS_CAP;
    size_t first = result->n_rows - n;
    int64_t shift = n ? whole->end_ns - result->rows[result->n_rows - 1].end_ns : 0;
    for (size_t i = 0; i < n; i++)
        worker->shared->rows[i] = (rg_sample){result->rows[first + i].start_ns + shift,
                                              result->rows[first + i].end_ns + shift};
    worker->shared->n_rows = n;
    worker->shared->progress = n;
    json_object_set_new(worker->facts, "taken", json_integer((json_int_t)result->n_rows));
    if (first)
        rg_worker_flag(worker, "reservoir");
}

/* From the first row on, where there are rows: what came before was the tool's own warm-up. */
static int64_t start_of(const rg_worker *worker, const rg_whole *whole) {
    int64_t start = whole->start_ns;
    for (size_t i = 0; i < worker->shared->n_rows; i++) {
        int64_t row = worker->shared->rows[i].start_ns;
        start = i == 0 || row < start ? row : start;
    }
    return start;
}

static void keep_facts(rg_worker *worker, const rg_whole *whole) {
    const rg_foreign *result = &whole->result;
    json_t *effective = json_object_get(json_object_get(worker->facts, "settings"), "effective");
    json_object_update_missing(effective, result->settings);
    if (*result->version)
        json_object_set_new(effective, "tool_version", json_string(result->version));
    json_object_set(worker->facts, "told", result->told);
    json_object_set_new(worker->facts, "told_n", json_integer((json_int_t)result->n));
    json_object_set_new(
        worker->facts, "window",
        json_pack("{s:I, s:I, s:I}", "start_ns", (json_int_t)start_of(worker, whole), "end_ns",
                  (json_int_t)whole->end_ns, "inferences", (json_int_t)whole->inferences));
}

static rg_status run_tool(rg_worker *worker, rg_whole *whole, rg_err *err) {
    const rg_cell *cell = &worker->job.cell;
    const rg_whole_ask ask = {.in_flight = cell->pattern.in_flight ? cell->pattern.in_flight : 1,
                              .samples = cell->tier.samples,
                              .min_ns = cell->tier.min_ns,
                              .deadline_ns = worker->deadline_ns};
    rg_worker_phase(worker, "steady");
    rg_status status = worker->target->run_whole(worker->program, &ask, whole, err);
    if (status != RG_OK)
        return status;
    keep_rows(worker, whole);
    keep_facts(worker, whole);
    rg_worker_placement(worker); /* known only now */
    return rg_worker_check_offload(worker, err);
}

rg_status rg_worker_whole(rg_worker *worker, rg_err *err) {
    rg_whole whole = {0};
    json_object_del(worker->phases, "load_cold_ns"); /* nothing was loaded yet: the tool tells */
    json_object_set_new(worker->facts, "truth",
                        json_pack("{s:b, s:s}", "compared", 0, "what", unseen));
    rg_worker_power_idle(worker, "idle_before");
    rg_worker_facts_device(worker, "before");
    rg_status status = run_tool(worker, &whole, err);
    if (status != RG_OK)
        return status;
    rg_worker_facts_clock(worker);
    rg_worker_facts_device(worker, "after");
    rg_worker_power_idle(worker, "idle_after");
    rg_worker_facts_end(worker);
    return rg_worker_power_hand_over(worker, err);
}
