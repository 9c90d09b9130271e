/* gate_test.c: the arithmetic of one cell and metric, and the correction over all of them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/result/stats.h"

enum { MAX_ROUNDS = 4096 };
#define Q_LEVEL 0.05
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
        return RG_RULE_EXACT;
    case RG_FIG_agreement_differing:
        return RG_RULE_OUTPUTS;
    default:
        return RG_RULE_ROUNDS;
    }
}

/* +1 where more is worse. */
static double sign_of(int metric) {
    return rg_figure_rows[metric].better == RG_BETTER_HIGHER ? -1 : 1;
}

/* The rounds of one side: their numbers and values, without those that have none. */
typedef struct series {
    double *value;
    int64_t *round;
    size_t n;
} series;

static series series_of(rg_gate *gate, const json_t *record, int metric) {
    const json_t *per_round = json_object_get(record, "per_round");
    const json_t *list = json_object_get(per_round, rg_figure_rows[metric].key);
    const json_t *numbers = json_object_get(per_round, "round");
    size_t n = json_array_size(list);
    if (n > MAX_ROUNDS)
        n = MAX_ROUNDS;
    series s = {.value = rg_arena_array(gate->arena, n + 1, sizeof *s.value),
                .round = rg_arena_array(gate->arena, n + 1, sizeof *s.round)};
    for (size_t i = 0; s.value && s.round && i < n; i++) {
        const json_t *value = json_array_get(list, i), *number = json_array_get(numbers, i);
        if (!json_is_number(value))
            continue;
        s.round[s.n] = json_is_integer(number) ? json_integer_value(number) : (json_int_t)i;
        s.value[s.n++] = json_number_value(value);
    }
    return s;
}

static bool all_positive(const series *s) {
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->value[i] > 0) || !isfinite(s->value[i]))
            return false;
    }
    return true;
}

static rg_figure figure_of(const json_t *record, int metric) {
    return rg_figure_from_json(
        json_object_get(json_object_get(record, "figures"), rg_figure_rows[metric].key));
}

/* Rounds behind a figure: those with a value of it, else (exact figures) those of the cell. */
static size_t rounds_of(const json_t *record, const series *s) {
    return s->n ? s->n : (size_t)rg_json_get_int(record, "rounds", 0);
}

static bool has_value(const rg_figure *figure) {
    return figure->set && !figure->na && isfinite(figure->value);
}

/* --- rounds --------------------------------------------------------------------------------- */

/* Signed logarithms in place of the values. */
static void take_logs(series *s, double sign) {
    for (size_t i = 0; i < s->n; i++)
        s->value[i] = sign * log(s->value[i]);
}

/* Differences of rounds with the same number, into the front of b; how many. */
static size_t pair_up(const series *a, series *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < a->n; k++) {
            if (a->round[k] == b->round[i]) {
                b->value[n++] = b->value[i] - a->value[k];
                break;
            }
        }
    }
    return n;
}

/* Both one-sided tests and the bounds of the mean logarithmic change. */
typedef struct change_test {
    rg_ttest worse, better; /* against +ln(1 + tolerance) and -ln(1 + tolerance) */
    double low, high;       /* two-sided 95 % */
    double upper;           /* one-sided 95 % */
    double sd;              /* of one round's change */
    size_t n;               /* rounds a side */
} change_test;

static change_test test_change(series *a, series *b, bool paired, double slack) {
    change_test t = {0};
    if (paired) {
        t.n = pair_up(a, b);
        t.worse = rg_t_paired(b->value, t.n, slack);
        t.better = rg_t_paired(b->value, t.n, -slack);
    } else {
        t.n = a->n < b->n ? a->n : b->n;
        t.worse = rg_t_welch(a->value, a->n, b->value, b->n, slack);
        t.better = rg_t_welch(a->value, a->n, b->value, b->n, -slack);
    }
    double ignored;
    rg_ttest_bounds(&t.worse, 0.05, &t.low, &t.high);
    rg_ttest_bounds(&t.worse, 0.10, &ignored, &t.upper);
    t.sd = t.worse.se * sqrt((double)t.n);
    return t;
}

