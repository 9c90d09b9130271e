/* store_sql.c: the store's schema, step by step from an empty file to the version of this program,
 * and the texts of store_sql.h. A step that has been released is never changed: add another. */
#include "bench/result/store_sql.h"

/* Things that many runs share, known by their content's hash. */
#define SHARED(table)                                                                              \
    "create table " table " (id bigint primary key, hash text not null unique,"                    \
    " name text not null, facts text not null)"

/* Version 1: what was measured. */
static const char *const measured[] = {
    "create table store_version (version bigint primary key, needs text not null,"
    " at text not null)",
    SHARED("device"), SHARED("context"), SHARED("build"), SHARED("scenario"),
    "create table cell (id bigint primary key, key text not null unique, name text not null,"
    " workload text not null, target text not null, facts text not null)",
    "create index cell_by_name on cell (name)",
    /* bundle: SHA-256 of MANIFEST.sha256 */
    "create table run (id bigint primary key, bundle text not null unique, name text not null,"
    " created text not null, plan text not null, scenario_id bigint not null references scenario,"
    " build_id bigint not null references build, context_id bigint not null references context,"
    " session text not null, arm text not null, cells bigint not null, rounds bigint not null,"
    " bytes bigint not null, origin text not null, imported text not null)",
    "create index run_by_name on run (name)",
    "create table outcome (run_id bigint not null references run, cell_id bigint not null"
    " references cell, device_id bigint references device, status text not null,"
    " what text not null, advice text not null, provenance text not null, flags text not null,"
    " rounds bigint not null, rounds_failed bigint not null, samples bigint not null,"
    " primary key (run_id, cell_id))",
    /* every file of a bundle, by content */
    "create table sample_blob (hash text primary key, bytes bigint not null, data blob not null)",
    "create table file (run_id bigint not null references run, path text not null,"
    " hash text not null references sample_blob, primary key (run_id, path))",
    "create table round (run_id bigint not null references run, place bigint not null,"
    " cell_id bigint not null references cell, number bigint not null, status text not null,"
    " arm text not null, temperature_mc bigint, clock_khz bigint, started text not null,"
    " flags text not null, samples text, primary key (run_id, place))",
    /* round -1: of the whole cell, with its interval and the median of its rounds */
    "create table metric (cell_id bigint not null references cell, name text not null,"
    " round bigint not null, run_id bigint not null references run, value double precision,"
    " low double precision, high double precision, n bigint, median double precision,"
    " primary key (cell_id, name, round, run_id))",
    /* events: the last one of a name holds; none is ever changed or deleted */
    "create table baseline (id bigint primary key, name text not null,"
    " run_id bigint not null references run, at text not null, who text not null,"
    " why text not null)",
    "create table import_log (id bigint primary key, run_id bigint not null references run,"
    " at text not null, who text not null, origin text not null, program text not null)",
    NULL};

/* Version 2: what was concluded from it, and runs in the order of time. */
static const char *const concluded[] = {
    "create index run_by_time on run (created, id)",
    /* result: SHA-256 of the result.json */
    "create table verdict (id bigint primary key, result text not null, at text not null,"
    " who text not null, baseline text not null, candidate text not null, cell text not null, metric text not null,"
    " verdict text not null, tolerance double precision, target double precision,"
    " facts text not null)",
    "create index verdict_by_cell on verdict (cell, metric)",
    "create index verdict_by_result on verdict (result)",
    "create table change_point (id bigint primary key, cell_id bigint not null references cell,"
    " metric text not null, run_id bigint not null references run, at text not null,"
    " who text not null, step double precision, p double precision, facts text not null,"
    " unique (cell_id, metric, run_id))",
    NULL};

const char *const *const rg_sql_steps[RG_STORE_SCHEMA] = {measured, concluded};

const char *const rg_sql_texts[RG_SQL_COUNT_ALL] = {
#define X(name, text) text,
    RG_SQL_LIST(X)
#undef X
};
