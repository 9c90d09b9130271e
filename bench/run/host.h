/* host.h: what machine this is and what state it is in. Facts are collected once a run for
 * provenance; state is read before and after each round, so that heat, clocks and other load can be
 * told from a slow program. All reading goes through the root handle; hwloc is asked only on the
 * live machine. */
#ifndef RG_RUN_HOST_H
#define RG_RUN_HOST_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* Fingerprint: {"board","cpu","arch","cores","threads","memory_bytes","os","kernel","hypervisor",
 * "caches":[{"level","type","bytes"}],"cpu_flags":[...of interest],"governor","libraries":{...}}.
 * What cannot be read is left out. A new reference. */
json_t *rg_host_facts(rg_root *root);

/* State now, a new reference; what cannot be read is left out:
 *   "clock_khz": [per CPU], "governor": [distinct],
 *   "cpufreq": {policy: {"cur_khz", "min_khz", "max_khz", "governor"}},
 *   "devfreq": {device: {"cur_hz", "min_hz", "max_hz", "governor"}}, with "emc" the memory's,
 *   "clocks_locked": every lower limit equals its upper one (what jetson_clocks does),
 *   "power_mode": name, "power_mode_id": number of nvpmodel's,
 *   "temperature_mc": {zone: ..}, "cooling": {device: state}, "fan": {monitor:file: ..},
 *   "throttle": {counter: ..} only rises, a rise is an event; "alarms": {name: 0 or more} now,
 *   "load_1m", "running", "busy_ticks", "idle_ticks", "steal_ticks". */
json_t *rg_host_state(rg_root *root);

/* {counter: how much it rose} for every counter of both states, zeros too. A new reference. */
json_t *rg_host_delta(const json_t *before, const json_t *after);

/* Appends a code to an array of codes, once. */
void rg_host_flag(json_t *flags, const char *id);

/* Flags that follow from two states ("throttled", "hot", "clock-changed", "state-changed"):
 * appended to `flags` (an array of code ids), each once. `session` is the state at the session's
 * start and may be NULL. */
void rg_host_flags(const json_t *session, const json_t *before, const json_t *after, json_t *flags);

/* Share of the CPUs that others used over the last interval, from two states: (busy ticks of the
 * machine - our own) / all ticks; NAN when unknown. */
double rg_host_foreign_load(const json_t *before, const json_t *after, double own_cpu_s);

#endif
