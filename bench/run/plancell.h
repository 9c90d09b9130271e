/* plancell.h: one cell of a request, checked and named. Used by plan.c alone. */
#ifndef RG_RUN_PLANCELL_H
#define RG_RUN_PLANCELL_H

#include "bench/run/request.h"

/* Fills `ret_cell` from a cell of the request; `tier` and `seed` are the scenario's. Text goes into
 * the arena; JSON members are new references even on failure, so that the plan can release them. */
rg_status rg_plancell_build(const json_t *asked, const rg_tier *tier, uint64_t seed,
                            rg_arena *arena, rg_cell *ret_cell, rg_err *err);

/* A tier from a request's "tier": a name, a table, or NULL (then `base`). */
rg_status rg_plancell_tier(const json_t *asked, const rg_tier *base, rg_tier *ret_tier,
                           rg_err *err);

#endif
