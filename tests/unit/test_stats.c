/* test_stats.c: statistics against closed-form truths, published tables and seeded simulations. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/core/rng.h"
#include "bench/result/stats.h"

#define near(a, b, tolerance) (fabs((a) - (b)) <= (tolerance))

static double draw_normal(rg_rng *rng) {
    return rg_normal_quantile(rg_rng_unit(rng) + 0x1p-54);
}

Test(special, log_gamma_knows_factorials_and_the_half) {
    cr_assert(near(rg_log_gamma(1), 0, 1e-14));
    cr_assert(near(rg_log_gamma(0.5), 0.5 * log(M_PI), 1e-14));
    double sum = 0;
    for (int n = 1; n <= 170; n++) {
        sum += log(n);
        cr_assert(near(rg_log_gamma(n + 1), sum, 1e-13 * (1 + sum)), "n = %d", n);
    }
}

Test(special, incomplete_beta_equals_the_binomial_sum) {
    for (int n = 1; n <= 40; n += 3) {
        double term = pow(0.7, n), sum = 0;
        for (int k = 0; k < n; k++) {
            sum += term;
            cr_assert(near(rg_binomial_cdf((uint64_t)k, (uint64_t)n, 0.3), sum, 1e-13), "%d of %d",
                      k, n);
            term *= (double)(n - k) / (k + 1) * 0.3 / 0.7;
        }
    }
    cr_assert_eq(rg_binomial_cdf(5, 5, 0.3), 1);
}

Test(special, student_quantiles_match_the_tables) {
    cr_assert(near(rg_t_quantile(0.975, 5), 2.5705818, 1e-6), "t_.975,5 = 2.5706");
    cr_assert(near(rg_t_quantile(0.975, 1), tan(0.475 * M_PI), 1e-9), "Cauchy in closed form");
    double p = 0.999, two = (2 * p - 1) * sqrt(2 / (4 * p * (1 - p)));
    cr_assert(near(rg_t_quantile(p, 2), two, 1e-9), "two degrees of freedom in closed form");
    cr_assert(near(rg_t_quantile(0.975, 1e7), 1.959963985, 1e-6), "normal in the limit");
    cr_assert_eq(rg_t_quantile(0.5, 3), 0);
    cr_assert(near(rg_t_quantile(0.025, 5), -rg_t_quantile(0.975, 5), 1e-12));
}

Test(special, student_tail_stays_exact_where_one_minus_cdf_is_lost) {
    double t = 1e6, truth = atan(1 / t) / M_PI; /* one degree of freedom */
    cr_assert(near(rg_t_upper(t, 1) / truth, 1, 1e-10));
}

Test(special, normal_quantile_inverts_and_p95_of_log_normal_follows) {
    cr_assert(near(rg_normal_quantile(0.975), 1.959963984540054, 1e-12));
    cr_assert(near(rg_normal_quantile(0.95), 1.6448536269514722, 1e-12));
    cr_assert(near(rg_normal_quantile(1e-10), -6.361340902404056, 1e-9));
    enum { N = 4000 };
    double x[N];
    for (int i = 0; i < N; i++) /* the distribution's own quantiles as the sample */
        x[i] = exp(2 + 0.3 * rg_normal_quantile((i + 0.5) / N));
    double truth = exp(2 + 0.3 * 1.6448536269514722);
    cr_assert(near(rg_quantile(x, N, 0.95) / truth, 1, 1e-3));
    cr_assert(near(rg_quantile_hd(x, N, 0.95) / truth, 1, 2e-3));
}

Test(quantile, type_seven_interpolates_between_order_statistics) {
    const double x[] = {10, 20, 30, 40};
    cr_assert_eq(rg_quantile(x, 4, 0), 10);
    cr_assert_eq(rg_quantile(x, 4, 1), 40);
    cr_assert(near(rg_quantile(x, 4, 0.5), 25, 1e-12));
    cr_assert(near(rg_quantile(x, 4, 0.9), 37, 1e-12));
    cr_assert_eq(rg_quantile(x, 1, 0.95), 10);
    cr_assert(isnan(rg_quantile(x, 0, 0.5)));
}

