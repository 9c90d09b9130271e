/* gate_json.c: everything that the gate found, as result.json (result.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/result/gate_words.h"
#include "bench/result/result.h"

enum { SCENARIO_BYTES = 1 << 24 };

/* --- sides ------------------------------------------------------------------------------------ */

static const char *fact(const json_t *facts, const char *group, const char *key) {
    return rg_json_get_text(json_object_get(facts, group), key, "");
}

static json_t *side_to_json(const rg_gate *gate, const rg_gate_side *side) {
    char manifest[RG_HASH_HEX] = "";
    const char *path = rg_fs_join(gate->arena, side->name, "MANIFEST.sha256");
    if (!path || !rg_fs_exists(path) || rg_hash_file(path, manifest, NULL) != RG_OK)
        *manifest = '\0';
    const char *board = fact(side->facts, "host", "board");
    rg_result_side out = {.path = side->name,
                          .scenario = fact(side->facts, "scenario", "name"),
                          .scenario_path = fact(side->facts, "arguments", "scenario"),
                          .plan = fact(side->facts, "plan", "hash"),
                          .created = rg_json_get_text(side->facts, "created", ""),
                          .program = fact(side->facts, "program", "version"),
                          .machine = *board ? board : fact(side->facts, "host", "cpu"),
                          .serial = fact(side->facts, "host", "serial"),
                          .manifest_sha256 = manifest,
                          .finished = side->finished};
    return rg_result_write(rg_result_side_fields, &out);
}

/* The text of the side's scenario, "" where there is none. */
static const char *scenario_text(const rg_gate *gate, const rg_gate_side *side) {
    char *text;
    size_t bytes;
    const char *path = rg_fs_join(gate->arena, side->name, "scenario.lua");
    bool read = path && rg_fs_read(gate->arena, path, SCENARIO_BYTES, &text, &bytes, NULL) == RG_OK;
    return read ? text : "";
}

/* Is `word` quoted at `at`, or the beginning of what is, up to a colon? */
static bool is_quoted(const char *text, const char *at, size_t n) {
    return at > text && strchr("\"'", at[-1]) && at[n] && strchr("\"':", at[n]);
}

/* The line that names the workload (of "conv2d_s8:56x56x64" what stands before the colon) between
 * quotes, else the line of the cells, else the first. */
static size_t line_of(const char *text, const char *workload) {
    size_t n = strcspn(workload, ":"), line = 1;
    const char *found = n ? text : NULL;
    while (found && (found = strstr(found, workload)) && !is_quoted(text, found, n))
        found++;
    if (!found)
        found = strstr(text, "cells");
    for (const char *at = text; found && at < found; at++)
        line += *at == '\n';
    return line;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* What was not asked for but was so, without what a fresh measurement changes anyway. */
static void hash_context(const rg_gate_side *side, const json_t *record,
                         char ret_hex[RG_HASH_HEX]) {
    const json_t *context = json_object_get(record, "context");
    json_t *host = json_copy(json_object_get(side->facts, "host"));
    json_object_del(host, "peaks");
    json_t *all = json_pack(
        "{s:O?, s:o?, s:s, s:O?, s:O?, s:O?, s:s}", "program",
        json_object_get(side->facts, "program"), "host", host, "model",
        rg_json_get_text(json_object_get(context, "workload"), "sha256", ""), "settings",
        json_object_get(json_object_get(context, "settings"), "effective"), "placement",
        json_object_get(context, "placement"), "device", json_object_get(context, "device_facts"),
        "artefact", rg_json_get_text(json_object_get(context, "artefact"), "sha256", ""));
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    *ret_hex = '\0';
    if (text && record)
        rg_hash_bytes(text, strlen(text), ret_hex);
    free(text);
    json_decref(all);
}

/* One side of a cell, found once for all of its rows. */
typedef struct facts_of_side {
    const json_t *record;
    rg_text flags;
    char context[RG_HASH_HEX];
} facts_of_side;

static void look_up(const rg_gate_side *side, const char *key, facts_of_side *ret) {
    size_t i;
    json_t *flag;
    ret->record = rg_gate_view_of(side, key).record;
    ret->flags.bytes = 0;
    rg_text_add(&ret->flags, "");
    json_array_foreach(json_object_get(ret->record, "flags"), i, flag) {
        rg_text_add(&ret->flags, ret->flags.bytes ? " " : "");
        rg_text_add(&ret->flags, json_is_string(flag) ? json_string_value(flag) : "");
    }
    hash_context(side, ret->record, ret->context);
}

/* The published interval and number of samples, where the value is the published one. */
static void add_interval(const facts_of_side *side, int metric, double *ret_low, double *ret_high,
                         size_t *ret_n) {
    rg_figure figure = rg_figure_from_json(
        json_object_get(json_object_get(side->record, "figures"), rg_figure_rows[metric].key));
    *ret_low = figure.set && !figure.na ? figure.low : NAN;
    *ret_high = figure.set && !figure.na ? figure.high : NAN;
    *ret_n = figure.set && !figure.na ? (size_t)figure.n : 0;
}

static void add_metric(const rg_gate_test *test, const facts_of_side *a, const facts_of_side *b,
                       rg_result_row *row) {
    static const char *const better[] = {"none", "lower", "higher"};
    const rg_figure_row *figure = &rg_figure_rows[test->metric];
    row->metric = figure->key;
    row->label = figure->label;
    row->unit = figure->unit;
    row->better = better[figure->better];
    add_interval(a, test->metric, &row->baseline_low, &row->baseline_high, &row->n_baseline);
    add_interval(b, test->metric, &row->candidate_low, &row->candidate_high, &row->n_candidate);
}

static double seconds_of(const json_t *record) {
    return rg_json_get_real(record, "measured_s", 0);
}

static json_t *test_to_json(const rg_gate *gate, const rg_gate_test *test, const facts_of_side *a,
                            const facts_of_side *b, const char *scenario) {
    const json_t *record = b->record ? b->record : a->record;
    rg_result_row row = {.cell = test->key,
                         .name = test->cell,
                         .workload = rg_json_get_text(record, "workload", ""),
                         .backend = rg_json_get_text(record, "target", ""),
                         .device = rg_json_get_text(record, "device", ""),
                         .provenance = rg_json_get_text(record, "provenance", ""),
                         .verdict = rg_verdict_word(test->verdict),
                         .baseline = test->baseline,
                         .baseline_low = NAN,
                         .baseline_high = NAN,
                         .candidate = test->candidate,
                         .candidate_low = NAN,
                         .candidate_high = NAN,
                         .change = test->change,
                         .change_low = test->low,
                         .change_high = test->high,
                         .tolerance = test->tolerance,
                         .target = test->target,
                         .p_worse = test->p_worse,
                         .p_better = test->p_better,
                         .q_worse = test->q_worse,
                         .q_better = test->q_better,
                         .sd_log = test->sd_log,
                         .rounds_baseline = test->rounds_baseline,
                         .rounds_candidate = test->rounds_candidate,
                         .rounds_needed = test->rounds_needed,
                         .method = test->method,
                         .note = test->note,
                         .flags_baseline = a->flags.data,
                         .flags_candidate = b->flags.data,
                         .context_baseline = a->context,
                         .context_candidate = b->context};
    row.measured_s = seconds_of(b->record) + (gate->interleaved ? seconds_of(a->record) : 0);
    row.line = line_of(scenario, row.workload);
    if (test->metric < RG_FIG_COUNT)
        add_metric(test, a, b, &row);
    return rg_result_write(rg_result_row_fields, &row);
}

static json_t *tests_to_json(const rg_gate *gate) {
    json_t *tests = json_array();
    const char *scenario = scenario_text(gate, &gate->candidate);
    facts_of_side a = {0}, b = {0};
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *test = &gate->tests[i];
        if (!i || strcmp(test->key, gate->tests[i - 1].key)) {
            look_up(&gate->baseline, test->key, &a);
            look_up(&gate->candidate, test->key, &b);
        }
        json_array_append_new(tests, test_to_json(gate, test, &a, &b, scenario));
    }
    rg_text_free(&a.flags);
    rg_text_free(&b.flags);
    return tests;
}

