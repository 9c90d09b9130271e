/* gate_counted.c: instructions that an imitated CPU counted (run/instructions.h). Nothing of such a
 * count is luck, so two rounds that agree say all: no test, but the tolerance. Counts of hardware
 * go the way of all rounds. */
#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

/* "valgrind-3.19.0", "" for hardware. */
static const char *counted_by(const json_t *record) {
    const json_t *context = json_object_get(record, "context");
    return rg_json_get_text(json_object_get(context, "instructions"), "by", "");
}

/* Do its rounds scatter by less than a quarter of the tolerance? */
static bool is_steady(const rg_gate_series *s, double tolerance) {
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        min = fmin(min, s->value[i]);
        max = fmax(max, s->value[i]);
    }
    return s->n > 1 && max - min <= tolerance / 4 * min;
}

/* The number that two rounds gave one after the other, where counting ends: what differed before
 * was the layout of a round (an unaligned string costs some instructions). Else what the rounds
 * scatter little around; false: neither. */
static bool settle(const rg_gate_series *s, double tolerance, double *number) {
    for (size_t i = s->n; i > 1; i--) {
        if (s->value[i - 1] == s->value[i - 2]) {
            *number = s->value[i - 1];
            return true;
        }
    }
    return is_steady(s, tolerance);
}

bool rg_gate_measure_counted(rg_gate *gate, const json_t *baseline, const json_t *candidate,
                             const rg_gate_series *a, const rg_gate_series *b, rg_gate_test *test) {
    const char *then = counted_by(baseline), *now = counted_by(candidate);
    if (test->metric != RG_FIG_instructions)
        return false;
    if (strcmp(then, now)) {
        test->verdict = RG_VERDICT_NOT_COMPARABLE;
        test->note = rg_gate_note(gate, "counted by %s, now by %s: count both in one way",
                                  *then ? then : "hardware", *now ? now : "hardware");
        return true;
    }
    if (!*then || !settle(a, test->tolerance, &test->baseline) ||
        !settle(b, test->tolerance, &test->candidate))
        return false;
    test->change = test->candidate / test->baseline - 1;
    test->worse = rg_gate_worse_share(test->metric, test->change);
    rg_gate_measure_exact(test);
    test->low = test->high = test->change;
    test->looked.exact = test->looked.last = true;
    test->looked.call = test->verdict == RG_VERDICT_REGRESSED ? RG_LOOK_FAIL : RG_LOOK_PASS;
    return true;
}
