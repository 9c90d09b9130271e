/* emit_tap.c: a result as TAP version 14: one test point a row with a YAML block of its figures.
 * What did not tell is a TODO, so that harnesses neither count nor hide it; what was declared away
 * is a SKIP. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

/* What stands behind a test point's '#'; NULL: nothing. */
static const char *const directives[RG_VERDICT_COUNT] = {
    [RG_VERDICT_INCONCLUSIVE] = "TODO",
    [RG_VERDICT_SKIPPED] = "SKIP",
};

static bool is_ok(const rg_result_row *row) {
    return rg_verdict_exit(row->verdict_id) == RG_EXIT_OK;
}

/* Description or reason: '#' and '\' have a meaning, line ends would end it. */
static void add_escaped(const char *text, rg_text *out) {
    char safe[4096];
    rg_gate_clean(text, safe, sizeof safe);
    for (const char *at = safe; *at; at++) {
        if (strchr("#\\", *at))
            rg_text_add(out, "\\");
        rg_text_add_bytes(out, at, 1);
    }
}

static void add_yaml_field(const rg_result_field *field, const void *at, rg_text *out) {
    if (field->kind == RG_RESULT_TEXT) {
        json_t *value = rg_json_clean(*(const char *const *)at);
        char *text = value ? rg_json_text(value, 0) : NULL;
        rg_text_printf(out, "  %s: %s\n", field->key, text ? text : "\"\"");
        free(text);
        json_decref(value);
    } else if (field->kind == RG_RESULT_COUNT) {
        rg_text_printf(out, "  %s: %zu\n", field->key, *(const size_t *)at);
    } else if (isfinite(*(const double *)at)) {
        rg_text_printf(out, "  %s: %.17g\n", field->key, *(const double *)at);
    } else {
        rg_text_printf(out, "  %s: null\n", field->key);
    }
}

static void add_point(const rg_result_row *row, size_t number, rg_text *out) {
    const char *directive = directives[row->verdict_id];
    rg_text_printf(out, "%s %zu - ", is_ok(row) ? "ok" : "not ok", number);
    add_escaped(row->name, out);
    rg_text_printf(out, " %s", *row->metric ? row->metric : "cell");
    if (directive) {
        rg_text_printf(out, " # %s ", directive);
        add_escaped(*row->note ? row->note : row->verdict, out);
    }
    rg_text_add(out, "\n  ---\n");
    for (const rg_result_field *f = rg_result_row_fields; f->key; f++)
        add_yaml_field(f, (const char *)row + f->offset, out);
    rg_text_add(out, "  ...\n");
}

void rg_emit_tap(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    rg_text_printf(ret_text, "TAP version 14\n1..%zu\n# railgauge gate: %s\n", result->n,
                   rg_result_title(result));
    for (size_t i = 0; i < result->n; i++)
        add_point(&result->rows[i], i + 1, ret_text);
}
