/* test_open_real.c: open loops in real time and on asynchronous devices: threads by slot, the
 * sender's own lateness, and the same queue whichever way a device answers. */
#include <stdatomic.h>

#include "bench/iface/registry.h"
#include "tests/unit/open_made.h"

enum { MS = 1000000 };

static const int64_t long_ns = (int64_t)3600 * 1000 * MS;

static atomic_uint calls[8];

/* 2 ms of real time. */
static rg_status submit_real(rg_program *program, unsigned slot) {
    (void)program;
    atomic_fetch_add(&calls[slot], 1);
    rg_clock_sleep_until(rg_clock_real_ns() + 2 * MS);
    return RG_OK;
}

static const rg_target real_target = {.name = "real", .submit = submit_real};

static rg_arrivals paced(double hz, size_t n) {
    rg_arrivals arrivals;
    cr_assert_eq(rg_arrivals_paced(hz, n, &arrivals, NULL), RG_OK);
    return arrivals;
}

Test(open_real, one_slot_in_real_time_keeps_the_schedule) {
    rg_program program = {0};
    rg_arrivals arrivals = paced(200, 20);
    ran r = run_open(&real_target, &program, &arrivals, 1, SIZE_MAX, long_ns);
    cr_assert_eq(r.status, RG_OK);
    cr_assert_eq(r.n, 20);
    for (size_t i = 0; i < r.n; i++) {
        cr_assert_geq(latency_ns(i), 2 * MS);
        cr_assert_eq((store[i].start_ns - r.ran.start_ns) % (5 * MS), 0);
    }
    cr_assert_eq(r.offered.offered, 20);
    cr_assert_geq(r.offered.late_max_ns, r.offered.late_p50_ns);
}

Test(open_real, two_slots_serve_twice_the_rate_of_one) {
    rg_program program = {0};
    rg_arrivals arrivals = paced(800, 80);
    ran r = run_open(&real_target, &program, &arrivals, 2, SIZE_MAX, long_ns);
    cr_assert_eq(r.status, RG_OK);
    cr_assert_eq(r.n, 80);
    cr_assert_gt(calls[0], 10);
    cr_assert_gt(calls[1], 10);
    cr_assert_eq(calls[0] + calls[1], 80);
    rg_arrivals again = paced(800, 80);
    ran one = run_open(&real_target, &program, &again, 1, 2, long_ns);
    cr_assert_gt(one.offered.dropped, 20, "one slot cannot keep up, and two may wait");
    cr_assert_eq(one.offered.dropped + one.ran.inferences, 80);
}

Test(open_real, an_overload_ends_at_the_time_cap) {
    rg_program program = {0};
    rg_arrivals arrivals = paced(5000, 5000);
    ran r = run_open(&real_target, &program, &arrivals, 3, SIZE_MAX, 50 * MS);
    cr_assert_eq(r.status, RG_OK);
    cr_assert(r.ran.capped);
    cr_assert_gt(r.offered.dropped, 50);
    cr_assert_lt(r.ran.inferences, 200);
}

/* --- asynchronous, in virtual time: a device with one server of 1 ms -------------------------- */

struct rg_session {
    int64_t end_ns[8], server_ns;
    bool out[8];
};
static rg_session session;

static rg_status submit_async(rg_program *program, unsigned slot) {
    (void)program;
    int64_t now = rg_clock_now_ns(), from = session.server_ns > now ? session.server_ns : now;
    session.out[slot] = true;
    session.end_ns[slot] = session.server_ns = from + MS;
    return RG_OK;
}

static rg_status wait_async(rg_session *of, int64_t deadline_ns, rg_done *ret_done) {
    (void)of;
    int best = -1;
    for (int s = 0; s < 8; s++) {
        if (session.out[s] && (best < 0 || session.end_ns[s] < session.end_ns[best]))
            best = s;
    }
    cr_assert_geq(best, 0, "nothing is out");
    if (session.end_ns[best] > deadline_ns) {
        rg_clock_sleep_until(deadline_ns);
        return RG_TIMEOUT;
    }
    rg_clock_sleep_until(session.end_ns[best]);
    session.out[best] = false;
    *ret_done = (rg_done){.slot = (unsigned)best, .status = RG_OK};
    return RG_OK;
}

static const rg_target async_target = {.name = "async",
                                       .caps = RG_TARGET_VIRTUAL_TIME | RG_TARGET_ASYNC,
                                       .submit = submit_async,
                                       .wait_any = wait_async};

static int64_t one_ms(uint64_t count) {
    (void)count;
    return MS;
}

/* One server is one server: who waits at the device waits as long as who waits in our queue. */
Test(open_async, an_asynchronous_device_of_one_server_gives_the_same_latencies) {
    enum { N = 2000 };
    static int64_t expected[N];
    rg_program program = {.service_ns = one_ms};
    for (unsigned slots = 1; slots <= 4; slots += 3) {
        rg_arrivals arrivals;
        rg_clock_virtual_on(1000 * MS);
        session = (rg_session){0};
        cr_assert_eq(rg_arrivals_poisson(800, N, 5, &arrivals, NULL), RG_OK);
        ran r = run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, long_ns);
        for (size_t i = 0; i < N; i++)
            expected[i] = latency_ns(i);
        rg_clock_virtual_on(1000 * MS);
        cr_assert_eq(rg_arrivals_poisson(800, N, 5, &arrivals, NULL), RG_OK);
        r = run_open(&async_target, &program, &arrivals, slots, SIZE_MAX, long_ns);
        cr_assert_eq(r.status, RG_OK);
        cr_assert_eq(r.n, N);
        cr_assert_eq(r.offered.late_max_ns, 0);
        for (size_t i = 0; i < N; i++)
            cr_assert_eq(latency_ns(i), expected[i], "request %zu with %u slots", i, slots);
    }
}

Test(open_async, the_time_cap_lets_what_is_out_come_home) {
    rg_program program = {0};
    rg_clock_virtual_on(1000 * MS);
    session = (rg_session){0};
    rg_arrivals arrivals = paced(4000, 4000);
    ran r = run_open(&async_target, &program, &arrivals, 4, 10, 100 * MS);
    cr_assert(r.ran.capped);
    cr_assert_eq(r.ran.inferences, 103, "100 and the three that were out, not %llu",
                 (unsigned long long)r.ran.inferences);
    cr_assert_eq(r.offered.offered, r.ran.inferences + r.offered.dropped);
}