/* R >= ((t_{1-alpha} + z_.95) sd / (ln(1 + target) - ln(1 + tolerance)))^2, alpha 0.05 / tests;
 * t has R - 1 degrees of freedom, so R is raised until it holds. */
static size_t rounds_needed(double sd, const rg_gate_test *test, size_t tests) {
    double gap = log1p(test->target) - log1p(test->tolerance);
    if (!(gap > 0) || !(sd > 0))
        return 0;
    double alpha = Q_LEVEL / (double)(tests ? tests : 1);
    for (size_t r = 3; r <= 1000; r = r < 48 ? r + 1 : r * 5 / 4) {
        double t = rg_t_quantile(1 - alpha, (double)r - 1);
        double root = (t + rg_normal_quantile(0.95)) * sd / gap;
        if ((double)r >= root * root)
            return r;
    }
    return 0;
}

static void write_change(rg_gate_test *test, double sign, double mean, double low, double high) {
    test->worse = expm1(mean);
    test->change = expm1(sign * mean) + 0.0;         /* no -0 */
    test->low = expm1(sign > 0 ? low : -high) + 0.0; /* no -0 */
    test->high = expm1(sign > 0 ? high : -low) + 0.0;
}

/* Without spread there is nothing to test: the change is exact. */
static rg_verdict judge_exactly(double change, double slack) {
    const double rounding = 1e-12; /* of logarithms and sums, not of measuring */
    if (change > slack + rounding)
        return RG_VERDICT_REGRESSED;
    return change < -slack - rounding ? RG_VERDICT_IMPROVED : RG_VERDICT_PASS;
}

/* The very same numbers round by round: one bundle twice, or a deterministic target. */
static bool same_rounds(const series *a, const series *b) {
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (a->value[i] != b->value[i] || a->round[i] != b->round[i])
            return false;
    }
    return a->n == b->n && a->n > 1;
}

static void measure_rounds(rg_gate *gate, series *a, series *b, rg_gate_test *test) {
    double sign = sign_of(test->metric), slack = log1p(test->tolerance);
    if (!all_positive(a) || !all_positive(b)) {
        test->verdict = RG_VERDICT_INCONCLUSIVE;
        test->note = "a round's value is not positive, so there is no ratio";
        return;
    }
    if (same_rounds(a, b)) {
        write_change(test, sign, 0, 0, 0);
        test->method = "exact";
        test->verdict = RG_VERDICT_PASS;
        return;
    }
    take_logs(a, sign);
    take_logs(b, sign);
    change_test t = test_change(a, b, gate->interleaved, slack);
    if (t.n < 2) {
        test->verdict = RG_VERDICT_INCONCLUSIVE;
        test->note = a->n < 2 || b->n < 2
                         ? "the records hold no values of single rounds for this figure"
                         : "fewer than two rounds have a partner on the other side";
        return;
    }
    test->method = gate->interleaved ? "paired" : "welch";
    test->sd_log = t.sd;
    if (!(t.worse.se > 1e-12)) {
        write_change(test, sign, t.worse.mean, t.worse.mean, t.worse.mean);
        test->method = "exact";
        test->verdict = judge_exactly(t.worse.mean, slack);
        return;
    }
    write_change(test, sign, t.worse.mean, t.low, t.high);
    test->p_worse = t.worse.p_greater;
    test->p_better = t.better.p_less;
    test->verdict = t.upper < log1p(test->target) ? RG_VERDICT_PASS : RG_VERDICT_INCONCLUSIVE;
}

/* --- the other rules ------------------------------------------------------------------------ */

static void ends(const series *s, double *ret_min, double *ret_max) {
    *ret_min = INFINITY;
    *ret_max = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        *ret_min = fmin(*ret_min, s->value[i]);
        *ret_max = fmax(*ret_max, s->value[i]);
    }
}

