/* derive_round.c: one round prepared (latencies, window, energy) and its own figures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

void rg_codes_add(json_t *codes, const char *code) {
    size_t i;
    json_t *old;
    json_array_foreach(codes, i, old) {
        if (json_is_string(old) && !strcmp(json_string_value(old), code))
            return;
    }
    json_array_append_new(codes, json_string(code));
}

/* The window as the loop stamped it, else from the steady rows. */
static void find_window(rg_round_view *view, const rg_sample *steady) {
    const json_t *window = json_object_get(view->facts, "window");
    int64_t start = rg_json_get_int(window, "start_ns", 0);
    int64_t end = rg_json_get_int(window, "end_ns", 0);
    double inferences = rg_json_get_real(window, "inferences", -1);
    if (!window && view->n_rows) {
        start = steady[0].start_ns;
        for (size_t i = 0; i < view->n_rows; i++) {
            start = steady[i].start_ns < start ? steady[i].start_ns : start;
            end = steady[i].end_ns > end ? steady[i].end_ns : end;
        }
        inferences = (double)view->n * view->block;
    }
    int64_t paused = rg_json_get_int(window, "paused_ns", 0); /* between slices (run/turns.h) */
    view->window_s = (double)(end - start - paused) * 1e-9;
    view->inferences = fmax(inferences, 0) * view->batch;
}

/* Harness overhead above 0.1 % of the median is taken off every row. */
static void subtract_overhead(rg_round_view *view) {
    double overhead = rg_json_get_real(view->facts, "overhead_ns", 0) / view->block;
    double median = rg_quantile(view->sorted_ns, view->n, 0.5);
    if (!(overhead > 0.001 * median) || !(overhead < median))
        return;
    view->overhead_subtracted = true;
    for (size_t i = 0; i < view->n; i++) {
        view->latency_ns[i] = fmax(0, view->latency_ns[i] - overhead);
        view->sorted_ns[i] = fmax(0, view->sorted_ns[i] - overhead);
    }
}

static void find_trend(rg_round_view *view) {
    view->trend = rg_trend_of(view->latency_ns, view->n);
    double median = rg_quantile(view->sorted_ns, view->n, 0.5);
    view->drifting = view->trend.p < 0.01 && fabs(view->trend.change) > 0.01 * median;
}

static rg_status fill_latencies(rg_round_view *view, rg_err *err) {
    const rg_round *round = view->round;
    int64_t warmup = rg_json_get_int(view->facts, "warmup", 0);
    size_t first = warmup < 0 ? 0 : (size_t)warmup;
    first = first < round->n_samples ? first : round->n_samples;
    size_t behind = rg_view_part_rows(view->facts), rows = round->n_samples - first;
    view->n_rows = rows > behind ? rows - behind : 0;
    view->steady = view->n_rows ? round->samples + first : NULL;
    view->latency_ns = malloc((view->n_rows + 1) * sizeof *view->latency_ns);
    view->sorted_ns = malloc((view->n_rows + 1) * sizeof *view->sorted_ns);
    if (!view->latency_ns || !view->sorted_ns)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu samples", view->n_rows);
    view->n = 0;
    for (size_t i = 0; i < view->n_rows; i++) {
        double ns = (double)(view->steady[i].end_ns - view->steady[i].start_ns) / view->block;
        if (rg_view_is_drop(view, &view->steady[i]))
            continue;
        view->latency_ns[view->n] = view->sorted_ns[view->n] = fmax(ns, 0);
        view->n++;
    }
    rg_sort_reals(view->sorted_ns, view->n);
    find_window(view, view->steady);
    if (view->n) {
        subtract_overhead(view);
        find_trend(view);
    }
    return RG_OK;
}

double rg_view_tera_ops(const rg_round_view *view, const char **ret_na) {
    const json_t *work = json_object_get(view->facts, "work");
    double macs = rg_json_get_real(work, "macs", NAN) / view->batch;
    *ret_na = isnan(macs) ? "ops-unknown" : macs == 0 ? "no-operations" : NULL;
    return *ret_na ? NAN : 2 * macs * 1e-12;
}

static rg_figure counted(double value, size_t n) {
    rg_figure figure = rg_figure_value(value);
    figure.n = n;
    return figure;
}

static void fill_rates(rg_round_view *view) {
    const char *na;
    double tera = rg_view_tera_ops(view, &na), rate = view->inferences / view->window_s;
    bool ran = view->window_s > 0 && view->inferences > 0;
    rg_figure *figures = view->figures;
    figures[RG_FIG_throughput_per_s] = ran ? rg_figure_value(rate) : rg_figure_na("not-measured");
    figures[RG_FIG_achieved_tops] = na    ? rg_figure_na(na)
                                    : ran ? rg_figure_value(tera * rate)
                                          : rg_figure_na("not-measured");
}

