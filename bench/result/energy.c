/* energy.c: the budget of one rail over the window: two estimators, idle baseline, uncertainty,
 * refusals. energy_series.c gives the cleaned readings, energy_sum.c adds rails up. */
#include "bench/result/energy.h"

#include <math.h>
#include <stdlib.h>

#include "bench/result/energy_priv.h"
#include "bench/result/stats.h"

double rg_coverage_factor(double systematic, double random, double random_dof) {
    double all = systematic * systematic + random * random;
    if (!(random > 0) || !(random_dof > 0) || !isfinite(random_dof))
        return 2;
    double dof = all * all / (pow(random, 4) / random_dof);
    return dof >= 30 ? 2 : rg_t_quantile(0.975, fmax(dof, 1));
}

void rg_energy_close_budget(rg_energy_value *value) {
    value->k = rg_coverage_factor(value->systematic_uj, value->random_uj, value->random_dof);
    value->expanded_uj = value->k * hypot(value->systematic_uj, value->random_uj);
}

/* What the rail's work needs at hand. */
typedef struct rail_work {
    const rg_energy_ask *ask;
    const rg_rail *rail;
    rg_series series;
    double window_s, settle_s;
    rg_series_mean load, before, after;
    double baseline_mw, u_baseline_mw; /* NAN when idle was not measured */
    bool one_sided;                    /* on one side only: nobody knows how it drifted */
} rail_work;

static double seconds_from(const rail_work *work, int64_t t_ns) {
    return (double)(t_ns - work->ask->window.start_ns) * 1e-9;
}

/* Mean over a span after the sensor has settled. */
static rg_series_mean settled_mean(const rail_work *work, rg_span span) {
    if (span.end_ns <= span.start_ns)
        return (rg_series_mean){0, NAN, NAN, NAN, 0};
    return rg_series_mean_of(&work->series, seconds_from(work, span.start_ns) + work->settle_s,
                             seconds_from(work, span.end_ns));
}

static double middle_s(const rail_work *work, rg_span span) {
    return 0.5 * (seconds_from(work, span.start_ns) + seconds_from(work, span.end_ns));
}

/* Baseline: the line through both idle means, at the window's middle (its integral over the window
 * is exact there). Its drift counts as rectangular between both. */
static void find_baseline(rail_work *work) {
    const rg_energy_ask *ask = work->ask;
    work->before = settled_mean(work, ask->idle_before);
    work->after = settled_mean(work, ask->idle_after);
    work->baseline_mw = work->u_baseline_mw = NAN;
    if (work->before.n < 2 && work->after.n < 2)
        return;
    if (work->before.n < 2 || work->after.n < 2) {
        const rg_series_mean *only = work->before.n < 2 ? &work->after : &work->before;
        work->baseline_mw = only->mean_mw;
        work->u_baseline_mw = only->u_mw;
        work->one_sided = true;
        return;
    }
    double b = middle_s(work, ask->idle_before), a = middle_s(work, ask->idle_after);
    double share = (0.5 * work->window_s - b) / (a - b);
    double drift = work->after.mean_mw - work->before.mean_mw;
    work->baseline_mw = work->before.mean_mw + share * drift;
    double noise = hypot((1 - share) * work->before.u_mw, share * work->after.u_mw);
    double by_chance = hypot(work->before.u_mw, work->after.u_mw); /* is in `noise` already */
    double excess = fmax(0, drift * drift - by_chance * by_chance);
    work->u_baseline_mw = sqrt(noise * noise + excess / 12);
}

/* Median distance of the readings inside the window, and how many are missing by it: a distance of
 * k periods lost k - 1. A sensor that averages remembers a fifth of its lag well enough. */
static double count_window(const rail_work *work, rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    double *steps = malloc((s->n + 1) * sizeof *steps), longest = 0;
    size_t k = 0;
    for (size_t i = 1; i < s->n && steps; i++) {
        if (s->t_s[i] >= 0 && s->t_s[i - 1] <= work->window_s)
            steps[k++] = s->t_s[i] - s->t_s[i - 1];
    }
    for (size_t i = 0; i < s->n; i++)
        ret->n += s->t_s[i] >= 0 && s->t_s[i] <= work->window_s;
    if (k) {
        rg_sort_reals(steps, k);
        ret->period_s = rg_quantile(steps, k, 0.5);
        double beat = fmax(ret->period_s, s->lag_s / 5);
        longest = steps[k - 1] / beat;
        for (size_t i = 0; i < k; i++)
            ret->n_lost += steps[i] >= 2 * beat ? (size_t)floor(steps[i] / beat + 0.25) - 1 : 0;
    }
    free(steps);
    return longest;
}

