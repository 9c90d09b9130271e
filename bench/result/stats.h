/* stats.h: statistics of samples and rounds, pure functions over plain arrays. result/derive.c
 * turns rounds into records with them, result/gate.c turns records into verdicts. Design,
 * simulations and truths: docs of the statistics (type-7 and Harrell-Davis quantiles, round-block
 * bootstrap-t, paired and Welch tests, Benjamini-Hochberg). Nothing here prints, and everything
 * random starts from a named seed, so that every figure can be computed again bit for bit. */
#ifndef RG_RESULT_STATS_H
#define RG_RESULT_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

/* --- special functions (special.c) ----------------------------------------------------------- */

/* Natural logarithm of the gamma function, x > 0: Stirling's series after shifting x to >= 15
 * (Abramowitz and Stegun 6.1.41); relative error near 1e-15. */
double rg_log_gamma(double x);

/* Regularised incomplete beta I_x(a, b), a, b > 0, 0 <= x <= 1: continued fraction DLMF 8.17.22 by
 * Lentz's method. */
double rg_beta_cdf(double x, double a, double b);

/* P(X <= k) for X binomial(n, p); k < 0 is not expressible, k >= n gives 1. */
double rg_binomial_cdf(uint64_t k, uint64_t n, double p);

/* Standard normal distribution: P(Z <= z), and the z with P(Z <= z) = p, 0 < p < 1. */
double rg_normal_cdf(double z);
double rg_normal_quantile(double p);

/* Student's t with df > 0 degrees of freedom (need not be whole): P(T > t), exact far into the
 * tail; and the t with P(T <= t) = p, 0 < p < 1. */
double rg_t_upper(double t, double df);
double rg_t_quantile(double p, double df);

/* --- moments and quantiles (quantile.c) ------------------------------------------------------ */

/* Sorts ascending, in place. Values must not be NAN. */
void rg_sort_reals(double *values, size_t n);

/* Arithmetic mean (NAN for n = 0) and sample variance, divisor n - 1 (NAN for n < 2). */
double rg_mean(const double *values, size_t n);
double rg_variance(const double *values, size_t n);

/* Type-7 quantile of sorted values: x[k] + (h - k) (x[k+1] - x[k]), h = (n - 1) p, k = floor(h),
 * counted from zero. NAN for n = 0. */
double rg_quantile(const double *sorted, size_t n, double p);

/* Harrell-Davis quantile: sum of w_i x_(i), w_i = I_{i/n}(a, b) - I_{(i-1)/n}(a, b), a = (n+1) p,
 * b = (n+1)(1-p). Weights are made to sum to 1. NAN for n = 0, and for p outside (0, 1). */
double rg_quantile_hd(const double *sorted, size_t n, double p);

/* The same for many sets of n values each, with the weights computed once: the same bits. */
typedef struct rg_hd rg_hd;
rg_status rg_hd_new(size_t n, double p, rg_hd **ret_hd, rg_err *err);
double rg_hd_of(const rg_hd *hd, const double *sorted);
void rg_hd_free(rg_hd *hd); /* accepts NULL */

/* Fewest samples for which a two-sided 95 % interval of the p-quantile by order statistics exists,
 * 2.5 % on each side: 6 for p50, 36 for p90, 72 for p95, 368 for p99. */
size_t rg_quantile_min_n(double p);

/* Zero-based ranks of the narrowest such interval [sorted[low], sorted[high]] for independent
 * samples; false when n < rg_quantile_min_n(p). Not valid over pooled rounds: within one process
 * only. */
bool rg_quantile_order_bounds(size_t n, double p, size_t *ret_low, size_t *ret_high);

/* Zero-based rank n - t of the conservative p-quantile, t = max{k >= 1: BinCDF(k; n, 1 - p) <
 * 1 - confidence}: sorted[n - t] is not below the p-quantile with that confidence, one rank
 * stricter than the textbook, as MLPerf's LoadGen. False when n is too small (130 for p95 at 99 %).
 */
bool rg_quantile_bound_rank(size_t n, double p, double confidence, size_t *ret_rank);

