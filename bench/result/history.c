/* history.c: from a store's series to levels and changes. */
#include "bench/result/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/stats.h"
#include "bench/result/store_priv.h"

static const char *metric_at(size_t i, void *user) {
    (void)user;
    return i < RG_FIG_COUNT ? rg_figure_rows[i].key : NULL;
}

/* "latency_p95" is "latency_p95_ns": the key up to its unit. */
static bool is_stem(const char *word, const char *key) {
    size_t n = strlen(word);
    return !strncmp(word, key, n) && key[n] == '_' && !strchr(key + n + 1, '_');
}

rg_status rg_history_metric(const char *word, int *ret_metric, rg_err *err) {
    int metric = rg_figure_find(word);
    for (int i = 0; metric < 0 && i < RG_FIG_COUNT; i++) {
        if (is_stem(word, rg_figure_rows[i].key))
            metric = i;
    }
    if (metric >= 0) {
        *ret_metric = metric;
        return RG_OK;
    }
    const char *near = rg_text_nearest(word, metric_at, NULL);
    return rg_fail(err, RG_USAGE, near ? near : "see `railgauge list fields`",
                   "there is no metric '%s'", word);
}

static double robust(const rg_store_point *point) {
    return isfinite(point->median) ? point->median : point->value;
}

/* --- control -----------------------------------------------------------------------------------
 */

/* Of points that stand in the same order, the one of this run; both lists are walked once. */
static double control_of(const rg_store_point *controls, size_t n, size_t *at, int64_t run_id) {
    for (size_t i = *at; i < n; i++) {
        if (controls[i].run_id == run_id) {
            *at = i + 1;
            return robust(&controls[i]);
        }
    }
    return NAN;
}

static rg_status middle_of(const rg_store_point *points, size_t n, double *ret, rg_err *err) {
    double *values = malloc((n + 1) * sizeof *values);
    if (!values)
        return rg_store_no_memory(err);
    for (size_t i = 0; i < n; i++)
        values[i] = robust(&points[i]);
    rg_sort_reals(values, n);
    *ret = rg_quantile(values, n, 0.5);
    free(values);
    return RG_OK;
}

/* --- points ------------------------------------------------------------------------------------
 */

/* Takes over what can be compared by ratio. */
static void add_points(rg_history *h, const rg_store_point *points, size_t n,
                       const rg_store_point *controls, size_t n_controls, double middle) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        double control = control_of(controls, n_controls, &at, points[i].run_id);
        double value = robust(&points[i]) / (h->control_cell.id ? control / middle : 1);
        if (!isfinite(value) || value <= 0) {
            h->left_out++;
            continue;
        }
        h->points[h->n++] = (rg_history_point){points[i], value, control, NAN};
    }
}

static rg_status read_control(rg_store *store, const rg_history_ask *ask, rg_history *h,
                              rg_store_point **ret, size_t *ret_n, double *ret_middle,
                              rg_err *err) {
    if (!*ask->control)
        return RG_OK;
    rg_status status = rg_store_find_cell(store, ask->control, h->arena, &h->control_cell, err);
    if (status == RG_OK)
        status = rg_store_series(store, &h->control_cell, rg_figure_rows[h->metric].key, ask->last,
                                 h->arena, ret, ret_n, err);
    return status == RG_OK ? middle_of(*ret, *ret_n, ret_middle, err) : status;
}

static rg_status read_points(rg_store *store, const rg_history_ask *ask, rg_history *h,
                             rg_err *err) {
    rg_store_point *points = NULL, *controls = NULL;
    size_t n = 0, n_controls = 0;
    double middle = NAN;
    const char *key = rg_figure_rows[h->metric].key;
    rg_status status = rg_store_series(store, &h->cell, key, ask->last, h->arena, &points, &n, err);
    if (status == RG_OK && n == 0)
        return rg_fail(err, RG_USAGE, "see `railgauge list fields` and the runs' reports",
                       "cell '%s' has no %s in this store", h->cell.name, key);
    if (status == RG_OK)
        status = read_control(store, ask, h, &controls, &n_controls, &middle, err);
    if (status != RG_OK)
        return status;
    h->points = rg_arena_array(h->arena, n, sizeof *h->points);
    if (!h->points)
        return rg_store_no_memory(err);
    add_points(h, points, n, controls, n_controls, middle);
    return RG_OK;
}

/* --- levels and changes ------------------------------------------------------------------------
 */

static void set_levels(rg_history *h, const double *values, double *scratch) {
    for (size_t c = 0; c <= h->n_changes; c++) {
        size_t from = c ? h->changes[c - 1].change.at : 0;
        size_t to = c < h->n_changes ? h->changes[c].change.at : h->n;
        memcpy(scratch, values + from, (to - from) * sizeof *scratch);
        rg_sort_reals(scratch, to - from);
        double level = rg_quantile(scratch, to - from, 0.5);
        for (size_t i = from; i < to; i++)
            h->points[i].level = level;
    }
}

