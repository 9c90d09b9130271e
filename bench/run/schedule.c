/* schedule.c: the order of rounds. Neighbour: supervisor.c, which works it off. */
#include "bench/run/supervisor.h"

#include <stdlib.h>

#include "bench/run/modes.h"

/* Is it the first of the plan's cells that set the machine this way? */
static bool is_leader(const rg_plan *plan, size_t cell) {
    for (size_t i = 0; i < cell; i++) {
        if (rg_cells_set_alike(&plan->cells[i], &plan->cells[cell]))
            return false;
    }
    return true;
}

/* The order within a round: cells that set the machine alike stand together, in the plan's order
 * otherwise, so that power modes change no more often than they must. NULL: the plan's order, which
 * it is where no cell sets anything. The caller frees. */
static uint32_t *order_by_setting(const rg_plan *plan) {
    bool any = false;
    for (size_t i = 0; i < plan->n_cells; i++)
        any |= rg_cell_sets(&plan->cells[i]);
    uint32_t *order = any ? malloc(plan->n_cells * sizeof *order) : NULL;
    size_t n = 0;
    for (size_t leader = 0; order && leader < plan->n_cells; leader++) {
        if (!is_leader(plan, leader))
            continue;
        for (size_t i = leader; i < plan->n_cells; i++) {
            if (rg_cells_set_alike(&plan->cells[leader], &plan->cells[i]))
                order[n++] = (uint32_t)i;
        }
    }
    return order;
}

size_t rg_schedule(const rg_plan *plan, rg_slot *ret_slots) {
    uint32_t *order = order_by_setting(plan);
    size_t n = 0;
    for (uint32_t round = 0; round < plan->rounds; round++) {
        for (uint32_t i = 0; i < plan->n_cells; i++) {
            uint32_t at = round % 2 ? (uint32_t)plan->n_cells - 1 - i : i;
            uint32_t cell = order ? order[at] : at;
            if (round >= plan->cells[cell].tier.rounds)
                continue;
            if (ret_slots)
                ret_slots[n] = (rg_slot){cell, round};
            n++;
        }
    }
    free(order);
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
