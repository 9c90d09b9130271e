/* gate_turns.c: two runners at once, one of them in a thread. */
#include "bench/cmd/gate_turns.h"

#include <pthread.h>

#include "bench/iface/registry.h"
#include "bench/run/modes.h"

static bool suits(const rg_plan *plan, uint32_t at) {
    const rg_cell *cell = &plan->cells[at];
    const rg_target *target = rg_target_find(cell->target);
    return target && !plan->power && cell->pattern.kind == RG_PATTERN_SINGLE_STREAM &&
           (target->caps & RG_TARGET_SHARED) && !(target->caps & RG_TARGET_VIRTUAL_TIME);
}

bool rg_turns_suit(const rg_arm *a, const rg_arm *b, uint32_t cell) {
    return suits(a->plan, cell) && suits(b->plan, cell) &&
           rg_cells_set_alike(&a->plan->cells[cell], &b->plan->cells[cell]);
}

typedef struct part {
    rg_turns *turns;
    rg_arm *arm;
    uint32_t cell, round;
    rg_err err;
    rg_status status;
} part;

static void play_part(part *p) {
    p->status = rg_runner_round(p->arm->runner, p->cell, p->round, &p->err);
    rg_turns_leave(p->turns, p->arm->spec.side);
}

static void *play_first(void *user) {
    play_part(user);
    return NULL;
}

/* The second worker starts when the first sleeps before its window, so that neither's load and
 * first inference meet the other. */
static rg_status play_parts(rg_turns *turns, part *first, part *second, rg_err *err) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, play_first, first))
        return rg_fail(err, RG_FAILED, "measure with --slice 0", "no thread for the second arm");
    rg_turns_await(turns, first->arm->spec.side);
    play_part(second);
    pthread_join(thread, NULL);
    const part *bad = first->status != RG_OK ? first : second;
    if (bad->status != RG_OK && err)
        *err = bad->err;
    return bad->status;
}

rg_status rg_turns_play(rg_turns *turns, rg_arm *const arms[2], int first, uint32_t cell,
                        uint32_t round, rg_err *err) {
    part parts[2];
    rg_turns_begin(turns, first);
    for (int i = 0; i < 2; i++) {
        parts[i] = (part){turns, arms[i], cell, round, RG_ERR_INIT, RG_OK};
        arms[i]->spec.turns = rg_turns_path(turns);
        arms[i]->spec.side = i;
    }
    rg_status status = play_parts(turns, &parts[first], &parts[!first], err);
    arms[0]->spec.turns = arms[1]->spec.turns = NULL;
    return status;
}
