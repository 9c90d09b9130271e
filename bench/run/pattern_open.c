/* pattern_open.c: open loops over one thread (synchronous or asynchronous), and over one thread a
 * slot. No thread only sends: whoever has a free slot waits for the next arrival itself, which
 * costs the workload nothing; how late it wakes is kept and reported. */
#include "bench/run/pattern_open.h"

#include <pthread.h>
#include <sys/prctl.h>

#include "bench/core/clock.h"
#include "bench/run/pattern_threads.h"

enum {
    PAUSE_ROWS = 64,         /* rows between two looks at the outputs ... */
    PAUSE_NS = 10 * 1000000, /* ... when the next arrival is so far away at least */
};

typedef struct open_loop {
    const rg_loop *loop;
    rg_queue queue;
    int64_t deadline_ns;
    rg_ran ran;
    uint64_t paused_at;   /* served when outputs were looked at last */
    pthread_mutex_t lock; /* around queue, ran and status where there are several threads */
    rg_status status;
    bool too_few; /* threads could not be started */
} open_loop;

/* --- what all share --------------------------------------------------------------------------- */

static void took(open_loop *open, const rg_request *request, int64_t sent_ns, int64_t end_ns,
                 unsigned slot) {
    rg_queue_done(&open->queue, request, sent_ns, end_ns);
    open->ran.inferences++;
    if (end_ns >= open->ran.end_ns) {
        open->ran.end_ns = end_ns;
        open->ran.last_slot = slot;
    }
}

/* The time cap: also for a request that would come only behind it. */
static bool is_over(open_loop *open, const rg_request *request, int64_t now_ns) {
    int64_t due = request->intended_ns > now_ns ? request->intended_ns : now_ns;
    if (due < open->deadline_ns)
        return false;
    rg_queue_give_up(&open->queue, request, now_ns);
    open->ran.capped = true;
    return true;
}

/* A look at the outputs where it delays nobody. */
static rg_status pause_before(open_loop *open, const rg_request *request) {
    const rg_loop *loop = open->loop;
    if (!loop->pause || open->queue.served < open->paused_at + PAUSE_ROWS ||
        request->intended_ns - rg_clock_now_ns() < PAUSE_NS)
        return RG_OK;
    open->paused_at = open->queue.served;
    return loop->pause(loop->user, open->ran.last_slot, open->queue.served) ? RG_OK
                                                                            : RG_INTERRUPTED;
}

/* --- synchronous, one slot -------------------------------------------------------------------- */

static rg_status run_sync(open_loop *open) {
    const rg_loop *loop = open->loop;
    rg_request request;
    while (rg_queue_take(&open->queue, &request)) {
        int64_t now = rg_clock_now_ns();
        if (is_over(open, &request, now))
            break;
        rg_status status = request.waited ? RG_OK : pause_before(open, &request);
        if (status != RG_OK)
            return status;
        if (request.intended_ns > now)
            rg_clock_sleep_until(request.intended_ns);
        int64_t sent = rg_clock_now_ns();
        status = loop->target->submit(loop->program, 0);
        int64_t end = rg_clock_now_ns();
        if (status != RG_OK)
            return status;
        took(open, &request, sent, end, 0);
        rg_queue_look(&open->queue, end);
    }
    return RG_OK;
}

/* --- synchronous, a thread a slot ------------------------------------------------------------- */

typedef struct lane {
    open_loop *open;
    pthread_t thread;
    unsigned slot;
} lane;

/* The next request for this thread; false at the end, whoever found it. */
static bool take_one(open_loop *open, rg_request *ret_request) {
    pthread_mutex_lock(&open->lock);
    int64_t now = rg_clock_real_ns();
    rg_queue_look(&open->queue, now);
    bool more = open->status == RG_OK && !open->ran.capped &&
                rg_queue_take(&open->queue, ret_request) && !is_over(open, ret_request, now);
    pthread_mutex_unlock(&open->lock);
    return more;
}

static void *run_lane(void *user) {
    lane *l = user;
    const rg_loop *loop = l->open->loop;
    rg_request request;
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (bool more = true; more && take_one(l->open, &request);) {
        if (request.intended_ns > rg_clock_real_ns())
            rg_clock_sleep_until(request.intended_ns);
        int64_t sent = rg_clock_real_ns();
        rg_status status = loop->target->submit(loop->program, l->slot);
        int64_t end = rg_clock_real_ns();
        pthread_mutex_lock(&l->open->lock);
        if (status == RG_OK)
            took(l->open, &request, sent, end, l->slot);
        else
            l->open->status = status;
        more = status == RG_OK;
        pthread_mutex_unlock(&l->open->lock);
    }
    return NULL;
}

static rg_status run_lanes(open_loop *open, unsigned n) {
    lane lanes[RG_LOOP_MAX_IN_FLIGHT];
    unsigned started = 0;
    pthread_mutex_lock(&open->lock); /* nobody begins before all are there */
    for (; started < n; started++) {
        lanes[started] = (lane){.open = open, .slot = started};
        if (pthread_create(&lanes[started].thread, NULL, run_lane, &lanes[started]))
            break;
    }
    open->too_few = started < n;
    open->status = open->too_few ? RG_FAILED : RG_OK;
    open->queue.start_ns = open->ran.start_ns = rg_clock_real_ns();
    pthread_mutex_unlock(&open->lock);
    for (unsigned i = 0; i < started; i++)
        pthread_join(lanes[i].thread, NULL);
    return open->status;
}

