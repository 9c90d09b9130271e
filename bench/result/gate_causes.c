/* gate_causes.c: what may be behind the worst verdict: the facts that differ between the two sides
 * of its cell, by explain.h. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/explain.h"
#include "bench/result/gate_priv.h"

enum { MOST_CAUSES = 3, LIKELY = 20 };

static json_t *cause_of(const rg_difference *d, rg_explain_goal goal) {
    const char *effect = rg_effect_word(goal, d->effect);
    rg_text what = {0};
    rg_text_printf(&what, "%s: %s -> %s%s%s%s", d->label, d->a, d->b, *effect ? " (candidate " : "",
                   effect, *effect ? ")" : "");
    json_t *cause = what.failed ? NULL
                                : json_pack("{s:o, s:s}", "what", rg_json_clean(what.data),
                                            "advice", d->advice);
    rg_text_free(&what);
    return cause;
}

static rg_explain_goal goal_of(const rg_gate_test *test) {
    bool energy =
        test->metric < RG_FIG_COUNT && !strcmp(rg_figure_rows[test->metric].group, "energy");
    return energy ? RG_EXPLAIN_ENERGY : RG_EXPLAIN_LATENCY;
}

json_t *rg_gate_causes(const rg_gate *gate) {
    json_t *causes = json_array();
    rg_difference *list;
    size_t n = 0;
    if (gate->exit == RG_EXIT_OK || !gate->n)
        return causes;
    const rg_gate_test *worst = &gate->tests[0];
    rg_explain_goal goal = goal_of(worst);
    rg_explain_side a = {gate->baseline.facts, rg_gate_view_of(&gate->baseline, worst->key).record};
    rg_explain_side b = {gate->candidate.facts,
                         rg_gate_view_of(&gate->candidate, worst->key).record};
    if (!a.record || !b.record ||
        rg_explain_pair(&a, &b, goal, worst->worse, gate->arena, &list, &n, NULL) != RG_OK)
        return causes;
    for (size_t i = 0; i < n && i < MOST_CAUSES && list[i].score >= LIKELY; i++)
        json_array_append_new(causes, cause_of(&list[i], goal));
    return causes;
}
