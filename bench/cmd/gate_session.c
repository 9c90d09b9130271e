/* gate_session.c: pairs of rounds, looks, and when to stop. */
#include "bench/cmd/gate_session.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/gate_turns.h"
#include "bench/cmd/run_bundle.h"
#include "bench/cmd/run_progress.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/run/host.h"
#include "bench/run/modes.h"
#include "bench/run/ready.h"

#define WAIT_NS INT64_C(60000000000) /* for the machine to cool down before a round */

typedef struct session session;

/* The user of an arm's sink. */
typedef struct seat {
    session *session;
    rg_arm *arm;
} seat;

struct session {
    const rg_duel *duel;
    const rg_gate_options *options;
    rg_arm *arms[2];
    seat seats[2];
    rg_sink sinks[2];
    bool *open; /* cells that the looks have not settled */
    size_t n_cells;
    bool b_first;
    bool sets_modes; /* cells set power modes themselves: another one is no fault */
    json_t *state;   /* of the machine at the start */
    rg_ready ready;
    rg_teller teller;
    size_t done, total;         /* rounds up to the next look */
    rg_turns *turns;            /* NULL: one round after the other */
    pthread_mutex_t one_speaks; /* of the sinks, when two rounds are played at once */
};

/* --- the sinks ------------------------------------------------------------------------------- */

static rg_status to_cells(void *user, const json_t *lines, rg_err *err) {
    rg_sink *sink = &((seat *)user)->arm->sink;
    return sink->cells(sink->user, lines, err);
}

/* What the wait before the round found belongs to the round. */
static rg_status to_round(void *user, const rg_round *round, rg_err *err) {
    seat *s = user;
    const rg_ready *ready = &s->session->ready;
    json_t *flags = json_object_get(round->facts, "flags");
    if (ready->hot)
        rg_host_flag(flags, "hot");
    if (ready->changed && !s->session->sets_modes)
        rg_host_flag(flags, "state-changed");
    if (ready->waited_ns > 0)
        json_object_set_new(round->facts, "waited_ns", json_integer(ready->waited_ns));
    pthread_mutex_lock(&s->session->one_speaks);
    rg_status status = s->arm->sink.round(s->arm->sink.user, round, err);
    pthread_mutex_unlock(&s->session->one_speaks);
    return status;
}

static void to_progress(void *user, const rg_progress *progress) {
    seat *s = user;
    session *all = s->session;
    char cell[256];
    rg_progress copy = *progress;
    snprintf(cell, sizeof cell, "%s %s", s->arm->name, progress->cell ? progress->cell : "");
    copy.cell = cell;
    copy.done = all->done;
    copy.total = all->total;
    copy.left_ns = -1;
    pthread_mutex_lock(&all->one_speaks);
    rg_teller_tell(&all->teller, &copy);
    pthread_mutex_unlock(&all->one_speaks);
}

static rg_sink sink_of(seat *s) {
    return (rg_sink){.user = s, .cells = to_cells, .round = to_round, .progress = to_progress};
}

/* --- rounds ---------------------------------------------------------------------------------- */

static rg_status play_round(session *s, int arm, uint32_t cell, uint32_t round, rg_err *err) {
    s->ready = rg_ready_wait(s->duel->root, s->state, WAIT_NS, NULL);
    rg_status status = rg_runner_round(s->arms[arm]->runner, cell, round, err);
    s->done++;
    return status;
}

static rg_status play_turns(session *s, int first, uint32_t cell, uint32_t round, rg_err *err) {
    s->ready = rg_ready_wait(s->duel->root, s->state, WAIT_NS, NULL);
    rg_status status = rg_turns_play(s->turns, s->arms, first, cell, round, err);
    s->done += 2;
    return status;
}

static bool both_admit(const session *s, uint32_t cell) {
    return rg_runner_admits(s->arms[0]->runner, cell) && rg_runner_admits(s->arms[1]->runner, cell);
}

static rg_status play_pair(session *s, uint32_t cell, uint32_t round, rg_err *err) {
    int first = s->b_first ^ (round % 2 == 1);
    if (!both_admit(s, cell))
        return RG_OK;
    if (s->turns && rg_turns_suit(s->arms[0], s->arms[1], cell))
        return play_turns(s, first, cell, round, err);
    rg_status status = play_round(s, first, cell, round, err);
    return status == RG_OK ? play_round(s, !first, cell, round, err) : status;
}

