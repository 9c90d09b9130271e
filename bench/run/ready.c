/* ready.c: waiting for the state of the session's start. */
#include "bench/run/ready.h"

#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/host.h"

/* The state now against the session's, and against the look before (for counters that rise). */
static rg_ready compare(rg_root *root, const json_t *session, json_t **last) {
    rg_ready ready = {.waited_ns = 0};
    json_t *now = rg_host_state(root), *flags = json_array(), *since = json_array();
    rg_host_flags(session, session, now, flags);
    rg_host_flags(session, now, now, flags);
    if (*last)
        rg_host_flags(NULL, *last, now, since);
    ready.hot = rg_json_has_text(flags, "hot") || rg_json_has_text(since, "throttled");
    ready.changed = rg_json_has_text(flags, "state-changed");
    json_decref(flags);
    json_decref(since);
    json_decref(*last);
    *last = now;
    return ready;
}

rg_ready rg_ready_wait(rg_root *root, const json_t *session, int64_t limit_ns,
                       const volatile sig_atomic_t *stop) {
    const struct timespec second = {.tv_sec = 1};
    int64_t start_ns = rg_clock_real_ns(), spent_ns = 0;
    json_t *last = NULL;
    rg_ready ready = compare(root, session, &last);
    while (ready.hot && spent_ns < limit_ns && !(stop && *stop)) {
        nanosleep(&second, NULL);
        ready = compare(root, session, &last);
        spent_ns = rg_clock_real_ns() - start_ns;
    }
    json_decref(last);
    ready.waited_ns = spent_ns;
    return ready;
}