Test(quantile, harrell_davis_weights_sum_to_one_and_centre_symmetric_samples) {
    for (size_t n = 1; n <= 2001; n += 250) {
        double constant[2001], symmetric[2001];
        for (size_t i = 0; i < n; i++) {
            constant[i] = 7;
            double u = 2 * ((double)i + 1) / ((double)n + 1) - 1;
            symmetric[i] = 5 + u * u * u;
        }
        cr_assert(near(rg_quantile_hd(constant, n, 0.95), 7, 1e-11), "n = %zu", n);
        cr_assert(near(rg_quantile_hd(symmetric, n, 0.5), 5, 1e-10), "n = %zu", n);
    }
    const double two[] = {0, 1}; /* w_2 = 1 - I_0.5(1.5, 1.5) = 0.5 */
    cr_assert(near(rg_quantile_hd(two, 2, 0.5), 0.5, 1e-12));
    const double three[] = {0, 0, 1}; /* a = b = 2: I_x = 3 x^2 - 2 x^3 */
    double x = 2.0 / 3;
    cr_assert(near(rg_quantile_hd(three, 3, 0.5), 1 - (3 * x * x - 2 * x * x * x), 1e-12));
}

Test(quantile, intervals_need_6_36_72_and_368_samples) {
    cr_assert_eq(rg_quantile_min_n(0.5), 6);
    cr_assert_eq(rg_quantile_min_n(0.90), 36);
    cr_assert_eq(rg_quantile_min_n(0.95), 72);
    cr_assert_eq(rg_quantile_min_n(0.99), 368);
    size_t low, high;
    cr_assert_not(rg_quantile_order_bounds(71, 0.95, &low, &high));
    cr_assert(rg_quantile_order_bounds(72, 0.95, &low, &high));
    cr_assert_eq(high, 71, "the largest sample");
    cr_assert(rg_quantile_order_bounds(6, 0.5, &low, &high));
    cr_assert(low == 0 && high == 5);
}

Test(quantile, order_bounds_hold_2_5_percent_on_each_side_and_are_tight) {
    for (size_t n = 6; n < 3000; n = n * 3 / 2) {
        size_t low, high;
        cr_assert(rg_quantile_order_bounds(n, 0.5, &low, &high));
        cr_assert_leq(rg_binomial_cdf(low, n, 0.5), 0.025);
        cr_assert_gt(rg_binomial_cdf(low + 1, n, 0.5), 0.025);
        cr_assert_geq(rg_binomial_cdf(high, n, 0.5), 0.975);
        cr_assert_lt(rg_binomial_cdf(high - 1, n, 0.5), 0.975);
        cr_assert_eq(low, n - 1 - high, "symmetric for the median");
    }
}

/* The smallest n at which t samples may lie beyond, 99 % confidence: LoadGen's own output. */
static const struct {
    double p;
    size_t t[9];
} loadgen[] = {
    {0.50, {11, 14, 17, 22, 35, 59, 128, 237}},
    {0.90, {64, 81, 97, 127, 197, 325, 681, 1246}},
    {0.95, {130, 165, 198, 259, 398, 656, 1372, 2504}},
    {0.97, {219, 277, 332, 433, 667, 1097, 2293, 4182}},
    {0.99, {662, 838, 1001, 1307, 2010, 3304, 6898, 12571}},
    {0.999, {6636, 8403, 10042, 13105, 20140, 33097, 69058, 125826}},
};
static const size_t loadgen_t[] = {1, 2, 3, 5, 10, 20, 50, 100};

Test(quantile, conservative_rank_equals_loadgens_table) {
    for (size_t i = 0; i < sizeof loadgen / sizeof loadgen[0]; i++) {
        for (size_t j = 0; j < 8; j++) {
            size_t n = loadgen[i].t[j], t = loadgen_t[j], rank;
            cr_assert(rg_quantile_bound_rank(n, loadgen[i].p, 0.99, &rank));
            cr_assert_eq(n - rank, t, "p %g n %zu: t %zu", loadgen[i].p, n, n - rank);
            bool less = rg_quantile_bound_rank(n - 1, loadgen[i].p, 0.99, &rank);
            cr_assert(!less || n - 1 - rank < t, "p %g n %zu allows less", loadgen[i].p, n - 1);
        }
    }
    size_t rank;
    cr_assert_not(rg_quantile_bound_rank(129, 0.95, 0.99, &rank));
    cr_assert(rg_quantile_bound_rank(130, 0.95, 0.99, &rank));
    cr_assert_eq(rank, 129, "the maximum");
    cr_assert(rg_quantile_bound_rank(10000, 0.95, 0.99, &rank));
    cr_assert_eq(10000 - rank, 449);
}