/* Both edges need a reading within two periods on their far side. */
static bool bracketed(const rail_work *work, double period_s) {
    const rg_series *s = &work->series;
    double slack = 2 * fmax(period_s, s->refresh_s);
    return s->n && s->t_s[0] <= slack && s->t_s[s->n - 1] >= work->window_s - slack;
}

/* Second estimator. An averaging sensor's tail belongs to the window: the excess over idle until
 * six time constants after it, where readings reach that far. */
static double second_estimate(const rail_work *work) {
    const rg_series *s = &work->series;
    double tail = work->window_s + 6 * s->lag_s;
    bool lagging = s->lag_s > 0.5 * s->refresh_s && s->lag_s > 0;
    if (!lagging || isnan(work->baseline_mw) || s->t_s[s->n - 1] < tail ||
        s->t_s[0] > -s->refresh_s)
        return rg_series_energy_uj(s, 0, work->window_s);
    double idle = 1000 * work->baseline_mw;
    double all = rg_series_energy_uj(s, -s->refresh_s, tail);
    return all - idle * (tail + s->refresh_s) + idle * work->window_s;
}

/* Power of successive counter ticks or the readings themselves: does it trend over the window? */
static bool trends(const rail_work *work) {
    const rg_series *s = &work->series;
    double *p = malloc((s->n + 1) * sizeof *p);
    size_t k = 0;
    for (size_t i = 1; i < s->n && p; i++) {
        if (s->t_s[i - 1] < work->settle_s || s->t_s[i] > work->window_s)
            continue;
        double step = s->t_s[i] - s->t_s[i - 1];
        p[k++] = s->counter ? (s->value[i] - s->value[i - 1]) / step / 1000 : s->value[i];
    }
    rg_trend trend = p ? rg_trend_of(p, k) : (rg_trend){0, 0, 1};
    free(p);
    return trend.p < 0.01 && fabs(trend.change) > 0.02 * fabs(work->load.mean_mw);
}

/* The same reading long before and long after a step of the load: from when to when it stood still,
 * seen from the reading next to the step. */
static bool frozen_across(const rail_work *work, double step_s) {
    const rg_series *s = &work->series;
    double reach = fmax(work->settle_s, 10 * s->refresh_s);
    size_t at = 0;
    while (at + 1 < s->n && s->t_s[at] < step_s)
        at++;
    size_t first = at, last = at;
    while (first > 0 && s->value[first - 1] == s->value[at])
        first--;
    while (last + 1 < s->n && s->value[last + 1] == s->value[at])
        last++;
    return last - first >= 19 && s->t_s[first] <= step_s - reach && s->t_s[last] >= step_s + reach;
}

/* Readings that stand still while load comes or goes, on a scale fine enough that they should not.
 * Without inferences there is no step to see. */
static bool is_stale(const rail_work *work) {
    const rg_series *s = &work->series;
    const rg_energy_ask *ask = work->ask;
    double lsb = work->rail->limits.lsb_mw;
    bool fine = s->counter || (lsb >= 0 && lsb <= 0.01 * fabs(work->load.mean_mw));
    if (!fine || !(ask->inferences > 0))
        return false;
    return (work->before.n && frozen_across(work, seconds_from(work, ask->idle_before.end_ns))) ||
           (work->after.n && frozen_across(work, seconds_from(work, ask->idle_after.start_ns)));
}

static uint32_t row_refusals(const rail_work *work, rg_rail_energy *ret) {
    uint32_t refusals = 0;
    for (size_t i = 0; i < work->ask->n_rows; i++) {
        const rg_power_row *row = &work->ask->rows[i];
        if (row->rail != ret->rail || row->t_ns < work->ask->window.start_ns ||
            row->t_ns > work->ask->window.end_ns)
            continue;
        if (row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY))
            ret->n_bad++;
        else if (row->flags & RG_ROW_CLIPPED ||
                 !isfinite(work->series.counter ? row->energy_uj : row->power_mw))
            refusals |= RG_REFUSE_RANGE;
    }
    return refusals;
}

