/* proof.c: the studies of proof.h shared out among threads. Every piece of work has its own seeds
 * and its own tally, so that the sum does not depend on who did what. */
#include "bench/result/proof.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/result/proof_priv.h"

enum { CHUNK = 50, TRUTH_ROUNDS = 20000, MOST_THREADS = 64 };

/* How each study is played. */
static const struct {
    const rg_looks *looks;
    double tolerance, target, change;
    unsigned n, n_quick;
} studies[RG_STUDY_COUNT] = {
    [RG_STUDY_AA] = {&rg_looks_standard, 0.01, 0.05, 0, 6000, 450},
    [RG_STUDY_PLUS2] = {&rg_looks_standard, 0.01, 0.05, 0.02, 1000, 50},
    [RG_STUDY_PLUS5] = {&rg_looks_standard, 0.01, 0.05, 0.05, 1000, 100},
    [RG_STUDY_PLUS10] = {&rg_looks_standard, 0.01, 0.05, 0.10, 1000, 100},
    [RG_STUDY_STRICT_AA] = {&rg_looks_strict, 0.005, 0.02, 0, 1000, 50},
    [RG_STUDY_STRICT_PLUS2] = {&rg_looks_strict, 0.005, 0.02, 0.02, 1000, 50},
    [RG_STUDY_COVERAGE] = {NULL, 0, 0, 0, 2000, 100},
    [RG_STUDY_SUITE] = {&rg_looks_standard, 0.01, 0.05, 0, 200, 5},
};

typedef struct piece {
    rg_study_kind study;
    rg_noise_kind noise;
    unsigned first, n;
    rg_tally tally;
} piece;

typedef struct game {
    const rg_proof_spec *spec;
    piece *pieces;
    size_t n_pieces, next, done; /* under the lock */
    double truth[RG_NOISE_COUNT][RG_PROOF_METRICS];
    pthread_mutex_t lock;
    rg_status status; /* the first that went wrong, with its words */
    rg_err err;
} game;

/* --- one piece ------------------------------------------------------------------------------- */

static void count_contest(rg_tally *tally, const rg_contest_end *end) {
    bool failed = false, passed = true, better = false;
    for (int m = 0; m < RG_PROOF_METRICS; m++) {
        bool fails = end->tests[m].call == RG_LOOK_FAIL;
        tally->by[m] += fails;
        failed |= fails;
        passed &= end->tests[m].call == RG_LOOK_PASS;
        better |= end->tests[m].p_better * RG_PROOF_SUITE * RG_PROOF_METRICS <= RG_LOOKS_LEVEL;
    }
    tally->alarms += failed;
    tally->passes += passed && !failed;
    tally->better += better;
    tally->rounds += end->rounds;
}

static rg_status play_one(const game *g, rg_player *player, piece *p, unsigned i, rg_err *err) {
    uint64_t seed = rg_proof_seed(g->spec->seed, p->study, p->noise, i);
    bool held[RG_PROOF_METRICS] = {false}, alarm = false;
    rg_status status = RG_OK;
    p->tally.n++;
    if (p->study == RG_STUDY_COVERAGE) {
        status = rg_player_cover(player, p->noise, seed, g->truth[p->noise], held, err);
        for (int m = 0; m < RG_PROOF_METRICS; m++)
            p->tally.covered[m] += held[m];
    } else if (p->study == RG_STUDY_SUITE) {
        status = rg_player_suite(player, seed, &alarm, err);
        p->tally.alarms += alarm;
    } else {
        const rg_contest contest = {p->noise,
                                    studies[p->study].looks,
                                    studies[p->study].tolerance,
                                    studies[p->study].target,
                                    studies[p->study].change,
                                    seed};
        rg_contest_end end = rg_player_contest(player, &contest);
        count_contest(&p->tally, &end);
    }
    return status;
}

static rg_status play_piece(const game *g, rg_player *player, piece *p, rg_err *err) {
    rg_status status = RG_OK;
    for (unsigned i = p->first; status == RG_OK && i < p->first + p->n; i++)
        status = play_one(g, player, p, i, err);
    return status;
}

/* --- threads --------------------------------------------------------------------------------- */

static void note(game *g, rg_status status, const rg_err *err) {
    pthread_mutex_lock(&g->lock);
    if (status != RG_OK && g->status == RG_OK) {
        g->status = status;
        g->err = *err;
    }
    g->done++;
    if (g->spec->news)
        g->spec->news(g->spec->user, (double)g->done / (double)g->n_pieces);
    pthread_mutex_unlock(&g->lock);
}

