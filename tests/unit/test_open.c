/* test_open.c: open loops in virtual time: no coordinated omission, drops, time caps, and latency
 * against the closed form of the M/D/1 queue. */
#include "tests/unit/open_made.h"

enum { MS = 1000000, HOUR = 3600 };

static int64_t one_ms(uint64_t count) {
    (void)count;
    return MS;
}

/* Every 50th request takes 20 ms. */
static int64_t stalling(uint64_t count) {
    return count % 50 == 49 ? 20 * MS : MS;
}

static rg_arrivals paced(double hz, size_t n) {
    rg_arrivals arrivals;
    cr_assert_eq(rg_arrivals_paced(hz, n, &arrivals, NULL), RG_OK);
    return arrivals;
}

static void virtual_time(void) {
    rg_clock_virtual_on(1000 * MS);
}

static const int64_t long_ns = (int64_t)HOUR * 1000 * MS;

TestSuite(open, .init = virtual_time);

Test(open, a_device_that_keeps_up_answers_in_its_service_time) {
    rg_program program = {.service_ns = one_ms};
    rg_arrivals arrivals = paced(100, 200);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, long_ns);
    cr_assert_eq(r.n, 200);
    for (size_t i = 0; i < r.n; i++) {
        cr_assert_eq(latency_ns(i), MS);
        cr_assert_eq(store[i].start_ns, r.ran.start_ns + (int64_t)i * 10 * MS, "as intended");
    }
    cr_assert_eq(r.offered.offered, 200);
    cr_assert_eq(r.offered.on_time, 200);
    cr_assert_eq(r.offered.late_max_ns, 0);
    cr_assert_eq(r.ran.inferences, 200);
    cr_assert_not(r.ran.capped);
}

/* A closed loop would see one slow request in fifty. Here all who come during the stall wait: the
 * k-th of them for 20 - 2 k ms, and behind it the queue shrinks by 1 ms a request. */
Test(open, a_stall_delays_all_who_come_meanwhile) {
    rg_program program = {.service_ns = stalling};
    rg_arrivals arrivals = paced(500, 100);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, long_ns);
    size_t slow = 0;
    for (size_t i = 0; i < r.n; i++)
        slow += latency_ns(i) > MS;
    cr_assert_eq(latency_ns(49), 20 * MS);
    for (size_t i = 50; i < 69; i++)
        cr_assert_eq(latency_ns(i), (int64_t)(69 - i) * MS, "request %zu: %lld", i,
                     (long long)latency_ns(i));
    cr_assert_eq(slow, 1 + 18 + 1, "the stall, those behind it, and the last one's own stall");
}

Test(open, who_finds_the_queue_full_is_dropped_and_counted) {
    rg_program program = {.service_ns = stalling};
    rg_arrivals arrivals = paced(500, 60);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, 3, long_ns);
    size_t drops = 0;
    for (size_t i = 0; i < r.n; i++)
        drops += store[i].end_ns == store[i].start_ns - 1;
    cr_assert_eq(r.n, 60);
    cr_assert_eq(r.offered.dropped, drops);
    cr_assert_eq(drops, 6, "of nine who come within 20 ms three may wait, not %zu", drops);
    cr_assert_eq(r.ran.inferences, 54);
}

Test(open, without_a_queue_a_busy_device_drops_every_other_request) {
    rg_program program = {.service_ns = one_ms};
    rg_arrivals arrivals = paced(1500, 300);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, 0, long_ns);
    cr_assert_eq(r.offered.dropped, 150);
    cr_assert_eq(r.offered.offered, 300);
}

Test(open, an_overload_grows_the_wait_until_the_time_cap_drops_the_rest) {
    rg_program program = {.service_ns = one_ms};
    rg_arrivals arrivals = paced(2000, 4000);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, 500 * MS);
    cr_assert(r.ran.capped);
    cr_assert_eq(r.ran.inferences, 500);
    cr_assert_eq(r.offered.offered, 1000, "those who came until then, not %llu",
                 (unsigned long long)r.offered.offered);
    cr_assert_eq(r.offered.dropped, 500);
    cr_assert_gt(r.offered.wait_at_end_ns, 240 * MS);
}

Test(open, a_failure_ends_the_loop) {
    rg_program program = {.service_ns = one_ms, .fail_at = 5};
    rg_arrivals arrivals = paced(100, 20);
    cr_assert_eq(run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, long_ns).status,
                 RG_FAILED);
}

/* --- M/D/1 ------------------------------------------------------------------------------------ */

