/* gate_text.c: the gate for people: the first screen of a terminal. The order is that of the
 * questions: is the run trustworthy, did it fail, what, by how much, how sure, how to repeat. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

enum { FIRST_SCREEN = 20, WIDE = 120, HEAD = 11 };

static const char marks[RG_VERDICT_COUNT] = {
    [RG_VERDICT_PASS] = ' ',         [RG_VERDICT_REGRESSED] = 'x',      [RG_VERDICT_IMPROVED] = '+',
    [RG_VERDICT_INCONCLUSIVE] = '?', [RG_VERDICT_MISSING] = '!',        [RG_VERDICT_ERROR] = '!',
    [RG_VERDICT_INVALID] = '~',      [RG_VERDICT_NOT_COMPARABLE] = '~', [RG_VERDICT_SKIPPED] = '-',
};

/* --- the head --------------------------------------------------------------------------------- */

/* "NAME       TEXT", further lines under the text. */
static void add_item(const char *name, const char *text, size_t columns, rg_text *out) {
    if (!*text)
        return;
    rg_text_printf(out, "%-11s", name);
    rg_gate_wrap(out, text, HEAD, HEAD, columns);
}

static void add_path(const char *name, const char *path, rg_text *out) {
    char clean[1024];
    rg_gate_clean(path, clean, sizeof clean);
    rg_text_printf(out, "%-11s%s\n", name, clean);
}

static void add_head(const rg_result *result, size_t columns, rg_text *out) {
    add_path("baseline", result->baseline.path, out);
    add_path("candidate", result->candidate.path, out);
    add_item("device", result->candidate.machine, columns, out);
    add_item("trust", result->trust, columns, out);
    for (size_t i = 0; i < result->n_notes; i++)
        add_item("note", result->notes[i], columns, out);
}

