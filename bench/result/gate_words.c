/* gate_words.c: the figures and sentences that the forms of a result share, and text from strangers
 * made harmless for a terminal and a shell. */
#include "bench/result/gate_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- cells of the table ----------------------------------------------------------------------- */

void rg_figure_text(const char *unit, double value, char *ret, size_t cap) {
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

void rg_change_text(double share, char *ret, size_t cap) {
    if (!isfinite(share))
        snprintf(ret, cap, "%s", "");
    else
        snprintf(ret, cap, "%+.*f %%", fabs(share) < 9.995 ? 1 : 0, 100 * share);
}

/* Shares of events change by points. */
static bool in_points(const rg_result_row *row) {
    return rg_figure_in_points(rg_figure_find(row->metric));
}

static const char *unit_of(const rg_result_row *row) {
    return in_points(row) ? "pt" : "%";
}

/* "+8.9 .. +11.6 %" */
static void interval_text(const rg_result_row *row, char *ret, size_t cap) {
    int digits = in_points(row) ? 2 : 1;
    if (!isfinite(row->change_low) || !isfinite(row->change_high))
        snprintf(ret, cap, "%s", "");
    else if (!strcmp(row->method, "exact"))
        snprintf(ret, cap, "exact");
    else
        snprintf(ret, cap, "%+.*f .. %+.*f %s", digits, 100 * row->change_low, digits,
                 100 * row->change_high, unit_of(row));
}

/* What the verdict was measured by: the tolerance for failures, the target for the rest. */
static void limit_text(const rg_result_row *row, char *ret, size_t cap) {
    if (isnan(row->tolerance))
        snprintf(ret, cap, "%s", "");
    else
        snprintf(ret, cap, "%g/%g %s", 100 * row->tolerance, 100 * row->target, unit_of(row));
}

rg_result_texts rg_result_texts_of(const rg_result_row *row) {
    rg_result_texts t = {0};
    if (in_points(row) && isfinite(row->change))
        snprintf(t.change, sizeof t.change, "%+.2f pt", 100 * row->change);
    else
        rg_change_text(row->change, t.change, sizeof t.change);
    interval_text(row, t.interval, sizeof t.interval);
    limit_text(row, t.limit, sizeof t.limit);
    if (!*row->metric)
        return t;
    rg_figure_text(row->unit, row->baseline, t.baseline, sizeof t.baseline);
    rg_figure_text(row->unit, row->candidate, t.candidate, sizeof t.candidate);
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

void rg_gate_clean(const char *text, char *ret, size_t cap) {
    size_t n = 0;
    while (*text && n + 1 < cap) {
        size_t skip = unprintable((const unsigned char *)text);
        ret[n++] = skip ? '?' : *text;
        text += skip ? skip : 1;
    }
    ret[n] = '\0';
}

void rg_gate_wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns) {
    char safe[4096];
    rg_gate_clean(text, safe, sizeof safe);
    rg_text_wrap(out, safe, at, indent, columns);
}

/* --- sentences ---------------------------------------------------------------------------------
 */

const char *rg_result_title(const rg_result *result) {
    switch (result->exit) {
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

void rg_result_counts(const rg_result *result, rg_text *out) {
    static const rg_verdict order[] = {
        RG_VERDICT_ERROR,    RG_VERDICT_MISSING,        RG_VERDICT_REGRESSED,
        RG_VERDICT_INVALID,  RG_VERDICT_NOT_COMPARABLE, RG_VERDICT_INCONCLUSIVE,
        RG_VERDICT_IMPROVED, RG_VERDICT_PASS,           RG_VERDICT_SKIPPED};
    const char *comma = "";
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!result->counts[order[i]])
            continue;
        rg_text_printf(out, "%s%zu %s", comma, result->counts[order[i]], rg_verdict_word(order[i]));
        comma = ", ";
    }
}

const char *rg_result_label(const rg_result_row *row) {
    return *row->metric ? row->label : "cell";
}

static void add_number(double value, rg_text *out) {
    if (isfinite(value))
        rg_text_printf(out, "%.6g", value);
    else
        rg_text_add(out, "n/a");
}

void rg_result_sentence(const rg_result_row *row, rg_text *out) {
    rg_text_printf(out, "%s: ", row->verdict);
    if (*row->metric) {
        rg_text_printf(out, "%s ", row->metric);
        add_number(row->baseline, out);
        rg_text_add(out, " -> ");
        add_number(row->candidate, out);
        rg_text_printf(out, " %s", row->unit);
        const char *unit = unit_of(row);
        int digits = in_points(row) ? 2 : 1;
        if (isfinite(row->change))
            rg_text_printf(out, ", %+.*f %s", digits, 100 * row->change, unit);
        if (isfinite(row->change_low) && isfinite(row->change_high))
            rg_text_printf(out, ", 95 %% interval %+.*f .. %+.*f %s", digits, 100 * row->change_low,
                           digits, 100 * row->change_high, unit);
        rg_text_printf(out, ", tolerance %g %s, target %g %s", 100 * row->tolerance, unit,
                       100 * row->target, unit);
        rg_text_printf(out, ", rounds %zu and %zu", row->rounds_baseline, row->rounds_candidate);
        if (*row->note)
            rg_text_add(out, "; ");
    }
    rg_text_add(out, row->note);
}

void rg_gate_quote(rg_text *out, const char *raw) {
    char copy[4096];
    rg_gate_clean(raw, copy, sizeof copy);
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
