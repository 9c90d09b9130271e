/* gate_rounds.c: one metric of one cell by its rounds: paired and looked at (looks.h) where the two
 * sides were interleaved, else by Welch's test. gate_decide.c corrects over all tests. */
#include <math.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

enum { MAX_ROUNDS = 4096 };

/* +1 where more is worse. */
static double sign_of(int metric) {
    return rg_figure_rows[metric].better == RG_BETTER_HIGHER ? -1 : 1;
}

double rg_gate_worse_share(int metric, double change) {
    return sign_of(metric) * change;
}

rg_gate_series rg_gate_series_of(rg_gate *gate, const json_t *record, int metric) {
    const json_t *per_round = json_object_get(record, "per_round");
    const json_t *list = json_object_get(per_round, rg_figure_rows[metric].key);
    const json_t *numbers = json_object_get(per_round, "round");
    size_t n = json_array_size(list);
    if (n > MAX_ROUNDS)
        n = MAX_ROUNDS;
    rg_gate_series s = {.value = rg_arena_array(gate->arena, n + 1, sizeof *s.value),
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

rg_look_limits rg_gate_look_limits(const rg_gate_test *test, size_t tests) {
    if (rg_figure_in_points(test->metric))
        return (rg_look_limits){test->tolerance, test->target, tests};
    return (rg_look_limits){log1p(test->tolerance), log1p(test->target), tests};
}

/* A difference of rounds as a change of the figure: a share, or points. */
static double change_of(int metric, double difference) {
    return rg_figure_in_points(metric) ? difference : expm1(difference);
}

static bool all_positive(const rg_gate_series *s) {
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->value[i] > 0) || !isfinite(s->value[i]))
            return false;
    }
    return true;
}

/* Signed logarithms in place of the values; shares of events stay what they are. */
static void to_scale(rg_gate_series *s, int metric) {
    for (size_t i = 0; i < s->n; i++)
        s->value[i] =
            sign_of(metric) * (rg_figure_in_points(metric) ? s->value[i] : log(s->value[i]));
}

/* Differences of rounds with the same number, into the front of b; how many. */
static size_t pair_up(const rg_gate_series *a, rg_gate_series *b) {
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

static void write_change(rg_gate_test *test, double sign, double mean, double low, double high) {
    int metric = test->metric;
    test->worse = change_of(metric, mean);
    test->change = change_of(metric, sign * mean) + 0.0; /* no -0 */
    test->low = change_of(metric, sign > 0 ? low : -high) + 0.0;
    test->high = change_of(metric, sign > 0 ? high : -low) + 0.0;
}

/* The very same numbers round by round: one bundle twice, or a deterministic target. */
static bool same_rounds(const rg_gate_series *a, const rg_gate_series *b) {
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (a->value[i] != b->value[i] || a->round[i] != b->round[i])
            return false;
    }
    return a->n == b->n && a->n > 1;
}

/* Logarithms in, what they say out; *ret_n: rounds a side that were compared. */
static rg_looked look(const rg_gate *gate, rg_gate_series *a, rg_gate_series *b,
                      const rg_look_limits *limits, size_t *ret_n) {
    if (!gate->interleaved) {
        *ret_n = a->n < b->n ? a->n : b->n;
        return rg_looks_welch(a->value, a->n, b->value, b->n, limits);
    }
    *ret_n = pair_up(a, b);
    rg_looks once = rg_looks_once(*ret_n);
    return rg_looks_take(gate->looks ? gate->looks : &once, b->value, *ret_n, limits);
}

static void write_looked(rg_gate_test *test, double sign, const rg_looked *looked) {
    static const rg_verdict verdicts[] = {[RG_LOOK_OPEN] = RG_VERDICT_INCONCLUSIVE,
                                          [RG_LOOK_PASS] = RG_VERDICT_PASS,
                                          [RG_LOOK_FAIL] = RG_VERDICT_REGRESSED};
    const rg_ttest *t = &looked->worse;
    double low, high;
    rg_ttest_bounds(t, 0.05, &low, &high);
    test->looked = *looked;
    test->sd_log = t->se * sqrt((double)looked->rounds);
    test->verdict = verdicts[looked->call];
    write_change(test, sign, t->mean, looked->exact ? t->mean : low,
                 looked->exact ? t->mean : high);
    if (!looked->exact) {
        test->p_worse = looked->p_worse;
        test->p_better = looked->p_better;
        return;
    }
    test->method = "exact";
    if (looked->p_better == 0)
        test->verdict = RG_VERDICT_IMPROVED;
}

void rg_gate_measure_rounds(rg_gate *gate, rg_gate_series *a, rg_gate_series *b,
                            rg_gate_test *test) {
    double sign = sign_of(test->metric);
    const rg_look_limits limits = rg_gate_look_limits(test, 0);
    bool points = rg_figure_in_points(test->metric), control = gate->control[0] && !points;
    test->verdict = RG_VERDICT_INCONCLUSIVE;
    if (!points && (!all_positive(a) || !all_positive(b))) {
        test->note = "a round's value is not positive, so there is no ratio";
        return;
    }
    if (same_rounds(a, b)) {
        write_change(test, sign, 0, 0, 0);
        test->method = "exact";
        test->verdict = RG_VERDICT_PASS;
        test->looked.call = RG_LOOK_PASS;
        return;
    }
    size_t n;
    if (control) {
        rg_gate_take_out_control(gate, 0, test->metric, sign, a);
        rg_gate_take_out_control(gate, 1, test->metric, sign, b);
    } else {
        to_scale(a, test->metric);
        to_scale(b, test->metric);
    }
    rg_looked looked = look(gate, a, b, &limits, &n);
    if (n < 2) {
        test->note = control ? "the control workload has no rounds of this figure"
                     : a->n < 2 || b->n < 2
                         ? "the records hold no values of single rounds for this figure"
                         : "fewer than two rounds have a partner on the other side";
        return;
    }
    test->method = gate->interleaved ? "paired" : control ? "welch-control" : "welch";
    write_looked(test, sign, &looked);
}