/* --- intervals over rounds (bootstrap.c) -----------------------------------------------------
 *
 * Round-block bootstrap-t on the log scale. To repeat a figure bit for bit:
 *   1. state = first 8 bytes of SHA-256(seed text, normally the cell's key), little-endian.
 *   2. SplitMix64 (core/rng.h): for b = 0 .. 999, for i = 0 .. R - 1: round_b,i =
 *      ((next >> 32) * R) >> 32. Draw after draw from one stream; every figure starts it anew, so
 *      all figures of a cell see the same 1000 resamples of R whole rounds.
 *   3. Q_b = the figure over the union (with multiplicity) of the drawn rounds' values: type-7
 *      quantile, or ratio of sums sum(num) / sum(den).
 *   4. SE = sample standard deviation (divisor 999) of ln Q_b.
 *   5. interval = exp(ln Q -+ t SE sqrt(R / (R - 1))), Q the same figure over all rounds once each,
 *      t the .975 quantile of Student's t. Its degrees of freedom: R - 1 for ratios; for quantiles
 *      floor(2 R / (k - (R - 3) / (R - 1))), from 1 to R - 1, k = m4 / m2^2 the kurtosis of the
 *      rounds' shares of values above Q (R - 1 when m2 is 0): where a few rounds hold most of the
 *      tail, R of them know less than R - 1 says. (`selftest gate`: p95 on noise of which half is
 *      the launches' is covered in 89 % at R = 16, with R - 1 in 87 %.)
 */
enum { RG_BOOT_DRAWS = 1000 };

/* A value with its interval. `no_interval` is NULL or the code (core/codes.h) that says why low and
 * high are NAN: "rounds<2", or "not-available" when the figure is not positive. */
typedef struct rg_interval {
    double value, low, high;
    double se_log; /* standard error of the logarithm, factor sqrt(R / (R - 1)) included; or NAN */
    const char *no_interval;
} rg_interval;

/* The resamples of a cell: how often each round was drawn. */
typedef struct rg_draws rg_draws;
rg_status rg_draws_new(const char *seed_text, size_t rounds, rg_draws **ret_draws, rg_err *err);
void rg_draws_free(rg_draws *draws); /* accepts NULL */

/* Samples of several rounds, pooled and sorted once. Copies; free with rg_pool_free. Rounds may be
 * of different sizes; at least one value in all, none NAN. O(N log N). */
typedef struct rg_pool rg_pool;
rg_status rg_pool_new(const double *const *values, const size_t *n, size_t rounds,
                      rg_pool **ret_pool, rg_err *err);
void rg_pool_free(rg_pool *pool); /* accepts NULL */

/* All values ascending; valid as long as the pool. */
const double *rg_pool_sorted(const rg_pool *pool, size_t *ret_n);

/* Interval of the pooled type-7 quantile. `draws` must have as many rounds as the pool; NULL (fewer
 * than two rounds) gives the value alone. */
rg_interval rg_interval_quantile(const rg_pool *pool, const rg_draws *draws, double p);

/* Interval of sum(num) / sum(den) over `rounds` rounds: mean latency (sum, count), throughput
 * (inferences, seconds), energy an inference (joules, inferences). */
rg_interval rg_interval_ratio(const double *num, const double *den, size_t rounds,
                              const rg_draws *draws);

/* A share of events, sum(hits) / sum(of), such as missed deadlines: the wider of two intervals on
 * either side, both cut to 0 .. 1: rg_interval_mean of the rounds' shares, and Clopper and
 * Pearson's of the pooled counts at 95 %. So no miss in n requests still leaves up to 3.7 / n, and
 * rounds that differ by more than chance widen it. se_log is NAN. */
rg_interval rg_interval_share(const double *hits, const double *of, size_t rounds,
                              const rg_draws *draws);

/* The same resampling for the mean of values of any sign, one a round, such as log-ratios: interval
 * = mean -+ t SE sqrt(R / (R - 1)) without taking logarithms; `se_log` is that standard error. */
rg_interval rg_interval_mean(const double *values, size_t rounds, const rg_draws *draws);

/* --- shape, trend and variance (shape.c, trend.c) -------------------------------------------- */

