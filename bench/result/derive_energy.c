/* derive_energy.c: joules of a round's window, and of a cell over its rounds. The systematic part
 * of the uncertainty is the same in every round and does not shrink; the random part comes from how
 * rounds differ. */
#include <math.h>
#include <string.h>

#include "bench/core/codes.h"
#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* Judged again on the cell: repeats shrink what is random in them. */
static const uint32_t judged_later = RG_REFUSE_UNCERTAINTY | RG_REFUSE_LOW_SIGNAL;

static const rg_figure_key energy_keys[] = {
    RG_FIG_energy_total_uj, RG_FIG_energy_above_idle_uj, RG_FIG_power_mean_mw,
    RG_FIG_power_idle_mw,   RG_FIG_tops_per_watt,        RG_FIG_tops_per_watt_above_idle};

static void refuse_all(rg_figure *figures, const char *code) {
    for (size_t i = 0; i < sizeof energy_keys / sizeof energy_keys[0]; i++)
        figures[energy_keys[i]] = rg_figure_na(code);
}

static rg_span span_of(const json_t *facts, const char *key) {
    const json_t *span = json_object_get(facts, key);
    return (rg_span){rg_json_get_int(span, "start_ns", 0), rg_json_get_int(span, "end_ns", 0)};
}

static bool has_flag(const json_t *facts, const char *code) {
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(facts, "flags"), i, flag) {
        if (json_is_string(flag) && !strcmp(json_string_value(flag), code))
            return true;
    }
    return false;
}

/* Power mode or governor at the round's end differs from its start. */
static bool state_changed(const json_t *facts) {
    static const char *const keys[] = {"power_mode", "governor"};
    const json_t *host = json_object_get(facts, "host");
    for (size_t i = 0; i < 2; i++) {
        const json_t *before = json_object_get(json_object_get(host, "before"), keys[i]);
        const json_t *after = json_object_get(json_object_get(host, "after"), keys[i]);
        if (before && after && !json_equal(before, after))
            return true;
    }
    return false;
}

static rg_scope preferred(const json_t *facts) {
    const char *target = rg_json_get_text(facts, "target", "");
    return !strncmp(target, "cuda", 4) ? RG_SCOPE_GPU : RG_SCOPE_UNKNOWN;
}

static const char *static_code(const char *id) {
    const rg_code *code = id ? rg_code_find(id) : NULL;
    return code ? code->id : id ? "not-available" : NULL;
}

/* What the facts say against the figure: throttling, a changed state, a trend of latency. */
static uint32_t fact_refusals(const round_view *view) {
    uint32_t refusals = 0;
    if (has_flag(view->facts, "throttled"))
        refusals |= RG_REFUSE_THROTTLE;
    if (state_changed(view->facts))
        refusals |= RG_REFUSE_STATE;
    double median = rg_quantile(view->sorted_ns, view->n, 0.5);
    if (view->n && view->trend.p < 0.01 && fabs(view->trend.change) > 0.02 * median)
        refusals |= RG_REFUSE_NOT_STEADY;
    return refusals;
}

rg_status rg_view_measure_energy(round_view *view, rg_err *err) {
    const json_t *power = json_object_get(view->facts, "power");
    view->has_power = json_is_object(power);
    view->power_refusal = static_code(rg_json_get_text(power, "refusal", NULL));
    const rg_round *round = view->round;
    rg_energy_ask ask = {.rails = round->rails,
                         .n_rails = round->n_rails,
                         .rows = round->power,
                         .n_rows = round->n_power,
                         .window = span_of(view->facts, "window"),
                         .idle_before = span_of(view->facts, "idle_before"),
                         .idle_after = span_of(view->facts, "idle_after"),
                         .inferences = view->inferences,
                         .prefer = preferred(view->facts)};
    if (!view->has_power || view->power_refusal || ask.window.end_ns <= ask.window.start_ns)
        return RG_OK;
    rg_status status = rg_energy_measure(&ask, &view->energy, err);
    if (status != RG_OK)
        return status;
    view->has_energy = true;
    view->energy.headline.refusals |= fact_refusals(view);
    return RG_OK;
}

