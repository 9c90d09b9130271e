/* derive_facts.c: figures that a round's facts tell directly, and how each is combined over rounds:
 * tables of rows. */
#include <math.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* Divided by: nothing, the samples of a request, or the window's inferences. */
typedef enum share { WHOLE, A_SAMPLE, AN_INFERENCE } share;

/* Over rounds: mean with interval; total over all inferences with interval; largest; smallest. */
typedef enum combine { MEAN, RATIO, MOST, LEAST } combine;

typedef struct fact_row {
    rg_figure_key figure;
    const char *group, *key, *minus; /* facts[group][key] - facts[group][minus] */
    share share;
    combine combine;
    const char *na; /* when the fact is absent */
} fact_row;

static const fact_row fact_rows[] = {
    {RG_FIG_load_cold_ns, "phases", "load_cold_ns", NULL, WHOLE, MEAN, "not-measured"},
    {RG_FIG_load_warm_ns, "phases", "load_warm_ns", NULL, WHOLE, MEAN, "not-measured"},
    {RG_FIG_first_ns, "phases", "first_ns", NULL, WHOLE, MEAN, "not-measured"},
    {RG_FIG_rss_peak_bytes, "memory", "rss_peak_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_pss_peak_bytes, "memory", "pss_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_rss_load_bytes, "memory", "rss_loaded_bytes", "rss_before_bytes", WHOLE, MOST,
     "not-available"},
    {RG_FIG_rss_steady_bytes, "memory", "rss_steady_end_bytes", "rss_steady_start_bytes", WHOLE,
     MOST, "not-available"},
    {RG_FIG_arena_bytes, "memory", "arena_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_arena_bound_bytes, "memory", "arena_bound_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_weights_bytes, "memory", "weights_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_device_bytes, "memory", "device_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_model_file_bytes, "memory", "model_file_bytes", NULL, WHOLE, MOST, "not-available"},
    {RG_FIG_macs, "work", "macs", NULL, A_SAMPLE, MOST, "ops-unknown"},
    {RG_FIG_other_ops, "work", "other_ops", NULL, A_SAMPLE, MOST, "ops-unknown"},
    {RG_FIG_cpu_time_ns, "usage", "cpu_ns", NULL, AN_INFERENCE, RATIO, "not-available"},
    {RG_FIG_context_switches, "usage", "involuntary_switches", NULL, AN_INFERENCE, RATIO,
     "not-available"},
    {RG_FIG_page_faults, "usage", "page_faults", NULL, AN_INFERENCE, RATIO, "not-available"},
    {RG_FIG_instructions, "counters", "instructions", NULL, AN_INFERENCE, RATIO, "not-measured"},
    {RG_FIG_cycles, "counters", "cycles", NULL, AN_INFERENCE, RATIO, "not-measured"},
    {RG_FIG_cache_misses, "counters", "cache_misses", NULL, AN_INFERENCE, RATIO, "not-measured"},
    {RG_FIG_branch_misses, "counters", "branch_misses", NULL, AN_INFERENCE, RATIO, "not-measured"},
    {RG_FIG_overhead_ns, NULL, "overhead_ns", NULL, WHOLE, MEAN, "not-measured"},
    {RG_FIG_clock_cost_ns, "clock", "cost_ns", NULL, WHOLE, MEAN, "not-measured"},
    {RG_FIG_nodes_off_target, "placement", "nodes", "nodes_on_target", WHOLE, MOST,
     "placement-unknown"},
    {RG_FIG_macs_off_target, "placement", "macs", "macs_on_target", WHOLE, MOST,
     "placement-unknown"},
    {RG_FIG_crossings, "placement", "crossings", NULL, WHOLE, MOST, "placement-unknown"},
    {RG_FIG_agreement_differing, "truth", "differing", NULL, WHOLE, MOST, "not-measured"},
    {RG_FIG_agreement_max_abs, "truth", "max_abs", NULL, WHOLE, MOST, "not-measured"},
    {RG_FIG_agreement_cosine, "truth", "cosine", NULL, WHOLE, LEAST, "not-measured"},
    {RG_FIG_agreement_sqnr_db, "truth", "sqnr_db", NULL, WHOLE, LEAST, "not-measured"},
};
enum { N_FACT_ROWS = sizeof fact_rows / sizeof fact_rows[0] };

static const json_t *group_of(const rg_round_view *view, const char *group) {
    return group ? json_object_get(view->facts, group) : view->facts;
}

/* A refused counter is {"na": code, ...}. */
static rg_figure fact_figure(const rg_round_view *view, const fact_row *row) {
    const json_t *group = group_of(view, row->group), *fact = json_object_get(group, row->key);
    if (json_is_object(fact))
        return rg_figure_from_json(fact);
    double value = rg_json_get_real(group, row->key, NAN);
    if (row->minus)
        value -= rg_json_get_real(group, row->minus, NAN);
    value /= row->share == A_SAMPLE ? view->batch : row->share ? view->inferences : 1;
    return isfinite(value) ? rg_figure_value(value) : rg_figure_na(row->na);
}

