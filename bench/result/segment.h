/* segment.h: where the level of a series changed: binary segmentation by the largest standardised
 * rank sum over all splits. The limit comes from permutations, so that having looked at every split
 * is paid for; the statistic is reduced by what neighbouring points share (lag-1 autocorrelation).
 * An advice, never a verdict: result/gate.h judges. Pure, and the same on every machine. */
#ifndef RG_RESULT_SEGMENT_H
#define RG_RESULT_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

/* How careful. Defaults: rg_segment_defaults. */
typedef struct rg_segment_options {
    size_t least;        /* points on each side of a split; 4 */
    double alpha;        /* share of changeless segments that may show a change; 0.005 */
    double step;         /* smallest change of the level, a share of it; 0.02 */
    size_t permutations; /* 999 */
    uint64_t seed;       /* of the permutations */
} rg_segment_options;

rg_segment_options rg_segment_defaults(uint64_t seed);

/* A change. Levels are medians of the stretches between changes. */
typedef struct rg_change {
    size_t at;            /* the first point of the new level */
    double before, after; /* levels */
    double step;          /* after / before - 1 */
    double p;             /* share of permutations that showed as much, or more */
    double rho;           /* lag-1 autocorrelation around the two levels, 0 .. 0.9 */
} rg_change;

/* Finds the changes of n positive values in order of time. `ret_changes` (caller frees) holds them
 * in that order, NULL when there are none. Per segment and split: W = sum of the first k ranks,
 * z = |W - k (m+1)/2| / sd(W) with ties taken into account; the largest z over k, divided by
 * sqrt((1 + rho)/(1 - rho)), must be reached by at most alpha of the permutations, and the medians
 * must differ by `step`. RG_USAGE for a value that is not finite and positive. */
rg_status rg_segment(const double *values, size_t n, const rg_segment_options *options,
                     rg_change **ret_changes, size_t *ret_n, rg_err *err);

#endif
