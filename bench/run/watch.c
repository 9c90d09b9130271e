/* watch.c: a thread that keeps the numbers of the state as rows, one column a number; watchsum.c
 * makes the summary of them. */
#include "bench/run/watch.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/run/cores.h"
#include "bench/run/host.h"
#include "bench/run/watch_priv.h"

enum { PERIOD_NS = 500000000, MAX_COLUMNS = 2048, MAX_ROWS = 8192 };

struct rg_watch {
    rg_root *root;
    rg_watch_table table;
    pthread_t thread;
    pthread_mutex_t lock; /* of `stopping`, for the sleep */
    pthread_cond_t wake;
    bool running, stopping;
    int cpu; /* to stay on; -1: none is left */
    int64_t read_ns;
};

/* --- the table -------------------------------------------------------------------------------- */

static int column_of(rg_watch_table *table, const char *key) {
    for (size_t i = 0; i < table->n_columns; i++) {
        size_t at =
            (table->hint + i) % table->n_columns; /* keys come in the same order each time */
        if (strcmp(table->keys[at], key))
            continue;
        table->hint = at + 1;
        return (int)at;
    }
    if (table->n_columns == MAX_COLUMNS)
        return -1;
    char **keys = realloc(table->keys, (table->n_columns + 1) * sizeof *keys);
    if (!keys)
        return -1;
    table->keys = keys;
    keys[table->n_columns] = strdup(key);
    return keys[table->n_columns] ? (int)table->n_columns++ : -1;
}

static void put(rg_watch_table *table, rg_watch_row *row, const char *key, double value) {
    int column = column_of(table, key);
    if (column < 0)
        return;
    if ((size_t)column >= row->n) {
        double *values = realloc(row->values, (size_t)(column + 1) * sizeof *values);
        if (!values)
            return;
        for (size_t i = row->n; i < (size_t)column; i++)
            values[i] = NAN;
        row->values = values;
        row->n = (size_t)column + 1;
    }
    row->values[column] = value;
}

/* "cpufreq/policy0/cur_khz" = 1500000 */
static void flatten(rg_watch_table *table, rg_watch_row *row, const char *prefix,
                    const json_t *value) {
    char key[512];
    const char *name;
    json_t *member;
    if (json_is_number(value))
        put(table, row, prefix, json_number_value(value));
    else if (json_is_boolean(value))
        put(table, row, prefix, json_is_true(value));
    json_object_foreach((json_t *)value, name, member) {
        snprintf(key, sizeof key, "%s/%s", prefix, name);
        flatten(table, row, key, member);
    }
}

static void add_row(rg_watch_table *table, int64_t t_ns, const json_t *state) {
    static const char *const groups[] = {"cpufreq",  "devfreq",       "temperature_mc",
                                         "fan",      "cooling",       "alarms",
                                         "throttle", "power_mode_id", "clocks_locked"};
    rg_watch_row row = {.t_ns = t_ns};
    if (table->n_rows == MAX_ROWS)
        return;
    rg_watch_row *rows = realloc(table->rows, (table->n_rows + 1) * sizeof *rows);
    if (!rows)
        return;
    table->rows = rows;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        flatten(table, &row, groups[i], json_object_get(state, groups[i]));
    rows[table->n_rows++] = row;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void look(rg_watch *watch) {
    int64_t start_ns = rg_clock_real_ns();
    json_t *state = rg_host_state(watch->root);
    int64_t end_ns = rg_clock_real_ns();
    watch->read_ns += end_ns - start_ns;
    if (state)
        add_row(&watch->table, start_ns + (end_ns - start_ns) / 2, state);
    json_decref(state);
}

/* True when it is time to end. */
static bool sleep_until(rg_watch *watch, int64_t ns) {
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping && pthread_cond_timedwait(&watch->wake, &watch->lock, &t) == 0)
        ;
    bool stopping = watch->stopping;
    pthread_mutex_unlock(&watch->lock);
    return stopping;
}

static void *watch_on(void *user) {
    rg_watch *watch = user;
    if (watch->cpu >= 0 && !rg_cpu_pin((uint16_t)watch->cpu))
        watch->table.shares_core = true;
    int64_t next_ns = rg_clock_real_ns();
    do {
        look(watch);
        next_ns += PERIOD_NS;
        int64_t now_ns = rg_clock_real_ns();
        next_ns = next_ns < now_ns ? now_ns + PERIOD_NS : next_ns;
    } while (!sleep_until(watch, next_ns));
    look(watch);
    return NULL;
}

/* A CPU that the workload does not use; -1 when none is left or nobody can tell. */
static int spare_cpu(const rg_cpus *worker) {
    const rg_cpus *here = rg_cpus_here();
    int spare = -1;
    for (uint32_t i = here->n; worker->n && i-- > 0;) {
        bool used = false;
        for (uint32_t k = 0; k < worker->n; k++)
            used |= worker->id[k] == here->id[i];
        spare = used ? spare : here->id[i];
    }
    return spare;
}

/* Which clock domains the workload runs in: cpu3/cpufreq is a link to policy2. */
static void note_policies(rg_watch *watch, const rg_cpus *worker) {
    char path[96], name[48], *all = watch->table.policies;
    snprintf(all, sizeof watch->table.policies, " ");
    for (uint32_t i = 0; i < worker->n; i++) {
        size_t used = strlen(all);
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq", worker->id[i]);
        if (rg_root_link_name(watch->root, path, name, sizeof name) == RG_OK &&
            used + strlen(name) + 2 < sizeof watch->table.policies)
            snprintf(all + used, sizeof watch->table.policies - used, "%s ", name);
    }
    if (!all[1])
        all[0] = '\0';
}

static void place(rg_watch *watch, const char *worker_cores) {
    rg_cpus *worker = calloc(1, sizeof *worker);
    watch->cpu = -1;
    if (worker && *worker_cores && rg_cpus_parse(worker_cores, worker, NULL) == RG_OK) {
        watch->cpu = spare_cpu(worker);
        note_policies(watch, worker);
    }
    watch->table.shares_core = watch->cpu < 0;
    free(worker);
}

static bool start_thread(rg_watch *watch) {
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic))
        return false;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&watch->lock, NULL);
    watch->running = pthread_create(&watch->thread, NULL, watch_on, watch) == 0;
    return watch->running;
}

rg_watch *rg_watch_start(rg_root *root, const char *worker_cores) {
    rg_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->root = root;
    watch->table.period_s = PERIOD_NS * 1e-9;
    place(watch, worker_cores);
    if (start_thread(watch))
        return watch;
    free(watch);
    return NULL;
}

void rg_watch_stop(rg_watch *watch) {
    if (!watch || !watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    watch->running = false;
}

json_t *rg_watch_summary(const rg_watch *watch, int64_t start_ns, int64_t end_ns) {
    if (!watch)
        return NULL;
    json_t *summary = rg_watch_table_sum(&watch->table, start_ns, end_ns);
    if (watch->table.n_rows)
        json_object_set_new(summary, "read_ns",
                            json_integer(watch->read_ns / (int64_t)watch->table.n_rows));
    return summary;
}

void rg_watch_close(rg_watch *watch) {
    if (!watch)
        return;
    rg_watch_stop(watch);
    rg_watch_table_free(&watch->table);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
