/* soak.c: the slope test. */
#include "bench/run/soak.h"

#include <math.h>

/* Median of n <= RG_SOAK_LAST * (RG_SOAK_LAST - 1) / 2 values, which it sorts. */
static double median_of(double *values, size_t n) {
    for (size_t i = 1; i < n; i++) {
        double value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
    return n ? (values[(n - 1) / 2] + values[n / 2]) / 2 : NAN;
}

/* Change from the first to the last of RG_SOAK_LAST values by the median of all slopes. */
static double change_over(const double *values) {
    double slopes[RG_SOAK_LAST * (RG_SOAK_LAST - 1) / 2];
    size_t n = 0;
    for (size_t i = 0; i < RG_SOAK_LAST; i++) {
        for (size_t k = i + 1; k < RG_SOAK_LAST; k++)
            slopes[n++] = (values[k] - values[i]) / (double)(k - i);
    }
    return median_of(slopes, n) * (RG_SOAK_LAST - 1);
}

bool rg_soak_is_steady(const rg_soak_segment *segments, size_t n) {
    double p50[RG_SOAK_LAST], heat[RG_SOAK_LAST];
    if (n < RG_SOAK_LAST + 1)
        return false;
    for (size_t i = 0; i < RG_SOAK_LAST; i++) {
        p50[i] = segments[n - RG_SOAK_LAST + i].p50_ns;
        heat[i] = segments[n - RG_SOAK_LAST + i].temperature_mc;
    }
    double warmer = change_over(heat); /* NAN where nothing was read: then latency decides */
    double slower = change_over(p50);
    return fabs(slower) <= RG_SOAK_LEVEL_SHARE * median_of(p50, RG_SOAK_LAST) &&
           !(fabs(warmer) > RG_SOAK_LEVEL_MC);
}
