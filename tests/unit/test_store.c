/* test_store.c: a store from inside: runs found, given out as sides, series in order, names that
 * cannot be, transactions that are undone. From outside: tests/cli/store*.py, history.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../doubles/small_run.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/history.h"
#include "bench/result/store.h"
#include "bench/result/store_priv.h"
#include "tests/unit/scratch.h"

/* A folder with a store. */
typedef struct place {
    char dir[64], path[80];
    rg_arena *arena;
    rg_store *store;
} place;

static place new_place(void) {
    place p = {.arena = rg_arena_new(0)};
    rg_err err = RG_ERR_INIT;
    scratch_new("railgauge-store", p.dir, sizeof p.dir);
    snprintf(p.path, sizeof p.path, "%s/lab.db", p.dir);
    cr_assert_eq(rg_store_open(p.path, RG_STORE_CREATE, &p.store, &err), RG_OK, "%s", err.what);
    return p;
}

static void drop_place(place *p) {
    rg_store_close(p->store);
    rg_arena_free(p->arena);
    rg_fs_remove_tree(p->dir, NULL);
}

/* Writes the small run as a bundle called `name`, measured at `wall_ns`, with one figure of its
 * first cell, and imports it. */
static rg_store_imported add_run(place *p, const char *name, int64_t wall_ns, double p95_ns) {
    small_run run;
    rg_bundle *bundle = NULL;
    rg_err err = RG_ERR_INIT;
    char dir[128];
    small_run_fill(&run, NULL);
    snprintf(dir, sizeof dir, "%s/%s", p->dir, name);
    run.spec.dir = dir;
    run.spec.wall_ns = wall_ns;
    cr_assert_eq(rg_bundle_create(&run.spec, &bundle, &err), RG_OK, "%s", err.what);
    json_t *cells = small_run_cells(&run);
    json_t *records = json_pack("[{s:s, s:s, s:s, s:{s:{s:f}}, s:{s:[i, i, i], s:[f, f, f]}}]",
                                "cell", run.cells[0].key, "name", "ds-cnn/sim", "status", "ok",
                                "figures", "latency_p95_ns", "value", p95_ns, "per_round", "round",
                                0, 1, 2, "latency_p95_ns", p95_ns * 2, p95_ns, p95_ns * 1.1);
    cr_assert_eq(rg_bundle_put_cells(bundle, cells, &err), RG_OK);
    cr_assert_eq(rg_bundle_put_records(bundle, records, &err), RG_OK);
    cr_assert_eq(rg_bundle_finish(bundle, &err), RG_OK);
    rg_bundle_close(bundle);
    json_decref(cells);
    json_decref(records);
    json_decref(run.facts);
    rg_store_imported ret;
    cr_assert_eq(rg_store_import(p->store, dir, "ada@lab", &ret, &err), RG_OK, "%s", err.what);
    return ret;
}

static const int64_t DAY_NS = (int64_t)86400 * 1000000000, START_NS = 1767225600000000000;

Test(store, gives_a_run_as_the_side_that_its_bundle_is) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_side side;
    rg_bundle *bundle = NULL;
    char dir[128];
    add_run(&p, "one", START_NS, 1e6);
    snprintf(dir, sizeof dir, "%s/one", p.dir);
    cr_assert_eq(rg_store_side_load(p.store, "one", &side, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_bundle_open(dir, &bundle, &err), RG_OK);
    cr_expect(json_equal(side.facts, rg_bundle_facts(bundle)));
    cr_expect(json_equal(side.cells, rg_bundle_cells(bundle)));
    cr_expect(json_equal(side.records, rg_bundle_records(bundle)));
    cr_expect(side.side.finished && side.side.records == side.records);
    cr_expect_str_eq(side.side.name, "one");
    rg_bundle_close(bundle);
    rg_store_side_free(&side);
    drop_place(&p);
}

Test(store, finds_runs_by_id_name_and_baseline_and_says_when_it_cannot) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_run run;
    rg_store_imported one = add_run(&p, "one", START_NS, 1e6);
    add_run(&p, "two", START_NS + DAY_NS, 1e6);
    char start[9];
    snprintf(start, sizeof start, "%.8s", one.bundle);
    cr_assert_eq(rg_store_find_run(p.store, start, p.arena, &run, &err), RG_OK);
    cr_expect_str_eq(run.name, "one");
    cr_expect_str_eq(run.created, "2026-01-01T00:00:00Z");
    cr_assert_eq(rg_store_set_baseline(p.store, "main", &run, "Ada", "first", &err), RG_OK);
    cr_assert_eq(rg_store_find_run(p.store, "main", p.arena, &run, &err), RG_OK);
    cr_expect_str_eq(run.bundle, one.bundle);
    cr_expect_eq(rg_store_find_run(p.store, "three", p.arena, &run, &err), RG_USAGE);
    cr_expect_eq(rg_store_find_run(p.store, "", p.arena, &run, &err), RG_USAGE);
    drop_place(&p);
}

Test(store, tells_two_runs_of_one_name_apart_by_their_ids) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_run run;
    char from[128], to[128];
    add_run(&p, "same", START_NS, 1e6);
    snprintf(from, sizeof from, "%s/same", p.dir);
    snprintf(to, sizeof to, "%s/moved", p.dir);
    cr_assert_eq(rename(from, to), 0);
    add_run(&p, "same", START_NS + DAY_NS, 2e6);
    cr_assert_eq(rg_store_find_run(p.store, "same", p.arena, &run, &err), RG_USAGE);
    cr_expect(strstr(err.what, "'same' can be 2 runs") != NULL, "%s", err.what);
    drop_place(&p);
}

