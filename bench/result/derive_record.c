/* derive_record.c: the cell's record as JSON: identity, status, figures, arrays for the gate,
 * shape, variance and context. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"
#include "bench/run/workload.h"

static void set_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string(text ? text : ""));
}

static json_t *real_or_null(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static double hd(const rg_round_view *view, double p) {
    return rg_quantile_hd(view->sorted_ns, view->n, p);
}

static json_t *per_round(const rg_cell_work *work) {
    static const rg_figure_key keys[] = {RG_FIG_latency_mean_ns,
                                         RG_FIG_latency_p99_ns,
                                         RG_FIG_latency_max_ns,
                                         RG_FIG_throughput_per_s,
                                         RG_FIG_achieved_tops,
                                         RG_FIG_energy_total_uj,
                                         RG_FIG_energy_above_idle_uj,
                                         RG_FIG_power_mean_mw,
                                         RG_FIG_tops_per_watt,
                                         RG_FIG_rss_peak_bytes,
                                         RG_FIG_pss_peak_bytes,
                                         RG_FIG_arena_bytes,
                                         RG_FIG_first_ns,
                                         RG_FIG_load_cold_ns,
                                         RG_FIG_instructions,
                                         RG_FIG_latency_p999_ns,
                                         RG_FIG_burst_p95_ns,
                                         RG_FIG_sustained_p95_ns,
                                         RG_FIG_throttle_after_ns,
                                         RG_FIG_burst_uj,
                                         RG_FIG_sustained_uj,
                                         RG_FIG_interfere_p95,
                                         RG_FIG_streams,
                                         RG_FIG_best_in_flight,
                                         RG_FIG_arrivals_per_s,
                                         RG_FIG_dropped,
                                         RG_FIG_drop_share,
                                         RG_FIG_sender_late_ns,
                                         RG_FIG_deadline_misses,
                                         RG_FIG_deadline_miss_share};
    json_t *object = json_object(), *round = json_array(), *order = json_array();
    json_t *p50 = json_array(), *p95 = json_array();
    for (size_t r = 0; r < work->n; r++) {
        const rg_round_view *view = &work->views[r];
        json_array_append_new(round, json_integer((json_int_t)view->round->number));
        json_array_append_new(order, json_integer((json_int_t)view->round->order));
        json_array_append_new(p50, real_or_null(hd(view, 0.5)));
        json_array_append_new(p95, real_or_null(hd(view, 0.95)));
    }
    json_object_set_new(object, "round", round);
    json_object_set_new(object, "order", order);
    json_object_set_new(object, "latency_p50_ns", p50);
    json_object_set_new(object, "latency_p95_ns", p95);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (work->n && !work->views[0].figures[keys[i]].set)
            continue; /* of another load pattern, or without its deadline */
        json_t *list = json_array();
        for (size_t r = 0; r < work->n; r++)
            json_array_append_new(list, real_or_null(work->views[r].figures[keys[i]].value));
        json_object_set_new(object, rg_figure_rows[keys[i]].key, list);
    }
    return object;
}

static json_t *variance_to_json(const rg_cell_work *work) {
    const double **values = calloc(work->n + 1, sizeof *values);
    size_t *sizes = calloc(work->n + 1, sizeof *sizes);
    json_t *object = json_object();
    for (size_t r = 0; r < work->n && values && sizes; r++) {
        values[r] = work->views[r].latency_ns;
        sizes[r] = work->views[r].n;
    }
    if (values && sizes && work->n > 1) {
        rg_variance_split split = rg_variance_split_of(values, sizes, work->n);
        rg_json_set_real(object, "within_ns2", split.within);
        rg_json_set_real(object, "round_means_ns2", split.round_means);
        rg_json_set_real(object, "launch_ns2", split.launch);
        rg_json_set_real(object, "launch_share", split.launch_share);
    }
    free(values);
    free(sizes);
    return object;
}

static json_t *shape_to_json(const rg_cell_work *work) {
    json_t *object = json_object();
    if (!work->pool)
        return object;
    size_t n;
    const double *sorted = rg_pool_sorted(work->pool, &n);
    double lag = 0;
    for (size_t r = 0; r < work->n; r++)
        lag += rg_lag1(work->views[r].latency_ns, work->views[r].n) / (double)work->n;
    rg_json_set_real(object, "mvalue", rg_mvalue(sorted, n));
    rg_json_set_real(object, "mode_gap", rg_mode_gap(sorted, n));
    rg_json_set_real(object, "lag1", lag);
    return object;
}

/* Order-statistic intervals of a single round: true for its own process only, and named so. */
static json_t *within_process(const rg_cell_work *work) {
    static const struct {
        const char *key;
        double p;
    } rows[] = {{"latency_p50_ns", 0.5},
                {"latency_p90_ns", 0.9},
                {"latency_p95_ns", 0.95},
                {"latency_p99_ns", 0.99}};
    json_t *object = json_object();
    const rg_round_view *view = &work->views[0];
    for (size_t i = 0; i < 4; i++) {
        size_t low, high;
        if (!rg_quantile_order_bounds(view->n, rows[i].p, &low, &high))
            continue;
        json_t *pair = json_object();
        rg_json_set_real(pair, "low", view->sorted_ns[low]);
        rg_json_set_real(pair, "high", view->sorted_ns[high]);
        json_object_set_new(object, rows[i].key, pair);
    }
    return object;
}

/* By what instructions were counted, where no hardware counter did: other counts are of another
 * CPU. */
