/* derive_cell.c: a cell from its rounds: pooled quantiles and rates with intervals over rounds.
 * derive_flags.c judges their quality, derive_record.c writes the record. */
#include <math.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

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

static rg_status open_views(rg_cell_work *work, const rg_round *rounds, size_t n, rg_err *err) {
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

static rg_status open_pool(rg_cell_work *work, rg_err *err) {
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

static void pool_quantiles(rg_cell_work *work) {
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
typedef double (*tells)(const rg_round_view *view);
static double latency_sum(const rg_round_view *v) {
    return rg_mean(v->latency_ns, v->n) * (double)v->n;
}
static double row_count(const rg_round_view *v) {
    return (double)v->n;
}
static double inferences(const rg_round_view *v) {
    return v->inferences;
}
static double seconds(const rg_round_view *v) {
    return v->window_s;
}
static double tera_done(const rg_round_view *v) {
    const char *na;
    return rg_view_tera_ops(v, &na) * v->inferences;
}

static rg_figure ratio_figure(const rg_cell_work *work, tells num, tells den, uint64_t n) {
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
static rg_figure largest_bound(const rg_cell_work *work) {
    rg_figure best = work->views[0].figures[RG_FIG_latency_p95_bound_ns];
    for (size_t r = 1; r < work->n && !best.na; r++) {
        const rg_figure *figure = &work->views[r].figures[RG_FIG_latency_p95_bound_ns];
        best = figure->na || figure->value > best.value ? *figure : best;
    }
    return best;
}

static void fill_figures(rg_cell_work *work) {
    rg_figure *figures = work->figures;
    const rg_round_view *first = &work->views[0];
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
    rg_figures_unset_special(figures);
    rg_views_combine_open(work->views, work->n, work->pool, work->draws, figures);
    figures[RG_FIG_interfere_p95] =
        rg_views_mean(work->views, work->n, work->draws, RG_FIG_interfere_p95);
    rg_views_combine_soak(work->views, work->n, work->draws, figures);
    rg_views_combine_deadline(work->views, work->n, work->draws, figures);
    rg_views_combine_facts(work->views, work->n, work->draws, figures);
}

static void close_work(rg_cell_work *work) {
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
    rg_cell_work work = {.cell = cell, .n_all = n, .flags = json_array()};
    for (int i = 0; i < RG_FIG_COUNT; i++)
        work.figures[i] = rg_figure_na("not-run");
    rg_figures_unset_special(work.figures);
    json_t *energy = NULL;
    rg_status status = open_views(&work, rounds, n, err);
    if (status == RG_OK)
        status = open_pool(&work, err);
    if (status == RG_OK) {
        rg_cell_union_flags(&work, rounds, n);
        if (work.n && 2 * work.n >= n) {
            fill_figures(&work);
            energy = rg_views_combine_energy(work.views, work.n, work.figures);
            rg_views_combine_told(work.views, work.n, work.figures);
            rg_cell_find_flags(&work);
        }
        *ret_record = rg_cell_write_record(&work, rounds, n, energy ? energy : json_object());
    }
    close_work(&work);
    return status;
}
