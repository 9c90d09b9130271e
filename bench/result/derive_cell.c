/* derive_cell.c: the record of a cell: rounds pooled, intervals over rounds, flags, arrays for the
 * gate, and the context that is compared but never in the key. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* The cell at work: its ok rounds in order. */
typedef struct cell_work {
    const json_t *cell;
    round_view *views;
    size_t n, n_all;
    const rg_round *worst; /* NULL: none or all ok */
    rg_pool *pool;
    rg_draws *draws;
    rg_figure figures[RG_FIG_COUNT];
    json_t *flags;
} cell_work;

/* From harmless to grave; `wrong` outranks all, since its numbers would mislead. */
static int gravity(rg_status status) {
    static const rg_status order[] = {RG_OK,     RG_INTERRUPTED, RG_UNSUPPORTED, RG_ABSENT,
                                      RG_DENIED, RG_TIMEOUT,     RG_FAILED,      RG_WRONG};
    for (int i = 0; i < 8; i++) {
        if (order[i] == status)
            return i;
    }
    return 6; /* as bad as failed */
}

static int by_number(const void *a, const void *b) {
    const rg_round *const *x = a, *const *y = b;
    if ((*x)->number != (*y)->number)
        return (*x)->number < (*y)->number ? -1 : 1;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static rg_status open_views(cell_work *work, const rg_round *rounds, size_t n, rg_err *err) {
    const rg_round **order = malloc((n + 1) * sizeof *order);
    work->views = calloc(n + 1, sizeof *work->views);
    rg_status status = order && work->views ? RG_OK : RG_NO_MEMORY;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        order[i] = &rounds[i];
        if (rounds[i].status != RG_OK &&
            (!work->worst || gravity(rounds[i].status) > gravity(work->worst->status)))
            work->worst = &rounds[i];
    }
    if (status == RG_OK)
        qsort(order, n, sizeof *order, by_number);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        if (order[i]->status != RG_OK)
            continue;
        status = rg_view_open(order[i], &work->views[work->n], err);
        work->n += status == RG_OK;
    }
    free(order);
    return status == RG_NO_MEMORY ? rg_fail(err, status, NULL, "no memory for %zu rounds", n)
                                  : status;
}

static rg_status open_pool(cell_work *work, rg_err *err) {
    const double **values = calloc(work->n + 1, sizeof *values);
    size_t *sizes = calloc(work->n + 1, sizeof *sizes), total = 0;
    rg_status status = values && sizes ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "no memory");
    for (size_t r = 0; r < work->n && status == RG_OK; r++) {
        values[r] = work->views[r].latency_ns;
        total += sizes[r] = work->views[r].n;
    }
    if (status == RG_OK && total)
        status = rg_pool_new(values, sizes, work->n, &work->pool, err);
    if (status == RG_OK && work->n > 1)
        status = rg_draws_new(
            rg_json_get_text(work->cell, "key", rg_json_get_text(work->cell, "cell", "")), work->n,
            &work->draws, err);
    free(values);
    free(sizes);
    return status;
}

static rg_figure of_interval(rg_interval interval, uint64_t n) {
    rg_figure figure = rg_figure_value(interval.value);
    figure.low = interval.low;
    figure.high = interval.high;
    figure.no_interval = interval.no_interval;
    figure.n = n;
    return figure;
}

static void pool_quantiles(cell_work *work) {
    static const struct {
        rg_figure_key key;
        double p;
        const char *na;
    } rows[] = {{RG_FIG_latency_p50_ns, 0.50, "n<6"},
                {RG_FIG_latency_p90_ns, 0.90, "n<36"},
                {RG_FIG_latency_p95_ns, 0.95, "n<72"},
                {RG_FIG_latency_p99_ns, 0.99, "n<368"}};
    size_t n;
    const double *sorted = rg_pool_sorted(work->pool, &n);
    rg_figure *figures = work->figures;
    for (size_t i = 0; i < 4; i++)
        figures[rows[i].key] =
            n < rg_quantile_min_n(rows[i].p)
                ? rg_figure_na(rows[i].na)
                : of_interval(rg_interval_quantile(work->pool, work->draws, rows[i].p), n);
    figures[RG_FIG_latency_min_ns] = rg_figure_value(sorted[0]);
    figures[RG_FIG_latency_max_ns] = rg_figure_value(sorted[n - 1]);
    figures[RG_FIG_latency_min_ns].n = figures[RG_FIG_latency_max_ns].n = n;
}

/* Ratio of sums over rounds of two numbers that each round tells. */
typedef double (*tells)(const round_view *view);
static double latency_sum(const round_view *v) {
    return rg_mean(v->latency_ns, v->n) * (double)v->n;
}
static double row_count(const round_view *v) {
    return (double)v->n;
}
static double inferences(const round_view *v) {
    return v->inferences;
}
static double seconds(const round_view *v) {
    return v->window_s;
}
static double tera_done(const round_view *v) {
    const char *na;
    return rg_view_tera_ops(v, &na) * v->inferences;
}

