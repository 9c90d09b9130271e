/* gate.c: matches the cells of two bundles and orders the verdicts. Cells that cannot be judged are
 * found by gate_cell.c, limits by gate_limits.c; the arithmetic of one metric is in gate_test.c. */
#include "bench/result/gate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

/* --- words ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    rg_exit exit;
    int rank;
} verdicts[RG_VERDICT_COUNT] = {
#define X(name, word, exit, rank, text) {word, RG_EXIT_##exit, rank},
    RG_VERDICT_LIST(X)
#undef X
};

const char *rg_verdict_word(rg_verdict verdict) {
    return verdicts[verdict].word;
}

int rg_verdict_rank(rg_verdict verdict) {
    return verdicts[verdict].rank;
}

rg_exit rg_verdict_exit(rg_verdict verdict) {
    return verdicts[verdict].exit;
}

const char *rg_gate_note(rg_gate *gate, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *copy = rg_arena_strdup(gate->arena, text);
    return copy ? copy : "out of memory";
}

rg_gate_side rg_gate_side_of(const rg_bundle *bundle) {
    return (rg_gate_side){rg_bundle_dir(bundle), rg_bundle_facts(bundle), rg_bundle_cells(bundle),
                          rg_bundle_records(bundle), rg_bundle_finished(bundle)};
}

/* --- cells ---------------------------------------------------------------------------------- */

static const int default_metrics[] = {
    RG_FIG_latency_p50_ns,   RG_FIG_latency_p95_ns,      RG_FIG_latency_mean_ns,
    RG_FIG_throughput_per_s, RG_FIG_deadline_miss_share, RG_FIG_energy_total_uj,
    RG_FIG_first_ns,         RG_FIG_load_cold_ns,        RG_FIG_instructions,
    RG_FIG_rss_peak_bytes,   RG_FIG_arena_bytes,         RG_FIG_macs,
    RG_FIG_nodes_off_target, RG_FIG_macs_off_target,     RG_FIG_agreement_differing,
};
enum { N_DEFAULT = sizeof default_metrics / sizeof default_metrics[0] };

static rg_gate_test blank(const char *key, const char *cell, int metric) {
    return (rg_gate_test){.key = key,
                          .cell = cell,
                          .metric = metric,
                          .tolerance = NAN,
                          .target = NAN,
                          .baseline = NAN,
                          .candidate = NAN,
                          .change = NAN,
                          .low = NAN,
                          .high = NAN,
                          .worse = NAN,
                          .p_worse = NAN,
                          .p_better = NAN,
                          .q_worse = NAN,
                          .q_better = NAN,
                          .sd_log = NAN,
                          .method = "",
                          .note = ""};
}

static void add_metric(rg_gate *gate, const rg_gate_options *options, rg_gate_test *test,
                       const rg_gate_view *a, const rg_gate_view *b, bool asked) {
    rg_gate_limit limit = rg_gate_limit_of(gate, options, test->metric);
    test->tolerance = limit.tolerance;
    test->target = limit.target;
    if (rg_gate_measure(gate, a->record, b->record, test)) {
        gate->tests[gate->n++] = *test;
    } else if (asked) {
        test->verdict = RG_VERDICT_SKIPPED;
        test->note = "neither side has this figure";
        gate->tests[gate->n++] = *test;
    }
}

static rg_verdict cell_verdict(rg_gate *gate, const rg_gate_view *a, const rg_gate_view *b,
                               rg_gate_test *whole) {
    if (rg_gate_is_skipped(gate, whole->key, whole->cell, &whole->note))
        return RG_VERDICT_SKIPPED;
    rg_verdict verdict = rg_gate_cell_verdict(gate, a, b, &whole->note);
    if (verdict != RG_VERDICT_SKIPPED)
        return verdict;
    rg_verdict missed = rg_gate_expect(gate, b, whole->key, whole->cell, &whole->note);
    return missed != RG_VERDICT_COUNT ? missed : verdict;
}

static void judge_cell(rg_gate *gate, const rg_gate_options *options, const char *key,
                       const char *name, bool any_wanted) {
    rg_gate_view a = rg_gate_view_of(&gate->baseline, key),
                 b = rg_gate_view_of(&gate->candidate, key);
    rg_gate_test whole = blank(key, name, RG_FIG_COUNT);
    whole.verdict = cell_verdict(gate, &a, &b, &whole);
    if (whole.verdict != RG_VERDICT_COUNT) {
        gate->tests[gate->n++] = whole;
        return;
    }
    size_t first = gate->n;
    for (int i = 0; i < (any_wanted ? RG_FIG_COUNT : N_DEFAULT); i++) {
        int metric = any_wanted ? i : default_metrics[i];
        rg_gate_test test = blank(key, name, metric);
        if (!any_wanted || options->wanted[metric])
            add_metric(gate, options, &test, &a, &b, any_wanted);
    }
    if (gate->n == first) {
        whole.verdict = RG_VERDICT_SKIPPED;
        whole.note = "no figure to compare";
        gate->tests[gate->n++] = whole;
    }
}

