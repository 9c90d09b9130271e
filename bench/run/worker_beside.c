/* worker_beside.c: a window beside a stated disturbance: first the same window without it (part
 * "alone"), then the disturbance begins, and the window that counts. */
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

enum { SETTLE_NS = 200 * 1000000 }; /* of the disturbance, before anything counts */

rg_status rg_worker_disturb_open(rg_worker *worker, rg_err *err) {
    rg_disturb_kind kind = worker->job.cell.interfere;
    if (kind == RG_DISTURB_NONE)
        return RG_OK;
    if (worker->is_virtual)
        return rg_fail(err, RG_UNSUPPORTED, "choose a target in real time",
                       "nothing disturbs simulated time");
    rg_status status = rg_disturb_open(kind, &worker->disturb, err);
    if (status == RG_OK)
        json_object_set_new(worker->facts, "interfere",
                            json_pack("{s:s, s:i}", "kind", rg_disturb_words[kind], "processes",
                                      (int)rg_disturb_count(worker->disturb)));
    return status;
}

static rg_status one_window(rg_worker *worker, const rg_goal *goal, rg_rows *rows, rg_ran *ret_ran,
                            rg_err *err) {
    return rg_pattern_is_open(worker->job.cell.pattern.kind)
               ? rg_worker_open_window(worker, rows, ret_ran, err)
               : rg_loop_run(&worker->loop, goal, rows, ret_ran, err);
}

rg_status rg_worker_beside(rg_worker *worker, const rg_goal *goal, rg_rows *rows, rg_ran *ret_ran,
                           rg_err *err) {
    static const char *const names[] = {"alone"};
    rg_ran ran;
    rg_worker_parts_plan(worker, names, 1, rows);
    rg_status status = one_window(worker, goal, &worker->parts[0].rows, &ran, err);
    if (status != RG_OK)
        return status;
    rg_disturb_start(worker->disturb);
    rg_rows settling = *rows;
    rg_goal settle = {1, SETTLE_NS, worker->deadline_ns};
    status = rg_loop_run(&worker->loop, &settle, &settling, &ran, err);
    return status == RG_OK ? one_window(worker, goal, rows, ret_ran, err) : status;
}
