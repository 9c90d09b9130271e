/* store_read.c: runs found by id, name or baseline, and given out again: as the folder that they
 * came from, or as a side of the gate straight from the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/storage.h"
#include "bench/result/store_priv.h"

/* Columns of RG_SQL_RUN_COLUMNS. False without memory. */
static bool read_run(rg_store *store, rg_sql sql, rg_arena *arena, rg_store_run *run) {
    *run = (rg_store_run){.id = rg_store_int(store, sql, 0),
                          .bundle = rg_store_text(store, sql, 1, arena),
                          .name = rg_store_text(store, sql, 2, arena),
                          .created = rg_store_text(store, sql, 3, arena),
                          .imported = rg_store_text(store, sql, 4, arena),
                          .origin = rg_store_text(store, sql, 5, arena),
                          .cells = rg_store_int(store, sql, 6),
                          .rounds = rg_store_int(store, sql, 7),
                          .bytes = rg_store_int(store, sql, 8)};
    return run->bundle && run->name && run->created && run->imported && run->origin;
}

/* The rows of a started statement; *ret_n counts them all, the first two are kept. */
static rg_status read_two(rg_store *store, rg_sql sql, rg_status started, rg_arena *arena,
                          rg_store_run two[2], size_t *ret_n, rg_err *err) {
    rg_status status = started;
    *ret_n = 0;
    while (rg_store_row(store, sql, &status, err)) {
        if (*ret_n < 2 && !read_run(store, sql, arena, &two[*ret_n])) {
            rg_store_end(store, sql);
            return rg_store_no_memory(err);
        }
        ++*ret_n;
    }
    return status;
}

static rg_status find_by_id(rg_store *store, const char *word, rg_arena *arena, rg_store_run two[2],
                            size_t *ret_n, rg_err *err) {
    char end[RG_HASH_HEX + 1];
    *ret_n = 0;
    if (!rg_store_is_id(word))
        return RG_OK;
    rg_store_prefix_end(word, end);
    return read_two(store, RG_SQL_RUN_BY_BUNDLE,
                    rg_store_start(store, RG_SQL_RUN_BY_BUNDLE, err, "tt", word, end), arena, two,
                    ret_n, err);
}

static rg_status find_by_baseline(rg_store *store, const char *word, rg_arena *arena,
                                  rg_store_run two[2], size_t *ret_n, rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_BASELINE_NOW, err, "t", word);
    const char *bundle = NULL;
    *ret_n = 0;
    if (rg_store_row(store, RG_SQL_BASELINE_NOW, &status, err)) {
        bundle = rg_store_text(store, RG_SQL_BASELINE_NOW, 2, arena);
        rg_store_end(store, RG_SQL_BASELINE_NOW);
    }
    return status == RG_OK && bundle ? find_by_id(store, bundle, arena, two, ret_n, err) : status;
}

static rg_status find_by_name(rg_store *store, const char *word, rg_arena *arena,
                              rg_store_run two[2], size_t *ret_n, rg_err *err) {
    return read_two(store, RG_SQL_RUN_BY_NAME,
                    rg_store_start(store, RG_SQL_RUN_BY_NAME, err, "t", word), arena, two, ret_n,
                    err);
}

rg_status rg_store_find_run(rg_store *store, const char *word, rg_arena *arena,
                            rg_store_run *ret_run, rg_err *err) {
    rg_status (*const ways[])(rg_store *, const char *, rg_arena *, rg_store_run[2], size_t *,
                              rg_err *) = {find_by_baseline, find_by_id, find_by_name};
    rg_store_run two[2];
    size_t n = 0;
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && n == 0 && i < sizeof ways / sizeof ways[0]; i++)
        status = ways[i](store, word, arena, two, &n, err);
    if (status != RG_OK)
        return status;
    if (n == 0)
        return rg_fail(err, RG_USAGE, "see `railgauge db runs` and `railgauge baseline list`",
                       "store %s has no baseline, run or bundle '%s'", store->path, word);
    if (n > 1)
        return rg_fail(err, RG_USAGE, "write more digits of the bundle's id",
                       "'%s' can be %zu runs, %.12s and %.12s among them", word, n, two[0].bundle,
                       two[1].bundle);
    *ret_run = two[0];
    return RG_OK;
}

