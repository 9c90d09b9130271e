/* gate_text.c: the gate for people: the first screen of a terminal, and Markdown for a comment. The
 * order is that of the questions: is the run trustworthy, did it fail, what, by how much, how sure,
 * how to repeat. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

enum { FIRST_SCREEN = 20, MARKDOWN_ROWS = 50, WIDE = 120 };

static const char marks[RG_VERDICT_COUNT] = {
    [RG_VERDICT_PASS] = ' ',         [RG_VERDICT_REGRESSED] = 'x',      [RG_VERDICT_IMPROVED] = '+',
    [RG_VERDICT_INCONCLUSIVE] = '?', [RG_VERDICT_MISSING] = '!',        [RG_VERDICT_ERROR] = '!',
    [RG_VERDICT_INVALID] = '~',      [RG_VERDICT_NOT_COMPARABLE] = '~', [RG_VERDICT_SKIPPED] = '-',
};

/* --- cells of the table ----------------------------------------------------------------------- */

/* A figure with three digits and its unit; "n/a" when it is not a number. */
static void value_text(int metric, double value, char *ret, size_t cap) {
    const char *unit = metric < RG_FIG_COUNT ? rg_figure_rows[metric].unit : "";
    if (!isfinite(value))
        snprintf(ret, cap, "n/a");
    else if (!strcmp(unit, "ns"))
        rg_text_duration(value, ret, cap);
    else if (!strcmp(unit, "bytes"))
        rg_text_bytes(value, ret, cap);
    else if (!strcmp(unit, "uJ"))
        rg_text_si(value * 1e-6, "J", ret, cap);
    else if (!strcmp(unit, "mW"))
        rg_text_si(value * 1e-3, "W", ret, cap);
    else if (!strcmp(unit, "1"))
        snprintf(ret, cap, "%.6g", value);
    else if (!strcmp(unit, "1/s"))
        snprintf(ret, cap, value < 999.5 ? "%.3g /s" : "%.0f /s", value);
    else
        rg_text_si(value, unit, ret, cap);
}

/* "+10.3 %"; "" when it is not known. */
static void change_text(double share, char *ret, size_t cap) {
    if (!isfinite(share))
        snprintf(ret, cap, "%s", "");
    else
        snprintf(ret, cap, "%+.*f %%", fabs(share) < 9.995 ? 1 : 0, 100 * share);
}

/* "+8.9 .. +11.6 %" */
static void interval_text(const rg_gate_test *test, char *ret, size_t cap) {
    if (!isfinite(test->low) || !isfinite(test->high))
        snprintf(ret, cap, "%s", "");
    else if (!strcmp(test->method, "exact"))
        snprintf(ret, cap, "exact");
    else
        snprintf(ret, cap, "%+.1f .. %+.1f %%", 100 * test->low, 100 * test->high);
}

/* What the verdict was measured by: the tolerance for failures, the target for the rest. */
static void limit_text(const rg_gate_test *test, char *ret, size_t cap) {
    if (isnan(test->tolerance))
        snprintf(ret, cap, "%s", "");
    else
        snprintf(ret, cap, "%g/%g %%", 100 * test->tolerance, 100 * test->target);
}

typedef struct texts {
    char baseline[32], candidate[32], change[24], interval[48], limit[32];
} texts;

static texts texts_of(const rg_gate_test *test) {
    texts t;
    value_text(test->metric, test->baseline, t.baseline, sizeof t.baseline);
    value_text(test->metric, test->candidate, t.candidate, sizeof t.candidate);
    change_text(test->change, t.change, sizeof t.change);
    interval_text(test, t.interval, sizeof t.interval);
    limit_text(test, t.limit, sizeof t.limit);
    return t;
}

/* Bytes of a character that could move the cursor, colour the terminal or turn the reading
 * direction, where one begins at `p`; else 0. */
static size_t unprintable(const unsigned char *p) {
    if (*p < 0x20 || *p == 0x7F)
        return 1;
    if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) /* C1 controls */
        return 2;
    if (p[0] != 0xE2)
        return 0;
    bool embedding = p[1] == 0x80 && p[2] >= 0xAA && p[2] <= 0xAE; /* U+202A to U+202E */
    bool isolate = p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9;   /* U+2066 to U+2069 */
    return embedding || isolate ? 3 : 0;
}