/* mValue of sorted samples: sum of |h_i - h_(i-1)| over the histogram's bins (0 beyond both ends)
 * divided by the highest bin; 2 for one mode. Bins: over the inner 99 %, Freedman-Diaconis width, a
 * multiple of the samples' own grid where they have one. 2 for fewer than 30 samples. */
double rg_mvalue(const double *sorted, size_t n);

/* BenchmarkDotNet's limits of the mValue. */
#define RG_MVALUE_MAYBE 2.8
#define RG_MVALUE_BIMODAL 3.2
#define RG_MVALUE_MULTIMODAL 4.2

/* (Q97 - Q93) / Q95 of sorted samples: above 0.10 p95 sits in a gap between modes. */
double rg_mode_gap(const double *sorted, size_t n);

/* Lag-1 autocorrelation; 0 when n < 3 or nothing varies. */
double rg_lag1(const double *values, size_t n);

/* Samples worth as much as n correlated ones: n (1 - rho) / (1 + rho), rho clipped to 0 .. 0.99. */
double rg_effective_n(size_t n, double rho);

/* Trend of a series in its order: Theil-Sen slope a sample, and Mann-Kendall's two-sided p with
 * continuity and tie correction. Series longer than 128 are first averaged in 128 batches, so the
 * cost is linear. p is 1 for fewer than 4 values. */
typedef struct rg_trend {
    double slope;  /* a sample */
    double change; /* slope x (n - 1): from the first sample to the last */
    double p;
} rg_trend;
rg_trend rg_trend_of(const double *values, size_t n);

/* Where the variance comes from (Kalibera and Jones): within rounds, and between them (launches).
 */
typedef struct rg_variance_split {
    double within;       /* mean variance of the samples inside a round */
    double round_means;  /* variance of the rounds' means */
    double launch;       /* max(0, round_means - mean of within / n): the part of starting afresh */
    double launch_share; /* launch / (launch + within), 0 when nothing varies */
} rg_variance_split;
rg_variance_split rg_variance_split_of(const double *const *values, const size_t *n, size_t rounds);

/* --- tests for the gate (hypothesis.c) ------------------------------------------------------- */

/* Student's t test of a mean against `shift`. df = 0 when it cannot be formed (fewer than two
 * values, or all equal); then p are 0 or 1 by the sign of mean - shift, and 1 at equality. */
typedef struct rg_ttest {
    double mean, se, df, t;
    double p_greater; /* of mean <= shift: small when mean is above shift */
    double p_less;    /* of mean >= shift */
    double p_two;
} rg_ttest;

/* From a mean, its standard error and degrees of freedom; NAN or 0 degrees as above. */
rg_ttest rg_t_from(double mean, double se, double df, double shift);

/* Paired: over differences, such as log-ratios ln(B_r) - ln(A_r) of interleaved rounds. */
rg_ttest rg_t_paired(const double *differences, size_t n, double shift);

/* Welch: mean(b) - mean(a) of independent rounds; shift as above. */
rg_ttest rg_t_welch(const double *a, size_t n_a, const double *b, size_t n_b, double shift);

/* Bounds mean -+ t_{1 - alpha/2, df} se of either test; both infinite when df = 0 and n < 2. */
void rg_ttest_bounds(const rg_ttest *test, double alpha, double *ret_low, double *ret_high);

/* Benjamini-Hochberg: ret_q[i] = adjusted p, min over j >= rank(i) of p_(j) m / j, at most 1;
 * reject where ret_q[i] <= level. RG_NO_MEMORY possible. */
rg_status rg_benjamini_hochberg(const double *p, size_t m, double *ret_q, rg_err *err);

enum { RG_SIGNFLIP_MAX = 20 };

/* Exact one-sided sign-flip p of mean(differences) > 0: the share of the 2^n sign patterns whose
 * sum reaches the observed one; 2^-n when all are positive. n from 1 to 20, else NAN. */
double rg_signflip_p(const double *differences, size_t n);

/* Two-sided Mann-Whitney p of two samples, 2 min(P(U <= u), P(U >= u)), at most 1: exact without
 * ties up to 40 values in all, else normal with tie and continuity correction. NAN when either is
 * empty. RG_NO_MEMORY gives NAN as well. */
double rg_mannwhitney_p(const double *a, size_t n_a, const double *b, size_t n_b);

#endif
