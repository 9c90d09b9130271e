/* test_search.c: strategies find what holds, with few questions, and a queue that grows is seen
 * before it breaks the deadline. */
#include <criterion/criterion.h>

#include "bench/run/search.h"

typedef struct device {
    uint32_t holds_to, asked;
} device;

static rg_status holds(void *user, uint32_t n, bool *ret_holds, rg_err *err) {
    device *d = user;
    (void)err;
    d->asked++;
    *ret_holds = n <= d->holds_to;
    return RG_OK;
}

Test(search, both_strategies_find_the_largest_that_holds_from_any_guess) {
    for (int kind = 0; kind < RG_SEARCH_COUNT; kind++) {
        for (uint32_t truth = 0; truth <= 40; truth++) {
            for (uint32_t guess = 0; guess <= 50; guess += 7) {
                device d = {.holds_to = truth};
                uint32_t best = 99, expected = truth < 32 ? truth : 32;
                cr_assert_eq(rg_search_run((rg_search_kind)kind, guess, 32, holds, &d, &best, NULL),
                             RG_OK);
                cr_assert_eq(best, expected, "%s from %u: %u, not %u", rg_search_words[kind], guess,
                             best, expected);
            }
        }
    }
}

Test(search, a_good_guess_asks_little) {
    device d = {.holds_to = 700};
    uint32_t best;
    rg_search_run(RG_SEARCH_BISECT, 690, 1024, holds, &d, &best, NULL);
    cr_assert_eq(best, 700);
    cr_assert_leq(d.asked, 9, "%u questions", d.asked);
    d = (device){.holds_to = 3};
    rg_search_run(RG_SEARCH_BISECT, 1024, 1024, holds, &d, &best, NULL);
    cr_assert_eq(best, 3);
    cr_assert_leq(d.asked, 21, "%u questions", d.asked);
}

static rg_status breaks(void *user, uint32_t n, bool *ret_holds, rg_err *err) {
    (void)user;
    (void)n;
    (void)ret_holds;
    return rg_fail(err, RG_FAILED, NULL, "gone");
}

Test(search, a_probe_that_fails_ends_it) {
    uint32_t best = 0;
    cr_assert_eq(rg_search_run(RG_SEARCH_BISECT, 4, 8, breaks, NULL, &best, NULL), RG_FAILED);
    cr_assert_eq(rg_search_run(RG_SEARCH_CLIMB, 4, 8, breaks, NULL, &best, NULL), RG_FAILED);
}

/* 100 arrivals 10 ms apart, each later by `more` than the one before; every tenth was dropped. */
static double growth_of(int64_t more, double *ret_last) {
    rg_sample rows[100];
    for (int i = 0; i < 100; i++) {
        rows[i].start_ns = i * INT64_C(10000000);
        rows[i].end_ns = i % 10 == 9 ? rows[i].start_ns - 1 : rows[i].start_ns + 1000000 + i * more;
    }
    return rg_search_growth_ns(rows, 100, ret_last);
}

Test(search, a_wait_that_grows_is_seen_before_it_is_long) {
    double last;
    cr_assert_eq(growth_of(0, &last), 0);
    cr_assert_eq(last, 1000000);
    cr_assert_not(rg_search_outgrows(last, 0, 1000001));
    double growth = growth_of(50000, &last);
    cr_assert(growth > 4500000 && growth < 5500000, "%g", growth);
    cr_assert(rg_search_outgrows(last, growth, 33000000), "55 ms within ten windows");
    cr_assert_not(rg_search_outgrows(last, growth, 80000000));
    cr_assert_not(rg_search_outgrows(5e6, -1e6, 4000000), "it shrinks: misses decide");
}
