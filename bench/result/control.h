/* control.h: stored baselines and drift: a control workload, a pinned program and model that never
 * changes, is measured beside the baseline then and beside the candidate now; what it moved by is
 * taken out of the change:
 *
 *   d = (ln B - ln C_now) - (ln A - ln C_then)
 *
 * on rounds, by Welch's test (docs of the statistics, 2.5). Without a control the drift between two
 * sessions looks like a change, so that such a comparison is at best inconclusive. The control adds
 * its own noise: choose one with a light tail. gate_rounds.c judges one metric, history.c divides
 * series in the same way. */
#ifndef RG_RESULT_CONTROL_H
#define RG_RESULT_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/result/stats.h"

/* A metric of one cell by its rounds; `round` numbers them. Borrowed. */
typedef struct rg_control_rounds {
    const double *value;
    const int64_t *round;
    size_t n;
} rg_control_rounds;

/* What was measured in one session: the cell, and the control beside it. */
typedef struct rg_control_session {
    rg_control_rounds cell, control;
} rg_control_session;

typedef struct rg_control_test {
    rg_ttest test; /* of d against `shift`; p_greater: of no more than shift */
    double drift;  /* exp(mean ln C_now - mean ln C_then) - 1: what was taken out */
    bool by_round; /* rounds of cell and control with one number were partners in both sessions */
    size_t n_then, n_now; /* rounds behind each side */
} rg_control_test;

/* ln(cell) - ln(control) of rounds with the same number, into `ret` (room for cell.n; may be the
 * cell's own values); how many.
 * Values that are not finite and positive have no partner. */
size_t rg_control_ratios(const rg_control_session *session, double *ret);

/* The test. Where fewer than two rounds of a session have a partner, its cell and its control count
 * as independent samples, and Welch-Satterthwaite adds up their variances. RG_INVALID naming what
 * is missing when a session has fewer than two rounds of the cell or of its control, or a value
 * that is not above zero. RG_NO_MEMORY. */
rg_status rg_control_compare(const rg_control_session *then, const rg_control_session *now,
                             double shift, rg_control_test *ret_test, rg_err *err);

#endif
