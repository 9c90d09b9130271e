/* reportdata.c: what report templates get: bundles, whole or not, as one JSON value. Damage is
 * said, not hidden; whatever can still be read is there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/codes.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/record.h"
#include "bench/result/report_priv.h"

/* --- a damaged bundle ----------------------------------------------------------------------- */

/* The lines of a file that are whole JSON objects; the others are skipped. */
static json_t *good_lines(const rg_bundle *bundle, const char *path) {
    json_t *list = json_array();
    rg_arena *arena = rg_arena_new(0);
    char *data = NULL;
    size_t bytes = 0;
    if (arena)
        rg_bundle_read_file(bundle, path, RG_BUNDLE_LINES_LIMIT, arena, &data, &bytes, NULL);
    while (data && bytes) {
        const char *end = memchr(data, '\n', bytes);
        size_t n = end ? (size_t)(end - data) : bytes;
        json_t *value = NULL;
        if (rg_json_parse(data, n, path, &value, NULL) == RG_OK && json_is_object(value))
            json_array_append_new(list, value);
        else
            json_decref(value);
        data += n + (end != NULL);
        bytes -= n + (end != NULL);
    }
    rg_arena_free(arena);
    return list;
}

/* Rounds that look complete, when opening did not get as far as listing them. */
static void list_rounds(rg_bundle *bundle) {
    char *path = rg_bundle_path(bundle, "rounds");
    DIR *dir = path && !bundle->n_rounds ? opendir(path) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strlen(entry->d_name) == 5 && strspn(entry->d_name, "0123456789") == 5)
            rg_bundle_add_round(bundle, (uint32_t)strtoul(entry->d_name, NULL, 10), NULL);
    }
    if (dir)
        closedir(dir);
    free(path);
}

