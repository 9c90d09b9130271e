/* trend.c: does a series move? Theil-Sen slope (how far) and Mann-Kendall (is it chance), on at
 * most 128 batch means, so that a million samples cost no more than reading them. */
#include <math.h>

#include "bench/result/stats.h"

enum { BATCHES = 128 };

/* Means of consecutive batches of nearly equal size; places are the batches' middles. */
static size_t batch(const double *values, size_t n, double *ret_means, double *ret_places) {
    size_t batches = n < BATCHES ? n : BATCHES;
    for (size_t b = 0; b < batches; b++) {
        size_t first = b * n / batches, next = (b + 1) * n / batches;
        ret_means[b] = rg_mean(values + first, next - first);
        ret_places[b] = 0.5 * (double)(first + next - 1);
    }
    return batches;
}

/* Median slope of all pairs and Mann-Kendall's S. */
static double pairwise(const double *y, const double *x, size_t n, int64_t *ret_s) {
    static _Thread_local double slopes[BATCHES * (BATCHES - 1) / 2];
    size_t k = 0;
    *ret_s = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            slopes[k++] = (y[j] - y[i]) / (x[j] - x[i]);
            *ret_s += (y[j] > y[i]) - (y[j] < y[i]);
        }
    }
    rg_sort_reals(slopes, k);
    return rg_quantile(slopes, k, 0.5);
}

/* Variance of S under no trend, with tie groups taken off; sorts y. */
static double variance_of_s(double *y, size_t n) {
    double m = (double)n, sum = m * (m - 1) * (2 * m + 5);
    rg_sort_reals(y, n);
    for (size_t i = 0; i < n;) {
        size_t j = i + 1;
        while (j < n && y[j] == y[i])
            j++;
        double t = (double)(j - i);
        sum -= t * (t - 1) * (2 * t + 5);
        i = j;
    }
    return sum / 18;
}

rg_trend rg_trend_of(const double *values, size_t n) {
    rg_trend ret = {0, 0, 1};
    if (n < 4)
        return ret;
    double means[BATCHES], places[BATCHES];
    size_t batches = batch(values, n, means, places);
    int64_t s;
    ret.slope = pairwise(means, places, batches, &s);
    ret.change = ret.slope * (double)(n - 1);
    double variance = variance_of_s(means, batches);
    if (s && variance > 0) {
        double z = (fabs((double)s) - 1) / sqrt(variance);
        ret.p = fmin(1, 2 * rg_normal_cdf(-z));
    }
    return ret;
}
