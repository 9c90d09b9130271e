/* meter.c: one thread a sensor for real rails, inline draining for virtual ones. */
#include "bench/run/meter.h"

#include <hwloc.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"

enum { MAX_ROWS = 4 << 20, DRAIN_ROWS = 4096, MAX_POLL_NS = 100000000 };

/* One opened sensor with the rows that it has given. */
typedef struct source {
    rg_meter *meter;
    const rg_sensor *sensor;
    rg_gauge *gauge;
    size_t first_rail, n_rails; /* its stretch of meter->rails */
    int64_t poll_ns;
    pthread_t thread;
    bool running, shares_core;
    pthread_mutex_t lock; /* of rows, n and cap: rg_meter_take reads them from another thread */
    rg_power_row *rows;
    size_t n, cap;
    uint64_t reads, lost;
    int64_t read_ns;
} source;

struct rg_meter {
    rg_rail *rails;
    size_t n_rails;
    source *sources;
    size_t n_sources;
    rg_power_row *merged; /* all rows, made when asked for */
    atomic_bool stopping;
    int64_t start_ns;
    hwloc_topology_t topology;
    hwloc_bitmap_t spare; /* cores that the workload does not use; NULL when none is left */
};

static bool reserve(source *s, size_t more) {
    if (s->n + more <= s->cap)
        return true;
    size_t cap = s->cap ? s->cap * 2 : 4 * DRAIN_ROWS;
    rg_power_row *bigger = cap <= MAX_ROWS ? realloc(s->rows, cap * sizeof *bigger) : NULL;
    if (!bigger)
        return false;
    s->rows = bigger;
    s->cap = cap;
    return true;
}

/* Rows for which there is no room are counted as lost, never hidden. */
static void keep_rows(source *s, rg_power_row *block, size_t n) {
    pthread_mutex_lock(&s->lock);
    bool room = reserve(s, n);
    for (size_t i = 0; i < n && room; i++) {
        block[i].rail += (uint32_t)s->first_rail;
        s->rows[s->n++] = block[i];
    }
    s->lost += room ? 0 : n;
    pthread_mutex_unlock(&s->lock);
}

/* Takes what the sensor has. */
static void drain_source(source *s) {
    rg_power_row block[256];
    size_t n;
    do {
        int64_t start_ns = rg_clock_real_ns();
        if (s->sensor->drain(s->gauge, block, 256, &n) != RG_OK)
            return;
        s->read_ns += rg_clock_real_ns() - start_ns;
        s->reads++;
        if (n)
            keep_rows(s, block, n);
    } while (n == 256);
}

static void keep_off_workload(source *s) {
    rg_meter *meter = s->meter;
    s->shares_core =
        !meter->spare || hwloc_set_cpubind(meter->topology, meter->spare, HWLOC_CPUBIND_THREAD) < 0;
}

/* Slow buses: reading shall not take more than a quarter of the meter's core. The fastest of three
 * tells the bus from the scheduler. */
static void slow_down(source *s) {
    int64_t cost_ns = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t start_ns = rg_clock_real_ns();
        drain_source(s);
        int64_t one_ns = rg_clock_real_ns() - start_ns;
        cost_ns = one_ns < cost_ns ? one_ns : cost_ns;
    }
    s->poll_ns = cost_ns > s->poll_ns / 4 ? 4 * cost_ns : s->poll_ns;
    s->poll_ns = s->poll_ns > MAX_POLL_NS ? MAX_POLL_NS : s->poll_ns;
}

