/* schedule.c: the order of rounds. Neighbour: supervisor.c, which works it off. */
#include "bench/run/supervisor.h"

size_t rg_schedule(const rg_plan *plan, rg_slot *ret_slots) {
    size_t n = 0;
    for (uint32_t round = 0; round < plan->rounds; round++) {
        for (uint32_t i = 0; i < plan->n_cells; i++) {
            uint32_t cell = round % 2 ? (uint32_t)plan->n_cells - 1 - i : i;
            if (round >= plan->cells[cell].tier.rounds)
                continue;
            if (ret_slots)
                ret_slots[n] = (rg_slot){cell, round};
            n++;
        }
    }
    return n;
}

int rg_outcomes_exit(const rg_outcome *outcomes, size_t n) {
    size_t ok = 0, away = 0;
    for (size_t i = 0; i < n; i++) {
        ok += outcomes[i].status == RG_OK && outcomes[i].failed == 0;
        away += outcomes[i].status == RG_ABSENT || outcomes[i].status == RG_DENIED;
    }
    if (ok == n)
        return RG_EXIT_OK;
    return away == n ? RG_EXIT_UNAVAILABLE : RG_EXIT_INCOMPLETE;
}
