/* test_control.c: changes less the drift of a control: truths on paper, and the table of the design
 * (docs of the statistics, 2.5), drawn from seeds. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "bench/core/rng.h"
#include "bench/result/control.h"

enum { ROUNDS = 12, TRIALS = 1000 };

static const int64_t in_order[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                     13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};

static rg_control_rounds rounds_of(const double *values, size_t n) {
    return (rg_control_rounds){values, in_order, n};
}

static rg_control_test compared(const rg_control_session *then, const rg_control_session *now,
                                double shift) {
    rg_control_test ret;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_control_compare(then, now, shift, &ret, &err), RG_OK, "%s", err.what);
    return ret;
}

Test(control, takes_out_what_moved_both) {
    const double a[] = {100, 102, 101}, c[] = {50, 51, 50.5};       /* cell and control, then */
    const double b[] = {120, 122.4, 121.2}, d[] = {60, 61.2, 60.6}; /* both 20 % up, now */
    rg_control_session then = {rounds_of(a, 3), rounds_of(c, 3)};
    rg_control_session now = {rounds_of(b, 3), rounds_of(d, 3)};
    rg_control_test t = compared(&then, &now, 0);
    cr_expect(t.by_round);
    cr_expect_float_eq(t.test.mean, 0, 1e-12);
    cr_expect_float_eq(t.drift, 0.2, 1e-12);
}

Test(control, is_welch_on_the_ratios_of_rounds) {
    const double a[] = {100, 104, 99, 101}, c[] = {50, 51, 49, 52};
    const double b[] = {111, 108, 112, 110, 109}, d[] = {51, 50, 52, 50, 51};
    double x[4], y[5];
    for (int i = 0; i < 4; i++)
        x[i] = log(a[i] / c[i]);
    for (int i = 0; i < 5; i++)
        y[i] = log(b[i] / d[i]);
    rg_control_session then = {rounds_of(a, 4), rounds_of(c, 4)};
    rg_control_session now = {rounds_of(b, 5), rounds_of(d, 5)};
    rg_control_test t = compared(&then, &now, 0.01);
    rg_ttest welch = rg_t_welch(x, 4, y, 5, 0.01);
    cr_expect_float_eq(t.test.mean, welch.mean, 1e-14);
    cr_expect_float_eq(t.test.se, welch.se, 1e-14);
    cr_expect_float_eq(t.test.df, welch.df, 1e-9);
    cr_expect_float_eq(t.test.p_greater, welch.p_greater, 1e-12);
    cr_expect(t.n_then == 4 && t.n_now == 5);
}

Test(control, pairs_by_the_rounds_number_not_by_their_place) {
    const double a[] = {100, 110}, c[] = {11, 10};
    const int64_t turned[] = {1, 0};
    double ret[2];
    rg_control_session session = {rounds_of(a, 2), {c, turned, 2}};
    cr_assert_eq(rg_control_ratios(&session, ret), 2);
    cr_expect_float_eq(ret[0], log(10), 1e-12);
    cr_expect_float_eq(ret[1], log(10), 1e-12);
}

Test(control, adds_up_four_variances_where_rounds_have_no_partners) {
    const double a[] = {100, 102, 98}, c[] = {50, 50.5, 49.5, 50.2};
    const int64_t others[] = {100, 101, 102, 103};
    rg_control_session then = {rounds_of(a, 3), {c, others, 4}};
    rg_control_test t = compared(&then, &then, 0);
    double logs[4];
    for (int i = 0; i < 3; i++)
        logs[i] = log(a[i]);
    double va = rg_variance(logs, 3) / 3;
    for (int i = 0; i < 4; i++)
        logs[i] = log(c[i]);
    double vc = rg_variance(logs, 4) / 4, v = 2 * (va + vc);
    cr_expect_not(t.by_round);
    cr_expect_float_eq(t.test.se, sqrt(v), 1e-14);
    cr_expect_float_eq(t.test.df, v * v / (2 * (va * va / 2 + vc * vc / 3)), 1e-9);
}

Test(control, says_what_is_missing) {
    const double a[] = {100, 102}, zero[] = {1, 0};
    rg_control_session good = {rounds_of(a, 2), rounds_of(a, 2)};
    rg_control_session single = {rounds_of(a, 1), rounds_of(a, 2)};
    rg_control_session none = {rounds_of(a, 2), rounds_of(a, 0)};
    rg_control_session stuck = {rounds_of(a, 2), rounds_of(zero, 2)};
    rg_control_test t;
    rg_err err = RG_ERR_INIT;
    cr_expect_eq(rg_control_compare(&single, &good, 0, &t, &err), RG_INVALID);
    cr_expect_str_eq(err.what, "the cell has 1 rounds then");
    cr_expect_eq(rg_control_compare(&good, &none, 0, &t, &err), RG_INVALID);
    cr_expect_str_eq(err.what, "the control has 0 rounds now");
    cr_expect_eq(rg_control_compare(&good, &stuck, 0, &t, &err), RG_INVALID);
    cr_expect_str_eq(err.what, "the control has a value now that is not above zero");
}

/* --- operating characteristics -----------------------------------------------------------------
 */

/* One session: a drift that the control follows by 80 %, 1 % between rounds. */
static void draw_session(rg_rng *rng, double change, double *cell, double *control) {
    double drift = 0.02 * rg_rng_normal12(rng);
    for (int i = 0; i < ROUNDS; i++) {
        cell[i] = 1e6 * exp(drift + change + 0.01 * rg_rng_normal12(rng));
        control[i] = 2e6 * exp(0.8 * drift + 0.01 * rg_rng_normal12(rng));
    }
}

/* Shares of trials in which a change beyond 1 % is called at alpha 2.5e-4: without, with control.
 */
static void called(double change, double *ret_without, double *ret_with) {
    rg_rng rng = rg_rng_seeded(20261122);
    int without = 0, with = 0;
    double a[ROUNDS], c[ROUNDS], b[ROUNDS], d[ROUNDS], x[ROUNDS], y[ROUNDS];
    for (int t = 0; t < TRIALS; t++) {
        draw_session(&rng, 0, a, c);
        draw_session(&rng, change, b, d);
        rg_control_session then = {rounds_of(a, ROUNDS), rounds_of(c, ROUNDS)};
        rg_control_session now = {rounds_of(b, ROUNDS), rounds_of(d, ROUNDS)};
        with += compared(&then, &now, log1p(0.01)).test.p_greater <= 2.5e-4;
        for (int i = 0; i < ROUNDS; i++) {
            x[i] = log(a[i]);
            y[i] = log(b[i]);
        }
        without += rg_t_welch(x, ROUNDS, y, ROUNDS, log1p(0.01)).p_greater <= 2.5e-4;
    }
    *ret_without = (double)without / TRIALS;
    *ret_with = (double)with / TRIALS;
}

Test(control, false_alarms_of_drifting_sessions_go_and_five_percent_stays_seen) {
    double without, with, seen_without, seen_with;
    called(0, &without, &with);
    called(log1p(0.05), &seen_without, &seen_with);
    printf("# false alarms %.1f %% without, %.1f %% with control; +5 %% seen %.1f %%, %.1f %%\n",
           100 * without, 100 * with, 100 * seen_without, 100 * seen_with);
    cr_expect_gt(without, 0.10);
    cr_expect_leq(with, 0.002);
    cr_expect_geq(seen_with, 0.9);
}
