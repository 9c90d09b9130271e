/* power_load.h: the load of `railgauge power check`: threads that keep cores busy, or a command. */
#ifndef RG_CMD_POWER_LOAD_H
#define RG_CMD_POWER_LOAD_H

#include <stddef.h>

#include "bench/core/err.h"

typedef struct rg_load rg_load;

/* Prepares it; nothing runs yet. `command` "": threads on all cores but the last, which is left to
 * the meter where there are two. `ret_cores` names the cores that will be busy, "" for a command.
 */
rg_status rg_load_new(const char *command, rg_load **ret_load, char *ret_cores, size_t cap,
                      rg_err *err);

/* Begins within microseconds (threads), or by starting the command. RG_IO. */
rg_status rg_load_start(rg_load *load, rg_err *err);

/* Ends it: threads at once, the command and all that it started by SIGTERM, after a second by
 * SIGKILL. */
void rg_load_stop(rg_load *load);
void rg_load_free(rg_load *load); /* accepts NULL; stops first */

#endif
