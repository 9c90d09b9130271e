/* accuracy_run.c: see accuracy_run.h. */
#include "bench/cmd/accuracy_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/bundle.h"

/* --- from the bundle -------------------------------------------------------------------------- */

static const char *sha256_of(const json_t *record) {
    const json_t *context = json_object_get(record, "context");
    return rg_json_get_text(json_object_get(context, "workload"), "sha256", "");
}

/* A figure of the record, or the reason why it has none. */
static json_t *figure_of(const json_t *record, const char *key) {
    json_t *figure = json_object_get(json_object_get(record, "figures"), key);
    return figure ? json_incref(figure) : json_pack("{s:s}", "na", "not-measured");
}

static json_t *cell_of(const json_t *record, const char *of) {
    static const char *const copied[] = {"target",  "status", "provenance", "pattern",
                                         "threads", "batch",  "flags"};
    json_t *row = json_pack("{s:s, s:s}", "of", of, "cell", rg_json_get_text(record, "name", "?"));
    for (size_t i = 0; row && i < sizeof copied / sizeof copied[0]; i++) {
        if (json_object_get(record, copied[i]))
            json_object_set(row, copied[i], json_object_get(record, copied[i]));
    }
    json_object_set_new(row, "p95", figure_of(record, "latency_p95_ns"));
    json_object_set_new(row, "energy", figure_of(record, "energy_total_uj"));
    const char *scope = rg_json_get_text(json_object_get(record, "energy"), "scope", NULL);
    if (scope)
        json_object_set_new(row, "energy_scope", json_string(scope));
    return row;
}

/* The cells that ran the file; how many. */
static rg_status add_cells(const json_t *records, const char *file, const char *of, json_t *cells,
                           size_t *ret_n, rg_err *err) {
    char hash[RG_HASH_HEX];
    const json_t *record;
    size_t i;
    rg_status status = rg_hash_file(file, hash, err);
    *ret_n = 0;
    if (status != RG_OK)
        return status;
    json_array_foreach(records, i, record) {
        if (strcmp(sha256_of(record), hash))
            continue;
        json_array_append_new(cells, cell_of(record, of));
        ++*ret_n;
    }
    return RG_OK;
}

rg_status rg_accuracy_measured(const char *dir, const char *model, const char *twin,
                               json_t **ret_measured, rg_err *err) {
    rg_bundle *bundle = NULL;
    json_t *cells = json_array();
    size_t n = 0, n_twin = 0;
    rg_status status = cells ? rg_bundle_open(dir, &bundle, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    const json_t *records = status == RG_OK ? rg_bundle_records(bundle) : NULL;
    if (status == RG_OK)
        status = add_cells(records, model, "model", cells, &n, err);
    if (status == RG_OK && twin)
        status = add_cells(records, twin, "float", cells, &n_twin, err);
    if (status == RG_OK && n == 0)
        status = rg_fail(err, RG_USAGE, "run a scenario with a cell {file = ...} for this file",
                         "no cell of %s ran %s (by the SHA-256 of its bytes)", dir, model);
    json_t *all = status == RG_OK
                      ? json_pack("{s:o, s:b, s:O}", "bundle", rg_json_clean(dir), "finished",
                                  rg_bundle_finished(bundle), "cells", cells)
                      : NULL;
    if (status == RG_OK && !all)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_decref(cells);
    rg_bundle_close(bundle);
    if (status == RG_OK)
        *ret_measured = all;
    return status;
}

/* --- text ------------------------------------------------------------------------------------- */

static void joules_text(double uj, char *ret, size_t cap) {
    rg_text_si(uj * 1e-6, "J", ret, cap);
}

/* "1.04 ms [880 us, 1.23 ms]", or why there is none. */
static void figure_text(const json_t *figure, void (*word)(double, char *, size_t), char *ret,
                        size_t cap) {
    char value[32], low[32], high[32];
    const char *na = rg_json_get_text(figure, "na", NULL);
    double bottom = rg_json_get_real(figure, "low", NAN);
    if (na) {
        snprintf(ret, cap, "n/a (%s)", na);
        return;
    }
    word(rg_json_get_real(figure, "value", NAN), value, sizeof value);
    word(bottom, low, sizeof low);
    word(rg_json_get_real(figure, "high", NAN), high, sizeof high);
    if (isfinite(bottom))
        snprintf(ret, cap, "%s [%s, %s]", value, low, high);
    else
        snprintf(ret, cap, "%s", value);
}

static void print_cell(const json_t *cell) {
    char p95[112], energy[112];
    figure_text(json_object_get(cell, "p95"), rg_text_duration, p95, sizeof p95);
    figure_text(json_object_get(cell, "energy"), joules_text, energy, sizeof energy);
    printf("  %-6s %-32s %-32s %-9s %s (%s, %s)\n", rg_json_get_text(cell, "of", "?"), p95, energy,
           rg_json_get_text(cell, "energy_scope", "n/a"), rg_json_get_text(cell, "cell", "?"),
           rg_json_get_text(cell, "status", "?"), rg_json_get_text(cell, "provenance", "?"));
}

void rg_accuracy_print_measured(const json_t *measured) {
    const json_t *cell;
    size_t i;
    printf("measured in    %s%s\n", rg_json_get_text(measured, "bundle", "?"),
           rg_json_get_bool(measured, "finished", false) ? "" : ", which is not finished");
    printf("  %-6s %-32s %-32s %-9s %s\n", "", "p95 [95 %]", "energy an inference [U, k=2]",
           "scope", "cell");
    json_array_foreach(json_object_get(measured, "cells"), i, cell) print_cell(cell);
}
