/* child_priv.h: the parts of running a child: starting it (child_start.c), and taking over what it
 * left in shared memory (child_memory.c). Only child*.c include this. */
#ifndef RG_RUN_CHILD_PRIV_H
#define RG_RUN_CHILD_PRIV_H

#include "bench/run/child.h"

/* A child that runs: our ends. */
typedef struct rg_running {
    pid_t pid;
    int socket, output, memory; /* -1 when closed */
    rg_job_memory *shared;
    size_t shared_bytes;
} rg_running;

/* Starts `program worker`, behind its wrapper if it has one, in its own process group, with its job
 * waiting on its socket. It dies with us. The environment gets a padding whose length follows the
 * job's seed, so that stack addresses differ between rounds in a repeatable way. */
rg_status rg_running_start(const rg_child_spec *spec, rg_running *ret_running, rg_err *err);

/* Closes our ends; does not wait. Accepts what rg_running_start left half-built. */
void rg_running_close(rg_running *running);

/* Copies rows, rails and power rows out of shared memory after checking every size, offset and
 * stamp: the child's libraries may have written anywhere. RG_FAILED when something is off. */
rg_status rg_running_take(const rg_running *running, rg_child *child, rg_err *err);

#endif
