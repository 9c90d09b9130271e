/* tryout.h: something risky done in a throw-away process first: a vendor's library that may crash
 * or hang when it meets another one. What it says and how it ends come back. */
#ifndef RG_TARGETS_TRYOUT_H
#define RG_TARGETS_TRYOUT_H

#include "bench/core/err.h"

typedef struct rg_tryout {
    rg_err said;      /* what the work returned, when it came to its end */
    int signal;       /* that ended the process; 0 none */
    char words[1024]; /* the end of what it wrote to stderr, passed on to ours too */
} rg_tryout;

/* Calls `work` in a forked child, which ends then. RG_OK when it came to its end, whatever it
 * returned; RG_FAILED when the process ended before, RG_TIMEOUT when it had not after `limit_s`
 * seconds (it is killed); `err` then says how it ended. */
rg_status rg_tryout_run(rg_status (*work)(void *user, rg_err *err), void *user, int limit_s,
                        rg_tryout *ret_trial, rg_err *err);

#endif