/* A plain rendering of the documented algorithm: pools and sorts each resample anew. */
static double plain_resample(const double *const *values, const size_t *n, size_t rounds,
                             rg_rng *rng, double p) {
    size_t total = 0;
    double all[4000];
    for (size_t i = 0; i < rounds; i++) {
        uint32_t r = rg_rng_below(rng, (uint32_t)rounds);
        for (size_t k = 0; k < n[r]; k++)
            all[total++] = values[r][k];
    }
    rg_sort_reals(all, total);
    return rg_quantile(all, total, p);
}

/* Step 5: degrees of freedom by the kurtosis of the rounds' shares above the value. */
static double plain_freedom(const double *const *values, const size_t *n, size_t rounds,
                            double value) {
    double share[16] = {0}, mean = 0, m2 = 0, m4 = 0, r = (double)rounds;
    for (size_t k = 0; k < rounds; k++) {
        for (size_t i = 0; i < n[k]; i++)
            share[k] += values[k][i] > value ? 1.0 : 0.0;
        share[k] /= (double)n[k];
        mean += share[k] / r;
    }
    for (size_t k = 0; k < rounds; k++) {
        m2 += pow(share[k] - mean, 2) / r;
        m4 += pow(share[k] - mean, 4) / r;
    }
    double df = floor(2 * r / (m4 / (m2 * m2) - (r - 3) / (r - 1)));
    return df < 1 ? 1 : df > r - 1 ? r - 1 : df;
}

Test(bootstrap, equals_a_plain_rendering_of_the_documented_algorithm) {
    enum { R = 5 };
    double data[R][300];
    const double *values[R];
    size_t n[R] = {300, 260, 150, 300, 277};
    rg_rng rng = rg_rng_seeded(3);
    for (size_t r = 0; r < R; r++) {
        values[r] = data[r];
        for (size_t i = 0; i < n[r]; i++) /* a grid, so that ties are common */
            data[r][i] = floor(1000 * exp(0.1 * draw_normal(&rng) + 0.02 * (double)r));
    }
    rg_pool *pool = NULL;
    rg_draws *draws = NULL;
    cr_assert_eq(rg_pool_new(values, n, R, &pool, NULL), RG_OK);
    cr_assert_eq(rg_draws_new("abc", R, &draws, NULL), RG_OK);
    rg_interval fast = rg_interval_quantile(pool, draws, 0.95);
    rg_rng again = rg_rng_seeded(0xeacf018fbf1678baull); /* SHA-256("abc"), first 8 bytes, LE */
    double logs[RG_BOOT_DRAWS];
    for (size_t b = 0; b < RG_BOOT_DRAWS; b++)
        logs[b] = log(plain_resample(values, n, R, &again, 0.95));
    double se = sqrt(rg_variance(logs, RG_BOOT_DRAWS)) * sqrt(R / (R - 1.0));
    cr_assert(near(fast.se_log, se, 1e-15));
    double df = plain_freedom(values, n, R, fast.value);
    cr_assert(df >= 1 && df <= R - 1);
    cr_assert(near(fast.low, exp(log(fast.value) - rg_t_quantile(0.975, df) * se), 1e-9));
    cr_assert(fast.low < fast.value && fast.value < fast.high);
    rg_pool_free(pool);
    rg_draws_free(draws);
}

