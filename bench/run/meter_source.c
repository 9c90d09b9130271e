/* meter_source.c: the rails of one sensor and bus read by one thread: on a fixed grid, away from
 * the workload's cores, about as often as it has something new to say. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/run/meter_priv.h"

enum { MAX_ROWS = 4 << 20, DRAIN_ROWS = 4096, BLOCK_ROWS = 256, MAX_POLL_NS = 100000000 };

static bool reserve(rg_meter_source *s, size_t more) {
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
static void keep_rows(rg_meter_source *s, rg_power_row *block, size_t n) {
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
void rg_meter_drain(rg_meter_source *s) {
    rg_power_row block[BLOCK_ROWS];
    size_t n;
    do {
        int64_t start_ns = rg_clock_real_ns();
        if (s->sensor->drain(s->gauge, block, BLOCK_ROWS, &n) != RG_OK)
            return;
        s->read_ns += rg_clock_real_ns() - start_ns;
        s->reads++;
        if (n)
            keep_rows(s, block, n);
    } while (n == BLOCK_ROWS);
}

static void keep_off_workload(rg_meter_source *s) {
    rg_meter *meter = s->meter;
    s->shares_core =
        !meter->spare || hwloc_set_cpubind(meter->topology, meter->spare, HWLOC_CPUBIND_THREAD) < 0;
}

/* Slow buses: reading shall not take more than a quarter of the meter's core. The fastest of three
 * tells the bus from the scheduler. */
static void slow_down(rg_meter_source *s) {
    int64_t cost_ns = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t start_ns = rg_clock_real_ns();
        rg_meter_drain(s);
        int64_t one_ns = rg_clock_real_ns() - start_ns;
        cost_ns = one_ns < cost_ns ? one_ns : cost_ns;
    }
    s->poll_ns = cost_ns > s->poll_ns / 4 ? 4 * cost_ns : s->poll_ns;
    s->poll_ns = s->poll_ns > MAX_POLL_NS ? MAX_POLL_NS : s->poll_ns;
}

bool rg_meter_source_counts(const rg_meter_source *s) {
    for (size_t i = 0; i < s->n_rails; i++) {
        if (s->meter->rails[s->first_rail + i].kind == RG_POWER_COUNTER)
            return true;
    }
    return false;
}

/* The moment of a row whose counter is not what the same rail's was in the block before; 0: none.
 */
static int64_t tick_in(const rg_power_row *block, size_t n, const rg_power_row *before, size_t k) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < k; j++) {
            bool same_rail = block[i].rail == before[j].rail;
            if (same_rail && isfinite(block[i].energy_uj) && isfinite(before[j].energy_uj) &&
                block[i].energy_uj != before[j].energy_uj)
                return block[i].t_ns;
        }
    }
    return 0;
}

/* Reads without pause until a counter moves; of the reads only the last two are kept, the one
 * before the tick and the tick. */
static void await_tick(rg_meter_source *s) {
    rg_power_row blocks[2][BLOCK_ROWS];
    size_t n[2] = {0, 0}, now = 0;
    int64_t tick_ns = 0;
    while (!tick_ns && atomic_load(&s->wants_tick) && !atomic_load(&s->meter->stopping)) {
        if (s->sensor->drain(s->gauge, blocks[now], BLOCK_ROWS, &n[now]) != RG_OK)
            break;
        s->reads++;
        tick_ns = tick_in(blocks[now], n[now], blocks[1 - now], n[1 - now]);
        now = n[now] ? 1 - now : now;
    }
    keep_rows(s, blocks[now], n[now]);
    keep_rows(s, blocks[1 - now], n[1 - now]);
    atomic_store(&s->tick_ns, tick_ns);
    atomic_store(&s->wants_tick, false);
}

/* Sleeps to the grid's next beat; those that were missed are skipped, not made up for. */
static void await_beat(rg_meter_source *s, int64_t *next_ns) {
    int64_t now_ns = rg_clock_real_ns();
    *next_ns += s->poll_ns;
    if (*next_ns < now_ns) {
        int64_t missed = (now_ns - *next_ns) / s->poll_ns + 1;
        *next_ns += missed * s->poll_ns;
        s->late += (uint64_t)missed;
    }
    struct timespec t = {*next_ns / 1000000000, *next_ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void *sample(void *user) {
    rg_meter_source *s = user;
    keep_off_workload(s);
    slow_down(s);
    int64_t next_ns = rg_clock_real_ns();
    while (!atomic_load_explicit(&s->meter->stopping, memory_order_relaxed)) {
        rg_meter_drain(s);
        await_beat(s, &next_ns);
        if (atomic_load_explicit(&s->wants_tick, memory_order_relaxed))
            await_tick(s);
    }
    rg_meter_drain(s);
    return NULL;
}

rg_status rg_meter_source_start(rg_meter_source *s, rg_err *err) {
    if (pthread_create(&s->thread, NULL, sample, s) != 0)
        return rg_fail(err, RG_FAILED, NULL, "cannot start the meter's thread");
    s->running = true;
    return RG_OK;
}

void rg_meter_source_stop(rg_meter_source *s) {
    if (s->running)
        pthread_join(s->thread, NULL);
    s->running = false;
}

/* About the refresh, never faster than 1 ms, never slower than 100 ms. A sensor
 * that averages over longer than its refresh tells nothing new in between: a twentieth of its lag
 * does. */
int64_t rg_meter_poll_interval(const rg_rail *rails, size_t n) {
    double poll_s = 0.1;
    for (size_t i = 0; i < n; i++) {
        double own_s = fmax(rails[i].refresh_s, rails[i].lag_s / 20);
        if (rails[i].kind == RG_POWER_COUNTER) /* it sums by itself; when it ticks matters */
            own_s = fmax(own_s / 4, 0.005);
        poll_s = own_s > 0 && own_s < poll_s ? own_s : poll_s;
    }
    return poll_s < 0.001 ? 1000000 : (int64_t)(poll_s * 1e9);
}
