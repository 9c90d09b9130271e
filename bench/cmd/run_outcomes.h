/* run_outcomes.h: what a run's reader must act on, in words on stderr. Used by run.c. */
#ifndef RG_CMD_RUN_OUTCOMES_H
#define RG_CMD_RUN_OUTCOMES_H

#include "bench/run/supervisor.h"

/* Refusals and failures with what to try, each reason once: cells of one target that ended for the
 * same reason share a line. `outcomes` has one a cell of the plan. */
void rg_outcomes_say(const rg_plan *plan, const rg_outcome *outcomes);

#endif
