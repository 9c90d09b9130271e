/* gate_decide.c: over all tests of a gate: Benjamini-Hochberg, final verdicts, and whether a cell
 * that is still being measured is decided. gate_rounds.c measured what stands here. */
#include <math.h>
#include <string.h>

#include "bench/result/gate_priv.h"
#include "bench/result/stats.h"

static size_t rounds_needed(const rg_gate *gate, const rg_gate_test *test, size_t tests) {
    const rg_looks once = rg_looks_once(2);
    const rg_look_limits limits = rg_gate_look_limits(test, tests);
    return rg_looks_needed(gate->looks ? gate->looks : &once, test->sd_log, &limits);
}

static void finish_test(rg_gate *gate, rg_gate_test *test, double q_worse, double q_better,
                        size_t tests) {
    test->q_worse = q_worse;
    test->q_better = q_better;
    if (test->p_worse * (double)tests <= RG_LOOKS_LEVEL)
        test->looked.call = RG_LOOK_FAIL;
    if (q_worse <= RG_LOOKS_LEVEL) {
        test->verdict = RG_VERDICT_REGRESSED;
    } else if (q_better <= RG_LOOKS_LEVEL) {
        test->verdict = RG_VERDICT_IMPROVED;
    } else if (test->verdict == RG_VERDICT_INCONCLUSIVE && !*test->note) {
        test->rounds_needed = rounds_needed(gate, test, tests);
        test->note =
            test->rounds_needed
                ? rg_gate_note(gate, "about %zu rounds a side would tell", test->rounds_needed)
                : "too noisy to tell: quieten the machine or widen the target";
    }
}

/* Of how many tests each is one. */
static size_t judged_among(const rg_gate *gate, size_t tests) {
    return gate->looks && tests < RG_LOOKS_LEAST_TESTS ? RG_LOOKS_LEAST_TESTS : tests;
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
    size_t at = 0, tests = judged_among(gate, m);
    double more = m ? (double)tests / (double)m : 1; /* tests that were not there passed */
    for (size_t i = 0; status == RG_OK && i < gate->n; i++) {
        if (isnan(gate->tests[i].p_worse))
            continue;
        finish_test(gate, &gate->tests[i], fmin(1, more * q[at]), fmin(1, more * q_turned[at]),
                    tests);
        at++;
    }
    return status;
}

/* Can more rounds of this test change anything? Whole cells and figures that are gone stay so. */
static bool by_rounds(const rg_gate_test *test) {
    return test->metric != RG_FIG_COUNT && rg_gate_rule_of(test->metric) == RG_RULE_ROUNDS &&
           test->verdict != RG_VERDICT_MISSING && test->verdict != RG_VERDICT_SKIPPED;
}

bool rg_gate_settled(const rg_gate *gate, const char *key) {
    bool settled = true;
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *test = &gate->tests[i];
        if (strcmp(test->key, key))
            continue;
        if (!by_rounds(test)) {
            if (test->verdict == RG_VERDICT_REGRESSED || test->verdict == RG_VERDICT_ERROR)
                return true;
            continue;
        }
        if (test->looked.call == RG_LOOK_FAIL)
            return true;
        settled &= rg_looks_settled(&test->looked, 1);
    }
    return settled;
}
