/* ready.h: the gate before a round: is the machine as it was when the session began? Warmer by more
 * than 3 C, or throttling, can be waited out; another power mode or governor cannot. */
#ifndef RG_RUN_READY_H
#define RG_RUN_READY_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/core/root.h"

typedef struct rg_ready {
    int64_t waited_ns;
    bool hot;     /* still warmer than at the start, or throttling, when the wait ended */
    bool changed; /* power mode, governor or clock limits are not those of the start */
} rg_ready;

/* Waits at most `limit_ns`, looking once a second; returns at once when all is well or `*stop`
 * (may be NULL) is set. `session`: rg_host_state at the start. */
rg_ready rg_ready_wait(rg_root *root, const json_t *session, int64_t limit_ns,
                       const volatile sig_atomic_t *stop);

#endif
