/* proof_play.c: one comparison, one interval, one suite on made-up noise. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/result/proof_priv.h"

enum { P50, P95, MEAN, N_SAMPLES = RG_PROOF_SAMPLES };

rg_status rg_player_new(rg_player **ret_player, rg_err *err) {
    rg_player *player = calloc(1, sizeof *player);
    if (!player)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_hd_new(N_SAMPLES, 0.50, &player->p50, err);
    if (status == RG_OK)
        status = rg_hd_new(N_SAMPLES, 0.95, &player->p95, err);
    if (status == RG_OK)
        *ret_player = player;
    else
        rg_player_free(player);
    return status;
}

void rg_player_free(rg_player *player) {
    if (!player)
        return;
    rg_hd_free(player->p50);
    rg_hd_free(player->p95);
    free(player);
}

uint64_t rg_proof_seed(uint64_t seed, unsigned study, unsigned kind, uint64_t i) {
    char text[96];
    snprintf(text, sizeof text, "%llu %u %u %llu", (unsigned long long)seed, study, kind,
             (unsigned long long)i);
    return rg_hash_seed(text);
}

/* --- a comparison ---------------------------------------------------------------------------- */

/* Logarithms of a round's figures, as records hold them by round. */
static void play_round(rg_player *player, rg_noise *noise, size_t place, size_t places,
                       double factor, double ret_logs[RG_PROOF_METRICS]) {
    double *values = player->values[0];
    rg_noise_round(noise, (double)place / (double)places, (double)(place + 1) / (double)places,
                   factor, values, N_SAMPLES);
    ret_logs[MEAN] = log(rg_mean(values, N_SAMPLES));
    rg_sort_reals(values, N_SAMPLES);
    ret_logs[P50] = log(rg_hd_of(player->p50, values));
    ret_logs[P95] = log(rg_hd_of(player->p95, values));
}

/* Round r of both arms, next to each other; A first in every other pair (ABBA). */
static void play_pair(rg_player *player, rg_noise *noise, const rg_contest *contest, size_t r,
                      bool b_first) {
    size_t places = 2 * contest->looks->at[contest->looks->n - 1];
    double logs[2][RG_PROOF_METRICS];
    for (int turn = 0; turn < 2; turn++) {
        int arm = turn ^ (b_first ^ (r % 2 == 1));
        play_round(player, noise, 2 * r + (size_t)turn, places, arm ? 1 + contest->change : 1,
                   logs[arm]);
    }
    for (int m = 0; m < RG_PROOF_METRICS; m++)
        player->changes[m][r] = logs[1][m] - logs[0][m];
}

rg_contest_end rg_player_contest(rg_player *player, const rg_contest *contest) {
    const rg_looks *looks = contest->looks;
    _Static_assert(RG_PROOF_SUITE * RG_PROOF_METRICS == RG_LOOKS_LEAST_TESTS, "the proven level");
    const rg_look_limits limits = {log1p(contest->tolerance), log1p(contest->target),
                                   RG_LOOKS_LEAST_TESTS};
    rg_noise noise = rg_noise_new(contest->noise, contest->seed, false);
    bool b_first = rg_rng_next(&noise.rng) & 1;
    rg_contest_end end = {.rounds = 0};
    for (size_t k = 0; k < looks->n; k++) {
        for (; end.rounds < looks->at[k]; end.rounds++)
            play_pair(player, &noise, contest, end.rounds, b_first);
        for (int m = 0; m < RG_PROOF_METRICS; m++)
            end.tests[m] = rg_looks_take(looks, player->changes[m], end.rounds, &limits);
        if (rg_looks_settled(end.tests, RG_PROOF_METRICS))
            break;
    }
    return end;
}

rg_status rg_contest_play(const rg_contest *contest, rg_contest_end *ret_end, rg_err *err) {
    rg_player *player = NULL;
    rg_status status = rg_player_new(&player, err);
    if (status == RG_OK)
        *ret_end = rg_player_contest(player, contest);
    rg_player_free(player);
    return status;
}

/* --- a suite --------------------------------------------------------------------------------- */

