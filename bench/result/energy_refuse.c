/* energy_refuse.c: what speaks against one rail's energy: lost readings, a range left, a window too
 * short, a sensor that stands still, idle that moved. Codes: core/codes.c. */
#include <math.h>
#include <stdlib.h>

#include "bench/result/energy_priv.h"
#include "bench/result/stats.h"

/* Distances of all reads around the window, repeats included: what is repeated is not lost. */
static size_t read_steps(const rg_rail_work *work, double *ret_steps) {
    const rg_series *s = &work->series;
    size_t k = 0;
    for (size_t i = 1; i < s->n_reads; i++) {
        if (s->read_s[i] >= 0 && s->read_s[i - 1] <= work->window_s)
            ret_steps[k++] = s->read_s[i] - s->read_s[i - 1];
    }
    return k;
}

static void count_fresh(const rg_rail_work *work, rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    double first = NAN, last = NAN;
    for (size_t i = 0; i < s->n; i++) {
        if (s->t_s[i] < 0 || s->t_s[i] > work->window_s)
            continue;
        first = ret->n++ ? first : s->t_s[i];
        last = s->t_s[i];
    }
    ret->period_s = ret->n > 1 ? (last - first) / (double)(ret->n - 1) : 0;
}

static size_t count_bad(const rg_rail_work *work, uint32_t rail) {
    const rg_energy_ask *ask = work->ask;
    size_t n = 0;
    for (size_t i = 0; i < ask->n_rows; i++) {
        const rg_power_row *row = &ask->rows[i];
        n += row->rail == rail && row->t_ns >= ask->window.start_ns &&
             row->t_ns <= ask->window.end_ns && row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY);
    }
    return n;
}

/* A sensor that averages remembers a fifth of its lag well enough; one that was read faster than it
 * refreshes loses nothing before a refresh is missing. */
double rg_energy_count(const rg_rail_work *work, rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    double *steps = malloc((s->n_reads + 1) * sizeof *steps), longest = 0;
    size_t k = steps ? read_steps(work, steps) : 0;
    count_fresh(work, ret);
    ret->n_bad = count_bad(work, ret->rail);
    if (k) {
        rg_sort_reals(steps, k);
        double beat = fmax(rg_quantile(steps, k, 0.5), fmax(s->refresh_s, s->lag_s / 5));
        longest = steps[k - 1] / beat;
        for (size_t i = 0; i < k; i++)
            ret->n_lost += steps[i] >= 1.75 * beat ? (size_t)floor(steps[i] / beat + 0.25) - 1 : 0;
    }
    free(steps);
    return longest;
}

/* Both edges need a reading within two periods on their far side. */
static bool bracketed(const rg_rail_work *work, double period_s) {
    const rg_series *s = &work->series;
    double slack = 2 * fmax(period_s, s->refresh_s);
    return s->n && s->t_s[0] <= slack && s->t_s[s->n - 1] >= work->window_s - slack;
}

/* Twenty refreshes and ten lags, unless quiet idle on both sides lets the whole burst be seen. */
static uint32_t window_refusals(const rg_rail_work *work, const rg_rail_energy *ret,
                                double longest) {
    const rg_series *s = &work->series;
    uint32_t refusals = 0;
    bool whole = ret->estimator == RG_ESTIMATOR_TAIL;
    double refreshes = s->refresh_s > 0 ? work->window_s / s->refresh_s : INFINITY;
    bool few = !whole && (ret->n < 20 || work->load.n < 2);
    bool lost = ret->n_bad || !bracketed(work, ret->period_s);
    if (!whole && (refreshes < 20 || work->window_s < 10 * s->lag_s || (few && !lost)))
        refusals |= RG_REFUSE_SHORT_WINDOW;
    if ((double)ret->n_lost > 0.001 * (double)ret->n || longest > 5 || (few && lost) ||
        s->invalid || !bracketed(work, ret->period_s))
        refusals |= RG_REFUSE_GAP;
    return refusals;
}

static uint32_t row_refusals(const rg_rail_work *work, const rg_rail_energy *ret) {
    const rg_energy_ask *ask = work->ask;
    uint32_t refusals = 0;
    for (size_t i = 0; i < ask->n_rows; i++) {
        const rg_power_row *row = &ask->rows[i];
        if (row->rail != ret->rail || row->t_ns < ask->window.start_ns ||
            row->t_ns > ask->window.end_ns || row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY))
            continue;
        double value = work->series.counter ? row->energy_uj : row->power_mw;
        if (row->flags & RG_ROW_CLIPPED || !isfinite(value))
            refusals |= RG_REFUSE_RANGE;
    }
    return refusals;
}

static uint32_t level_refusals(const rg_rail_work *work, const rg_rail_energy *ret) {
    const rg_limits *limits = &work->rail->limits;
    double mean = ret->total.uj / work->window_s / 1000, lsb = fmax(limits->lsb_mw, 0);
    bool low = !work->series.counter && fabs(mean) <= lsb;
    bool high = limits->range_mw > 0 && mean > limits->range_mw;
    bool negative = mean < -fmax(limits->offset_mw, 0);
    return low || high || negative ? RG_REFUSE_RANGE : 0;
}

/* The same reading long before and long after a step of the load: from when to when it stood still,
 * seen from the reading next to the step. */
static bool frozen_across(const rg_rail_work *work, double step_s) {
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
static bool is_stale(const rg_rail_work *work) {
    const rg_series *s = &work->series;
    const rg_energy_ask *ask = work->ask;
    double lsb = work->rail->limits.lsb_mw;
    bool fine = s->counter || (lsb >= 0 && lsb <= 0.01 * fabs(work->load.mean_mw));
    if (!fine || !(ask->inferences > 0))
        return false;
    double from = rg_energy_seconds(work, ask->idle_before.end_ns);
    double to = rg_energy_seconds(work, ask->idle_after.start_ns);
    return (work->before.n && frozen_across(work, from)) ||
           (work->after.n && frozen_across(work, to));
}

uint32_t rg_energy_total_refusals(const rg_rail_work *work, const rg_rail_energy *ret,
                                  double longest) {
    uint32_t refusals = row_refusals(work, ret) | window_refusals(work, ret, longest);
    if (!isfinite(ret->total.uj))
        return refusals;
    return refusals | level_refusals(work, ret) | (work->moving ? RG_REFUSE_NOT_STEADY : 0) |
           (work->rail->failed_check || is_stale(work) ? RG_REFUSE_STALE : 0);
}

uint32_t rg_energy_above_refusals(const rg_rail_work *work, const rg_rail_energy *ret) {
    const rg_energy_value *above = &ret->above;
    if (!isfinite(above->uj))
        return RG_REFUSE_SHORT_WINDOW;
    uint32_t refusals = rg_energy_is_vague(above) ? RG_REFUSE_UNCERTAINTY : 0;
    double drift = fabs(work->after.mean_mw - work->before.mean_mw);
    double level = 0.5 * fabs(work->after.mean_mw + work->before.mean_mw);
    if (above->uj < 3 * hypot(above->systematic_uj, above->random_uj))
        refusals |= RG_REFUSE_LOW_SIGNAL;
    if (work->one_sided ||
        drift > fmax(0.02 * level, 3 * hypot(work->before.u_mw, work->after.u_mw)))
        refusals |= RG_REFUSE_IDLE_DRIFT;
    return refusals;
}
