/* gate_words.c: the figures and sentences that the gate's text and Markdown share, and text from
 * strangers made harmless for a terminal and a shell. */
#include "bench/result/gate_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

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

rg_gate_texts rg_gate_texts_of(const rg_gate_test *test) {
    rg_gate_texts t;
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

const char *rg_gate_title(const rg_gate *gate) {
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
void rg_gate_counts(const rg_gate *gate, rg_text *out) {
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

void rg_gate_trust(const rg_gate *gate, rg_text *out) {
    static const char *const flags[] = {"throttled", "hot",           "unstable",
                                        "busy",      "clock-changed", "state-changed"};
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

/* A word for a POSIX shell. */
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

void rg_gate_repeat(const rg_gate *gate, rg_text *out) {
    rg_text_add(out, "railgauge gate --baseline ");
    rg_gate_quote(out, gate->baseline.name);
    rg_text_add(out, " --candidate ");
    rg_gate_quote(out, gate->candidate.name);
}
