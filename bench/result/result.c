/* result.c: result.h: the document's members as tables, in both directions. */
#include "bench/result/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"

#define ROW(kind, member)                                                                          \
    { #member, RG_RESULT_##kind, offsetof(rg_result_row, member) }
const rg_result_field rg_result_row_fields[] = {
    ROW(TEXT, cell),
    ROW(TEXT, name),
    ROW(TEXT, workload),
    ROW(TEXT, backend),
    ROW(TEXT, device),
    ROW(TEXT, provenance),
    ROW(TEXT, metric),
    ROW(TEXT, label),
    ROW(TEXT, unit),
    ROW(TEXT, better),
    ROW(TEXT, verdict),
    ROW(REAL, baseline),
    ROW(REAL, baseline_low),
    ROW(REAL, baseline_high),
    ROW(REAL, candidate),
    ROW(REAL, candidate_low),
    ROW(REAL, candidate_high),
    ROW(REAL, change),
    ROW(REAL, change_low),
    ROW(REAL, change_high),
    ROW(REAL, tolerance),
    ROW(REAL, target),
    ROW(REAL, p_worse),
    ROW(REAL, p_better),
    ROW(REAL, q_worse),
    ROW(REAL, q_better),
    ROW(REAL, sd_log),
    ROW(COUNT, rounds_baseline),
    ROW(COUNT, rounds_candidate),
    ROW(COUNT, rounds_needed),
    ROW(COUNT, n_baseline),
    ROW(COUNT, n_candidate),
    ROW(TEXT, method),
    ROW(TEXT, note),
    ROW(TEXT, flags_baseline),
    ROW(TEXT, flags_candidate),
    ROW(TEXT, context_baseline),
    ROW(TEXT, context_candidate),
    ROW(REAL, measured_s),
    ROW(COUNT, line),
    {0},
};

#define SIDE(kind, member)                                                                         \
    { #member, RG_RESULT_##kind, offsetof(rg_result_side, member) }
const rg_result_field rg_result_side_fields[] = {
    SIDE(TEXT, path),
    SIDE(TEXT, scenario),
    SIDE(TEXT, scenario_path),
    SIDE(TEXT, plan),
    SIDE(TEXT, created),
    SIDE(TEXT, program),
    SIDE(TEXT, machine),
    SIDE(TEXT, serial),
    SIDE(TEXT, manifest_sha256),
    SIDE(BOOL, finished),
    {0},
};

/* --- a record by its table -------------------------------------------------------------------- */

static json_t *value_of(const rg_result_field *field, const void *at) {
    switch (field->kind) {
    case RG_RESULT_TEXT:
        return rg_json_clean(*(const char *const *)at ? *(const char *const *)at : "");
    case RG_RESULT_REAL:
        return isfinite(*(const double *)at) ? json_real(*(const double *)at) : json_null();
    case RG_RESULT_COUNT:
        return json_integer((json_int_t) * (const size_t *)at);
    default:
        return json_boolean(*(const bool *)at);
    }
}

json_t *rg_result_write(const rg_result_field *table, const void *record) {
    json_t *object = json_object();
    for (const rg_result_field *f = table; object && f->key; f++) {
        if (json_object_set_new(object, f->key, value_of(f, (const char *)record + f->offset))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* False when the member is there and of another kind. */
static bool take(const rg_result_field *field, const json_t *value, void *at) {
    switch (field->kind) {
    case RG_RESULT_TEXT:
        *(const char **)at = json_is_string(value) ? json_string_value(value) : "";
        return !value || json_is_string(value);
    case RG_RESULT_REAL:
        *(double *)at = json_is_number(value) ? json_number_value(value) : NAN;
        return !value || json_is_null(value) || json_is_number(value);
    case RG_RESULT_COUNT:
        *(size_t *)at = json_is_integer(value) && json_integer_value(value) > 0
                            ? (size_t)json_integer_value(value)
                            : 0;
        return !value || (json_is_integer(value) && json_integer_value(value) >= 0);
    default:
        *(bool *)at = json_is_true(value);
        return !value || json_is_boolean(value);
    }
}

rg_status rg_result_read(const rg_result_field *table, const json_t *object, const char *where,
                         void *record, rg_err *err) {
    if (!json_is_object(object))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s is no object", where);
    for (const rg_result_field *f = table; f->key; f++) {
        if (!take(f, json_object_get(object, f->key), (char *)record + f->offset))
            return rg_fail(err, RG_BAD_DATA, NULL, "%s: member '%s' is of another kind", where,
                           f->key);
    }
    return RG_OK;
}

/* --- the document ----------------------------------------------------------------------------- */

static bool verdict_of(const char *word, rg_verdict *ret_verdict) {
    for (int v = 0; v < RG_VERDICT_COUNT; v++) {
        if (!strcmp(word, rg_verdict_word((rg_verdict)v))) {
            *ret_verdict = (rg_verdict)v;
            return true;
        }
    }
    return false;
}

static rg_status read_rows(rg_result *result, const json_t *tests, const char *origin,
                           rg_err *err) {
    size_t i;
    json_t *line;
    char where[64];
    result->rows = rg_arena_array(result->arena, json_array_size(tests) + 1, sizeof *result->rows);
    if (!result->rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", origin);
    json_array_foreach(tests, i, line) {
        rg_result_row *row = &result->rows[result->n++];
        snprintf(where, sizeof where, "tests[%zu]", i);
        rg_status status = rg_result_read(rg_result_row_fields, line, where, row, err);
        if (status != RG_OK)
            return status;
        if (!verdict_of(row->verdict, &row->verdict_id))
            return rg_fail(err, RG_BAD_DATA, NULL, "%s: no verdict '%s'", where, row->verdict);
        result->counts[row->verdict_id]++;
    }
    return RG_OK;
}

static rg_status read_lists(rg_result *result, const char *origin, rg_err *err) {
    const json_t *notes = json_object_get(result->document, "notes");
    const json_t *causes = json_object_get(result->document, "causes");
    size_t i;
    json_t *item;
    result->notes = rg_arena_array(result->arena, json_array_size(notes) + 1, sizeof(char *));
    rg_result_cause *list =
        rg_arena_array(result->arena, json_array_size(causes) + 1, sizeof *list);
    if (!result->notes || !list)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", origin);
    json_array_foreach(notes, i, item) {
        if (json_is_string(item))
            result->notes[result->n_notes++] = json_string_value(item);
    }
    json_array_foreach(causes, i, item) {
        list[result->n_causes++] = (rg_result_cause){rg_json_get_text(item, "what", ""),
                                                     rg_json_get_text(item, "advice", "")};
    }
    result->causes = list;
    return RG_OK;
}

static rg_status read_document(rg_result *result, const char *origin, rg_err *err) {
    const json_t *document = result->document;
    rg_status status = rg_result_read(rg_result_side_fields, json_object_get(document, "baseline"),
                                      "baseline", &result->baseline, err);
    if (status == RG_OK)
        status = rg_result_read(rg_result_side_fields, json_object_get(document, "candidate"),
                                "candidate", &result->candidate, err);
    const json_t *tests = json_object_get(document, "tests");
    if (status == RG_OK && !json_is_array(tests))
        status = rg_fail(err, RG_BAD_DATA, NULL, "there is no list 'tests'");
    if (status == RG_OK)
        status = read_rows(result, tests, origin, err);
    if (status == RG_OK)
        status = read_lists(result, origin, err);
    result->trust = rg_json_get_text(document, "trust", "");
    result->repeat = rg_json_get_text(document, "repeat", "");
    result->rerun = rg_json_get_text(document, "rerun", "");
    result->n_cells = (size_t)rg_json_get_int(document, "cells", 0);
    result->exit = (int)rg_json_get_int(document, "exit", RG_EXIT_INVALID);
    result->exit_mapped = (int)rg_json_get_int(document, "exit_mapped", result->exit);
    return status;
}

static rg_status check_version(const json_t *document, const char *origin, rg_err *err) {
    if (strcmp(rg_json_get_text(document, "kind", ""), RG_RESULT_KIND))
        return rg_fail(err, RG_BAD_DATA, "name a file that `railgauge gate --result` wrote",
                       "%s holds no result of a gate", origin);
    int64_t schema = rg_json_get_int(document, "schema", 0);
    if (schema < 1 || schema > RG_RESULT_SCHEMA)
        return rg_fail(err, RG_BAD_DATA, "use the version of railgauge that wrote it",
                       "%s has schema %lld, this program reads up to %d", origin, (long long)schema,
                       RG_RESULT_SCHEMA);
    return RG_OK;
}

rg_status rg_result_from_json(json_t *document, const char *origin, rg_result **ret_result,
                              rg_err *err) {
    rg_status status = check_version(document, origin, err);
    if (status != RG_OK)
        return status;
    rg_arena *arena = rg_arena_new(0);
    rg_result *result = arena ? rg_arena_alloc(arena, sizeof *result) : NULL;
    if (!result) {
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", origin);
    }
    *result = (rg_result){.document = json_incref(document), .arena = arena};
    status = read_document(result, origin, err);
    if (status == RG_OK) {
        *ret_result = result;
        return RG_OK;
    }
    rg_err_prefix(err, "%s: ", origin);
    rg_result_free(result);
    return status;
}

void rg_result_free(rg_result *result) {
    if (!result)
        return;
    json_decref(result->document);
    rg_arena_free(result->arena);
}