/* What rg_bundle_open refuses: bundle.json must be readable, the rest is taken as it is. */
static rg_status open_damaged(const char *dir, rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_err first = RG_ERR_INIT;
    rg_status status = rg_bundle_handle(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    status = rg_bundle_load(bundle, &first);
    bool readable = bundle->facts && rg_bundle_plan_hash(bundle)[0] &&
                    rg_json_get_int(bundle->facts, "schema", 0) <= RG_SCHEMA_VERSION;
    if (status != RG_OK && !readable) {
        if (err)
            *err = first;
        rg_bundle_close(bundle);
        return status;
    }
    if (!bundle->cells)
        bundle->cells = good_lines(bundle, "cells.jsonl");
    if (!bundle->records)
        bundle->records = good_lines(bundle, "records.jsonl");
    list_rounds(bundle);
    *ret_bundle = bundle;
    return RG_OK;
}

static rg_status open_any(const char *dir, rg_bundle **ret_bundle, json_t *damage, rg_err *err) {
    rg_err why = RG_ERR_INIT;
    rg_status status = rg_bundle_open(dir, ret_bundle, &why);
    if (status == RG_BAD_DATA) {
        status = open_damaged(dir, ret_bundle, &why);
        if (status == RG_OK)
            json_array_append_new(damage, json_string(why.what));
    }
    if (status == RG_OK)
        return RG_OK;
    if (err)
        *err = why;
    if (status == RG_ABSENT || status == RG_DENIED) {
        status = RG_IO;
        if (err)
            err->status = RG_IO;
    }
    return status;
}

/* --- bundles -------------------------------------------------------------------------------- */

static void note_damage(json_t *damage, const rg_err *why) {
    if (json_array_size(damage) < 20)
        json_array_append_new(damage, json_string(why->what));
}

static void add_manifest_hash(const rg_bundle *bundle, json_t *object) {
    char hash[RG_HASH_HEX], *path = rg_bundle_path(bundle, "MANIFEST.sha256");
    if (path && rg_hash_file(path, hash, NULL) == RG_OK)
        json_object_set_new(object, "manifest_sha256", json_string(hash));
    free(path);
}

static json_t *shared(const json_t *value) {
    return value ? json_incref((json_t *)value) : json_array();
}

static void add_words(rg_text *words, const char *dir, const rg_bundle *bundle,
                      const json_t *damage) {
    if (json_array_size(damage))
        rg_text_printf(words, "%s is damaged; reported is what could be read: %s\n", dir,
                       json_string_value(json_array_get(damage, 0)));
    else if (!rg_bundle_finished(bundle))
        rg_text_printf(words, "%s is unfinished; finish it with: railgauge run --resume %s\n", dir,
                       dir);
}

static rg_status gather_bundle(const char *dir, size_t index, bool with_samples, json_t *list,
                               rg_text *words, rg_err *err) {
    json_t *damage = json_array(), *samples = json_object();
    rg_bundle *bundle = NULL;
    rg_err why = RG_ERR_INIT;
    rg_status status = open_any(dir, &bundle, damage, err);
    if (status == RG_OK && rg_bundle_finished(bundle) && !json_array_size(damage) &&
        rg_bundle_verify(bundle, &why) != RG_OK)
        note_damage(damage, &why);
    if (status == RG_OK && !bundle->records)
        bundle->records = json_array();
    if (status == RG_OK && json_array_size(bundle->records) < json_array_size(bundle->cells))
        status = rg_report_derive(bundle, bundle->records, damage, err);
    if (status == RG_OK && with_samples)
        status = rg_report_samples(bundle, samples, damage, err);
    if (status == RG_OK) {
        const char label[2] = {(char)('A' + index), '\0'};
        json_t *object = json_pack(
            "{s:s, s:s, s:b, s:O, s:o, s:o, s:o, s:O, s:o}", "dir", dir, "label", label, "finished",
            rg_bundle_finished(bundle), "damage", damage, "info", shared(rg_bundle_facts(bundle)),
            "cells", shared(rg_bundle_cells(bundle)), "records", shared(rg_bundle_records(bundle)),
            "samples", samples, "state", rg_report_state(bundle));
        if (rg_bundle_finished(bundle))
            add_manifest_hash(bundle, object);
        if (!object || json_array_append_new(list, object) < 0)
            status = rg_fail(err, RG_USAGE, "give the folder by a name in UTF-8",
                             "the name of bundle %zu is not UTF-8", index + 1);
        add_words(words, dir, bundle, damage);
    }
    json_decref(damage);
    json_decref(samples);
    rg_bundle_close(bundle);
    return status;
}

/* --- the tables of the program -------------------------------------------------------------- */

static json_t *field_list(void) {
    static const char *const better[] = {"", "lower", "higher"};
    json_t *list = json_array();
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        const rg_figure_row *row = &rg_figure_rows[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "key", row->key, "unit",
                                        row->unit, "better", better[row->better], "group",
                                        row->group, "label", row->label, "help", row->help));
    }
    return list;
}

static json_t *code_table(void) {
    static const char *const kinds[] = {"flag", "refusal", "n/a"};
    json_t *table = json_object();
    for (size_t i = 0; i < rg_n_codes; i++) {
        const rg_code *code = &rg_codes[i];
        json_object_set_new(table, code->id,
                            json_pack("{s:s, s:s, s:s, s:s}", "kind", kinds[code->kind], "seen",
                                      code->seen, "why", code->why, "advice", code->advice));
    }
    return table;
}

rg_status rg_report_gather(const char *const *dirs, size_t n_dirs, bool with_samples,
                           json_t **ret_data, rg_text *ret_words, rg_err *err) {
    json_t *bundles = json_array();
    rg_status status = bundles ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < n_dirs; i++)
        status = gather_bundle(dirs[i], i, with_samples, bundles, ret_words, err);
    if (status == RG_OK) {
        *ret_data = json_pack("{s:O, s:o, s:o}", "bundles", bundles, "fields", field_list(),
                              "codes", code_table());
        if (!*ret_data)
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    json_decref(bundles);
    return status;
}
