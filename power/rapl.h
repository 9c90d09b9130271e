/* rapl.h: the domains of x86 processors' energy counters, as two ways of reading them name them
 * (powercap.c, perf.c). */
#ifndef RG_POWER_RAPL_H
#define RG_POWER_RAPL_H

#include "bench/iface/sensor.h"

typedef struct rg_rapl_domain {
    const char *zone;  /* beginning of a powercap zone's name */
    const char *event; /* of the perf event */
    const char *label; /* of the rail; a package's number is added */
    rg_scope scope;
    rg_rail_role role;
    bool inside_package; /* the package's energy holds it too */
} rg_rapl_domain;

/* By the name of a zone ("package-0") or an event ("energy-pkg"); the last row, which stands for
 * anything else, when none fits. Never NULL. */
const rg_rapl_domain *rg_rapl_of_zone(const char *zone);
const rg_rapl_domain *rg_rapl_of_event(const char *event);

/* What holds of all such counters: kind, refresh (about 1 ms) and the coarser of both usual units,
 * 61 uJ. No maker states an error, so the gain is unknown. */
void rg_rapl_describe(const rg_rapl_domain *domain, rg_rail *rail);

#endif
