/* energy_estimate.c: idle baseline and energy of one rail, three ways: settled mean times window,
 * trapezoid (or a counter's difference), and everything above idle with the sensor's tail. Which
 * one counts depends on the load: energy.h, rg_estimator. */
#include <math.h>
#include <stdlib.h>

#include "bench/result/energy_priv.h"
#include "bench/result/stats.h"

/* Mean over a span after the sensor has settled. */
static rg_series_mean settled_mean(const rg_rail_work *work, rg_span span) {
    if (span.end_ns <= span.start_ns)
        return (rg_series_mean){0, NAN, NAN, NAN, 0};
    return rg_series_mean_of(&work->series, rg_energy_seconds(work, span.start_ns) + work->settle_s,
                             rg_energy_seconds(work, span.end_ns));
}

static double middle_s(const rg_rail_work *work, rg_span span) {
    return 0.5 * (rg_energy_seconds(work, span.start_ns) + rg_energy_seconds(work, span.end_ns));
}

static void take_one_side(rg_rail_work *work) {
    const rg_series_mean *only = work->before.n < 2 ? &work->after : &work->before;
    if (only->n < 2)
        return;
    work->baseline_mw = only->mean_mw;
    work->u_baseline_mw = only->u_mw;
    work->one_sided = true;
}

/* Baseline: the line through both idle means, at the window's middle (its integral over the window
 * is exact there). Its drift counts as rectangular between both. */
static void find_baseline(rg_rail_work *work) {
    const rg_energy_ask *ask = work->ask;
    work->before = settled_mean(work, ask->idle_before);
    work->after = settled_mean(work, ask->idle_after);
    work->baseline_mw = work->u_baseline_mw = NAN;
    if (work->before.n < 2 || work->after.n < 2) {
        take_one_side(work);
        return;
    }
    double b = middle_s(work, ask->idle_before), a = middle_s(work, ask->idle_after);
    double share = (0.5 * work->window_s - b) / (a - b);
    double drift = work->after.mean_mw - work->before.mean_mw;
    work->baseline_mw = work->before.mean_mw + share * drift;
    work->slope_mw_per_s = drift / (a - b);
    double noise = hypot((1 - share) * work->before.u_mw, share * work->after.u_mw);
    double by_chance = hypot(work->before.u_mw, work->after.u_mw); /* is in `noise` already */
    double excess = fmax(0, drift * drift - by_chance * by_chance);
    work->u_baseline_mw = sqrt(noise * noise + excess / 12);
}

/* Powers over the settled window: readings themselves, or between a counter's successive ticks. */
static size_t window_powers(const rg_rail_work *work, double *ret_mw) {
    const rg_series *s = &work->series;
    size_t n = 0;
    for (size_t i = 1; i < s->n; i++) {
        if (s->t_s[i - 1] < work->settle_s || s->t_s[i] > work->window_s)
            continue;
        double step = s->t_s[i] - s->t_s[i - 1];
        ret_mw[n++] = s->counter ? (s->value[i] - s->value[i - 1]) / step / 1000 : s->value[i];
    }
    return n;
}

/* More than 2 % from end to end, and not by chance. */
static bool trends(const double *mw, size_t n, double mean_mw) {
    rg_trend trend = rg_trend_of(mw, n);
    return trend.p < 0.01 && fabs(trend.change) > 0.02 * fabs(mean_mw);
}

/* Powers that differ by more than 2 % and follow one another: the load comes and goes slower than
 * it is read. What an averaging sensor shows always follows; a counter's ticks seen late never do.
 */
static bool is_uneven(const rg_rail_work *work, const double *mw, size_t n) {
    if (n < 8)
        return false;
    bool follows = work->series.lag_s > 0 || rg_lag1(mw, n) > 3 / sqrt((double)n);
    return follows && sqrt(rg_variance(mw, n)) > 0.02 * fabs(work->load.mean_mw);
}

/* How well the moment of the reading at an edge is known: from the read before it to it. INFINITY
 * where no reading is there. */
