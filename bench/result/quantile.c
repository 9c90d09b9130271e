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

/* Weight after weight, for i = first .. last. */
typedef struct weight_walk {
    double n, a, b, before;
} weight_walk;

static weight_walk walk_weights(size_t n, double p, size_t first) {
    weight_walk walk = {(double)n, (double)(n + 1) * p, (double)(n + 1) * (1 - p), 0};
    walk.before = rg_beta_cdf((double)(first - 1) / walk.n, walk.a, walk.b);
    return walk;
}

static double next_weight(weight_walk *walk, size_t i) {
    double here = rg_beta_cdf((double)i / walk->n, walk->a, walk->b), weight = here - walk->before;
    walk->before = here;
    return weight;
}

double rg_quantile_hd(const double *sorted, size_t n, double p) {
    if (!n || !(p > 0 && p < 1))
        return NAN;
    double sum = 0, weights = 0;
    size_t first, last;
    weight_range(n, p, &first, &last);
    weight_walk walk = walk_weights(n, p, first);
    for (size_t i = first; i <= last; i++) {
        double weight = next_weight(&walk, i);
        sum += weight * sorted[i - 1];
        weights += weight;
    }
    return sum / weights;
}

struct rg_hd {
    size_t first, last;
    double total, weight[]; /* of the values first .. last, counted from 1 */
};

rg_status rg_hd_new(size_t n, double p, rg_hd **ret_hd, rg_err *err) {
    if (!n || !(p > 0 && p < 1))
        return rg_fail(err, RG_INVALID, NULL, "no weights for %zu values at %g", n, p);
    size_t first, last;
    weight_range(n, p, &first, &last);
    rg_hd *hd = calloc(1, sizeof *hd + (last - first + 1) * sizeof hd->weight[0]);
    if (!hd)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu weights", n);
    hd->first = first;
    hd->last = last;
    weight_walk walk = walk_weights(n, p, first);
    for (size_t i = first; i <= last; i++)
        hd->total += hd->weight[i - first] = next_weight(&walk, i);
    *ret_hd = hd;
    return RG_OK;
}

double rg_hd_of(const rg_hd *hd, const double *sorted) {
    double sum = 0;
    for (size_t i = hd->first; i <= hd->last; i++)
        sum += hd->weight[i - hd->first] * sorted[i - 1];
    return sum / hd->total;
}

void rg_hd_free(rg_hd *hd) {
    free(hd);
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
