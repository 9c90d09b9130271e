/* worker_power.c: the worker's part in measuring power. It marks the windows in which the model is
 * loaded and idle; real rails are sampled by the supervisor's meter on the same clock, virtual ones
 * here, because only this process knows the virtual time, and rails of the open device, because
 * only this process has it. */
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

static void note_refusal(rg_worker *worker, const rg_err *why) {
    json_object_set_new(worker->facts, "power",
                        json_pack("{s:s, s:s, s:s}", "refusal", "no-sensor", "what", why->what,
                                  "advice", why->advice));
}

/* No rail is no error: the round goes on and the record says why there is no energy. */
rg_status rg_worker_power_open(rg_worker *worker, rg_err *err) {
    if (!worker->job.power || !worker->is_virtual)
        return RG_OK;
    rg_err why = RG_ERR_INIT;
    worker->rails = rg_arena_alloc(worker->arena, sizeof *worker->rails);
    if (!worker->rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_rails_find(worker->root, worker->job.rails, true, worker->rails, &why);
    if (status == RG_OK)
        status = rg_meter_open(worker->root, worker->rails, "", &worker->meter, &why);
    if (status == RG_OK)
        status = rg_meter_start(worker->meter, &why);
    if (status != RG_OK)
        note_refusal(worker, &why);
    return RG_OK;
}

/* A scenario that names its rails wants those only. */
static bool wants_rail(const rg_worker *worker, const rg_rail *rail) {
    const char *const *wanted = worker->job.rails;
    for (; wanted && *wanted; wanted++) {
        if (!strcmp(*wanted, rail->id) || !strcmp(*wanted, rail->label) ||
            !strcmp(*wanted, rail->sensor))
            return true;
    }
    return !worker->job.rails || !*worker->job.rails;
}

static rg_status open_session_rails(rg_worker *worker, rg_err *why) {
    rg_rail_list *all = worker->rails;
    rg_status status = worker->target->rails(worker->session, all, why);
    if (status == RG_OK && !(all->n && wants_rail(worker, &all->items[0])))
        return RG_OK;
    if (status == RG_OK)
        status = rg_meter_open_session(worker->target, worker->session, all, worker->job.cell.cores,
                                       &worker->meter, why);
    return status == RG_OK ? rg_meter_start(worker->meter, why) : status;
}

rg_status rg_worker_power_session(rg_worker *worker, rg_err *err) {
    rg_err why = RG_ERR_INIT;
    if (!worker->job.power || !worker->target->rails)
        return RG_OK;
    worker->rails = rg_arena_alloc(worker->arena, sizeof *worker->rails);
    if (!worker->rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (open_session_rails(worker, &why) != RG_OK)
        note_refusal(worker, &why);
    return RG_OK;
}

void rg_worker_power_idle(rg_worker *worker, const char *key) {
    rg_ran ran;
    if (!worker->job.power || worker->job.idle_ns <= 0)
        return;
    rg_worker_phase(worker, key);
    rg_loop_idle(worker->job.idle_ns, &ran);
    rg_worker_power_poll(worker);
    json_object_set_new(worker->facts, key,
                        json_pack("{s:I, s:I}", "start_ns", (json_int_t)ran.start_ns, "end_ns",
                                  (json_int_t)ran.end_ns));
}

void rg_worker_power_poll(rg_worker *worker) {
    if (worker->meter)
        rg_meter_poll(worker->meter);
}

static bool write_at(const void *data, size_t bytes, uint64_t offset) {
    for (const char *at = data; bytes;) {
        ssize_t n = pwrite(RG_JOB_MEMORY, at, bytes, (off_t)offset);
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return true;
}

rg_status rg_worker_power_hand_over(rg_worker *worker, rg_err *err) {
    if (!worker->meter)
        return RG_OK;
    size_t n_rails, n_rows;
    rg_meter_stop(worker->meter);
    const rg_rail *rails = rg_meter_rails(worker->meter, &n_rails);
    const rg_power_row *rows = rg_meter_rows(worker->meter, &n_rows);
    rg_job_memory *shared = worker->shared;
    uint64_t rails_at = rg_job_memory_bytes(), rows_at = rails_at + n_rails * sizeof *rails;
    if (!write_at(rails, n_rails * sizeof *rails, rails_at) ||
        !write_at(rows, n_rows * sizeof *rows, rows_at))
        return rg_fail(err, RG_IO, "free some memory", "cannot hand over %zu power rows", n_rows);
    shared->rails_offset = rails_at;
    shared->power_offset = rows_at;
    shared->n_rails = n_rails;
    shared->n_power = n_rows;
    json_t *cost = rg_meter_cost(worker->meter);
    /* real time: it would make simulated rounds differ, and a simulated rail costs nothing */
    if (worker->is_virtual) {
        json_object_del(cost, "read_cost_ns");
        json_object_del(cost, "cpu_share");
    }
    json_object_set_new(worker->facts, "power", json_pack("{s:o}", "cost", cost));
    return RG_OK;
}
