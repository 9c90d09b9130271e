/* junit.c: a result as JUnit XML, in the subset that Jenkins and GitLab both read:
 * testsuites > testsuite > testcase > failure | error | skipped, with all numbers in the message,
 * since GitLab ignores properties. regressed is a failure; missing, error, invalid and
 * not-comparable are errors; inconclusive and skipped are skipped. Characters that XML 1.0 cannot
 * hold become '?'. */
#include "bench/result/emit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/result/gate_words.h"

/* What a verdict becomes. */
typedef enum outcome { PASSED, FAILURE, ERROR, SKIPPED } outcome;

static const outcome outcomes[RG_VERDICT_COUNT] = {
    [RG_VERDICT_PASS] = PASSED,       [RG_VERDICT_IMPROVED] = PASSED,
    [RG_VERDICT_REGRESSED] = FAILURE, [RG_VERDICT_INCONCLUSIVE] = SKIPPED,
    [RG_VERDICT_MISSING] = ERROR,     [RG_VERDICT_ERROR] = ERROR,
    [RG_VERDICT_INVALID] = ERROR,     [RG_VERDICT_NOT_COMPARABLE] = ERROR,
    [RG_VERDICT_SKIPPED] = SKIPPED,
};

/* Bytes of the character at `p` when XML 1.0 may hold it, 0 when it is to become '?'. The sides'
 * JSON is valid UTF-8 already; folder names may be anything. */
static size_t xml_character(const unsigned char *p) {
    size_t n = *p < 0x80                 ? 1
               : *p >= 0xC2 && *p < 0xE0 ? 2
               : (*p & 0xF0) == 0xE0     ? 3
               : *p >= 0xF0 && *p < 0xF5 ? 4
                                         : 0;
    if (n == 1)
        return *p >= 0x20 || *p == '\t' || *p == '\n';
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong =
        (n == 3 && p[0] == 0xE0 && p[1] < 0xA0) || (n == 4 && p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = n == 3 && p[0] == 0xED && p[1] >= 0xA0;
    bool beyond = n == 4 && p[0] == 0xF4 && p[1] >= 0x90;
    bool no_character = n == 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE;
    return overlong || surrogate || beyond || no_character ? 0 : n;
}

static void add_escaped(rg_text *out, const char *text) {
    while (*text) {
        size_t n = xml_character((const unsigned char *)text);
        if (*text == '&')
            rg_text_add(out, "&amp;");
        else if (*text == '<')
            rg_text_add(out, "&lt;");
        else if (*text == '>')
            rg_text_add(out, "&gt;");
        else if (*text == '"')
            rg_text_add(out, "&quot;");
        else if (*text == '\n')
            rg_text_add(out, "&#10;");
        else if (n)
            rg_text_add_bytes(out, text, n);
        else
            rg_text_add(out, "?");
        text += n ? n : 1;
    }
}

static void add_attribute(rg_text *out, const char *name, const char *value) {
    rg_text_printf(out, " %s=\"", name);
    add_escaped(out, value);
    rg_text_add(out, "\"");
}

/* "device.backend", or what of it is known. */
static void class_of(const rg_result_row *row, rg_text *out) {
    rg_text_printf(out, "%s%s%s", *row->device ? row->device : "railgauge",
                   *row->backend ? "." : "", row->backend);
}

static void add_outcome(const rg_result_row *row, const char *message, rg_text *out) {
    static const char *const elements[] = {NULL, "failure", "error", "skipped"};
    outcome is = outcomes[row->verdict_id];
    if (is == PASSED) {
        rg_text_add(out, ">\n      <system-out>");
        add_escaped(out, message);
        rg_text_add(out, "</system-out>\n    </testcase>\n");
        return;
    }
    rg_text_printf(out, ">\n      <%s", elements[is]);
    add_attribute(out, "message", message);
    if (is != SKIPPED)
        add_attribute(out, "type", row->verdict);
    rg_text_add(out, "/>\n    </testcase>\n");
}

/* How many tests each cell has. */
static json_t *tests_by_cell(const rg_result *result) {
    json_t *counts = json_object();
    for (size_t i = 0; counts && i < result->n; i++) {
        const char *key = result->rows[i].cell;
        json_int_t n = json_integer_value(json_object_get(counts, key));
        json_object_set_new(counts, key, json_integer(n + 1));
    }
    return counts;
}

/* A cell is measured once for all its tests: each has its share of the time, so that they add up.
 */
static double seconds_of(const rg_result_row *row, const json_t *counts) {
    json_int_t n = json_integer_value(json_object_get(counts, row->cell));
    return n && isfinite(row->measured_s) ? row->measured_s / (double)n : 0;
}

static void add_case(const rg_result_row *row, const json_t *counts, rg_text *out) {
    rg_text name = {0}, class = {0}, message = {0};
    rg_text_printf(&name, "%s/%s", row->name, *row->metric ? row->metric : "cell");
    class_of(row, &class);
    rg_result_sentence(row, &message);
    out->failed |= name.failed || class.failed || message.failed;
    rg_text_add(out, "    <testcase");
    add_attribute(out, "classname", class.data ? class.data : "");
    add_attribute(out, "name", name.data ? name.data : "");
    rg_text_printf(out, " time=\"%.3f\"", seconds_of(row, counts));
    add_outcome(row, message.data ? message.data : "", out);
    rg_text_free(&name);
    rg_text_free(&class);
    rg_text_free(&message);
}

static void add_totals(const rg_result *result, const json_t *counts, rg_text *out) {
    size_t n[4] = {0};
    double seconds = 0;
    for (size_t i = 0; i < result->n; i++) {
        n[outcomes[result->rows[i].verdict_id]]++;
        seconds += seconds_of(&result->rows[i], counts);
    }
    rg_text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", result->n, n[FAILURE],
                   n[ERROR]);
    rg_text_printf(out, " skipped=\"%zu\" time=\"%.3f\"", n[SKIPPED], seconds);
}

static void add_property(rg_text *out, const char *name, const char *value) {
    rg_text_add(out, "      <property");
    add_attribute(out, "name", name);
    add_attribute(out, "value", value);
    rg_text_add(out, "/>\n");
}

static void add_properties(const rg_result *result, rg_text *out) {
    char exit[16];
    snprintf(exit, sizeof exit, "%d", result->exit);
    rg_text_add(out, "    <properties>\n");
    add_property(out, "baseline", result->baseline.path);
    add_property(out, "candidate", result->candidate.path);
    add_property(out, "trust", result->trust);
    add_property(out, "exit", exit);
    rg_text_add(out, "    </properties>\n");
}

void rg_emit_junit(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    json_t *counts = tests_by_cell(result);
    const char *name = result->candidate.scenario;
    rg_text_add(ret_text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_totals(result, counts, ret_text);
    rg_text_add(ret_text, ">\n  <testsuite");
    add_attribute(ret_text, "name", *name ? name : "railgauge gate");
    add_totals(result, counts, ret_text);
    if (*result->candidate.created) {
        char stamp[20]; /* without the zone: what the schema of Jenkins takes */
        snprintf(stamp, sizeof stamp, "%s", result->candidate.created);
        add_attribute(ret_text, "timestamp", stamp);
    }
    if (*result->candidate.machine)
        add_attribute(ret_text, "hostname", result->candidate.machine);
    rg_text_add(ret_text, ">\n");
    add_properties(result, ret_text);
    for (size_t i = 0; i < result->n; i++)
        add_case(&result->rows[i], counts, ret_text);
    rg_text_add(ret_text, "  </testsuite>\n</testsuites>\n");
    json_decref(counts);
}