Test(bootstrap, one_round_has_no_interval_and_says_why) {
    const double x[] = {1, 2, 3}, *values[] = {x};
    size_t n[] = {3};
    rg_pool *pool = NULL;
    cr_assert_eq(rg_pool_new(values, n, 1, &pool, NULL), RG_OK);
    rg_interval interval = rg_interval_quantile(pool, NULL, 0.5);
    cr_assert_eq(interval.value, 2);
    cr_assert_str_eq(interval.no_interval, "rounds<2");
    cr_assert(isnan(interval.low));
    rg_pool_free(pool);
    size_t none[] = {0};
    cr_assert_eq(rg_pool_new(values, none, 1, &pool, NULL), RG_INVALID);
}

Test(bootstrap, equal_rounds_have_a_zero_width_interval) {
    const double x[] = {5, 5, 5}, *values[] = {x, x};
    size_t n[] = {3, 3};
    const double num[] = {10, 10}, den[] = {3, 3};
    rg_pool *pool = NULL;
    rg_draws *draws = NULL;
    cr_assert_eq(rg_pool_new(values, n, 2, &pool, NULL), RG_OK);
    cr_assert_eq(rg_draws_new("k", 2, &draws, NULL), RG_OK);
    rg_interval q = rg_interval_quantile(pool, draws, 0.95);
    cr_assert(q.low == 5 && q.high == 5);
    rg_interval ratio = rg_interval_ratio(num, den, 2, draws);
    cr_assert(near(ratio.value, 10.0 / 3, 1e-12) && near(ratio.high, ratio.low, 1e-9));
    rg_pool_free(pool);
    rg_draws_free(draws);
}

/* One simulated cell: 16 rounds of 200 log-normal samples, sd 5 %, launch sd 1 %. */
static rg_interval simulate_cell(rg_rng *rng, int trial) {
    enum { R = 16, N = 200 };
    static double data[R][N];
    const double *values[R];
    size_t n[R];
    for (size_t r = 0; r < R; r++) {
        double launch = 0.01 * draw_normal(rng);
        values[r] = data[r];
        n[r] = N;
        for (size_t i = 0; i < N; i++)
            data[r][i] = exp(launch + 0.05 * draw_normal(rng));
    }
    char key[16];
    snprintf(key, sizeof key, "trial %d", trial);
    rg_pool *pool = NULL;
    rg_draws *draws = NULL;
    cr_assert_eq(rg_pool_new(values, n, R, &pool, NULL), RG_OK);
    cr_assert_eq(rg_draws_new(key, R, &draws, NULL), RG_OK);
    rg_interval ret = rg_interval_quantile(pool, draws, 0.95);
    rg_pool_free(pool);
    rg_draws_free(draws);
    return ret;
}

Test(bootstrap, covers_p95_in_90_to_98_percent_with_launch_variance) {
    enum { TRIALS = 300 };
    rg_rng rng = rg_rng_seeded(2026);
    double truth = exp(1.6448536269514722 * sqrt(0.05 * 0.05 + 0.01 * 0.01));
    int covered = 0;
    for (int i = 0; i < TRIALS; i++) {
        rg_interval interval = simulate_cell(&rng, i);
        covered += interval.low <= truth && truth <= interval.high;
    }
    cr_assert(covered >= 0.90 * TRIALS && covered <= 0.98 * TRIALS, "%d of %d", covered, TRIALS);
}

/* Samples of one or two normal modes, sorted; share and place of the second. */
static double mvalue_of(uint64_t seed, size_t n, double share, double place, double grid) {
    double *x = malloc(n * sizeof *x);
    rg_rng rng = rg_rng_seeded(seed);
    for (size_t i = 0; i < n; i++) {
        x[i] = 1000 + 10 * draw_normal(&rng) + (rg_rng_unit(&rng) < share ? place : 0);
        x[i] = grid > 0 ? grid * round(x[i] / grid) : x[i];
    }
    rg_sort_reals(x, n);
    double m = rg_mvalue(x, n);
    free(x);
    return m;
}

Test(shape, mvalue_tells_one_mode_from_two_equal_ones) {
    const size_t sizes[] = {200, 1000, 10000};
    for (size_t s = 0; s < 3; s++) {
        int false_alarms = 0, seen = 0;
        for (uint64_t seed = 1; seed <= 30; seed++) {
            false_alarms += mvalue_of(seed, sizes[s], 0, 0, 0) > RG_MVALUE_BIMODAL;
            seen += mvalue_of(seed, sizes[s], 0.5, 100, 0) > RG_MVALUE_BIMODAL;
        }
        cr_assert_leq(false_alarms, 2, "%d alarms of 30 at n = %zu", false_alarms, sizes[s]);
        cr_assert_eq(seen, 30, "n = %zu", sizes[s]);
    }
}

