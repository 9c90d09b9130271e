/* looks.h: when a comparison of rounds has seen enough, as a pure library: the gate judges stored
 * and running comparisons with it, and `selftest gate` proves it on made-up noise.
 *
 * One value d_r a pair of rounds, positive where the candidate is worse: a logarithmic ratio of
 * latency, energy or throughput, or a difference in points of a share such as deadline misses. The
 * rounds are looked at after 6, 12, 24 and 48 (K = 4 looks; statistics, section 2.4):
 *
 *   p_look   P(T_{R-1} > (mean d - tolerance) / (sd / sqrt R)); where few rounds disagree with it,
 *            the exact sign-flip p instead (a t test on six values leans on their being normal)
 *   p        min(1, K x the smallest p_look): holds however often one looked
 *   fail     as soon as p <= 0.05 / M, M the tests of the whole suite
 *   pass     as soon as mean d + t_{1 - .05/K, R-1} sd / sqrt R < target: a true change of the
 *            target's size passes in 5 % at most
 *
 * What neither failed nor passed by the last look goes to Benjamini-Hochberg over the suite.
 * Without any spread (counters, the simulated target) nothing is tested: the change is compared
 * with the tolerance as it stands. */
#ifndef RG_RESULT_LOOKS_H
#define RG_RESULT_LOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/result/stats.h"

enum { RG_LOOKS_MAX = 8 };

/* After how many rounds a side one looks. */
typedef struct rg_looks {
    const char *name;
    size_t at[RG_LOOKS_MAX]; /* ascending */
    size_t n;
} rg_looks;

extern const rg_looks rg_looks_standard; /* 6, 12, 24, 48 */
extern const rg_looks rg_looks_strict;   /* 12, 24, 48, 96 */

/* A single look, for rounds whose number was settled beforehand. */
rg_looks rg_looks_once(size_t rounds);

/* By name, "standard" or "strict"; NULL when there is none. */
const rg_looks *rg_looks_named(const char *name);

#define RG_LOOKS_LEVEL 0.05 /* of the whole suite, and of a change of the target's size passing */

/* A session that ends by its looks judges each test as one of 600 at least (200 cells of p50, p95
 * and mean), the level that `selftest gate` proves: with the 0.05 / 8 of a lone cell one gate in
 * some dozens would alarm on a machine whose rounds scatter far more than the tolerance. The price
 * is half as many rounds again. */
enum { RG_LOOKS_LEAST_TESTS = 600 };

/* Limits on the scale of the differences: log1p(0.01) for 1 % of a ratio, 0.001 for 0.1 points. */
typedef struct rg_look_limits {
    double tolerance, target;
    size_t tests; /* M; 0: not known yet, so that only spreadless rounds can fail */
} rg_look_limits;

typedef enum rg_look_call {
    RG_LOOK_OPEN, /* another look may tell */
    RG_LOOK_PASS,
    RG_LOOK_FAIL,
} rg_look_call;

/* What the looks so far say. */
typedef struct rg_looked {
    rg_look_call call;
    size_t looks, rounds;     /* looks taken; rounds a side at the last of them */
    double p_worse, p_better; /* corrected for looking; 1 before the first look */
    rg_ttest worse;           /* at the last look, against the tolerance */
    bool exact;               /* nothing varied: `call` is final and p are 0 or 1 */
    bool last;                /* there is no further look */
} rg_looked;

/* Takes every look that `n` differences in their order allow. A count of rounds between two looks
 * (a session that was interrupted) is looked at too, as one of the K. */
rg_looked rg_looks_take(const rg_looks *looks, const double *differences, size_t n,
                        const rg_look_limits *limits);

/* One look at rounds that are not paired (Welch); logarithms, larger is worse. */
rg_looked rg_looks_welch(const double *a, size_t n_a, const double *b, size_t n_b,
                         const rg_look_limits *limits);

/* Is a cell decided? Any of its tests failed, or all passed or have no look left. */
bool rg_looks_settled(const rg_looked *tests, size_t n);

/* The smallest change, on the scale of the limits, that `rounds` rounds of spread `sd` let one see
 * in 95 of 100 sessions: tolerance + (t_{1 - .05/(K M), R-1} + z_.95) sd / sqrt R. INFINITY for
 * fewer than two rounds. */
double rg_looks_smallest(const rg_looks *looks, double sd, const rg_look_limits *limits,
                         size_t rounds);

/* The rounds a side from which on that is at most the target; 0: more than a thousand, or no gap
 * between tolerance and target. */
size_t rg_looks_needed(const rg_looks *looks, double sd, const rg_look_limits *limits);

#endif
