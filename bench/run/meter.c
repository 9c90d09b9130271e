/* meter.c: which sensors are read, the cores left for that, and the rows of all of them together.
 * Real sensors have a thread a bus (meter_source.c), virtual ones are drained inline. */
#include "bench/run/meter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/meter_priv.h"

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

static bool read_together(const rg_rail *a, const rg_rail *b) {
    return a->status == RG_OK && b->status == RG_OK && !strcmp(a->sensor, b->sensor) &&
           !strcmp(a->bus, b->bus);
}

/* Rails of one sensor and bus stand together, so that a row's index is the source's plus an offset.
 */
static size_t take_rails(rg_meter *meter, const rg_rail_list *rails, size_t first) {
    size_t before = meter->n_rails;
    for (size_t i = first; i < rails->n; i++) {
        if (read_together(&rails->items[i], &rails->items[first]))
            meter->rails[meter->n_rails++] = rails->items[i];
    }
    return meter->n_rails - before;
}

enum { HURRY_NS = 1000000, TICK_PATIENCE_NS = 300000000 };

/* One source of the rails that are read together with the first, which no source has yet. */
static rg_status open_source(rg_meter *meter, rg_root *root, const rg_rail_list *rails,
                             const rg_sensor *sensor, size_t first, rg_err *err) {
    rg_meter_source *s = &meter->sources[meter->n_sources];
    *s = (rg_meter_source){.meter = meter, .sensor = sensor, .first_rail = meter->n_rails};
    s->n_rails = take_rails(meter, rails, first);
    pthread_mutex_init(&s->lock, NULL);
    s->poll_ns = rg_meter_poll_interval(meter->rails + s->first_rail, s->n_rails);
    rg_status status = sensor->open(root, meter->rails + s->first_rail, s->n_rails, &s->gauge, err);
    if (status == RG_OK)
        meter->n_sources++;
    return status;
}

/* A source a bus; sensors in their order. */
static rg_status open_sources(rg_meter *meter, rg_root *root, const rg_rail_list *rails,
                              const rg_sensor *sensor, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < rails->n; i++) {
        bool taken =
            strcmp(rails->items[i].sensor, sensor->name) || rails->items[i].status != RG_OK;
        for (size_t j = 0; !taken && j < i; j++)
            taken = read_together(&rails->items[j], &rails->items[i]);
        if (!taken)
            status = open_source(meter, root, rails, sensor, i, err);
    }
    return status;
}

rg_status rg_meter_open(rg_root *root, const rg_rail_list *rails, const char *worker_cores,
                        rg_meter **ret_meter, rg_err *err) {
    rg_meter *meter = calloc(1, sizeof *meter);
    if (!meter)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    meter->rails = calloc(rails->n + 1, sizeof *meter->rails);
    meter->sources = calloc(rails->n + 1, sizeof *meter->sources);
    rg_status status =
        meter->rails && meter->sources ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && rg_sensors[i]; i++)
        status = open_sources(meter, root, rails, rg_sensors[i], err);
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

rg_status rg_meter_around(const rg_sensor *sensor, rg_gauge *gauge, const rg_rail_list *rails,
                          const char *worker_cores, rg_meter **ret_meter, rg_err *err) {
    if (!rails->n)
        return rg_fail(err, RG_ABSENT, "see `railgauge list rails`", "no rail can be read here");
    rg_meter *meter = calloc(1, sizeof *meter);
    if (!meter)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    meter->rails = calloc(rails->n, sizeof *meter->rails);
    meter->sources = calloc(1, sizeof *meter->sources);
    if (!meter->rails || !meter->sources) {
        rg_meter_close(meter);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    memcpy(meter->rails, rails->items, rails->n * sizeof *meter->rails);
    meter->n_rails = rails->n;
    meter->n_sources = 1;
    meter->sources[0] =
        (rg_meter_source){.meter = meter,
                          .sensor = sensor,
                          .gauge = gauge,
                          .n_rails = rails->n,
                          .poll_ns = rg_meter_poll_interval(rails->items, rails->n) / 2};
    pthread_mutex_init(&meter->sources[0].lock, NULL);
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
        rg_meter_source *s = &meter->sources[i];
        rg_status status = s->sensor->start ? s->sensor->start(s->gauge) : RG_OK;
        if (status != RG_OK)
            return rg_fail(err, status, NULL, "sensor %s does not start", s->sensor->name);
        if (s->sensor->is_virtual)
            continue;
        status = rg_meter_source_start(s, err);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}

void rg_meter_hurry(rg_meter *meter) {
    for (size_t i = 0; i < meter->n_sources; i++) {
        rg_meter_source *s = &meter->sources[i];
        for (size_t r = 0; r < s->n_rails; r++) {
            double own_ns = meter->rails[s->first_rail + r].refresh_s * 1e9 / 5;
            int64_t poll_ns = own_ns > HURRY_NS ? (int64_t)own_ns : HURRY_NS;
            s->poll_ns = poll_ns < s->poll_ns ? poll_ns : s->poll_ns;
        }
    }
}

int64_t rg_meter_await_tick(rg_meter *meter) {
    int64_t last_ns = 0, end_ns = rg_clock_real_ns() + TICK_PATIENCE_NS;
    for (size_t i = 0; i < meter->n_sources; i++) {
        rg_meter_source *s = &meter->sources[i];
        atomic_store(&s->tick_ns, 0);
        atomic_store(&s->wants_tick, s->running && rg_meter_source_counts(s));
    }
    for (size_t i = 0; i < meter->n_sources; i++) {
        rg_meter_source *s = &meter->sources[i];
        while (atomic_load(&s->wants_tick) && rg_clock_real_ns() < end_ns)
            nanosleep(&(struct timespec){0, 20000}, NULL);
        atomic_store(&s->wants_tick, false);
        int64_t tick_ns = atomic_load(&s->tick_ns);
        last_ns = tick_ns > last_ns ? tick_ns : last_ns;
    }
    return last_ns;
}

void rg_meter_poll(rg_meter *meter) {
    for (size_t i = 0; i < meter->n_sources; i++) {
        if (meter->sources[i].sensor->is_virtual)
            rg_meter_drain(&meter->sources[i]);
    }
}

void rg_meter_stop(rg_meter *meter) {
    atomic_store(&meter->stopping, true);
    for (size_t i = 0; i < meter->n_sources; i++) {
        rg_meter_source *s = &meter->sources[i];
        rg_meter_source_stop(s);
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
        const rg_meter_source *s = &meter->sources[i];
        if (s->n)
            memcpy(merged + *ret_n, s->rows, s->n * sizeof *merged);
        *ret_n += s->n;
    }
    return merged;
}

size_t rg_meter_take(rg_meter *meter, rg_power_row *rows, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < meter->n_sources && n < cap; i++) {
        rg_meter_source *s = &meter->sources[i];
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
    uint64_t reads = 0, lost = 0, late = 0;
    int64_t read_ns = 0, poll_ns = 0;
    for (size_t i = 0; i < meter->n_sources; i++) {
        const rg_meter_source *s = &meter->sources[i];
        reads += s->reads;
        lost += s->lost;
        late += s->late;
        read_ns += s->read_ns;
        poll_ns = poll_ns && poll_ns < s->poll_ns ? poll_ns : s->poll_ns;
    }
    double elapsed_ns = (double)(rg_clock_real_ns() - meter->start_ns);
    json_t *cost =
        json_pack("{s:I, s:I, s:I, s:b}", "reads", (json_int_t)reads, "lost_rows", (json_int_t)lost,
                  "late_beats", (json_int_t)late, "shares_core", rg_meter_shares_core(meter));
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