/* Round after round of all open cells, every other time from the last to the first. */
static rg_status play_rounds(session *s, size_t from, size_t to, rg_err *err) {
    rg_status status = RG_OK;
    s->done = s->total = 0;
    for (size_t i = 0; i < s->n_cells; i++)
        s->total += s->open[i] ? 2 * (to - from) : 0;
    for (size_t round = from; round < to; round++) {
        for (size_t i = 0; status == RG_OK && i < s->n_cells; i++) {
            size_t cell = round % 2 ? s->n_cells - 1 - i : i;
            if (s->open[cell])
                status = play_pair(s, (uint32_t)cell, (uint32_t)round, err);
        }
    }
    return status;
}

/* --- looks ----------------------------------------------------------------------------------- */

static rg_status side_now(const rg_arm *arm, json_t **ret_records, rg_gate_side *ret, rg_err *err) {
    rg_status status = rg_bundle_derive(arm->bundle, ret_records, err);
    *ret = rg_gate_side_of(arm->bundle);
    ret->records = *ret_records;
    ret->finished = true;
    return status;
}

/* Closes the cells that need no more rounds; *ret_open: how many are left. */
static rg_status look(session *s, size_t *ret_open, rg_err *err) {
    json_t *records[2] = {NULL, NULL};
    rg_gate_side sides[2];
    rg_gate *gate = NULL;
    rg_status status = side_now(s->arms[0], &records[0], &sides[0], err);
    if (status == RG_OK)
        status = side_now(s->arms[1], &records[1], &sides[1], err);
    if (status == RG_OK)
        status = rg_gate_judge(&sides[0], &sides[1], s->options, &gate, err);
    *ret_open = 0;
    for (size_t i = 0; status == RG_OK && i < s->n_cells; i++) {
        s->open[i] &=
            both_admit(s, (uint32_t)i) && !rg_gate_settled(gate, s->arms[0]->plan->cells[i].key);
        *ret_open += s->open[i];
    }
    rg_gate_free(gate);
    json_decref(records[0]);
    json_decref(records[1]);
    return status;
}

static rg_status play_looks(session *s, rg_err *err) {
    const rg_looks *looks = s->duel->looks;
    rg_status status = RG_OK;
    size_t open = s->n_cells, from = 0;
    for (size_t k = 0; status == RG_OK && open && k < looks->n; k++) {
        status = play_rounds(s, from, looks->at[k], err);
        from = looks->at[k];
        if (status == RG_OK && k + 1 < looks->n)
            status = look(s, &open, err);
    }
    return status;
}

/* --- the whole ------------------------------------------------------------------------------- */

static rg_status open_arms(session *s, rg_err *err) {
    rg_status status = RG_OK;
    for (int i = 0; status == RG_OK && i < 2; i++) {
        s->seats[i] = (seat){s, s->arms[i]};
        s->sinks[i] = sink_of(&s->seats[i]);
        status = rg_arm_open(s->duel, s->arms[i], &s->sinks[i], err);
    }
    if (status != RG_OK)
        return status;
    s->n_cells = s->arms[0]->plan->n_cells;
    s->open = malloc(s->n_cells * sizeof *s->open);
    if (!s->open)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    memset(s->open, true, s->n_cells * sizeof *s->open);
    for (size_t i = 0; i < s->n_cells; i++)
        s->sets_modes |=
            rg_cell_sets(&s->arms[0]->plan->cells[i]) || rg_cell_sets(&s->arms[1]->plan->cells[i]);
    return RG_OK;
}

static rg_status conclude(session *s, rg_status ran, rg_err *err) {
    rg_status status = RG_OK;
    bool complete = ran == RG_OK;
    for (int i = 1; i >= 0; i--)
        rg_arm_stop(s->arms[i]);
    for (int i = 0; status == RG_OK && i < 2; i++) {
        rg_bundle *bundle = s->arms[i]->bundle;
        if (bundle && rg_bundle_cells(bundle) && (complete || ran == RG_INTERRUPTED))
            status = rg_bundle_conclude(bundle, complete, complete ? err : NULL);
    }
    return complete ? status : ran;
}

rg_status rg_session_play(const rg_duel *duel, const rg_gate_options *options, rg_arm *a, rg_arm *b,
                          rg_err *err) {
    session s = {.duel = duel,
                 .options = options,
                 .arms = {a, b},
                 .b_first = rg_hash_seed(duel->session) & 1,
                 .state = rg_host_state(duel->root),
                 .teller = rg_teller_new(duel->quiet),
                 .one_speaks = PTHREAD_MUTEX_INITIALIZER};
    rg_status status = open_arms(&s, err);
    if (status == RG_OK && duel->slice_ns)
        status = rg_turns_open(&s.turns, err);
    if (status == RG_OK)
        status = play_looks(&s, err);
    rg_teller_end(&s.teller);
    status = conclude(&s, status, err);
    rg_turns_close(s.turns);
    free(s.open);
    json_decref(s.state);
    return status;
}
