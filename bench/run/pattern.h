/* pattern.h: the timed loops, one for each load pattern. An iteration is a submission, a completion
 * and two clock reads; rows are preallocated, and nothing is formatted, allocated or compared while
 * a block of iterations runs. Blocks start with RG_LOOP_FIRST_BLOCK rows and double, so a run has
 * some ten pauses between which its loop is undisturbed. The worker drives this. */
#ifndef RG_RUN_PATTERN_H
#define RG_RUN_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/iface/target.h"
#include "bench/run/request.h"
#include "bench/run/rows.h"

enum { RG_LOOP_FIRST_BLOCK = 64, RG_LOOP_MAX_IN_FLIGHT = 256 };

/* Called between blocks: the outputs of `slot` stand still meanwhile. false ends the run. */
typedef bool (*rg_loop_pause)(void *user, unsigned slot, uint64_t rows);

typedef struct rg_loop {
    const rg_target *target;
    rg_session *session;
    rg_program *program;
    rg_pattern pattern;  /* IN_FLIGHT needs as many slots as were loaded */
    uint32_t block;      /* K inferences a row (single_stream only), >= 1 */
    rg_loop_pause pause; /* may be NULL; not called by patterns that use threads */
    void *user;
} rg_loop;

/* When to stop: at `rows` rows and `min_ns` of time, both reached; or at `deadline_ns` at the
 * latest (on the target's time line). */
typedef struct rg_goal {
    uint64_t rows;
    int64_t min_ns, deadline_ns;
} rg_goal;

/* What happened. Times are on the target's time line. */
typedef struct rg_ran {
    int64_t start_ns, end_ns; /* first submission, last completion */
    uint64_t inferences;      /* within them */
    bool capped;              /* the deadline came before the goal */
    unsigned last_slot;       /* whose outputs are those of the last completion */
} rg_ran;

/* Slots that a target must be loaded with for a pattern. */
unsigned rg_pattern_slots(const rg_pattern *pattern);

/* The closed loop with the same slots, which warms up for an open one; a closed one is its own. */
rg_pattern rg_pattern_closed(const rg_pattern *pattern);

/* Runs a closed loop until the goal:
 *  - single_stream: one request in flight; rows of `block` inferences each;
 *  - in_flight on asynchronous targets: n slots, each resubmitted when it completes; drained at the
 *    end, so that every submission of the window is also in it;
 *  - in_flight on synchronous targets in real time: n threads with one slot each;
 *  - in_flight on synchronous targets in virtual time: a queue served one by one, in order.
 * Rows are in order of completion, except after the reservoir (rg_rows_sort then).
 * RG_FAILED when the target fails. A device that never answers blocks: the supervisor's watchdog
 * ends such a process. */
rg_status rg_loop_run(const rg_loop *loop, const rg_goal *goal, rg_rows *rows, rg_ran *ret_ran,
                      rg_err *err);

/* idle: nothing submitted for duration_ns. */
void rg_loop_idle(int64_t duration_ns, rg_ran *ret_ran);

/* One inference on `slot`, stamped. For the first inference and for proofs. */
rg_status rg_loop_once(const rg_loop *loop, unsigned slot, rg_sample *ret_sample, rg_err *err);

/* K: how many inferences share a row, so that a row lasts at least 100 clock reads. 1 where an
 * iteration is long enough or the clock costs nothing; at most 65536. */
uint32_t rg_loop_block(double iteration_ns, double clock_cost_ns);

/* Harness overhead an iteration in ns: the median row of the same loop over an empty target. */
double rg_loop_overhead_ns(void);

#endif
