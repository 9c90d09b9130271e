/* special.c: the special functions behind stats.h, in our own words: log-gamma (Stirling), the
 * incomplete beta function (continued fraction), and the distributions that follow from it. */
#include <float.h>
#include <math.h>

#include "bench/result/stats.h"

/* Coefficients B_2k / (2k (2k - 1)) of Stirling's series, Abramowitz and Stegun 6.1.40. */
static const double stirling[] = {1.0 / 12,   -1.0 / 360,        1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188, -691.0 / 360360.0, 1.0 / 156};

double rg_log_gamma(double x) {
    double shift = 1, sum = 0;
    for (; x < 15; x += 1)
        shift *= x;
    double inverse = 1 / x, power = inverse;
    for (size_t i = 0; i < sizeof stirling / sizeof stirling[0]; i++, power *= inverse * inverse)
        sum += stirling[i] * power;
    const double half_log_2pi = 0.91893853320467274178;
    return (x - 0.5) * log(x) - x + half_log_2pi + sum - log(shift);
}

/* Coefficient d_m of the continued fraction of I_x(a, b), DLMF 8.17.22 and 8.17.23. */
static double beta_coefficient(unsigned m, double x, double a, double b) {
    double k = m / 2;
    if (m % 2 == 0)
        return k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    return -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
}

static double away_from_zero(double v) {
    return fabs(v) < 1e-300 ? 1e-300 : v;
}

/* 1 / (1 + d_1 / (1 + d_2 / ...)) by Lentz's method; needs O(sqrt(max(a, b))) terms. */
static double beta_fraction(double x, double a, double b) {
    double f = 1, c = 1, d = 0;
    for (unsigned m = 1; m < 100000; m++) {
        double term = beta_coefficient(m, x, a, b);
        d = 1 / away_from_zero(1 + term * d);
        c = away_from_zero(1 + term / c);
        f *= c * d;
        if (fabs(c * d - 1) < 4 * DBL_EPSILON)
            break;
    }
    return 1 / f;
}

/* I_x(a, b) for x on the side where the fraction converges fast. */
static double beta_lower(double x, double a, double b, double one_minus_x) {
    double log_front =
        rg_log_gamma(a + b) - rg_log_gamma(a) - rg_log_gamma(b) + a * log(x) + b * log(one_minus_x);
    return exp(log_front) / a * beta_fraction(x, a, b);
}

double rg_beta_cdf(double x, double a, double b) {
    if (!(x > 0))
        return 0;
    if (x >= 1)
        return 1;
    if (x < (a + 1) / (a + b + 2))
        return beta_lower(x, a, b, 1 - x);
    return 1 - beta_lower(1 - x, b, a, x);
}

double rg_binomial_cdf(uint64_t k, uint64_t n, double p) {
    if (k >= n)
        return 1;
    return rg_beta_cdf(1 - p, (double)(n - k), (double)k + 1);
}

double rg_normal_cdf(double z) {
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* Root of an increasing function: doubles the bracket, then halves it until it cannot shrink. */
static double increasing_root(double (*below)(double t, double df), double df, double goal) {
    double low = -1, high = 1;
    while (below(low, df) > goal && low > -1e300)
        low *= 2;
    while (below(high, df) < goal && high < 1e300)
        high *= 2;
    for (;;) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            return middle;
        *(below(middle, df) < goal ? &low : &high) = middle;
    }
}

static double normal_below(double z, double unused) {
    (void)unused;
    return rg_normal_cdf(z);
}

/* Upper quantiles go through their mirror image, where the distribution keeps its digits. */
double rg_normal_quantile(double p) {
    if (p == 0.5)
        return 0;
    return p > 0.5 ? -increasing_root(normal_below, 0, 1 - p) : increasing_root(normal_below, 0, p);
}

double rg_t_upper(double t, double df) {
    double x = df / (df + t * t);
    double tail = 0.5 * rg_beta_cdf(x, 0.5 * df, 0.5);
    return t > 0 ? tail : 1 - tail;
}

static double t_below(double t, double df) {
    return rg_t_upper(-t, df);
}

double rg_t_quantile(double p, double df) {
    if (p == 0.5)
        return 0;
    return p > 0.5 ? -increasing_root(t_below, df, 1 - p) : increasing_root(t_below, df, p);
}
