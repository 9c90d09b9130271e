/* derive_open.c: what only open loops have: arrivals, drops, our sender's own lateness, p99.9. In a
 * round and over rounds. derive_round.c and derive_cell.c call it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

static const double P999 = 0.999;
static const char few[] = "n<3688";

void rg_figures_unset_special(rg_figure *figures) {
    static const rg_figure_key keys[] = {
        RG_FIG_latency_p999_ns, RG_FIG_deadline_misses,  RG_FIG_deadline_miss_share,
        RG_FIG_arrivals_per_s,  RG_FIG_dropped,          RG_FIG_drop_share,
        RG_FIG_sender_late_ns,  RG_FIG_streams,          RG_FIG_best_in_flight,
        RG_FIG_burst_p95_ns,    RG_FIG_sustained_p95_ns, RG_FIG_throttle_after_ns,
        RG_FIG_burst_uj,        RG_FIG_sustained_uj,     RG_FIG_device_mean_ns,
        RG_FIG_tokens_per_s,    RG_FIG_interfere_p95};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        figures[keys[i]] = (rg_figure){0};
}

bool rg_view_is_drop(const rg_round_view *view, const rg_sample *row) {
    return view->arrivals && row->end_ns < row->start_ns;
}

static rg_figure counted(double value, size_t n) {
    rg_figure figure = rg_figure_value(value);
    figure.n = n;
    return figure;
}

/* Drops are counted in the rows; where those are a subset, the facts know the number. */
static double dropped_of(const rg_round_view *view) {
    double told = rg_json_get_real(view->arrivals, "dropped", 0);
    double offered = rg_json_get_real(view->arrivals, "offered", 0);
    return offered == (double)view->n_rows ? (double)(view->n_rows - view->n) : told;
}

/* What a search found. */
static void fill_search(rg_round_view *view) {
    const json_t *search = json_object_get(view->facts, "search");
    bool streams = !strcmp(rg_json_get_text(search, "what", ""), "streams");
    if (search)
        view->figures[streams ? RG_FIG_streams : RG_FIG_best_in_flight] =
            rg_figure_value(rg_json_get_real(search, "best", NAN));
}

void rg_view_fill_open(rg_round_view *view) {
    rg_figure *figures = view->figures;
    fill_search(view);
    if (!view->arrivals)
        return;
    double offered = rg_json_get_real(view->arrivals, "offered", 0), dropped = dropped_of(view);
    figures[RG_FIG_arrivals_per_s] = rg_figure_value(rg_json_get_real(view->arrivals, "hz", 0));
    figures[RG_FIG_dropped] = counted(dropped, (size_t)offered);
    figures[RG_FIG_drop_share] =
        offered > 0 ? counted(dropped / offered, (size_t)offered) : rg_figure_na("not-measured");
    figures[RG_FIG_sender_late_ns] =
        counted(rg_json_get_real(view->arrivals, "late_p95_ns", 0),
                (size_t)rg_json_get_real(view->arrivals, "on_time", 0));
    figures[RG_FIG_latency_p999_ns] =
        view->n < rg_quantile_min_n(P999)
            ? rg_figure_na(few)
            : counted(rg_quantile(view->sorted_ns, view->n, P999), view->n);
}

static rg_figure pooled_p999(const rg_pool *pool, const rg_draws *draws) {
    size_t n = 0;
    if (pool)
        rg_pool_sorted(pool, &n);
    if (n < rg_quantile_min_n(P999))
        return rg_figure_na(few);
    rg_interval interval = rg_interval_quantile(pool, draws, P999);
    rg_figure figure = counted(interval.value, n);
    figure.low = interval.low;
    figure.high = interval.high;
    figure.no_interval = interval.no_interval;
    return figure;
}

/* The smallest of the rounds: what each of them held. */
static void combine_search(const rg_round_view *views, size_t n, rg_figure_key key,
                           rg_figure *figures) {
    for (size_t r = 0; r < n; r++) {
        const rg_figure *own = &views[r].figures[key];
        if (own->set && (!figures[key].set || own->value < figures[key].value))
            figures[key] = *own;
    }
    figures[key].n = figures[key].set ? n : 0;
}

void rg_views_combine_open(const rg_round_view *views, size_t n, const rg_pool *pool,
                           const rg_draws *draws, rg_figure *figures) {
    double *dropped = calloc(2 * n + 1, sizeof *dropped), late = 0;
    bool open = dropped && n;
    for (size_t r = 0; open && r < n; r++) {
        const rg_figure *own = views[r].figures;
        open = own[RG_FIG_dropped].set;
        dropped[r] = own[RG_FIG_dropped].value;
        dropped[n + r] = (double)own[RG_FIG_dropped].n;
        late = fmax(late, own[RG_FIG_sender_late_ns].value);
    }
    if (open) {
        rg_share_figures(dropped, dropped + n, n, draws, &figures[RG_FIG_dropped],
                         &figures[RG_FIG_drop_share]);
        figures[RG_FIG_arrivals_per_s] = views[0].figures[RG_FIG_arrivals_per_s];
        figures[RG_FIG_sender_late_ns] = rg_figure_value(late);
        figures[RG_FIG_latency_p999_ns] = pooled_p999(pool, draws);
    }
    combine_search(views, n, RG_FIG_streams, figures);
    combine_search(views, n, RG_FIG_best_in_flight, figures);
    free(dropped);
}
