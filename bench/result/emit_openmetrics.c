/* emit_openmetrics.c: a result as OpenMetrics text: one family a metric with the candidate's value
 * of each cell, and families of the changes, the verdicts' counts and the exit code. Labels hold
 * only what a cell keeps from run to run, since GitLab compares the lines by them. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

static void add_label(const char *name, const char *value, const char *before, rg_text *out) {
    rg_text_printf(out, "%s%s=\"", before, name);
    for (; *value; value++) {
        if (*value == '\n')
            rg_text_add(out, "\\n");
        else if (strchr("\\\"", *value))
            rg_text_printf(out, "\\%c", *value);
        else
            rg_text_add_bytes(out, value, 1);
    }
    rg_text_add(out, "\"");
}

static void add_labels(const rg_result_row *row, bool metric, rg_text *out) {
    char key[13];
    snprintf(key, sizeof key, "%s", row->cell);
    add_label("cell", row->name, "{", out);
    add_label("key", key, ",", out);
    if (metric)
        add_label("metric", row->metric, ",", out);
    rg_text_add(out, "}");
}

static void add_family(const char *name, const char *unit, const char *help, rg_text *out) {
    rg_text_printf(out, "# TYPE %s gauge\n", name);
    size_t n = strlen(name), u = strlen(unit);
    if (u && n > u + 1 && name[n - u - 1] == '_' && !strcmp(name + n - u, unit))
        rg_text_printf(out, "# UNIT %s %s\n", name, unit);
    rg_text_printf(out, "# HELP %s %s\n", name, help);
}

/* "railgauge_latency_p95_ns"; other characters than a name may hold become '_'. */
static void family_of(const rg_result_row *row, char *ret, size_t cap) {
    snprintf(ret, cap, "railgauge_%s", row->metric);
    for (; *ret; ret++)
        *ret = (char)(isalnum((unsigned char)*ret) ? *ret : '_');
}

static bool seen_before(const rg_result *result, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (!strcmp(result->rows[k].metric, result->rows[i].metric))
            return true;
    }
    return false;
}

static void add_metric(const rg_result *result, size_t first, rg_text *out) {
    char family[128];
    const rg_result_row *row = &result->rows[first];
    int known = rg_figure_find(row->metric);
    family_of(row, family, sizeof family);
    add_family(family, row->unit, known >= 0 ? rg_figure_rows[known].help : "of the candidate",
               out);
    for (size_t i = first; i < result->n; i++) {
        row = &result->rows[i];
        if (strcmp(row->metric, result->rows[first].metric) || !isfinite(row->candidate))
            continue;
        rg_text_add(out, family);
        add_labels(row, false, out);
        rg_text_printf(out, " %.17g\n", row->candidate);
    }
}

static void add_changes(const rg_result *result, rg_text *out) {
    static const char name[] = "railgauge_change_ratio";
    add_family(name, "ratio", "candidate / baseline - 1", out);
    for (size_t i = 0; i < result->n; i++) {
        if (!*result->rows[i].metric || !isfinite(result->rows[i].change))
            continue;
        rg_text_add(out, name);
        add_labels(&result->rows[i], true, out);
        rg_text_printf(out, " %.17g\n", result->rows[i].change);
    }
}

void rg_emit_openmetrics(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    for (size_t i = 0; i < result->n; i++) {
        if (*result->rows[i].metric && !seen_before(result, i))
            add_metric(result, i, ret_text);
    }
    add_changes(result, ret_text);
    add_family("railgauge_verdicts", "", "tests with this verdict", ret_text);
    for (int v = 0; v < RG_VERDICT_COUNT; v++) {
        rg_text_add(ret_text, "railgauge_verdicts");
        add_label("verdict", rg_verdict_word((rg_verdict)v), "{", ret_text);
        rg_text_printf(ret_text, "} %zu\n", result->counts[v]);
    }
    add_family("railgauge_exit_code", "", "exit code of the gate, before policies", ret_text);
    rg_text_printf(ret_text, "railgauge_exit_code %d\n# EOF\n", result->exit);
}
