/* power_show.c: works out a trace's window and prints it: scopes, rails, the headline's budget, and
 * what each refusal means. */
#include <math.h>
#include <string.h>

#include "bench/cmd/power.h"
#include "bench/core/codes.h"
#include "bench/core/text.h"

static rg_span span_of(const rg_powerlog *log, enum rg_powerlog_span which) {
    return (rg_span){log->spans[which].start_ns, log->spans[which].end_ns};
}

rg_status rg_power_analyse(const rg_powerlog *log, rg_scope prefer, rg_energy *ret_energy,
                           rg_err *err) {
    const rg_energy_ask ask = {.rails = log->rails,
                               .n_rails = log->n_rails,
                               .rows = log->rows,
                               .n_rows = log->n_rows,
                               .window = span_of(log, RG_SPAN_WINDOW),
                               .idle_before = span_of(log, RG_SPAN_IDLE_BEFORE),
                               .idle_after = span_of(log, RG_SPAN_IDLE_AFTER),
                               .prefer = prefer};
    return rg_energy_measure(&ask, ret_energy, err);
}

/* In percent, but in joules where it is larger than the energy itself. */
static size_t say_doubt(const rg_energy_value *value, char *ret, size_t cap) {
    char doubt[32];
    if (value->expanded_uj < fabs(value->uj))
        return (size_t)snprintf(ret, cap, " +- %.2g %%",
                                100 * value->expanded_uj / fabs(value->uj));
    rg_text_si(value->expanded_uj * 1e-6, "J", doubt, sizeof doubt);
    return (size_t)snprintf(ret, cap, " +- %s", doubt);
}

/* "50.7 J +- 1.8 % (not-steady)", or "n/a (scope)". */
static void say_value(const rg_energy_value *value, uint32_t refusals, char *ret, size_t cap) {
    const char *code = rg_refusal_first(refusals);
    char energy[32];
    if (!isfinite(value->uj)) {
        snprintf(ret, cap, "n/a (%s)", code ? code : "short-window");
        return;
    }
    rg_text_si(value->uj * 1e-6, "J", energy, sizeof energy);
    size_t used = (size_t)snprintf(ret, cap, "%s", energy);
    if (!value->unbounded)
        used += say_doubt(value, ret + used, cap - used);
    if (code)
        snprintf(ret + used, cap - used, " (%s)", code);
}

static void say_power(double mw, char *ret, size_t cap) {
    if (isfinite(mw))
        rg_text_si(mw * 1e-3, "W", ret, cap);
    else
        snprintf(ret, cap, "n/a");
}

static void show_line(const char *name, const char *what, double mean_mw,
                      const rg_energy_value *total, uint32_t refusals, const rg_energy_value *above,
                      uint32_t above_refusals, FILE *out) {
    char power[32], energy[64], more[64];
    say_power(mean_mw, power, sizeof power);
    say_value(total, refusals, energy, sizeof energy);
    say_value(above, rg_above_refusals(refusals, above_refusals), more, sizeof more);
    fprintf(out, "%-16.16s %-10s %10s  %-27s  %s\n", name, what, power, energy, more);
}

static void show_scopes(const rg_energy *energy, FILE *out) {
    for (int i = RG_SCOPE_UNKNOWN + 1; i < RG_SCOPE_COUNT; i++) {
        const rg_energy_sum *sum = &energy->sums[i];
        char what[24];
        snprintf(what, sizeof what, "%zu rail%s", sum->n_rails, sum->n_rails == 1 ? "" : "s");
        if (sum->formed)
            show_line(rg_scope_word(sum->scope), what, sum->mean_mw, &sum->total, sum->refusals,
                      &sum->above, sum->above_refusals, out);
    }
}

/* The parts of the headline's uncertainty, largest first in a reader's eye: all of them. */
static void show_budget(const rg_energy *energy, FILE *out) {
    static const char *const words[] = {
#define X(name, key) key,
        RG_ENERGY_TERM_LIST(X)
#undef X
    };
    const rg_energy_value *value = &energy->headline.total;
    if (!isfinite(value->uj) || value->uj == 0)
        return;
    fprintf(out, "\nbudget of %s, standard uncertainties in %% of the energy:\n ",
            rg_scope_word(energy->scope));
    for (int i = 0; i < RG_TERM_COUNT; i++) {
        if (value->terms_uj[i] > 0)
            fprintf(out, " %s %.2g", words[i], 100 * value->terms_uj[i] / fabs(value->uj));
    }
    fprintf(out, "; systematic %.2g, random %.2g, k=%.2g\n",
            100 * value->systematic_uj / fabs(value->uj), 100 * value->random_uj / fabs(value->uj),
            value->k);
}

static void show_refusal(const char *id, FILE *out) {
    const rg_code *code = rg_code_find(id);
    if (code)
        fprintf(out, "%s: %s\n  try: %s\n", id, code->seen, code->advice);
}

static void show_refusals(const rg_energy *energy, FILE *out) {
    uint32_t all = energy->headline.refusals |
                   rg_above_refusals(energy->headline.refusals, energy->headline.above_refusals);
    if (all)
        fputc('\n', out);
    for (uint32_t left = all; left; left &= left - 1)
        show_refusal(rg_refusal_first(left), out);
}

void rg_power_show(const rg_energy *energy, const rg_powerlog *log, FILE *out) {
    char window[32];
    rg_text_duration(energy->window_s * 1e9, window, sizeof window);
    fprintf(out, "window %s, %zu readings\n", window, log->n_rows);
    fprintf(out, "%-16s %-10s %10s  %-27s  %s\n", "scope, rail", "", "power", "energy",
            "above idle");
    show_scopes(energy, out);
    for (size_t i = 0; i < energy->n_rails; i++) {
        const rg_rail_energy *rail = &energy->rails[i];
        show_line(log->rails[i].label, rg_role_word(log->rails[i].role), rail->mean_mw,
                  &rail->total, rail->refusals, &rail->above, rail->above_refusals, out);
    }
    show_budget(energy, out);
    show_refusals(energy, out);
}
