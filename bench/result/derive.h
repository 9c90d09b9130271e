/* derive.h: from rounds to records: every figure of record.h that a round or a cell can tell, each
 * a value or the code of the reason why there is none. Pure: the same rounds give the same record,
 * so records.jsonl can be rebuilt from the raw files at any time. stats.h and energy.h do the sums;
 * bundle.c writes, gate.c judges.
 *
 * Definitions, for all who read the figures:
 *  - latency of a row: (end - start) / block, less overhead_ns / block where that overhead is above
 *    0.1 % of the round's median (flag overhead-subtracted); warm-up rows are left out.
 *  - an open loop's latency counts from the intended arrival; its dropped requests (facts.arrivals
 *    and a row that ends before it starts) have no latency, and miss any deadline.
 *  - an inference is one sample: facts give work, io and window.inferences by request, a request is
 *    `batch` samples. inferences = window.inferences x batch; without a window, steady rows x block
 * x batch between the first start and the last end.
 *  - rounds of a cell stand in order of their number (then order); the i-th ok round is round i of
 * the bootstrap (stats.h), whose seed text is the cell's key.
 *  - throughput and TOPS use the window as stamped; nothing is subtracted there.
 */
#ifndef RG_RESULT_DERIVE_H
#define RG_RESULT_DERIVE_H

#include <jansson.h>
#include <stddef.h>

#include "bench/core/err.h"
#include "bench/result/record.h"
#include "bench/run/round.h"

/* Figures of one round. Latency quantiles are type-7 within the round, without intervals; energies
 * have their U as interval. `ret_extra` (may be NULL) gets an object for the caller to drop:
 * {"flags":[...found here...],"samples","inferences","shape":{...},"energy":{...}}. A round that
 * was not ok has all figures n/a (not-run). RG_NO_MEMORY. */
rg_status rg_derive_round(const rg_round *round, rg_figure *ret_figures, json_t **ret_extra,
                          rg_err *err);

/* The per-cell record, one line of records.jsonl, from a line of cells.jsonl and that cell's rounds
 * (any order; `n` may be 0 for a cell that was refused). A new reference:
 *
 * {"schema":1, "cell","name","workload","target","device","pattern","precision","threads","batch"
 *  ..., "status","what","advice" of the worst round (or of the refusal), "provenance",
 *  "flags":[...], "rounds": how many were ok, "rounds_failed", "samples": steady rows, "figures",
 *  "per_round": arrays with one entry for each ok round, in order: "round","order",
 *      "latency_p50_ns","latency_p95_ns" (Harrell-Davis), "latency_mean_ns","throughput_per_s",
 *      "rss_peak_bytes","energy_total_uj","energy_above_idle_uj"...  (null where there is none),
 *  "shape":{...}, "variance":{...}, "within_process":{...} for a single round,
 *  "energy":{...scope, U, parts, refusals, rounds...}, "context":{...}}
 *
 * Figures come from the ok rounds when they are at least half of all, else they are n/a (not-run).
 * Intervals: stats.h, seeded by the cell's key. RG_NO_MEMORY, RG_INVALID when `cell` is no object.
 */
rg_status rg_derive_cell(const json_t *cell, const rg_round *rounds, size_t n, json_t **ret_record,
                         rg_err *err);

#endif
