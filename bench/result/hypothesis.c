/* hypothesis.c: the tests that the gate decides by: t tests on rounds, the exact sign-flip and
 * Mann-Whitney cross-checks for few rounds, and Benjamini-Hochberg over a suite. */
#include <math.h>
#include <stdlib.h>

#include "bench/result/stats.h"

rg_ttest rg_t_from(double mean, double se, double df, double shift) {
    rg_ttest ret = {mean, se, df, NAN, 1, 1, 1};
    if (df > 0 && se > 0) {
        ret.t = (mean - shift) / se;
        ret.p_greater = rg_t_upper(ret.t, df);
        ret.p_less = rg_t_upper(-ret.t, df);
        ret.p_two = fmin(1, 2 * rg_t_upper(fabs(ret.t), df));
        return ret;
    }
    ret.df = 0;
    if (se == 0 && mean != shift) { /* nothing varies: the sign alone decides */
        ret.p_greater = mean > shift ? 0 : 1;
        ret.p_less = mean < shift ? 0 : 1;
        ret.p_two = 0;
    }
    return ret;
}

rg_ttest rg_t_paired(const double *differences, size_t n, double shift) {
    if (n < 2)
        return rg_t_from(rg_mean(differences, n), NAN, 0, shift);
    double variance = rg_variance(differences, n);
    return rg_t_from(rg_mean(differences, n), sqrt(variance / (double)n), (double)n - 1, shift);
}

rg_ttest rg_t_welch(const double *a, size_t n_a, const double *b, size_t n_b, double shift) {
    double mean = rg_mean(b, n_b) - rg_mean(a, n_a);
    if (n_a < 2 || n_b < 2)
        return rg_t_from(mean, NAN, 0, shift);
    double va = rg_variance(a, n_a) / (double)n_a, vb = rg_variance(b, n_b) / (double)n_b;
    double v = va + vb; /* Welch-Satterthwaite */
    double df = v > 0 ? v * v / (va * va / (double)(n_a - 1) + vb * vb / (double)(n_b - 1)) : 0;
    return rg_t_from(mean, sqrt(v), df, shift);
}

void rg_ttest_bounds(const rg_ttest *test, double alpha, double *ret_low, double *ret_high) {
    double half = test->se == 0  ? 0
                  : test->df > 0 ? rg_t_quantile(1 - alpha / 2, test->df) * test->se
                                 : INFINITY;
    *ret_low = test->mean - half;
    *ret_high = test->mean + half;
}

typedef struct ranked_p {
    double p;
    size_t place;
} ranked_p;

static int by_p(const void *a, const void *b) {
    const ranked_p *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

rg_status rg_benjamini_hochberg(const double *p, size_t m, double *ret_q, rg_err *err) {
    ranked_p *order = malloc((m ? m : 1) * sizeof *order);
    if (!order)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory to order %zu p values", m);
    for (size_t i = 0; i < m; i++)
        order[i] = (ranked_p){p[i], i};
    qsort(order, m, sizeof *order, by_p);
    double smallest = 1;
    for (size_t i = m; i-- > 0;) {
        smallest = fmin(smallest, order[i].p * (double)m / (double)(i + 1));
        ret_q[order[i].place] = smallest;
    }
    free(order);
    return RG_OK;
}

double rg_signflip_p(const double *differences, size_t n) {
    if (n < 1 || n > RG_SIGNFLIP_MAX)
        return NAN;
    double observed = 0, size = 0, flipped[RG_SIGNFLIP_MAX];
    for (size_t i = 0; i < n; i++) {
        observed += differences[i];
        size += fabs(differences[i]);
        flipped[i] = differences[i];
    }
    double sum = observed, limit = observed - 1e-9 * size; /* rounding must not lose equal sums */
    uint32_t patterns = 1u << n, reached = 1;              /* the observed pattern itself */
    for (uint32_t i = 1; i < patterns; i++) {              /* Gray code: one flip a step */
        int bit = __builtin_ctz(i);
        flipped[bit] = -flipped[bit];
        sum += 2 * flipped[bit];
        reached += sum >= limit;
    }
    return (double)reached / patterns;
}

/* Number of orders of n_a and n_b values with each U: coefficients of the Gaussian binomial, by
 * multiplying (1 - q^(n_b + i)) / (1 - q^i) for i = 1 .. n_a. */
static double *u_counts(size_t n_a, size_t n_b) {
    size_t top = n_a * n_b;
    double *count = calloc(top + 1, sizeof *count);
    if (!count)
        return NULL;
    count[0] = 1;
    for (size_t i = 1; i <= n_a; i++) {
        for (size_t u = top + 1; u-- > n_b + i;)
            count[u] -= count[u - n_b - i];
        for (size_t u = i; u <= top; u++)
            count[u] += count[u - i];
    }
    return count;
}

static double exact_p(double u, size_t n_a, size_t n_b) {
    double *count = u_counts(n_a, n_b), below = 0, above = 0, all = 0;
    if (!count)
        return NAN;
    for (size_t i = 0; i <= n_a * n_b; i++) {
        all += count[i];
        below += (double)i <= u ? count[i] : 0;
        above += (double)i >= u ? count[i] : 0;
    }
    free(count);
    return fmin(1, 2 * fmin(below, above) / all);
}

/* U of a against b (ties count a half) and the tie correction: sum of t^3 - t. */
static double u_of(const double *a, size_t n_a, const double *b, size_t n_b) {
    double u = 0;
    for (size_t i = 0; i < n_a; i++) {
        for (size_t j = 0; j < n_b; j++)
            u += a[i] > b[j] ? 1 : a[i] == b[j] ? 0.5 : 0;
    }
    return u;
}

static double tie_sum(const double *a, size_t n_a, const double *b, size_t n_b) {
    double sum = 0, *all = malloc((n_a + n_b) * sizeof *all);
    if (!all)
        return NAN;
    for (size_t i = 0; i < n_a + n_b; i++)
        all[i] = i < n_a ? a[i] : b[i - n_a];
    rg_sort_reals(all, n_a + n_b);
    for (size_t i = 0, j; i < n_a + n_b; i = j) {
        for (j = i + 1; j < n_a + n_b && all[j] == all[i];)
            j++;
        double t = (double)(j - i);
        sum += t * t * t - t;
    }
    free(all);
    return sum;
}

double rg_mannwhitney_p(const double *a, size_t n_a, const double *b, size_t n_b) {
    if (!n_a || !n_b)
        return NAN;
    double u = u_of(a, n_a, b, n_b), ties = tie_sum(a, n_a, b, n_b);
    if (ties == 0 && n_a + n_b <= 40)
        return exact_p(u, n_a, n_b);
    double m = (double)n_a * (double)n_b, all = (double)(n_a + n_b);
    double variance = m / 12 * (all + 1 - ties / (all * (all - 1)));
    if (!(variance > 0))
        return isnan(variance) ? NAN : 1;
    double z = fmax(0, fabs(u - m / 2) - 0.5) / sqrt(variance);
    return fmin(1, 2 * rg_normal_cdf(-z));
}
