/* step_priv.h: what step.c, step_fit.c and step_claim.c share: one rail's readings over a step. */
#ifndef RG_RESULT_STEP_PRIV_H
#define RG_RESULT_STEP_PRIV_H

#include "bench/result/step.h"

/* Times in seconds from the moment that the load came. */
typedef struct rg_step_work {
    double *t_s, *mw, *spare; /* t_s owns all three */
    size_t n, n_updates;      /* readings; then those with a new value, moved to the front */
    double off_s, end_s, read_s;
    double idle_mw, load_mw, after_mw, noise_mw;
    bool counter;
} rg_step_work;

/* Fits kind, lag, window, delay and misfit to the updates. */
void rg_step_respond(rg_step_work *work, rg_step_fit *ret);

/* Sets code and words: what is not as the rail claims. read_s: how often it was read. */
void rg_step_compare(const rg_rail *rail, double read_s, rg_step_fit *ret);

#endif
