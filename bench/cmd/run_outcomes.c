/* run_outcomes.c: reasons, each once. */
#include "bench/cmd/run_outcomes.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_told(const rg_outcome *o) {
    return o->status != RG_OK && o->status != RG_INTERRUPTED;
}

static bool same_reason(const rg_plan *plan, const rg_outcome *outcomes, size_t a, size_t b) {
    return is_told(&outcomes[b]) && outcomes[a].status == outcomes[b].status &&
           !strcmp(plan->cells[a].target, plan->cells[b].target) &&
           !strcmp(outcomes[a].what, outcomes[b].what) &&
           !strcmp(outcomes[a].advice, outcomes[b].advice);
}

/* Cells after this one that ended as it did; SIZE_MAX when one before it did, too. */
static size_t alike(const rg_plan *plan, const rg_outcome *outcomes, size_t cell) {
    size_t n = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        bool same = i != cell && same_reason(plan, outcomes, cell, i);
        if (same && i < cell)
            return SIZE_MAX;
        n += same;
    }
    return n;
}

static void say(const rg_plan *plan, const rg_outcome *outcomes, size_t cell) {
    const rg_outcome *o = &outcomes[cell];
    size_t more = alike(plan, outcomes, cell);
    if (more == SIZE_MAX)
        return;
    fprintf(stderr, "railgauge run: %s", plan->cells[cell].name);
    if (more)
        fprintf(stderr, " and %zu more of %s", more, plan->cells[cell].target);
    fprintf(stderr, ": %s: %s\n", rg_status_word(o->status), o->what);
    if (o->advice[0])
        fprintf(stderr, "  try: %s\n", o->advice);
}

void rg_outcomes_say(const rg_plan *plan, const rg_outcome *outcomes) {
    for (size_t i = 0; i < plan->n_cells; i++) {
        const rg_outcome *o = &outcomes[i];
        if (o->status == RG_OK && o->failed)
            fprintf(stderr, "railgauge run: %s: %u of %u rounds failed\n", plan->cells[i].name,
                    o->failed, o->failed + o->ok);
        if (is_told(o))
            say(plan, outcomes, i);
    }
}
