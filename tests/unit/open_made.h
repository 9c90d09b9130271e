/* open_made.h: devices on virtual time for tests of open loops: durations by a function. */
#ifndef RG_TESTS_OPEN_MADE_H
#define RG_TESTS_OPEN_MADE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/core/clock.h"
#include "bench/result/stats.h"
#include "bench/run/pattern_open.h"

struct rg_program {
    int64_t (*service_ns)(uint64_t count);
    uint64_t count, fail_at;
};

static inline rg_status submit_virtual(rg_program *program, unsigned slot) {
    (void)slot;
    rg_clock_advance(program->service_ns(program->count++), 1);
    return program->count == program->fail_at ? RG_FAILED : RG_OK;
}

static const rg_target virtual_target = {
    .name = "virtual", .caps = RG_TARGET_VIRTUAL_TIME, .submit = submit_virtual};

enum { STORE = 1 << 19 };
static rg_sample store[STORE], scratch[RG_ROWS_BLOCK];

/* What a run gave; its rows stand in `store`, in order of completion. */
typedef struct ran {
    rg_status status;
    rg_ran ran;
    rg_offered offered;
    size_t n;
} ran;

static inline ran run_open(const rg_target *target, rg_program *program, rg_arrivals *arrivals,
                           unsigned slots, size_t queue, int64_t cap_ns) {
    ran ret = {.status = RG_OK};
    rg_rows rows = {.rows = store, .scratch = scratch, .cap = STORE};
    rg_loop loop = {.target = target,
                    .program = program,
                    .pattern = {.kind = RG_PATTERN_PACED, .in_flight = slots, .hz = 1},
                    .block = 1};
    ret.status = rg_open_run(&loop, arrivals, queue, rg_clock_now_ns() + cap_ns, &rows, &ret.ran,
                             &ret.offered, NULL);
    ret.n = rows.n;
    rg_rows_sort(store, ret.n);
    rg_arrivals_free(arrivals);
    return ret;
}

static inline int64_t latency_ns(size_t i) {
    return store[i].end_ns - store[i].start_ns;
}

#endif