static uint32_t level_refusals(const rail_work *work) {
    const rg_limits *limits = &work->rail->limits;
    double mean = work->load.mean_mw, lsb = fmax(limits->lsb_mw, 0);
    bool low = !work->series.counter && fabs(mean) <= lsb;
    bool high = limits->range_mw > 0 && mean > limits->range_mw;
    bool negative = mean < -fmax(limits->offset_mw, 0);
    return low || high || negative ? RG_REFUSE_RANGE : 0;
}

static uint32_t window_refusals(const rail_work *work, const rg_rail_energy *ret, double longest) {
    const rg_series *s = &work->series;
    uint32_t refusals = 0;
    double refreshes = s->refresh_s > 0 ? work->window_s / s->refresh_s : INFINITY;
    bool few = ret->n < 20 || work->load.n < 2;
    bool lost = ret->n_bad || !bracketed(work, ret->period_s);
    if (refreshes < 20 || work->window_s < 10 * s->lag_s || (few && !lost))
        refusals |= RG_REFUSE_SHORT_WINDOW;
    if ((double)ret->n_lost > 0.001 * (double)ret->n || longest > 5 || (few && lost) ||
        s->invalid || !bracketed(work, ret->period_s))
        refusals |= RG_REFUSE_GAP;
    return refusals;
}

/* Terms shared by the total and the part above idle: edges, stamps, sampling, quantisation. */
static void common_terms(const rail_work *work, const rg_rail_energy *rail,
                         rg_energy_value *value) {
    const rg_limits *limits = &work->rail->limits;
    double scale = 1000 * work->window_s, *terms = value->terms_uj;
    double lsb = fmax(limits->lsb_mw, 0);
    bool dithered = work->load.sd_mw > 0.5 * lsb;
    terms[RG_TERM_QUANTISATION] =
        work->series.counter ? fmax(limits->lsb_uj, 0) / sqrt(6)
                             : scale * lsb / sqrt(12) / (dithered ? sqrt((double)work->load.n) : 1);
    terms[RG_TERM_SAMPLING] = scale * work->load.u_mw;
    terms[RG_TERM_EDGE] = fabs(rail->trapezoid_uj - rail->mean_uj) / sqrt(3);
    double step =
        isnan(work->baseline_mw) ? work->load.mean_mw : work->load.mean_mw - work->baseline_mw;
    terms[RG_TERM_CLOCK] = 1000 * fabs(step) * sqrt(2) * work->series.half_s / sqrt(3);
    value->random_dof = work->load.dof;
}

/* Splits the terms; quantisation is random only where noise moves it over the steps. */
static void split_terms(const rail_work *work, rg_energy_value *value) {
    const double *t = value->terms_uj;
    bool dithered = work->series.counter || work->load.sd_mw > 0.5 * work->rail->limits.lsb_mw;
    double q = t[RG_TERM_QUANTISATION];
    value->systematic_uj = sqrt(t[RG_TERM_GAIN] * t[RG_TERM_GAIN] +
                                t[RG_TERM_OFFSET] * t[RG_TERM_OFFSET] + (dithered ? 0 : q * q));
    value->random_uj =
        sqrt(t[RG_TERM_SAMPLING] * t[RG_TERM_SAMPLING] + t[RG_TERM_EDGE] * t[RG_TERM_EDGE] +
             t[RG_TERM_CLOCK] * t[RG_TERM_CLOCK] + t[RG_TERM_IDLE] * t[RG_TERM_IDLE] +
             (dithered ? q * q : 0));
    rg_energy_close_budget(value);
}

static void total_budget(const rail_work *work, rg_rail_energy *ret) {
    const rg_limits *limits = &work->rail->limits;
    rg_energy_value *value = &ret->total;
    value->uj = ret->by_trapezoid ? ret->trapezoid_uj : ret->mean_uj;
    common_terms(work, ret, value);
    value->terms_uj[RG_TERM_GAIN] = fabs(value->uj) * fmax(limits->gain, 0) / sqrt(3);
    value->terms_uj[RG_TERM_OFFSET] = 1000 * work->window_s * fmax(limits->offset_mw, 0) / sqrt(3);
    split_terms(work, value);
    value->unbounded = limits->gain < 0 || limits->offset_mw < 0;
    if (value->unbounded || value->expanded_uj > 0.1 * fabs(value->uj))
        ret->refusals |= RG_REFUSE_UNCERTAINTY;
}

