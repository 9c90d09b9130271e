/* worker_open.c: a round under an open loop: its arrivals, a short lead-in under the same load, the
 * window, and what is told of it beside the samples. worker_measure.c calls it. */
#include "bench/core/json.h"
#include "bench/run/arrivals.h"
#include "bench/run/pattern_open.h"
#include "bench/run/worker_priv.h"

enum {
    LEAD_SHARE = 10,     /* a tenth of the window, */
    LEAD_SECONDS = 1,    /* a second at most */
    STREAM_PERIODS = 30, /* frames of each stream at least: a queue that grows must show */
};

/* Arrivals of the cell's pattern; of `streams` cameras where it is one of those. */
static rg_status make_arrivals(const rg_pattern *pattern, uint32_t streams, uint64_t n,
                               uint64_t seed, rg_arrivals *ret_arrivals, rg_err *err) {
    if (pattern->kind == RG_PATTERN_PACED || pattern->kind == RG_PATTERN_SOAK)
        return rg_arrivals_paced(pattern->hz, n, ret_arrivals, err);
    if (pattern->kind == RG_PATTERN_POISSON)
        return rg_arrivals_poisson(pattern->hz, n, seed, ret_arrivals, err);
    return rg_arrivals_streams(pattern->hz, streams, n, seed, ret_arrivals, err);
}

/* Streams that say nothing of a queue have room for a frame each. */
static size_t queue_of(const rg_pattern *pattern, uint32_t streams) {
    if (pattern->queue >= 0)
        return (size_t)pattern->queue;
    return pattern->kind == RG_PATTERN_STREAMS ? streams : SIZE_MAX;
}

static rg_status run_arrivals(rg_worker *worker, uint32_t streams, uint64_t n, uint64_t seed,
                              rg_rows *rows, rg_ran *ret_ran, rg_offered *ret_offered,
                              rg_err *err) {
    rg_loop loop = worker->loop;
    loop.pattern = worker->job.cell.pattern;
    rg_arrivals arrivals;
    rg_status status = make_arrivals(&loop.pattern, streams, n, seed, &arrivals, err);
    if (status != RG_OK)
        return status;
    status = rg_open_run(&loop, &arrivals, queue_of(&loop.pattern, streams), worker->deadline_ns,
                         rows, ret_ran, ret_offered, err);
    rg_arrivals_free(&arrivals);
    return status;
}

static uint64_t window_arrivals(const rg_worker *worker, uint32_t streams) {
    const rg_cell *cell = &worker->job.cell;
    bool many = cell->pattern.kind == RG_PATTERN_STREAMS;
    uint64_t least = many ? (uint64_t)STREAM_PERIODS * streams : 0;
    uint64_t samples = cell->tier.samples > least ? cell->tier.samples : least;
    return rg_arrivals_needed(cell->pattern.hz * streams, samples, cell->tier.min_ns);
}

rg_status rg_worker_offer(rg_worker *worker, uint32_t streams, uint64_t seed, rg_rows *rows,
                          rg_ran *ret_ran, rg_offered *ret_offered, rg_err *err) {
    return run_arrivals(worker, streams, window_arrivals(worker, streams), seed, rows, ret_ran,
                        ret_offered, err);
}

rg_status rg_worker_offer_n(rg_worker *worker, uint64_t n, rg_rows *rows, rg_ran *ret_ran,
                            rg_offered *ret_offered, rg_err *err) {
    return run_arrivals(worker, 1, n, worker->job.seed, rows, ret_ran, ret_offered, err);
}

rg_status rg_worker_open_lead_in(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    double most = worker->job.cell.pattern.hz * LEAD_SECONDS;
    uint64_t n = window_arrivals(worker, 1) / LEAD_SHARE;
    rg_offered offered;
    n = (double)n > most ? (uint64_t)most : n;
    return run_arrivals(worker, 1, n + 1, worker->job.seed + 1, rows, ret_ran, &offered, err);
}

/* The sender's own delay, where it is more than a twentieth of what requests take, is not small
 * beside the figures; and a queue that ends long is not one of a device that keeps up. */
static void judge(rg_worker *worker, double hz, const rg_rows *rows, const rg_ran *ran,
                  const rg_offered *offered) {
    enum { LOOKED_AT = 4096 };
    double numbers[LOOKED_AT];
    size_t n = rows->n < LOOKED_AT ? rows->n : LOOKED_AT;
    double median = rg_rows_median_ns(rows->rows, n, numbers);
    double period_ns = 1e9 / hz;
    if ((double)offered->late_p95_ns > 0.05 * median)
        rg_worker_flag(worker, "sender-late");
    if ((double)offered->wait_at_end_ns > 2 * period_ns &&
        offered->wait_at_end_ns > (ran->end_ns - ran->start_ns) / 20)
        rg_worker_flag(worker, "overloaded");
}

void rg_worker_note_arrivals(rg_worker *worker, double hz, const rg_rows *rows, const rg_ran *ran,
                             const rg_offered *offered) {
    judge(worker, hz, rows, ran, offered);
    json_object_set_new(
        worker->facts, "arrivals",
        json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "hz", hz, "offered",
                  (json_int_t)offered->offered, "dropped", (json_int_t)offered->dropped, "on_time",
                  (json_int_t)offered->on_time, "late_p50_ns", (json_int_t)offered->late_p50_ns,
                  "late_p95_ns", (json_int_t)offered->late_p95_ns, "late_max_ns",
                  (json_int_t)offered->late_max_ns, "wait_at_end_ns",
                  (json_int_t)offered->wait_at_end_ns));
}

rg_status rg_worker_open_window(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    rg_offered offered;
    rg_status status = rg_worker_offer(worker, 1, worker->job.seed, rows, ret_ran, &offered, err);
    if (status == RG_OK)
        rg_worker_note_arrivals(worker, worker->job.cell.pattern.hz, rows, ret_ran, &offered);
    return status;
}
