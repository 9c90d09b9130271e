/* supervisor.c: the schedule worked off, round by round. runner.c opens the plan, runner_round.c
 * runs a round; here are order, resuming and giving up. */
#include "bench/run/supervisor.h"

#include "bench/run/runner_priv.h"

/* Rounds of an earlier run count as if they had just been made. */
static bool here_already(rg_runner *run, size_t order) {
    const rg_sink *sink = run->spec->sink;
    rg_status status = RG_OK;
    if (!sink->has_round || !sink->has_round(sink->user, (uint32_t)order, &status))
        return false;
    rg_runner_count(run, run->slots[order].cell, status, "see the bundle's round", NULL);
    return true;
}

static bool is_refused(const rg_runner *run, size_t order) {
    return run->admissions[run->slots[order].cell].status != RG_OK;
}

static rg_status work_off(rg_runner *run, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; i < run->n_slots; i++)
        run->left += !is_refused(run, i);
    run->progress.total = run->left;
    for (size_t i = 0; status == RG_OK && i < run->n_slots; i++) {
        const rg_slot *slot = &run->slots[i];
        if (is_refused(run, i))
            continue;
        if (rg_runner_stop)
            return rg_fail(err, RG_INTERRUPTED, "go on with --resume", "stopped by a signal");
        if (!here_already(run, i) && !run->outcomes[slot->cell].given_up) {
            status = rg_runner_run_slot(run, slot, err);
            run->ran++;
        }
        run->left--;
        run->progress.done++;
    }
    return status;
}

rg_status rg_run_plan(const rg_plan *plan, const rg_run_spec *spec, rg_outcome *ret_outcomes,
                      rg_err *err) {
    rg_runner *run = NULL;
    rg_status status = rg_runner_open(plan, spec, ret_outcomes, &run, err);
    if (status == RG_OK)
        status = work_off(run, err);
    rg_runner_close(run);
    return status;
}
