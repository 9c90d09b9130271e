/* segment.c: changes of level in a series: rank sums over splits, limits by permutation, then both
 * halves again. stats.h has the quantiles; store_history.c the series. */
#include "bench/result/segment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/result/stats.h"

/* No max over splits below this is rare enough: it is the two-sided normal limit of one split for
 * alpha 0.005, which more splits only raise; so the permutations are spared. */
#define HOPELESS 2.8
#define SPARED_ALPHA 0.005

typedef struct work {
    const double *values;
    const rg_segment_options *options;
    double *ranks, *sorted, *residuals; /* n each */
    rg_change *changes;
    size_t n;
} work;

rg_segment_options rg_segment_defaults(uint64_t seed) {
    return (rg_segment_options){4, 0.005, 0.02, 999, seed};
}

static double median_of(work *w, size_t first, size_t last) {
    memcpy(w->sorted, w->values + first, (last - first) * sizeof *w->sorted);
    rg_sort_reals(w->sorted, last - first);
    return rg_quantile(w->sorted, last - first, 0.5);
}

/* The place of a value among m sorted ones: how many are below it. */
static size_t below(const double *sorted, size_t m, double value) {
    size_t low = 0, high = m;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t not_above(const double *sorted, size_t m, double value) {
    return below(sorted, m, nextafter(value, INFINITY));
}

/* Mid-ranks of a segment into w->ranks; the sum of t^3 - t over groups of t equal values. */
static double rank(work *w, size_t first, size_t last) {
    size_t m = last - first;
    double ties = 0;
    memcpy(w->sorted, w->values + first, m * sizeof *w->sorted);
    rg_sort_reals(w->sorted, m);
    for (size_t i = 0; i < m; i++) {
        double value = w->values[first + i];
        size_t from = below(w->sorted, m, value), to = not_above(w->sorted, m, value);
        double group = (double)(to - from);
        w->ranks[i] = ((double)from + (double)to + 1) / 2;
        ties += group * group - 1; /* of each member: t (t^2 - 1) in all */
    }
    return ties;
}

/* The largest z over all splits of m ranks; the split goes to *ret_split (may be NULL). */
static double largest_z(const double *ranks, size_t m, size_t least, double ties,
                        size_t *ret_split) {
    double sum = 0, best = 0, size = (double)m;
    double spread = (size + 1 - ties / (size * (size - 1))) / 12;
    for (size_t k = 1; k + least <= m; k++) {
        sum += ranks[k - 1];
        if (k < least)
            continue;
        double left = (double)k, away = sum - left * (size + 1) / 2;
        double z2 = away * away / (left * (size - left) * spread);
        if (z2 > best) {
            best = z2;
            if (ret_split)
                *ret_split = k;
        }
    }
    return sqrt(best);
}

static void shuffle(double *values, size_t n, rg_rng *rng) {
    for (size_t i = n; i > 1; i--) {
        size_t k = rg_rng_below(rng, (uint32_t)i);
        double kept = values[i - 1];
        values[i - 1] = values[k];
        values[k] = kept;
    }
}

/* The share of permutations whose largest z reaches `z`, the series itself counted; 1 as soon as
 * it cannot come below alpha. Shuffles w->ranks. */
static double permutation_p(work *w, size_t first, size_t m, double ties, double z) {
    const rg_segment_options *o = w->options;
    rg_rng rng = rg_rng_seeded(o->seed ^ (uint64_t)first << 32 ^ (uint64_t)m);
    double all = (double)o->permutations + 1;
    size_t reached = 1;
    for (size_t i = 0; i < o->permutations; i++) {
        shuffle(w->ranks, m, &rng);
        reached += largest_z(w->ranks, m, o->least, ties, NULL) >= z;
        if ((double)reached / all > o->alpha)
            return 1;
    }
    return (double)reached / all;
}

/* Sum of distances from the levels on both sides of a split. */
static double distance(work *w, size_t first, size_t split, size_t last) {
    double left = median_of(w, first, split), right = median_of(w, split, last), sum = 0;
    for (size_t i = first; i < last; i++)
        sum += fabs(w->values[i] - (i < split ? left : right));
    return sum;
}

/* The largest z lies a little towards the middle; of the splits around it the one whose levels fit
 * best is the place. */
static size_t refine(work *w, size_t first, size_t split, size_t last) {
    enum { AROUND = 8 };
    size_t least = w->options->least, best = split;
    size_t from = split > first + least + AROUND ? split - AROUND : first + least;
    size_t to = split + AROUND + least < last ? split + AROUND : last - least;
    double smallest = distance(w, first, split, last);
    for (size_t at = from; at <= to; at++) {
        double here = distance(w, first, at, last);
        if (here < smallest) {
            smallest = here;
            best = at;
        }
    }
    return best;
}

/* Lag-1 autocorrelation around the levels on both sides of a split. Other changes of level beside
 * this one swell it. */
static double rho_of_residuals(work *w, size_t first, size_t split, size_t last) {
    double left = median_of(w, first, split), right = median_of(w, split, last);
    for (size_t i = first; i < last; i++)
        w->residuals[i - first] = w->values[i] / (i < split ? left : right) - 1;
    return rg_lag1(w->residuals, last - first);
}

/* Mean square of the logarithmic differences at a lag, steps and outliers (beyond five times the
 * median difference) left out. */
static double mean_square(work *w, size_t first, size_t last, size_t lag) {
    size_t n = last - first - lag, kept = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        w->sorted[i] = fabs(log(w->values[first + i + lag] / w->values[first + i]));
    rg_sort_reals(w->sorted, n);
    double limit = 5 * rg_quantile(w->sorted, n, 0.5);
    for (; kept < n && w->sorted[kept] <= limit; kept++)
        sum += w->sorted[kept] * w->sorted[kept];
    return sum / (double)kept;
}

/* The same from differences: of a series with correlations rho, rho^2 ... the ratio of mean squares
 * at lags 2 and 1 is 1 + rho. Changes of level hardly touch it, but it scatters more. */
static double rho_of_differences(work *w, size_t first, size_t last) {
    double one = mean_square(w, first, last, 1), two = mean_square(w, first, last, 2);
    return one > 0 ? two / one - 1 : 1;
}

/* The smaller of both, 0 .. 0.9. */
static double rho_of(work *w, size_t first, size_t split, size_t last) {
    double rho = fmin(rho_of_residuals(w, first, split, last), rho_of_differences(w, first, last));
    return rho < 0 ? 0 : rho > 0.9 ? 0.9 : rho;
}

static bool worth_permuting(const rg_segment_options *o, double z) {
    return z >= HOPELESS || o->alpha > SPARED_ALPHA;
}

/* Looks for one change in [first, last). */
static bool find_one(work *w, size_t first, size_t last, rg_change *ret) {
    const rg_segment_options *o = w->options;
    size_t m = last - first, split = 0;
    if (m < 2 * o->least)
        return false;
    double ties = rank(w, first, last);
    double z = largest_z(w->ranks, m, o->least, ties, &split);
    if (!split || !worth_permuting(o, z))
        return false;
    split += first;
    double rho = rho_of(w, first, split, last);
    z /= sqrt((1 + rho) / (1 - rho));
    double before = median_of(w, first, split), after = median_of(w, split, last);
    if (!worth_permuting(o, z) || fabs(after / before - 1) < o->step)
        return false;
    double p = permutation_p(w, first, m, ties, z);
    if (p > o->alpha)
        return false;
    *ret = (rg_change){.at = refine(w, first, split, last), .p = p, .rho = rho};
    return true;
}

static void search(work *w, size_t first, size_t last) {
    rg_change found;
    if (!find_one(w, first, last, &found))
        return;
    search(w, first, found.at);
    w->changes[w->n++] = found;
    search(w, found.at, last);
}

/* Levels between neighbours; a change that the others have explained away is dropped. */
static void settle(work *w, size_t n) {
    for (size_t i = 0; i < w->n;) {
        rg_change *c = &w->changes[i];
        size_t from = i ? c[-1].at : 0, to = i + 1 < w->n ? c[1].at : n;
        c->before = median_of(w, from, c->at);
        c->after = median_of(w, c->at, to);
        c->step = c->after / c->before - 1;
        if (fabs(c->step) >= w->options->step) {
            i++;
            continue;
        }
        memmove(c, c + 1, (--w->n - i) * sizeof *c);
        i = 0;
    }
}

static rg_status check_values(const double *values, size_t n, rg_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]) || values[i] <= 0)
            return rg_fail(err, RG_USAGE, "ask for a metric that is always above zero",
                           "point %zu of the series is %g: levels are compared by ratio", i,
                           values[i]);
    }
    return RG_OK;
}

rg_status rg_segment(const double *values, size_t n, const rg_segment_options *options,
                     rg_change **ret_changes, size_t *ret_n, rg_err *err) {
    rg_status status = check_values(values, n, err);
    if (status != RG_OK)
        return status;
    work w = {.values = values, .options = options};
    w.ranks = calloc(n + 1, 3 * sizeof *w.ranks);
    w.changes = calloc(n + 1, sizeof *w.changes);
    if (!w.ranks || !w.changes) {
        free(w.ranks);
        free(w.changes);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu points", n);
    }
    w.sorted = w.ranks + n;
    w.residuals = w.sorted + n;
    search(&w, 0, n);
    settle(&w, n);
    free(w.ranks);
    if (!w.n) {
        free(w.changes);
        w.changes = NULL;
    }
    *ret_changes = w.changes;
    *ret_n = w.n;
    return RG_OK;
}
