/* store_history.c: cells found by name or key, and the series of a metric over runs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/result/gate_words.h"
#include "bench/result/store_priv.h"

/* Columns of RG_SQL_CELL_COLUMNS. */
static bool read_cell(rg_store *store, rg_sql sql, rg_arena *arena, rg_store_cell *cell) {
    *cell =
        (rg_store_cell){rg_store_int(store, sql, 0), rg_store_text(store, sql, 1, arena),
                        rg_store_text(store, sql, 2, arena), rg_store_text(store, sql, 3, arena),
                        rg_store_text(store, sql, 4, arena)};
    return cell->key && cell->name && cell->workload && cell->target;
}

/* The rows of a started statement, in the arena. */
static rg_status read_cells(rg_store *store, rg_sql sql, rg_status started, rg_arena *arena,
                            rg_store_cell **ret_cells, size_t *ret_n, rg_err *err) {
    rg_status status = started;
    rg_store_cell *cells = NULL;
    size_t n = 0, cap = 0;
    while (rg_store_row(store, sql, &status, err)) {
        cells = rg_store_grow(arena, cells, n, &cap, sizeof *cells);
        if (!cells || !read_cell(store, sql, arena, &cells[n])) {
            rg_store_end(store, sql);
            return rg_store_no_memory(err);
        }
        n++;
    }
    *ret_cells = cells;
    *ret_n = n;
    return status;
}

rg_status rg_store_cells(rg_store *store, rg_arena *arena, rg_store_cell **ret_cells, size_t *ret_n,
                         rg_err *err) {
    return read_cells(store, RG_SQL_CELLS, rg_store_start(store, RG_SQL_CELLS, err, ""), arena,
                      ret_cells, ret_n, err);
}

typedef struct cell_list {
    const rg_store_cell *cells;
    size_t n;
} cell_list;

static const char *name_at(size_t i, void *user) {
    const cell_list *list = user;
    return i < list->n ? list->cells[i].name : NULL;
}

static rg_status no_such_cell(rg_store *store, const char *word, rg_arena *arena, rg_err *err) {
    rg_store_cell *cells = NULL;
    cell_list list = {0};
    rg_status status = rg_store_cells(store, arena, &cells, &list.n, err);
    if (status != RG_OK)
        return status;
    list.cells = cells;
    const char *near = rg_text_nearest(word, name_at, &list);
    char advice[320], clean[251];
    rg_gate_clean(near ? near : "", clean, sizeof clean);
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%s'?", clean);
    else
        snprintf(advice, sizeof advice, "`railgauge history --store FILE` lists the cells");
    return rg_fail(err, RG_USAGE, advice, "store %s has no cell '%s'", store->path, word);
}

rg_status rg_store_find_cell(rg_store *store, const char *word, rg_arena *arena,
                             rg_store_cell *ret_cell, rg_err *err) {
    rg_store_cell *cells = NULL;
    size_t n = 0;
    rg_status status = read_cells(store, RG_SQL_CELL_BY_NAME,
                                  rg_store_start(store, RG_SQL_CELL_BY_NAME, err, "t", word), arena,
                                  &cells, &n, err);
    if (status == RG_OK && n == 0 && rg_store_is_id(word)) {
        char end[RG_HASH_HEX + 1];
        rg_store_prefix_end(word, end);
        status = read_cells(store, RG_SQL_CELL_BY_KEY,
                            rg_store_start(store, RG_SQL_CELL_BY_KEY, err, "tt", word, end), arena,
                            &cells, &n, err);
    }
    if (status == RG_OK && n == 0)
        return no_such_cell(store, word, arena, err);
    if (status == RG_OK && n > 1)
        return rg_fail(err, RG_USAGE, "write the beginning of the key instead",
                       "'%s' can be %zu cells, %.12s and %.12s among them", word, n, cells[0].key,
                       cells[1].key);
    if (status == RG_OK)
        *ret_cell = cells[0];
    return status;
}

static bool read_point(rg_store *store, rg_arena *arena, rg_store_point *point) {
    const rg_sql sql = RG_SQL_SERIES;
    *point = (rg_store_point){.created = rg_store_text(store, sql, 0, arena),
                              .bundle = rg_store_text(store, sql, 1, arena),
                              .run = rg_store_text(store, sql, 2, arena),
                              .value = rg_store_real(store, sql, 3),
                              .low = rg_store_real(store, sql, 4),
                              .high = rg_store_real(store, sql, 5),
                              .n = rg_store_int(store, sql, 6),
                              .median = rg_store_real(store, sql, 7),
                              .run_id = rg_store_int(store, sql, 8)};
    return point->created && point->bundle && point->run;
}

/* The store gives the newest first. */
static void turn_round(rg_store_point *points, size_t n) {
    for (size_t i = 0; i < n / 2; i++) {
        rg_store_point kept = points[i];
        points[i] = points[n - 1 - i];
        points[n - 1 - i] = kept;
    }
}

rg_status rg_store_series(rg_store *store, const rg_store_cell *cell, const char *metric,
                          size_t last, rg_arena *arena, rg_store_point **ret_points, size_t *ret_n,
                          rg_err *err) {
    int64_t limit = last ? (int64_t)last : INT64_MAX;
    rg_status status = rg_store_start(store, RG_SQL_SERIES, err, "iti", cell->id, metric, limit);
    rg_store_point *points = NULL;
    size_t n = 0, cap = 0;
    while (rg_store_row(store, RG_SQL_SERIES, &status, err)) {
        points = rg_store_grow(arena, points, n, &cap, sizeof *points);
        if (!points || !read_point(store, arena, &points[n])) {
            rg_store_end(store, RG_SQL_SERIES);
            return rg_store_no_memory(err);
        }
        n++;
    }
    if (status == RG_OK) {
        turn_round(points, n);
        *ret_points = points;
        *ret_n = n;
    }
    return status;
}
