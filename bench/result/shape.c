/* shape.c: what a distribution looks like (modes, gap at p95) and where its variance comes from. */
#include <math.h>

#include "bench/result/stats.h"

enum { MAX_BINS = 512, MIN_SHAPE = 30 };

/* Smallest step between different values when samples stand on a grid (few distinct values, as from
 * a coarse clock), else 0. A bin that is no multiple of the grid would show waves of its own. */
static double grid_of(const double *sorted, size_t n) {
    double step = INFINITY;
    size_t distinct = 1;
    for (size_t i = 1; i < n; i++) {
        double gap = sorted[i] - sorted[i - 1];
        if (gap <= 0)
            continue;
        distinct++;
        step = gap < step ? gap : step;
    }
    return distinct < n / 4 && isfinite(step) ? step : 0;
}

static double bin_width(const double *sorted, size_t n, double range) {
    double quartiles = rg_quantile(sorted, n, 0.75) - rg_quantile(sorted, n, 0.25);
    double width = 2 * quartiles / cbrt((double)n), grid = grid_of(sorted, n);
    if (width < range / (MAX_BINS - 1))
        width = range / (MAX_BINS - 1);
    return grid > 0 ? grid * ceil(width / grid) : width;
}

static double ripple(const unsigned *bins, size_t n) {
    double sum = bins[0], highest = bins[0];
    for (size_t i = 1; i < n; i++) {
        sum += fabs((double)bins[i] - bins[i - 1]);
        highest = bins[i] > highest ? bins[i] : highest;
    }
    return (sum + bins[n - 1]) / highest;
}

double rg_mvalue(const double *sorted, size_t n) {
    if (n < MIN_SHAPE)
        return 2;
    double low = rg_quantile(sorted, n, 0.005), high = rg_quantile(sorted, n, 0.995);
    if (!(high > low))
        return 2;
    double width = bin_width(sorted, n, high - low);
    unsigned bins[MAX_BINS] = {0};
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] >= low && sorted[i] <= high)
            bins[(size_t)fmin(floor((sorted[i] - low) / width), MAX_BINS - 1)]++;
    }
    return ripple(bins, MAX_BINS);
}

double rg_mode_gap(const double *sorted, size_t n) {
    double middle = rg_quantile(sorted, n, 0.95);
    return (rg_quantile(sorted, n, 0.97) - rg_quantile(sorted, n, 0.93)) / middle;
}

double rg_lag1(const double *values, size_t n) {
    if (n < 3)
        return 0;
    double mean = rg_mean(values, n), product = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        double here = values[i] - mean;
        square += here * here;
        product += i ? here * (values[i - 1] - mean) : 0;
    }
    return square > 0 ? product / square : 0;
}

double rg_effective_n(size_t n, double rho) {
    rho = rho < 0 ? 0 : rho > 0.99 ? 0.99 : rho;
    return (double)n * (1 - rho) / (1 + rho);
}

/* Sums over the rounds that hold at least two samples. */
typedef struct split_sums {
    double within, within_of_mean, mean, mean_square;
    size_t rounds;
} split_sums;

static void add_round(split_sums *sums, const double *values, size_t n, double offset) {
    if (n < 2)
        return;
    double mean = rg_mean(values, n) - offset, variance = rg_variance(values, n);
    sums->within += variance;
    sums->within_of_mean += variance / (double)n;
    sums->mean += mean;
    sums->mean_square += mean * mean;
    sums->rounds++;
}

rg_variance_split rg_variance_split_of(const double *const *values, const size_t *n,
                                       size_t rounds) {
    split_sums sums = {0};
    double offset = rounds && n[0] ? values[0][0] : 0; /* keeps the squares small */
    for (size_t r = 0; r < rounds; r++)
        add_round(&sums, values[r], n[r], offset);
    rg_variance_split ret = {NAN, NAN, NAN, NAN};
    if (sums.rounds < 2)
        return ret;
    double k = (double)sums.rounds;
    ret.within = sums.within / k;
    ret.round_means = fmax(0, (sums.mean_square - sums.mean * sums.mean / k) / (k - 1));
    ret.launch = fmax(0, ret.round_means - sums.within_of_mean / k);
    double all = ret.launch + ret.within;
    ret.launch_share = all > 0 ? ret.launch / all : 0;
    return ret;
}
