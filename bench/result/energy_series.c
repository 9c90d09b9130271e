/* energy_series.c: readings of one rail as a clean series, and its integral and mean over a stretch
 * of time. energy.c builds budgets and sums from these. */
#include <math.h>
#include <stdlib.h>

#include "bench/result/energy.h"
#include "bench/result/stats.h"

static bool usable(const rg_power_row *row, const rg_rail *rail, uint32_t number) {
    if (row->rail != number || row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY))
        return false;
    /* a reading that took long has no moment; what the sensor itself smears over its lag is no
     * worse (an INA3221 over a slow bus with 512 samples: 1.6 ms to read, 0.8 ms refresh) */
    double slack_s = fmax(0.5 * rail->refresh_s, 0.05 * rail->lag_s);
    if (rail->refresh_s > 0 && (double)row->half_ns * 1e-9 > slack_s)
        return false;
    return isfinite(rail->kind == RG_POWER_COUNTER ? row->energy_uj : row->power_mw);
}

/* A raw part that is missing on both sides counts as equal. */
static bool same_part(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static bool same_reading(const rg_power_row *a, const rg_power_row *b, bool counter) {
    if (counter)
        return a->energy_uj == b->energy_uj;
    return a->power_mw == b->power_mw && same_part(a->voltage_mv, b->voltage_mv) &&
           same_part(a->current_ma, b->current_ma);
}

/* Step of a counter, wrap undone. Backwards without a known wrap, or faster than the range, is not
 * a wrap but a loss. */
static double counter_step(rg_series *series, const rg_rail *rail, const rg_power_row *from,
                           const rg_power_row *to) {
    const rg_limits *limits = &rail->limits;
    double step = to->energy_uj - from->energy_uj, unit = limits->lsb_uj > 0 ? limits->lsb_uj : 1;
    if (step < 0 && limits->counter_wrap_uj)
        step += (double)limits->counter_wrap_uj + unit;
    double seconds = (double)(to->t_ns - from->t_ns) * 1e-9;
    if (step < 0 || (limits->range_mw > 0 && step > limits->range_mw * 1000 * seconds + 2 * unit))
        series->invalid = true;
    return step < 0 ? 0 : step;
}

static void append(rg_series *series, const rg_energy_ask *ask, const rg_rail *rail,
                   const rg_power_row *row, const rg_power_row *last) {
    size_t i = series->n++;
    series->t_s[i] = (double)(row->t_ns - ask->window.start_ns) * 1e-9;
    if (!series->counter)
        series->value[i] = row->power_mw;
    else
        series->value[i] = last ? series->value[i - 1] + counter_step(series, rail, last, row) : 0;
}

/* A tick shows at the first read after it, or is passed over where ticks come faster. */
static void close_series(rg_series *series, double half_s) {
    size_t n = series->n_reads;
    double read_s = n > 1 ? (series->read_s[n - 1] - series->read_s[0]) / (double)(n - 1) : 0;
    series->stale_s = fmin(series->refresh_s, read_s);
    series->half_s = n ? half_s / (double)n : 0;
}

static rg_status reserve(rg_series *series, size_t n_rows, rg_err *err) {
    series->t_s = malloc((n_rows + 1) * sizeof *series->t_s);
    series->value = malloc((n_rows + 1) * sizeof *series->value);
    series->read_s = malloc((n_rows + 1) * sizeof *series->read_s);
    if (series->t_s && series->value && series->read_s)
        return RG_OK;
    rg_series_free(series);
    return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu power rows", n_rows);
}

rg_status rg_series_clean(const rg_energy_ask *ask, uint32_t number, rg_series *ret, rg_err *err) {
    const rg_rail *rail = &ask->rails[number];
    rg_series series = {.counter = rail->kind == RG_POWER_COUNTER,
                        .points = rail->kind == RG_POWER_INSTANT,
                        .refresh_s = rail->refresh_s > 0 ? rail->refresh_s : 0,
                        .lag_s = rail->lag_s > 0 ? rail->lag_s : 0};
    rg_status status = reserve(&series, ask->n_rows, err);
    if (status != RG_OK)
        return status;
    double half_s = 0;
    const rg_power_row *last = NULL;
    int64_t fresh_ns = (int64_t)(series.refresh_s * 0.999e9);
    for (size_t i = 0; i < ask->n_rows; i++) {
        const rg_power_row *row = &ask->rows[i];
        if (!usable(row, rail, number) || (last && row->t_ns <= last->t_ns))
            continue;
        series.read_s[series.n_reads++] = (double)(row->t_ns - ask->window.start_ns) * 1e-9;
        half_s += (double)row->half_ns * 1e-9;
        if (last &&
            ((same_reading(row, last, series.counter) && row->t_ns - last->t_ns < fresh_ns)))
            continue;
        append(&series, ask, rail, row, last);
        last = row;
    }
    close_series(&series, half_s);
    *ret = series;
    return RG_OK;
}

void rg_series_free(rg_series *series) {
    if (!series)
        return;
    free(series->t_s);
    free(series->value);
    free(series->read_s);
    *series = (rg_series){0};
}

/* First reading at or after t; n when there is none. */
static size_t first_from(const rg_series *series, double t) {
    size_t low = 0, high = series->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->t_s[middle] >= t)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Linear between readings, the nearest one beyond them. */
static double value_at(const rg_series *series, double t) {
    size_t i = first_from(series, t);
    if (i == series->n)
        return series->value[series->n - 1];
    if (i == 0 || series->t_s[i] == t)
        return series->value[i];
    double share = (t - series->t_s[i - 1]) / (series->t_s[i] - series->t_s[i - 1]);
    return series->value[i - 1] + share * (series->value[i] - series->value[i - 1]);
}

double rg_series_energy_uj(const rg_series *series, double a_s, double b_s) {
    if (!series->n)
        return NAN;
    double t = a_s, p = value_at(series, a_s), sum = 0;
    if (series->counter)
        return value_at(series, b_s) - p;
    for (size_t i = first_from(series, a_s); i < series->n && series->t_s[i] < b_s; i++) {
        sum += 0.5 * (p + series->value[i]) * (series->t_s[i] - t);
        t = series->t_s[i];
        p = series->value[i];
    }
    return 1000 * (sum + 0.5 * (p + value_at(series, b_s)) * (b_s - t));
}

/* A counter averages by itself; each end is stale by up to `stale_s`. */
static void counter_mean(const rg_series *series, size_t first, rg_series_mean *ret) {
    if (ret->n < 2)
        return;
    size_t last = first + ret->n - 1;
    double seconds = series->t_s[last] - series->t_s[first];
    ret->mean_mw = (series->value[last] - series->value[first]) / seconds / 1000;
    ret->sd_mw = 0;
    ret->u_mw = fabs(ret->mean_mw) * series->stale_s / sqrt(6) / seconds;
    ret->dof = INFINITY;
}

rg_series_mean rg_series_mean_of(const rg_series *series, double a_s, double b_s) {
    size_t first = first_from(series, a_s), next = first;
    while (next < series->n && series->t_s[next] <= b_s)
        next++;
    rg_series_mean ret = {next - first, NAN, NAN, NAN, 0};
    if (series->counter) {
        counter_mean(series, first, &ret);
        return ret;
    }
    const double *values = series->value + first;
    ret.mean_mw = rg_mean(values, ret.n);
    if (ret.n < 2)
        return ret;
    ret.sd_mw = sqrt(rg_variance(values, ret.n));
    double rho = rg_lag1(values, ret.n), chance = 2 / sqrt((double)ret.n);
    double n_eff = fmax(2, rg_effective_n(ret.n, rho > chance ? rho : 0));
    ret.u_mw = ret.sd_mw / sqrt(n_eff);
    ret.dof = n_eff - 1;
    return ret;
}

double rg_series_held_uj(const rg_series *series, double a_s, double from_s, double b_s) {
    size_t first = first_from(series, from_s), last = first;
    if (first == series->n || series->t_s[first] > b_s || series->counter)
        return NAN;
    while (last + 1 < series->n && series->t_s[last + 1] <= b_s)
        last++;
    double before = series->value[first] * (series->t_s[first] - a_s);
    double after = series->value[last] * (b_s - series->t_s[last]);
    return 1000 * (before + after) +
           rg_series_energy_uj(series, series->t_s[first], series->t_s[last]);
}

/* Squared distances of n readings from the line through their neighbours, each scaled to be the
 * variance of one; returns how many. */
static size_t off_lines(double *mw, size_t n) {
    if (n < 4)
        return 0;
    double before = mw[0];
    for (size_t i = 1; i + 1 < n; i++) {
        double off = mw[i] - 0.5 * (before + mw[i + 1]);
        before = mw[i];
        mw[i - 1] = off * off / 1.5;
    }
    return n - 2;
}

double rg_series_roughness_uj(const rg_series *series, double a_s, double b_s) {
    size_t first = first_from(series, a_s), k = 0;
    double *squares = calloc(series->n + 1, sizeof *squares), seconds = b_s - a_s;
    for (size_t i = first; squares && i < series->n && series->t_s[i] <= b_s; i++)
        squares[k++] = series->value[i];
    size_t n = squares ? off_lines(squares, k) : 0;
    double variance = NAN;
    if (n) {
        double all = rg_mean(squares, n);
        rg_sort_reals(squares, n);
        double noise = fmin(all, rg_quantile(squares, n, 0.5) / 0.4549); /* chi-squared's median */
        /* a step hides anywhere between two points; averages see it, their reader may come late */
        double share = series->points ? 1 : fmin(1, series->stale_s * (double)n / seconds);
        variance = noise + (all - noise) * share * share / 4;
    }
    free(squares);
    return n ? 1000 * seconds * sqrt(variance / (double)n) : NAN;
}
