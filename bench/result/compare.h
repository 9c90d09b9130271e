/* compare.h: bundles side by side: how much each differs from the first, with intervals and without
 * verdicts. One row a cell, metric and bundle; the gate judges, explain.h tells why.
 *
 * The 95 % interval of a change is made of round-block bootstraps (stats.h) on the log scale,
 * seeded by the cell's key:
 *
 *   paired       the two bundles are arms of one interleaved session: the change is that of the
 *                geometric mean over pairs of rounds of the figure in one round (for latency its
 *                Harrell-Davis quantile); pairs are resampled, R - 1 degrees of freedom
 *   independent  the change is the ratio of the two headline values; their published intervals are
 *                taken back to standard errors, which add in squares, with degrees of freedom by
 *                Welch and Satterthwaite. Energy, whose published interval holds the instrument's
 *                error too, and figures without one: geometric means of the rounds' values instead
 *   exact        nothing varies on either side: there is no interval to tell
 *   single-round a side has one round, of which no interval over rounds can be made
 *
 * Energy is never compared across scopes; cells on other devices, or measured and simulated ones,
 * are not compared at all: the row says so in `note` and has no change. */
#ifndef RG_RESULT_COMPARE_H
#define RG_RESULT_COMPARE_H

#include <jansson.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/text.h"
#include "bench/result/gate.h"
#include "bench/result/result.h"

enum { RG_COMPARE_MAX = 26 }; /* bundles: A to Z */

/* Texts are never NULL, numbers that do not exist are NAN. */
typedef struct rg_compared {
    const char *cell, *name, *metric, *label, *unit, *better, *provenance;
    const char *bundle;                     /* "A" ... */
    double value, low, high;                /* headline value with its published 95 % interval */
    size_t n, rounds;                       /* samples behind the value; rounds behind the change */
    double change, change_low, change_high; /* shares against A; NAN in rows of A */
    const char *method, *note;
} rg_compared;

/* Members of a row, for JSON and CSV (result.h). */
extern const rg_result_field rg_compared_fields[];

typedef struct rg_comparison {
    const rg_gate_side *sides;
    size_t n_sides;
    rg_compared *rows; /* cells in the order of A, then those that A does not have */
    size_t n;
} rg_comparison;

/* Compares; `wanted` as in rg_gate_options (none set: latency, throughput, energy, memory and start
 * of the cell). Everything is in `arena`, texts also in the sides. RG_INVALID when no cell is in
 * two bundles. */
rg_status rg_compare(const rg_gate_side *sides, size_t n_sides, const bool *wanted, rg_arena *arena,
                     rg_comparison *ret, rg_err *err);

/* The change of one series of rounds against another, as above. `paired`: by place, n_a = n_b. */
typedef struct rg_effect {
    double change, low, high;
    const char *method;
} rg_effect;
rg_status rg_effect_of(const char *seed, const double *a, size_t n_a, const double *b, size_t n_b,
                       bool paired, rg_effect *ret, rg_err *err);

/* {"kind": "railgauge-compare", "schema": 1, "bundles": [...], "rows": [...]}; NULL when memory ran
 * out. */
json_t *rg_comparison_to_json(const rg_comparison *comparison);
void rg_comparison_to_csv(const rg_comparison *comparison, rg_text *ret_text);
void rg_comparison_to_text(const rg_comparison *comparison, size_t columns, rg_text *ret_text);

#endif
