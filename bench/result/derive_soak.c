/* derive_soak.c: a soak's burst and sustained figures, and the time until it throttles, from the
 * raw stamps and the segments' times in the facts. derive_round.c and derive_cell.c call it. */
#include <math.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* Slower by this share and staying so is throttling. */
static const double SLOWER = 1.05;
enum { NEXT = 20, SLOW_OF_NEXT = 15 };

/* A request: when it started, and how long an inference of it took. */
typedef struct stamp {
    double start_ns, ns;
} stamp;

static int by_start(const void *a, const void *b) {
    double x = ((const stamp *)a)->start_ns, y = ((const stamp *)b)->start_ns;
    return (x > y) - (x < y);
}

static stamp *stamps_of(const rg_round_view *view, size_t *ret_n) {
    stamp *stamps = malloc((view->n_rows + 1) * sizeof *stamps);
    size_t n = 0;
    for (size_t i = 0; stamps && i < view->n_rows; i++) {
        const rg_sample *row = &view->steady[i];
        if (rg_view_is_drop(view, row))
            continue;
        stamps[n++] =
            (stamp){(double)row->start_ns, (double)(row->end_ns - row->start_ns) / view->block};
    }
    if (stamps)
        qsort(stamps, n, sizeof *stamps, by_start);
    *ret_n = n;
    return stamps;
}

/* From segment `first` to `last`, both within. */
static rg_span span_of(const json_t *segments, size_t first, size_t last) {
    return (rg_span){rg_json_get_int(json_array_get(segments, first), "start_ns", 0),
                     rg_json_get_int(json_array_get(segments, last), "end_ns", 0)};
}

static double inferences_of(const rg_round_view *view, const json_t *segments, size_t first,
                            size_t last) {
    double sum = 0;
    for (size_t i = first; i <= last; i++)
        sum += rg_json_get_real(json_array_get(segments, i), "inferences", 0);
    return sum * view->batch;
}

/* Quantile of those who started within the span; NAN of none. */
static double quantile_in(const stamp *stamps, size_t n, rg_span span, double p, size_t *ret_n) {
    double *values = malloc((n + 1) * sizeof *values), value;
    size_t found = 0;
    for (size_t i = 0; values && i < n; i++) {
        if (stamps[i].start_ns >= (double)span.start_ns && stamps[i].start_ns < (double)span.end_ns)
            values[found++] = stamps[i].ns;
    }
    if (values)
        rg_sort_reals(values, found);
    value = values && found ? rg_quantile(values, found, p) : NAN;
    free(values);
    *ret_n = found;
    return value;
}

static rg_figure p95_in(const stamp *stamps, size_t n, rg_span span) {
    size_t found;
    double value = quantile_in(stamps, n, span, 0.95, &found);
    if (found < rg_quantile_min_n(0.95))
        return rg_figure_na(found ? "n<72" : "not-measured");
    rg_figure figure = rg_figure_value(value);
    figure.n = found;
    return figure;
}

/* The first segment from which on every median is above the limit; `n` when there is none. */
static size_t first_slow(const stamp *stamps, size_t n_stamps, const json_t *segments, size_t n,
                         double limit_ns) {
    size_t first = n, found;
    while (first > 0 && quantile_in(stamps, n_stamps, span_of(segments, first - 1, first - 1), 0.5,
                                    &found) > limit_ns)
        first--;
    return first;
}

/* Within that segment and the one before: the first request of whose next 20 most are slow. */
static double slow_from(const stamp *stamps, size_t n, rg_span span, double limit_ns) {
    for (size_t i = 0; i + NEXT <= n; i++) {
        if (stamps[i].start_ns < (double)span.start_ns ||
            stamps[i].start_ns >= (double)span.end_ns || stamps[i].ns <= limit_ns)
            continue;
        size_t slow = 0;
        for (size_t k = 0; k < NEXT; k++)
            slow += stamps[i + k].ns > limit_ns;
        if (slow >= SLOW_OF_NEXT)
            return stamps[i].start_ns;
    }
    return (double)span.start_ns;
}

static rg_figure throttle_of(const stamp *stamps, size_t n_stamps, const json_t *segments) {
    size_t n = json_array_size(segments), found;
    double burst = quantile_in(stamps, n_stamps, span_of(segments, 0, 0), 0.5, &found);
    double limit_ns = SLOWER * burst;
    size_t first = isfinite(burst) ? first_slow(stamps, n_stamps, segments, n, limit_ns) : n;
    if (first == n)
        return rg_figure_na("never-throttled");
    rg_span near = span_of(segments, first ? first - 1 : 0, first);
    double start_ns = (double)span_of(segments, 0, 0).start_ns;
    return rg_figure_value(fmax(0, slow_from(stamps, n_stamps, near, limit_ns) - start_ns));
}

static void fill(rg_round_view *view, const json_t *soak, const stamp *stamps, size_t n_stamps) {
    const json_t *segments = json_object_get(soak, "segments");
    size_t n = json_array_size(segments);
    size_t last = (size_t)rg_json_get_int(soak, "last", 1), from = n > last ? n - last : 0;
    rg_figure *figures = view->figures;
    if (!n)
        return;
    rg_span burst = span_of(segments, 0, 0), steady = span_of(segments, from, n - 1);
    figures[RG_FIG_burst_p95_ns] = p95_in(stamps, n_stamps, burst);
    figures[RG_FIG_sustained_p95_ns] = p95_in(stamps, n_stamps, steady);
    figures[RG_FIG_throttle_after_ns] = throttle_of(stamps, n_stamps, segments);
    figures[RG_FIG_burst_uj] =
        rg_view_energy_between(view, burst, inferences_of(view, segments, 0, 0));
    figures[RG_FIG_sustained_uj] =
        rg_view_energy_between(view, steady, inferences_of(view, segments, from, n - 1));
}

rg_status rg_view_fill_soak(rg_round_view *view, rg_err *err) {
    const json_t *soak = json_object_get(view->facts, "soak");
    size_t n;
    if (!soak)
        return RG_OK;
    stamp *stamps = stamps_of(view, &n);
    if (!stamps)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu samples", view->n_rows);
    fill(view, soak, stamps, n);
    free(stamps);
    return RG_OK;
}

void rg_views_combine_soak(const rg_round_view *views, size_t n, const rg_draws *draws,
                           rg_figure *figures) {
    static const rg_figure_key keys[] = {RG_FIG_burst_p95_ns, RG_FIG_sustained_p95_ns,
                                         RG_FIG_throttle_after_ns, RG_FIG_burst_uj,
                                         RG_FIG_sustained_uj};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        figures[keys[i]] = rg_views_mean(views, n, draws, keys[i]);
}
