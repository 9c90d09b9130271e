/* store_sql.h: every word of SQL that the store says, in one place. All of it but the pragmas is
 * valid in SQLite 3.40 and PostgreSQL 15 alike (there after `create domain blob as bytea`): text,
 * bigint, double precision and blob; explicit ids; times as ISO 8601 text in UTC; parameters $1,
 * $2 ... in the order of their first use. The schema is in store_sql.c, step by step. */
#ifndef RG_RESULT_STORE_SQL_H
#define RG_RESULT_STORE_SQL_H

#include "bench/result/store.h"

/* rg_sql_steps[v] leads from version v to v + 1 (0: an empty file): statements, NULL-ended. */
extern const char *const *const rg_sql_steps[RG_STORE_SCHEMA];

#define RG_SQL_CELL_COLUMNS "c.id, c.key, c.name, c.workload, c.target"
#define RG_SQL_RUN_COLUMNS                                                                         \
    "r.id, r.bundle, r.name, r.created, r.imported, r.origin, r.cells, r.rounds, r.bytes"
#define RG_SQL_BASELINE_COLUMNS                                                                    \
    "b.id, b.name, r.bundle, r.name, r.created, b.at, b.who, b.why, r.id"
#define RG_SQL_NEXT(table) "select coalesce(max(id), 0) + 1 from " table
#define RG_SQL_BY_HASH(table) "select id from " table " where hash = $1"
#define RG_SQL_COUNT(table) "select count(*) from " table

