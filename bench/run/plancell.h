/* plancell.h: one cell of a request, checked and named: plancell.c, plancell_key.c, cell_line.c.
 * Used by plan.c alone. */
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

/* Gives a cell whose other members are set its requested values, key and name. */
rg_status rg_plancell_seal(const json_t *asked, rg_arena *arena, rg_cell *cell, rg_err *err);

/* An object with its keys in order, so that names and records do not depend on how it was written;
 * Lua's empty table is an empty list. A new reference, NULL when memory ran out. */
json_t *rg_plancell_ordered(const json_t *object);

#endif
