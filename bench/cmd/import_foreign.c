/* import_foreign.c: files of another tool, read by bench/iface/foreign.h, written by
 * bench/result/imported.h. */
#include "bench/cmd/import_foreign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/result/imported.h"

enum { MOST_BYTES = 256 << 20 };

static double mean_of_rows(const rg_foreign *result) {
    double sum = 0;
    for (size_t i = 0; i < result->n_rows; i++)
        sum += (double)(result->rows[i].end_ns - result->rows[i].start_ns);
    return sum / (double)result->n_rows;
}

/* The log's mean is printed with six digits. */
static bool same_run(const rg_foreign *words, const rg_foreign *rows) {
    double told = rg_json_get_real(words->told, "latency_mean_ns", NAN);
    return words->n == rows->n && fabs(told / mean_of_rows(rows) - 1) < 1e-3;
}

/* Samples without settings belong to the settings without samples that came before them, or the
 * other way round: trtexec writes both, into two files. */
static rg_status join_last(rg_foreign_list *list, rg_err *err) {
    if (list->n < 2)
        return RG_OK;
    rg_foreign *a = &list->items[list->n - 2], *b = &list->items[list->n - 1];
    rg_foreign *rows = a->n_rows ? a : b, *words = a->n_rows ? b : a;
    if (!rows->n_rows || words->n_rows || json_object_size(rows->settings) ||
        !json_object_size(words->settings))
        return RG_OK;
    if (!same_run(words, rows))
        return rg_fail(err, RG_BAD_DATA, "import them one by one, or give the two files of one run",
                       "the log and the times are of two different runs");
    words->rows = rows->rows;
    words->n_rows = rows->n_rows;
    words->n = rows->n;
    json_object_update(words->told, rows->told);
    rg_foreign joined = *words;
    json_decref(rows->told);
    json_decref(rows->settings);
    *a = joined;
    list->n--;
    return RG_OK;
}

static rg_status read_file(const rg_foreign_format *format, const char *path, rg_arena *arena,
                           rg_foreign_list *list, char sha256[RG_HASH_HEX], rg_err *err) {
    char *text = NULL;
    size_t bytes = 0, before = list->n;
    rg_status status = rg_fs_read(arena, path, MOST_BYTES, &text, &bytes, err);
    if (status == RG_OK && memchr(text, '\0', bytes))
        status = rg_fail(err, RG_BAD_DATA, NULL, "it is no text");
    if (status == RG_OK) {
        rg_hash_bytes(text, bytes, sha256);
        status = format->read(text, bytes, arena, list, err);
    }
    if (status == RG_BAD_DATA)
        rg_err_prefix(err, "%s", path);
    if (status == RG_OK && list->n == before + 1)
        status = join_last(list, err);
    return status;
}

static rg_status read_all(const rg_foreign_format *format, const char *const *files, size_t n,
                          rg_arena *arena, rg_foreign_list *list, const char **hashes,
                          rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        char *sha256 = rg_arena_alloc(arena, RG_HASH_HEX);
        if (!sha256)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        status = read_file(format, files[i], arena, list, sha256, err);
        hashes[i] = sha256;
    }
    return status;
}

/* --- what is shown ---------------------------------------------------------------------------- */

static void say(const rg_foreign *result, const char *key, const char *label, char *line,
                size_t cap) {
    double value = rg_json_get_real(result->told, key, NAN);
    size_t used = strlen(line);
    char text[32];
    if (!isfinite(value))
        return;
    if (strstr(key, "_ns"))
        rg_text_duration(value, text, sizeof text);
    else
        snprintf(text, sizeof text, "%.4g", value);
    snprintf(line + used, cap - used, "  %s %s", label, text);
}

static void print_text(const rg_foreign_list *list, const char *dir) {
    for (size_t i = 0; i < list->n; i++) {
        const rg_foreign *r = &list->items[i];
        char line[256] = "";
        say(r, "latency_p50_ns", "p50", line, sizeof line);
        say(r, "latency_p95_ns", "p95", line, sizeof line);
        say(r, "device_mean_ns", "device", line, sizeof line);
        say(r, "throughput_per_s", "inferences/s", line, sizeof line);
        say(r, "tokens_per_s", "tokens/s", line, sizeof line);
        printf("%-32s %7zu samples%s%s\n", *r->workload ? r->workload : "unnamed", r->n_rows, line,
               r->invalid ? "  INVALID" : "");
    }
    printf("imported  %s\n", dir);
}

static rg_status print_json(const rg_foreign_list *list, const char *dir, rg_err *err) {
    json_t *results = json_array();
    for (size_t i = 0; i < list->n; i++) {
        const rg_foreign *r = &list->items[i];
        json_array_append_new(results,
                              json_pack("{s:s, s:s, s:s, s:I, s:O, s:O, s:s?}", "workload",
                                        r->workload, "device", r->device, "version", r->version,
                                        "samples", (json_int_t)r->n_rows, "told", r->told,
                                        "settings", r->settings, "invalid", r->invalid));
    }
    json_t *all = json_pack("{s:o, s:o}", "bundle", rg_json_clean(dir), "results", results);
    rg_status status = rg_print_json(all, err);
    json_decref(all);
    return status;
}

/* A name for those that tell none, several of them apart by the bundle's own numbers. */
static void name_all(rg_foreign_list *list, const char *model) {
    for (size_t i = 0; i < list->n; i++) {
        if (!*list->items[i].workload)
            list->items[i].workload = model;
    }
}

static rg_status tell_invalid(const rg_foreign_list *list, rg_err *err) {
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].invalid)
            return rg_fail(err, RG_INVALID, "look into the tool's own log for why", "%s",
                           list->items[i].invalid);
    }
    return RG_OK;
}

rg_status rg_import_foreign(const rg_foreign_format *format, const char *const *files, size_t n,
                            const char *out, const char *model, bool json, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_foreign_list *list = calloc(1, sizeof *list);
    const char **hashes = arena ? rg_arena_array(arena, n + 1, sizeof *hashes) : NULL;
    const char *dir = NULL;
    rg_status status = hashes && list ? read_all(format, files, n, arena, list, hashes, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    const rg_imported_spec spec = {out, format->name, files, hashes, n};
    if (status == RG_OK) {
        name_all(list, model);
        status = rg_imported_write(list, &spec, arena, &dir, err);
    }
    if (status == RG_OK && json)
        status = print_json(list, dir, err);
    else if (status == RG_OK)
        print_text(list, dir);
    if (status == RG_OK)
        status = tell_invalid(list, err);
    if (list)
        rg_foreign_clear(list);
    free(list);
    rg_arena_free(arena);
    return status;
}