/* A sum over rounds of energy with the parts of its uncertainty, in uJ. */
typedef struct joules {
    double uj, u_systematic, u_random, dof;
} joules;

/* Energy an inference with its interval, or its refusal. */
static rg_figure per_inference(const joules *sum, double inferences, uint32_t refusals) {
    double k = rg_coverage_factor(sum->u_systematic, sum->u_random, sum->dof);
    double u = k * hypot(sum->u_systematic, sum->u_random);
    if (refusals)
        return rg_figure_na(rg_refusal_first(refusals));
    if (!(inferences > 0) || !isfinite(sum->uj))
        return rg_figure_na("not-measured");
    rg_figure figure = rg_figure_value(sum->uj / inferences);
    figure.low = (sum->uj - u) / inferences;
    figure.high = (sum->uj + u) / inferences;
    return figure;
}

/* TOPS/W = operations / joules: the window's length cancels, bounds swap. */
static rg_figure efficiency(const rg_figure *energy_uj, double tera, const char *na) {
    if (energy_uj->na || na)
        return rg_figure_na(energy_uj->na ? energy_uj->na : na);
    rg_figure figure = rg_figure_value(tera / (energy_uj->value * 1e-6));
    figure.low = tera / (energy_uj->high * 1e-6);
    figure.high = energy_uj->low > 0 ? tera / (energy_uj->low * 1e-6) : NAN;
    figure.n = energy_uj->n;
    return figure;
}

static joules joules_of(const rg_energy_value *value) {
    return (joules){value->uj, value->systematic_uj, value->random_uj, value->random_dof};
}

void rg_view_fill_energy(round_view *view) {
    rg_figure *figures = view->figures;
    if (!view->has_energy) {
        refuse_all(figures, view->power_refusal ? view->power_refusal : "not-measured");
        return;
    }
    const rg_energy_sum *sum = &view->energy.headline;
    uint32_t above = rg_above_refusals(sum->refusals, sum->above_refusals);
    joules total = joules_of(&sum->total), over = joules_of(&sum->above);
    const char *na;
    double tera = rg_view_tera_ops(view, &na),
           mean_mw = sum->total.uj / view->energy.window_s / 1000;
    figures[RG_FIG_energy_total_uj] = per_inference(&total, view->inferences, sum->refusals);
    figures[RG_FIG_energy_above_idle_uj] = per_inference(&over, view->inferences, above);
    figures[RG_FIG_power_mean_mw] =
        sum->refusals ? rg_figure_na(rg_refusal_first(sum->refusals)) : rg_figure_value(mean_mw);
    figures[RG_FIG_power_idle_mw] =
        isfinite(sum->idle_mw) ? rg_figure_value(sum->idle_mw) : rg_figure_na("not-measured");
    figures[RG_FIG_tops_per_watt] = efficiency(&figures[RG_FIG_energy_total_uj], tera, na);
    figures[RG_FIG_tops_per_watt_above_idle] =
        efficiency(&figures[RG_FIG_energy_above_idle_uj], tera, na);
}

/* --- over rounds ----------------------------------------------------------------------------- */

/* Which half of a round's energy is meant. */
typedef const rg_energy_value *(*half_of)(const rg_energy_sum *sum);
static const rg_energy_value *the_total(const rg_energy_sum *sum) {
    return &sum->total;
}
static const rg_energy_value *the_above(const rg_energy_sum *sum) {
    return &sum->above;
}

static uint32_t refusals_of(const round_view *view, half_of half) {
    const rg_energy_sum *sum = &view->energy.headline;
    return half == the_total ? sum->refusals
                             : rg_above_refusals(sum->refusals, sum->above_refusals);
}