/* A copy that a terminal shows as it is, cut to `cap`. */
static void clean(const char *text, char *ret, size_t cap) {
    size_t n = 0;
    while (*text && n + 1 < cap) {
        size_t skip = unprintable((const unsigned char *)text);
        ret[n++] = skip ? '?' : *text;
        text += skip ? skip : 1;
    }
    ret[n] = '\0';
}

/* Adds `text` in words, at most `columns` wide, later lines after `indent` spaces. The first line
 * stands at column `at` already. */
static void wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns) {
    bool fresh = true;
    while (*text) {
        size_t n = strcspn(text, " ");
        char raw[1024], word[1024];
        snprintf(raw, sizeof raw, "%.*s", (int)n, text);
        clean(raw, word, sizeof word);
        size_t width = rg_text_columns(word);
        if (!fresh && at + 1 + width > columns) {
            rg_text_printf(out, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        rg_text_printf(out, "%s%s", fresh ? "" : " ", word);
        at += width + !fresh;
        fresh = false;
        text += n;
        text += strspn(text, " ");
    }
    rg_text_add(out, "\n");
}

/* A name in at most `columns`: its middle gives way. */
static void fit_name(const char *raw, size_t columns, char *ret, size_t cap) {
    char name[1024];
    clean(raw, name, sizeof name);
    size_t n = strlen(name);
    if (rg_text_columns(name) <= columns || columns < 8) {
        snprintf(ret, cap, "%s", name);
        return;
    }
    size_t head = (columns - 2) / 2, tail = columns - 2 - head;
    while (head && ((unsigned char)name[head] & 0xC0) == 0x80)
        head--;
    while (tail && ((unsigned char)name[n - tail] & 0xC0) == 0x80)
        tail--;
    snprintf(ret, cap, "%.*s..%s", (int)head, name, name + n - tail);
}

/* --- the head --------------------------------------------------------------------------------- */

static const char *verdict_title(const rg_gate *gate) {
    switch (gate->exit) {
    case RG_EXIT_OK:
        return "PASS";
    case RG_EXIT_REGRESSED:
        return "REGRESSED";
    case RG_EXIT_INCOMPLETE:
        return "INCOMPLETE";
    case RG_EXIT_INCONCLUSIVE:
        return "INCONCLUSIVE";
    default:
        return "NOT COMPARABLE";
    }
}

/* "34 pass, 1 improved, 1 inconclusive", the worst first. */
static void counts_text(const rg_gate *gate, rg_text *out) {
    static const rg_verdict order[] = {
        RG_VERDICT_ERROR,    RG_VERDICT_MISSING,        RG_VERDICT_REGRESSED,
        RG_VERDICT_INVALID,  RG_VERDICT_NOT_COMPARABLE, RG_VERDICT_INCONCLUSIVE,
        RG_VERDICT_IMPROVED, RG_VERDICT_PASS,           RG_VERDICT_SKIPPED};
    const char *comma = "";
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!gate->counts[order[i]])
            continue;
        rg_text_printf(out, "%s%zu %s", comma, gate->counts[order[i]], rg_verdict_word(order[i]));
        comma = ", ";
    }
}

/* Records of both sides by a word: how many are simulated, or carry a flag. */
static size_t count_flag(const json_t *records, const char *flag) {
    size_t i, k, n = 0;
    json_t *record, *item;
    json_array_foreach(records, i, record) {
        json_array_foreach(json_object_get(record, "flags"), k, item) {
            n += json_is_string(item) && !strcmp(json_string_value(item), flag);
        }
    }
    return n;
}

/* Has one of the records figures that were (or were not) measured on a device? Refused cells have
 * none. */
static bool any_of(const json_t *records, bool simulated) {
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        bool here = strcmp(rg_json_get_text(record, "provenance", "measured"), "measured") != 0;
        if (here == simulated && !strcmp(rg_json_get_text(record, "status", ""), "ok"))
            return true;
    }
    return false;
}

