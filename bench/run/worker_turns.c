/* worker_turns.c: the steady window of a worker that takes turns with another (turns.h): slices of
 * the same loop as ever, each after a few calls that warm the caches again. What lies between its
 * slices is no part of the window's length. */
#include "bench/core/clock.h"
#include "bench/run/worker_priv.h"

enum { REWARM_ROWS = 3 };

/* Time slept is not the round's own; but the supervisor waits for two caps more, no longer. */
static void put_off(rg_worker *worker, int64_t waited_ns) {
    int64_t then = worker->deadline_ns + waited_ns;
    worker->deadline_ns = then < worker->latest_ns ? then : worker->latest_ns;
}

/* Without a page (the supervisor is an older build, or gone) the worker measures by itself. */
void rg_worker_turns_arrive(rg_worker *worker) {
    const rg_job *job = &worker->job;
    if (!job->turns || worker->is_virtual ||
        rg_turns_join(job->turns, job->side, &worker->turns, NULL) != RG_OK)
        return;
    rg_worker_phase(worker, "turns");
    worker->latest_ns = worker->deadline_ns + 2 * job->cell.tier.cap_ns;
    put_off(worker, rg_turns_arrive(worker->turns));
}

static rg_status rewarm(rg_worker *worker, rg_err *err) {
    rg_status status = RG_OK;
    rg_sample sample;
    int64_t end_ns = rg_clock_now_ns() + worker->job.slice_ns / 4; /* one call of a slow model */
    for (uint32_t i = 0; status == RG_OK && i < REWARM_ROWS * worker->loop.block; i++) {
        if (i && rg_clock_now_ns() >= end_ns)
            break;
        status = rg_loop_once(&worker->loop, 0, &sample, err);
    }
    return status;
}

static void add_slice(rg_ran *all, const rg_ran *slice, int64_t *active_ns) {
    if (!all->inferences)
        all->start_ns = slice->start_ns;
    all->end_ns = slice->end_ns;
    all->inferences += slice->inferences;
    all->last_slot = slice->last_slot;
    *active_ns += slice->end_ns - slice->start_ns;
}

/* One slice, and what is done between blocks of the loop. */
static rg_status run_slice(rg_worker *worker, rg_rows *rows, rg_ran *ret_slice, rg_err *err) {
    const rg_loop *loop = &worker->loop;
    rg_goal goal = {1, worker->job.slice_ns, worker->deadline_ns};
    rg_status status = rg_loop_run(loop, &goal, rows, ret_slice, err);
    if (status == RG_OK && !loop->pause(loop->user, ret_slice->last_slot, rows->taken))
        return RG_INTERRUPTED;
    return status;
}

rg_status rg_worker_run_slices(rg_worker *worker, const rg_goal *goal, rg_rows *rows,
                               rg_ran *ret_ran, rg_err *err) {
    rg_ran all = {0}, slice;
    int64_t active_ns = 0, waited_ns = 1;
    rg_status status = RG_OK;
    do {
        if (waited_ns)
            status = rewarm(worker, err);
        if (status == RG_OK)
            status = run_slice(worker, rows, &slice, err);
        if (status != RG_OK)
            return status;
        add_slice(&all, &slice, &active_ns);
        worker->slices++;
        bool enough = rows->taken >= goal->rows && active_ns >= goal->min_ns;
        all.capped = !enough && all.end_ns >= worker->deadline_ns;
        if (enough || all.capped)
            break;
        waited_ns = rg_turns_pass(worker->turns);
        put_off(worker, waited_ns);
    } while (true);
    worker->paused_ns = all.end_ns - all.start_ns - active_ns;
    put_off(worker, rg_turns_finish(worker->turns));
    *ret_ran = all;
    return RG_OK;
}