static piece *take(game *g) {
    pthread_mutex_lock(&g->lock);
    piece *p = g->status == RG_OK && g->next < g->n_pieces ? &g->pieces[g->next++] : NULL;
    pthread_mutex_unlock(&g->lock);
    return p;
}

static void *play(void *user) {
    game *g = user;
    rg_player *player = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_player_new(&player, &err);
    for (piece *p; status == RG_OK && (p = take(g));) {
        status = play_piece(g, player, p, &err);
        note(g, status, &err);
    }
    if (!player)
        note(g, status, &err);
    rg_player_free(player);
    return NULL;
}

static unsigned threads_of(const rg_proof_spec *spec) {
    long cpus = spec->threads ? (long)spec->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : cpus > MOST_THREADS ? MOST_THREADS : (unsigned)cpus;
}

/* This thread plays as well, so that a machine that gives no other still gets there. */
static unsigned play_all(game *g) {
    pthread_t others[MOST_THREADS];
    unsigned n = threads_of(g->spec), started = 0;
    while (started + 1 < n && pthread_create(&others[started], NULL, play, g) == 0)
        started++;
    play(g);
    for (unsigned i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    return started + 1;
}

/* --- the whole ------------------------------------------------------------------------------- */

static unsigned draws_of(const rg_proof_spec *spec, int study) {
    return spec->quick ? studies[study].n_quick : studies[study].n;
}

/* The suites come first: they are the longest pieces. */
static size_t share_out(const rg_proof_spec *spec, piece *pieces) {
    size_t n = 0;
    for (int study = RG_STUDY_COUNT - 1; study >= 0; study--) {
        bool suite = study == RG_STUDY_SUITE;
        unsigned all = draws_of(spec, study), chunk = suite ? 1 : CHUNK;
        for (int noise = 0; noise < (suite ? 1 : RG_NOISE_COUNT); noise++) {
            for (unsigned first = 0; first < all; first += chunk, n++) {
                if (pieces)
                    pieces[n] = (piece){.study = (rg_study_kind)study,
                                        .noise = (rg_noise_kind)noise,
                                        .first = first,
                                        .n = all - first < chunk ? all - first : chunk};
            }
        }
    }
    return n;
}

static rg_status find_truths(game *g, rg_err *err) {
    rg_status status = RG_OK;
    for (int k = 0; status == RG_OK && k < RG_NOISE_COUNT; k++)
        status = rg_player_truth(
            NULL, (rg_noise_kind)k, rg_proof_seed(g->spec->seed, RG_STUDY_COUNT, (unsigned)k, 0),
            g->spec->quick ? TRUTH_ROUNDS / 4 : TRUTH_ROUNDS, g->truth[k], err);
    return status;
}

static void add_up(const game *g, rg_proof *proof) {
    for (size_t i = 0; i < g->n_pieces; i++) {
        const piece *p = &g->pieces[i];
        rg_tally *sum = &proof->tallies[p->study][p->noise];
        sum->n += p->tally.n;
        sum->alarms += p->tally.alarms;
        sum->passes += p->tally.passes;
        sum->better += p->tally.better;
        sum->rounds += p->tally.rounds;
        for (int m = 0; m < RG_PROOF_METRICS; m++) {
            sum->by[m] += p->tally.by[m];
            sum->covered[m] += p->tally.covered[m];
        }
    }
}

rg_status rg_proof_run(const rg_proof_spec *spec, rg_proof *ret_proof, rg_err *err) {
    int64_t start_ns = rg_clock_real_ns();
    game g = {.spec = spec, .lock = PTHREAD_MUTEX_INITIALIZER, .err = RG_ERR_INIT};
    g.n_pieces = share_out(spec, NULL);
    g.pieces = calloc(g.n_pieces, sizeof *g.pieces);
    if (!g.pieces)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    share_out(spec, g.pieces);
    rg_status status = find_truths(&g, err);
    *ret_proof = (rg_proof){.seed = spec->seed, .quick = spec->quick};
    if (status == RG_OK) {
        ret_proof->threads = play_all(&g);
        status = g.status;
        if (status != RG_OK && err)
            *err = g.err;
    }
    add_up(&g, ret_proof);
    free(g.pieces);
    pthread_mutex_destroy(&g.lock);
    ret_proof->seconds = (double)(rg_clock_real_ns() - start_ns) * 1e-9;
    if (status == RG_OK)
        rg_proof_judge(ret_proof);
    return status;
}
