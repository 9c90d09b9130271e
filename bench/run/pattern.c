/* pattern.c: closed loops. Each loop exists twice through an always-inlined body, once reading
 * CLOCK_MONOTONIC directly and once the virtual clock, so that neither pays for the other. */
#include "bench/run/pattern.h"

#include <math.h>

#include "bench/core/clock.h"
#include "bench/run/pattern_threads.h"

enum { OVERHEAD_ROWS = 2001, MAX_BLOCK = 65536 };

/* A device that never answers is the supervisor's watchdog's business: the loop just waits. */
#define FOREVER INT64_MAX

#define ALWAYS_INLINE static inline __attribute__((always_inline))

unsigned rg_pattern_slots(const rg_pattern *pattern) {
    if (pattern->kind == RG_PATTERN_SWEEP)
        return pattern->most;
    return pattern->in_flight ? pattern->in_flight : 1;
}

rg_pattern rg_pattern_closed(const rg_pattern *pattern) {
    rg_pattern closed = *pattern;
    if (rg_pattern_is_open(pattern->kind) || pattern->kind == RG_PATTERN_SOAK ||
        pattern->kind == RG_PATTERN_COLD)
        closed.kind = pattern->in_flight > 1 ? RG_PATTERN_IN_FLIGHT : RG_PATTERN_SINGLE_STREAM;
    if (pattern->kind == RG_PATTERN_SWEEP) { /* each slot is used once at least */
        closed.kind = RG_PATTERN_IN_FLIGHT;
        closed.in_flight = pattern->most;
    }
    return closed;
}

ALWAYS_INLINE int64_t now_ns(bool is_virtual) {
    return is_virtual ? rg_clock_now_ns() : rg_clock_real_ns();
}

rg_status rg_loop_failed(const rg_loop *loop, rg_status status, uint64_t rows, rg_err *err) {
    if (status == RG_INTERRUPTED)
        return rg_fail(err, status, NULL, "stopped after %llu rows", (unsigned long long)rows);
    rg_fail(err, RG_FAILED, "see the worker's output", "%s answered '%s' after %llu rows",
            loop->target->name, rg_status_word(status), (unsigned long long)rows);
    if (err && loop->target->trouble)
        loop->target->trouble(loop->session, err);
    return RG_FAILED;
}

/* One inference, however the target does it. */
ALWAYS_INLINE rg_status infer(const rg_loop *loop, unsigned slot, bool async) {
    rg_status status = loop->target->submit(loop->program, slot);
    if (!async || status != RG_OK)
        return status;
    rg_done done = {.status = RG_OK};
    status = loop->target->wait_any(loop->session, FOREVER, &done);
    return status == RG_OK ? done.status : status;
}

typedef struct limits {
    uint64_t rows; /* taken so far: the loop adds its own */
    uint64_t goal_rows;
    int64_t min_end_ns, deadline_ns;
} limits;

ALWAYS_INLINE bool reached(const limits *to, uint64_t n, int64_t end) {
    return (to->rows + n >= to->goal_rows && end >= to->min_end_ns) || end >= to->deadline_ns;
}

/* Up to `room` rows, one request in flight. */
ALWAYS_INLINE rg_status single_rows(const rg_loop *loop, unsigned slot, const limits *to,
                                    rg_sample *rows, size_t room, size_t *ret_n, bool async,
                                    bool is_virtual) {
    rg_status status = RG_OK;
    size_t n = 0;
    while (n < room) {
        int64_t start = now_ns(is_virtual);
        for (uint32_t k = 0; k < loop->block && status == RG_OK; k++)
            status = infer(loop, slot, async);
        int64_t end = now_ns(is_virtual);
        if (status != RG_OK)
            break;
        rows[n].start_ns = start;
        rows[n++].end_ns = end;
        if (reached(to, n, end))
            break;
    }
    *ret_n = n;
    return status;
}

typedef struct flight {
    int64_t submitted_ns[RG_LOOP_MAX_IN_FLIGHT];
    unsigned next; /* slot that is free now and goes out first in the next block */
    unsigned n;
} flight;

static rg_status single_block(const rg_loop *loop, flight *f, const limits *to, rg_sample *rows,
                              size_t room, size_t *ret_n) {
    bool async = loop->target->caps & RG_TARGET_ASYNC;
    if (loop->target->caps & RG_TARGET_VIRTUAL_TIME)
        return single_rows(loop, f->next, to, rows, room, ret_n, async, true);
    if (async)
        return single_rows(loop, f->next, to, rows, room, ret_n, true, false);
    return single_rows(loop, f->next, to, rows, room, ret_n, false, false);
}

