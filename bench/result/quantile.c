/* quantile.c: moments and quantiles of plain arrays, and what order statistics can promise. */
#include <math.h>
#include <stdlib.h>

#include "bench/result/stats.h"

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void rg_sort_reals(double *values, size_t n) {
    if (n > 1)
        qsort(values, n, sizeof *values, ascending);
}

double rg_mean(const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return n ? sum / (double)n : NAN;
}

double rg_variance(const double *values, size_t n) {
    if (n < 2)
        return NAN;
    double first = values[0], mean = 0, sum = 0; /* from the first value: equal ones give 0 */
    for (size_t i = 0; i < n; i++)
        mean += (values[i] - first) / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (values[i] - first - mean) * (values[i] - first - mean);
    return sum / (double)(n - 1);
}

double rg_quantile(const double *sorted, size_t n, double p) {
    if (!n)
        return NAN;
    double h = (double)(n - 1) * p;
    size_t k = (size_t)floor(h);
    if (k + 1 >= n)
        return sorted[n - 1];
    return sorted[k] + (h - (double)k) * (sorted[k + 1] - sorted[k]);
}

/* Beyond 12 standard deviations of the beta distribution its weight is below 1e-12; small samples
 * take every weight. */
static void weight_range(size_t n, double p, size_t *ret_first, size_t *ret_last) {
    double spread = 12 * sqrt((double)n * p * (1 - p)) + 60, centre = p * (double)n;
    double first = floor(centre - spread), last = ceil(centre + spread);
    *ret_first = first > 1 ? (size_t)first : 1;
    *ret_last = last < (double)n ? (size_t)last : n;
}

double rg_quantile_hd(const double *sorted, size_t n, double p) {
    if (!n || !(p > 0 && p < 1))
        return NAN;
    double a = (double)(n + 1) * p, b = (double)(n + 1) * (1 - p), sum = 0, weights = 0;
    size_t first, last;
    weight_range(n, p, &first, &last);
    double before = rg_beta_cdf((double)(first - 1) / (double)n, a, b);
    for (size_t i = first; i <= last; i++) {
        double here = rg_beta_cdf((double)i / (double)n, a, b);
        sum += (here - before) * sorted[i - 1];
        weights += here - before;
        before = here;
    }
    return sum / weights;
}

static const double side = 0.025; /* of a two-sided 95 % interval */

size_t rg_quantile_min_n(double p) {
    double extreme = p > 0.5 ? p : 1 - p;
    return (size_t)ceil(log(side) / log(extreme));
}

/* Smallest k with BinCDF(k; n, p) >= goal. */
static size_t binomial_quantile(size_t n, double p, double goal) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rg_binomial_cdf(middle, n, p) >= goal)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Number of samples at or below the quantile is binomial(n, p): the quantile lies below the
 * (l+1)-th smallest with probability BinCDF(l; n, p). */
bool rg_quantile_order_bounds(size_t n, double p, size_t *ret_low, size_t *ret_high) {
    if (n < rg_quantile_min_n(p))
        return false;
    size_t k = binomial_quantile(n, p, side);
    size_t low = rg_binomial_cdf(k, n, p) <= side ? k : k ? k - 1 : 0;
    size_t high = binomial_quantile(n, p, 1 - side);
    *ret_low = low;
    *ret_high = high < n ? high : n - 1;
    return true;
}

bool rg_quantile_bound_rank(size_t n, double p, double confidence, size_t *ret_rank) {
    if (!n || !(rg_binomial_cdf(1, n, 1 - p) < 1 - confidence))
        return false;
    size_t beyond = binomial_quantile(n, 1 - p, 1 - confidence);
    *ret_rank = n - (beyond - 1); /* beyond >= 2: k = 1 is below the limit */
    return true;
}
