/* junit.c: see junit.h. */
#include "bench/result/junit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"

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

/* "regressed: p95 18400000 -> 20300000 ns, +10.3 %, 95 % interval +8.9 .. +11.6 %, ..." */
static void message_of(const rg_gate_test *test, rg_text *out) {
    rg_text_printf(out, "%s: ", rg_verdict_word(test->verdict));
    if (test->metric < RG_FIG_COUNT) {
        const rg_figure_row *row = &rg_figure_rows[test->metric];
        rg_text_printf(out, "%s %.6g -> %.6g %s", row->key, test->baseline, test->candidate,
                       row->unit);
        if (isfinite(test->change))
            rg_text_printf(out, ", %+.1f %%", 100 * test->change);
        if (isfinite(test->low) && isfinite(test->high))
            rg_text_printf(out, ", 95 %% interval %+.1f .. %+.1f %%", 100 * test->low,
                           100 * test->high);
        rg_text_printf(out, ", tolerance %g %%, target %g %%", 100 * test->tolerance,
                       100 * test->target);
        rg_text_printf(out, ", rounds %zu and %zu", test->rounds_baseline, test->rounds_candidate);
        if (*test->note)
            rg_text_add(out, "; ");
    }
    rg_text_add(out, test->note);
}

static const json_t *record_of(const rg_gate_side *side, const char *key) {
    size_t i;
    json_t *record;
    json_array_foreach(side->records, i, record) {
        if (!strcmp(rg_json_get_text(record, "cell", ""), key))
            return record;
    }
    return NULL;
}

/* "device.target", or what of it is known. */
static void class_of(const rg_gate *gate, const rg_gate_test *test, rg_text *out) {
    const json_t *record = record_of(&gate->candidate, test->key);
    if (!record)
        record = record_of(&gate->baseline, test->key);
    const char *device = rg_json_get_text(record, "device", "");
    const char *target = rg_json_get_text(record, "target", "");
    rg_text_printf(out, "%s%s%s", *device ? device : "railgauge", *target ? "." : "", target);
}

static void add_case(const rg_gate *gate, const rg_gate_test *test, rg_text *out) {
    static const char *const elements[] = {NULL, "failure", "error", "skipped"};
    const char *element = elements[outcomes[test->verdict]];
    rg_text name = {0}, class = {0}, message = {0};
    rg_text_printf(&name, "%s/%s", test->cell,
                   test->metric < RG_FIG_COUNT ? rg_figure_rows[test->metric].key : "cell");
    class_of(gate, test, &class);
    message_of(test, &message);
    rg_text_add(out, "    <testcase");
    add_attribute(out, "classname", class.data ? class.data : "");
    add_attribute(out, "name", name.data ? name.data : "");
    rg_text_add(out, " time=\"0\"");
    if (element) {
        rg_text_printf(out, ">\n      <%s", element);
        add_attribute(out, "message", message.data ? message.data : "");
        if (outcomes[test->verdict] != SKIPPED)
            add_attribute(out, "type", rg_verdict_word(test->verdict));
        rg_text_add(out, "/>\n    </testcase>\n");
    } else {
        rg_text_add(out, ">\n      <system-out>");
        add_escaped(out, message.data ? message.data : "");
        rg_text_add(out, "</system-out>\n    </testcase>\n");
    }
    rg_text_free(&name);
    rg_text_free(&class);
    rg_text_free(&message);
}

static void add_totals(const rg_gate *gate, rg_text *out) {
    size_t n[4] = {0};
    for (size_t i = 0; i < gate->n; i++)
        n[outcomes[gate->tests[i].verdict]]++;
    rg_text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", gate->n, n[FAILURE],
                   n[ERROR]);
    rg_text_printf(out, " skipped=\"%zu\" time=\"0\"", n[SKIPPED]);
}

void rg_gate_to_junit(const rg_gate *gate, rg_text *ret_text) {
    const json_t *scenario = json_object_get(gate->candidate.facts, "scenario");
    const char *created = rg_json_get_text(gate->candidate.facts, "created", "");
    rg_text_add(ret_text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_totals(gate, ret_text);
    rg_text_add(ret_text, ">\n  <testsuite");
    add_attribute(ret_text, "name", rg_json_get_text(scenario, "name", "railgauge gate"));
    add_totals(gate, ret_text);
    if (*created) {
        char stamp[20]; /* without the zone: what the schema of Jenkins takes */
        snprintf(stamp, sizeof stamp, "%s", created);
        add_attribute(ret_text, "timestamp", stamp);
    }
    rg_text_add(ret_text, ">\n    <properties>\n      <property name=\"baseline\"");
    add_attribute(ret_text, "value", gate->baseline.name);
    rg_text_add(ret_text, "/>\n      <property name=\"candidate\"");
    add_attribute(ret_text, "value", gate->candidate.name);
    rg_text_printf(ret_text,
                   "/>\n      <property name=\"exit\" value=\"%d\"/>\n    </properties>\n",
                   (int)gate->exit);
    for (size_t i = 0; i < gate->n; i++)
        add_case(gate, &gate->tests[i], ret_text);
    rg_text_add(ret_text, "  </testsuite>\n</testsuites>\n");
}