rg_status rg_player_suite(rg_player *player, uint64_t seed, bool *ret_alarm, rg_err *err) {
    enum { TESTS = RG_PROOF_SUITE * RG_PROOF_METRICS };
    double p[TESTS], q[TESTS];
    for (unsigned cell = 0; cell < RG_PROOF_SUITE; cell++) {
        const rg_contest contest = {
            cell % RG_NOISE_TUNED,          &rg_looks_standard, 0.01, 0.05, 0,
            rg_proof_seed(seed, 0, 0, cell)};
        rg_contest_end end = rg_player_contest(player, &contest);
        for (int m = 0; m < RG_PROOF_METRICS; m++)
            p[cell * RG_PROOF_METRICS + (unsigned)m] = end.tests[m].p_worse;
    }
    rg_status status = rg_benjamini_hochberg(p, TESTS, q, err);
    *ret_alarm = false;
    for (int i = 0; status == RG_OK && i < TESTS; i++)
        *ret_alarm |= q[i] <= RG_LOOKS_LEVEL;
    return status;
}

/* --- intervals ------------------------------------------------------------------------------- */

static void steady_round(rg_noise *noise, double *values) {
    rg_noise_round(noise, 0, 0, 1, values, N_SAMPLES);
}

rg_status rg_player_truth(rg_player *player, rg_noise_kind kind, uint64_t seed, size_t rounds,
                          double ret_truth[RG_PROOF_METRICS], rg_err *err) {
    (void)player;
    size_t n = rounds * N_SAMPLES;
    double *all = malloc(n * sizeof *all);
    if (!all)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu values", n);
    rg_noise noise = rg_noise_new(kind, seed, true);
    for (size_t r = 0; r < rounds; r++)
        steady_round(&noise, all + r * N_SAMPLES);
    ret_truth[MEAN] = rg_mean(all, n);
    rg_sort_reals(all, n);
    ret_truth[P50] = rg_quantile(all, n, 0.50);
    ret_truth[P95] = rg_quantile(all, n, 0.95);
    free(all);
    return RG_OK;
}

static rg_status find_intervals(rg_player *player, const rg_draws *draws,
                                rg_interval ret[RG_PROOF_METRICS], rg_err *err) {
    const double *rows[RG_PROOF_ROUNDS];
    double sums[RG_PROOF_ROUNDS], counts[RG_PROOF_ROUNDS];
    size_t sizes[RG_PROOF_ROUNDS];
    for (int r = 0; r < RG_PROOF_ROUNDS; r++) {
        rows[r] = player->values[r];
        sizes[r] = N_SAMPLES;
        counts[r] = N_SAMPLES;
        sums[r] = rg_mean(rows[r], N_SAMPLES) * N_SAMPLES;
    }
    rg_pool *pool = NULL;
    rg_status status = rg_pool_new(rows, sizes, RG_PROOF_ROUNDS, &pool, err);
    if (status != RG_OK)
        return status;
    ret[P50] = rg_interval_quantile(pool, draws, 0.50);
    ret[P95] = rg_interval_quantile(pool, draws, 0.95);
    ret[MEAN] = rg_interval_ratio(sums, counts, RG_PROOF_ROUNDS, draws);
    rg_pool_free(pool);
    return RG_OK;
}

rg_status rg_player_cover(rg_player *player, rg_noise_kind kind, uint64_t seed,
                          const double truth[RG_PROOF_METRICS], bool ret_held[RG_PROOF_METRICS],
                          rg_err *err) {
    char key[32];
    rg_interval found[RG_PROOF_METRICS];
    rg_draws *draws = NULL;
    rg_noise noise = rg_noise_new(kind, seed, true);
    for (int r = 0; r < RG_PROOF_ROUNDS; r++)
        steady_round(&noise, player->values[r]);
    snprintf(key, sizeof key, "%llu", (unsigned long long)seed);
    rg_status status = rg_draws_new(key, RG_PROOF_ROUNDS, &draws, err);
    if (status == RG_OK)
        status = find_intervals(player, draws, found, err);
    for (int m = 0; status == RG_OK && m < RG_PROOF_METRICS; m++)
        ret_held[m] = found[m].low <= truth[m] && truth[m] <= found[m].high;
    rg_draws_free(draws);
    return status;
}