static rg_status take_changes(rg_history *h, const rg_change *changes, size_t n, rg_err *err) {
    rg_better better = rg_figure_rows[h->metric].better;
    h->changes = rg_arena_array(h->arena, n + 1, sizeof *h->changes);
    if (!h->changes)
        return rg_store_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        bool up = changes[i].step > 0;
        h->changes[i] = (rg_history_change){
            changes[i], better != RG_BETTER_NONE && up == (better == RG_BETTER_LOWER), ""};
    }
    h->n_changes = n;
    return RG_OK;
}

static rg_status segment(rg_history *h, rg_err *err) {
    rg_change *changes = NULL;
    size_t n = 0;
    double *values = malloc((2 * h->n + 1) * sizeof *values);
    if (!values)
        return rg_store_no_memory(err);
    for (size_t i = 0; i < h->n; i++)
        values[i] = h->points[i].value;
    rg_status status = rg_segment(values, h->n, &h->how, &changes, &n, err);
    if (status == RG_OK)
        status = take_changes(h, changes, n, err);
    if (status == RG_OK)
        set_levels(h, values, values + h->n);
    free(changes);
    free(values);
    return status;
}

/* --- what the store knows of a change ----------------------------------------------------------
 */

static rg_status find_kept(rg_store *store, rg_history *h, rg_history_change *c, rg_err *err) {
    const rg_sql sql = RG_SQL_FIND_CHANGE;
    rg_status status =
        rg_store_start(store, sql, err, "iti", h->cell.id, rg_figure_rows[h->metric].key,
                       h->points[c->change.at].run.run_id);
    if (rg_store_row(store, sql, &status, err)) {
        c->first_seen = rg_store_text(store, sql, 0, h->arena);
        rg_store_end(store, sql);
    }
    return status == RG_OK && !c->first_seen ? rg_store_no_memory(err) : status;
}

static rg_status keep_one(rg_store *store, rg_history *h, rg_history_change *c, const char *now,
                          const char *who, rg_err *err) {
    int64_t id = 0;
    rg_status status = find_kept(store, h, c, err);
    if (status != RG_OK || *c->first_seen)
        return status;
    json_t *facts =
        json_pack("{s:f, s:f, s:f, s:s, s:I}", "before", c->change.before, "after", c->change.after,
                  "rho", c->change.rho, "control", h->control_cell.id ? h->control_cell.key : "",
                  "points", (json_int_t)h->n);
    char *text = facts ? rg_json_text(facts, 0) : NULL;
    json_decref(facts);
    if (!text)
        return rg_store_no_memory(err);
    status = rg_store_one_int(store, RG_SQL_NEXT_CHANGE,
                              rg_store_start(store, RG_SQL_NEXT_CHANGE, err, ""), 1, &id, err);
    if (status == RG_OK)
        status = rg_store_do(store, RG_SQL_PUT_CHANGE, err, "iitittrrt", id, h->cell.id,
                             rg_figure_rows[h->metric].key, h->points[c->change.at].run.run_id, now,
                             who, c->change.step, c->change.p, text);
    free(text);
    return status;
}

rg_status rg_history_keep(rg_store *store, rg_history *h, const char *who, rg_err *err) {
    char now[RG_STORE_TIME];
    rg_store_now(now);
    rg_status status = rg_store_begin(store, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; status == RG_OK && i < h->n_changes; i++)
        status = keep_one(store, h, &h->changes[i], now, who, err);
    return rg_store_commit(store, status, err);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static rg_status fill(rg_store *store, const rg_history_ask *ask, rg_history *h, rg_err *err) {
    rg_status status = rg_history_metric(ask->metric, &h->metric, err);
    if (status == RG_OK)
        status = rg_store_find_cell(store, ask->cell, h->arena, &h->cell, err);
    if (status == RG_OK)
        status = read_points(store, ask, h, err);
    if (status != RG_OK)
        return status;
    h->how = rg_segment_defaults(rg_hash_seed(h->cell.key));
    status = segment(h, err);
    for (size_t i = 0; status == RG_OK && i < h->n_changes; i++)
        status = find_kept(store, h, &h->changes[i], err);
    return status;
}

rg_status rg_history_read(rg_store *store, const rg_history_ask *ask, rg_history **ret_history,
                          rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_history *h = arena ? rg_arena_alloc(arena, sizeof *h) : NULL;
    if (!h) {
        rg_arena_free(arena);
        return rg_store_no_memory(err);
    }
    h->arena = arena;
    rg_status status = fill(store, ask, h, err);
    if (status == RG_OK)
        *ret_history = h;
    else
        rg_history_free(h);
    return status;
}

void rg_history_free(rg_history *history) {
    if (history)
        rg_arena_free(history->arena);
}
