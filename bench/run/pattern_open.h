/* pattern_open.h: open loops: requests come at their intended times whether or not the device is
 * ready, wait in a queue, and may be dropped. Latency counts from the intended time. Neighbours:
 * arrivals.h (when they come), pattern.h (closed loops and the words they share), worker_open.c. */
#ifndef RG_RUN_PATTERN_OPEN_H
#define RG_RUN_PATTERN_OPEN_H

#include "bench/run/arrivals.h"
#include "bench/run/pattern.h"

/* What an open loop offered. */
typedef struct rg_offered {
    uint64_t offered, dropped; /* offered = served + dropped */
    uint64_t on_time;          /* requests that found a slot free: of them ... */
    int64_t late_p50_ns, late_p95_ns, late_max_ns; /* ... how late our sender was */
    int64_t wait_at_end_ns; /* for a slot, of the request that was served last */
} rg_offered;

/* Sends `arrivals` from now on, `queue` of which may wait for one of the pattern's in_flight slots:
 *  - asynchronous targets: one thread, which waits for completions until the next is due;
 *  - synchronous targets in real time: a thread for each slot, which takes whoever is next (a
 * single slot needs no thread);
 *  - synchronous targets in virtual time: one server, whatever the slots.
 * Ends when all were served, or at deadline_ns: then those who came and were not served are dropped
 * and ran.capped is set. Rows: arrivals.h; in order of completion only after rg_rows_sort.
 * loop->pause is called where the next is not due for a while. Errors as rg_loop_run. */
rg_status rg_open_run(const rg_loop *loop, const rg_arrivals *arrivals, size_t queue,
                      int64_t deadline_ns, rg_rows *rows, rg_ran *ret_ran, rg_offered *ret_offered,
                      rg_err *err);

#endif