/* A cell's half: the sum over the rounds that can be used. */
typedef struct cell_half {
    joules sum;
    double inferences, window_s;
    size_t used, measured;
    uint32_t refusals;
} cell_half;

static bool usable_round(const round_view *view, half_of half) {
    return view->has_energy && !(refusals_of(view, half) & ~judged_later);
}

/* Standard error of the total that follows from how rounds differ an inference. */
static double between_rounds_uj(const round_view *views, size_t n, half_of half,
                                const cell_half *cell) {
    double mean = cell->sum.uj / cell->inferences, square = 0;
    for (size_t r = 0; r < n; r++) {
        if (!usable_round(&views[r], half))
            continue;
        double away = half(&views[r].energy.headline)->uj - mean * views[r].inferences;
        square += away * away;
    }
    double used = (double)cell->used; /* variance of a sum of residuals */
    return sqrt(square * used / (used - 1));
}

static void add_rounds(const round_view *views, size_t n, half_of half, cell_half *cell) {
    uint32_t all = 0;
    double random = 0;
    for (size_t r = 0; r < n; r++) {
        const rg_energy_value *value = half(&views[r].energy.headline);
        cell->measured += views[r].has_energy;
        all |= views[r].has_energy ? refusals_of(&views[r], half) : 0;
        if (!usable_round(&views[r], half))
            continue;
        cell->used++;
        cell->sum.uj += value->uj;
        cell->sum.u_systematic += value->systematic_uj;
        random = hypot(random, value->random_uj);
        cell->sum.dof = value->random_dof;
        cell->inferences += views[r].inferences;
        cell->window_s += views[r].energy.window_s;
    }
    cell->sum.u_random = random;
    if (!cell->used || 2 * cell->used < cell->measured)
        cell->refusals = all;
}

static cell_half cell_half_of(const round_view *views, size_t n, half_of half) {
    cell_half cell = {0};
    add_rounds(views, n, half, &cell);
    if (cell.refusals || !cell.used)
        return cell;
    if (cell.used > 1 && cell.inferences > 0) {
        cell.sum.u_random = fmax(cell.sum.u_random, between_rounds_uj(views, n, half, &cell));
        cell.sum.dof = (double)cell.used - 1;
    }
    double u = hypot(cell.sum.u_systematic, cell.sum.u_random);
    double k = rg_coverage_factor(cell.sum.u_systematic, cell.sum.u_random, cell.sum.dof);
    for (size_t r = 0; r < n; r++) /* unknown limits cannot be averaged away */
        cell.refusals |= views[r].has_energy && !isfinite(half(&views[r].energy.headline)->uj)
                             ? RG_REFUSE_UNCERTAINTY
                             : 0;
    if (k * u > 0.1 * fabs(cell.sum.uj))
        cell.refusals |= RG_REFUSE_UNCERTAINTY;
    if (half == the_above && cell.sum.uj < 3 * u)
        cell.refusals |= RG_REFUSE_LOW_SIGNAL;
    return cell;
}

/* The same rails stand behind every round, else there is no one scope. */
static bool one_scope(const round_view *views, size_t n) {
    const rg_energy *first = NULL;
    for (size_t r = 0; r < n; r++) {
        if (!views[r].has_energy)
            continue;
        if (first && views[r].energy.scope != first->scope)
            return false;
        first = first ? first : &views[r].energy;
    }
    return true;
}

static const char *first_power_refusal(const round_view *views, size_t n) {
    const char *asked = NULL;
    for (size_t r = 0; r < n; r++) {
        if (views[r].power_refusal)
            return views[r].power_refusal;
        asked = views[r].has_power ? "not-available" : asked;
    }
    return asked ? asked : "not-measured";
}

static rg_figure scaled(const rg_figure *figure, double factor) {
    rg_figure ret = *figure;
    ret.value *= factor;
    ret.low *= factor;
    ret.high *= factor;
    return ret;
}