static rg_figure ratio_figure(const cell_work *work, tells num, tells den, uint64_t n) {
    double *values = malloc(2 * (work->n + 1) * sizeof *values);
    if (!values)
        return rg_figure_na("not-available");
    for (size_t r = 0; r < work->n; r++) {
        values[r] = work->views[r].n || num != latency_sum ? num(&work->views[r]) : 0;
        values[work->n + r] = den(&work->views[r]);
    }
    rg_interval interval = rg_interval_ratio(values, values + work->n, work->n, work->draws);
    free(values);
    return isfinite(interval.value) ? of_interval(interval, n) : rg_figure_na("not-measured");
}

/* The largest of the rounds' single-run bounds: each holds by itself, so the largest does. */
static rg_figure largest_bound(const cell_work *work) {
    rg_figure best = work->views[0].figures[RG_FIG_latency_p95_bound_ns];
    for (size_t r = 1; r < work->n && !best.na; r++) {
        const rg_figure *figure = &work->views[r].figures[RG_FIG_latency_p95_bound_ns];
        best = figure->na || figure->value > best.value ? *figure : best;
    }
    return best;
}

static void fill_figures(cell_work *work) {
    rg_figure *figures = work->figures;
    const round_view *first = &work->views[0];
    size_t samples = 0;
    double all = 0;
    for (size_t r = 0; r < work->n; r++)
        all += work->views[r].inferences;
    if (work->pool) {
        rg_pool_sorted(work->pool, &samples);
        pool_quantiles(work);
        figures[RG_FIG_latency_mean_ns] = ratio_figure(work, latency_sum, row_count, samples);
        figures[RG_FIG_latency_p95_bound_ns] = largest_bound(work);
    } else {
        for (int i = RG_FIG_latency_min_ns; i <= RG_FIG_latency_p95_bound_ns; i++)
            figures[i] = rg_figure_na("not-measured");
    }
    const char *na;
    rg_view_tera_ops(first, &na);
    bool ran = all > 0;
    rg_figure none = rg_figure_na("not-measured");
    figures[RG_FIG_throughput_per_s] =
        ran ? ratio_figure(work, inferences, seconds, (uint64_t)all) : none;
    figures[RG_FIG_achieved_tops] = na    ? rg_figure_na(na)
                                    : ran ? ratio_figure(work, tera_done, seconds, (uint64_t)all)
                                          : none;
    rg_views_combine_facts(work->views, work->n, work->draws, figures);
}

/* --- flags ----------------------------------------------------------------------------------- */

static bool spread_beyond(const cell_work *work, rg_figure_key key, double limit) {
    double low = INFINITY, high = 0;
    for (size_t r = 0; r < work->n; r++) {
        const rg_figure *figure = &work->views[r].figures[key];
        if (figure->na)
            continue;
        low = fmin(low, figure->value);
        high = fmax(high, figure->value);
    }
    return high > low * (1 + limit);
}

/* Half of the rounds drift inside, or the rounds drift one after another. */
static bool cell_drifts(const cell_work *work) {
    double *means = malloc((work->n + 1) * sizeof *means);
    size_t drifting = 0;
    for (size_t r = 0; r < work->n && means; r++) {
        drifting += work->views[r].drifting;
        means[r] = rg_mean(work->views[r].latency_ns, work->views[r].n);
    }
    rg_trend trend = means ? rg_trend_of(means, work->n) : (rg_trend){0, 0, 1};
    bool between = trend.p < 0.01 && means && fabs(trend.change) > 0.01 * fabs(means[0]);
    free(means);
    return between || 2 * drifting > work->n || (work->n == 1 && drifting);
}

static void union_flags(cell_work *work, const rg_round *rounds, size_t n) {
    for (size_t r = 0; r < n; r++) {
        size_t i;
        json_t *flag;
        json_array_foreach(json_object_get(rounds[r].facts, "flags"), i, flag) {
            if (json_is_string(flag))
                rg_codes_add(work->flags, json_string_value(flag));
        }
    }
}

static void find_flags(cell_work *work) {
    for (size_t r = 0; r < work->n; r++) {
        if (work->views[r].overhead_subtracted)
            rg_codes_add(work->flags, "overhead-subtracted");
        if (work->views[r].block > 1)
            rg_codes_add(work->flags, "clock-coarse");
    }
    if (work->n == 1)
        rg_codes_add(work->flags, "within-one-process");
    if (!work->pool)
        return;
    size_t n;
    const double *sorted = rg_pool_sorted(work->pool, &n);
    if (spread_beyond(work, RG_FIG_latency_p50_ns, 0.1) ||
        spread_beyond(work, RG_FIG_latency_p95_ns, 0.1))
        rg_codes_add(work->flags, "unstable");
    if (cell_drifts(work))
        rg_codes_add(work->flags, "drifting");
    if (rg_mvalue(sorted, n) > RG_MVALUE_BIMODAL)
        rg_codes_add(work->flags, "multimodal");
    if (n >= 72 && rg_mode_gap(sorted, n) > 0.1)
        rg_codes_add(work->flags, "mode-boundary");
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void set_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string(text ? text : ""));
}

