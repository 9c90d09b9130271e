/* gate_control.c: the control workload of a gate over stored bundles: which cell it is, and its
 * drift taken out of another cell's rounds (control.h). gate_rounds.c tests what is left. */
#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/control.h"
#include "bench/result/gate_priv.h"

/* The record of the cell with this name, or key. */
static const json_t *record_named(const json_t *records, const char *word) {
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        if (!strcmp(rg_json_get_text(record, "name", ""), word) ||
            !strcmp(rg_gate_key_of(record), word))
            return record;
    }
    return NULL;
}

static bool is_ok(const json_t *record) {
    return record && !strcmp(rg_json_get_text(record, "status", ""), "ok");
}

rg_status rg_gate_find_control(rg_gate *gate, const rg_gate_options *options, rg_err *err) {
    const json_t *block = json_object_get(gate->candidate.facts, "gate");
    const char *word = options->control ? options->control : rg_json_get_text(block, "control", "");
    if (!*word || gate->interleaved) /* rounds taken in turns need none */
        return RG_OK;
    const json_t *then = record_named(gate->baseline.records, word);
    const json_t *now = record_named(gate->candidate.records, word);
    if (!is_ok(then) || !is_ok(now))
        return rg_fail(err, RG_INVALID, "measure the control workload beside every run",
                       "the control '%s' is not ok in the %s", word,
                       is_ok(then) ? "candidate" : "baseline");
    gate->control[0] = then;
    gate->control[1] = now;
    return RG_OK;
}

/* Simulated devices do not drift. */
static bool drifts(const json_t *record) {
    return !strcmp(rg_json_get_text(record, "provenance", "measured"), "measured");
}

/* Counted events are the same however warm or busy the machine is. */
static bool is_counted(int metric) {
    return metric == RG_FIG_instructions;
}

void rg_gate_mind_drift(const rg_gate *gate, const json_t *candidate, rg_gate_test *test) {
    if (gate->interleaved || strcmp(test->method, "welch") || !drifts(candidate) ||
        is_counted(test->metric))
        return;
    test->verdict = RG_VERDICT_INCONCLUSIVE;
    test->p_worse = test->p_better = NAN;
    test->note = "drift looks like a change: name a --control, or use --scenario";
}

void rg_gate_take_out_control(rg_gate *gate, int side, int metric, double sign,
                              rg_gate_series *series) {
    rg_gate_series c = rg_gate_series_of(gate, gate->control[side], metric);
    const rg_control_session session = {{series->value, series->round, series->n},
                                        {c.value, c.round, c.n}};
    series->n = rg_control_ratios(&session, series->value);
    for (size_t i = 0; i < series->n; i++)
        series->value[i] *= sign;
}
