/* compare_effect.c: the size of a change between two series of rounds, with its interval. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result/compare_priv.h"
#include "bench/result/stats.h"

static bool varies(const double *values, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (values[i] != values[0])
            return true;
    }
    return false;
}

/* Mean of the rounds' values with its standard error. */
static rg_status mean_of(const char *seed, const double *values, size_t n, rg_interval *ret,
                         rg_err *err) {
    rg_draws *draws = NULL;
    rg_status status = n > 1 ? rg_draws_new(seed, n, &draws, err) : RG_OK;
    if (status == RG_OK)
        *ret = rg_interval_mean(values, n, draws);
    rg_draws_free(draws);
    return status;
}

static rg_status pairs(const char *seed, const double *a, const double *b, size_t n, rg_effect *ret,
                       rg_err *err) {
    double *logs = malloc(n * sizeof *logs);
    rg_interval mean;
    if (!logs)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu rounds", n);
    for (size_t i = 0; i < n; i++)
        logs[i] = log(b[i]) - log(a[i]);
    rg_status status = mean_of(seed, logs, n, &mean, err);
    if (status == RG_OK)
        *ret = (rg_effect){expm1(mean.value), expm1(mean.low), expm1(mean.high), "paired"};
    free(logs);
    return status;
}

/* Mean of the logarithms. */
static rg_status log_mean_of(const char *seed, const double *values, size_t n, rg_interval *ret,
                             rg_err *err) {
    double *logs = malloc(n * sizeof *logs);
    if (!logs)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu rounds", n);
    for (size_t i = 0; i < n; i++)
        logs[i] = log(values[i]);
    rg_status status = mean_of(seed, logs, n, ret, err);
    free(logs);
    return status;
}

/* Degrees of freedom of the sum of two squared standard errors. */
static double welch_df(double a, double b, double df_a, double df_b) {
    double sum = a * a + b * b;
    return sum * sum / (a * a * a * a / df_a + b * b * b * b / df_b);
}

static rg_effect joined(double log_ratio, double se_a, double se_b, double df_a, double df_b) {
    double se = sqrt(se_a * se_a + se_b * se_b), ratio = exp(log_ratio);
    if (!(se > 0))
        return (rg_effect){ratio - 1 + 0.0, NAN, NAN, "exact"};
    double t = rg_t_quantile(0.975, welch_df(se_a, se_b, df_a, df_b));
    return (rg_effect){ratio - 1, expm1(log_ratio - t * se), expm1(log_ratio + t * se),
                       "independent"};
}

rg_status rg_effect_of(const char *seed, const double *a, size_t n_a, const double *b, size_t n_b,
                       bool paired, rg_effect *ret, rg_err *err) {
    rg_interval mean_a, mean_b;
    bool any = varies(a, n_a) || varies(b, n_b);
    if (paired && any && n_a == n_b && n_a > 1)
        return pairs(seed, a, b, n_a, ret, err);
    rg_status status = log_mean_of(seed, a, n_a, &mean_a, err);
    if (status == RG_OK)
        status = log_mean_of(seed, b, n_b, &mean_b, err);
    if (status != RG_OK)
        return status;
    double change = expm1(mean_b.value - mean_a.value) + 0.0; /* no -0 */
    if (!any)
        *ret = (rg_effect){change, NAN, NAN, "exact"};
    else if (n_a < 2 || n_b < 2)
        *ret = (rg_effect){change, NAN, NAN, "single-round"};
    else
        *ret = joined(mean_b.value - mean_a.value, mean_a.se_log, mean_b.se_log, (double)n_a - 1,
                      (double)n_b - 1);
    return RG_OK;
}

/* Standard error of the logarithm behind a published interval over `rounds` rounds. */
static double se_of(const rg_figure *figure, size_t rounds) {
    return log(figure->high / figure->low) / (2 * rg_t_quantile(0.975, (double)rounds - 1));
}

rg_effect rg_effect_published(const rg_figure *a, size_t rounds_a, const rg_figure *b,
                              size_t rounds_b) {
    if (!(a->value > 0) || !(b->value > 0))
        return (rg_effect){a->value == b->value ? 0 : NAN, NAN, NAN, "exact"};
    double change = b->value / a->value - 1;
    if (rounds_a < 2 || rounds_b < 2)
        return (rg_effect){change, NAN, NAN, "single-round"};
    if (!(a->low > 0) || !(b->low > 0))
        return (rg_effect){change, NAN, NAN, "exact"};
    return joined(log(b->value / a->value), se_of(a, rounds_a), se_of(b, rounds_b),
                  (double)rounds_a - 1, (double)rounds_b - 1);
}
