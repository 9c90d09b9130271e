/* store.h: the laboratory's memory: many bundles in one SQLite file (WAL), with every raw file of
 * each, so that a bundle can be given out again byte for byte and every figure worked out anew.
 * What is asked often (cells, outcomes, rounds, metrics) stands beside it in tables; their SQL, and
 * the schema, are in store_sql.h and nowhere else. Baselines are events: who named which run what,
 * when and why; none is ever changed or deleted.
 *
 * A store belongs to many programs at once: readers never wait, writers wait for each other (a
 * minute at most), and a writer that is killed leaves what was committed before: whole bundles.
 * A file that is damaged, foreign, or of a newer schema is reported and left as it is. */
#ifndef RG_RESULT_STORE_H
#define RG_RESULT_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/core/text.h"
#include "bench/result/gate.h"

typedef struct rg_store rg_store;

/* Version of the schema that this program writes. */
enum { RG_STORE_SCHEMA = 2 };

typedef enum rg_store_mode {
    RG_STORE_READ,   /* nothing is written; works in folders and media that cannot be written */
    RG_STORE_WRITE,  /* an older schema is brought up to this program's first */
    RG_STORE_CREATE, /* as WRITE; where there is no file, an empty store is made in one step */
} rg_store_mode;

/* Opens a store. RG_IO: no such file, no permission, disk full. RG_BAD_DATA: no store, damaged, or
 * of a newer schema (named with the program that it needs); when reading, of an older one as well.
 * The store is closed by rg_store_close, by the program that opened it (not across fork). */
rg_status rg_store_open(const char *path, rg_store_mode mode, rg_store **ret_store, rg_err *err);
void rg_store_close(rg_store *store); /* accepts NULL */

/* --- runs (store_import.c, store_read.c) -------------------------------------------------------
 */

/* One imported bundle. Text lives in the arena it was asked into. */
typedef struct rg_store_run {
    int64_t id;
    const char *bundle;            /* SHA-256 of MANIFEST.sha256: the bundle's id */
    const char *name;              /* of the folder it came from: "ci-20260101T000000Z-1b3961f5" */
    const char *created;           /* ISO 8601, UTC: when it was measured */
    const char *imported, *origin; /* when, and the path it was imported from */
    int64_t cells, rounds, bytes;
} rg_store_run;

/* What became of an import. */
typedef struct rg_store_imported {
    char bundle[RG_HASH_HEX];
    bool known; /* was there already: nothing was written */
    int64_t cells, rounds;
} rg_store_imported;

/* Imports a finished bundle in one transaction, its manifest checked on the way. `who` goes to the
 * log. Repeating it changes nothing. RG_BAD_DATA: unfinished, damaged or foreign; RG_IO. */
rg_status rg_store_import(rg_store *store, const char *dir, const char *who,
                          rg_store_imported *ret_imported, rg_err *err);

/* A run by (the beginning of, at least 6 digits) its bundle's id, by its folder's name, or by a
 * baseline's name. RG_USAGE when there is none or more than one. */
rg_status rg_store_find_run(rg_store *store, const char *word, rg_arena *arena,
                            rg_store_run *ret_run, rg_err *err);

/* All runs, oldest first, in the arena. */
rg_status rg_store_runs(rg_store *store, rg_arena *arena, rg_store_run **ret_runs, size_t *ret_n,
                        rg_err *err);

/* Writes a run's bundle into `dir`, which must not exist: the files that were imported, byte for
 * byte, in one step (a crash leaves none). RG_USAGE when `dir` exists, RG_IO. */
rg_status rg_store_export(rg_store *store, const rg_store_run *run, const char *dir, rg_err *err);

/* A run as a side of the gate, from the store alone. */
typedef struct rg_store_side {
    rg_gate_side side; /* lives as long as this */
    rg_arena *arena;
    json_t *facts, *cells, *records;
    rg_store_run run;
} rg_store_side;

