/* proof_priv.h: between proof.c (who plays what, on which thread) and proof_play.c (one game). */
#ifndef RG_RESULT_PROOF_PRIV_H
#define RG_RESULT_PROOF_PRIV_H

#include "bench/result/proof.h"

/* What a thread needs to play: weights of the quantiles and room for the rounds. */
typedef struct rg_player {
    rg_hd *p50, *p95;
    double values[RG_PROOF_ROUNDS][RG_PROOF_SAMPLES];
    double changes[RG_PROOF_METRICS][96]; /* logarithms, by round */
} rg_player;
rg_status rg_player_new(rg_player **ret_player, rg_err *err);
void rg_player_free(rg_player *player); /* accepts NULL */

/* One comparison. */
rg_contest_end rg_player_contest(rg_player *player, const rg_contest *contest);

/* What the intervals should hold, by metric: from the pooled values of `rounds` rounds. */
rg_status rg_player_truth(rg_player *player, rg_noise_kind kind, uint64_t seed, size_t rounds,
                          double ret_truth[RG_PROOF_METRICS], rg_err *err);

/* One cell's intervals over RG_PROOF_ROUNDS rounds; which of them hold the truth. */
rg_status rg_player_cover(rg_player *player, rg_noise_kind kind, uint64_t seed,
                          const double truth[RG_PROOF_METRICS], bool ret_held[RG_PROOF_METRICS],
                          rg_err *err);

/* One clean suite; true when any cell regressed. */
rg_status rg_player_suite(rg_player *player, uint64_t seed, bool *ret_alarm, rg_err *err);

/* The i-th seed of a study. */
uint64_t rg_proof_seed(uint64_t seed, unsigned study, unsigned kind, uint64_t i);

#endif
