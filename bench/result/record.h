/* record.h: one field table for all figures. From a row come the JSON key, the CSV column, the
 * label in reports and plots, and the gate's direction. A figure is a value with interval and
 * sample count, or the code of the reason why there is none; never a bare 0. Field names are part
 * of the bundle's contract: change them only with RG_SCHEMA_VERSION. */
#ifndef RG_RESULT_RECORD_H
#define RG_RESULT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"

enum { RG_SCHEMA_VERSION = 1 };

typedef enum rg_better { RG_BETTER_NONE, RG_BETTER_LOWER, RG_BETTER_HIGHER } rg_better;

/* key (ends in its unit), unit, better, group, label, help */
#define RG_FIGURE_LIST(X)                                                                          \
    X(latency_min_ns, "ns", LOWER, "latency", "min", "fastest steady inference")                   \
    X(latency_mean_ns, "ns", LOWER, "latency", "mean", "mean of steady inferences")                \
    X(latency_p50_ns, "ns", LOWER, "latency", "p50", "median latency, pooled type-7 quantile")     \
    X(latency_p90_ns, "ns", LOWER, "latency", "p90", "90th percentile of latency")                 \
    X(latency_p95_ns, "ns", LOWER, "latency", "p95", "95th percentile of latency, the headline")   \
    X(latency_p99_ns, "ns", LOWER, "latency", "p99", "99th percentile of latency")                 \
    X(latency_max_ns, "ns", LOWER, "latency", "max", "slowest steady inference")                   \
    X(latency_p95_bound_ns, "ns", LOWER, "latency", "p95 bound",                                   \
      "conservative p95: holds with 99 % confidence")                                              \
    X(latency_p999_ns, "ns", LOWER, "latency", "p99.9", "99.9th percentile of open loops")         \
    X(device_mean_ns, "ns", LOWER, "latency", "device",                                            \
      "mean time of an inference by the clock of the device or of the tool that drives it")        \
    X(tokens_per_s, "1/s", HIGHER, "throughput", "tokens/s", "tokens a second, as a tool tells")   \
    X(throughput_per_s, "1/s", HIGHER, "throughput", "inferences/s",                               \
      "completions over the steady window")                                                        \
    X(deadline_misses, "1", LOWER, "deadline", "deadline misses",                                  \
      "requests that took longer than the cell's deadline")                                        \
    X(deadline_miss_share, "1", LOWER, "deadline", "miss share",                                   \
      "share of requests that missed the deadline")                                                \
    X(streams, "1", HIGHER, "arrivals", "streams",                                                 \
      "most streams that held the deadline in every round")                                        \
    X(best_in_flight, "1", NONE, "throughput", "best in flight",                                   \
      "requests in flight from which on throughput grows by less than a twentieth")                \
    X(arrivals_per_s, "1/s", NONE, "arrivals", "arrivals/s", "intended arrivals of an open loop")  \
    X(dropped, "1", LOWER, "arrivals", "dropped",                                                  \
      "requests that found the queue full, or were not served within the time cap")                \
    X(drop_share, "1", LOWER, "arrivals", "drop share", "share of requests that were dropped")     \
    X(sender_late_ns, "ns", LOWER, "arrivals", "sender late",                                      \
      "p95 of how late our own sender was for a free slot")                                        \
    X(burst_p95_ns, "ns", LOWER, "soak", "burst p95", "p95 of a soak's first segment")             \
    X(sustained_p95_ns, "ns", LOWER, "soak", "steady p95", "p95 of a soak's last segments")        \
    X(throttle_after_ns, "ns", HIGHER, "soak", "throttles after",                                  \
      "time until a soak's requests take a twentieth longer and stay so")                          \
    X(burst_uj, "uJ", LOWER, "soak", "burst energy", "energy an inference of the first segment")   \
    X(sustained_uj, "uJ", LOWER, "soak", "steady energy",                                          \
      "energy an inference of the last segments")                                                  \
    X(interfere_p95, "1", LOWER, "interfere", "p95 / alone",                                       \
      "p95 beside the disturbance, times the p95 of the same round without it")                    \
    X(load_cold_ns, "ns", LOWER, "start", "load cold",                                             \
      "load of the model in a fresh process, file cache dropped where permitted")                  \
    X(load_warm_ns, "ns", LOWER, "start", "load warm", "second load in the same process")          \
    X(first_ns, "ns", LOWER, "start", "first", "first inference after load")                       \
    X(warmup_ns, "ns", NONE, "start", "warm-up", "time until the steady state")                    \
    X(warmup_iterations, "1", NONE, "start", "warm-up iterations",                                 \
      "inferences before the steady state")                                                        \
    X(rss_peak_bytes, "bytes", LOWER, "memory", "peak RSS",                                        \
      "VmHWM of the worker, shared sample memory not counted")                                     \
    X(pss_peak_bytes, "bytes", LOWER, "memory", "PSS",                                             \
      "proportional set size after the steady window (smaps_rollup)")                              \
    X(rss_load_bytes, "bytes", LOWER, "memory", "RSS of load",                                     \
      "growth of RSS while loading the model")                                                     \
    X(rss_steady_bytes, "bytes", LOWER, "memory", "RSS growth",                                    \
      "growth of RSS over the steady window")                                                      \
    X(arena_bytes, "bytes", LOWER, "memory", "arena", "activations and scratch as planned")        \
    X(arena_bound_bytes, "bytes", NONE, "memory", "arena bound", "no plan can be smaller")         \
    X(weights_bytes, "bytes", LOWER, "memory", "weights", "constants of the model as loaded")      \
    X(device_bytes, "bytes", LOWER, "memory", "device memory", "allocated on the device")          \
    X(model_file_bytes, "bytes", LOWER, "memory", "model file", "size of the artefact")            \
    X(macs, "1", NONE, "work", "MACs", "multiply-accumulates of one inference, source graph")      \
    X(other_ops, "1", NONE, "work", "other ops", "other arithmetic of one inference")              \
    X(achieved_tops, "TOPS", HIGHER, "work", "TOPS", "2 x MACs x inferences / steady window")      \
    X(energy_total_uj, "uJ", LOWER, "energy", "energy", "energy an inference, idle included")      \
    X(energy_above_idle_uj, "uJ", LOWER, "energy", "energy above idle",                            \
      "energy an inference less the idle baseline")                                                \
    X(power_mean_mw, "mW", LOWER, "energy", "power", "mean power over the steady window")          \
    X(power_idle_mw, "mW", LOWER, "energy", "idle power",                                          \
      "mean power with the model loaded and idle")                                                 \
    X(tops_per_watt, "TOPS/W", HIGHER, "energy", "TOPS/W",                                         \
      "operations / joules of the same window, idle included")                                     \
    X(tops_per_watt_above_idle, "TOPS/W", HIGHER, "energy", "TOPS/W above idle",                   \
      "operations / joules above idle")                                                            \
    X(cpu_time_ns, "ns", LOWER, "host", "CPU time", "CPU time of the worker an inference")         \
    X(context_switches, "1", LOWER, "host", "context switches",                                    \
      "involuntary switches an inference")                                                         \
    X(page_faults, "1", LOWER, "host", "page faults", "minor and major faults an inference")       \
    X(instructions, "1", LOWER, "counters", "instructions", "retired instructions an inference")   \
    X(cycles, "1", LOWER, "counters", "cycles", "core cycles an inference")                        \
    X(cache_misses, "1", LOWER, "counters", "cache misses",                                        \
      "last-level cache misses an inference")                                                      \
    X(branch_misses, "1", LOWER, "counters", "branch misses",                                      \
      "mispredicted branches an inference")                                                        \
    X(overhead_ns, "ns", LOWER, "harness", "overhead",                                             \
      "harness overhead an iteration, from an empty target")                                       \
    X(clock_cost_ns, "ns", NONE, "harness", "clock cost", "one reading of the clock")              \
    X(agreement_differing, "1", LOWER, "truth", "differing",                                       \
      "output elements that differ from the reference")                                            \
    X(agreement_max_abs, "1", LOWER, "truth", "max abs", "largest difference, in output units")    \
    X(agreement_cosine, "1", HIGHER, "truth", "cosine", "cosine similarity with the reference")    \
    X(agreement_sqnr_db, "dB", HIGHER, "truth", "SQNR",                                            \
      "signal to quantization noise against the reference")                                        \
    X(nodes_off_target, "1", LOWER, "placement", "operators off target",                           \
      "operators that the host computed in the target's place")                                    \
    X(macs_off_target, "1", LOWER, "placement", "MACs off target",                                 \
      "multiply-accumulates that the host computed in the target's place")                         \
    X(crossings, "1", LOWER, "placement", "crossings",                                             \
      "times that one inference goes between host and target")                                     \
    X(input_bytes_per_s, "bytes/s", NONE, "edge", "raw input",                                     \
      "bytes a second that stay at the edge")                                                      \
    X(result_bytes_per_s, "bytes/s", NONE, "edge", "result",                                       \
      "bytes a second that leave as results")                                                      \
    X(uplink_saved, "1", HIGHER, "edge", "share saved", "1 - result / raw input")

