/* gate.c: matches the cells of two bundles, finds those that cannot be judged and why, and orders
 * the verdicts. The arithmetic of one metric is in gate_test.c. */
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

const char *rg_gate_metric_label(const rg_gate_test *test) {
    return test->metric == RG_FIG_COUNT ? "cell" : rg_figure_rows[test->metric].label;
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

/* --- limits and choice of metrics ------------------------------------------------------------ */

static const int default_metrics[] = {
    RG_FIG_latency_p50_ns,      RG_FIG_latency_p95_ns,
    RG_FIG_latency_mean_ns,     RG_FIG_throughput_per_s,
    RG_FIG_energy_total_uj,     RG_FIG_rss_peak_bytes,
    RG_FIG_arena_bytes,         RG_FIG_macs,
    RG_FIG_agreement_differing,
};
enum { N_DEFAULT = sizeof default_metrics / sizeof default_metrics[0] };
static const rg_gate_limit preset = {0.01, 0.05};

rg_gate_options rg_gate_options_default(void) {
    rg_gate_options options = {0};
    for (int i = 0; i < RG_FIG_COUNT; i++)
        options.limits[i] = (rg_gate_limit){NAN, NAN};
    return options;
}

static const char *key_at(size_t i, void *user) {
    (void)user;
    return i < RG_FIG_COUNT ? rg_figure_rows[i].key : NULL;
}

/* "latency_p95_ns" or, without its unit, "latency_p95". */
static rg_status find_metric(const char *name, int *ret_metric, rg_err *err) {
    size_t n = strlen(name);
    int exact = rg_figure_find(name);
    for (int i = 0; exact < 0 && i < RG_FIG_COUNT; i++) {
        const char *key = rg_figure_rows[i].key, *unit = strrchr(key, '_');
        if (unit && (size_t)(unit - key) == n && !strncmp(key, name, n))
            exact = i;
    }
    if (exact >= 0) {
        *ret_metric = exact;
        return RG_OK;
    }
    char advice[128];
    const char *near = rg_text_nearest(name, key_at, NULL);
    snprintf(advice, sizeof advice, near ? "did you mean %s?" : "see `railgauge list fields`%s",
             near ? near : "");
    return rg_fail(err, RG_USAGE, advice, "there is no metric '%s'", name);
}

/* "2%", "2 %" or "0.02"; shares from 0 to 10. */
static bool parse_share(const char *text, double *ret_share) {
    char *end;
    double value = strtod(text, &end);
    if (end == text)
        return false;
    while (*end == ' ')
        end++;
    if (*end == '%') {
        value /= 100;
        end++;
    }
    *ret_share = value;
    return !*end && value >= 0 && value <= 10;
}

rg_status rg_gate_set_limit(rg_gate_options *options, bool target, const char *text, rg_err *err) {
    char name[64];
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;
    double share;
    if (!equals || n == 0 || n >= sizeof name || !parse_share(equals + 1, &share))
        return rg_fail(err, RG_USAGE, "write METRIC=1% or METRIC=0.01",
                       "'%s' is no limit for a metric", text);
    memcpy(name, text, n);
    name[n] = '\0';
    int metric = 0, last = RG_FIG_COUNT - 1;
    if (strcmp(name, "all")) {
        rg_status status = find_metric(name, &metric, err);
        if (status != RG_OK)
            return status;
        last = metric;
    }
    for (int i = metric; i <= last; i++)
        *(target ? &options->limits[i].target : &options->limits[i].tolerance) = share;
    return RG_OK;
}

rg_status rg_gate_want(rg_gate_options *options, const char *metric, rg_err *err) {
    int found;
    rg_status status = find_metric(metric, &found, err);
    if (status == RG_OK)
        options->wanted[found] = true;
    return status;
}

static double share_of(const json_t *value, double preset_share) {
    double share;
    if (json_is_number(value))
        return json_number_value(value);
    if (json_is_string(value) && parse_share(json_string_value(value), &share))
        return share;
    return preset_share;
}

/* The command line's word, else the scenario's gate block ({metric = {tolerance =, target =}} or
 * {metric = tolerance}), else 1 % and 5 %. A target is never below its tolerance. */
static rg_gate_limit limit_of(const rg_gate *gate, const rg_gate_options *options, int metric) {
    const json_t *block = json_object_get(gate->candidate.facts, "gate");
    const json_t *row = json_object_get(block, rg_figure_rows[metric].key);
    rg_gate_limit limit = preset;
    limit.tolerance =
        share_of(json_is_object(row) ? json_object_get(row, "tolerance") : row, limit.tolerance);
    limit.target = share_of(json_object_get(row, "target"), limit.target);
    if (!isnan(options->limits[metric].tolerance))
        limit.tolerance = options->limits[metric].tolerance;
    if (!isnan(options->limits[metric].target))
        limit.target = options->limits[metric].target;
    limit.target = fmax(limit.target, limit.tolerance);
    return limit;
}

/* --- cells ---------------------------------------------------------------------------------- */

static const char *key_of(const json_t *line) {
    return rg_json_get_text(line, "key", rg_json_get_text(line, "cell", ""));
}

static const json_t *find_line(const json_t *list, const char *key) {
    size_t i;
    json_t *line;
    json_array_foreach(list, i, line) {
        if (!strcmp(key_of(line), key))
            return line;
    }
    return NULL;
}

/* What one side says of a cell. */
typedef struct view {
    const json_t *record, *planned;
    const char *status; /* "ok", ..., or NULL: the cell is not there */
    const char *what;
} view;

static view view_of(const rg_gate_side *side, const char *key) {
    view v = {.record = find_line(side->records, key), .planned = find_line(side->cells, key)};
    const json_t *admission = json_object_get(v.planned, "admission");
    if (v.record) {
        v.status = rg_json_get_text(v.record, "status", "failed");
        v.what = rg_json_get_text(v.record, "what", "");
    } else if (v.planned) {
        const char *word = rg_json_get_text(admission, "status", "ok");
        v.status = strcmp(word, "ok") ? word : "interrupted";
        v.what = rg_json_get_text(admission, "what", "");
    }
    return v;
}

static bool is_ok(const view *v) {
    return v->status && !strcmp(v->status, "ok") && v->record;
}

static bool differ(const json_t *a, const json_t *b, const char *key) {
    const char *x = rg_json_get_text(a, key, ""), *y = rg_json_get_text(b, key, "");
    return *x && *y && strcmp(x, y);
}

/* Why two ok cells are different things; NULL when they are not. */
static const char *incomparable(rg_gate *gate, const view *a, const view *b) {
    static const char *const same[] = {"provenance", "target", "device"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (differ(a->record, b->record, same[i]))
            return rg_gate_note(gate, "%s was %s, now %s", same[i],
                                rg_json_get_text(a->record, same[i], ""),
                                rg_json_get_text(b->record, same[i], ""));
    }
    int64_t was = rg_json_get_int(a->record, "schema", RG_SCHEMA_VERSION);
    int64_t now = rg_json_get_int(b->record, "schema", RG_SCHEMA_VERSION);
    if (was != now)
        return rg_gate_note(gate, "the records have schemas %lld and %lld: derive both anew",
                            (long long)was, (long long)now);
    const json_t *host_a = json_object_get(gate->baseline.facts, "host");
    const json_t *host_b = json_object_get(gate->candidate.facts, "host");
    const char *provenance = rg_json_get_text(a->record, "provenance", "measured");
    static const char *const machine[] = {"board", "cpu", "arch"};
    for (size_t i = 0; !strcmp(provenance, "measured") && i < 3; i++) {
        if (differ(host_a, host_b, machine[i]))
            return rg_gate_note(gate, "%s was '%s', now '%s': run both on one kind of device",
                                machine[i], rg_json_get_text(host_a, machine[i], ""),
                                rg_json_get_text(host_b, machine[i], ""));
    }
    return NULL;
}

static bool has_flag(const json_t *record, const char *flag) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(record, "flags"), i, item) {
        if (json_is_string(item) && !strcmp(json_string_value(item), flag))
            return true;
    }
    return false;
}