/* Up to `room` rows with n slots in flight: the slot that completes goes out again at once. The one
 * that completed last stays free, so that its outputs can be looked at. */
ALWAYS_INLINE rg_status async_rows(const rg_loop *loop, flight *f, const limits *to,
                                   rg_sample *rows, size_t room, size_t *ret_n, bool is_virtual) {
    size_t n = 0;
    rg_status status = RG_OK;
    while (n < room) {
        rg_done done = {.status = RG_OK};
        f->submitted_ns[f->next] = now_ns(is_virtual);
        status = loop->target->submit(loop->program, f->next);
        if (status == RG_OK)
            status = loop->target->wait_any(loop->session, FOREVER, &done);
        int64_t end = now_ns(is_virtual);
        if (status == RG_OK)
            status = done.status;
        if (status != RG_OK)
            break;
        rows[n].start_ns = f->submitted_ns[done.slot];
        rows[n++].end_ns = end;
        f->next = done.slot;
        if (reached(to, n, end))
            break;
    }
    *ret_n = n;
    return status;
}

static rg_status async_block(const rg_loop *loop, flight *f, const limits *to, rg_sample *rows,
                             size_t room, size_t *ret_n) {
    if (loop->target->caps & RG_TARGET_VIRTUAL_TIME)
        return async_rows(loop, f, to, rows, room, ret_n, true);
    return async_rows(loop, f, to, rows, room, ret_n, false);
}

/* A synchronous device in virtual time serves a queue of n: a request's time counts from when it
 * joined the queue, which is when its slot's last request was done. */
static rg_status queue_block(const rg_loop *loop, flight *f, const limits *to, rg_sample *rows,
                             size_t room, size_t *ret_n) {
    size_t n = 0;
    rg_status status = RG_OK;
    while (n < room) {
        unsigned slot = f->next;
        status = loop->target->submit(loop->program, slot);
        int64_t end = rg_clock_now_ns();
        if (status != RG_OK)
            break;
        rows[n].start_ns = f->submitted_ns[slot];
        rows[n++].end_ns = end;
        f->submitted_ns[slot] = end;
        f->next = (slot + 1) % f->n;
        if (reached(to, n, end))
            break;
    }
    *ret_n = n;
    return status;
}

typedef rg_status (*block_fn)(const rg_loop *, flight *, const limits *, rg_sample *, size_t,
                              size_t *);

