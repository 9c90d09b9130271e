/* warmup.h: when a run has become steady. MSER-5 (White, 1997) as a pure function, and the
 * warm-up that applies it: some iterations are discarded unseen, a pilot run is judged, and a pilot
 * that still settles is extended, at most twice. */
#ifndef RG_RUN_WARMUP_H
#define RG_RUN_WARMUP_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/err.h"
#include "bench/run/pattern.h"

enum {
    RG_WARMUP_ROWS = 5,            /* discarded at least ... */
    RG_WARMUP_NS = 200 * 1000000,  /* ... and for so long */
    RG_WARMUP_BATCH = 5,           /* batch size of MSER-5 */
    RG_WARMUP_PILOT_ROWS = 100,    /* rows of a pilot run, */
    RG_WARMUP_PILOT_MIN_ROWS = 10, /* or so many where they are slow */
    RG_WARMUP_EXTENSIONS = 2,
};

/* Marginal standard error rule on batch means: the number of leading rows to cut, argmin over
 * d <= m/2 of sum_{i>=d} (y_i - mean)^2 / (m-d)^2 for the m = n/batch batch means y. The first
 * minimum counts. ret_at_bound: the cut lies at the m/2 bound, so the series had not settled. With
 * fewer than 2 batches nothing is cut. */
size_t rg_mser(const double *values, size_t n, size_t batch, bool *ret_at_bound);

typedef struct rg_warm {
    int64_t start_ns, end_ns;
    uint64_t inferences;
    bool steady;   /* false: flag no-steady-state */
    double row_ns; /* median row of the last pilot */
} rg_warm;

/* Warms up within `budget_ns`; rows go to `rows`. When the budget is gone the last pilot is judged
 * with what there is. RG_FAILED as rg_loop_run. */
rg_status rg_warmup_run(const rg_loop *loop, int64_t budget_ns, rg_rows *rows, rg_warm *ret_warm,
                        rg_err *err);

#endif