/* Rounds a side: the fewest and most of the tests that had some. */
static void rounds_text(const rg_gate *gate, rg_text *out) {
    size_t low = SIZE_MAX, high = 0;
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *test = &gate->tests[i];
        size_t n = test->rounds_baseline < test->rounds_candidate ? test->rounds_baseline
                                                                  : test->rounds_candidate;
        if (!n)
            continue;
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    if (!high)
        rg_text_add(out, "no rounds");
    else if (low == high)
        rg_text_printf(out, "%zu round%s a side", high, high == 1 ? "" : "s");
    else
        rg_text_printf(out, "%zu to %zu rounds a side", low, high);
}

/* "VALID: measured, 6 rounds a side, interleaved; 2 unstable" */
static const char *origin_word(const rg_gate *gate) {
    const rg_gate_side *sides[] = {&gate->baseline, &gate->candidate};
    bool simulated = any_of(sides[0]->records, true) || any_of(sides[1]->records, true);
    bool measured = any_of(sides[0]->records, false) || any_of(sides[1]->records, false);
    return simulated && measured ? "measured and simulated figures"
           : simulated           ? "simulated figures"
                                 : "measured";
}

static void trust_text(const rg_gate *gate, rg_text *out) {
    static const char *const flags[] = {"throttled", "hot", "unstable", "busy", "clock-changed"};
    const rg_gate_side *sides[] = {&gate->baseline, &gate->candidate};
    bool bad = gate->counts[RG_VERDICT_INVALID] || gate->counts[RG_VERDICT_NOT_COMPARABLE];
    rg_text_printf(out, "%s: %s, ", bad ? "INVALID in part" : "VALID", origin_word(gate));
    rounds_text(gate, out);
    rg_text_add(out, gate->interleaved ? ", interleaved" : ", one run after the other");
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
        size_t was = count_flag(sides[0]->records, flags[f]);
        size_t now = count_flag(sides[1]->records, flags[f]);
        if (was + now)
            rg_text_printf(out, "; %s %zu then %zu", flags[f], was, now);
    }
}

