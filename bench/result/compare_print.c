/* compare_print.c: a comparison as text, JSON and CSV. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/compare.h"
#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

#define ROW(kind, member)                                                                          \
    { #member, RG_RESULT_##kind, offsetof(rg_compared, member) }
const rg_result_field rg_compared_fields[] = {
    ROW(TEXT, cell),
    ROW(TEXT, name),
    ROW(TEXT, metric),
    ROW(TEXT, label),
    ROW(TEXT, unit),
    ROW(TEXT, better),
    ROW(TEXT, provenance),
    ROW(TEXT, bundle),
    ROW(REAL, value),
    ROW(REAL, low),
    ROW(REAL, high),
    ROW(COUNT, n),
    ROW(COUNT, rounds),
    ROW(REAL, change),
    ROW(REAL, change_low),
    ROW(REAL, change_high),
    ROW(TEXT, method),
    ROW(TEXT, note),
    {0},
};

/* --- JSON and CSV ----------------------------------------------------------------------------- */

static json_t *bundles_to_json(const rg_comparison *comparison) {
    json_t *list = json_array();
    for (size_t s = 0; s < comparison->n_sides; s++) {
        const rg_gate_side *side = &comparison->sides[s];
        const char letter[] = {(char)('A' + s), '\0'};
        json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:b}", "bundle", letter, "path",
                                              rg_json_clean(side->name), "created",
                                              rg_json_get_text(side->facts, "created", ""),
                                              "finished", side->finished));
    }
    return list;
}

json_t *rg_comparison_to_json(const rg_comparison *comparison) {
    json_t *rows = json_array();
    for (size_t i = 0; i < comparison->n; i++)
        json_array_append_new(rows, rg_result_write(rg_compared_fields, &comparison->rows[i]));
    return json_pack("{s:s, s:i, s:o, s:o}", "kind", "railgauge-compare", "schema", 1, "bundles",
                     bundles_to_json(comparison), "rows", rows);
}

void rg_comparison_to_csv(const rg_comparison *comparison, rg_text *ret_text) {
    rg_csv_head(rg_compared_fields, ret_text);
    for (size_t i = 0; i < comparison->n; i++)
        rg_csv_row(rg_compared_fields, &comparison->rows[i], ret_text);
}

/* --- text ------------------------------------------------------------------------------------- */

/* "[1.02, 1.06] ms" in the unit of the value would need care with units: bounds stand with
 * theirs. */
static void bounds_text(const rg_compared *row, char *ret, size_t cap) {
    char low[32], high[32];
    *ret = '\0';
    if (!isfinite(row->low) || !isfinite(row->high))
        return;
    rg_figure_text(row->unit, row->low, low, sizeof low);
    rg_figure_text(row->unit, row->high, high, sizeof high);
    snprintf(ret, cap, "%s .. %s", low, high);
}

static void change_text(const rg_compared *row, char *ret, size_t cap) {
    char change[24];
    rg_change_text(row->change, change, sizeof change);
    if (!strcmp(row->method, "exact") || !isfinite(row->change_low))
        snprintf(ret, cap, "%8s  %s", change, row->method);
    else
        snprintf(ret, cap, "%8s  %+.1f .. %+.1f %%", change, 100 * row->change_low,
                 100 * row->change_high);
}

static void add_row(const rg_compared *row, bool first, size_t columns, rg_text *out) {
    char value[32], bounds[80], change[96], line[256];
    rg_figure_text(row->unit, row->value, value, sizeof value);
    bounds_text(row, bounds, sizeof bounds);
    change_text(row, change, sizeof change);
    bool none = !isfinite(row->change);
    snprintf(line, sizeof line, "  %-14.14s %s %10s  %-24s%s", first ? row->label : "", row->bundle,
             isfinite(row->value) ? value : "", bounds, none ? "" : change);
    size_t n = strlen(line);
    while (n && line[n - 1] == ' ')
        n--;
    rg_text_add_bytes(out, line, n);
    rg_text_add(out, *row->note ? "  " : "\n");
    if (*row->note)
        rg_gate_wrap(out, row->note, n + 2, 19, columns);
}

static void add_heads(const rg_comparison *comparison, rg_text *out) {
    char clean[1024];
    for (size_t s = 0; s < comparison->n_sides; s++) {
        rg_gate_clean(comparison->sides[s].name, clean, sizeof clean);
        rg_text_printf(out, "%c  %s%s\n", (char)('A' + s), clean,
                       comparison->sides[s].finished ? "" : "  (not finished)");
    }
}

void rg_comparison_to_text(const rg_comparison *comparison, size_t columns, rg_text *ret_text) {
    char clean[1024];
    const rg_compared *before = NULL;
    add_heads(comparison, ret_text);
    for (size_t i = 0; i < comparison->n; i++) {
        const rg_compared *row = &comparison->rows[i];
        bool opens = !before || strcmp(before->cell, row->cell);
        if (opens) {
            rg_gate_clean(row->name, clean, sizeof clean);
            rg_text_printf(ret_text, "\n%s%s\n", clean,
                           strcmp(row->provenance, "simulated") ? "" : "  (simulated)");
        }
        add_row(row, opens || strcmp(before->metric, row->metric), columns, ret_text);
        before = row;
    }
    rg_text_add(ret_text, "\nChanges against A with 95 % intervals over rounds; no verdicts: "
                          "`railgauge gate` judges.\n");
}