/* --- commands --------------------------------------------------------------------------------- */

/* As it was typed, else from the names of the sides. */
static void add_repeat(const rg_gate *gate, const rg_result_facts *facts, rg_text *out) {
    rg_text_add(out, "railgauge");
    for (int i = 0; facts && i < facts->argc; i++) {
        rg_text_add(out, " ");
        rg_gate_quote(out, facts->argv[i]);
    }
    if (facts && facts->argc)
        return;
    rg_text_add(out, " gate --baseline ");
    rg_gate_quote(out, gate->baseline.name);
    rg_text_add(out, " --candidate ");
    rg_gate_quote(out, gate->candidate.name);
}

/* --- the document ----------------------------------------------------------------------------- */

static json_t *counts_to_json(const rg_gate *gate) {
    json_t *counts = json_object();
    for (int v = 0; v < RG_VERDICT_COUNT; v++)
        json_object_set_new(counts, rg_verdict_word((rg_verdict)v),
                            json_integer((json_int_t)gate->counts[v]));
    return counts;
}

static json_t *notes_to_json(const rg_gate *gate) {
    json_t *notes = json_array();
    for (size_t i = 0; i < gate->n_notes; i++)
        json_array_append_new(notes, rg_json_clean(gate->notes[i]));
    return notes;
}

static json_t *word(rg_text *text) {
    json_t *value = text->failed ? NULL : rg_json_clean(text->data);
    rg_text_free(text);
    return value;
}

json_t *rg_gate_to_json(const rg_gate *gate, const rg_result_facts *facts) {
    rg_text trust = {0}, repeat = {0}, rerun = {0};
    rg_gate_trust(gate, &trust);
    add_repeat(gate, facts, &repeat);
    rg_gate_reproduce(gate, true, &rerun);
    return json_pack(
        "{s:s, s:i, s:o, s:o, s:b, s:o, s:I, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
        RG_RESULT_KIND, "schema", RG_RESULT_SCHEMA, "baseline", side_to_json(gate, &gate->baseline),
        "candidate", side_to_json(gate, &gate->candidate), "interleaved", gate->interleaved,
        "trust", word(&trust), "cells", (json_int_t)gate->n_cells, "exit", (int)gate->exit,
        "exit_mapped", facts ? facts->exit_mapped : (int)gate->exit, "counts", counts_to_json(gate),
        "notes", notes_to_json(gate), "causes", rg_gate_causes(gate), "repeat", word(&repeat),
        "rerun", word(&rerun), "tests", tests_to_json(gate));
}
