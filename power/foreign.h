/* foreign.h: a vendor's library around which a sensor is made (nvml.c, joulescope.c). The library
 * is never loaded into this program: a process of its own opens it, lists its rails, and writes
 * rows through a pipe. Should the library crash, hang or print, a run loses readings and nothing
 * else. */
#ifndef RG_POWER_FOREIGN_H
#define RG_POWER_FOREIGN_H

#include "bench/iface/sensor.h"

/* What runs in that process; both functions load the library themselves. */
typedef struct rg_foreign {
    const char *library; /* "libnvidia-ml.so.1" */
    const char *advice;  /* what to try when it is not here */
    /* Appends rails as a sensor's probe does. */
    rg_status (*list)(void *library, const char *options, rg_rail_list *ret_rails, rg_err *err);
    /* Measures until rg_foreign_tell says that nobody listens; returns only with an error, or when
     * it cannot go on. */
    rg_status (*serve)(void *library, const rg_rail *rails, size_t n, rg_err *err);
} rg_foreign;

/* In the process: gives rows to the program. False when it does not listen any more: return then.
 */
bool rg_foreign_tell(const rg_power_row *rows, size_t n);

/* The rest makes a sensor. probe: RG_ABSENT with the advice where the library is not here,
 * RG_FAILED when it crashed or gave no answer in time. */
rg_status rg_foreign_probe(const rg_foreign *foreign, const char *options, rg_rail_list *ret_rails,
                           rg_err *err);
/* Waits for the first row, so that what is wrong is told now. */
rg_status rg_foreign_open(const rg_foreign *foreign, const rg_rail *rails, size_t n,
                          rg_gauge **ret_gauge, rg_err *err);
rg_status rg_foreign_drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n);
const char *rg_foreign_trouble(const rg_gauge *gauge);
void rg_foreign_close(rg_gauge *gauge); /* accepts NULL */

#endif