static void measure_every_round(const series *a, const series *b, rg_gate_test *test) {
    double a_min, a_max, b_min, b_max;
    ends(a, &a_min, &a_max);
    ends(b, &b_min, &b_max);
    double slack = fmax(test->tolerance * a_max, MIB);
    test->method = "every-round";
    test->verdict = b_min - a_max > slack   ? RG_VERDICT_REGRESSED
                    : a_min - b_max > slack ? RG_VERDICT_IMPROVED
                                            : RG_VERDICT_PASS;
    if (test->verdict == RG_VERDICT_REGRESSED)
        test->note = "every round is beyond every baseline round by more than the tolerance and "
                     "1 MiB";
}

static void measure_exact(rg_gate_test *test) {
    double slack = test->metric == RG_FIG_macs || test->metric == RG_FIG_other_ops
                       ? 0
                       : test->tolerance * fabs(test->baseline);
    double more = test->candidate - test->baseline;
    test->method = "exact";
    test->verdict = more > slack    ? RG_VERDICT_REGRESSED
                    : more < -slack ? RG_VERDICT_IMPROVED
                                    : RG_VERDICT_PASS;
    if (more != 0 && test->metric == RG_FIG_macs)
        test->note = "the model itself computes something else";
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
    series a = series_of(gate, baseline, test->metric);
    series b = series_of(gate, candidate, test->metric);
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
        test->worse = sign_of(test->metric) * test->change;
    }
    if (rule != RG_RULE_OUTPUTS && (test->rounds_baseline < 2 || test->rounds_candidate < 2)) {
        test->verdict = RG_VERDICT_INCONCLUSIVE;
        test->note = "a single round is never gated: run with more rounds (tier standard)";
    } else if (rule == RG_RULE_ROUNDS) {
        measure_rounds(gate, &a, &b, test);
    } else if (rule == RG_RULE_EVERY_ROUND) {
        measure_every_round(&a, &b, test);
    } else if (rule == RG_RULE_EXACT) {
        measure_exact(test);
    } else {
        measure_outputs(test);
    }
    return true;
}

/* --- over all tests ------------------------------------------------------------------------- */

static void finish_test(rg_gate *gate, rg_gate_test *test, double q_worse, double q_better,
                        size_t tests) {
    test->q_worse = q_worse;
    test->q_better = q_better;
    if (q_worse <= Q_LEVEL) {
        test->verdict = RG_VERDICT_REGRESSED;
    } else if (q_better <= Q_LEVEL) {
        test->verdict = RG_VERDICT_IMPROVED;
    } else if (test->verdict == RG_VERDICT_INCONCLUSIVE && !*test->note) {
        test->rounds_needed = rounds_needed(test->sd_log, test, tests);
        test->note =
            test->rounds_needed
                ? rg_gate_note(gate, "about %zu rounds a side would tell", test->rounds_needed)
                : "too noisy to tell: quieten the machine or widen the target";
    }
}

rg_status rg_gate_decide(rg_gate *gate, rg_err *err) {
    size_t m = 0;
    double *p = rg_arena_array(gate->arena, 4 * (gate->n + 1), sizeof *p);
    if (!p)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu tests", gate->n);
    double *turned = p + gate->n + 1, *q = turned + gate->n + 1, *q_turned = q + gate->n + 1;
    for (size_t i = 0; i < gate->n; i++) {
        if (isnan(gate->tests[i].p_worse))
            continue;
        p[m] = gate->tests[i].p_worse;
        turned[m++] = gate->tests[i].p_better;
    }
    rg_status status = m ? rg_benjamini_hochberg(p, m, q, err) : RG_OK;
    if (status == RG_OK && m)
        status = rg_benjamini_hochberg(turned, m, q_turned, err);
    size_t at = 0;
    for (size_t i = 0; status == RG_OK && i < gate->n; i++) {
        if (isnan(gate->tests[i].p_worse))
            continue;
        finish_test(gate, &gate->tests[i], q[at], q_turned[at], m);
        at++;
    }
    return status;
}
