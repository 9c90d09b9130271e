/* worker_soak.c: a round that runs until the device is thermally steady, or its time is over: one
 * long window from the cold start on, in segments between which the temperature is read and the
 * slope is tested. No warm-up: the burst before the heat is half of the answer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/host.h"
#include "bench/run/pattern_open.h"
#include "bench/run/soak.h"
#include "bench/run/worker_priv.h"

enum { SCRATCH = 4096 }; /* rows of a segment that its median is of, at most */

typedef struct soaking {
    rg_worker *worker;
    rg_rows *rows;
    rg_ran ran; /* of all segments */
    rg_offered offered;
    rg_soak_segment segments[RG_SOAK_MOST];
    size_t n;
    json_t *told;
} soaking;

/* The warmest zone in millidegrees; NAN where none is, as in simulated time. */
static double warmest_mc(const rg_worker *worker) {
    double most = NAN;
    const char *zone;
    json_t *value, *state = worker->is_virtual ? NULL : rg_host_state(worker->root);
    json_object_foreach(json_object_get(state, "temperature_mc"), zone, value) {
        if (json_is_number(value) && !(json_number_value(value) <= most))
            most = json_number_value(value);
    }
    json_decref(state);
    return most;
}

static double median_between(const rg_rows *rows, size_t from) {
    double numbers[SCRATCH];
    size_t n = rows->n - from, first = from + (n > SCRATCH ? n - SCRATCH : 0);
    return rg_rows_median_ns(rows->rows + first, rows->n - first, numbers);
}

static void add_offered(rg_offered *all, const rg_offered *more) {
    all->offered += more->offered;
    all->dropped += more->dropped;
    all->on_time += more->on_time;
    all->wait_at_end_ns = more->wait_at_end_ns;
    if (more->late_p50_ns > all->late_p50_ns)
        all->late_p50_ns = more->late_p50_ns;
    if (more->late_p95_ns > all->late_p95_ns)
        all->late_p95_ns = more->late_p95_ns;
    if (more->late_max_ns > all->late_max_ns)
        all->late_max_ns = more->late_max_ns;
}

/* A segment into rows of its own, from which the median is taken before they join the others. */
static rg_status run_segment(soaking *s, rg_rows *own, rg_ran *ran, rg_err *err) {
    rg_worker *worker = s->worker;
    const rg_pattern *pattern = &worker->job.cell.pattern;
    rg_goal goal = {1, pattern->step_ns, worker->deadline_ns};
    rg_offered offered;
    if (!(pattern->hz > 0))
        return rg_loop_run(&worker->loop, &goal, own, ran, err);
    uint64_t n = rg_arrivals_needed(pattern->hz, 1, pattern->step_ns);
    rg_status status = rg_worker_offer_n(worker, n, own, ran, &offered, err);
    if (status == RG_OK)
        add_offered(&s->offered, &offered);
    return status;
}

static void join(soaking *s, const rg_rows *own) {
    for (size_t i = 0; i < own->n;) {
        size_t room;
        rg_sample *at = rg_rows_next(s->rows, own->n - i, &room);
        memcpy(at, own->rows + i, room * sizeof *at);
        rg_rows_took(s->rows, at, room);
        i += room;
    }
    s->rows->taken += own->taken - own->n;
}

static void tell(soaking *s, const rg_ran *ran, const rg_soak_segment *segment) {
    json_t *line = json_pack("{s:I, s:I, s:I, s:f}", "start_ns", (json_int_t)ran->start_ns,
                             "end_ns", (json_int_t)ran->end_ns, "inferences",
                             (json_int_t)ran->inferences, "p50_ns", segment->p50_ns);
    if (isfinite(segment->temperature_mc))
        json_object_set_new(line, "temperature_mc", json_real(segment->temperature_mc));
    json_array_append_new(s->told, line);
}

static rg_status add_segment(soaking *s, rg_rows *own, rg_err *err) {
    rg_ran ran;
    own->n = own->taken = 0;
    rg_status status = run_segment(s, own, &ran, err);
    if (status != RG_OK)
        return status;
    rg_rows_sort(own->rows, own->n);
    s->segments[s->n] =
        (rg_soak_segment){median_between(own, 0) / s->worker->loop.block, warmest_mc(s->worker)};
    tell(s, &ran, &s->segments[s->n++]);
    join(s, own);
    if (s->n == 1)
        s->ran.start_ns = ran.start_ns;
    s->ran.end_ns = ran.end_ns;
    s->ran.inferences += ran.inferences;
    s->ran.last_slot = ran.last_slot;
    s->worker->shared->progress = s->rows->taken;
    rg_worker_power_poll(s->worker);
    return RG_OK;
}

static void note(soaking *s, bool steady) {
    const rg_pattern *pattern = &s->worker->job.cell.pattern;
    if (!steady)
        rg_worker_flag(s->worker, "no-steady-state");
    json_object_set_new(s->worker->facts, "soak",
                        json_pack("{s:I, s:b, s:i, s:O}", "step_ns", (json_int_t)pattern->step_ns,
                                  "steady", (int)steady, "last", RG_SOAK_LAST, "segments",
                                  s->told));
    if (pattern->hz > 0)
        rg_worker_note_arrivals(s->worker, pattern->hz, s->rows, &s->ran, &s->offered);
}

/* Without a temperature nobody knows whether heat is still to come: then the time runs out. */
static rg_status run_all(soaking *s, rg_rows *own, rg_err *err) {
    int64_t end_ns = rg_clock_now_ns() + s->worker->job.cell.pattern.duration_ns;
    bool steady = false, readable = true;
    rg_status status = RG_OK;
    while (status == RG_OK && !(steady && readable) && s->n < RG_SOAK_MOST &&
           rg_clock_now_ns() < end_ns) {
        status = add_segment(s, own, err);
        readable = s->n && isfinite(s->segments[s->n - 1].temperature_mc);
        steady = rg_soak_is_steady(s->segments, s->n);
    }
    if (status == RG_OK)
        note(s, steady);
    return status;
}

rg_status rg_worker_soak(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    enum { OWN_CAP = 1 << 16 };
    soaking *s = calloc(1, sizeof *s);
    rg_sample *own_rows = calloc(OWN_CAP, sizeof *own_rows);
    rg_status status = RG_NO_MEMORY;
    if (s && own_rows) {
        *s = (soaking){.worker = worker, .rows = rows, .told = json_array()};
        rg_rows own = {.rows = own_rows,
                       .scratch = rows->scratch,
                       .cap = OWN_CAP,
                       .rng = rg_rng_seeded(worker->job.seed)};
        status = run_all(s, &own, err);
        *ret_ran = s->ran;
        json_decref(s->told);
    } else {
        rg_fail(err, status, NULL, "out of memory");
    }
    free(own_rows);
    free(s);
    return status;
}
