/* store_check.c: how a store is: what it holds, whether every page, reference and raw file is as it
 * was written, and how much room it takes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/result/store_priv.h"

static int64_t size_of(const char *path, const char *end) {
    char name[4096];
    struct stat info;
    int n = snprintf(name, sizeof name, "%s%s", path, end);
    return n > 0 && (size_t)n < sizeof name && stat(name, &info) == 0 ? (int64_t)info.st_size : 0;
}

static rg_status count(rg_store *store, rg_sql sql, int64_t *ret, rg_err *err) {
    return rg_store_one_int(store, sql, rg_store_start(store, sql, err, ""), 0, ret, err);
}

static rg_status count_blobs(rg_store *store, rg_store_status *ret, rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_COUNT_BLOB, err, "");
    if (rg_store_row(store, RG_SQL_COUNT_BLOB, &status, err)) {
        ret->blobs = rg_store_int(store, RG_SQL_COUNT_BLOB, 0);
        ret->raw_bytes = rg_store_int(store, RG_SQL_COUNT_BLOB, 1);
        rg_store_end(store, RG_SQL_COUNT_BLOB);
    }
    return status;
}

static rg_status read_span(rg_store *store, rg_arena *arena, rg_store_status *ret, rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_SPAN, err, "");
    if (rg_store_row(store, RG_SQL_SPAN, &status, err)) {
        ret->first = rg_store_text(store, RG_SQL_SPAN, 0, arena);
        ret->last = rg_store_text(store, RG_SQL_SPAN, 1, arena);
        rg_store_end(store, RG_SQL_SPAN);
    }
    return status == RG_OK && !(ret->first && ret->last) ? rg_store_no_memory(err) : status;
}

rg_status rg_store_status_of(rg_store *store, rg_arena *arena, rg_store_status *ret_status,
                             rg_err *err) {
    rg_store_status found = {.version = RG_STORE_SCHEMA};
    const struct {
        rg_sql sql;
        int64_t *member;
    } counts[] = {
        {RG_SQL_COUNT_RUN, &found.runs},         {RG_SQL_COUNT_CELL, &found.cells},
        {RG_SQL_COUNT_OUTCOME, &found.outcomes}, {RG_SQL_COUNT_ROUND, &found.rounds},
        {RG_SQL_COUNT_METRIC, &found.metrics},   {RG_SQL_COUNT_BASELINE, &found.baselines},
    };
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < sizeof counts / sizeof counts[0]; i++)
        status = count(store, counts[i].sql, counts[i].member, err);
    if (status == RG_OK)
        status = count_blobs(store, &found, err);
    if (status == RG_OK)
        status = read_span(store, arena, &found, err);
    found.file_bytes = size_of(store->path, "") + size_of(store->path, "-wal");
    if (status == RG_OK)
        *ret_status = found;
    return status;
}

static rg_status damaged(const rg_store *store, const char *what, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA,
                   "keep the file, put back a copy, or import the bundles into a new store",
                   "store %s is damaged: %s", store->path, what);
}

/* A pragma's first row, "ok" where it is well; NULL in `good` when any row is bad. */
static rg_status check_pragma(rg_store *store, const char *text, const char *good, rg_err *err) {
    sqlite3_stmt *statement = NULL;
    rg_status status = RG_OK;
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK)
        return rg_store_fail(store, "check", err);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(statement, 0);
        if (!good || !said || strcmp(said, good))
            status = damaged(store, said ? said : "a reference leads nowhere", err);
    } else if (code != SQLITE_DONE) {
        status = rg_store_fail(store, "check", err);
    }
    sqlite3_finalize(statement);
    return status;
}

static rg_status check_blob(rg_store *store, rg_err *err) {
    sqlite3_stmt *row = store->statements[RG_SQL_BLOBS];
    const char *promised = (const char *)sqlite3_column_text(row, 0);
    const void *data = sqlite3_column_blob(row, 2);
    size_t bytes = (size_t)sqlite3_column_bytes(row, 2);
    char hash[RG_HASH_HEX], what[160];
    rg_hash_bytes(data ? data : "", bytes, hash);
    if (promised && !strcmp(promised, hash) && (int64_t)bytes == sqlite3_column_int64(row, 1))
        return RG_OK;
    snprintf(what, sizeof what, "raw file %.64s is not what was imported",
             promised ? promised : "");
    return damaged(store, what, err);
}

rg_status rg_store_check(rg_store *store, int64_t *ret_files, rg_err *err) {
    int64_t files = 0;
    rg_status status = check_pragma(store, RG_SQLITE_CHECK, "ok", err);
    if (status == RG_OK)
        status = check_pragma(store, RG_SQLITE_CHECK_KEYS, NULL, err);
    if (status == RG_OK)
        status = rg_store_start(store, RG_SQL_BLOBS, err, "");
    while (rg_store_row(store, RG_SQL_BLOBS, &status, err)) {
        files++;
        status = check_blob(store, err);
        if (status != RG_OK)
            rg_store_end(store, RG_SQL_BLOBS);
    }
    if (status == RG_OK)
        *ret_files = files;
    return status;
}

rg_status rg_store_vacuum(rg_store *store, rg_err *err) {
    return rg_store_exec(store, RG_SQLITE_VACUUM, err);
}
