/* counters.h: hardware and kernel event counters by libpfm4 name around the timed region, for the
 * calling thread and threads it starts later. A counter that the kernel or hypervisor refuses is
 * told with its reason; the others still count. */
#ifndef RG_RUN_COUNTERS_H
#define RG_RUN_COUNTERS_H

#include <jansson.h>

#include "bench/core/err.h"

typedef struct rg_counters rg_counters;

/* Opens one counter per name (NULL-ended list), each on its own so that one refusal takes none
 * along. The short names instructions, cycles, cache_misses, branch_misses, page_faults,
 * context_switches are understood besides libpfm4's own ("PERF_COUNT_HW_INSTRUCTIONS",
 * "INST_RETIRED"). For each refused one, `refusals` (an object of the caller) gets NAME: {"na":
 * "no-counters", "what": why, "try": advice}. Counts user space only, so that perf_event_paranoid 2
 * suffices. NULL when none could be opened. */
rg_counters *rg_counters_open(const char *const *names, json_t *refusals);

void rg_counters_start(rg_counters *counters); /* sets to zero and enables; accepts NULL */
void rg_counters_stop(rg_counters *counters);  /* disables; accepts NULL */

/* Adds NAME: total for every open counter to `totals`; scaled by enabled/running time when the
 * kernel had to multiplex (then NAME_scaled: true is added too). Accepts NULL. */
void rg_counters_read(rg_counters *counters, json_t *totals);
void rg_counters_close(rg_counters *counters); /* accepts NULL */

/* Why hardware counters cannot be used here, or RG_OK: tries to open `instructions` once. */
rg_status rg_counters_check(rg_err *err);

#endif
