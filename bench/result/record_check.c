/* record_check.c: relations that hold on every record whatever was measured. A broken one is a
 * fault of ours, found before anybody reads the figure. */
#include <math.h>
#include <stdio.h>

#include "bench/core/json.h"
#include "bench/result/record.h"

/* A figure's value; NAN when there is none. */
static double value_of(const rg_figure *figures, rg_figure_key key) {
    return figures[key].set && !figures[key].na ? figures[key].value : NAN;
}

static bool close_to(double a, double b, double relative) {
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

static rg_status broken(rg_err *err, const char *what) {
    return rg_fail(err, RG_INVALID, "rebuild the record from its rounds, or report this as a fault",
                   "a record breaks the relation %s", what);
}

/* Ascending chains: each is not above the next. */
static rg_status check_order(const rg_figure *figures, rg_err *err) {
    static const rg_figure_key pairs[][2] = {{RG_FIG_latency_min_ns, RG_FIG_latency_p50_ns},
                                             {RG_FIG_latency_p50_ns, RG_FIG_latency_p90_ns},
                                             {RG_FIG_latency_p90_ns, RG_FIG_latency_p95_ns},
                                             {RG_FIG_latency_p95_ns, RG_FIG_latency_p99_ns},
                                             {RG_FIG_latency_p99_ns, RG_FIG_latency_max_ns},
                                             {RG_FIG_latency_p95_ns, RG_FIG_latency_max_ns},
                                             {RG_FIG_latency_p99_ns, RG_FIG_latency_p999_ns},
                                             {RG_FIG_latency_p999_ns, RG_FIG_latency_max_ns},
                                             {RG_FIG_dropped, RG_FIG_deadline_misses},
                                             {RG_FIG_latency_min_ns, RG_FIG_latency_mean_ns},
                                             {RG_FIG_latency_mean_ns, RG_FIG_latency_max_ns},
                                             {RG_FIG_arena_bound_bytes, RG_FIG_arena_bytes},
                                             {RG_FIG_energy_above_idle_uj, RG_FIG_energy_total_uj}};
    char what[160];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        double low = value_of(figures, pairs[i][0]), high = value_of(figures, pairs[i][1]);
        if (!(low > high) || close_to(low, high, 1e-9))
            continue;
        snprintf(what, sizeof what, "%s <= %s: %.17g and %.17g", rg_figure_rows[pairs[i][0]].key,
                 rg_figure_rows[pairs[i][1]].key, low, high);
        return broken(err, what);
    }
    return RG_OK;
}

/* Figures that may be negative: a growth, and a signal-to-noise ratio; cosine as well. */
static bool may_be_negative(int key) {
    return key == RG_FIG_rss_steady_bytes || key == RG_FIG_rss_load_bytes ||
           key == RG_FIG_agreement_sqnr_db || key == RG_FIG_agreement_cosine ||
           key == RG_FIG_uplink_saved || key == RG_FIG_power_idle_mw ||
           key == RG_FIG_energy_above_idle_uj || key == RG_FIG_tops_per_watt_above_idle;
}

static rg_status check_each(const rg_figure *figures, rg_err *err) {
    char what[160];
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        const rg_figure *f = &figures[i];
        if (!f->set || f->na)
            continue;
        if (isfinite(f->low) && !(f->low <= f->value && f->value <= f->high)) {
            snprintf(what, sizeof what, "low <= value <= high of %s: %.17g, %.17g, %.17g",
                     rg_figure_rows[i].key, f->low, f->value, f->high);
            return broken(err, what);
        }
        if (f->value < 0 && !may_be_negative(i)) {
            snprintf(what, sizeof what, "%s >= 0: %.17g", rg_figure_rows[i].key, f->value);
            return broken(err, what);
        }
    }
    double saved = value_of(figures, RG_FIG_uplink_saved);
    double cosine = value_of(figures, RG_FIG_agreement_cosine);
    double missed = value_of(figures, RG_FIG_deadline_miss_share);
    if (missed > 1)
        return broken(err, "share of missed deadlines <= 1");
    if (saved > 1 || cosine > 1 + 1e-9 || cosine < -1 - 1e-9)
        return broken(err, "share saved <= 1 and |cosine| <= 1");
    return RG_OK;
}

/* Energy an inference = mean power x window / inferences, within 1 %. */
static rg_status check_energy(const json_t *record, const rg_figure *figures, rg_err *err) {
    const json_t *detail = json_object_get(record, "energy");
    double seconds = rg_json_get_real(detail, "window_s", NAN);
    double inferences = rg_json_get_real(detail, "inferences", NAN);
    double energy = value_of(figures, RG_FIG_energy_total_uj);
    double power = value_of(figures, RG_FIG_power_mean_mw) * 1000 * seconds / inferences;
    if (isfinite(energy) && isfinite(power) && !close_to(energy, power, 0.01))
        return broken(err, "energy = mean power x window / inferences");
    double tops = value_of(figures, RG_FIG_tops_per_watt);
    double work = 2e-6 * value_of(figures, RG_FIG_macs) / energy;
    if (isfinite(tops) && isfinite(work) && !close_to(tops, work, 1e-6))
        return broken(err, "TOPS/W = 2 x MACs / energy");
    return RG_OK;
}

/* TOPS = 2 x MACs x inferences a second. */
static rg_status check_work(const rg_figure *figures, rg_err *err) {
    double tops = value_of(figures, RG_FIG_achieved_tops);
    double rate = value_of(figures, RG_FIG_throughput_per_s);
    double work = 2e-12 * value_of(figures, RG_FIG_macs) * rate;
    if (isfinite(tops) && isfinite(work) && !close_to(tops, work, 1e-6))
        return broken(err, "TOPS = 2 x MACs x throughput");
    return RG_OK;
}

static rg_status check_head(const json_t *record, rg_err *err) {
    rg_status status;
    if (rg_json_get_int(record, "schema", -1) < 1)
        return broken(err, "schema is a number from 1");
    if (!rg_json_get_text(record, "cell", NULL))
        return broken(err, "a record names its cell");
    if (!rg_status_from_word(rg_json_get_text(record, "status", ""), &status))
        return broken(err, "status is a known word");
    if (rg_json_get_int(record, "rounds", 0) < 0 || rg_json_get_int(record, "samples", 0) < 0)
        return broken(err, "rounds and samples are counts");
    return RG_OK;
}

rg_status rg_record_check(const json_t *record, rg_err *err) {
    rg_figure figures[RG_FIG_COUNT];
    rg_figures_from_json(json_object_get(record, "figures"), figures);
    rg_status status = check_head(record, err);
    if (status == RG_OK)
        status = check_order(figures, err);
    if (status == RG_OK)
        status = check_each(figures, err);
    if (status == RG_OK)
        status = check_work(figures, err);
    if (status == RG_OK)
        status = check_energy(record, figures, err);
    if (status != RG_OK)
        rg_err_prefix(err, "%s", rg_json_get_text(record, "name", "record"));
    return status;
}
