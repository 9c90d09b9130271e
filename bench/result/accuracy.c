/* accuracy.c: shares, McNemar's test, areas under ROC curves. */
#include "bench/result/accuracy.h"

#include <math.h>
#include <stdlib.h>

#include "bench/result/stats.h"

static const double Z = 1.959963984540054; /* .975 quantile of the standard normal */

rg_share rg_share_of(uint64_t k, uint64_t n) {
    if (n == 0)
        return (rg_share){NAN, NAN, NAN};
    double count = (double)n, p = (double)k / count, zz = Z * Z;
    double centre = (p + zz / (2 * count)) / (1 + zz / count);
    double half = Z * sqrt(p * (1 - p) / count + zz / (4 * count * count)) / (1 + zz / count);
    return (rg_share){p, fmax(0, centre - half), fmin(1, centre + half)};
}

static rg_share paired_difference(const rg_paired *t) {
    double n = (double)t->n + 2, a = (double)t->only_a + 0.5, b = (double)t->only_b + 0.5;
    double centre = (a - b) / n;
    double error = sqrt(fmax(0, a + b - (a - b) * (a - b) / n)) / n;
    return (rg_share){((double)t->only_a - (double)t->only_b) / (double)t->n,
                      fmax(-1, centre - Z * error), fmin(1, centre + Z * error)};
}

rg_paired rg_paired_of(const bool *a, const bool *b, size_t n) {
    rg_paired t = {.n = n, .difference = {NAN, NAN, NAN}, .p = NAN};
    for (size_t i = 0; i < n; i++) {
        t.both += a[i] && b[i];
        t.only_a += a[i] && !b[i];
        t.only_b += b[i] && !a[i];
    }
    if (n == 0)
        return t;
    uint64_t one_sided = t.only_a + t.only_b, less = t.only_a < t.only_b ? t.only_a : t.only_b;
    t.difference = paired_difference(&t);
    t.p = one_sided ? fmin(1, 2 * rg_binomial_cdf(less, one_sided, 0.5)) : 1;
    return t;
}

/* --- areas ------------------------------------------------------------------------------------ */

static double wins(double high, double low) {
    return high > low ? 1 : high == low ? 0.5 : 0;
}

/* Each sample's placement: the share of the other kind that it stands on the right side of. The
 * mean over either kind is the area. Returns it; NAN when a kind is missing. */
static double place(const double *scores, const int *labels, size_t n, double *ret) {
    double ones = 0, zeros = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        *(labels[i] ? &ones : &zeros) += 1;
    if (ones == 0 || zeros == 0)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        ret[i] = 0;
        for (size_t k = 0; k < n; k++) {
            if (!labels[i] == !labels[k])
                continue;
            ret[i] += labels[i] ? wins(scores[i], scores[k]) : wins(scores[k], scores[i]);
        }
        ret[i] /= labels[i] ? zeros : ones;
        sum += labels[i] ? ret[i] / ones : 0;
    }
    return sum;
}

/* Variance of a mean of placements, both kinds together; NAN with fewer than two of a kind, and
 * where all stand alike: a handful of samples in perfect order says nothing of the next one. */
static double variance(const double *places, const int *labels, size_t n) {
    double total = 0;
    for (int kind = 0; kind < 2; kind++) {
        double count = 0, sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            if (!labels[i] == !kind) {
                count++;
                sum += places[i];
                squares += places[i] * places[i];
            }
        }
        if (count < 2)
            return NAN;
        total += (squares - sum * sum / count) / (count - 1) / count;
    }
    return total > 0 ? total : NAN;
}

rg_share rg_auc(const double *scores, const int *labels, size_t n) {
    double *places = calloc(n + 1, sizeof *places);
    if (!places)
        return (rg_share){NAN, NAN, NAN};
    double area = place(scores, labels, n, places);
    double half = Z * sqrt(variance(places, labels, n));
    free(places);
    return (rg_share){area, fmax(0, area - half) + 0 * half, fmin(1, area + half) + 0 * half};
}

rg_status rg_auc_paired(const double *a, const double *b, const int *labels, size_t n,
                        rg_share *ret_difference, double *ret_p, rg_err *err) {
    double *of_a = calloc(n + 1, sizeof *of_a), *of_b = calloc(n + 1, sizeof *of_b);
    rg_status status = RG_OK;
    if (of_a && of_b) {
        double value = place(a, labels, n, of_a) - place(b, labels, n, of_b);
        for (size_t i = 0; i < n; i++)
            of_a[i] -= of_b[i];
        double error = sqrt(variance(of_a, labels, n));
        *ret_difference = (rg_share){value, fmax(-1, value - Z * error) + 0 * error,
                                     fmin(1, value + Z * error) + 0 * error};
        *ret_p = error > 0 ? 2 * rg_normal_cdf(-fabs(value) / error) : value == 0 ? 1 : NAN;
    } else {
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory comparing areas");
    }
    free(of_a);
    free(of_b);
    return status;
}