rg_status rg_store_runs(rg_store *store, rg_arena *arena, rg_store_run **ret_runs, size_t *ret_n,
                        rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_RUNS, err, "");
    rg_store_run *runs = NULL;
    size_t n = 0, cap = 0;
    while (rg_store_row(store, RG_SQL_RUNS, &status, err)) {
        runs = rg_store_grow(arena, runs, n, &cap, sizeof *runs);
        if (!runs || !read_run(store, RG_SQL_RUNS, arena, &runs[n])) {
            rg_store_end(store, RG_SQL_RUNS);
            return rg_store_no_memory(err);
        }
        n++;
    }
    if (status == RG_OK) {
        *ret_runs = runs;
        *ret_n = n;
    }
    return status;
}

/* --- out again ---------------------------------------------------------------------------------
 */

static rg_status make_parents(const char *dir, const char *path, rg_err *err) {
    char parent[4096];
    int n = snprintf(parent, sizeof parent, "%s/%s", dir, path);
    if (n < 0 || (size_t)n >= sizeof parent)
        return rg_fail(err, RG_IO, NULL, "path too long: %s/%s", dir, path);
    *strrchr(parent, '/') = '\0';
    return rg_fs_mkdirs(parent, err);
}

/* A file of the current row into `dir`, its content checked against its hash. */
static rg_status write_file(rg_store *store, const char *dir, rg_err *err) {
    sqlite3_stmt *row = store->statements[RG_SQL_FILES];
    const char *path = (const char *)sqlite3_column_text(row, 0);
    const char *promised = (const char *)sqlite3_column_text(row, 1);
    const void *data = sqlite3_column_blob(row, 3);
    size_t bytes = (size_t)sqlite3_column_bytes(row, 3);
    char hash[RG_HASH_HEX];
    rg_hash_bytes(data ? data : "", bytes, hash);
    if (!path || !promised || !rg_bundle_path_plain(path) || strcmp(hash, promised))
        return rg_fail(err, RG_BAD_DATA, "look with `railgauge db check`, put back a copy",
                       "store %s is damaged: %s is not what was imported", store->path,
                       path ? path : "a file");
    rg_status status = make_parents(dir, path, err);
    if (status != RG_OK)
        return status;
    char full[4096];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    return rg_storage_put(&rg_storage_real, full, data ? data : "", bytes, err);
}

static rg_status write_files(rg_store *store, const rg_store_run *run, const char *dir,
                             rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_FILES, err, "i", run->id);
    while (rg_store_row(store, RG_SQL_FILES, &status, err)) {
        status = write_file(store, dir, err);
        if (status != RG_OK)
            rg_store_end(store, RG_SQL_FILES);
    }
    return status;
}

rg_status rg_store_export(rg_store *store, const rg_store_run *run, const char *dir, rg_err *err) {
    char part[4000];
    int n = snprintf(part, sizeof part, "%s.%ld.tmp", dir, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof part)
        return rg_fail(err, RG_IO, NULL, "path too long: %s", dir);
    if (rg_fs_exists(dir))
        return rg_fail(err, RG_USAGE, "name a folder that does not exist", "%s exists already",
                       dir);
    rg_status status = rg_fs_mkdirs(part, err);
    if (status == RG_OK)
        status = write_files(store, run, part, err);
    if (status == RG_OK && rename(part, dir) < 0)
        status = rg_fail(err, RG_IO, "name a folder that does not exist", "cannot make %s: %s", dir,
                         strerror(errno));
    if (status != RG_OK)
        rg_fs_remove_tree(part, NULL);
    return status;
}