static const char *invalid(rg_gate *gate, const view *a, const view *b) {
    bool was = has_flag(a->record, "throttled"), now = has_flag(b->record, "throttled");
    if (was == now)
        return NULL;
    return rg_gate_note(gate, "only the %s was throttled: cool the device and run it again",
                        was ? "baseline" : "candidate");
}

/* The verdict on a cell as a whole, or RG_VERDICT_COUNT when its metrics can be judged. */
static rg_verdict cell_verdict(rg_gate *gate, const view *a, const view *b, const char **ret_note) {
    if (!a->status) {
        *ret_note = "a new cell: the baseline has none";
        return RG_VERDICT_SKIPPED;
    }
    if (!b->status) {
        *ret_note = "the candidate does not have this cell";
        return is_ok(a) ? RG_VERDICT_MISSING : RG_VERDICT_SKIPPED;
    }
    if (is_ok(a) && !strcmp(b->status, "interrupted")) {
        *ret_note = "the candidate's run ended before this cell: finish it with --resume";
        return RG_VERDICT_MISSING;
    }
    if (!is_ok(b) && (is_ok(a) || !strcmp(b->status, "wrong"))) {
        *ret_note = rg_gate_note(gate, "%s: %s", b->status,
                                 *b->what ? b->what : "see the candidate's report");
        return RG_VERDICT_ERROR;
    }
    if (!is_ok(a)) {
        *ret_note =
            rg_gate_note(gate, "no value to compare with: the baseline's cell was %s%s%s",
                         a->status, is_ok(b) ? ", now ok" : ", now ", is_ok(b) ? "" : b->status);
        return RG_VERDICT_SKIPPED;
    }
    if ((*ret_note = incomparable(gate, a, b)))
        return RG_VERDICT_NOT_COMPARABLE;
    return (*ret_note = invalid(gate, a, b)) ? RG_VERDICT_INVALID : RG_VERDICT_COUNT;
}

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
                       const view *a, const view *b, bool asked) {
    rg_gate_limit limit = limit_of(gate, options, test->metric);
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

/* A p95 between two modes is not judged by itself. */
static void mind_mode_boundary(rg_gate_test *tests, size_t n, const view *a, const view *b) {
    rg_gate_test *p95 = NULL;
    bool others = false;
    if (!has_flag(a->record, "mode-boundary") && !has_flag(b->record, "mode-boundary"))
        return;
    for (size_t i = 0; i < n; i++) {
        bool latency =
            tests[i].metric == RG_FIG_latency_p50_ns || tests[i].metric == RG_FIG_latency_mean_ns;
        others |= latency && tests[i].verdict == RG_VERDICT_REGRESSED;
        if (tests[i].metric == RG_FIG_latency_p95_ns && tests[i].verdict == RG_VERDICT_REGRESSED)
            p95 = &tests[i];
    }
    if (!p95 || others)
        return;
    p95->verdict = RG_VERDICT_INCONCLUSIVE;
    p95->note = "p95 lies between two modes (mode-boundary) and neither p50 nor mean confirms it";
}

static void judge_cell(rg_gate *gate, const rg_gate_options *options, const char *key,
                       const char *name, bool any_wanted) {
    view a = view_of(&gate->baseline, key), b = view_of(&gate->candidate, key);
    rg_gate_test whole = blank(key, name, RG_FIG_COUNT);
    whole.verdict = cell_verdict(gate, &a, &b, &whole.note);
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
            const char *key = key_of(line);
            if (!*key || json_object_get(seen, key))
                continue;
            json_object_set_new(seen, key, json_true());
            gate->n_cells += l < 2;
            judge_cell(gate, options, key, rg_json_get_text(line, "name", key), any_wanted);
        }
    }
    json_decref(seen);
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool are_interleaved(const rg_gate *gate) {
    const json_t *a = json_object_get(gate->baseline.facts, "pairing");
    const json_t *b = json_object_get(gate->candidate.facts, "pairing");
    const char *session = rg_json_get_text(a, "session", "");
    return *session && !strcmp(session, rg_json_get_text(b, "session", "")) &&
           strcmp(rg_json_get_text(a, "arm", ""), rg_json_get_text(b, "arm", ""));
}