/* --- asynchronous ----------------------------------------------------------------------------- */

/* Requests out at the device, by slot. */
typedef struct flight {
    rg_request request[RG_LOOP_MAX_IN_FLIGHT];
    int64_t sent_ns[RG_LOOP_MAX_IN_FLIGHT];
    unsigned free[RG_LOOP_MAX_IN_FLIGHT];
    unsigned n_free, n;
} flight;

/* Waits for a completion until `until_ns`; RG_TIMEOUT when there was none. */
static rg_status land(open_loop *open, flight *f, int64_t until_ns) {
    rg_done done = {.status = RG_OK};
    rg_status status = open->loop->target->wait_any(open->loop->session, until_ns, &done);
    int64_t end = rg_clock_now_ns();
    status = status == RG_OK ? done.status : status;
    if (status != RG_OK)
        return status;
    took(open, &f->request[done.slot], f->sent_ns[done.slot], end, done.slot);
    if (!f->n_free)
        rg_queue_look(&open->queue, end);
    f->free[f->n_free++] = done.slot;
    return RG_OK;
}

/* Until the request is due: completions, or sleep where nothing is out. */
static rg_status wait_until_due(open_loop *open, flight *f, const rg_request *request) {
    rg_status status = RG_OK;
    while (status == RG_OK && rg_clock_now_ns() < request->intended_ns) {
        if (f->n_free < f->n) {
            status = land(open, f, request->intended_ns);
            status = status == RG_TIMEOUT ? RG_OK : status;
        } else if ((status = pause_before(open, request)) == RG_OK)
            rg_clock_sleep_until(request->intended_ns);
    }
    return status;
}

static rg_status send_one(open_loop *open, flight *f, const rg_request *request) {
    unsigned slot = f->free[--f->n_free];
    f->request[slot] = *request;
    f->sent_ns[slot] = rg_clock_now_ns();
    return open->loop->target->submit(open->loop->program, slot);
}

static rg_status run_async(open_loop *open, unsigned n) {
    flight f = {.n = n, .n_free = n};
    rg_request request;
    rg_status status = RG_OK;
    for (unsigned i = 0; i < n; i++)
        f.free[i] = n - 1 - i;
    while (status == RG_OK) {
        if (!f.n_free) {
            status = land(open, &f, INT64_MAX);
            continue;
        }
        if (!rg_queue_take(&open->queue, &request) || is_over(open, &request, rg_clock_now_ns()))
            break;
        status = wait_until_due(open, &f, &request);
        if (status == RG_OK)
            status = send_one(open, &f, &request);
    }
    while (status == RG_OK && f.n_free < f.n)
        status = land(open, &f, INT64_MAX);
    return status;
}

/* --- public ----------------------------------------------------------------------------------- */

static rg_offered offered_of(open_loop *open) {
    rg_queue *q = &open->queue;
    return (rg_offered){.offered = q->served + q->dropped,
                        .dropped = q->dropped,
                        .on_time = q->n_late,
                        .late_p50_ns = rg_queue_late_ns(q, 0.5),
                        .late_p95_ns = rg_queue_late_ns(q, 0.95),
                        .late_max_ns = rg_queue_late_ns(q, 1),
                        .wait_at_end_ns = q->wait_ns};
}

static rg_status run(open_loop *open, unsigned n) {
    uint32_t caps = open->loop->target->caps;
    if (caps & RG_TARGET_ASYNC)
        return run_async(open, n);
    if (n == 1 || caps & RG_TARGET_VIRTUAL_TIME)
        return run_sync(open);
    return run_lanes(open, n);
}

rg_status rg_open_run(const rg_loop *loop, const rg_arrivals *arrivals, size_t queue,
                      int64_t deadline_ns, rg_rows *rows, rg_ran *ret_ran, rg_offered *ret_offered,
                      rg_err *err) {
    open_loop open = {.loop = loop, .deadline_ns = deadline_ns, .lock = PTHREAD_MUTEX_INITIALIZER};
    unsigned n = rg_pattern_slots(&loop->pattern);
    if (n > RG_LOOP_MAX_IN_FLIGHT)
        return rg_fail(err, RG_UNSUPPORTED, "ask for fewer", "more than %d requests in flight",
                       RG_LOOP_MAX_IN_FLIGHT);
    rg_status status = rg_queue_new(arrivals, queue, rows, &open.queue, err);
    if (status != RG_OK)
        return status;
    prctl(PR_SET_TIMERSLACK, 1UL);
    open.queue.start_ns = open.ran.start_ns = open.ran.end_ns = rg_clock_now_ns();
    status = run(&open, n);
    if (status == RG_OK) {
        *ret_offered = offered_of(&open);
        *ret_ran = open.ran;
    } else if (open.too_few) {
        status =
            rg_fail(err, status, "ask for fewer requests in flight", "cannot start %u threads", n);
    } else {
        status = rg_loop_failed(loop, status, open.queue.served, err);
    }
    rg_queue_free(&open.queue);
    return status;
}