static void add_head(const rg_gate *gate, size_t columns, rg_text *out) {
    rg_text line = {0};
    char name[1024];
    clean(gate->baseline.name, name, sizeof name);
    rg_text_printf(out, "baseline   %s\n", name);
    clean(gate->candidate.name, name, sizeof name);
    rg_text_printf(out, "candidate  %s\n", name);
    const json_t *host = json_object_get(gate->candidate.facts, "host");
    const char *machine = rg_json_get_text(host, "board", rg_json_get_text(host, "cpu", NULL));
    if (machine) {
        rg_text_add(out, "device     ");
        wrap(out, machine, 11, 11, columns);
    }
    trust_text(gate, &line);
    rg_text_add(out, "trust      ");
    wrap(out, line.data ? line.data : "", 11, 11, columns);
    for (size_t i = 0; i < gate->n_notes; i++) {
        rg_text_add(out, "note       ");
        wrap(out, gate->notes[i], 11, 11, columns);
    }
    rg_text_free(&line);
    counts_text(gate, &line);
    rg_text_printf(out, "\nVERDICT    %s   ", verdict_title(gate));
    rg_text body = {0};
    rg_text_printf(&body, "%zu tests of %zu cells (%s)", gate->n, gate->n_cells,
                   line.data ? line.data : "none");
    wrap(out, body.data ? body.data : "", 14 + strlen(verdict_title(gate)), 11, columns);
    rg_text_add(out, "\n");
    rg_text_free(&line);
    rg_text_free(&body);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Narrow: the cell's name on a line of its own, then one line a metric. */
static void add_narrow(const rg_gate_test *test, const char *previous, size_t columns,
                       rg_text *out) {
    char name[512];
    texts t = texts_of(test);
    if (!previous || strcmp(previous, test->cell)) {
        fit_name(test->cell, columns - 2, name, sizeof name);
        rg_text_printf(out, "  %s\n", name);
    }
    rg_text_printf(out, "%c   %-12.14s", marks[test->verdict], rg_gate_metric_label(test));
    if (test->metric == RG_FIG_COUNT)
        rg_text_printf(out, " %s\n", rg_verdict_word(test->verdict));
    else
        rg_text_printf(out, " %9s %9s %9s %18s %8s\n", t.baseline, t.candidate, t.change,
                       t.interval, t.limit);
    if (*test->note) {
        rg_text_add(out, "      ");
        wrap(out, test->note, 6, 6, columns);
    }
}

static size_t widest_name(const rg_gate *gate, size_t most) {
    size_t widest = 4;
    for (size_t i = 0; i < gate->n; i++) {
        size_t n = rg_text_columns(gate->tests[i].cell);
        widest = n > widest ? n : widest;
    }
    return widest < most ? widest : most;
}

static void add_padded(rg_text *out, const char *text, size_t columns) {
    size_t n = rg_text_columns(text);
    rg_text_printf(out, "%s%*s", text, n < columns ? (int)(columns - n) : 0, "");
}

enum { FIXED_WIDE = 2 + 1 + 13 + 10 + 10 + 10 + 20 + 9 + 15 };

static void add_wide(const rg_gate_test *test, size_t name_columns, size_t columns, rg_text *out) {
    char name[512];
    texts t = texts_of(test);
    fit_name(test->cell, name_columns, name, sizeof name);
    rg_text_printf(out, "%c ", marks[test->verdict]);
    add_padded(out, name, name_columns);
    rg_text_printf(out, " %-12.14s %9s %9s %9s %19s %8s  %-14s", rg_gate_metric_label(test),
                   test->metric == RG_FIG_COUNT ? "" : t.baseline,
                   test->metric == RG_FIG_COUNT ? "" : t.candidate, t.change, t.interval, t.limit,
                   rg_verdict_word(test->verdict));
    size_t at = name_columns + FIXED_WIDE;
    if (*test->note && at + 16 > columns) {
        rg_text_add(out, "\n    ");
        wrap(out, test->note, 4, 4, columns);
    } else {
        wrap(out, test->note, at, at, columns);
    }
}

/* Blanks before line ends are of no use to anybody. */
static void trim_line(rg_text *out) {
    if (out->failed || !out->bytes)
        return;
    size_t n = out->bytes - 1;
    while (n && out->data[n - 1] == ' ')
        n--;
    out->bytes = n;
    rg_text_add(out, "\n");
}

static void add_rows(const rg_gate *gate, size_t columns, bool all, rg_text *out) {
    bool wide = columns >= WIDE;
    size_t names = wide ? widest_name(gate, columns - FIXED_WIDE - 1) : 0;
    const char *previous = NULL;
    size_t shown = 0, passed = 0, left = 0;
    if (wide)
        rg_text_printf(out, "  %-*s %-12s %9s %9s %9s %19s %8s  %s\n", (int)names, "cell", "metric",
                       "baseline", "candidate", "change", "95 % interval", "limits", "verdict");
    else
        rg_text_printf(out, "    %-12s %9s %9s %9s %18s %8s\n", "metric", "baseline", "candidate",
                       "change", "95 % interval", "limits");
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *test = &gate->tests[i];
        bool quiet = test->verdict == RG_VERDICT_PASS || test->verdict == RG_VERDICT_SKIPPED;
        if (!all && ((quiet && gate->n > FIRST_SCREEN) || shown == FIRST_SCREEN)) {
            passed += quiet;
            left += !quiet;
            continue;
        }
        if (wide)
            add_wide(test, names, columns, out);
        else
            add_narrow(test, previous, columns, out);
        trim_line(out);
        previous = test->cell;
        shown++;
    }
    if (left)
        rg_text_printf(out, "  ... and %zu more that did not pass: --all\n", left);
    if (passed)
        rg_text_printf(out, "  ... and %zu that passed or were skipped: --all\n", passed);
    rg_text_add(out, "\n");
}

/* A word for a POSIX shell. */
static void add_quoted(rg_text *out, const char *raw) {
    char copy[4096];
    clean(raw, copy, sizeof copy);
    const char *word = copy;
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    if (*word && strspn(word, plain) == strlen(word)) {
        rg_text_add(out, word);
        return;
    }
    rg_text_add(out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            rg_text_add(out, "'\\''");
        else
            rg_text_add_bytes(out, word, 1);
    }
    rg_text_add(out, "'");
}