/* The offset is the same with and without load and cancels; gain and the baseline's doubt stay. */
static void above_budget(const rail_work *work, rg_rail_energy *ret) {
    rg_energy_value *value = &ret->above;
    value->uj = NAN;
    if (isnan(work->baseline_mw)) {
        ret->above_refusals |= RG_REFUSE_SHORT_WINDOW;
        return;
    }
    double scale = 1000 * work->window_s;
    value->uj = ret->total.uj - scale * work->baseline_mw;
    common_terms(work, ret, value);
    value->terms_uj[RG_TERM_GAIN] = fabs(value->uj) * fmax(work->rail->limits.gain, 0) / sqrt(3);
    value->terms_uj[RG_TERM_IDLE] = scale * work->u_baseline_mw;
    split_terms(work, value);
    double u = hypot(value->systematic_uj, value->random_uj);
    double drift = fabs(work->after.mean_mw - work->before.mean_mw);
    double level = 0.5 * fabs(work->after.mean_mw + work->before.mean_mw);
    if (value->uj < 3 * u)
        ret->above_refusals |= RG_REFUSE_LOW_SIGNAL;
    if (work->one_sided ||
        drift > fmax(0.02 * level, 3 * hypot(work->before.u_mw, work->after.u_mw)))
        ret->above_refusals |= RG_REFUSE_IDLE_DRIFT;
    value->unbounded = work->rail->limits.gain < 0;
    if (value->unbounded || value->expanded_uj > 0.1 * fabs(value->uj))
        ret->above_refusals |= RG_REFUSE_UNCERTAINTY;
}

/* Standard uncertainty of the idle power itself; NAN where the sensor's limits are unknown. */
static double idle_doubt(const rail_work *work) {
    const rg_limits *limits = &work->rail->limits;
    if (limits->gain < 0 || limits->offset_mw < 0)
        return NAN;
    double lsb = work->series.counter ? 0 : fmax(limits->lsb_mw, 0);
    double gain = limits->gain * work->baseline_mw;
    double limit = gain * gain + limits->offset_mw * limits->offset_mw + lsb * lsb / 4;
    return hypot(sqrt(limit / 3), work->u_baseline_mw);
}

static void measure_series(rail_work *work, rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    work->settle_s = fmax(5 * s->lag_s, 2 * s->refresh_s);
    work->load = rg_series_mean_of(s, work->settle_s, work->window_s);
    find_baseline(work);
    double longest = count_window(work, ret);
    ret->n_settled = work->load.n;
    ret->mean_mw = work->load.mean_mw;
    ret->idle_before_mw = work->before.mean_mw;
    ret->idle_after_mw = work->after.mean_mw;
    ret->idle_mw = work->baseline_mw;
    ret->idle_u_mw = idle_doubt(work);
    ret->mean_uj = 1000 * work->window_s * work->load.mean_mw;
    ret->refusals |= row_refusals(work, ret); /* counts bad rows */
    ret->refusals |= window_refusals(work, ret, longest);
    if (work->load.n < 2)
        return;
    ret->trapezoid_uj = second_estimate(work);
    bool moving = trends(work);
    ret->by_trapezoid = moving && s->lag_s <= s->refresh_s;
    ret->refusals |= level_refusals(work) | (moving ? RG_REFUSE_NOT_STEADY : 0) |
                     (is_stale(work) ? RG_REFUSE_STALE : 0);
    total_budget(work, ret);
    above_budget(work, ret);
}

rg_status rg_energy_measure_rail(const rg_energy_ask *ask, uint32_t rail, rg_rail_energy *ret,
                                 rg_err *err) {
    *ret = (rg_rail_energy){.rail = rail, .mean_mw = NAN, .trapezoid_uj = NAN, .mean_uj = NAN};
    ret->idle_before_mw = ret->idle_after_mw = ret->idle_mw = ret->idle_u_mw = NAN;
    ret->total.uj = ret->above.uj = NAN;
    if (ask->rails[rail].status != RG_OK) {
        ret->refusals = RG_REFUSE_NO_SENSOR;
        return RG_OK;
    }
    rail_work work = {.ask = ask, .rail = &ask->rails[rail]};
    work.window_s = (double)(ask->window.end_ns - ask->window.start_ns) * 1e-9;
    rg_status status = rg_series_clean(ask, rail, &work.series, err);
    if (status != RG_OK)
        return status;
    measure_series(&work, ret);
    rg_series_free(&work.series);
    return RG_OK;
}