Test(shape, a_coarse_clock_does_not_look_like_many_modes) {
    for (uint64_t seed = 1; seed <= 20; seed++)
        cr_assert_leq(mvalue_of(seed, 2000, 0, 0, 3), RG_MVALUE_MAYBE);
    cr_assert_eq(mvalue_of(1, 29, 0.5, 100, 0), 2, "too few samples say nothing");
}

Test(shape, mode_gap_is_wide_only_when_p95_sits_between_modes) {
    double x[1000], y[1000];
    for (int i = 0; i < 1000; i++) {
        x[i] = 100 + i * 0.01;
        y[i] = i < 950 ? 100 : 125;
    }
    cr_assert_lt(rg_mode_gap(x, 1000), 0.1);
    cr_assert_gt(rg_mode_gap(y, 1000), 0.1);
}

Test(shape, lag1_of_alternation_is_minus_one_and_of_a_run_near_one) {
    double x[1000], y[1000];
    for (int i = 0; i < 1000; i++) {
        x[i] = i % 2;
        y[i] = i < 500;
    }
    cr_assert(near(rg_lag1(x, 1000), -1, 0.01));
    cr_assert(near(rg_lag1(y, 1000), 1, 0.01));
    cr_assert(near(rg_effective_n(1000, 0.5), 1000.0 / 3, 1e-9));
    cr_assert_eq(rg_effective_n(10, -0.5), 10, "no credit for negative correlation");
}

Test(shape, variance_split_finds_the_launch_part) {
    enum { R = 400, N = 100 };
    static double data[R][N];
    const double *values[R];
    size_t n[R];
    rg_rng rng = rg_rng_seeded(9);
    for (size_t r = 0; r < R; r++) {
        double launch = 3 * draw_normal(&rng);
        values[r] = data[r];
        n[r] = N;
        for (size_t i = 0; i < N; i++)
            data[r][i] = 1000 + launch + 10 * draw_normal(&rng);
    }
    rg_variance_split split = rg_variance_split_of(values, n, R);
    cr_assert(near(split.within, 100, 3));
    cr_assert(near(split.launch, 9, 2));
    cr_assert(near(split.launch_share, 9 / 109.0, 0.02));
    cr_assert(isnan(rg_variance_split_of(values, n, 1).within), "one round splits nothing");
}

Test(trend, theil_sen_ignores_an_outlier_and_finds_the_slope) {
    double x[100];
    for (int i = 0; i < 100; i++)
        x[i] = 5 + 0.25 * i;
    x[50] = 1e9;
    rg_trend trend = rg_trend_of(x, 100);
    cr_assert(near(trend.slope, 0.25, 1e-9));
    cr_assert_lt(trend.p, 1e-10);
}

Test(trend, mann_kendall_matches_the_hand_computation) {
    const double x[] = {1, 2, 3, 4, 5}; /* S = 10, var = 5*4*15/18 */
    rg_trend trend = rg_trend_of(x, 5);
    cr_assert(near(trend.p, 2 * rg_normal_cdf(-9 / sqrt(300.0 / 18)), 1e-12));
    cr_assert(near(trend.change, 4, 1e-12));
    const double flat[] = {3, 3, 3, 3, 3};
    cr_assert_eq(rg_trend_of(flat, 5).p, 1);
}

Test(trend, p_is_uniform_on_noise_and_a_million_samples_cost_little) {
    enum { N = 1000000 };
    int alarms = 0;
    rg_rng rng = rg_rng_seeded(4);
    for (int trial = 0; trial < 500; trial++) {
        double x[200];
        for (int i = 0; i < 200; i++)
            x[i] = rg_rng_unit(&rng);
        alarms += rg_trend_of(x, 200).p < 0.05;
    }
    cr_assert(alarms >= 10 && alarms <= 45, "%d of 500 at 5 %%", alarms);
    double *x = malloc(N * sizeof *x);
    for (int i = 0; i < N; i++)
        x[i] = i + 1000 * rg_rng_unit(&rng);
    cr_assert(near(rg_trend_of(x, N).slope, 1, 1e-2));
    free(x);
}

