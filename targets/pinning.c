/* pinning.c: a list of CPUs as the calling thread's affinity (pinning.h). */
#include "targets/pinning.h"

#include <sched.h>
#include <stdlib.h>

#include "bench/iface/exec.h"

/* "0,2-3" as a set; the list comes from rg_exec_cores and is sound. */
static void read_list(const char *list, cpu_set_t *ret) {
    CPU_ZERO(ret);
    while (*list) {
        char *end;
        long first = strtol(list, &end, 10), last = first;
        if (end == list)
            return;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        for (long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
            CPU_SET((size_t)cpu, ret);
        list = end + (*end == ',');
    }
}

rg_status rg_pinning_take(const char *cores, unsigned threads, char *ret_cores, size_t cap,
                          rg_err *err) {
    const rg_exec_options options = {.threads = threads, .cores = cores};
    cpu_set_t set;
    rg_status status = rg_exec_cores(&options, ret_cores, cap, err);
    if (status != RG_OK)
        return status;
    read_list(ret_cores, &set);
    if (CPU_COUNT(&set) == 0 || sched_setaffinity(0, sizeof set, &set) != 0)
        *ret_cores = '\0';
    return RG_OK;
}
