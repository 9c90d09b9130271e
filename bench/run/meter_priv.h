/* meter_priv.h: what meter.c (which sensors, their rows) and meter_source.c (one sensor's thread)
 * share. */
#ifndef RG_RUN_METER_PRIV_H
#define RG_RUN_METER_PRIV_H

#include <hwloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bench/run/meter.h"

/* One opened sensor with the rows that it has given. */
typedef struct rg_meter_source {
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
    uint64_t reads, lost, late; /* late: beats that were missed */
    int64_t read_ns;
    atomic_bool wants_tick;  /* somebody waits for a counter's next tick */
    _Atomic int64_t tick_ns; /* when it came, 0: it has not */
} rg_meter_source;

struct rg_meter {
    rg_rail *rails;
    size_t n_rails;
    rg_meter_source *sources;
    size_t n_sources;
    rg_power_row *merged; /* all rows, made when asked for */
    atomic_bool stopping;
    int64_t start_ns;
    hwloc_topology_t topology;
    hwloc_bitmap_t spare; /* cores that the workload does not use; NULL when none is left */
};

/* A meter of one source: a gauge that is open already, and which it takes over, with all its rails.
 * Read twice a refresh: what is not new is no row.
 * RG_ABSENT when there are none. */
rg_status rg_meter_around(const rg_sensor *sensor, rg_gauge *gauge, const rg_rail_list *rails,
                          const char *worker_cores, rg_meter **ret_meter, rg_err *err);

/* How often a sensor with these rails is read. */
int64_t rg_meter_poll_interval(const rg_rail *rails, size_t n);

/* Takes what the sensor has. */
void rg_meter_drain(rg_meter_source *source);

/* Starts and ends the thread that reads it. RG_FAILED when the system gives no thread. */
rg_status rg_meter_source_start(rg_meter_source *source, rg_err *err);
void rg_meter_source_stop(rg_meter_source *source);

/* Does it count energy, so that its ticks matter? */
bool rg_meter_source_counts(const rg_meter_source *source);

#endif
