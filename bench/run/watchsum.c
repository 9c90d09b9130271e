/* watchsum.c: least, mean and most of every watched number over a window, and the flags that they
 * raise. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/host.h"
#include "bench/run/host_priv.h"
#include "bench/run/watch.h"
#include "bench/run/watch_priv.h"

/* The rows that count. */
typedef struct span {
    size_t first, end;
    bool in_window;
} span;

static span find_span(const rg_watch_table *table, int64_t start_ns, int64_t end_ns) {
    span s = {table->n_rows, table->n_rows, true};
    for (size_t i = 0; i < table->n_rows; i++) {
        if (table->rows[i].t_ns < start_ns || table->rows[i].t_ns > end_ns)
            continue;
        s.first = s.first == table->n_rows ? i : s.first;
        s.end = i + 1;
    }
    return s.first < s.end ? s : (span){0, table->n_rows, false};
}

static double value_at(const rg_watch_table *table, size_t row, size_t column) {
    const rg_watch_row *r = &table->rows[row];
    return column < r->n ? r->values[column] : NAN;
}

typedef struct sums {
    double min, max, sum, first, last;
    size_t n;
} sums;

static sums sum_column(const rg_watch_table *table, const span *s, size_t column) {
    sums t = {INFINITY, -INFINITY, 0, NAN, NAN, 0};
    for (size_t i = s->first; i < s->end; i++) {
        double value = value_at(table, i, column);
        if (isnan(value))
            continue;
        t.min = fmin(t.min, value);
        t.max = fmax(t.max, value);
        t.sum += value;
        t.first = t.n ? t.first : value;
        t.last = value;
        t.n++;
    }
    return t;
}

static void set_column(json_t *summary, const char *key, const sums *t) {
    const char *slash = strchr(key, '/');
    char group[64];
    snprintf(group, sizeof group, "%.*s", slash ? (int)(slash - key) : 63, key);
    if (!strcmp(group, "throttle")) {
        rg_state_set(summary, group, slash + 1, json_integer((json_int_t)(t->last - t->first)));
        return;
    }
    json_t *value = json_object();
    rg_json_set_real(value, "min", t->min);
    rg_json_set_real(value, "mean", t->sum / (double)t->n);
    rg_json_set_real(value, "max", t->max);
    if (slash)
        rg_state_set(summary, group, slash + 1, value);
    else
        json_object_set_new(summary, key, value);
}

/* --- locked clocks that are not held ---------------------------------------------------------- */

static int column_called(const rg_watch_table *table, const char *key) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!strcmp(table->keys[i], key))
            return (int)i;
    }
    return -1;
}

/* The three columns of one clock. */
typedef struct clock_columns {
    int now, least, most;
} clock_columns;

/* "cpufreq/policy0/cur_khz" with its limits; false for any other column. */
static bool find_clock(const rg_watch_table *table, size_t column, clock_columns *ret) {
    const char *key = table->keys[column], *slash = strrchr(key, '/');
    char other[512];
    if (!slash || strncmp(slash, "/cur_", 5))
        return false;
    snprintf(other, sizeof other, "%.*s/min_%s", (int)(slash - key), key, slash + 5);
    int least = column_called(table, other);
    snprintf(other, sizeof other, "%.*s/max_%s", (int)(slash - key), key, slash + 5);
    *ret = (clock_columns){(int)column, least, column_called(table, other)};
    return ret->least >= 0 && ret->most >= 0;
}

/* A core that has nothing to do reports what clock it likes: of cpufreq only those of the workload
 * count, where they are known. */
static bool is_of_workload(const rg_watch_table *table, const char *key) {
    char policy[40];
    if (strncmp(key, "cpufreq/", 8) || !table->policies[0])
        return true;
    snprintf(policy, sizeof policy, " %.*s ", (int)strcspn(key + 8, "/"), key + 8);
    return strstr(table->policies, policy) != NULL;
}

/* Share of the readings in which this clock was locked and stood more than 1 % below its lock; -1:
 * it was never locked. */
static double slow_share(const rg_watch_table *table, const span *s, const clock_columns *c) {
    size_t slow = 0, locked = 0;
    for (size_t i = s->first; i < s->end; i++) {
        double least = value_at(table, i, (size_t)c->least);
        double most = value_at(table, i, (size_t)c->most);
        locked += least == most;
        slow += least == most && value_at(table, i, (size_t)c->now) < 0.99 * most;
    }
    return locked ? (double)slow / (double)(s->end - s->first) : -1;
}

/* The worst clock's; -1: none is locked. */
static double locked_slow_share(const rg_watch_table *table, const span *s) {
    double worst = -1;
    for (size_t i = 0; i < table->n_columns; i++) {
        clock_columns columns;
        if (find_clock(table, i, &columns) && is_of_workload(table, table->keys[i]))
            worst = fmax(worst, slow_share(table, s, &columns));
    }
    return worst;
}

json_t *rg_watch_table_sum(const rg_watch_table *table, int64_t start_ns, int64_t end_ns) {
    span s = find_span(table, start_ns, end_ns);
    json_t *summary = json_pack("{s:f, s:I, s:b, s:b}", "period_s", table->period_s, "samples",
                                (json_int_t)(s.end - s.first), "in_window", s.in_window,
                                "shares_core", table->shares_core);
    for (size_t c = 0; c < table->n_columns; c++) {
        sums t = sum_column(table, &s, c);
        if (t.n)
            set_column(summary, table->keys[c], &t);
    }
    double slow = locked_slow_share(table, &s);
    if (slow >= 0)
        rg_json_set_real(summary, "locked_slow_share", slow);
    return summary;
}

void rg_watch_table_free(rg_watch_table *table) {
    for (size_t i = 0; i < table->n_columns; i++)
        free(table->keys[i]);
    for (size_t i = 0; i < table->n_rows; i++)
        free(table->rows[i].values);
    free(table->keys);
    free(table->rows);
    *table = (rg_watch_table){0};
}

/* --- flags ------------------------------------------------------------------------------------ */

static bool any_above_zero(const json_t *group) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)group, key, value) {
        if (json_number_value(value) > 0 || rg_json_get_real(value, "max", 0) > 0)
            return true;
    }
    return false;
}

static bool moved(const json_t *value) {
    return value && rg_json_get_real(value, "min", 0) != rg_json_get_real(value, "max", 0);
}

/* Limits only: the clocks themselves may move. */
static bool limits_moved(const json_t *group) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)group, key, value) {
        if (!strstr(key, "/cur_") && moved(value))
            return true;
    }
    return false;
}

void rg_watch_flags(const json_t *summary, json_t *flags) {
    if (any_above_zero(json_object_get(summary, "throttle")) ||
        any_above_zero(json_object_get(summary, "alarms")) ||
        rg_json_get_real(summary, "locked_slow_share", 0) > 0.01)
        rg_host_flag(flags, "throttled");
    if (moved(json_object_get(summary, "power_mode_id")) ||
        moved(json_object_get(summary, "clocks_locked")) ||
        limits_moved(json_object_get(summary, "cpufreq")) ||
        limits_moved(json_object_get(summary, "devfreq")))
        rg_host_flag(flags, "state-changed");
}