static void fill_warmup(rg_round_view *view) {
    const rg_round *round = view->round;
    int64_t rows = rg_json_get_int(view->facts, "warmup", -1);
    rg_figure *figures = view->figures;
    figures[RG_FIG_warmup_ns] = figures[RG_FIG_warmup_iterations] = rg_figure_na("not-measured");
    if (rows < 0 || (size_t)rows > round->n_samples || !round->n_samples)
        return;
    figures[RG_FIG_warmup_iterations] = rg_figure_value((double)rows * view->block);
    int64_t first = round->samples[0].start_ns;
    if (rows == 0)
        figures[RG_FIG_warmup_ns] = rg_figure_value(0);
    else
        figures[RG_FIG_warmup_ns] =
            rg_figure_value((double)(round->samples[rows - 1].end_ns - first));
}

static void fill_edge(rg_round_view *view) {
    const json_t *io = json_object_get(view->facts, "io");
    double in = rg_json_get_real(io, "input_bytes", NAN);
    double out = rg_json_get_real(io, "output_bytes", NAN);
    double rate = view->inferences / view->batch / view->window_s; /* requests a second */
    rg_figure *figures = view->figures, none = rg_figure_na("not-available");
    figures[RG_FIG_input_bytes_per_s] = isfinite(in * rate) ? rg_figure_value(in * rate) : none;
    figures[RG_FIG_result_bytes_per_s] = isfinite(out * rate) ? rg_figure_value(out * rate) : none;
    figures[RG_FIG_uplink_saved] = in > 0 && isfinite(out) ? rg_figure_value(1 - out / in) : none;
}

void rg_view_fill_facts(rg_round_view *view) {
    for (int i = 0; i < N_FACT_ROWS; i++)
        view->figures[fact_rows[i].figure] = fact_figure(view, &fact_rows[i]);
    fill_warmup(view);
    fill_edge(view);
}

/* --- over rounds ----------------------------------------------------------------------------- */

typedef struct gathered {
    double num[4096], den[4096];
    size_t n;
    const char *na; /* of the first round without a value */
} gathered;

/* Values of a figure over rounds, weighted by `den`: 1 or the inferences. */
static void gather(const rg_round_view *views, size_t n, rg_figure_key key, combine how,
                   gathered *ret) {
    ret->n = 0;
    ret->na = NULL;
    for (size_t r = 0; r < n && ret->n < 4096; r++) {
        const rg_figure *figure = &views[r].figures[key];
        if (figure->na && !ret->na)
            ret->na = figure->na;
        if (figure->na || !figure->set)
            continue;
        double weight = how == RATIO ? views[r].inferences : 1;
        ret->num[ret->n] = figure->value * weight;
        ret->den[ret->n++] = weight;
    }
}

static rg_figure extreme(const gathered *all, combine how) {
    double best = all->num[0];
    for (size_t i = 1; i < all->n; i++)
        best = how == MOST ? fmax(best, all->num[i]) : fmin(best, all->num[i]);
    rg_figure figure = rg_figure_value(best);
    figure.n = all->n;
    return figure;
}

static rg_figure averaged(const gathered *all, size_t rounds, const rg_draws *draws) {
    rg_interval interval =
        rg_interval_ratio(all->num, all->den, all->n, all->n == rounds ? draws : NULL);
    rg_figure figure = rg_figure_value(interval.value);
    figure.low = interval.low;
    figure.high = interval.high;
    figure.no_interval = interval.no_interval;
    figure.n = all->n;
    return figure;
}

static void combine_one(const rg_round_view *views, size_t n, const rg_draws *draws,
                        rg_figure_key key, combine how, gathered *all, rg_figure *figures) {
    gather(views, n, key, how, all);
    if (!all->n)
        figures[key] = rg_figure_na(all->na ? all->na : "not-measured");
    else if (how == MOST || how == LEAST)
        figures[key] = extreme(all, how);
    else
        figures[key] = averaged(all, n, draws);
}

rg_figure rg_views_mean(const rg_round_view *views, size_t n, const rg_draws *draws,
                        rg_figure_key key) {
    gathered *all = malloc(sizeof *all);
    rg_figure figures[RG_FIG_COUNT] = {{0}};
    bool set = false;
    for (size_t r = 0; r < n; r++)
        set |= views[r].figures[key].set;
    if (all && set)
        combine_one(views, n, draws, key, MEAN, all, figures);
    free(all);
    return figures[key];
}

void rg_views_combine_facts(const rg_round_view *views, size_t n, const rg_draws *draws,
                            rg_figure *figures) {
    static const rg_figure_key means[] = {RG_FIG_warmup_ns, RG_FIG_warmup_iterations,
                                          RG_FIG_input_bytes_per_s, RG_FIG_result_bytes_per_s,
                                          RG_FIG_uplink_saved};
    gathered *all = malloc(sizeof *all);
    if (!all)
        return; /* the figures stay unset: not-measured */
    for (int i = 0; i < N_FACT_ROWS; i++)
        combine_one(views, n, draws, fact_rows[i].figure, fact_rows[i].combine, all, figures);
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++)
        combine_one(views, n, draws, means[i], MEAN, all, figures);
    free(all);
}
