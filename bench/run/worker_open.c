/* worker_open.c: a round under an open loop: its arrivals, a short lead-in under the same load, the
 * window, and what is told of it beside the samples. worker_measure.c calls it. */
#include "bench/core/json.h"
#include "bench/run/arrivals.h"
#include "bench/run/pattern_open.h"
#include "bench/run/worker_priv.h"

enum { LEAD_SHARE = 10, LEAD_SECONDS = 1 }; /* a tenth of the window, a second at most */

static rg_status make_arrivals(const rg_worker *worker, uint64_t n, uint64_t seed,
                               rg_arrivals *ret_arrivals, rg_err *err) {
    const rg_pattern *pattern = &worker->job.cell.pattern;
    if (pattern->kind == RG_PATTERN_PACED)
        return rg_arrivals_paced(pattern->hz, n, ret_arrivals, err);
    return rg_arrivals_poisson(pattern->hz, n, seed, ret_arrivals, err);
}

static rg_status run_arrivals(rg_worker *worker, const rg_arrivals *arrivals, rg_rows *rows,
                              rg_ran *ret_ran, rg_offered *ret_offered, rg_err *err) {
    rg_loop loop = worker->loop;
    loop.pattern = worker->job.cell.pattern;
    size_t queue = loop.pattern.queue < 0 ? SIZE_MAX : (size_t)loop.pattern.queue;
    return rg_open_run(&loop, arrivals, queue, worker->deadline_ns, rows, ret_ran, ret_offered,
                       err);
}

static uint64_t window_arrivals(const rg_worker *worker) {
    const rg_cell *cell = &worker->job.cell;
    return rg_arrivals_needed(cell->pattern.hz, cell->tier.samples, cell->tier.min_ns);
}

rg_status rg_worker_open_lead_in(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    double most = worker->job.cell.pattern.hz * LEAD_SECONDS;
    uint64_t n = window_arrivals(worker) / LEAD_SHARE;
    rg_arrivals arrivals;
    rg_offered offered;
    n = (double)n > most ? (uint64_t)most : n;
    rg_status status = make_arrivals(worker, n + 1, worker->job.seed + 1, &arrivals, err);
    if (status != RG_OK)
        return status;
    status = run_arrivals(worker, &arrivals, rows, ret_ran, &offered, err);
    rg_arrivals_free(&arrivals);
    return status;
}

/* The sender's own delay, where it is more than a twentieth of what requests take, is not small
 * beside the figures; and a queue that ends long is not one of a device that keeps up. */
static void judge(rg_worker *worker, const rg_rows *rows, const rg_ran *ran,
                  const rg_offered *offered) {
    enum { LOOKED_AT = 4096 };
    double numbers[LOOKED_AT];
    size_t n = rows->n < LOOKED_AT ? rows->n : LOOKED_AT;
    double median = rg_rows_median_ns(rows->rows, n, numbers);
    double period_ns = 1e9 / worker->job.cell.pattern.hz;
    if ((double)offered->late_p95_ns > 0.05 * median)
        rg_worker_flag(worker, "sender-late");
    if ((double)offered->wait_at_end_ns > 2 * period_ns &&
        offered->wait_at_end_ns > (ran->end_ns - ran->start_ns) / 20)
        rg_worker_flag(worker, "overloaded");
}

static void write_down(rg_worker *worker, const rg_offered *offered) {
    json_object_set_new(
        worker->facts, "arrivals",
        json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "hz", worker->job.cell.pattern.hz,
                  "offered", (json_int_t)offered->offered, "dropped", (json_int_t)offered->dropped,
                  "on_time", (json_int_t)offered->on_time, "late_p50_ns",
                  (json_int_t)offered->late_p50_ns, "late_p95_ns", (json_int_t)offered->late_p95_ns,
                  "late_max_ns", (json_int_t)offered->late_max_ns, "wait_at_end_ns",
                  (json_int_t)offered->wait_at_end_ns));
}

rg_status rg_worker_open_window(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    rg_arrivals arrivals;
    rg_offered offered;
    rg_status status =
        make_arrivals(worker, window_arrivals(worker), worker->job.seed, &arrivals, err);
    if (status != RG_OK)
        return status;
    status = run_arrivals(worker, &arrivals, rows, ret_ran, &offered, err);
    rg_arrivals_free(&arrivals);
    if (status != RG_OK)
        return status;
    judge(worker, rows, ret_ran, &offered);
    write_down(worker, &offered);
    return RG_OK;
}