/* The run that `word` names (see rg_store_find_run), as a side called "WORD (FOLDER)". Free with
 * rg_store_side_free, also after the store is closed. */
rg_status rg_store_side_load(rg_store *store, const char *word, rg_store_side *ret_side,
                             rg_err *err);
void rg_store_side_free(rg_store_side *side); /* accepts an empty one */

/* --- baselines (store_baseline.c) --------------------------------------------------------------
 */

typedef struct rg_store_baseline {
    int64_t id;
    const char *name;                   /* "main", "release" */
    const char *bundle, *run, *created; /* which run, and when it was measured */
    const char *at, *who, *why;
    int64_t run_id;
} rg_store_baseline;

/* Names a run; `name` of letters, digits and . _ - and no bundle's id. RG_USAGE where that, `who`
 * or `why` is missing. */
rg_status rg_store_set_baseline(rg_store *store, const char *name, const rg_store_run *run,
                                const char *who, const char *why, rg_err *err);

/* Every event, by name and then oldest first; the last one of a name holds. */
rg_status rg_store_baselines(rg_store *store, rg_arena *arena, rg_store_baseline **ret_events,
                             size_t *ret_n, rg_err *err);

/* --- verdicts (store_verdict.c) ----------------------------------------------------------------
 */

/* Keeps what a gate judged, from its result.json: one row a test with all that went into it, in one
 * transaction. The same document again changes nothing. RG_BAD_DATA: no result.json, or damaged;
 * RG_IO. */
typedef struct rg_store_judged {
    char result[RG_HASH_HEX]; /* SHA-256 of the document: its id */
    bool known;
    size_t tests;
} rg_store_judged;
rg_status rg_store_put_result(rg_store *store, const char *path, const char *who,
                              rg_store_judged *ret_judged, rg_err *err);

/* --- history (store_history.c) -----------------------------------------------------------------
 */

typedef struct rg_store_cell {
    int64_t id;
    const char *key, *name, *workload, *target;
} rg_store_cell;

/* A cell by its name or (the beginning of, at least 6 digits) its key. RG_USAGE when there is none,
 * naming the nearest, or more than one, naming two. */
rg_status rg_store_find_cell(rg_store *store, const char *word, rg_arena *arena,
                             rg_store_cell *ret_cell, rg_err *err);

/* All cells by name. */
rg_status rg_store_cells(rg_store *store, rg_arena *arena, rg_store_cell **ret_cells, size_t *ret_n,
                         rg_err *err);

/* One run's word on a cell's metric. */
typedef struct rg_store_point {
    const char *created, *bundle, *run;
    double value, low, high; /* headline with its interval; NAN */
    double median;           /* of the rounds; NAN where the metric is not kept by round */
    int64_t n, run_id;
} rg_store_point;

/* The series of a cell and metric, oldest run first, in the arena: of the `last` runs (0: of all)
 * that have a value of it. */
rg_status rg_store_series(rg_store *store, const rg_store_cell *cell, const char *metric,
                          size_t last, rg_arena *arena, rg_store_point **ret_points, size_t *ret_n,
                          rg_err *err);

/* --- upkeep (store_check.c) --------------------------------------------------------------------
 */

typedef struct rg_store_status {
    int version;
    int64_t runs, cells, outcomes, rounds, metrics, baselines, blobs;
    int64_t raw_bytes, file_bytes; /* of the raw files, and of the store with its log */
    const char *first, *last;      /* created of the oldest and newest run; "" */
} rg_store_status;

rg_status rg_store_status_of(rg_store *store, rg_arena *arena, rg_store_status *ret_status,
                             rg_err *err);

/* Looks at every page, every reference, and every raw file's hash. RG_BAD_DATA naming the first
 * thing that is wrong; nothing is changed. */
rg_status rg_store_check(rg_store *store, int64_t *ret_files, rg_err *err);

/* Gives the space that is free back to the file system. */
rg_status rg_store_vacuum(rg_store *store, rg_err *err);

#endif
