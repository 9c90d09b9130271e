/* energy_priv.h: what energy.c (one rail) and energy_sum.c (scopes) share. */
#ifndef RG_RESULT_ENERGY_PRIV_H
#define RG_RESULT_ENERGY_PRIV_H

#include "bench/result/energy.h"

/* One rail over the window; refusals instead of values where there are none. */
rg_status rg_energy_measure_rail(const rg_energy_ask *ask, uint32_t rail, rg_rail_energy *ret,
                                 rg_err *err);

/* k and U from the systematic and random parts. */
void rg_energy_close_budget(rg_energy_value *value);

#endif
