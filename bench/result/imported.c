/* imported.c: a bundle of foreign results (imported.h). */
#include "bench/result/imported.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/result/bundle.h"
#include "bench/result/derive.h"

/* What a cell of another tool is: its model, the tool, and what the tool says about its run. */
static json_t *requested_of(const rg_foreign *result, const char *format) {
    return json_pack("{s:s, s:s, s:s, s:O}", "workload", result->workload, "target", format,
                     "device", result->device, "options", result->settings);
}

/* "yolov8s/hailortcli", with its number where a name is there already. */
static const char *name_of(const rg_foreign_list *list, size_t i, const char *format,
                           rg_arena *arena) {
    size_t same = 0;
    for (size_t k = 0; k < i; k++)
        same += !strcmp(list->items[k].workload, list->items[i].workload);
    const char *workload = *list->items[i].workload ? list->items[i].workload : "unnamed";
    return same ? rg_arena_printf(arena, "%s/%s/%zu", workload, format, same + 1)
                : rg_arena_printf(arena, "%s/%s", workload, format);
}

static rg_status make_cells(const rg_foreign_list *list, const char *format, rg_arena *arena,
                            rg_cell *cells, json_t *lines, rg_err *err) {
    for (size_t i = 0; i < list->n; i++) {
        json_t *requested = requested_of(&list->items[i], format);
        char *text = requested ? json_dumps(requested, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
        const char *name = name_of(list, i, format, arena);
        const char *salted = text && name ? rg_arena_printf(arena, "%s%s", text, name) : NULL;
        if (salted)
            rg_hash_bytes(salted, strlen(salted), cells[i].key);
        free(text);
        cells[i].name = name;
        json_t *line =
            salted ? json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:i, s:O}", "key", cells[i].key,
                               "name", name, "workload", list->items[i].workload, "target", format,
                               "device", list->items[i].device, "pattern", "kind", "tool", "batch",
                               1, "requested", requested)
                   : NULL;
        json_decref(requested);
        if (!line || json_array_append_new(lines, line))
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    return RG_OK;
}

static json_t *facts_of(const rg_foreign *result, const rg_cell *cell) {
    json_t *facts =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:i, s:O, s:I, s:{s:O}, s:{s:s, s:s}}", "cell",
                  cell->key, "name", cell->name, "round", 0, "status",
                  result->invalid ? "failed" : "ok", "provenance", "imported", "block", 1, "warmup",
                  0, "told", result->told, "told_n", (json_int_t)result->n, "settings", "effective",
                  result->settings, "tool", "version", result->version, "device", result->device);
    if (facts && result->invalid) {
        json_object_set_new(facts, "what", json_string(result->invalid));
        json_object_set_new(facts, "advice", json_string("look into the tool's own log for why"));
    }
    return facts;
}

static rg_status put_cell(rg_bundle *bundle, const rg_foreign *result, const rg_cell *cell,
                          uint32_t i, json_t *lines, json_t *records, rg_err *err) {
    _Static_assert(sizeof(rg_foreign_row) == sizeof(rg_sample), "rows are samples");
    rg_round round = {.cell = i,
                      .order = i,
                      .status = result->invalid ? RG_FAILED : RG_OK,
                      .samples = (const rg_sample *)result->rows,
                      .n_samples = result->n_rows};
    json_t *record = NULL;
    round.facts = facts_of(result, cell);
    rg_status status = round.facts ? rg_bundle_put_round(bundle, &round, err)
                                   : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_derive_cell(json_array_get(lines, i), &round, 1, &record, err);
    if (status == RG_OK)
        status = rg_record_check(record, err);
    if (record)
        json_array_append_new(records, record);
    json_decref(round.facts);
    return status;
}

static rg_status fill(rg_bundle *bundle, const rg_foreign_list *list, const rg_cell *cells,
                      json_t *lines, rg_err *err) {
    json_t *records = json_array();
    rg_status status = rg_bundle_put_cells(bundle, lines, err);
    for (uint32_t i = 0; status == RG_OK && i < list->n; i++)
        status = put_cell(bundle, &list->items[i], &cells[i], i, lines, records, err);
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK)
        status = rg_bundle_finish(bundle, err);
    json_decref(records);
    return status;
}

/* Which files it came from stands in bundle.json. */
static json_t *bundle_facts(const rg_imported_spec *spec) {
    json_t *files = json_array();
    for (size_t i = 0; i < spec->n_files; i++)
        json_array_append_new(files, json_pack("{s:o, s:s}", "path", rg_json_clean(spec->files[i]),
                                               "sha256", spec->sha256[i]));
    return json_pack("{s:{s:s, s:o}}", "imported", "format", spec->format, "files", files);
}

static rg_status write_bundle(const rg_foreign_list *list, const rg_imported_spec *spec,
                              const rg_plan *plan, json_t *lines, rg_arena *arena,
                              const char **ret_dir, rg_err *err) {
    json_t *facts = bundle_facts(spec);
    const rg_bundle_spec made = {.out = spec->out,
                                 .plan = plan,
                                 .scenario = "-- imported: there was no scenario\n",
                                 .facts = facts};
    rg_bundle *bundle = NULL;
    rg_status status = rg_bundle_create(&made, &bundle, err);
    if (status == RG_OK)
        status = fill(bundle, list, plan->cells, lines, err);
    if (status == RG_OK && !(*ret_dir = rg_arena_strdup(arena, rg_bundle_dir(bundle))))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_bundle_close(bundle);
    json_decref(facts);
    return status;
}

rg_status rg_imported_write(const rg_foreign_list *list, const rg_imported_spec *spec,
                            rg_arena *arena, const char **ret_dir, rg_err *err) {
    rg_cell *cells = rg_arena_array(arena, list->n + 1, sizeof *cells);
    json_t *lines = json_array();
    rg_text keys = {0};
    if (!list->n)
        return rg_fail(err, RG_USAGE, NULL, "there is no result to import");
    rg_status status = cells && lines ? make_cells(list, spec->format, arena, cells, lines, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_plan plan = {.name = rg_arena_printf(arena, "imported-%s", spec->format),
                    .summary = "What another tool measured",
                    .cells = cells,
                    .n_cells = list->n,
                    .rounds = 1};
    for (size_t i = 0; status == RG_OK && i < list->n; i++)
        rg_text_printf(&keys, "%s\n", cells[i].key);
    if (status == RG_OK && (keys.failed || !plan.name))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        rg_hash_bytes(keys.data, keys.bytes, plan.hash);
        status = write_bundle(list, spec, &plan, lines, arena, ret_dir, err);
    }
    rg_text_free(&keys);
    json_decref(lines);
    return status;
}
