/* cores.h: which CPUs to use and how to stay on one. hwloc is asked once a process. threads.c and
 * nobody else starts threads on them. */
#ifndef RG_RUN_CORES_H
#define RG_RUN_CORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

enum { RG_MAX_CPUS = 1024 };

/* CPU numbers as the kernel counts them. */
typedef struct rg_cpus {
    uint32_t n;
    uint16_t id[RG_MAX_CPUS];
} rg_cpus;

/* Reads "0,2-3" in the order written. RG_USAGE naming what is wrong with it. */
rg_status rg_cpus_parse(const char *list, rg_cpus *ret_cpus, rg_err *err);

/* "0-1,4" in the order given; cut when it does not fit. */
void rg_cpus_text(const rg_cpus *cpus, char *ret, size_t cap);

/* CPUs that this process was allowed to use when first asked: one of each core first, then the
 * second of each core. Empty where hwloc cannot tell. Lives for ever. */
const rg_cpus *rg_cpus_here(void);

/* RG_ABSENT when one of them is not among rg_cpus_here's, as far as hwloc can tell. */
rg_status rg_cpus_check(const rg_cpus *cpus, rg_err *err);

/* Keeps the calling thread on one CPU; false when the system refuses. */
bool rg_cpu_pin(uint16_t cpu);

/* Lets the calling thread use all CPUs of rg_cpus_here again. */
void rg_cpu_unpin(void);

#endif
