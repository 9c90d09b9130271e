/* cores.c: choice of CPUs and pinning, through hwloc. */
#include "bench/run/cores.h"

#include <hwloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t asked = PTHREAD_ONCE_INIT;
static hwloc_topology_t machine; /* NULL when hwloc failed; kept until the process ends */
static rg_cpus here;

/* Appends the k-th allowed CPU of every core; false when no core had that many. */
static bool add_of_each_core(hwloc_const_cpuset_t allowed, unsigned k) {
    bool any = false;
    int cores = hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_CORE);
    for (int c = 0; c < cores; c++) {
        hwloc_obj_t core = hwloc_get_obj_by_type(machine, HWLOC_OBJ_CORE, (unsigned)c);
        unsigned seen = 0;
        int cpu;
        hwloc_bitmap_foreach_begin(cpu, core->cpuset) {
            if (hwloc_bitmap_isset(allowed, (unsigned)cpu) && seen++ == k && here.n < RG_MAX_CPUS &&
                cpu < RG_MAX_CPUS) {
                here.id[here.n++] = (uint16_t)cpu;
                any = true;
            }
        }
        hwloc_bitmap_foreach_end();
    }
    return any;
}

/* Machines that do not tell cores (some emulators): the CPUs in their own order. */
static void add_all(hwloc_const_cpuset_t allowed) {
    int cpu;
    hwloc_bitmap_foreach_begin(cpu, allowed) {
        if (here.n < RG_MAX_CPUS && cpu < RG_MAX_CPUS)
            here.id[here.n++] = (uint16_t)cpu;
    }
    hwloc_bitmap_foreach_end();
}

static void choose(void) {
    hwloc_bitmap_t allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(machine));
    hwloc_bitmap_t own = hwloc_bitmap_alloc();
    if (allowed && own && hwloc_get_cpubind(machine, own, HWLOC_CPUBIND_THREAD) == 0)
        hwloc_bitmap_and(allowed, allowed, own);
    if (allowed) {
        for (unsigned k = 0; add_of_each_core(allowed, k);)
            k++;
        if (here.n == 0)
            add_all(allowed);
    }
    hwloc_bitmap_free(own);
    hwloc_bitmap_free(allowed);
}

/* Only cores and their CPUs: caches and devices double the time that reading takes. */
static void ask(void) {
    if (hwloc_topology_init(&machine) < 0) {
        machine = NULL;
        return;
    }
    hwloc_topology_set_all_types_filter(machine, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    if (hwloc_topology_load(machine) < 0) {
        hwloc_topology_destroy(machine);
        machine = NULL;
        return;
    }
    choose();
}

const rg_cpus *rg_cpus_here(void) {
    pthread_once(&asked, ask);
    return &here;
}

static rg_status bad_list(const char *list, rg_err *err) {
    return rg_fail(err, RG_USAGE, "CPU numbers and ranges such as 0,2-3",
                   "'%s' is no list of CPUs below %d", list, RG_MAX_CPUS);
}

rg_status rg_cpus_parse(const char *list, rg_cpus *ret_cpus, rg_err *err) {
    rg_cpus cpus = {0};
    for (const char *at = list;;) {
        char *end;
        if (*at < '0' || *at > '9')
            return bad_list(list, err);
        unsigned long first = strtoul(at, &end, 10), last = first;
        if (*end == '-') {
            at = end + 1;
            if (*at < '0' || *at > '9')
                return bad_list(list, err);
            last = strtoul(at, &end, 10);
        }
        if (first >= RG_MAX_CPUS || last >= RG_MAX_CPUS || last < first)
            return bad_list(list, err);
        for (unsigned long cpu = first; cpu <= last && cpus.n < RG_MAX_CPUS; cpu++)
            cpus.id[cpus.n++] = (uint16_t)cpu;
        if (*end == '\0')
            break;
        if (*end != ',')
            return bad_list(list, err);
        at = end + 1;
    }
    *ret_cpus = cpus;
    return RG_OK;
}

rg_status rg_cpus_check(const rg_cpus *cpus, rg_err *err) {
    const rg_cpus *all = rg_cpus_here();
    char known[128], advice[192];
    for (uint32_t i = 0; all->n && i < cpus->n; i++) {
        uint32_t k = 0;
        while (k < all->n && all->id[k] != cpus->id[i])
            k++;
        if (k < all->n)
            continue;
        rg_cpus_text(all, known, sizeof known);
        snprintf(advice, sizeof advice, "choose from %s", known);
        return rg_fail(err, RG_ABSENT, advice, "there is no CPU %u that this process may use",
                       cpus->id[i]);
    }
    return RG_OK;
}

void rg_cpus_text(const rg_cpus *cpus, char *ret, size_t cap) {
    size_t used = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < cpus->n && used < cap;) {
        uint32_t last = i;
        while (last + 1 < cpus->n && cpus->id[last + 1] == cpus->id[last] + 1)
            last++;
        int n = snprintf(ret + used, cap - used, last > i ? "%s%u-%u" : "%s%u", i ? "," : "",
                         cpus->id[i], cpus->id[last]);
        used += n > 0 ? (size_t)n : 0;
        i = last + 1;
    }
}

bool rg_cpu_pin(uint16_t cpu) {
    rg_cpus_here();
    hwloc_bitmap_t one = machine ? hwloc_bitmap_alloc() : NULL;
    bool done = one && hwloc_bitmap_only(one, cpu) == 0 &&
                hwloc_set_cpubind(machine, one, HWLOC_CPUBIND_THREAD) == 0;
    hwloc_bitmap_free(one);
    return done;
}

void rg_cpu_unpin(void) {
    rg_cpus_here();
    hwloc_bitmap_t all = machine ? hwloc_bitmap_alloc() : NULL;
    bool known = all && here.n;
    for (uint32_t i = 0; known && i < here.n; i++)
        known = hwloc_bitmap_set(all, here.id[i]) == 0;
    if (known)
        hwloc_set_cpubind(machine, all, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(all);
}