/* Every cell of the baseline, then those that only the candidate has; each key once. */
static void judge_cells(rg_gate *gate, const rg_gate_options *options, bool any_wanted) {
    const json_t *lists[] = {gate->baseline.cells, gate->baseline.records, gate->candidate.cells,
                             gate->candidate.records};
    json_t *seen = json_object(), *line;
    size_t i;
    for (size_t l = 0; seen && l < 4; l++) {
        json_array_foreach(lists[l], i, line) {
            const char *key = rg_gate_key_of(line);
            if (!*key || json_object_get(seen, key))
                continue;
            json_object_set_new(seen, key, json_true());
            gate->n_cells += l < 2;
            judge_cell(gate, options, key, rg_json_get_text(line, "name", key), any_wanted);
        }
    }
    json_decref(seen);
    for (size_t k = 0; k < rg_gate_expected_count(gate); k++) {
        const char *name = rg_gate_expected_at(gate, k);
        if (!rg_gate_is_known(gate, name))
            judge_cell(gate, options, name, name, any_wanted);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

bool rg_gate_paired(const rg_gate_side *baseline, const rg_gate_side *candidate) {
    const json_t *a = json_object_get(baseline->facts, "pairing");
    const json_t *b = json_object_get(candidate->facts, "pairing");
    const char *session = rg_json_get_text(a, "session", "");
    return *session && !strcmp(session, rg_json_get_text(b, "session", "")) &&
           strcmp(rg_json_get_text(a, "arm", ""), rg_json_get_text(b, "arm", ""));
}

static rg_status judge(rg_gate *gate, const rg_gate_options *options, rg_err *err) {
    bool any_wanted = false;
    for (int i = 0; i < RG_FIG_COUNT; i++)
        any_wanted |= options->wanted[i];
    size_t cells = json_array_size(gate->baseline.cells) + json_array_size(gate->baseline.records) +
                   json_array_size(gate->candidate.cells) +
                   json_array_size(gate->candidate.records) + rg_gate_expected_count(gate);
    gate->tests = rg_arena_array(gate->arena, cells * RG_FIG_COUNT + 1, sizeof *gate->tests);
    if (!gate->tests)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu cells", cells);
    judge_cells(gate, options, any_wanted);
    rg_status status = rg_gate_decide(gate, err);
    if (status != RG_OK)
        return status;
    rg_gate_conclude(gate);
    return RG_OK;
}

rg_status rg_gate_judge(const rg_gate_side *baseline, const rg_gate_side *candidate,
                        const rg_gate_options *options, rg_gate **ret_gate, rg_err *err) {
    const rg_gate_side *sides[] = {baseline, candidate};
    for (int i = 0; i < 2; i++) {
        if (!json_array_size(sides[i]->records))
            return rg_fail(err, RG_INVALID, "finish it with `railgauge run ... --resume`",
                           "the %s %s holds no records", i ? "candidate" : "baseline",
                           sides[i]->name);
    }
    rg_arena *arena = rg_arena_new(0);
    rg_gate *gate = arena ? rg_arena_alloc(arena, sizeof *gate) : NULL;
    if (!gate) {
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    *gate = (rg_gate){.arena = arena,
                      .baseline = *baseline,
                      .candidate = *candidate,
                      .expected = options->expected};
    gate->interleaved = rg_gate_paired(baseline, candidate);
    if (gate->interleaved)
        gate->looks = rg_looks_named(
            rg_json_get_text(json_object_get(gate->candidate.facts, "pairing"), "looks", ""));
    gate->baseline.places = rg_gate_places(baseline);
    gate->candidate.places = rg_gate_places(candidate);
    rg_status status = rg_gate_find_control(gate, options, err);
    if (status == RG_OK)
        status = judge(gate, options, err);
    if (status == RG_OK)
        *ret_gate = gate;
    else
        rg_gate_free(gate);
    return status;
}

void rg_gate_free(rg_gate *gate) {
    if (!gate)
        return;
    json_decref((json_t *)gate->baseline.places);
    json_decref((json_t *)gate->candidate.places);
    rg_arena_free(gate->arena);
}
