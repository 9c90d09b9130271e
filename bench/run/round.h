/* round.h: what one round (one fresh process) brings home, before any statistics. The supervisor
 * makes it, the bundle stores it, result/derive.c turns it into figures. */
#ifndef RG_RUN_ROUND_H
#define RG_RUN_ROUND_H

#include <jansson.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

/* One request as stamped by the timed loop: submission (in an open loop: intended arrival) and
 * completion on rg_clock's time line; an open loop's dropped request ends 1 ns before it starts.
 * With blocks (facts.block > 1) one row covers `block` inferences. Rows stand in order of
 * completion. */
typedef struct rg_sample {
    int64_t start_ns, end_ns;
} rg_sample;

/* A round. `facts` is the raw part of rounds/NNNNN/record.json:
 *
 *   "cell" key, "name", "round" (0-based within the cell), "order" (0-based over the run),
 *   "status", "what", "advice",
 *   "provenance": "measured" | "simulated",
 *   "flags": [ids of core/codes.h seen while measuring],
 *   "settings": {"requested": {...}, "effective": {...}},
 *   "phases": {"load_cold_ns", "load_warm_ns", "first_ns"}   absent ones are left out
 *   "block": K >= 1, "batch": n >= 1, "deadline_ns": of a request, where the cell has one,
 *   "warmup": number of rows of samples.bin that belong to the warm-up (they come first),
 *   "taken": rows taken in all, when more than are stored (reservoir), else equal to the stored
 * number, "window": {"start_ns", "end_ns", "inferences"}            steady window, first submission
 * to last completion, on the power rows' time line "idle_before": {"start_ns", "end_ns"},
 * "idle_after": ...  model loaded and idle, when power was measured "memory": {"rss_before_bytes",
 * "rss_loaded_bytes", "rss_steady_start_bytes", "rss_steady_end_bytes", "rss_peak_bytes",
 * "pss_bytes", "arena_bytes", "arena_bound_bytes", "weights_bytes", "device_bytes",
 * "packed_bytes", "scratch_bytes", "pack_ns" (how long packing took), "model_file_bytes"} unknown
 * ones are left out "arrivals": of an open loop: {"hz", "offered", "dropped", "on_time" (found a
 * slot free), "late_p50_ns", "late_p95_ns", "late_max_ns" (our sender, of those),
 * "wait_at_end_ns"}, "search": {"what": "streams" or "in_flight", "strategy", "best", "most",
 * "probes": [{"n", ...}]}, "soak": {"step_ns", "steady", "last" (segments of the steady state),
 * "segments": [{"start_ns", "end_ns", "inferences", "p50_ns", "temperature_mc"}]}, "counters":
 * {"instructions": total over the window, ...} or {"NAME":
 * {"na": code, "what": why}} "usage": {"cpu_ns", "voluntary_switches", "involuntary_switches",
 * "page_faults"} over the window "work": {"macs", "other_ops", "bytes_read", "bytes_written"} of
 * one inference, absent when unknown "io": {"input_bytes", "output_bytes"} of one inference
 * "truth": {"compared": true, "exact": bool, "differing", "elements", "max_abs", "cosine",
 * "sqnr_db", "top1": bool, "reference_sha256"} "placement":
 * {"known": false} or {"known": true, "nodes", "nodes_on_target", "macs", "macs_on_target",
 * "crossings", "how", "stays", "engines": [{"name", "host", "nodes", "macs", "ns"}]}, unknown ones
 * left out; "device_facts": {"library", ...}, "artefact": {"form", "path", "sha256", "bytes"} of
 * targets that take files of their own; "clock": {"cost_ns",
 * "resolution_ns", "monotonic"}, "overhead_ns": harness overhead an iteration from an empty target,
 *   "device_state": {"before": {...}, "after": {...}}  what the target says of its device, as text,
 *   "host": {"before": {...}, "after": {...}, "delta": {...}, "during": {...}}  clocks,
 * temperatures, throttle counters, load (docs/machine-state.md) "workload": {"sha256", "path",
 * "bytes", "format"}, "power": {"rails": [...], "poll_s", "cost": {...}, "refusal": code}   when
 * power was asked for "started_wall_ns", "elapsed_ns", "pid", "exit": {"code"|"signal"}
 *   "parts": [{"name", "rows", "taken"}]: rows behind the steady ones, in this order: the window
 * "alone" of "interfere": {"kind", "processes"}
 */
typedef struct rg_round {
    uint32_t cell;   /* index into the plan */
    uint32_t number; /* round of that cell, 0-based */
    uint32_t order;  /* place in the run, 0-based: directory rounds/NNNNN */
    rg_status status;
    json_t *facts;
    const rg_sample *samples; /* warm-up rows first */
    size_t n_samples;
    const rg_rail *rails; /* rails behind power rows, n_rails 0 when none */
    size_t n_rails;
    const rg_power_row *power;
    size_t n_power;
    const char *output; /* what the worker and foreign libraries printed, at most 64 KiB */
    size_t output_bytes;
} rg_round;

#endif