static void add_counting(const json_t *facts, json_t *context) {
    const json_t *counted = json_object_get(json_object_get(facts, "counters"), "instructions");
    const char *by = rg_json_get_text(counted, "by", "");
    if (*by)
        json_object_set_new(
            context, "instructions",
            json_pack("{s:s, s:s}", "by", by, "isa", rg_json_get_text(counted, "isa", "")));
}

/* What the rounds ran with, from the first ok one. */
static json_t *context_of(const rg_cell_work *work, const rg_round *rounds, size_t n) {
    static const char *const keys[] = {"workload", "settings",     "placement", "clock",
                                       "io",       "work",         "block",     "truth",
                                       "artefact", "device_facts", "per_op"};
    json_t *context = json_object();
    const json_t *facts = work->n ? work->views[0].facts : n ? rounds[0].facts : NULL;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(facts, keys[i]);
        if (value)
            json_object_set(context, keys[i], value);
    }
    add_counting(facts, context);
    json_t *state = rg_views_state(work->views, work->n);
    if (state)
        json_object_set_new(context, "state", state);
    json_t *requested = json_object_get(work->cell, "requested");
    if (requested)
        json_object_set(context, "requested", requested);
    return context;
}

static void copy_cell(const json_t *cell, json_t *record) {
    static const char *const keys[] = {"name",  "workload", "target",    "device",     "variant",
                                       "cores", "pattern",  "precision", "threads",    "batch",
                                       "tier",  "inputs",   "seed",      "deadline_ns"};
    const char *weights = rg_weights_word(rg_json_get_text(cell, "source", ""));
    if (*weights)
        set_text(record, "weights", weights);
    set_text(record, "cell", rg_json_get_text(cell, "key", rg_json_get_text(cell, "cell", "")));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(cell, keys[i]);
        if (value)
            json_object_set(record, keys[i], value);
    }
}

/* Status of the worst round, of the admission when nothing ran, or interrupted. */
static void set_status(const rg_cell_work *work, json_t *record) {
    const json_t *admission = json_object_get(work->cell, "admission");
    const json_t *source = admission ? admission : work->cell;
    const char *status = rg_json_get_text(source, "status", "interrupted");
    if (work->worst) {
        status = rg_status_word(work->worst->status);
        source = work->worst->facts;
    } else if (work->n_all) {
        status = rg_status_word(RG_OK);
        source = NULL;
    } else if (!strcmp(status, "ok")) {
        status = "interrupted";
    }
    set_text(record, "status", status);
    set_text(record, "what", rg_json_get_text(source, "what", ""));
    set_text(record, "advice", rg_json_get_text(source, "advice", ""));
}

static const char *provenance(const rg_round *rounds, size_t n) {
    const char *word = "measured";
    for (size_t r = 0; r < n; r++) {
        const char *told = rg_json_get_text(rounds[r].facts, "provenance", "measured");
        if (strcmp(told, "measured"))
            word = told;
    }
    return word;
}

/* Energy from a replayed trace is not of this machine, though the latency beside it is. */
static void mark_imported(const rg_round *rounds, size_t n, json_t *figures) {
    bool replayed = false;
    for (size_t r = 0; r < n; r++) {
        for (size_t i = 0; i < rounds[r].n_rails; i++)
            replayed |= !strcmp(rounds[r].rails[i].sensor, "replay");
    }
    for (int i = 0; replayed && i < RG_FIG_COUNT; i++) {
        json_t *figure = json_object_get(figures, rg_figure_rows[i].key);
        if (figure && !strcmp(rg_figure_rows[i].group, "energy"))
            json_object_set_new(figure, "provenance", json_string("imported"));
    }
}

/* Warm-up and steady windows of its rounds: what measuring it took, without starts and waits. */
static double measured_s(const rg_cell_work *work) {
    double sum = 0;
    for (size_t r = 0; r < work->n; r++) {
        const rg_round_view *view = &work->views[r];
        double warm_up = rg_json_get_real(view->facts, "warmup_ns", 0) * 1e-9;
        sum += warm_up + (isfinite(view->window_s) ? view->window_s : 0);
    }
    return sum;
}

json_t *rg_cell_write_record(const rg_cell_work *work, const rg_round *rounds, size_t n,
                             json_t *energy) {
    json_t *record = json_object();
    size_t samples = 0;
    if (work->pool)
        rg_pool_sorted(work->pool, &samples);
    json_object_set_new(record, "schema", json_integer(RG_SCHEMA_VERSION));
    copy_cell(work->cell, record);
    set_status(work, record);
    set_text(record, "provenance", provenance(rounds, n));
    json_object_set(record, "flags", work->flags);
    json_object_set_new(record, "rounds", json_integer((json_int_t)work->n));
    json_object_set_new(record, "rounds_failed", json_integer((json_int_t)(n - work->n)));
    rg_json_set_real(record, "measured_s", measured_s(work));
    json_object_set_new(record, "samples", json_integer((json_int_t)samples));
    json_t *figures = rg_figures_to_json(work->figures);
    mark_imported(rounds, n, figures);
    json_object_set_new(record, "figures", figures);
    json_object_set_new(record, "per_round", per_round(work));
    json_t *parts = rg_views_parts(work->views, work->n, work->draws);
    if (parts)
        json_object_set_new(record, "parts", parts);
    json_object_set_new(record, "shape", shape_to_json(work));
    json_object_set_new(record, "variance", variance_to_json(work));
    if (work->n == 1)
        json_object_set_new(record, "within_process", within_process(work));
    json_object_set_new(record, "energy", energy);
    json_object_set_new(record, "context", context_of(work, rounds, n));
    return record;
}
