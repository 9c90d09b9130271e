/* gate_order.c: after every test is judged: p95 between modes, the worst rows first, the exit code,
 * and notes about the comparison as a whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

/* A p95 between two modes jumps when the share of the slower one moves a little across 5 %: it is
 * not judged by itself (Q97 - Q93 above 10 % of Q95: statistics of multimodal latencies). A tail
 * that is really there is felt in the mean, too: enough that its interval, or that of p50, lies
 * above zero, since the size is p95's own business. */
static void mind_mode_boundary(rg_gate_test *tests, size_t n, const rg_gate_view *a,
                               const rg_gate_view *b) {
    rg_gate_test *p95 = NULL;
    bool others = false;
    if (!rg_gate_has_flag(a->record, "mode-boundary") &&
        !rg_gate_has_flag(b->record, "mode-boundary"))
        return;
    for (size_t i = 0; i < n; i++) {
        bool latency =
            tests[i].metric == RG_FIG_latency_p50_ns || tests[i].metric == RG_FIG_latency_mean_ns;
        others |= latency && (tests[i].verdict == RG_VERDICT_REGRESSED || tests[i].low > 0);
        if (tests[i].metric == RG_FIG_latency_p95_ns && tests[i].verdict == RG_VERDICT_REGRESSED)
            p95 = &tests[i];
    }
    if (!p95 || others)
        return;
    p95->verdict = RG_VERDICT_INCONCLUSIVE;
    p95->looked.call = RG_LOOK_OPEN; /* further rounds may tell */
    p95->note = "p95 lies between two modes (mode-boundary) and neither p50 nor mean confirms it";
}

static double sort_size(const rg_gate_test *test) {
    return isnan(test->worse) ? -INFINITY : test->worse;
}

/* Rows of one cell and verdict stand together, placed by the worst of them. */
static void note_worst_of_cell(rg_gate_test *tests, size_t n) {
    for (size_t i = 0; i < n; i++) {
        tests[i].cell_worse = -INFINITY;
        for (size_t k = 0; k < n; k++) {
            if (tests[k].verdict == tests[i].verdict)
                tests[i].cell_worse = fmax(tests[i].cell_worse, sort_size(&tests[k]));
        }
    }
}

static int worst_first(const void *a, const void *b) {
    const rg_gate_test *x = a, *y = b;
    int rank = rg_verdict_rank(y->verdict) - rg_verdict_rank(x->verdict);
    if (rank)
        return rank;
    if (x->cell_worse != y->cell_worse)
        return x->cell_worse < y->cell_worse ? 1 : -1;
    int key = strcmp(x->key, y->key);
    if (key)
        return key;
    if (sort_size(x) != sort_size(y))
        return sort_size(x) < sort_size(y) ? 1 : -1;
    return (x->metric > y->metric) - (x->metric < y->metric);
}

/* Severity where several hold: 3 > 1 > 4 > 2; a gate that judged nothing is no pass. */
static rg_exit exit_of(const rg_gate *gate) {
    static const rg_exit order[] = {RG_EXIT_INCOMPLETE, RG_EXIT_REGRESSED, RG_EXIT_INVALID,
                                    RG_EXIT_INCONCLUSIVE};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        for (int v = 0; v < RG_VERDICT_COUNT; v++) {
            if (gate->counts[v] && rg_verdict_exit((rg_verdict)v) == order[i])
                return order[i];
        }
    }
    bool judged = gate->counts[RG_VERDICT_PASS] || gate->counts[RG_VERDICT_IMPROVED];
    return judged ? RG_EXIT_OK : RG_EXIT_INVALID;
}

static void mind_modes(rg_gate *gate) {
    for (size_t i = 0; i < gate->n;) {
        size_t n = 1;
        while (i + n < gate->n && !strcmp(gate->tests[i + n].key, gate->tests[i].key))
            n++;
        rg_gate_view a = rg_gate_view_of(&gate->baseline, gate->tests[i].key);
        rg_gate_view b = rg_gate_view_of(&gate->candidate, gate->tests[i].key);
        mind_mode_boundary(&gate->tests[i], n, &a, &b);
        note_worst_of_cell(&gate->tests[i], n);
        i += n;
    }
}

static void say(rg_gate *gate, const char **notes, const char *text) {
    notes[gate->n_notes++] = text;
}

static void write_notes(rg_gate *gate) {
    const char **notes = rg_arena_array(gate->arena, 8, sizeof *notes);
    if (!notes)
        return;
    if (gate->control[0])
        say(gate, notes,
            rg_gate_note(gate, "drift taken out by the control workload %s",
                         rg_json_get_text(gate->control[1], "name", "")));
    else if (!gate->interleaved)
        say(gate, notes,
            "stored baseline, no control workload: drift between the two sessions looks like a "
            "change");
    if (!gate->baseline.finished)
        say(gate, notes, "the baseline's run was not finished");
    if (!gate->candidate.finished)
        say(gate, notes, "the candidate's run was not finished");
    const json_t *a = json_object_get(gate->baseline.facts, "gate");
    const json_t *b = json_object_get(gate->candidate.facts, "gate");
    if (a && b && !json_equal(a, b))
        say(gate, notes, "the scenario's limits changed; the candidate's are used");
    const char *ended = rg_gate_expired_skips(gate);
    if (ended)
        say(gate, notes, ended);
    gate->notes = notes;
}

void rg_gate_conclude(rg_gate *gate) {
    mind_modes(gate);
    qsort(gate->tests, gate->n, sizeof *gate->tests, worst_first);
    for (size_t i = 0; i < gate->n; i++)
        gate->counts[gate->tests[i].verdict]++;
    gate->exit = exit_of(gate);
    write_notes(gate);
}