Test(store, refuses_names_that_could_be_anything_else) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_run run;
    static const char *const bad[] = {"", "a b", "a/b", "abcdef", "0123456789", "caf\xc3\xa9"};
    add_run(&p, "one", START_NS, 1e6);
    cr_assert_eq(rg_store_find_run(p.store, "one", p.arena, &run, &err), RG_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(rg_store_set_baseline(p.store, bad[i], &run, "Ada", "x", &err), RG_USAGE, "%s",
                     bad[i]);
    cr_expect_eq(rg_store_set_baseline(p.store, "main", &run, "", "x", &err), RG_USAGE);
    cr_expect_eq(rg_store_set_baseline(p.store, "main", &run, "Ada", "", &err), RG_USAGE);
    cr_expect_eq(rg_store_set_baseline(p.store, "r-2.1_x", &run, "Ada", "x", &err), RG_OK);
    drop_place(&p);
}

Test(store, gives_series_in_order_of_time_whatever_the_order_of_import) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_cell cell;
    rg_store_point *points = NULL;
    size_t n = 0;
    add_run(&p, "third", START_NS + 2 * DAY_NS, 3e6);
    add_run(&p, "first", START_NS, 1e6);
    add_run(&p, "second", START_NS + DAY_NS, 2e6);
    cr_assert_eq(rg_store_find_cell(p.store, "ds-cnn/sim", p.arena, &cell, &err), RG_OK);
    cr_assert_eq(rg_store_series(p.store, &cell, "latency_p95_ns", 0, p.arena, &points, &n, &err),
                 RG_OK);
    cr_assert_eq(n, 3);
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(points[i].value, 1e6 * (double)(i + 1));
        cr_expect_eq(points[i].median, 1.1 * points[i].value);
        cr_expect(isnan(points[i].low));
    }
    cr_assert_eq(rg_store_series(p.store, &cell, "latency_p95_ns", 2, p.arena, &points, &n, &err),
                 RG_OK);
    cr_assert_eq(n, 2);
    cr_expect_str_eq(points[0].run, "second");
    drop_place(&p);
}

Test(store, undoes_what_a_failed_transaction_wrote) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store_run *runs = NULL;
    size_t n = 0;
    add_run(&p, "one", START_NS, 1e6);
    cr_assert_eq(rg_store_begin(p.store, &err), RG_OK);
    cr_assert_eq(rg_store_do(p.store, RG_SQL_PUT_BASELINE, &err, "itittt", (int64_t)1, "lost",
                             (int64_t)1, "", "", ""),
                 RG_OK);
    cr_assert_eq(rg_store_commit(p.store, RG_BAD_DATA, &err), RG_BAD_DATA);
    rg_store_baseline *events = NULL;
    cr_assert_eq(rg_store_baselines(p.store, p.arena, &events, &n, &err), RG_OK);
    cr_expect_eq(n, 0);
    cr_assert_eq(rg_store_runs(p.store, p.arena, &runs, &n, &err), RG_OK);
    cr_expect_eq(n, 1);
    drop_place(&p);
}

Test(store, writes_nothing_when_opened_for_reading) {
    place p = new_place();
    rg_err err = RG_ERR_INIT;
    rg_store *reader = NULL;
    rg_store_imported imported;
    rg_store_run run;
    char dir[128];
    add_run(&p, "one", START_NS, 1e6);
    snprintf(dir, sizeof dir, "%s/one", p.dir);
    rg_store_close(p.store);
    p.store = NULL;
    cr_assert_eq(rg_store_open(p.path, RG_STORE_READ, &reader, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_store_find_run(reader, "one", p.arena, &run, &err), RG_OK);
    cr_expect_eq(rg_store_set_baseline(reader, "main", &run, "Ada", "x", &err), RG_IO);
    cr_expect_eq(rg_store_import(reader, dir, "ada", &imported, &err), RG_OK);
    cr_expect(imported.known);
    rg_store_close(reader);
    drop_place(&p);
}

Test(store, follows_a_metric_by_its_key_with_or_without_unit) {
    int metric = -1;
    rg_err err = RG_ERR_INIT;
    cr_expect_eq(rg_history_metric("latency_p95_ns", &metric, &err), RG_OK);
    cr_expect_eq(metric, RG_FIG_latency_p95_ns);
    cr_expect_eq(rg_history_metric("latency_p95", &metric, &err), RG_OK);
    cr_expect_eq(metric, RG_FIG_latency_p95_ns);
    cr_expect_eq(rg_history_metric("instructions", &metric, &err), RG_OK);
    cr_expect_eq(metric, RG_FIG_instructions);
    cr_expect_eq(rg_history_metric("latency", &metric, &err), RG_USAGE);
    cr_expect_eq(rg_history_metric("", &metric, &err), RG_USAGE);
}

Test(store, is_closed_when_it_never_was_open) {
    rg_store_close(NULL);
    rg_history_free(NULL);
    rg_store_side side = {0};
    rg_store_side_free(&side);
    rg_err err = RG_ERR_INIT;
    rg_store *store = NULL;
    cr_expect_eq(rg_store_open("/nowhere/lab.db", RG_STORE_READ, &store, &err), RG_IO);
    cr_expect_eq(rg_store_open("/nowhere/lab.db", RG_STORE_CREATE, &store, &err), RG_IO);
    cr_expect_eq(rg_store_open("/", RG_STORE_READ, &store, &err), RG_BAD_DATA);
    cr_expect_null(store);
}
