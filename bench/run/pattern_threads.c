/* pattern_threads.c: one thread a slot, each with its own part of the preallocated rows. */
#include "bench/run/pattern_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"

/* All lanes wait here until every thread exists, then go together, or go home. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool open, called_off;
} gate;

typedef struct lane {
    const rg_loop *loop;
    gate *start;
    pthread_t thread;
    unsigned slot;
    uint64_t goal_rows;
    int64_t min_ns, deadline_ns;
    rg_rows rows;
    uint64_t inferences;
    int64_t start_ns, end_ns;
    rg_status status;
} lane;

/* Rows into one stretch of memory; false when the lane is done. */
static bool run_stretch(lane *l, rg_sample *at, size_t room, size_t *ret_n) {
    size_t n = 0;
    bool more = true;
    while (more && n < room) {
        int64_t start = rg_clock_real_ns();
        rg_status status = l->loop->target->submit(l->loop->program, l->slot);
        int64_t end = rg_clock_real_ns();
        if (status != RG_OK) {
            l->status = status;
            more = false;
            break;
        }
        at[n].start_ns = start;
        at[n++].end_ns = end;
        bool goal = l->rows.taken + n >= l->goal_rows && end - l->start_ns >= l->min_ns;
        more = !goal && end < l->deadline_ns;
    }
    *ret_n = n;
    return more;
}

static bool wait_for_start(gate *start) {
    pthread_mutex_lock(&start->lock);
    while (!start->open)
        pthread_cond_wait(&start->moved, &start->lock);
    pthread_mutex_unlock(&start->lock);
    return !start->called_off;
}

static void open_gate(gate *start, bool called_off) {
    pthread_mutex_lock(&start->lock);
    start->open = true;
    start->called_off = called_off;
    pthread_cond_broadcast(&start->moved);
    pthread_mutex_unlock(&start->lock);
}

static void *run_lane(void *user) {
    lane *l = user;
    if (!wait_for_start(l->start))
        return NULL;
    l->start_ns = l->end_ns = rg_clock_real_ns();
    for (bool more = true; more;) {
        size_t room, n;
        rg_sample *at = rg_rows_next(&l->rows, RG_ROWS_BLOCK, &room);
        more = run_stretch(l, at, room, &n);
        l->end_ns = n ? at[n - 1].end_ns : l->end_ns;
        l->inferences += n;
        rg_rows_took(&l->rows, at, n);
    }
    return NULL;
}

/* Cuts the free rows into equal parts. */
static bool prepare_lanes(const rg_loop *loop, const rg_goal *goal, rg_rows *rows, lane *lanes,
                          unsigned n, gate *start) {
    size_t part = (rows->cap - rows->n) / n;
    for (unsigned i = 0; i < n; i++) {
        rg_sample *scratch = malloc(RG_ROWS_BLOCK * sizeof *scratch);
        if (!scratch || !part) {
            free(scratch);
            return false;
        }
        memset(scratch, 0, RG_ROWS_BLOCK * sizeof *scratch); /* no page faults while timed */
        lanes[i] = (lane){.loop = loop,
                          .start = start,
                          .slot = i,
                          .goal_rows = (goal->rows + n - 1) / n,
                          .min_ns = goal->min_ns,
                          .deadline_ns = goal->deadline_ns,
                          .rows = {.rows = rows->rows + rows->n + i * part,
                                   .scratch = scratch,
                                   .cap = part,
                                   .rng = rg_rng_seeded(rg_rng_next(&rows->rng))}};
    }
    return true;
}

/* Moves the lanes' rows together, in order of completion, and sums up. */
static rg_status gather(const rg_loop *loop, const rg_goal *goal, lane *lanes, unsigned n,
                        rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    rg_ran ran = {.start_ns = INT64_MAX, .end_ns = INT64_MIN};
    size_t first = rows->n;
    uint64_t taken = 0;
    for (unsigned i = 0; i < n; i++) {
        const lane *l = &lanes[i];
        memmove(rows->rows + rows->n, l->rows.rows, l->rows.n * sizeof *l->rows.rows);
        rows->n += l->rows.n;
        taken += l->rows.taken;
        ran.inferences += l->inferences;
        ran.start_ns = l->start_ns < ran.start_ns ? l->start_ns : ran.start_ns;
        if (l->end_ns > ran.end_ns) {
            ran.end_ns = l->end_ns;
            ran.last_slot = l->slot;
        }
        if (l->status != RG_OK)
            return rg_loop_failed(loop, l->status, taken, err);
    }
    rows->taken += taken;
    rg_rows_sort(rows->rows + first, rows->n - first);
    ran.capped = taken < goal->rows || ran.end_ns - ran.start_ns < goal->min_ns;
    *ret_ran = ran;
    return RG_OK;
}

static rg_status run_lanes(const rg_loop *loop, const rg_goal *goal, lane *lanes, unsigned n,
                           rg_rows *rows, rg_ran *ret_ran, rg_err *err) {
    gate *start = lanes[0].start;
    unsigned started = 0;
    while (started < n && !pthread_create(&lanes[started].thread, NULL, run_lane, &lanes[started]))
        started++;
    open_gate(start, started < n);
    for (unsigned i = 0; i < started; i++)
        pthread_join(lanes[i].thread, NULL);
    if (started < n)
        return rg_fail(err, RG_FAILED, "ask for fewer requests in flight",
                       "cannot start %u threads", n);
    return gather(loop, goal, lanes, n, rows, ret_ran, err);
}

rg_status rg_loop_run_threads(const rg_loop *loop, const rg_goal *goal, rg_rows *rows,
                              rg_ran *ret_ran, rg_err *err) {
    unsigned n = loop->pattern.in_flight;
    gate start = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    lane *lanes = calloc(n, sizeof *lanes);
    rg_status status;
    if (lanes && prepare_lanes(loop, goal, rows, lanes, n, &start))
        status = run_lanes(loop, goal, lanes, n, rows, ret_ran, err);
    else
        status = rg_fail(err, RG_NO_MEMORY, "ask for fewer requests in flight", "out of memory");
    for (unsigned i = 0; lanes && i < n; i++)
        free(lanes[i].rows.scratch);
    pthread_cond_destroy(&start.moved);
    pthread_mutex_destroy(&start.lock);
    free(lanes);
    return status;
}
