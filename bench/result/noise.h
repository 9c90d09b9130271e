/* noise.h: made-up latencies with known truth, the generator that the gate is proved on
 * (statistics, section 3): x = exp(S + D(u) + L + e) (1 + k)^[B]. S ~ N(0, 2 %) a session,
 * L ~ N(0, 1 %) a process, u the place in the session, e what the profile says. Six profiles are
 * those that the gate's design was tuned on, three are not. Deterministic in the seed. */
#ifndef RG_RESULT_NOISE_H
#define RG_RESULT_NOISE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/rng.h"

typedef enum rg_noise_kind {
    RG_NOISE_LOG_NORMAL, /* e ~ N(0, 5 %) */
    RG_NOISE_BIMODAL,    /* N(0, 2 %), and ln 1.25 with probability 0.12 */
    RG_NOISE_AUTOCORR,   /* AR(1) 0.9, sd 5 % */
    RG_NOISE_HEAVY_TAIL, /* N(0, 2 %), and with probability 0.08 ln(1 + 0.15 Pareto(1.5)) */
    RG_NOISE_DRIFT,      /* AR(1) 0.7, sd 3 %; D = a (1 - exp(-u / tau)) and a 1 % sine */
    RG_NOISE_QUIET,      /* N(0, 1 %) */
    RG_NOISE_TUNED,      /* how many the design knew */
    RG_NOISE_LOPSIDED = RG_NOISE_TUNED, /* launches: Exp(1 %) and 1 in 10 of them 4 % slower */
    RG_NOISE_CLOCK_STEPS,               /* the clock jumps by 4 % every 300 iterations or so */
    RG_NOISE_TIMER,                     /* a timer of 1 ms on a latency of 10 ms, e ~ N(0, 5 %) */
    RG_NOISE_COUNT,
} rg_noise_kind;

typedef struct rg_noise_row {
    const char *name, *summary;
} rg_noise_row;
extern const rg_noise_row rg_noise_rows[RG_NOISE_COUNT];

/* A session: what its rounds share. */
typedef struct rg_noise {
    rg_noise_kind kind;
    rg_rng rng;
    double session;          /* S */
    double rise, tau, phase; /* of D */
    double cycles;           /* of the sine over the session */
    bool slow_clock;         /* CLOCK_STEPS: the state at this moment */
    double spare;            /* second normal of a pair; NAN none */
} rg_noise;

/* Begins a session. With `steady` S and D are 0, so that rounds differ by their launches alone. */
rg_noise rg_noise_new(rg_noise_kind kind, uint64_t seed, bool steady);

/* One round: n latencies in milliseconds (about 10) in their order. u and u_end: its place in the
 * session, 0 to 1; `factor`: 1 + k. */
void rg_noise_round(rg_noise *noise, double u, double u_end, double factor, double *ret_values,
                    size_t n);

#endif