/* Quantiles exist from the sample counts on that give them an interval. */
static void fill_quantiles(rg_round_view *view) {
    static const struct {
        rg_figure_key key;
        double p;
        const char *na;
    } rows[] = {{RG_FIG_latency_p50_ns, 0.50, "n<6"},
                {RG_FIG_latency_p90_ns, 0.90, "n<36"},
                {RG_FIG_latency_p95_ns, 0.95, "n<72"},
                {RG_FIG_latency_p99_ns, 0.99, "n<368"}};
    for (size_t i = 0; i < 4; i++) {
        view->figures[rows[i].key] =
            !view->n ? rg_figure_na("not-measured")
            : view->n < rg_quantile_min_n(rows[i].p)
                ? rg_figure_na(rows[i].na)
                : counted(rg_quantile(view->sorted_ns, view->n, rows[i].p), view->n);
    }
}

static void fill_latency_figures(rg_round_view *view) {
    rg_figure *figures = view->figures;
    size_t rank, n = view->n;
    fill_quantiles(view);
    rg_figure none = rg_figure_na("not-measured");
    figures[RG_FIG_latency_min_ns] = n ? counted(view->sorted_ns[0], n) : none;
    figures[RG_FIG_latency_max_ns] = n ? counted(view->sorted_ns[n - 1], n) : none;
    figures[RG_FIG_latency_mean_ns] = n ? counted(rg_mean(view->latency_ns, n), n) : none;
    figures[RG_FIG_latency_p95_bound_ns] = n ? rg_figure_na("n<130") : none;
    if (rg_quantile_bound_rank(n, 0.95, 0.99, &rank))
        figures[RG_FIG_latency_p95_bound_ns] = counted(view->sorted_ns[rank], n);
}

rg_status rg_view_open(const rg_round *round, rg_round_view *ret_view, rg_err *err) {
    rg_round_view view = {.round = round, .facts = round->facts};
    view.block = fmax(1, rg_json_get_real(round->facts, "block", 1));
    view.batch = fmax(1, rg_json_get_real(round->facts, "batch", 1));
    view.arrivals = json_object_get(round->facts, "arrivals");
    rg_status status = fill_latencies(&view, err);
    if (status == RG_OK) {
        fill_latency_figures(&view);
        fill_rates(&view);
        rg_view_fill_deadline(&view);
        rg_view_fill_open(&view);
        rg_view_fill_facts(&view);
        status = rg_view_measure_energy(&view, err);
    }
    if (status != RG_OK) {
        rg_view_close(&view);
        return status;
    }
    rg_view_fill_energy(&view);
    rg_view_fill_told(&view);
    rg_view_fill_parts(&view);
    status = rg_view_fill_soak(&view, err);
    if (status != RG_OK) {
        rg_view_close(&view);
        return status;
    }
    *ret_view = view;
    return RG_OK;
}

void rg_view_close(rg_round_view *view) {
    free(view->latency_ns);
    free(view->sorted_ns);
    rg_energy_free(&view->energy);
    *view = (rg_round_view){0};
}

static json_t *round_extra(const rg_round_view *view) {
    json_t *extra = json_object(), *flags = json_array(), *shape = json_object();
    if (view->drifting)
        rg_codes_add(flags, "drifting");
    if (view->overhead_subtracted)
        rg_codes_add(flags, "overhead-subtracted");
    if (view->block > 1)
        rg_codes_add(flags, "clock-coarse");
    rg_view_add_accepted(view, flags);
    rg_json_set_real(shape, "mvalue", rg_mvalue(view->sorted_ns, view->n));
    rg_json_set_real(shape, "mode_gap", rg_mode_gap(view->sorted_ns, view->n));
    rg_json_set_real(shape, "lag1", rg_lag1(view->latency_ns, view->n));
    rg_json_set_real(shape, "trend_change_ns", view->trend.change);
    rg_json_set_real(shape, "trend_p", view->trend.p);
    json_object_set_new(extra, "flags", flags);
    json_object_set_new(extra, "samples", json_integer((json_int_t)view->n));
    rg_json_set_real(extra, "inferences", view->inferences);
    json_object_set_new(extra, "shape", shape);
    if (view->has_energy)
        json_object_set_new(extra, "energy", rg_energy_to_json(&view->energy, view->round->rails));
    return extra;
}

rg_status rg_derive_round(const rg_round *round, rg_figure *ret_figures, json_t **ret_extra,
                          rg_err *err) {
    rg_round_view view;
    rg_status status = rg_view_open(round, &view, err);
    if (status != RG_OK)
        return status;
    for (int i = 0; i < RG_FIG_COUNT; i++)
        ret_figures[i] = round->status == RG_OK ? view.figures[i] : rg_figure_na("not-run");
    if (ret_extra)
        *ret_extra = round_extra(&view);
    rg_view_close(&view);
    return RG_OK;
}
