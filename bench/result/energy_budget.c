/* energy_budget.c: standard uncertainties of one rail's energy, term by term, and the factor that
 * makes them an interval. Limits of error +-a count as rectangular: u = a / sqrt(3). */
#include <math.h>

#include "bench/result/energy_priv.h"
#include "bench/result/stats.h"

/* What 95 of 100 need, for one rectangle among bell-shaped parts and for several rectangles, within
 * 2 %: 2 for none, 1.65 for a rectangle alone. */
static double factor_by_shape(double flatness) {
    return 2 - 0.18 * flatness - 0.17 * flatness * flatness;
}

double rg_coverage_factor(double systematic, double random, double random_dof, double flatness) {
    double all = systematic * systematic + random * random;
    if (!(all > 0))
        return 2;
    double share = systematic * systematic / all;
    double k = factor_by_shape(flatness * share * share);
    if (!(random > 0) || !(random_dof > 0) || !isfinite(random_dof))
        return k;
    double dof = all * all / (pow(random, 4) / random_dof);
    return dof >= 30 ? k : fmax(k, rg_t_quantile(0.975, fmax(dof, 1)) * k / 2);
}

void rg_energy_close_budget(rg_energy_value *value) {
    value->k = rg_coverage_factor(value->systematic_uj, value->random_uj, value->random_dof,
                                  value->flatness);
    value->expanded_uj = value->k * hypot(value->systematic_uj, value->random_uj);
}

bool rg_energy_is_vague(const rg_energy_value *value) {
    double u = hypot(value->systematic_uj, value->random_uj);
    return value->unbounded || fmax(value->expanded_uj, 2 * u) > 0.1 * fabs(value->uj);
}

/* One step of the scale, as a standard uncertainty of the mean of readings that stand still or,
 * with noise to move them over the steps, of their mean. */
static double quantisation_mw(const rg_rail_work *work, const rg_series_mean *mean,
                              bool *ret_still) {
    double lsb = fmax(work->rail->limits.lsb_mw, 0);
    *ret_still = !(mean->sd_mw > 0.5 * lsb);
    return lsb / sqrt(12) / (*ret_still ? 1 : sqrt((double)mean->n));
}

/* Adds a rectangular part that is the same in every reading. */
static void add_limit(rg_energy_value *value, double u_uj) {
    value->systematic_uj += u_uj * u_uj; /* a sum of squares until `finish` */
    value->flatness += pow(u_uj, 4);
}

static void add_random(rg_energy_value *value, double u_uj) {
    value->random_uj += u_uj * u_uj;
}

static void add_quantisation(const rg_rail_work *work, const rg_series_mean *mean, double scale,
                             rg_energy_value *value) {
    bool still;
    double u_uj = scale * quantisation_mw(work, mean, &still);
    double *term = &value->terms_uj[RG_TERM_QUANTISATION];
    if (work->series.counter || !isfinite(u_uj))
        return;
    *term = hypot(*term, u_uj);
    if (still)
        add_limit(value, u_uj);
    else
        add_random(value, u_uj);
}

/* Steady loads: noise of the mean, and what a second estimate says otherwise. It holds the ends
 * where the trapezoid would interpolate: between idle and load there is a step and no slope. */
static void steady_terms(const rg_rail_work *work, const rg_rail_energy *rail, double *terms) {
    double u_uj = 1000 * work->window_s * work->load.u_mw;
    if (work->series.counter) {
        terms[RG_TERM_EDGE] = u_uj;
        return;
    }
    double held = rg_series_held_uj(&work->series, 0, work->settle_s, work->window_s);
    terms[RG_TERM_SAMPLING] = u_uj;
    terms[RG_TERM_EDGE] = fabs(held - rail->mean_uj) / sqrt(3);
}

/* Noise of both idle stretches, as over so many seconds: behind a lag nothing tells noise from
 * load, and neighbours err alike. */
static double idle_noise_uj(const rg_rail_work *work, double seconds) {
    const rg_span *before = &work->ask->idle_before, *after = &work->ask->idle_after;
    double b = (double)(before->end_ns - before->start_ns) * 1e-9 - work->settle_s;
    double a = (double)(after->end_ns - after->start_ns) * 1e-9 - work->settle_s;
    double each = pow(work->before.u_mw, 2) * b + pow(work->after.u_mw, 2) * a;
    return 1000 * sqrt(0.5 * each * seconds);
}