typedef enum rg_figure_key {
#define X(key, unit, better, group, label, help) RG_FIG_##key,
    RG_FIGURE_LIST(X)
#undef X
        RG_FIG_COUNT
} rg_figure_key;

typedef struct rg_figure_row {
    const char *key, *unit;
    rg_better better;
    const char *group, *label, *help;
} rg_figure_row;
extern const rg_figure_row rg_figure_rows[RG_FIG_COUNT];

/* The row's number by key; -1 when there is none. */
int rg_figure_find(const char *key);

/* Is it a share of events, such as missed deadlines? Zero is common then, so that two of them are
 * compared by their difference (0.01: a point), not by a ratio. */
bool rg_figure_in_points(int figure);

/* A figure. na != NULL: there is no value, for the reason with that code (core/codes.h). Interval
 * bounds are NAN when there is no interval; then `no_interval` may hold the code that says why. */
typedef struct rg_figure {
    bool set; /* false: nothing was ever said; written as not-measured */
    double value, low, high;
    uint64_t n;              /* samples (or rounds for per-round figures) behind it, 0 unknown */
    const char *na;          /* code or NULL; static text */
    const char *no_interval; /* code or NULL; static text */
} rg_figure;

rg_figure rg_figure_value(double value);
rg_figure rg_figure_na(const char *code);

/* JSON of a figure: {"value":..,"low":..,"high":..,"n":..} or {"na":"code"}; and back. Codes read
 * back are looked up so that they are static; unknown ones become "not-available". */
json_t *rg_figure_to_json(const rg_figure *figure);
rg_figure rg_figure_from_json(const json_t *value);

/* All set figures of an array of RG_FIG_COUNT as one JSON object, and back. */
json_t *rg_figures_to_json(const rg_figure *figures);
void rg_figures_from_json(const json_t *object, rg_figure *ret_figures);

/* Relations that hold on every record (p50 <= p95 <= max, energy = power x time, TOPS = work /
 * time). `record` is a record object as in records.jsonl. RG_INVALID naming the first that is
 * broken. */
rg_status rg_record_check(const json_t *record, rg_err *err);

#endif