static rg_figure mean_idle(const round_view *views, size_t n) {
    double sum = 0;
    uint64_t count = 0;
    for (size_t r = 0; r < n; r++) {
        if (views[r].has_energy && isfinite(views[r].energy.headline.idle_mw)) {
            sum += views[r].energy.headline.idle_mw;
            count++;
        }
    }
    rg_figure figure = count ? rg_figure_value(sum / (double)count) : rg_figure_na("not-measured");
    figure.n = count;
    return figure;
}

static json_t *half_to_json(const cell_half *cell) {
    json_t *object = json_object();
    bool there = cell->used && cell->inferences > 0;
    double scale = there ? 1 / cell->inferences : NAN;
    double k = rg_coverage_factor(cell->sum.u_systematic, cell->sum.u_random, cell->sum.dof);
    double u = hypot(cell->sum.u_systematic, cell->sum.u_random);
    rg_json_set_real(object, "uj", cell->sum.uj * scale);
    rg_json_set_real(object, "u_uj", k * u * scale);
    rg_json_set_real(object, "k", there ? k : NAN);
    rg_json_set_real(object, "systematic_uj", cell->sum.u_systematic * scale);
    rg_json_set_real(object, "random_uj", cell->sum.u_random * scale);
    json_object_set_new(object, "rounds", json_integer((json_int_t)cell->used));
    json_object_set_new(object, "refusals", rg_refusals_to_json(cell->refusals));
    return object;
}

static json_t *energy_detail(const round_view *views, size_t n, const cell_half *total,
                             const cell_half *above) {
    json_t *detail = json_object(), *rounds = json_array();
    rg_scope scope = RG_SCOPE_UNKNOWN;
    for (size_t r = 0; r < n; r++) {
        if (!views[r].has_energy)
            continue;
        scope = views[r].energy.scope;
        json_array_append_new(rounds, rg_energy_to_json(&views[r].energy, views[r].round->rails));
    }
    json_object_set_new(detail, "scope", json_string(rg_scope_word(scope)));
    rg_json_set_real(detail, "window_s", total->window_s);
    rg_json_set_real(detail, "inferences", total->inferences);
    json_object_set_new(detail, "total", half_to_json(total));
    json_object_set_new(detail, "above_idle", half_to_json(above));
    json_object_set_new(detail, "rounds", rounds);
    return detail;
}

static void cell_figures(const round_view *views, size_t n, const cell_half *total,
                         const cell_half *above, rg_figure *figures) {
    const char *na;
    double tera = rg_view_tera_ops(&views[0], &na);
    rg_figure *sum = &figures[RG_FIG_energy_total_uj];
    rg_figure *over = &figures[RG_FIG_energy_above_idle_uj];
    *sum = per_inference(&total->sum, total->inferences, total->refusals);
    *over = per_inference(&above->sum, above->inferences, above->refusals);
    sum->n = total->used;
    over->n = above->used;
    figures[RG_FIG_power_idle_mw] = mean_idle(views, n);
    figures[RG_FIG_tops_per_watt] = efficiency(sum, tera, na);
    figures[RG_FIG_tops_per_watt_above_idle] = efficiency(over, tera, na);
    figures[RG_FIG_power_mean_mw] = per_inference(&total->sum, total->window_s, total->refusals);
    figures[RG_FIG_power_mean_mw] = scaled(&figures[RG_FIG_power_mean_mw], 1e-3);
    figures[RG_FIG_power_mean_mw].n = total->used;
}

json_t *rg_views_combine_energy(const round_view *views, size_t n, rg_figure *figures) {
    cell_half total = cell_half_of(views, n, the_total), above = cell_half_of(views, n, the_above);
    if (!total.measured) {
        refuse_all(figures, first_power_refusal(views, n));
        return json_object();
    }
    if (!one_scope(views, n)) {
        total.refusals |= RG_REFUSE_SCOPE;
        above.refusals |= RG_REFUSE_SCOPE;
    }
    cell_figures(views, n, &total, &above, figures);
    return energy_detail(views, n, &total, &above);
}