static double tick_doubt_s(const rg_series *series, double at_s) {
    for (size_t i = 1; i < series->n_reads; i++) {
        if (fabs(series->read_s[i] - at_s) < 1e-6)
            return series->read_s[i] - series->read_s[i - 1];
    }
    return INFINITY;
}

void rg_energy_look(rg_rail_work *work, double period_s) {
    const rg_series *s = &work->series;
    /* stamps may be off by their half-width: nothing so near an edge belongs to the mean */
    work->load = rg_series_mean_of(s, work->settle_s + s->half_s, work->window_s - s->half_s);
    work->lead_s = fmax(s->refresh_s, period_s);
    work->tail_s = fmax(6 * s->lag_s, 2 * work->lead_s);
    find_baseline(work);
    work->tick_s = fmax(tick_doubt_s(s, 0), tick_doubt_s(s, work->window_s));
    work->on_ticks = s->counter && work->tick_s < 0.1 * s->refresh_s;
    double *mw = malloc((s->n + 1) * sizeof *mw);
    size_t n = mw ? window_powers(work, mw) : 0;
    work->moving = trends(mw, n, work->load.mean_mw);
    work->uneven = is_uneven(work, mw, n);
    free(mw);
}

/* Quiet idle right before and right after, and readings until the sensor has forgotten the load. */
static bool has_quiet_idle(const rg_rail_work *work) {
    const rg_series *s = &work->series;
    const rg_energy_ask *ask = work->ask;
    double slack = fmax(0.1, 2 * work->lead_s), end = work->window_s;
    if (s->counter || isnan(work->baseline_mw) || work->one_sided || !s->n)
        return false;
    return rg_energy_seconds(work, ask->idle_before.end_ns) >= -slack &&
           rg_energy_seconds(work, ask->idle_after.start_ns) <= end + slack &&
           rg_energy_seconds(work, ask->idle_after.end_ns) >= end + work->tail_s &&
           s->t_s[0] <= -work->lead_s && s->t_s[s->n - 1] >= end + work->tail_s;
}

/* Integral of the baseline's line. */
static double idle_uj(const rg_rail_work *work, double a, double b) {
    double away = 0.5 * (a + b) - 0.5 * work->window_s;
    return 1000 * (b - a) * (work->baseline_mw + work->slope_mw_per_s * away);
}

static double tail_uj(const rg_rail_work *work) {
    double a = -work->lead_s, b = work->window_s + work->tail_s;
    if (!has_quiet_idle(work))
        return NAN;
    return rg_series_energy_uj(&work->series, a, b) - idle_uj(work, a, b) +
           idle_uj(work, 0, work->window_s);
}

/* Mean times window for steady loads that outlast the lag; else the tail where idle is quiet; else
 * the trapezoid, but an average that lags would shift that. A counter's difference between ticks
 * needs no help. */
static rg_estimator choose(const rg_rail_work *work, const rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    bool brief =
        work->window_s < 10 * s->lag_s || work->window_s < 20 * s->refresh_s || work->load.n < 2;
    bool steady = !work->moving && !work->uneven && !brief && !work->on_ticks;
    if (steady)
        return RG_ESTIMATOR_MEAN;
    if (isfinite(ret->tail_uj))
        return RG_ESTIMATOR_TAIL;
    return s->lag_s > s->refresh_s ? RG_ESTIMATOR_MEAN : RG_ESTIMATOR_TRAPEZOID;
}

void rg_energy_estimate(const rg_rail_work *work, rg_rail_energy *ret) {
    if (work->load.n >= 2) {
        ret->mean_uj = 1000 * work->window_s * work->load.mean_mw;
        ret->trapezoid_uj = rg_series_energy_uj(&work->series, 0, work->window_s);
    }
    ret->tail_uj = tail_uj(work);
    ret->estimator = choose(work, ret);
    ret->total.uj = ret->estimator == RG_ESTIMATOR_MEAN   ? ret->mean_uj
                    : ret->estimator == RG_ESTIMATOR_TAIL ? ret->tail_uj
                                                          : ret->trapezoid_uj;
}