/* P(wait <= x) of the M/D/1 queue, time in services, load rho (Erlang; Tijms, A First Course in
 * Stochastic Models, 9.2): (1 - rho) sum_{k=0}^{floor x} (rho (k - x))^k / k! e^{-rho (k - x)}. */
static double md1_wait_cdf(double rho, double x) {
    double sum = 0;
    for (int k = 0; k <= (int)floor(x); k++) {
        double u = rho * ((double)k - x);
        sum += (k % 2 ? -1 : 1) * exp((k ? k * log(-u + 1e-300) : 0) - lgamma(k + 1.0) - u);
    }
    return (1 - rho) * sum;
}

static double md1_latency(double rho, double p) {
    double low = 0, high = 20; /* beyond, the alternating sum loses its digits */
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (md1_wait_cdf(rho, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return 1 + low; /* the wait, and one's own service */
}

static void check_md1(double rho, uint64_t seed) {
    enum { N = 400000 };
    rg_program program = {.service_ns = one_ms};
    rg_arrivals arrivals;
    double *ms = malloc(N * sizeof *ms);
    cr_assert_eq(rg_arrivals_poisson(1000 * rho, N, seed, &arrivals, NULL), RG_OK);
    ran r = run_open(&virtual_target, &program, &arrivals, 1, SIZE_MAX, long_ns);
    cr_assert_eq(r.n, N);
    for (size_t i = 0; i < N; i++)
        ms[i] = (double)latency_ns(i) / MS;
    rg_sort_reals(ms, N);
    static const double quantiles[] = {0.5, 0.95};
    for (size_t q = 0; q < 2; q++) {
        double seen = rg_quantile(ms, N, quantiles[q]), truth = md1_latency(rho, quantiles[q]);
        cr_assert_lt(fabs(seen / truth - 1), 0.02, "load %g, p%g: %.4f ms, closed form %.4f", rho,
                     100 * quantiles[q], seen, truth);
    }
    free(ms);
}

Test(open, poisson_arrivals_wait_as_the_md1_queue_says) {
    check_md1(0.5, 1);
    check_md1(0.7, 2);
    check_md1(0.8, 3);
}

/* --- arrivals --------------------------------------------------------------------------------- */

Test(arrivals, paced_ones_do_not_drift) {
    rg_arrivals arrivals = paced(30, 9001);
    cr_assert_eq(arrivals.at_ns[1], 33333333);
    cr_assert_eq(arrivals.at_ns[3], 100000000);
    cr_assert_eq(arrivals.at_ns[9000], (int64_t)300 * 1000 * MS);
    rg_arrivals_free(&arrivals);
}

Test(arrivals, the_same_seed_gives_the_same_chance) {
    rg_arrivals a, b, c;
    double mean;
    cr_assert_eq(rg_arrivals_poisson(100, 20000, 7, &a, NULL), RG_OK);
    cr_assert_eq(rg_arrivals_poisson(100, 20000, 7, &b, NULL), RG_OK);
    cr_assert_eq(rg_arrivals_poisson(100, 20000, 8, &c, NULL), RG_OK);
    cr_assert_eq(a.at_ns[19999], b.at_ns[19999]);
    cr_assert_neq(a.at_ns[19999], c.at_ns[19999]);
    mean = (double)a.at_ns[19999] / 20000;
    cr_assert(fabs(mean / 1e7 - 1) < 0.03, "%g", mean);
    rg_arrivals_free(&a);
    rg_arrivals_free(&b);
    rg_arrivals_free(&c);
}

Test(arrivals, streams_keep_their_own_phase_and_come_in_order) {
    rg_arrivals arrivals;
    cr_assert_eq(rg_arrivals_streams(30, 5, 52, 3, &arrivals, NULL), RG_OK);
    cr_assert_eq(arrivals.n, 55, "whole periods");
    for (size_t i = 1; i < arrivals.n; i++)
        cr_assert_geq(arrivals.at_ns[i], arrivals.at_ns[i - 1]);
    for (size_t i = 15; i < arrivals.n; i++)
        cr_assert_eq(arrivals.at_ns[i] - arrivals.at_ns[i - 15], 100 * MS);
    rg_arrivals_free(&arrivals);
}

Test(arrivals, too_many_are_refused_with_advice) {
    rg_arrivals arrivals;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_arrivals_paced(1e6, 100000000, &arrivals, &err), RG_UNSUPPORTED);
    cr_assert_str_eq(err.advice, "ask for a lower rate, or a shorter time");
}
