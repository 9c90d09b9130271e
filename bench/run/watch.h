/* watch.h: the machine's state while a round runs: a thread of the supervisor reads it twice a
 * second, on another core than the workload's where there is one. host.h reads the state, the
 * supervisor starts and stops the watch. */
#ifndef RG_RUN_WATCH_H
#define RG_RUN_WATCH_H

#include <jansson.h>
#include <stdint.h>

#include "bench/core/root.h"

typedef struct rg_watch rg_watch;

/* Starts to watch; `worker_cores` is the CPU list of the workload ("" unknown). NULL when there is
 * no memory or no thread to be had: the round then has no "during". The root must outlive it. */
rg_watch *rg_watch_start(rg_root *root, const char *worker_cores);

/* Ends the thread, after a last reading; what was seen stays until close. */
void rg_watch_stop(rg_watch *watch);

/* What was seen between two times of rg_clock_real_ns, or over the whole watch where no reading
 * fell between them: {"period_s", "samples", "in_window", "shares_core", "read_ns": mean cost,
 * "cpufreq": {"policy0/cur_khz": {"min", "mean", "max"}}, "devfreq", "temperature_mc", "fan",
 * "cooling", "alarms" alike, "throttle": {counter: how much it rose},
 * "locked_slow_share": share of readings in which a locked clock was more than 1 % low}.
 * A new reference; NULL for a NULL watch. After stop only. */
json_t *rg_watch_summary(const rg_watch *watch, int64_t start_ns, int64_t end_ns);

/* Flags that follow from a summary: "throttled" (alarm, counter, locked clock low in more than 1 %
 * of the readings), "state-changed" (power mode, lock or limits moved). */
void rg_watch_flags(const json_t *summary, json_t *flags);

void rg_watch_close(rg_watch *watch); /* accepts NULL; stops first */

#endif
