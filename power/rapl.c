/* rapl.c: which energy counter of an x86 processor covers what. Cores and graphics are parts of the
 * package; memory beside a server's package is not; what psys holds differs by board, so it is
 * never summed (Intel SDM volume 3, 15.10; kernel's Documentation/power/powercap). */
#include "power/rapl.h"

#include <string.h>

static const rg_rapl_domain domains[] = {
    {"package", "energy-pkg", "package", RG_SCOPE_CPU, RG_ROLE_COMPONENT, false},
    {"core", "energy-cores", "core", RG_SCOPE_CPU, RG_ROLE_EXCLUDED, true},
    {"uncore", "energy-gpu", "uncore", RG_SCOPE_GPU, RG_ROLE_EXCLUDED, true},
    {"dram", "energy-ram", "dram", RG_SCOPE_UNKNOWN, RG_ROLE_EXCLUDED, false},
    {"psys", "energy-psys", "psys", RG_SCOPE_UNKNOWN, RG_ROLE_UNKNOWN, false},
    {"", "", "", RG_SCOPE_UNKNOWN, RG_ROLE_UNKNOWN, false},
};

const rg_rapl_domain *rg_rapl_of_zone(const char *zone) {
    const rg_rapl_domain *domain = domains;
    while (strncmp(zone, domain->zone, strlen(domain->zone)))
        domain++;
    return domain;
}

const rg_rapl_domain *rg_rapl_of_event(const char *event) {
    const rg_rapl_domain *domain = domains;
    while (*domain->event && strcmp(event, domain->event))
        domain++;
    return domain;
}

void rg_rapl_describe(const rg_rapl_domain *domain, rg_rail *rail) {
    rail->scope = domain->scope;
    rail->role = domain->role;
    rail->kind = RG_POWER_COUNTER;
    rail->refresh_s = 0.001;
    rail->limits = (rg_limits){.gain = -1, .lsb_uj = 61};
}