/* A fixed grid from the start on; a beat that was missed is skipped, not made up for. */
static void *sample(void *user) {
    source *s = user;
    keep_off_workload(s);
    slow_down(s);
    int64_t next_ns = rg_clock_real_ns();
    while (!atomic_load_explicit(&s->meter->stopping, memory_order_relaxed)) {
        drain_source(s);
        int64_t now_ns = rg_clock_real_ns();
        next_ns += s->poll_ns;
        if (next_ns < now_ns)
            next_ns += (now_ns - next_ns) / s->poll_ns * s->poll_ns + s->poll_ns;
        struct timespec t = {next_ns / 1000000000, next_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    }
    drain_source(s);
    return NULL;
}

/* About the refresh, never faster than 1 ms, never slower than 100 ms (power.md, 4.1). A sensor
 * that averages over longer than its refresh tells nothing new in between: a twentieth of its lag
 * does. */
static int64_t poll_interval(const rg_rail *rails, size_t n) {
    double poll_s = 0.1;
    for (size_t i = 0; i < n; i++) {
        double own_s = fmax(rails[i].refresh_s, rails[i].lag_s / 20);
        if (rails[i].kind == RG_POWER_COUNTER) /* it sums by itself; only its edges matter */
            own_s = fmax(own_s, 0.005);
        poll_s = own_s > 0 && own_s < poll_s ? own_s : poll_s;
    }
    return poll_s < 0.001 ? 1000000 : (int64_t)(poll_s * 1e9);
}

/* The cores that are left when the workload has its own; NULL when none is. */
static void find_spare(rg_meter *meter, const char *worker_cores) {
    if (hwloc_topology_init(&meter->topology) < 0)
        return;
    if (hwloc_topology_load(meter->topology) < 0)
        return;
    hwloc_bitmap_t worker = hwloc_bitmap_alloc(), spare = hwloc_bitmap_alloc();
    if (worker && spare && worker_cores && *worker_cores &&
        hwloc_bitmap_list_sscanf(worker, worker_cores) == 0) {
        hwloc_bitmap_andnot(spare, hwloc_topology_get_allowed_cpuset(meter->topology), worker);
        if (!hwloc_bitmap_iszero(spare)) {
            meter->spare = spare;
            spare = NULL;
        }
    }
    hwloc_bitmap_free(worker);
    hwloc_bitmap_free(spare);
}

/* Rails of one sensor stand together, so that a row's index is the sensor's plus an offset. */
static size_t take_rails(rg_meter *meter, const rg_rail_list *rails, const char *sensor) {
    size_t before = meter->n_rails;
    for (size_t i = 0; i < rails->n; i++) {
        if (rails->items[i].status == RG_OK && !strcmp(rails->items[i].sensor, sensor))
            meter->rails[meter->n_rails++] = rails->items[i];
    }
    return meter->n_rails - before;
}

static rg_status open_source(rg_meter *meter, rg_root *root, const rg_rail_list *rails,
                             const rg_sensor *sensor, rg_err *err) {
    source *s = &meter->sources[meter->n_sources];
    *s = (source){.meter = meter, .sensor = sensor, .first_rail = meter->n_rails};
    s->n_rails = take_rails(meter, rails, sensor->name);
    if (s->n_rails == 0)
        return RG_OK;
    pthread_mutex_init(&s->lock, NULL);
    s->poll_ns = poll_interval(meter->rails + s->first_rail, s->n_rails);
    rg_status status = sensor->open(root, meter->rails + s->first_rail, s->n_rails, &s->gauge, err);
    if (status == RG_OK)
        meter->n_sources++;
    return status;
}

rg_status rg_meter_open(rg_root *root, const rg_rail_list *rails, const char *worker_cores,
                        rg_meter **ret_meter, rg_err *err) {
    size_t n_sensors = 0;
    while (rg_sensors[n_sensors])
        n_sensors++;
    rg_meter *meter = calloc(1, sizeof *meter);
    if (!meter)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    meter->rails = calloc(rails->n + 1, sizeof *meter->rails);
    meter->sources = calloc(n_sensors + 1, sizeof *meter->sources);
    rg_status status =
        meter->rails && meter->sources ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < n_sensors; i++)
        status = open_source(meter, root, rails, rg_sensors[i], err);
    if (status == RG_OK && meter->n_sources == 0)
        status = rg_fail(err, RG_ABSENT, "see `railgauge list rails`", "no rail can be read here");
    if (status != RG_OK) {
        rg_meter_close(meter);
        return status;
    }
    find_spare(meter, worker_cores);
    *ret_meter = meter;
    return RG_OK;
}

const rg_rail *rg_meter_rails(const rg_meter *meter, size_t *ret_n) {
    *ret_n = meter->n_rails;
    return meter->rails;
}

rg_status rg_meter_start(rg_meter *meter, rg_err *err) {
    meter->start_ns = rg_clock_real_ns();
    atomic_store(&meter->stopping, false);
    for (size_t i = 0; i < meter->n_sources; i++) {
        source *s = &meter->sources[i];
        rg_status status = s->sensor->start ? s->sensor->start(s->gauge) : RG_OK;
        if (status != RG_OK)
            return rg_fail(err, status, NULL, "sensor %s does not start", s->sensor->name);
        if (s->sensor->is_virtual)
            continue;
        if (pthread_create(&s->thread, NULL, sample, s) != 0)
            return rg_fail(err, RG_FAILED, NULL, "cannot start the meter's thread");
        s->running = true;
    }
    return RG_OK;
}

