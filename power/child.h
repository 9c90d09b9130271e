/* child.h: a process that a sensor starts beside the program: an external meter's program (pipe.c),
 * a vendor's tool (pmic.c), or a function of ours around a vendor's library (foreign.c). What it
 * writes comes through a pipe that never blocks us; it has a process group of its own, so that all
 * of it ends with us. */
#ifndef RG_POWER_CHILD_H
#define RG_POWER_CHILD_H

#include <sys/types.h>

#include "bench/core/err.h"

typedef struct rg_sensor_child {
    pid_t pid; /* 0: none */
    int fd;    /* what it writes, non-blocking; -1: none */
} rg_sensor_child;

#define RG_NO_CHILD                                                                                \
    { 0, -1 }

/* Starts a process that calls `become`, which never returns: it ends by exec or _exit. `out` is
 * where it writes to; its standard input is empty. RG_IO when there is no process or pipe. */
rg_status rg_sensor_child_start(void (*become)(const void *user, int out), const void *user,
                                rg_sensor_child *ret_child, rg_err *err);

/* Asks it to end, after `grace_ms` makes it, and closes our end. Says in `ret_how` (may be NULL)
 * how it had ended by itself: "ended with code 3", "crashed: Segmentation fault"; "" when it had
 * not. Accepts RG_NO_CHILD. */
void rg_sensor_child_stop(rg_sensor_child *child, int grace_ms, char *ret_how, size_t cap);

/* A `become` for a command of the shell: user is its text. */
void rg_sensor_child_shell(const void *command, int out);

#endif
