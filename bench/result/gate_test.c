/* gate_test.c: one cell and metric: by which rule, and the rules that need no test: memory, exact
 * figures, outputs. Rounds are gate_rounds.c's. */
#include <math.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/result/stats.h"

#define MIB 1048576.0

rg_gate_rule rg_gate_rule_of(int metric) {
    switch (metric) {
    case RG_FIG_rss_peak_bytes:
    case RG_FIG_pss_peak_bytes:
        return RG_RULE_EVERY_ROUND;
    case RG_FIG_arena_bytes:
    case RG_FIG_weights_bytes:
    case RG_FIG_model_file_bytes:
    case RG_FIG_macs:
    case RG_FIG_other_ops:
    case RG_FIG_nodes_off_target:
    case RG_FIG_macs_off_target:
    case RG_FIG_crossings:
        return RG_RULE_EXACT;
    case RG_FIG_agreement_differing:
        return RG_RULE_OUTPUTS;
    default:
        return RG_RULE_ROUNDS;
    }
}

static rg_figure figure_of(const json_t *record, int metric) {
    return rg_figure_from_json(
        json_object_get(json_object_get(record, "figures"), rg_figure_rows[metric].key));
}

/* Rounds behind a figure: those with a value of it, else (exact figures) those of the cell. */
static size_t rounds_of(const json_t *record, const rg_gate_series *s) {
    return s->n ? s->n : (size_t)rg_json_get_int(record, "rounds", 0);
}

static bool has_value(const rg_figure *figure) {
    return figure->set && !figure->na && isfinite(figure->value);
}

/* Of its rounds; of the headline value where a record holds no rounds. */
static void ends(const rg_gate_series *s, double headline, double *ret_min, double *ret_max) {
    *ret_min = s->n ? INFINITY : headline;
    *ret_max = s->n ? -INFINITY : headline;
    for (size_t i = 0; i < s->n; i++) {
        *ret_min = fmin(*ret_min, s->value[i]);
        *ret_max = fmax(*ret_max, s->value[i]);
    }
}

static void measure_every_round(const rg_gate_series *a, const rg_gate_series *b,
                                rg_gate_test *test) {
    double a_min, a_max, b_min, b_max;
    ends(a, test->baseline, &a_min, &a_max);
    ends(b, test->candidate, &b_min, &b_max);
    double slack = fmax(test->tolerance * a_max, MIB);
    test->method = "every-round";
    test->verdict = b_min - a_max > slack   ? RG_VERDICT_REGRESSED
                    : a_min - b_max > slack ? RG_VERDICT_IMPROVED
                                            : RG_VERDICT_PASS;
    if (test->verdict == RG_VERDICT_REGRESSED)
        test->note = "every round is beyond every baseline round by more than the tolerance and "
                     "1 MiB";
}

static bool is_of_placement(int metric) {
    return metric == RG_FIG_nodes_off_target || metric == RG_FIG_macs_off_target ||
           metric == RG_FIG_crossings;
}

/* Counts of what is computed, and where, have no tolerance. */
static double slack_of(const rg_gate_test *test) {
    bool counts = test->metric == RG_FIG_macs || test->metric == RG_FIG_other_ops ||
                  is_of_placement(test->metric);
    return counts ? 0 : test->tolerance * fabs(test->baseline);
}

void rg_gate_measure_exact(rg_gate_test *test) {
    double slack = slack_of(test);
    double more = test->candidate - test->baseline;
    test->method = "exact";
    test->verdict = more > slack    ? RG_VERDICT_REGRESSED
                    : more < -slack ? RG_VERDICT_IMPROVED
                                    : RG_VERDICT_PASS;
    if (more != 0 && test->metric == RG_FIG_macs)
        test->note = "the model itself computes something else";
    if (test->verdict == RG_VERDICT_REGRESSED && is_of_placement(test->metric))
        test->note = "operators moved to the host: the placement in `railgauge report` names them";
}

static void measure_outputs(rg_gate_test *test) {
    test->method = "exact";
    test->verdict = test->candidate > test->baseline   ? RG_VERDICT_ERROR
                    : test->candidate < test->baseline ? RG_VERDICT_IMPROVED
                                                       : RG_VERDICT_PASS;
    if (test->verdict == RG_VERDICT_ERROR)
        test->note = "more output elements differ from the reference: run `railgauge verify`";
}

static void lacks(rg_gate *gate, rg_gate_test *test, const rg_figure *a, const rg_figure *b) {
    bool gone = has_value(a);
    const char *why = gone ? b->na : a->na;
    test->verdict = gone ? RG_VERDICT_MISSING : RG_VERDICT_SKIPPED;
    test->note = rg_gate_note(gate, "%s has no value: n/a (%s)",
                              gone ? "the candidate" : "the baseline", why ? why : "not-measured");
}

bool rg_gate_measure(rg_gate *gate, const json_t *baseline, const json_t *candidate,
                     rg_gate_test *test) {
    rg_figure fa = figure_of(baseline, test->metric), fb = figure_of(candidate, test->metric);
    rg_gate_series a = rg_gate_series_of(gate, baseline, test->metric);
    rg_gate_series b = rg_gate_series_of(gate, candidate, test->metric);
    rg_gate_rule rule = rg_gate_rule_of(test->metric);
    if (!has_value(&fa) && a.n)
        fa = rg_figure_value(rg_mean(a.value, a.n));
    if (!has_value(&fb) && b.n)
        fb = rg_figure_value(rg_mean(b.value, b.n));
    test->rounds_baseline = rounds_of(baseline, &a);
    test->rounds_candidate = rounds_of(candidate, &b);
    if (!has_value(&fa) && !has_value(&fb))
        return false;
    if (has_value(&fa))
        test->baseline = fa.value;
    if (has_value(&fb))
        test->candidate = fb.value;
    if (!has_value(&fa) || !has_value(&fb)) {
        lacks(gate, test, &fa, &fb);
        return true;
    }
    if (fa.value != 0) {
        test->change = fb.value / fa.value - 1;
        test->worse = rg_gate_worse_share(test->metric, test->change);
    }
    if (rule != RG_RULE_OUTPUTS && (test->rounds_baseline < 2 || test->rounds_candidate < 2)) {
        test->verdict = RG_VERDICT_INCONCLUSIVE;
        test->note = "a single round is never gated: run with more rounds (tier standard)";
    } else if (rg_gate_measure_counted(gate, baseline, candidate, &a, &b, test)) {
        return true;
    } else if (rule == RG_RULE_ROUNDS) {
        rg_gate_measure_rounds(gate, &a, &b, test);
        rg_gate_mind_drift(gate, candidate, test);
    } else if (rule == RG_RULE_EVERY_ROUND) {
        measure_every_round(&a, &b, test);
    } else if (rule == RG_RULE_EXACT) {
        rg_gate_measure_exact(test);
    } else {
        measure_outputs(test);
    }
    return true;
}