static json_t *real_or_null(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static double hd(const round_view *view, double p) {
    return rg_quantile_hd(view->sorted_ns, view->n, p);
}

static json_t *per_round(const cell_work *work) {
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
                                         RG_FIG_instructions};
    json_t *object = json_object(), *round = json_array(), *order = json_array();
    json_t *p50 = json_array(), *p95 = json_array();
    for (size_t r = 0; r < work->n; r++) {
        const round_view *view = &work->views[r];
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
        json_t *list = json_array();
        for (size_t r = 0; r < work->n; r++)
            json_array_append_new(list, real_or_null(work->views[r].figures[keys[i]].value));
        json_object_set_new(object, rg_figure_rows[keys[i]].key, list);
    }
    return object;
}

static json_t *variance_to_json(const cell_work *work) {
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

static json_t *shape_to_json(const cell_work *work) {
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
static json_t *within_process(const cell_work *work) {
    static const struct {
        const char *key;
        double p;
    } rows[] = {{"latency_p50_ns", 0.5},
                {"latency_p90_ns", 0.9},
                {"latency_p95_ns", 0.95},
                {"latency_p99_ns", 0.99}};
    json_t *object = json_object();
    const round_view *view = &work->views[0];
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

/* What the rounds ran with, from the first ok one. */
static json_t *context_of(const cell_work *work, const rg_round *rounds, size_t n) {
    static const char *const keys[] = {"workload", "settings", "placement", "clock",
                                       "io",       "work",     "block",     "truth"};
    json_t *context = json_object();
    const json_t *facts = work->n ? work->views[0].facts : n ? rounds[0].facts : NULL;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(facts, keys[i]);
        if (value)
            json_object_set(context, keys[i], value);
    }
    json_t *requested = json_object_get(work->cell, "requested");
    if (requested)
        json_object_set(context, "requested", requested);
    return context;
}

static void copy_cell(const json_t *cell, json_t *record) {
    static const char *const keys[] = {"name",  "workload", "target",    "device",  "variant",
                                       "cores", "pattern",  "precision", "threads", "batch",
                                       "tier",  "inputs",   "seed"};
    set_text(record, "cell", rg_json_get_text(cell, "key", rg_json_get_text(cell, "cell", "")));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(cell, keys[i]);
        if (value)
            json_object_set(record, keys[i], value);
    }
}

/* Status of the worst round, of the admission when nothing ran, or interrupted. */
static void set_status(const cell_work *work, json_t *record) {
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

static json_t *write_record(cell_work *work, const rg_round *rounds, size_t n, json_t *energy) {
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
    json_object_set_new(record, "samples", json_integer((json_int_t)samples));
    json_object_set_new(record, "figures", rg_figures_to_json(work->figures));
    json_object_set_new(record, "per_round", per_round(work));
    json_object_set_new(record, "shape", shape_to_json(work));
    json_object_set_new(record, "variance", variance_to_json(work));
    if (work->n == 1)
        json_object_set_new(record, "within_process", within_process(work));
    json_object_set_new(record, "energy", energy);
    json_object_set_new(record, "context", context_of(work, rounds, n));
    return record;
}

static void close_work(cell_work *work) {
    for (size_t r = 0; r < work->n; r++)
        rg_view_close(&work->views[r]);
    free(work->views);
    rg_pool_free(work->pool);
    rg_draws_free(work->draws);
    json_decref(work->flags);
}

rg_status rg_derive_cell(const json_t *cell, const rg_round *rounds, size_t n, json_t **ret_record,
                         rg_err *err) {
    if (!json_is_object(cell))
        return rg_fail(err, RG_INVALID, NULL, "a cell must be a JSON object");
    cell_work work = {.cell = cell, .n_all = n, .flags = json_array()};
    for (int i = 0; i < RG_FIG_COUNT; i++)
        work.figures[i] = rg_figure_na("not-run");
    json_t *energy = NULL;
    rg_status status = open_views(&work, rounds, n, err);
    if (status == RG_OK)
        status = open_pool(&work, err);
    if (status == RG_OK) {
        union_flags(&work, rounds, n);
        if (work.n && 2 * work.n >= n) {
            fill_figures(&work);
            energy = rg_views_combine_energy(work.views, work.n, work.figures);
            find_flags(&work);
        }
        *ret_record = write_record(&work, rounds, n, energy ? energy : json_object());
    }
    close_work(&work);
    return status;
}