static void add_repeat(const rg_gate *gate, rg_text *out) {
    rg_text_add(out, "railgauge gate --baseline ");
    add_quoted(out, gate->baseline.name);
    rg_text_add(out, " --candidate ");
    add_quoted(out, gate->candidate.name);
}

static void add_rerun(const rg_gate *gate, rg_text *out) {
    rg_text path = {0};
    rg_text_printf(&path, "%s/scenario.lua", gate->candidate.name);
    rg_text_add(out, "railgauge run ");
    add_quoted(out, path.data ? path.data : "");
    const json_t *arguments = json_object_get(gate->candidate.facts, "arguments");
    size_t i;
    json_t *set;
    json_array_foreach(json_object_get(arguments, "set"), i, set) {
        if (!json_is_string(set))
            continue;
        rg_text_add(out, " --set ");
        add_quoted(out, json_string_value(set));
    }
    rg_text_add(out, " --only ");
    add_quoted(out, gate->tests[0].cell);
    rg_text_free(&path);
}

void rg_gate_to_text(const rg_gate *gate, size_t columns, bool all, int exit, rg_text *ret_text) {
    if (columns < 80)
        columns = 80;
    add_head(gate, columns, ret_text);
    if (gate->n)
        add_rows(gate, columns, all, ret_text);
    rg_text_add(ret_text, "repeat     ");
    add_repeat(gate, ret_text);
    if (gate->exit != RG_EXIT_OK && gate->n) {
        rg_text_add(ret_text, "\nlook at    ");
        add_rerun(gate, ret_text);
    }
    const char *text = rg_exit_text(exit);
    rg_text_printf(ret_text, "\nexit       %d  %s\n", exit, text ? text : "as mapped by --exit");
}

/* --- Markdown --------------------------------------------------------------------------------- */

/* Text inside a table's cell: pipes, line ends and markup lose their meaning. */
static void add_cell(rg_text *out, const char *text) {
    rg_text_add(out, " ");
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text))
            rg_text_add(out, "\\");
        if (iscntrl((unsigned char)*text))
            rg_text_add(out, " ");
        else
            rg_text_add_bytes(out, text, 1);
    }
    rg_text_add(out, " |");
}

static void add_markdown_row(const rg_gate_test *test, rg_text *out) {
    texts t = texts_of(test);
    const char *cells[] = {rg_verdict_word(test->verdict),
                           test->cell,
                           rg_gate_metric_label(test),
                           test->metric == RG_FIG_COUNT ? "" : t.baseline,
                           test->metric == RG_FIG_COUNT ? "" : t.candidate,
                           t.change,
                           t.interval,
                           t.limit,
                           test->note};
    rg_text_add(out, "|");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        add_cell(out, cells[i]);
    rg_text_add(out, "\n");
}

void rg_gate_to_markdown(const rg_gate *gate, int exit, rg_text *ret_text) {
    rg_text_printf(ret_text, "### railgauge gate: %s\n\n", verdict_title(gate));
    counts_text(gate, ret_text);
    rg_text_printf(ret_text, "; %zu cells; exit %d\n\n", gate->n_cells, exit);
    rg_text_add(ret_text, "- ");
    trust_text(gate, ret_text);
    rg_text_add(ret_text, "\n");
    for (size_t i = 0; i < gate->n_notes; i++)
        rg_text_printf(ret_text, "- %s\n", gate->notes[i]);
    rg_text_add(ret_text, "\n| verdict | cell | metric | baseline | candidate | change | 95 % "
                          "interval | tolerance/target | note |\n"
                          "|---|---|---|---:|---:|---:|---:|---:|---|\n");
    size_t shown = 0;
    for (; shown < gate->n && shown < MARKDOWN_ROWS; shown++)
        add_markdown_row(&gate->tests[shown], ret_text);
    if (shown < gate->n)
        rg_text_printf(ret_text, "\n%zu more rows, none worse than these.\n", gate->n - shown);
    rg_text_add(ret_text, "\n    ");
    add_repeat(gate, ret_text);
    rg_text_add(ret_text, "\n");
}
