/* gate_text.c: the gate for people: the first screen of a terminal. The order is that of the
 * questions: is the run trustworthy, did it fail, what, by how much, how sure, how to repeat. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/result/gate_words.h"

enum { FIRST_SCREEN = 20, WIDE = 120 };

static const char marks[RG_VERDICT_COUNT] = {
    [RG_VERDICT_PASS] = ' ',         [RG_VERDICT_REGRESSED] = 'x',      [RG_VERDICT_IMPROVED] = '+',
    [RG_VERDICT_INCONCLUSIVE] = '?', [RG_VERDICT_MISSING] = '!',        [RG_VERDICT_ERROR] = '!',
    [RG_VERDICT_INVALID] = '~',      [RG_VERDICT_NOT_COMPARABLE] = '~', [RG_VERDICT_SKIPPED] = '-',
};

/* --- the head --------------------------------------------------------------------------------- */

static void add_head(const rg_gate *gate, size_t columns, rg_text *out) {
    rg_text line = {0};
    char name[1024];
    rg_gate_clean(gate->baseline.name, name, sizeof name);
    rg_text_printf(out, "baseline   %s\n", name);
    rg_gate_clean(gate->candidate.name, name, sizeof name);
    rg_text_printf(out, "candidate  %s\n", name);
    const json_t *host = json_object_get(gate->candidate.facts, "host");
    const char *machine = rg_json_get_text(host, "board", rg_json_get_text(host, "cpu", NULL));
    if (machine) {
        rg_text_add(out, "device     ");
        rg_gate_wrap(out, machine, 11, 11, columns);
    }
    rg_gate_trust(gate, &line);
    rg_text_add(out, "trust      ");
    rg_gate_wrap(out, line.data ? line.data : "", 11, 11, columns);
    for (size_t i = 0; i < gate->n_notes; i++) {
        rg_text_add(out, "note       ");
        rg_gate_wrap(out, gate->notes[i], 11, 11, columns);
    }
    rg_text_free(&line);
    rg_gate_counts(gate, &line);
    rg_text_printf(out, "\nVERDICT    %s   ", rg_gate_title(gate));
    rg_text body = {0};
    rg_text_printf(&body, "%zu tests of %zu cells (%s)", gate->n, gate->n_cells,
                   line.data ? line.data : "none");
    rg_gate_wrap(out, body.data ? body.data : "", 14 + strlen(rg_gate_title(gate)), 11, columns);
    rg_text_add(out, "\n");
    rg_text_free(&line);
    rg_text_free(&body);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A name in at most `columns`: its middle gives way. */
static void fit_name(const char *raw, size_t columns, char *ret, size_t cap) {
    char name[1024];
    rg_gate_clean(raw, name, sizeof name);
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

/* Narrow: the cell's name on a line of its own, then one line a metric. */
static void add_narrow(const rg_gate_test *test, const char *previous, size_t columns,
                       rg_text *out) {
    char name[512];
    rg_gate_texts t = rg_gate_texts_of(test);
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
        rg_gate_wrap(out, test->note, 6, 6, columns);
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
    rg_gate_texts t = rg_gate_texts_of(test);
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
        rg_gate_wrap(out, test->note, 4, 4, columns);
    } else {
        rg_gate_wrap(out, test->note, at, at, columns);
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

static void add_rerun(const rg_gate *gate, rg_text *out) {
    rg_text path = {0};
    rg_text_printf(&path, "%s/scenario.lua", gate->candidate.name);
    rg_text_add(out, "railgauge run ");
    rg_gate_quote(out, path.data ? path.data : "");
    const json_t *arguments = json_object_get(gate->candidate.facts, "arguments");
    size_t i;
    json_t *set;
    json_array_foreach(json_object_get(arguments, "set"), i, set) {
        if (!json_is_string(set))
            continue;
        rg_text_add(out, " --set ");
        rg_gate_quote(out, json_string_value(set));
    }
    rg_text_add(out, " --only ");
    rg_gate_quote(out, gate->tests[0].cell);
    rg_text_free(&path);
}

void rg_gate_to_text(const rg_gate *gate, size_t columns, bool all, int exit, rg_text *ret_text) {
    if (columns < 80)
        columns = 80;
    add_head(gate, columns, ret_text);
    if (gate->n)
        add_rows(gate, columns, all, ret_text);
    rg_text_add(ret_text, "repeat     ");
    rg_gate_repeat(gate, ret_text);
    if (gate->exit != RG_EXIT_OK && gate->n) {
        rg_text_add(ret_text, "\nlook at    ");
        add_rerun(gate, ret_text);
    }
    const char *text = rg_exit_text(exit);
    rg_text_printf(ret_text, "\nexit       %d  %s\n", exit, text ? text : "as mapped by --exit");
}
