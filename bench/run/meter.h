/* meter.h: samples the chosen rails beside a run. Real sensors are read by one thread a bus,
 * away from the workload's cores, on the same clock as latency; virtual ones (the `sim` sensor) are
 * drained by the caller between phases, in the process that owns the virtual clock. The meter only
 * collects: energy, uncertainty and refusals are worked out later from its rows (result/energy.h).
 */
#ifndef RG_RUN_METER_H
#define RG_RUN_METER_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"
#include "bench/iface/sensor.h"
#include "bench/iface/target.h"

typedef struct rg_meter rg_meter;

/* Finds the rails that a scenario asks for. A selector is a sensor's name ("hwmon"), a sensor with
 * options
 * ("replay:trace.jsonl"), a rail's id or label; an empty list means every usable rail of real
 * sensors, and with `is_virtual` every rail of virtual sensors. The board table
 * (devices/boards.lua) gives roles, scopes and parents where the board is known. Rails that exist
 * but cannot be read are listed with their status. RG_USAGE when a selector matches nothing
 * (nearest named), RG_ABSENT when there is no usable rail at all. */
rg_status rg_rails_find(rg_root *root, const char *const *selectors, bool is_virtual,
                        rg_rail_list *ret_rails, rg_err *err);

/* The same for real sensors as they claim to be: without what was fitted (run/fitted.h). */
rg_status rg_rails_claimed(rg_root *root, const char *const *selectors, rg_rail_list *ret_rails,
                           rg_err *err);

/* Opens the usable rails of the list; others are skipped. `worker_cores` is the CPU list that the
 * workload is pinned to ("" unknown): sampling threads keep off it where another core is left, else
 * the meter shares a core and says so (rg_meter_shares_core). RG_ABSENT when none is usable. */
rg_status rg_meter_open(rg_root *root, const rg_rail_list *rails, const char *worker_cores,
                        rg_meter **ret_meter, rg_err *err);

/* A meter of rails that only this open session can read (rg_target.rails); it must be closed before
 * the session. RG_ABSENT when the session has none. */
rg_status rg_meter_open_session(const rg_target *target, rg_session *session,
                                const rg_rail_list *rails, const char *worker_cores,
                                rg_meter **ret_meter, rg_err *err);

/* Rails that were opened; rows refer to them by index. */
const rg_rail *rg_meter_rails(const rg_meter *meter, size_t *ret_n);

rg_status rg_meter_start(rg_meter *meter, rg_err *err);

/* Before the start: reads each sensor five times a refresh, at most each millisecond, averages not
 * spared. For what looks at the sensor itself (`power check`). */
void rg_meter_hurry(rg_meter *meter);

/* While it runs: reads counters without pause until each has ticked, and returns when the last did;
 * 0 where none does within 0.3 s, or there is none. A window that begins and ends so has edges that
 * are known to a read. */
int64_t rg_meter_await_tick(rg_meter *meter);

/* Collects what virtual sensors have by now; does nothing for real ones, which collect by
 * themselves. Call it at the end of every phase and at least every 10 s of virtual time. */
void rg_meter_poll(rg_meter *meter);

/* Stops threads; rows stay readable until close. A rail's `what` then tells what went wrong. */
void rg_meter_stop(rg_meter *meter);

/* All rows so far, in order of time within each rail. Valid until the next poll or close; only
 * after stop for real sensors. */
const rg_power_row *rg_meter_rows(const rg_meter *meter, size_t *ret_n);

/* Takes rows away while the meter goes on, oldest first within each rail; returns how many. For
 * callers that write them out as they come; rg_meter_rows gives only what was not taken. */
size_t rg_meter_take(rg_meter *meter, rg_power_row *rows, size_t cap);

/* {"reads", "read_cost_ns", "cpu_share", "poll_s", "lost_rows", "late_beats", "shares_core"}: what
 * metering itself cost; late beats are reads that came too late and were left out. */
json_t *rg_meter_cost(const rg_meter *meter);
bool rg_meter_shares_core(const rg_meter *meter);
void rg_meter_close(rg_meter *meter); /* accepts NULL; stops first */

#endif