/* Loads that move: what lies between readings is unknown, noise or not. */
static void moving_terms(const rg_rail_work *work, const rg_rail_energy *rail, double *terms) {
    const rg_series *s = &work->series;
    double end = work->window_s, rest = work->baseline_mw;
    double idle = isnan(rest) ? work->load.mean_mw : rest;
    if (s->counter) {
        double late_s = work->on_ticks ? work->tick_s : s->stale_s;
        terms[RG_TERM_EDGE] = 1000 * late_s / sqrt(12) * hypot(idle, work->load.mean_mw);
        return;
    }
    if (rail->estimator == RG_ESTIMATOR_TAIL) {
        double all = work->lead_s + end + work->tail_s;
        terms[RG_TERM_SAMPLING] =
            s->lag_s > 0 ? idle_noise_uj(work, all)
                         : rg_series_roughness_uj(s, -work->lead_s, end + work->tail_s);
        terms[RG_TERM_IDLE] = 1000 * (work->lead_s + work->tail_s) * work->u_baseline_mw;
        return;
    }
    terms[RG_TERM_SAMPLING] = rg_series_roughness_uj(s, 0, end);
    terms[RG_TERM_EDGE] = fabs(rg_series_held_uj(s, 0, 0, end) - rail->trapezoid_uj) / sqrt(3);
}

/* Edges, stamps, sampling, quantisation: shared by the total and the part above idle. */
static void common_terms(const rg_rail_work *work, const rg_rail_energy *rail,
                         rg_energy_value *value) {
    double *terms = value->terms_uj, load = rail->total.uj / work->window_s / 1000;
    if (rail->estimator == RG_ESTIMATOR_MEAN)
        steady_terms(work, rail, terms);
    else
        moving_terms(work, rail, terms);
    double step = isnan(work->baseline_mw) ? load : load - work->baseline_mw;
    if (rail->estimator == RG_ESTIMATOR_TRAPEZOID) /* the others do not look at the edges */
        terms[RG_TERM_CLOCK] = 1000 * fabs(step) * sqrt(2) * work->series.half_s / sqrt(3);
    value->random_dof = work->load.n >= 2 && rail->estimator == RG_ESTIMATOR_MEAN
                            ? work->load.dof
                            : fmax(1, (double)rail->n - 2);
    if (work->series.counter) {
        terms[RG_TERM_QUANTISATION] = fmax(work->rail->limits.lsb_uj, 0) / sqrt(6);
        add_random(value, terms[RG_TERM_QUANTISATION]);
    }
    add_quantisation(work, &work->load, 1000 * work->window_s, value);
}

/* Sums of squares become standard uncertainties; gain, offset and still steps are in them. */
static void finish(rg_energy_value *value) {
    const double *t = value->terms_uj;
    add_limit(value, t[RG_TERM_GAIN]);
    add_limit(value, t[RG_TERM_OFFSET]);
    for (int i = RG_TERM_SAMPLING; i < RG_TERM_COUNT; i++)
        add_random(value, t[i]);
    value->flatness /= fmax(value->systematic_uj * value->systematic_uj, 1e-300);
    value->systematic_uj = sqrt(value->systematic_uj);
    value->random_uj = sqrt(value->random_uj);
    rg_energy_close_budget(value);
}

void rg_energy_total_budget(const rg_rail_work *work, rg_rail_energy *ret) {
    const rg_limits *limits = &work->rail->limits;
    rg_energy_value *value = &ret->total;
    common_terms(work, ret, value);
    value->terms_uj[RG_TERM_GAIN] = fabs(value->uj) * fmax(limits->gain, 0) / sqrt(3);
    value->terms_uj[RG_TERM_OFFSET] = 1000 * work->window_s * fmax(limits->offset_mw, 0) / sqrt(3);
    finish(value);
    value->unbounded = limits->gain < 0 || limits->offset_mw < 0;
}

/* The offset is the same with and without load and cancels; gain and the baseline's doubt stay. */
void rg_energy_above_budget(const rg_rail_work *work, rg_rail_energy *ret) {
    rg_energy_value *value = &ret->above;
    if (isnan(work->baseline_mw))
        return;
    double scale = 1000 * work->window_s;
    double longer = ret->estimator == RG_ESTIMATOR_TAIL ? work->lead_s + work->tail_s : 0;
    const rg_series_mean *idle = work->before.n >= 2 ? &work->before : &work->after;
    value->uj = ret->total.uj - scale * work->baseline_mw;
    common_terms(work, ret, value);
    add_quantisation(work, idle, scale, value);
    value->terms_uj[RG_TERM_GAIN] = fabs(value->uj) * fmax(work->rail->limits.gain, 0) / sqrt(3);
    value->terms_uj[RG_TERM_IDLE] = 1000 * (work->window_s + longer) * work->u_baseline_mw;
    finish(value);
    value->unbounded = work->rail->limits.gain < 0;
}

double rg_energy_idle_doubt(const rg_rail_work *work) {
    const rg_limits *limits = &work->rail->limits;
    if (limits->gain < 0 || limits->offset_mw < 0)
        return NAN;
    double lsb = work->series.counter ? 0 : fmax(limits->lsb_mw, 0);
    double gain = limits->gain * work->baseline_mw;
    double limit = gain * gain + limits->offset_mw * limits->offset_mw + lsb * lsb / 4;
    return hypot(sqrt(limit / 3), work->u_baseline_mw);
}
