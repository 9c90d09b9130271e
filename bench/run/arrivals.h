/* arrivals.h: when requests of an open loop come, computed before anything is timed, and the queue
 * they wait in. Latency counts from the intended arrival, so a stall delays all that come meanwhile
 * (no coordinated omission). Used by pattern_open.c; pure but for the memory it allocates. */
#ifndef RG_RUN_ARRIVALS_H
#define RG_RUN_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/run/rows.h"

enum { RG_ARRIVALS_MOST = 8 << 20 }; /* of one run */

/* Intended arrivals: nanoseconds since the start, ascending. Free with rg_arrivals_free. */
typedef struct rg_arrivals {
    int64_t *at_ns;
    size_t n;
} rg_arrivals;

/* One every 1/hz seconds; each is rounded to a nanosecond by itself, so that nothing adds up. */
rg_status rg_arrivals_paced(double hz, size_t n, rg_arrivals *ret_arrivals, rg_err *err);

/* A Poisson process: independent exponential gaps of mean 1/hz seconds, from the seed. */
rg_status rg_arrivals_poisson(double hz, size_t n, uint64_t seed, rg_arrivals *ret_arrivals,
                              rg_err *err);

/* `streams` cameras of fps frames a second each, which began at times of their own, uniform over
 * one period, from the seed. At least n arrivals, whole periods. */
rg_status rg_arrivals_streams(double fps, uint32_t streams, size_t n, uint64_t seed,
                              rg_arrivals *ret_arrivals, rg_err *err);

void rg_arrivals_free(rg_arrivals *arrivals); /* accepts {0} */

/* Seconds that n arrivals of the rate take, and how many of it reach both `samples` and `min_ns`.
 */
int64_t rg_arrivals_span_ns(double hz, uint64_t n);
uint64_t rg_arrivals_needed(double hz, uint64_t samples, int64_t min_ns);

/* --- the queue -------------------------------------------------------------------------------- */

/* A request that was handed out: the n-th arrival. `waited`: it found no slot free; else the sender
 * had to be there in time. */
typedef struct rg_request {
    size_t index;
    int64_t intended_ns; /* on the clock in use */
    bool waited;
} rg_request;

/* First come, first served; who finds the queue full is dropped. Rows go to `rows`: from the
 * intended arrival to the completion; of a dropped request the row ends 1 ns before its start. */
typedef struct rg_queue {
    const rg_arrivals *arrivals;
    int64_t start_ns;
    size_t limit;      /* requests that may wait; SIZE_MAX: any number */
    size_t next;       /* first arrival that nobody has looked at */
    size_t head, tail; /* of `waiting` */
    uint32_t *waiting; /* numbers of arrivals */
    uint32_t *late_ns; /* how late the sender was, one for each request that did not wait */
    size_t n_late;
    uint64_t served, dropped;
    int64_t wait_ns; /* for a slot, of the request that was served last */
    rg_rows *rows;
} rg_queue;

/* Arrivals and rows must outlive it. RG_NO_MEMORY. */
rg_status rg_queue_new(const rg_arrivals *arrivals, size_t limit, rg_rows *rows,
                       rg_queue *ret_queue, rg_err *err);
void rg_queue_free(rg_queue *queue); /* accepts {0} */

/* All slots were taken until `now_ns`: those who came before it wait, or are dropped. */
void rg_queue_look(rg_queue *queue, int64_t now_ns);

/* A slot is free: the one who waits longest, else the next to come (who may be yet to come). False
 * when there is none any more. */
bool rg_queue_take(rg_queue *queue, rg_request *ret_request);

/* It went out at sent_ns and was done at end_ns. */
void rg_queue_done(rg_queue *queue, const rg_request *request, int64_t sent_ns, int64_t end_ns);

/* The end came at `now_ns`: this one, unless NULL, and all who have come and were not served are
 * dropped; those yet to come never were. */
void rg_queue_give_up(rg_queue *queue, const rg_request *taken, int64_t now_ns);

/* How late the sender was: the p-quantile (nearest rank), 0 of none. Sorts late_ns. */
int64_t rg_queue_late_ns(rg_queue *queue, double p);

#endif