static void add_verdict(const rg_result *result, size_t columns, rg_text *out) {
    rg_text counts = {0}, body = {0};
    const char *title = rg_result_title(result);
    rg_result_counts(result, &counts);
    rg_text_printf(&body, "%zu tests of %zu cells (%s)", result->n, result->n_cells,
                   counts.data ? counts.data : "none");
    rg_text_printf(out, "\nVERDICT    %s   ", title);
    rg_gate_wrap(out, body.data ? body.data : "", HEAD + 3 + strlen(title), HEAD, columns);
    rg_text_add(out, "\n");
    out->failed |= counts.failed || body.failed;
    rg_text_free(&counts);
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
static void add_narrow(const rg_result_row *row, const char *previous, size_t columns,
                       rg_text *out) {
    char name[512];
    rg_result_texts t = rg_result_texts_of(row);
    if (!previous || strcmp(previous, row->name)) {
        fit_name(row->name, columns - 2, name, sizeof name);
        rg_text_printf(out, "  %s\n", name);
    }
    rg_text_printf(out, "%c   %-12.14s", marks[row->verdict_id], rg_result_label(row));
    if (!*row->metric)
        rg_text_printf(out, " %s\n", row->verdict);
    else
        rg_text_printf(out, " %9s %9s %9s %18s %8s\n", t.baseline, t.candidate, t.change,
                       t.interval, t.limit);
    if (*row->note) {
        rg_text_add(out, "      ");
        rg_gate_wrap(out, row->note, 6, 6, columns);
    }
}

static size_t widest_name(const rg_result *result, size_t most) {
    size_t widest = 4;
    for (size_t i = 0; i < result->n; i++) {
        size_t n = rg_text_columns(result->rows[i].name);
        widest = n > widest ? n : widest;
    }
    return widest < most ? widest : most;
}

static void add_padded(rg_text *out, const char *text, size_t columns) {
    size_t n = rg_text_columns(text);
    rg_text_printf(out, "%s%*s", text, n < columns ? (int)(columns - n) : 0, "");
}

enum { FIXED_WIDE = 2 + 1 + 13 + 10 + 10 + 10 + 20 + 9 + 15 };

static void add_wide(const rg_result_row *row, size_t name_columns, size_t columns, rg_text *out) {
    char name[512];
    rg_result_texts t = rg_result_texts_of(row);
    fit_name(row->name, name_columns, name, sizeof name);
    rg_text_printf(out, "%c ", marks[row->verdict_id]);
    add_padded(out, name, name_columns);
    rg_text_printf(out, " %-12.14s %9s %9s %9s %19s %8s  %-14s", rg_result_label(row), t.baseline,
                   t.candidate, t.change, t.interval, t.limit, row->verdict);
    size_t at = name_columns + FIXED_WIDE;
    if (*row->note && at + 16 > columns) {
        rg_text_add(out, "\n    ");
        rg_gate_wrap(out, row->note, 4, 4, columns);
    } else {
        rg_gate_wrap(out, row->note, at, at, columns);
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

static void add_rows(const rg_result *result, size_t columns, bool all, rg_text *out) {
    bool wide = columns >= WIDE;
    size_t names = wide ? widest_name(result, columns - FIXED_WIDE - 1) : 0;
    const char *previous = NULL;
    size_t shown = 0, passed = 0, left = 0;
    if (wide)
        rg_text_printf(out, "  %-*s %-12s %9s %9s %9s %19s %8s  %s\n", (int)names, "cell", "metric",
                       "baseline", "candidate", "change", "95 % interval", "limits", "verdict");
    else
        rg_text_printf(out, "    %-12s %9s %9s %9s %18s %8s\n", "metric", "baseline", "candidate",
                       "change", "95 % interval", "limits");
    for (size_t i = 0; i < result->n; i++) {
        const rg_result_row *row = &result->rows[i];
        bool quiet = row->verdict_id == RG_VERDICT_PASS || row->verdict_id == RG_VERDICT_SKIPPED;
        if (!all && ((quiet && result->n > FIRST_SCREEN) || shown == FIRST_SCREEN)) {
            passed += quiet;
            left += !quiet;
            continue;
        }
        if (wide)
            add_wide(row, names, columns, out);
        else
            add_narrow(row, previous, columns, out);
        trim_line(out);
        previous = row->name;
        shown++;
    }
    if (left)
        rg_text_printf(out, "  ... and %zu more that did not pass: --all\n", left);
    if (passed)
        rg_text_printf(out, "  ... and %zu that passed or were skipped: --all\n", passed);
    rg_text_add(out, "\n");
}

/* What an exit code of the gate says, shorter than the table of all verbs does. */
static const char *exit_words(const rg_result *result) {
    static const char *const words[] = {
        [RG_EXIT_OK] = "pass",
        [RG_EXIT_REGRESSED] = "regression",
        [RG_EXIT_INCONCLUSIVE] = "inconclusive (--inconclusive pass makes it 0)",
        [RG_EXIT_INCOMPLETE] = "missing or error cells",
        [RG_EXIT_INVALID] = "not comparable, or nothing was judged",
    };
    int code = result->exit_mapped;
    if (code != result->exit || code < 0 || code > RG_EXIT_INVALID)
        return "as mapped by a policy";
    return words[code];
}

/* What may be behind it, and the commands to copy: these are not broken into lines. */
static void add_tail(const rg_result *result, size_t columns, rg_text *out) {
    char clean[4096];
    for (size_t i = 0; i < result->n_causes; i++) {
        add_item(i ? "" : "check", result->causes[i].what, columns, out);
        add_item("", result->causes[i].advice, columns, out);
    }
    rg_gate_clean(result->repeat, clean, sizeof clean);
    rg_text_printf(out, "repeat     %s\n", clean);
    rg_gate_clean(result->rerun, clean, sizeof clean);
    if (*clean)
        rg_text_printf(out, "look at    %s\n", clean);
    rg_text_printf(out, "exit       %d  %s\n", result->exit_mapped, exit_words(result));
}

void rg_emit_text(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    size_t columns = how->columns < 80 ? 80 : how->columns;
    add_head(result, columns, ret_text);
    add_verdict(result, columns, ret_text);
    if (result->n)
        add_rows(result, columns, how->all, ret_text);
    add_tail(result, columns, ret_text);
}