/* --- as a side of the gate ---------------------------------------------------------------------
 */

/* A file's text in the arena; RG_ABSENT when the bundle has none. */
static rg_status read_file(rg_store *store, int64_t run_id, const char *path, rg_arena *arena,
                           char **ret_text, size_t *ret_bytes, rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_FILE, err, "it", run_id, path);
    char *text = NULL;
    if (!rg_store_row(store, RG_SQL_FILE, &status, err))
        return status == RG_OK ? RG_ABSENT : status;
    sqlite3_stmt *row = store->statements[RG_SQL_FILE];
    size_t bytes = (size_t)sqlite3_column_bytes(row, 0);
    text = rg_arena_alloc(arena, bytes + 1);
    if (text && bytes)
        memcpy(text, sqlite3_column_blob(row, 0), bytes);
    rg_store_end(store, RG_SQL_FILE);
    if (!text)
        return rg_store_no_memory(err);
    *ret_text = text;
    *ret_bytes = bytes;
    return RG_OK;
}

/* Lines of JSON as an array; NULL where the bundle has no such file. */
static rg_status read_lines(rg_store *store, int64_t run_id, const char *path, rg_arena *arena,
                            json_t **ret_list, rg_err *err) {
    char *text;
    size_t bytes;
    rg_status status = read_file(store, run_id, path, arena, &text, &bytes, err);
    if (status != RG_OK)
        return status == RG_ABSENT ? RG_OK : status;
    json_t *list = json_array();
    for (char *end; status == RG_OK && *text; text = end) {
        json_t *line = NULL;
        end = text + strcspn(text, "\n");
        status = rg_json_parse(text, (size_t)(end - text), path, &line, err);
        json_array_append_new(list, line);
        end += *end == '\n';
    }
    if (status == RG_OK)
        *ret_list = list;
    else
        json_decref(list);
    return status;
}

static rg_status read_side(rg_store *store, rg_store_side *side, rg_err *err) {
    char *text;
    size_t bytes;
    rg_status status =
        read_file(store, side->run.id, "bundle.json", side->arena, &text, &bytes, err);
    if (status == RG_ABSENT)
        return rg_fail(err, RG_BAD_DATA, "look with `railgauge db check`",
                       "store %s lacks bundle.json of %.12s", store->path, side->run.bundle);
    if (status == RG_OK)
        status = rg_json_parse(text, bytes, "bundle.json", &side->facts, err);
    if (status == RG_OK)
        status = read_lines(store, side->run.id, "cells.jsonl", side->arena, &side->cells, err);
    if (status == RG_OK)
        status = read_lines(store, side->run.id, "records.jsonl", side->arena, &side->records, err);
    return status;
}

rg_status rg_store_side_load(rg_store *store, const char *word, rg_store_side *ret_side,
                             rg_err *err) {
    rg_store_side side = {.arena = rg_arena_new(0)};
    rg_status status = side.arena ? rg_store_find_run(store, word, side.arena, &side.run, err)
                                  : rg_store_no_memory(err);
    if (status == RG_OK)
        status = read_side(store, &side, err);
    const char *name = status != RG_OK ? NULL
                       : strcmp(word, side.run.name)
                           ? rg_arena_printf(side.arena, "%s (%s)", word, side.run.name)
                           : side.run.name;
    if (status == RG_OK && !name)
        status = rg_store_no_memory(err);
    if (status != RG_OK) {
        rg_store_side_free(&side);
        return status;
    }
    side.side = (rg_gate_side){name, side.facts, side.cells, side.records, true};
    *ret_side = side;
    return RG_OK;
}

void rg_store_side_free(rg_store_side *side) {
    json_decref(side->facts);
    json_decref(side->cells);
    json_decref(side->records);
    rg_arena_free(side->arena);
    *side = (rg_store_side){0};
}
