/* proof.h: the gate's own operating characteristics, found by playing thousands of comparisons on
 * made-up noise (noise.h) through the very looks (looks.h), quantiles, correction and intervals
 * (stats.h) that the gate and the records use. `railgauge selftest gate` prints it. */
#ifndef RG_RESULT_PROOF_H
#define RG_RESULT_PROOF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/text.h"
#include "bench/result/looks.h"
#include "bench/result/noise.h"

enum {
    RG_PROOF_METRICS = 3,   /* p50, p95, mean: each tested, any of them fails a cell */
    RG_PROOF_SAMPLES = 200, /* iterations a round */
    RG_PROOF_SUITE = 200,   /* cells of a suite: tests at 0.05 / (200 x 3) each */
    RG_PROOF_ROUNDS = 16,   /* behind a published interval */
};

/* What is played, profile by profile. */
typedef enum rg_study_kind {
    RG_STUDY_AA,        /* no change, 1 % / 5 %, looks 6 to 48 */
    RG_STUDY_PLUS2,     /* B slower by 2 % */
    RG_STUDY_PLUS5,     /* by 5 % */
    RG_STUDY_PLUS10,    /* by 10 % */
    RG_STUDY_STRICT_AA, /* no change, 0.5 % / 2 %, looks 12 to 96 */
    RG_STUDY_STRICT_PLUS2,
    RG_STUDY_COVERAGE, /* 95 % intervals over rounds against the truth */
    RG_STUDY_SUITE,    /* whole clean suites, the six profiles mixed; one row */
    RG_STUDY_COUNT,
} rg_study_kind;

/* What came of one study of one profile. */
typedef struct rg_tally {
    uint64_t n;                         /* comparisons, intervals or suites */
    uint64_t alarms;                    /* regressed */
    uint64_t by[RG_PROOF_METRICS];      /* by p50, p95, mean */
    uint64_t passes, better;            /* pass; improved as well */
    uint64_t rounds;                    /* a side, summed */
    uint64_t covered[RG_PROOF_METRICS]; /* intervals that held the truth */
} rg_tally;

/* A promise and whether it was kept. */
typedef struct rg_promise {
    char what[96];
    double seen, limit;
    bool at_most; /* else at least */
    bool kept;
} rg_promise;

enum { RG_PROMISES_MAX = 64 };

typedef struct rg_proof {
    uint64_t seed;
    bool quick;
    unsigned threads;
    double seconds;
    rg_tally tallies[RG_STUDY_COUNT][RG_NOISE_COUNT];
    rg_promise promises[RG_PROMISES_MAX];
    size_t n_promises, broken;
} rg_proof;

typedef struct rg_proof_spec {
    uint64_t seed;
    bool quick;       /* a twentieth of the draws; a promise then counts as broken only when chance
                         alone would break it in less than 1 of 100 runs */
    unsigned threads; /* 0: one for each CPU of this process */
    void (*news)(void *user,
                 double share); /* now and then, from one thread at a time; may be NULL */
    void *user;
} rg_proof_spec;

/* Plays it all; the result depends on seed and quick alone. RG_NO_MEMORY, RG_FAILED (no threads).
 */
rg_status rg_proof_run(const rg_proof_spec *spec, rg_proof *ret_proof, rg_err *err);

/* One comparison, for tests: plays `change` (0.05: B 5 % slower) until the looks settle it. */
typedef struct rg_contest {
    rg_noise_kind noise;
    const rg_looks *looks;
    double tolerance, target, change; /* shares */
    uint64_t seed;
} rg_contest;
typedef struct rg_contest_end {
    rg_looked tests[RG_PROOF_METRICS];
    size_t rounds;
} rg_contest_end;
rg_status rg_contest_play(const rg_contest *contest, rg_contest_end *ret_end, rg_err *err);

/* Compares the tallies with the limits; fills promises, n_promises and broken. */
void rg_proof_judge(rg_proof *proof);

/* The table for people, and everything as one object (new reference, NULL without memory). */
void rg_proof_to_text(const rg_proof *proof, rg_text *ret_text);
json_t *rg_proof_to_json(const rg_proof *proof);

#endif
