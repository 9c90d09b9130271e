/* accuracy.h: how often a model is right, with intervals, alone and against its twin on the same
 * samples. Pure functions; bench/cmd/accuracy.c feeds them. */
#ifndef RG_RESULT_ACCURACY_H
#define RG_RESULT_ACCURACY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

/* A share or a difference of shares with its 95 % interval; NAN where there is none. */
typedef struct rg_share {
    double value, low, high;
} rg_share;

/* k of n, Wilson's score interval (Wilson 1927). n = 0: all NAN. */
rg_share rg_share_of(uint64_t k, uint64_t n);

/* Two models on the same samples. */
typedef struct rg_paired {
    uint64_t n, both, only_a, only_b; /* right; neither: the rest */
    rg_share difference;              /* share of a minus share of b; interval of Agresti and Min
                                         (2005): half a sample is added to each of the four cells */
    double p; /* McNemar's exact two-sided test: only_a of only_a + only_b at even odds */
} rg_paired;

rg_paired rg_paired_of(const bool *a, const bool *b, size_t n);

/* Area under the ROC curve: the chance that a sample labelled 1 scores higher than one labelled 0,
 * ties half. Interval of DeLong et al. (1988), cut to [0, 1]; NAN with fewer than two of a kind and
 * where no sample of a kind stands otherwise than its fellows. The area is NAN without both kinds.
 */
rg_share rg_auc(const double *scores, const int *labels, size_t n);

/* Difference of the areas of two scores of the same samples, a minus b, and its two-sided p (DeLong
 * et al. 1988); the interval is cut to [-1, 1] and NAN as above. RG_NO_MEMORY. */
rg_status rg_auc_paired(const double *a, const double *b, const int *labels, size_t n,
                        rg_share *ret_difference, double *ret_p, rg_err *err);

#endif
