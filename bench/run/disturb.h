/* disturb.h: a stated disturbance beside a workload: child processes that keep the cores, the
 * memory or the disk busy while they are let. They are made before the target is opened (no
 * library's threads are there to be copied) and die with this process, however it ends. */
#ifndef RG_RUN_DISTURB_H
#define RG_RUN_DISTURB_H

#include "bench/core/err.h"

typedef enum rg_disturb_kind {
    RG_DISTURB_NONE,
    RG_DISTURB_CPU, /* arithmetic, a process for each core that this one may use */
    RG_DISTURB_MEM, /* copying 64 MiB to and fro, a process for each such core */
    RG_DISTURB_IO,  /* one process that writes 64 MiB and syncs each 4, in TMPDIR or /var/tmp */
    RG_DISTURB_COUNT,
} rg_disturb_kind;

/* "none", "cpu", "mem", "io"; NULL-ended. */
extern const char *const rg_disturb_words[];

typedef struct rg_disturb rg_disturb;

/* Makes the processes, which wait. RG_FAILED, RG_NO_MEMORY. */
rg_status rg_disturb_open(rg_disturb_kind kind, rg_disturb **ret_disturb, rg_err *err);

/* How many processes there are. */
unsigned rg_disturb_count(const rg_disturb *disturb);

/* Lets them go. Once. */
void rg_disturb_start(rg_disturb *disturb);

/* Ends them and waits for their end. Accepts NULL. */
void rg_disturb_close(rg_disturb *disturb);

#endif
