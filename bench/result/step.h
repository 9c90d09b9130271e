/* step.h: what a sensor is, seen from a step of known load: idle, full load, idle. Fits delay,
 * refresh and lag of a rail, tells a recursive average from a block average, and compares with what
 * the sensor claims. Pure, over a meter's rows; `railgauge power check` makes the step and keeps
 * what was fitted (run/fitted.h). Method: energy notes, 4.1. */
#ifndef RG_RESULT_STEP_H
#define RG_RESULT_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

/* Rows of all rails, in order of time within each, and when the load was there. */
typedef struct rg_step_ask {
    const rg_rail *rails;
    const rg_power_row *rows;
    size_t n_rows;
    int64_t start_ns, on_ns, off_ns, end_ns;
} rg_step_ask;

/* Times in seconds; NAN where the readings do not tell. */
typedef struct rg_step_fit {
    size_t n;                          /* readings */
    double idle_mw, load_mw, noise_mw; /* noise: standard deviation while nothing changes */
    bool moved;                        /* the load can be seen; else nothing below is told */
    rg_power_kind kind;                /* recursive, block, counter, or instant: no average seen */
    double refresh_s;                  /* a new value this often */
    bool refresh_is_bound;             /* at most: it was not read any faster */
    double lag_s;                      /* time constant of a recursive average, else 0 */
    double window_s;                   /* of a mean over several refreshes, else 0 */
    double delay_s, delay_limit_s;     /* from the load to the readings, +- */
    double misfit;                     /* rms of what is left, as a share of the step */
    const char *code;                  /* NULL: as claimed; "stale", "sensor-differs" */
    char what[160];                    /* what differs, in words */
} rg_step_fit;

/* RG_OK also for a rail that did not move (code "stale"); RG_NO_MEMORY. */
rg_status rg_step_measure(const rg_step_ask *ask, uint32_t rail, rg_step_fit *ret_fit, rg_err *err);

/* The fit beside the claim: {"id", "fitted": {...}, "claimed": {...}, "code", "what"}. */
json_t *rg_step_to_json(const rg_step_fit *fit, const rg_rail *rail);

#endif
