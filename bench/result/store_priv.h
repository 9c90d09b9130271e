/* store_priv.h: what the files store_*.c share: the open database, and how a statement of
 * store_sql.h is run. */
#ifndef RG_RESULT_STORE_PRIV_H
#define RG_RESULT_STORE_PRIV_H

#include <sqlite3.h>

#include "bench/result/store.h"
#include "bench/result/store_sql.h"

struct rg_store {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[RG_SQL_COUNT_ALL]; /* prepared at their first use */
    bool writable;
};

/* The error of the last call on the database, in words: "cannot VERB PATH: ...". RG_BAD_DATA where
 * the file is damaged, RG_NO_MEMORY, else RG_IO. */
rg_status rg_store_fail(const rg_store *store, const char *verb, rg_err *err);

/* Begins a statement: binds `kinds`, one letter a parameter: t const char * (NULL: null), i
 * int64_t, r double (not finite: null), b const void * and size_t. Its rows come from rg_store_row;
 * a statement can run once at a time. */
rg_status rg_store_start(rg_store *store, rg_sql sql, rg_err *err, const char *kinds, ...);

/* The next row of a statement; false after the last, or when it failed: *status tells. */
bool rg_store_row(rg_store *store, rg_sql sql, rg_status *status, rg_err *err);

/* Columns of the row. Text is copied into the arena ("" for null; NULL without memory). */
int64_t rg_store_int(rg_store *store, rg_sql sql, int column);
double rg_store_real(rg_store *store, rg_sql sql, int column); /* NAN for null */
const char *rg_store_text(rg_store *store, rg_sql sql, int column, rg_arena *arena);

/* Ends a statement before its last row. */
void rg_store_end(rg_store *store, rg_sql sql);

/* Runs a statement that gives no rows. */
#define rg_store_do(store, sql, err, ...)                                                          \
    rg_store_finish(store, sql, rg_store_start(store, sql, err, __VA_ARGS__), err)
rg_status rg_store_finish(rg_store *store, rg_sql sql, rg_status started, rg_err *err);

/* The first column of the first row, `preset` where there is none; after rg_store_start. */
rg_status rg_store_one_int(rg_store *store, rg_sql sql, rg_status started, int64_t preset,
                           int64_t *ret_value, rg_err *err);

/* Text of SQL that is run once: pragmas, the schema. */
rg_status rg_store_exec(rg_store *store, const char *text, rg_err *err);

/* A writer's transaction: waits for its turn; rg_store_commit ends it well when `status` is RG_OK,
 * else undoes it; the status of both. */
rg_status rg_store_begin(rg_store *store, rg_err *err);
rg_status rg_store_commit(rg_store *store, rg_status status, rg_err *err);

/* Now, as ISO 8601 in UTC, seconds. */
enum { RG_STORE_TIME = 24 };
void rg_store_now(char ret[RG_STORE_TIME]);

/* The end of the range of texts that begin with `prefix` (its last character, plus one). */
void rg_store_prefix_end(const char *prefix, char ret[RG_HASH_HEX + 1]);

/* True for 6 to 64 hex digits: the beginning of an id or key. */
bool rg_store_is_id(const char *word);

/* Rows of an array that grows in an arena: doubles `*rows` when n reaches *cap. NULL without
 * memory.
 */
void *rg_store_grow(rg_arena *arena, void *rows, size_t n, size_t *cap, size_t size);

rg_status rg_store_no_memory(rg_err *err);

/* Of store_import_rows.c: what stands in the tables of a bundle besides its files. */
typedef struct rg_store_writer {
    rg_store *store;
    const rg_bundle *bundle;
    int64_t run_id, bytes;
    json_t *cell_ids; /* by key */
    const char *arm;
} rg_store_writer;

/* Writes the run with what it shares, its cells, outcomes and metrics. */
rg_status rg_store_put_run(rg_store_writer *writer, const char *bundle_id, const char *now,
                           rg_err *err);

/* Writes the round in place NNNNN of the run from the text of its record.json. */
rg_status rg_store_put_round(rg_store_writer *writer, unsigned place, const char *text,
                             size_t bytes, rg_err *err);

/* store_sweep.c: removes a store that is being made, with SQLite's files beside it; and all of
 * this path whose makers are no more. */
void rg_store_remove_new(const char *temporary);
void rg_store_sweep(const char *path);

#endif
