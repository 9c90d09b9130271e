/* proof_judge.c: what the gate promises (its limits are fixed here and nowhere else) against what
 * the studies of proof.c saw. */
#include <math.h>
#include <stdio.h>

#include "bench/result/proof.h"

/* Promises that are shares of a study's draws, for a set of profiles. */
#define TUNED ((1u << RG_NOISE_TUNED) - 1)
#define ALL ((1u << RG_NOISE_COUNT) - 1)
#define ONE(name) (1u << RG_NOISE_##name)

typedef enum tally_part { ALARMS, PASSES } tally_part;

static const struct {
    rg_study_kind study;
    tally_part part;
    const char *what;
    unsigned profiles;
    double limit;
    bool at_most;
} shares[] = {
    {RG_STUDY_AA, ALARMS, "A/A alarms", TUNED, 1.0 / 6000, true},
    {RG_STUDY_AA, PASSES, "A/A cells that end pass", TUNED, 0.95, false},
    {RG_STUDY_PLUS5, ALARMS, "+5 % seen", TUNED, 0.95, false},
    {RG_STUDY_PLUS10, ALARMS, "+10 % seen", TUNED, 0.99, false},
    {RG_STUDY_STRICT_PLUS2, ALARMS, "strict: +2 % seen",
     ONE(LOG_NORMAL) | ONE(BIMODAL) | ONE(DRIFT) | ONE(QUIET), 0.90, false},
};

/* Would chance alone come out this far beyond the limit in less than 1 of 100 runs? */
static bool surely_beyond(uint64_t seen, uint64_t n, double limit, bool at_most) {
    if (at_most)
        return seen && 1 - rg_binomial_cdf(seen - 1, n, limit) < 0.01;
    return rg_binomial_cdf(seen, n, limit) < 0.01;
}

static rg_promise *add(rg_proof *proof, const char *what, const char *profile, double seen,
                       double limit, bool at_most) {
    rg_promise *p = &proof->promises[proof->n_promises++];
    *p = (rg_promise){.seen = seen, .limit = limit, .at_most = at_most};
    p->kept = at_most ? seen <= limit : seen >= limit;
    snprintf(p->what, sizeof p->what, "%s%s%s", what, *profile ? ", " : "", profile);
    return p;
}

static void add_share(rg_proof *proof, const char *what, const char *profile, uint64_t seen,
                      uint64_t n, double limit, bool at_most) {
    rg_promise *p = add(proof, what, profile, n ? (double)seen / (double)n : NAN, limit, at_most);
    if (!p->kept && proof->quick && n)
        p->kept = !surely_beyond(seen, n, limit, at_most);
}

static void judge_shares(rg_proof *proof) {
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        for (int k = 0; k < RG_NOISE_COUNT; k++) {
            const rg_tally *t = &proof->tallies[shares[i].study][k];
            if (shares[i].profiles & (1u << k))
                add_share(proof, shares[i].what, rg_noise_rows[k].name,
                          shares[i].part == ALARMS ? t->alarms : t->passes, t->n, shares[i].limit,
                          shares[i].at_most);
        }
    }
}

/* Mean over the six profiles, as a suite of mixed cells has it. */
static void judge_rounds(rg_proof *proof) {
    double sum = 0;
    for (int k = 0; k < RG_NOISE_TUNED; k++) {
        const rg_tally *t = &proof->tallies[RG_STUDY_AA][k];
        sum += (double)t->rounds / (double)t->n / RG_NOISE_TUNED;
    }
    add(proof, "A/A rounds a side, mean", "", sum, 10, true);
}

/* The mean of the heavy tail is shown, but nothing is promised of it: a Pareto tail of index 1.5
 * has no variance, so that no interval from a few rounds can hold its mean as often as it says. */
static void judge_coverage(rg_proof *proof) {
    static const char *const metrics[RG_PROOF_METRICS] = {"p50", "p95", "mean"};
    for (int k = 0; k < RG_NOISE_TUNED; k++) {
        const rg_tally *t = &proof->tallies[RG_STUDY_COVERAGE][k];
        for (int m = 0; m < RG_PROOF_METRICS; m++) {
            if (k == RG_NOISE_HEAVY_TAIL && m == 2)
                continue;
            char what[64];
            snprintf(what, sizeof what, "interval of %s covers", metrics[m]);
            add_share(proof, what, rg_noise_rows[k].name, t->covered[m], t->n, 0.88, false);
            rg_promise *p = &proof->promises[proof->n_promises - 1];
            p->kept &= p->seen <= 0.97 ||
                       (proof->quick && !surely_beyond(t->covered[m], t->n, 0.97, true));
        }
    }
}

void rg_proof_judge(rg_proof *proof) {
    proof->n_promises = proof->broken = 0;
    const rg_tally *suites = &proof->tallies[RG_STUDY_SUITE][0];
    judge_shares(proof);
    judge_rounds(proof);
    add_share(proof, "clean suites of 200 cells with an alarm", "", suites->alarms, suites->n, 0.05,
              true);
    judge_coverage(proof);
    for (size_t i = 0; i < proof->n_promises; i++)
        proof->broken += !proof->promises[i].kept;
}
