/* eembc.h: energy sessions of MLPerf Tiny submissions, as the EEMBC runner leaves them: a folder
 * with trace1-energy.bin (energy per sample of the monitor), trace1-timestamps.json (edges of the
 * device's pin), log.txt (what was asked and answered) and results.txt (what was published from
 * it). The figures are worked out again from the samples and held against the published ones.
 * Formats were worked out from the public results of MLPerf Tiny v1.0 and v1.1; rules: tiny
 * benchmark's submission rules (five inputs, windows of 10 s, median). */
#ifndef RG_RESULT_EEMBC_H
#define RG_RESULT_EEMBC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"

enum { RG_EEMBC_WINDOWS = 32 };

/* One run of inferences, between two edges. */
typedef struct rg_eembc_window {
    unsigned number;       /* as published: window k lies between edges k and k+1, from 1 */
    double start_s, end_s; /* on the trace's clock */
    double energy_uj;      /* sum of its samples */
    double published_uj;   /* NAN where results.txt has no such window */
    double asked_s;        /* how long the log says it took, NAN when it does not */
} rg_eembc_window;

typedef struct rg_eembc {
    char model[32]; /* "kws01", "" unknown */
    double rate_hz;
    const float *samples_uj; /* lives in the arena */
    size_t n_samples, n_edges;
    unsigned n_asked;  /* inference commands in the log, 0 without one */
    double inferences; /* a window, 0 unknown */
    rg_eembc_window windows[RG_EEMBC_WINDOWS];
    size_t n_windows;
    double median_uj, published_median_uj; /* an inference; NAN unknown */
    bool short_windows; /* below 10 s: against the rules, but no reason to doubt the figure */
} rg_eembc;

/* Reads a session's folder. RG_IO or RG_BAD_DATA for what is missing or damaged; RG_INVALID, with
 * everything read filled in, for a session whose windows cannot be the inferences: an edge was
 * lost, or windows and log disagree by more than a tenth; or whose published energies are not those
 * of its samples (0.1 %). */
rg_status rg_eembc_read(const char *folder, rg_arena *arena, rg_eembc *ret_session, rg_err *err);

/* All of it for programs. New reference. */
json_t *rg_eembc_to_json(const rg_eembc *session);

#endif
