/* derive_energy.c: rg_joules of a round's window, and of a cell over its rounds. The systematic
 * part of the uncertainty is the same in every round and does not shrink; the random part comes
 * from how rounds differ. */
#include <math.h>
#include <string.h>

#include "bench/core/codes.h"
#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

static const rg_figure_key energy_keys[] = {
    RG_FIG_energy_total_uj, RG_FIG_energy_above_idle_uj, RG_FIG_power_mean_mw,
    RG_FIG_power_idle_mw,   RG_FIG_tops_per_watt,        RG_FIG_tops_per_watt_above_idle};

void rg_figures_refuse_energy(rg_figure *figures, const char *code) {
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
static uint32_t fact_refusals(const rg_round_view *view) {
    uint32_t refusals = 0;
    if (has_flag(view->facts, "throttled"))
        refusals |= RG_REFUSE_THROTTLE;
    if (state_changed(view->facts) || has_flag(view->facts, "state-changed"))
        refusals |= RG_REFUSE_STATE;
    double median = rg_quantile(view->sorted_ns, view->n, 0.5);
    if (view->n && view->trend.p < 0.01 && fabs(view->trend.change) > 0.02 * median)
        refusals |= RG_REFUSE_NOT_STEADY;
    return refusals;
}

static uint32_t accepted_by(const json_t *power) {
    uint32_t set = 0;
    size_t i;
    json_t *code;
    json_array_foreach(json_object_get(power, "accept"), i, code) {
        set |= json_is_string(code) ? rg_refusal_of(json_string_value(code)) : 0;
    }
    return set & RG_REFUSE_OVERRIDABLE;
}

/* Accepted refusals no longer stand in the figures' place; they become flags. */
static void accept_refusals(rg_round_view *view, const json_t *power) {
    rg_energy_sum *headline = &view->energy.headline;
    uint32_t accepted = accepted_by(power);
    view->accepted = (headline->refusals | headline->above_refusals) & accepted;
    headline->refusals &= ~accepted;
    headline->above_refusals &= ~accepted;
}

void rg_view_add_accepted(const rg_round_view *view, json_t *flags) {
    for (uint32_t left = view->accepted; left; left &= left - 1)
        rg_codes_add(flags, rg_refusal_first(left));
}

static rg_energy_ask ask_of(const rg_round_view *view) {
    const rg_round *round = view->round;
    return (rg_energy_ask){.rails = round->rails,
                           .n_rails = round->n_rails,
                           .rows = round->power,
                           .n_rows = round->n_power,
                           .window = span_of(view->facts, "window"),
                           .idle_before = span_of(view->facts, "idle_before"),
                           .idle_after = span_of(view->facts, "idle_after"),
                           .inferences = view->inferences,
                           .prefer = preferred(view->facts)};
}

rg_figure rg_view_energy_between(const rg_round_view *view, rg_span span, double inferences) {
    rg_energy_ask ask = ask_of(view);
    rg_energy energy = {0};
    if (!view->has_power)
        return rg_figure_na("not-measured");
    if (view->power_refusal)
        return rg_figure_na(view->power_refusal);
    ask.window = span;
    ask.inferences = inferences;
    if (!(inferences > 0) || rg_energy_measure(&ask, &energy, NULL) != RG_OK)
        return rg_figure_na("not-available");
    uint32_t refusals = energy.headline.refusals;
    double uj = energy.headline.total.uj / inferences;
    rg_energy_free(&energy);
    return refusals ? rg_figure_na(rg_refusal_first(refusals)) : rg_figure_value(uj);
}

rg_status rg_view_measure_energy(rg_round_view *view, rg_err *err) {
    const json_t *power = json_object_get(view->facts, "power");
    view->has_power = json_is_object(power);
    view->power_refusal = static_code(rg_json_get_text(power, "refusal", NULL));
    rg_energy_ask ask = ask_of(view);
    if (!view->has_power || view->power_refusal || ask.window.end_ns <= ask.window.start_ns)
        return RG_OK;
    rg_status status = rg_energy_measure(&ask, &view->energy, err);
    if (status != RG_OK)
        return status;
    view->has_energy = true;
    view->energy.headline.refusals |= fact_refusals(view);
    accept_refusals(view, power);
    return RG_OK;
}

double rg_joules_factor(const rg_joules *sum) {
    return rg_coverage_factor(sum->u_systematic, sum->u_random, sum->dof, sum->flatness);
}

/* Energy an inference with its interval, or its refusal. */
rg_figure rg_joules_figure(const rg_joules *sum, double inferences, uint32_t refusals) {
    double k = rg_joules_factor(sum);
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

rg_figure rg_idle_figure(double idle_mw, double u_mw, uint32_t refusals) {
    if (refusals & RG_REFUSE_IDLE_TOO)
        return rg_figure_na(rg_refusal_first(refusals & RG_REFUSE_IDLE_TOO));
    if (!isfinite(idle_mw))
        return rg_figure_na("short-window");
    rg_figure figure = rg_figure_value(idle_mw);
    figure.low = idle_mw - 2 * u_mw;
    figure.high = idle_mw + 2 * u_mw;
    return figure;
}

/* TOPS/W = operations / rg_joules: the window's length cancels, bounds swap. */
rg_figure rg_joules_efficiency(const rg_figure *energy_uj, double tera, const char *na) {
    if (energy_uj->na || na)
        return rg_figure_na(energy_uj->na ? energy_uj->na : na);
    rg_figure figure = rg_figure_value(tera / (energy_uj->value * 1e-6));
    figure.low = tera / (energy_uj->high * 1e-6);
    figure.high = energy_uj->low > 0 ? tera / (energy_uj->low * 1e-6) : NAN;
    figure.n = energy_uj->n;
    return figure;
}

static rg_joules joules_of(const rg_energy_value *value) {
    return (rg_joules){value->uj, value->systematic_uj, value->random_uj, value->random_dof,
                       value->flatness};
}

void rg_view_fill_energy(rg_round_view *view) {
    rg_figure *figures = view->figures;
    if (!view->has_energy) {
        rg_figures_refuse_energy(figures,
                                 view->power_refusal ? view->power_refusal : "not-measured");
        return;
    }
    const rg_energy_sum *sum = &view->energy.headline;
    uint32_t above = rg_above_refusals(sum->refusals, sum->above_refusals);
    rg_joules total = joules_of(&sum->total), over = joules_of(&sum->above);
    const char *na;
    double tera = rg_view_tera_ops(view, &na);
    figures[RG_FIG_energy_total_uj] = rg_joules_figure(&total, view->inferences, sum->refusals);
    figures[RG_FIG_energy_above_idle_uj] = rg_joules_figure(&over, view->inferences, above);
    figures[RG_FIG_power_mean_mw] =
        rg_joules_figure(&total, view->energy.window_s * 1e3, sum->refusals);
    figures[RG_FIG_power_idle_mw] = rg_idle_figure(sum->idle_mw, sum->idle_u_mw, sum->refusals);
    figures[RG_FIG_tops_per_watt] =
        rg_joules_efficiency(&figures[RG_FIG_energy_total_uj], tera, na);
    figures[RG_FIG_tops_per_watt_above_idle] =
        rg_joules_efficiency(&figures[RG_FIG_energy_above_idle_uj], tera, na);
}