/* Sends out all slots but the first, which the block itself sends. */
static rg_status fill_flight(const rg_loop *loop, flight *f) {
    for (unsigned s = 1; s < f->n; s++) {
        f->submitted_ns[s] = rg_clock_now_ns();
        rg_status status = loop->target->submit(loop->program, s);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}

/* Waits for those still out; their rows count, since they were submitted in the window. */
static rg_status drain_flight(const rg_loop *loop, flight *f, rg_rows *rows, rg_ran *ran) {
    for (unsigned left = f->n - 1; left; left--) {
        rg_done done = {.status = RG_OK};
        rg_status status = loop->target->wait_any(loop->session, FOREVER, &done);
        int64_t end = rg_clock_now_ns();
        if (status == RG_OK)
            status = done.status;
        if (status != RG_OK)
            return status;
        size_t room;
        rg_sample *at = rg_rows_next(rows, 1, &room);
        *at = (rg_sample){f->submitted_ns[done.slot], end};
        rg_rows_took(rows, at, 1);
        ran->end_ns = end;
        ran->last_slot = done.slot;
        ran->inferences++;
    }
    return RG_OK;
}

/* Blocks of doubling length, with a pause between each two. */
static rg_status run_blocks(const rg_loop *loop, block_fn block, flight *f, limits *to,
                            rg_rows *rows, rg_ran *ran) {
    size_t wanted = RG_LOOP_FIRST_BLOCK;
    for (;;) {
        size_t room, n;
        rg_sample *at = rg_rows_next(rows, wanted, &room);
        rg_status status = block(loop, f, to, at, room, &n);
        if (n) {
            ran->end_ns = at[n - 1].end_ns;
            ran->last_slot = loop->pattern.kind == RG_PATTERN_IN_FLIGHT && block == queue_block
                                 ? (f->next + f->n - 1) % f->n
                                 : f->next;
        }
        rg_rows_took(rows, at, n);
        to->rows += n;
        ran->inferences += n * loop->block;
        if (status != RG_OK)
            return status;
        if (n && reached(to, 0, ran->end_ns))
            return RG_OK;
        if (loop->pause && !loop->pause(loop->user, ran->last_slot, to->rows))
            return RG_INTERRUPTED;
        wanted *= wanted < RG_ROWS_CAP ? 2 : 1; /* small blocks of a full store go on for ever */
    }
}

static block_fn pick_block(const rg_loop *loop) {
    if (loop->pattern.kind != RG_PATTERN_IN_FLIGHT)
        return single_block;
    return loop->target->caps & RG_TARGET_ASYNC ? async_block : queue_block;
}

static bool uses_threads(const rg_loop *loop) {
    return loop->pattern.kind == RG_PATTERN_IN_FLIGHT && loop->pattern.in_flight > 1 &&
           !(loop->target->caps & (RG_TARGET_ASYNC | RG_TARGET_VIRTUAL_TIME));
}

rg_status rg_loop_run(const rg_loop *loop, const rg_goal *goal, rg_rows *rows, rg_ran *ret_ran,
                      rg_err *err) {
    flight f = {.n = rg_pattern_slots(&loop->pattern)};
    if (f.n > RG_LOOP_MAX_IN_FLIGHT)
        return rg_fail(err, RG_UNSUPPORTED, "ask for fewer", "more than %d requests in flight",
                       RG_LOOP_MAX_IN_FLIGHT);
    if (uses_threads(loop))
        return rg_loop_run_threads(loop, goal, rows, ret_ran, err);
    block_fn block = pick_block(loop);
    rg_ran ran = {.start_ns = rg_clock_now_ns()};
    limits to = {0, goal->rows, ran.start_ns + goal->min_ns, goal->deadline_ns};
    for (unsigned s = 0; s < f.n; s++)
        f.submitted_ns[s] = ran.start_ns;
    rg_status status = block == async_block ? fill_flight(loop, &f) : RG_OK;
    if (status == RG_OK)
        status = run_blocks(loop, block, &f, &to, rows, &ran);
    if (status == RG_OK && block == async_block)
        status = drain_flight(loop, &f, rows, &ran);
    if (status != RG_OK)
        return rg_loop_failed(loop, status, to.rows, err);
    ran.capped = to.rows < to.goal_rows || ran.end_ns < to.min_end_ns;
    *ret_ran = ran;
    return RG_OK;
}

void rg_loop_idle(int64_t duration_ns, rg_ran *ret_ran) {
    *ret_ran = (rg_ran){.start_ns = rg_clock_now_ns()};
    rg_clock_sleep_until(ret_ran->start_ns + duration_ns);
    ret_ran->end_ns = rg_clock_now_ns();
}

rg_status rg_loop_once(const rg_loop *loop, unsigned slot, rg_sample *ret_sample, rg_err *err) {
    int64_t start = rg_clock_now_ns();
    rg_status status = infer(loop, slot, loop->target->caps & RG_TARGET_ASYNC);
    int64_t end = rg_clock_now_ns();
    if (status != RG_OK)
        return rg_loop_failed(loop, status, 0, err);
    *ret_sample = (rg_sample){start, end};
    return RG_OK;
}

uint32_t rg_loop_block(double iteration_ns, double clock_cost_ns) {
    double wanted_ns = 100 * clock_cost_ns;
    if (iteration_ns >= wanted_ns)
        return 1;
    double k = ceil(wanted_ns / (iteration_ns > 1 ? iteration_ns : 1));
    return k > MAX_BLOCK ? MAX_BLOCK : (uint32_t)k;
}

static rg_status submit_nothing(rg_program *program, unsigned slot) {
    (void)program;
    (void)slot;
    return RG_OK;
}

double rg_loop_overhead_ns(void) {
    static const rg_target nothing = {.name = "nothing", .submit = submit_nothing};
    static rg_sample rows[OVERHEAD_ROWS];
    static double numbers[OVERHEAD_ROWS];
    rg_loop loop = {.target = &nothing, .block = 1};
    limits to = {0, OVERHEAD_ROWS, 0, INT64_MAX};
    flight f = {.n = 1};
    size_t n;
    single_block(&loop, &f, &to, rows, OVERHEAD_ROWS, &n);
    return rg_rows_median_ns(rows, n, numbers);
}
