/* overhead.h: what the harness itself costs, measured here and now: a reading of the clock, a timed
 * iteration around nothing, a meter that reads a rail each millisecond beside a workload, and a
 * fresh worker process. `railgauge selftest overhead` prints it. */
#ifndef RG_RESULT_OVERHEAD_H
#define RG_RESULT_OVERHEAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/err.h"
#include "bench/core/text.h"

enum { RG_OVERHEAD_PAIRS = 15, RG_OVERHEAD_WORKERS = 15 };

/* A median over repeats with the order statistics around it that hold it 96 times in 100 (the
 * fourth from either end of 15, whatever the distribution). */
typedef struct rg_overhead_figure {
    double low, median, high;
} rg_overhead_figure;

typedef struct rg_overhead {
    double clock_cost_ns, clock_resolution_ns;
    bool clock_monotonic;
    rg_overhead_figure iteration_ns; /* two stamps and the loop around a target that does nothing */
    /* A fixed piece of work by turns without and with the meter; changes as fractions. */
    rg_overhead_figure p50_change, p95_change;
    rg_overhead_figure cpu_share; /* of the meter's core */
    rg_overhead_figure read_ns, reads_per_s;
    bool shares_core;             /* no core was left for the meter */
    rg_overhead_figure worker_ns; /* process started, job taken and answered, process ended */
} rg_overhead;

/* Limits of measurement.md, section 4, and of the sampler: p95 of a workload may move by 1 %. A
 * figure breaks its limit only where its whole interval lies beyond. */
typedef struct rg_overhead_row {
    const char *key, *text, *unit;
    rg_overhead_figure value;
    double limit; /* NAN: none */
    bool broken;
} rg_overhead_row;

enum { RG_OVERHEAD_ROWS = 9 };

/* Measures; takes some four seconds. `program` is this program's file, to start workers. Makes a
 * machine of one power file in a temporary folder and removes it. RG_IO where that cannot be,
 * RG_FAILED where no worker answers. */
rg_status rg_overhead_measure(const char *program, rg_overhead *ret, rg_err *err);

/* The figures against their limits; how many are broken. */
size_t rg_overhead_judge(const rg_overhead *overhead, rg_overhead_row rows[RG_OVERHEAD_ROWS]);

json_t *rg_overhead_to_json(const rg_overhead *overhead); /* new reference, NULL: no memory */
void rg_overhead_to_text(const rg_overhead *overhead, rg_text *ret);

#endif
