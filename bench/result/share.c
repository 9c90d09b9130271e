/* share.c: intervals of shares of events that may never have happened, such as missed deadlines:
 * logarithms do not serve there, and no event in n trials is no proof of none. */
#include <math.h>

#include "bench/result/stats.h"

enum { MOST_ROUNDS = 4096, HALVINGS = 60 };

/* The x with I_x(a, b) = p, by halving. */
static double beta_quantile(double p, double a, double b) {
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (rg_beta_cdf(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Clopper and Pearson (1934), 2.5 % on each side. */
static void exact_bounds(double hits, double of, double *ret_low, double *ret_high) {
    *ret_low = hits > 0 ? beta_quantile(0.025, hits, of - hits + 1) : 0;
    *ret_high = hits < of ? beta_quantile(0.975, hits + 1, of - hits) : 1;
}

rg_interval rg_interval_share(const double *hits, const double *of, size_t rounds,
                              const rg_draws *draws) {
    double above = 0, below = 0, shares[MOST_ROUNDS], low, high;
    for (size_t r = 0; r < rounds; r++) {
        above += hits[r];
        below += of[r];
        if (r < MOST_ROUNDS)
            shares[r] = of[r] > 0 ? hits[r] / of[r] : 0;
    }
    rg_interval ret = {above / below, NAN, NAN, NAN, NULL};
    if (!(below > 0) || !draws || rounds < 2 || rounds > MOST_ROUNDS) {
        ret.no_interval = rounds < 2 ? "rounds<2" : "not-available";
        return ret;
    }
    rg_interval mean = rg_interval_mean(shares, rounds, draws);
    exact_bounds(above, below, &low, &high);
    ret.low = fmax(0, isnan(mean.low) ? low : fmin(mean.low, low));
    ret.high = fmin(1, isnan(mean.high) ? high : fmax(mean.high, high));
    return ret;
}