/* name, text. */
#define RG_SQL_LIST(X)                                                                             \
    X(COMMIT, "commit")                                                                            \
    X(ROLLBACK, "rollback")                                                                        \
    X(VERSION, "select max(version) from store_version")                                           \
    X(NEEDS, "select needs from store_version where version = $1")                                 \
    X(PUT_VERSION, "insert into store_version (version, needs, at) values ($1, $2, $3)")           \
    X(NEXT_DEVICE, RG_SQL_NEXT("device"))                                                          \
    X(NEXT_CONTEXT, RG_SQL_NEXT("context"))                                                        \
    X(NEXT_BUILD, RG_SQL_NEXT("build"))                                                            \
    X(NEXT_SCENARIO, RG_SQL_NEXT("scenario"))                                                      \
    X(NEXT_CELL, RG_SQL_NEXT("cell"))                                                              \
    X(NEXT_RUN, RG_SQL_NEXT("run"))                                                                \
    X(NEXT_BASELINE, RG_SQL_NEXT("baseline"))                                                      \
    X(NEXT_LOG, RG_SQL_NEXT("import_log"))                                                         \
    X(NEXT_VERDICT, RG_SQL_NEXT("verdict"))                                                        \
    X(NEXT_CHANGE, RG_SQL_NEXT("change_point"))                                                    \
    X(FIND_DEVICE, RG_SQL_BY_HASH("device"))                                                       \
    X(FIND_CONTEXT, RG_SQL_BY_HASH("context"))                                                     \
    X(FIND_BUILD, RG_SQL_BY_HASH("build"))                                                         \
    X(FIND_SCENARIO, RG_SQL_BY_HASH("scenario"))                                                   \
    X(FIND_CELL, "select id from cell where key = $1")                                             \
    X(PUT_DEVICE, "insert into device (id, hash, name, facts) values ($1, $2, $3, $4)")            \
    X(PUT_CONTEXT, "insert into context (id, hash, name, facts) values ($1, $2, $3, $4)")          \
    X(PUT_BUILD, "insert into build (id, hash, name, facts) values ($1, $2, $3, $4)")              \
    X(PUT_SCENARIO, "insert into scenario (id, hash, name, facts) values ($1, $2, $3, $4)")        \
    X(PUT_CELL, "insert into cell (id, key, name, workload, target, facts)"                        \
                " values ($1, $2, $3, $4, $5, $6)")                                                \
    X(RUN_KNOWN, "select id from run where bundle = $1")                                           \
    X(PUT_RUN, "insert into run (id, bundle, name, created, plan, scenario_id, build_id,"          \
               " context_id, session, arm, cells, rounds, bytes, origin, imported)"                \
               " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")       \
    X(SET_BYTES, "update run set bytes = $1 where id = $2")                                        \
    X(PUT_OUTCOME, "insert into outcome (run_id, cell_id, device_id, status, what, advice,"        \
                   " provenance, flags, rounds, rounds_failed, samples)"                           \
                   " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")                       \
    X(PUT_ROUND, "insert into round (run_id, place, cell_id, number, status, arm, temperature_mc," \
                 " clock_khz, started, flags, samples)"                                            \
                 " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")                         \
    X(PUT_METRIC, "insert into metric (cell_id, name, round, run_id, value, low, high, n, median)" \
                  " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)")                                  \
    X(PUT_BLOB, "insert into sample_blob (hash, bytes, data) values ($1, $2, $3)"                  \
                " on conflict (hash) do nothing")                                                  \
    X(PUT_FILE, "insert into file (run_id, path, hash) values ($1, $2, $3)")                       \
    X(PUT_LOG, "insert into import_log (id, run_id, at, who, origin, program)"                     \
               " values ($1, $2, $3, $4, $5, $6)")                                                 \
    X(RUN_BY_BUNDLE, "select " RG_SQL_RUN_COLUMNS                                                  \
                     " from run r where r.bundle >= $1 and r.bundle < $2 order by r.bundle")       \
    X(RUN_BY_NAME, "select " RG_SQL_RUN_COLUMNS " from run r where r.name = $1 order by r.bundle") \
    X(RUNS, "select " RG_SQL_RUN_COLUMNS " from run r order by r.created, r.id")                   \
    X(FILES, "select f.path, f.hash, b.bytes, b.data from file f join sample_blob b"               \
             " on b.hash = f.hash where f.run_id = $1 order by f.path")                            \
    X(FILE, "select b.data from file f join sample_blob b on b.hash = f.hash"                      \
            " where f.run_id = $1 and f.path = $2")                                                \
    X(BLOBS, "select hash, bytes, data from sample_blob")                                          \
    X(PUT_BASELINE, "insert into baseline (id, name, run_id, at, who, why)"                        \
                    " values ($1, $2, $3, $4, $5, $6)")                                            \
    X(BASELINE_NOW, "select " RG_SQL_BASELINE_COLUMNS " from baseline b join run r"                \
                    " on r.id = b.run_id where b.name = $1 order by b.id desc limit 1")            \
    X(BASELINES, "select " RG_SQL_BASELINE_COLUMNS " from baseline b join run r"                   \
                 " on r.id = b.run_id order by b.name, b.id")                                      \
    X(CELLS, "select " RG_SQL_CELL_COLUMNS " from cell c order by c.name, c.key")                  \
    X(CELL_BY_NAME, "select " RG_SQL_CELL_COLUMNS " from cell c where c.name = $1 order by c.key") \
    X(CELL_BY_KEY, "select " RG_SQL_CELL_COLUMNS                                                   \
                   " from cell c where c.key >= $1 and c.key < $2 order by c.key")                 \
    X(SERIES, "select r.created, r.bundle, r.name, m.value, m.low, m.high, m.n, m.median, r.id"    \
              " from run r cross join metric m where m.run_id = r.id and m.cell_id = $1"           \
              " and m.name = $2 and m.round = -1 order by r.created desc, r.id desc limit $3")     \
    X(FIND_CHANGE, "select at from change_point where cell_id = $1 and metric = $2"                \
                   " and run_id = $3")                                                             \
    X(PUT_CHANGE,                                                                                  \
      "insert into change_point (id, cell_id, metric, run_id, at, who, step, p, facts)"            \
      " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)")                                              \
    X(RESULT_KNOWN, "select count(*) from verdict where result = $1")                              \
    X(PUT_VERDICT, "insert into verdict (id, result, at, who, baseline, candidate, cell, metric,"  \
                   " verdict, tolerance, target, facts)"                                           \
                   " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")                  \
    X(COUNT_RUN, RG_SQL_COUNT("run"))                                                              \
    X(COUNT_CELL, RG_SQL_COUNT("cell"))                                                            \
    X(COUNT_OUTCOME, RG_SQL_COUNT("outcome"))                                                      \
    X(COUNT_ROUND, RG_SQL_COUNT("round"))                                                          \
    X(COUNT_METRIC, RG_SQL_COUNT("metric"))                                                        \
    X(COUNT_BASELINE, RG_SQL_COUNT("baseline"))                                                    \
    X(COUNT_BLOB, "select count(*), coalesce(sum(bytes), 0) from sample_blob")                     \
    X(SPAN, "select coalesce(min(created), ''), coalesce(max(created), '') from run")

typedef enum rg_sql {
#define X(name, text) RG_SQL_##name,
    RG_SQL_LIST(X)
#undef X
        RG_SQL_COUNT_ALL
} rg_sql;

extern const char *const rg_sql_texts[RG_SQL_COUNT_ALL];

/* What only SQLite understands: the header's mark of our files ("RGDB"), how a writer starts, what
 * each connection sets, and how a new file begins and is looked over. */
enum { RG_STORE_APPLICATION = 0x52474442 };
#define RG_SQLITE_BEGIN "begin immediate"
#define RG_SQLITE_CONNECTION "pragma foreign_keys = on; pragma synchronous = normal"
#define RG_SQLITE_NEW "pragma application_id = 1380402242; pragma journal_mode = wal"
#define RG_SQLITE_CHECK "pragma integrity_check(10)"
#define RG_SQLITE_CHECK_KEYS "pragma foreign_key_check"
#define RG_SQLITE_VACUUM "vacuum"

#endif