void rg_meter_poll(rg_meter *meter) {
    for (size_t i = 0; i < meter->n_sources; i++) {
        if (meter->sources[i].sensor->is_virtual)
            drain_source(&meter->sources[i]);
    }
}

void rg_meter_stop(rg_meter *meter) {
    atomic_store(&meter->stopping, true);
    for (size_t i = 0; i < meter->n_sources; i++) {
        source *s = &meter->sources[i];
        if (s->running)
            pthread_join(s->thread, NULL);
        s->running = false;
        rg_sensor_note_trouble(s->sensor, s->gauge, meter->rails + s->first_rail, s->n_rails);
        if (s->sensor->stop)
            s->sensor->stop(s->gauge);
    }
}

const rg_power_row *rg_meter_rows(const rg_meter *meter, size_t *ret_n) {
    rg_meter *owner =
        (rg_meter *)meter; /* the merged copy is a cache, no change that a caller sees */
    size_t n = 0;
    for (size_t i = 0; i < meter->n_sources; i++)
        n += meter->sources[i].n;
    rg_power_row *merged = realloc(owner->merged, (n + 1) * sizeof *merged);
    *ret_n = 0;
    if (!merged)
        return owner->merged;
    owner->merged = merged;
    for (size_t i = 0; i < meter->n_sources; i++) {
        const source *s = &meter->sources[i];
        if (s->n)
            memcpy(merged + *ret_n, s->rows, s->n * sizeof *merged);
        *ret_n += s->n;
    }
    return merged;
}

size_t rg_meter_take(rg_meter *meter, rg_power_row *rows, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < meter->n_sources && n < cap; i++) {
        source *s = &meter->sources[i];
        pthread_mutex_lock(&s->lock);
        size_t k = s->n < cap - n ? s->n : cap - n;
        if (k) {
            memcpy(rows + n, s->rows, k * sizeof *rows);
            memmove(s->rows, s->rows + k, (s->n - k) * sizeof *rows);
        }
        s->n -= k;
        n += k;
        pthread_mutex_unlock(&s->lock);
    }
    return n;
}

bool rg_meter_shares_core(const rg_meter *meter) {
    for (size_t i = 0; i < meter->n_sources; i++) {
        if (meter->sources[i].shares_core)
            return true;
    }
    return false;
}

json_t *rg_meter_cost(const rg_meter *meter) {
    uint64_t reads = 0, lost = 0;
    int64_t read_ns = 0, poll_ns = 0;
    for (size_t i = 0; i < meter->n_sources; i++) {
        const source *s = &meter->sources[i];
        reads += s->reads;
        lost += s->lost;
        read_ns += s->read_ns;
        poll_ns = poll_ns && poll_ns < s->poll_ns ? poll_ns : s->poll_ns;
    }
    double elapsed_ns = (double)(rg_clock_real_ns() - meter->start_ns);
    json_t *cost = json_pack("{s:I, s:I, s:b}", "reads", (json_int_t)reads, "lost_rows",
                             (json_int_t)lost, "shares_core", rg_meter_shares_core(meter));
    rg_json_set_real(cost, "read_cost_ns", reads ? (double)read_ns / (double)reads : 0);
    rg_json_set_real(cost, "cpu_share", elapsed_ns > 0 ? (double)read_ns / elapsed_ns : 0);
    rg_json_set_real(cost, "poll_s", (double)poll_ns / 1e9);
    return cost;
}

void rg_meter_close(rg_meter *meter) {
    if (!meter)
        return;
    if (meter->n_sources)
        rg_meter_stop(meter);
    for (size_t i = 0; i < meter->n_sources; i++) {
        meter->sources[i].sensor->close(meter->sources[i].gauge);
        free(meter->sources[i].rows);
    }
    if (meter->spare)
        hwloc_bitmap_free(meter->spare);
    if (meter->topology)
        hwloc_topology_destroy(meter->topology);
    free(meter->merged);
    free(meter->sources);
    free(meter->rails);
    free(meter);
}
