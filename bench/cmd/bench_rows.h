/* bench_rows.h: the figures of `railgauge bench`, one row a kernel and thread count of a case, and
 * their JSON. bench.c makes the rows, bench_table.h prints them for people. */
#ifndef RG_CMD_BENCH_ROWS_H
#define RG_CMD_BENCH_ROWS_H

#include <jansson.h>

#include "bench/run/ceilings.h"
#include "bench/run/kerneltime.h"

typedef struct rg_bench_row {
    const rg_made_case *made;
    const rg_kernel_lane *lane;
    bool chosen;                 /* the executor would take this kernel under the mask */
    double reference_ns;         /* median of the reference on one thread */
    const rg_ceilings *ceilings; /* NULL: not measured */
} rg_bench_row;

/* What follows from a row; NAN where it does not exist. */
typedef struct rg_bench_figures {
    double ops_per_s;   /* 2 per multiply-accumulate */
    double bytes_per_s; /* inputs, constants and outputs once each */
    double of_peak;     /* share of the level's measured peak */
    double bound_ns;    /* the roofline: no call can be shorter */
    const char *bound;  /* what sets it: "compute", "L1" ...; "" where no peak was measured */
    double of_bound;    /* bound over median */
    double speedup;     /* over the reference */
} rg_bench_figures;
rg_bench_figures rg_bench_work_out(const rg_bench_row *row);

/* Everything that is known of the row; a new reference. */
json_t *rg_bench_json(const rg_bench_row *row);

#endif
