/* worker_search.c: a round that looks for a load: the largest number of streams that hold their
 * deadline, or the requests in flight at which throughput stops growing. Probes are thrown away but
 * for a line each in the facts; the window is measured at what was found. */
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/pattern_open.h"
#include "bench/run/search.h"
#include "bench/run/worker_priv.h"

typedef struct searching {
    rg_worker *worker;
    const rg_rows *fresh; /* an empty store: each probe begins with it */
    rg_rows rows;         /* of the last probe */
    rg_ran ran;
    rg_offered offered;
    json_t *probes;
} searching;

static void note(searching *s, const char *what, uint32_t best) {
    const rg_pattern *pattern = &s->worker->job.cell.pattern;
    json_object_set_new(s->worker->facts, "search",
                        json_pack("{s:s, s:s, s:i, s:i, s:O}", "what", what, "strategy",
                                  rg_search_words[pattern->search], "best", (int)best, "most",
                                  (int)pattern->most, "probes", s->probes));
}

static void begin_probe(searching *s) {
    s->rows = *s->fresh;
    s->worker->shared->progress++;
    rg_worker_power_poll(s->worker);
}

/* --- streams ---------------------------------------------------------------------------------- */

static uint64_t misses(const rg_rows *rows, int64_t deadline_ns) {
    uint64_t late = 0;
    for (size_t i = 0; i < rows->n; i++) {
        int64_t ns = rows->rows[i].end_ns - rows->rows[i].start_ns;
        late += ns < 0 || ns > deadline_ns;
    }
    return late;
}

/* The tier's samples, and its time, at this many streams. */
static rg_status probe_streams(void *user, uint32_t n, bool *ret_holds, rg_err *err) {
    searching *s = user;
    const rg_cell *cell = &s->worker->job.cell;
    begin_probe(s);
    rg_status status =
        rg_worker_offer(s->worker, n, s->worker->job.seed + n, &s->rows, &s->ran, &s->offered, err);
    if (status != RG_OK)
        return status;
    uint64_t late = misses(&s->rows, cell->deadline_ns);
    double last_ns, growth_ns = rg_search_growth_ns(s->rows.rows, s->rows.n, &last_ns);
    *ret_holds = !s->ran.capped && (double)late <= cell->pattern.drops * (double)s->rows.n &&
                 !rg_search_outgrows(last_ns, growth_ns, cell->deadline_ns);
    json_array_append_new(s->probes,
                          json_pack("{s:i, s:I, s:I, s:I, s:I, s:b}", "n", (int)n, "offered",
                                    (json_int_t)s->offered.offered, "dropped",
                                    (json_int_t)s->offered.dropped, "missed", (json_int_t)late,
                                    "growth_ns", (json_int_t)growth_ns, "holds", (int)*ret_holds));
    if (s->ran.capped)
        return rg_fail(err, RG_TIMEOUT, "raise the tier's cap, or lower `most`",
                       "the time cap came while searching, at %u streams", n);
    return RG_OK;
}

/* What the warm-up's median promises. */
static uint32_t guess_streams(const searching *s) {
    const rg_pattern *pattern = &s->worker->job.cell.pattern;
    double busy = pattern->hz * (double)s->worker->warm_row_ns * 1e-9;
    double n = busy > 0 ? (double)rg_pattern_slots(pattern) / busy : 1;
    return n < (double)pattern->most ? (uint32_t)n : pattern->most;
}

/* The window at what was found; one stream less while luck was on the probe's side. */
static rg_status confirm(searching *s, uint32_t *best, rg_err *err) {
    bool holds = false;
    rg_status status = RG_OK;
    do {
        status = probe_streams(s, *best ? *best : 1, &holds, err);
    } while (status == RG_OK && !holds && *best && --*best);
    return status;
}

static rg_status search_streams(searching *s, rg_err *err) {
    const rg_pattern *pattern = &s->worker->job.cell.pattern;
    uint32_t best = 0;
    rg_status status = rg_search_run((rg_search_kind)pattern->search, guess_streams(s),
                                     pattern->most, probe_streams, s, &best, err);
    if (status == RG_OK)
        status = confirm(s, &best, err);
    note(s, "streams", best);
    if (status == RG_OK)
        rg_worker_note_arrivals(s->worker, pattern->hz * (best ? best : 1), &s->rows, &s->ran,
                                &s->offered);
    if (status == RG_OK && best == pattern->most)
        rg_worker_flag(s->worker, "search-bound");
    return status;
}

/* --- requests in flight ----------------------------------------------------------------------- */

static rg_status probe_flight(searching *s, uint32_t n, double *ret_per_s, rg_err *err) {
    rg_worker *worker = s->worker;
    const rg_tier *tier = &worker->job.cell.tier;
    rg_goal goal = {tier->samples, tier->min_ns, worker->deadline_ns};
    rg_loop loop = worker->loop;
    loop.pattern.kind = RG_PATTERN_IN_FLIGHT;
    loop.pattern.in_flight = n;
    begin_probe(s);
    rg_status status = rg_loop_run(&loop, &goal, &s->rows, &s->ran, err);
    if (status != RG_OK)
        return status;
    *ret_per_s = (double)s->ran.inferences * 1e9 / (double)(s->ran.end_ns - s->ran.start_ns);
    json_array_append_new(s->probes,
                          json_pack("{s:i, s:f}", "n", (int)n, "requests_per_s", *ret_per_s));
    return RG_OK;
}

/* 1, 2, 4 ... while each doubling gives a twentieth more at least; the last that did is the knee.
 */
static rg_status search_flight(searching *s, rg_err *err) {
    uint32_t most = s->worker->job.cell.pattern.most, best = 1;
    double rate = 0, best_rate = 0;
    rg_status status = probe_flight(s, 1, &best_rate, err);
    for (uint32_t n = 2; status == RG_OK && n <= most; n *= 2) {
        status = probe_flight(s, n, &rate, err);
        if (status != RG_OK || rate < 1.05 * best_rate)
            break;
        best = n;
        best_rate = rate;
    }
    if (status == RG_OK)
        status = probe_flight(s, best, &rate, err);
    note(s, "in_flight", best);
    if (status == RG_OK && best * 2 > most)
        rg_worker_flag(s->worker, "search-bound");
    return status;
}

rg_status rg_worker_search(rg_worker *worker, rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    rg_rows fresh = *rows;
    searching s = {.worker = worker, .fresh = &fresh, .probes = json_array()};
    bool streams = worker->job.cell.pattern.kind == RG_PATTERN_STREAMS;
    rg_status status = streams ? search_streams(&s, err) : search_flight(&s, err);
    if (status == RG_OK) {
        *rows = s.rows;
        *ret_ran = s.ran;
    }
    json_decref(s.probes);
    return status;
}