static void say(rg_gate *gate, const char **notes, const char *text) {
    notes[gate->n_notes++] = text;
}

static void write_notes(rg_gate *gate) {
    const char **notes = rg_arena_array(gate->arena, 8, sizeof *notes);
    if (!notes)
        return;
    if (!gate->interleaved)
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
    gate->notes = notes;
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
        view a = view_of(&gate->baseline, gate->tests[i].key);
        view b = view_of(&gate->candidate, gate->tests[i].key);
        mind_mode_boundary(&gate->tests[i], n, &a, &b);
        note_worst_of_cell(&gate->tests[i], n);
        i += n;
    }
}

static rg_status judge(rg_gate *gate, const rg_gate_options *options, rg_err *err) {
    bool any_wanted = false;
    for (int i = 0; i < RG_FIG_COUNT; i++)
        any_wanted |= options->wanted[i];
    size_t cells = json_array_size(gate->baseline.cells) + json_array_size(gate->baseline.records) +
                   json_array_size(gate->candidate.cells) +
                   json_array_size(gate->candidate.records);
    gate->tests = rg_arena_array(gate->arena, cells * RG_FIG_COUNT + 1, sizeof *gate->tests);
    if (!gate->tests)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu cells", cells);
    judge_cells(gate, options, any_wanted);
    rg_status status = rg_gate_decide(gate, err);
    if (status != RG_OK)
        return status;
    mind_modes(gate);
    qsort(gate->tests, gate->n, sizeof *gate->tests, worst_first);
    for (size_t i = 0; i < gate->n; i++)
        gate->counts[gate->tests[i].verdict]++;
    gate->exit = exit_of(gate);
    write_notes(gate);
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
    *gate = (rg_gate){.arena = arena, .baseline = *baseline, .candidate = *candidate};
    gate->interleaved = are_interleaved(gate);
    rg_status status = judge(gate, options, err);
    if (status == RG_OK)
        *ret_gate = gate;
    else
        rg_arena_free(arena);
    return status;
}

void rg_gate_free(rg_gate *gate) {
    if (gate)
        rg_arena_free(gate->arena);
}