Test(hypothesis, smallest_mann_whitney_p_is_one_over_the_orders) {
    const double low[] = {1, 2, 3, 4, 5, 6}, high[] = {11, 12, 13, 14, 15, 16};
    cr_assert(near(rg_mannwhitney_p(low, 4, high, 4), 2.0 / 70, 1e-12));
    cr_assert(near(rg_mannwhitney_p(low, 5, high, 5), 2.0 / 252, 1e-12));
    cr_assert(near(rg_mannwhitney_p(high, 6, low, 6), 2.0 / 924, 1e-12));
    cr_assert_eq(rg_mannwhitney_p(low, 5, low, 5), 1, "the same sample twice");
}

Test(hypothesis, sign_flip_of_all_positive_is_two_to_the_minus_r) {
    double d[20];
    for (size_t n = 1; n <= 20; n++) {
        d[n - 1] = 0.01 * (double)n;
        cr_assert(near(rg_signflip_p(d, n), ldexp(1, -(int)n), 1e-15), "R = %zu", n);
    }
    const double mixed[] = {3, -1}; /* sums 2, 4, -4, -2: two of four reach 2 */
    cr_assert_eq(rg_signflip_p(mixed, 2), 0.5);
    cr_assert(isnan(rg_signflip_p(d, 21)));
}

Test(hypothesis, benjamini_hochberg_of_an_even_ladder_is_all_five_percent) {
    const double p[] = {0.03, 0.01, 0.05, 0.02, 0.04};
    double q[5];
    cr_assert_eq(rg_benjamini_hochberg(p, 5, q, NULL), RG_OK);
    for (int i = 0; i < 5; i++)
        cr_assert(near(q[i], 0.05, 1e-15));
    const double two[] = {0.9, 0.01};
    cr_assert_eq(rg_benjamini_hochberg(two, 2, q, NULL), RG_OK);
    cr_assert(near(q[0], 0.9, 1e-15) && near(q[1], 0.02, 1e-15));
}

Test(hypothesis, paired_t_of_a_small_sample_by_hand) {
    const double d[] = {1, 2, 3}; /* mean 2, se 1/sqrt(3), t = 2 sqrt(3), df 2 */
    rg_ttest test = rg_t_paired(d, 3, 0);
    double t = 2 * sqrt(3), truth = 0.5 * (1 - t / sqrt(2 + t * t));
    cr_assert(near(test.t, t, 1e-12));
    cr_assert(near(test.p_greater, truth, 1e-12));
    cr_assert(near(test.p_two, 2 * truth, 1e-12));
    double low, high;
    rg_ttest_bounds(&test, 0.05, &low, &high);
    cr_assert(near(high - 2, rg_t_quantile(0.975, 2) / sqrt(3), 1e-9) && near(low + high, 4, 1e-9));
}

Test(hypothesis, nothing_varying_is_decided_by_the_sign) {
    const double d[] = {0.02, 0.02, 0.02};
    cr_assert_eq(rg_t_paired(d, 3, 0.01).p_greater, 0);
    cr_assert_eq(rg_t_paired(d, 3, 0.02).p_greater, 1);
    cr_assert_eq(rg_t_paired(d, 1, 0).p_greater, 1, "one difference proves nothing");
}

Test(hypothesis, welch_has_its_own_degrees_of_freedom) {
    const double a[] = {1, 2, 3, 4}, b[] = {11, 31, 21};
    double va = (5.0 / 3) / 4, vb = 100.0 / 3;
    rg_ttest test = rg_t_welch(a, 4, b, 3, 0);
    cr_assert(near(test.mean, 18.5, 1e-12));
    cr_assert(near(test.se, sqrt(va + vb), 1e-12));
    cr_assert(near(test.df, (va + vb) * (va + vb) / (va * va / 3 + vb * vb / 2), 1e-9));
}
