/* store_db.c: how a statement of store_sql.h is bound, stepped and ended, and how SQLite's errors
 * become ours. Neighbours: store_open.c opens, the other store_*.c ask. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/result/store_priv.h"

/* SQLite's result codes (without their extension), in our words; others are RG_IO. */
static const struct {
    int code;
    rg_status status;
    const char *advice;
} outcomes[] = {
    {SQLITE_CORRUPT, RG_BAD_DATA,
     "keep the file, put back a copy, or import the bundles into a new store"},
    {SQLITE_NOTADB, RG_BAD_DATA, "name a store that `railgauge import DIR --store FILE` made"},
    {SQLITE_ERROR, RG_BAD_DATA, "look with `railgauge db check`, put back a copy"},
    {SQLITE_CONSTRAINT, RG_BAD_DATA, "look with `railgauge db check`, put back a copy"},
    {SQLITE_NOMEM, RG_NO_MEMORY, "free some memory"},
    {SQLITE_TOOBIG, RG_NO_MEMORY, "one file of the bundle is larger than a store can hold"},
    {SQLITE_FULL, RG_IO, "free some space; what was committed before is safe"},
    {SQLITE_BUSY, RG_IO, "another program has been writing for a minute: try again after it"},
    {SQLITE_READONLY, RG_IO, "copy the store to where it can be written"},
    {SQLITE_CANTOPEN, RG_IO, "check the path and its permissions; a store writes beside itself"},
    {SQLITE_PERM, RG_IO, "check the permissions of the store and of its folder"},
};

rg_status rg_store_no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the store's answer");
}

rg_status rg_store_fail(const rg_store *store, const char *verb, rg_err *err) {
    int code = sqlite3_extended_errcode(store->db) & 0xff;
    rg_status status = RG_IO;
    const char *advice = "check the disk and its space; what was committed before is safe";
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].code == code) {
            status = outcomes[i].status;
            advice = outcomes[i].advice;
        }
    }
    if (code == SQLITE_CORRUPT)
        return rg_fail(err, status, advice, "store %s is damaged: %s", store->path,
                       sqlite3_errmsg(store->db));
    return rg_fail(err, status, advice, "cannot %s store %s: %s", verb, store->path,
                   sqlite3_errmsg(store->db));
}

static int bind_blob(sqlite3_stmt *statement, int i, const void *data, size_t bytes) {
    return bytes ? sqlite3_bind_blob64(statement, i, data, bytes, SQLITE_STATIC)
                 : sqlite3_bind_zeroblob(statement, i, 0);
}

static int bind_real(sqlite3_stmt *statement, int i, double value) {
    return isfinite(value) ? sqlite3_bind_double(statement, i, value)
                           : sqlite3_bind_null(statement, i);
}

static int bind(sqlite3_stmt *statement, const char *kinds, va_list args) {
    int bad = 0;
    for (int i = 1; !bad && *kinds; i++, kinds++) {
        if (*kinds == 't') {
            bad = sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else if (*kinds == 'i') {
            bad = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
        } else if (*kinds == 'r') {
            bad = bind_real(statement, i, va_arg(args, double));
        } else {
            const void *data = va_arg(args, const void *);
            bad = bind_blob(statement, i, data, va_arg(args, size_t));
        }
    }
    return bad;
}

rg_status rg_store_start(rg_store *store, rg_sql sql, rg_err *err, const char *kinds, ...) {
    sqlite3_stmt **statement = &store->statements[sql];
    if (!*statement && sqlite3_prepare_v3(store->db, rg_sql_texts[sql], -1,
                                          SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
        return rg_store_fail(store, "ask", err);
    va_list args;
    va_start(args, kinds);
    bool all = (int)strlen(kinds) == sqlite3_bind_parameter_count(*statement);
    int bad = all ? bind(*statement, kinds, args) : SQLITE_RANGE;
    va_end(args);
    return bad ? rg_store_fail(store, "ask", err) : RG_OK;
}

void rg_store_end(rg_store *store, rg_sql sql) {
    sqlite3_reset(store->statements[sql]);
    sqlite3_clear_bindings(store->statements[sql]);
}

bool rg_store_row(rg_store *store, rg_sql sql, rg_status *status, rg_err *err) {
    if (*status != RG_OK)
        return false;
    int code = sqlite3_step(store->statements[sql]);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        *status = rg_store_fail(store, store->writable ? "use" : "read", err);
    rg_store_end(store, sql);
    return false;
}

rg_status rg_store_finish(rg_store *store, rg_sql sql, rg_status started, rg_err *err) {
    rg_status status = started;
    while (rg_store_row(store, sql, &status, err))
        ;
    return status;
}

int64_t rg_store_int(rg_store *store, rg_sql sql, int column) {
    return sqlite3_column_int64(store->statements[sql], column);
}

double rg_store_real(rg_store *store, rg_sql sql, int column) {
    sqlite3_stmt *statement = store->statements[sql];
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

const char *rg_store_text(rg_store *store, rg_sql sql, int column, rg_arena *arena) {
    const char *text = (const char *)sqlite3_column_text(store->statements[sql], column);
    return rg_arena_strdup(arena, text ? text : "");
}

rg_status rg_store_one_int(rg_store *store, rg_sql sql, rg_status started, int64_t preset,
                           int64_t *ret_value, rg_err *err) {
    rg_status status = started;
    int64_t value = preset;
    if (rg_store_row(store, sql, &status, err)) {
        value = rg_store_int(store, sql, 0);
        rg_store_end(store, sql);
    }
    if (status == RG_OK)
        *ret_value = value;
    return status;
}

rg_status rg_store_exec(rg_store *store, const char *text, rg_err *err) {
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK
               ? RG_OK
               : rg_store_fail(store, store->writable ? "write" : "read", err);
}

rg_status rg_store_begin(rg_store *store, rg_err *err) {
    if (!store->writable)
        return rg_fail(err, RG_IO, NULL, "store %s was opened for reading", store->path);
    return rg_store_exec(store, RG_SQLITE_BEGIN, err);
}

rg_status rg_store_commit(rg_store *store, rg_status status, rg_err *err) {
    if (status == RG_OK)
        status = rg_store_exec(store, rg_sql_texts[RG_SQL_COMMIT], err);
    if (status != RG_OK && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, rg_sql_texts[RG_SQL_ROLLBACK], NULL, NULL, NULL);
    return status;
}

void rg_store_now(char ret[RG_STORE_TIME]) {
    time_t now = (time_t)(rg_clock_wall_ns() / 1000000000);
    struct tm utc = {0};
    gmtime_r(&now, &utc);
    strftime(ret, RG_STORE_TIME, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void rg_store_prefix_end(const char *prefix, char ret[RG_HASH_HEX + 1]) {
    snprintf(ret, RG_HASH_HEX + 1, "%s", prefix);
    size_t n = strlen(ret);
    if (n)
        ret[n - 1]++;
}

bool rg_store_is_id(const char *word) {
    size_t n = strspn(word, "0123456789abcdef");
    return n >= 6 && n < RG_HASH_HEX && !word[n];
}

void *rg_store_grow(rg_arena *arena, void *rows, size_t n, size_t *cap, size_t size) {
    if (n < *cap)
        return rows;
    size_t bigger = *cap ? 2 * *cap : 64;
    void *copy = rg_arena_array(arena, bigger, size);
    if (copy && n)
        memcpy(copy, rows, n * size);
    if (copy)
        *cap = bigger;
    return copy;
}
