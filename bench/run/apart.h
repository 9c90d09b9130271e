/* apart.h: work in a child process, for targets that load a foreign library: it may crash or end
 * the process, and then only the child is lost. Verbs that show what one model does use it; worker
 * processes of a run are child.h's. */
#ifndef RG_RUN_APART_H
#define RG_RUN_APART_H

#include "bench/core/err.h"

/* Calls `work` in a child process; `ret_code` is what it returned, or RG_EXIT_IO when its standard
 * output could not be written. The child tells by a pipe that it came to its end: an exit code
 * alone could be the library's own. RG_FAILED when it crashed or ended before, with the library of
 * the target `who` to blame. */
rg_status rg_run_apart(const char *who, int (*work)(void *user), void *user, int *ret_code,
                       rg_err *err);

#endif
