/* worker_nodes.c: times of single operators, taken after the measurement in a program of their own
 * that counts: the figures of the round know nothing of it. profile.c keeps them. */
#include "bench/core/clock.h"
#include "bench/run/profile.h"
#include "bench/run/worker_priv.h"

enum { WARM_RUNS = 3, MOST_RUNS = 50, MOST_NS = 1000000000 };

/* Runs until enough are taken or time is up; one is taken in any case. */
static rg_status take_runs(rg_worker *worker, rg_profile *profile, rg_err *err) {
    int64_t end_ns = rg_clock_now_ns() + MOST_NS;
    rg_sample sample;
    rg_status status = RG_OK;
    for (int i = 0; status == RG_OK && i < WARM_RUNS; i++)
        status = rg_loop_once(&worker->loop, 0, &sample, err);
    while (status == RG_OK && profile->runs < profile->cap) {
        status = rg_loop_once(&worker->loop, 0, &sample, err);
        if (status == RG_OK)
            rg_profile_take(profile, sample.end_ns - sample.start_ns);
        if (rg_clock_now_ns() > end_ns)
            break;
    }
    return status;
}

static rg_status count(rg_worker *worker, json_t **ret_facts, rg_err *err) {
    rg_profile *profile = NULL;
    if (!worker->target->node)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s tells no times of operators",
                       worker->target->name);
    rg_status status = rg_worker_open_counting(worker, err);
    if (status == RG_OK)
        status = rg_profile_new(worker->target, worker->program, worker->loaded.workload.graph,
                                MOST_RUNS, &profile, err);
    if (status == RG_OK)
        status = take_runs(worker, profile, err);
    if (status == RG_OK)
        *ret_facts = rg_profile_json(profile);
    rg_profile_free(profile);
    return status;
}

void rg_worker_per_op(rg_worker *worker) {
    json_t *facts = NULL;
    rg_err err = RG_ERR_INIT;
    if (!worker->job.per_op)
        return;
    rg_worker_phase(worker, "per-op");
    if (count(worker, &facts, &err) != RG_OK)
        facts = json_pack("{s:s, s:s}", "na", "not-available", "what", err.what);
    json_object_set_new(worker->facts, "per_op", facts);
}
