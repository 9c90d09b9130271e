/* history.h: a cell's metric over the runs of a store, with the changes of its level. store.h gives
 * the series, segment.h finds the changes; cmd/history*.c show them. Advice only. */
#ifndef RG_RESULT_HISTORY_H
#define RG_RESULT_HISTORY_H

#include "bench/result/record.h"
#include "bench/result/segment.h"
#include "bench/result/store.h"

/* One run's point, and what was made of it. */
typedef struct rg_history_point {
    rg_store_point run;
    double value;   /* median of the run's rounds (its headline where none are kept), divided by the
                       control's change where there is a control */
    double control; /* the control's own value in this run; NAN without one */
    double level;   /* of the stretch it lies in */
} rg_history_point;

/* A change with what the store knows of it. */
typedef struct rg_history_change {
    rg_change change;
    bool worse;             /* by the metric's direction */
    const char *first_seen; /* ISO time of the first --keep that told it; "" */
} rg_history_change;

typedef struct rg_history {
    rg_arena *arena;
    rg_store_cell cell, control_cell; /* control_cell.id 0: none */
    int metric;                       /* rg_figure_key */
    rg_history_point *points;         /* oldest first */
    size_t n, left_out;               /* left out: values that are not above zero, or runs in which
                                         the control has none */
    rg_history_change *changes;
    size_t n_changes;
    rg_segment_options how;
} rg_history;

/* What is asked for. */
typedef struct rg_history_ask {
    const char *cell, *metric; /* metric: with or without its unit, "latency_p95" */
    const char *control;       /* a cell whose workload never changes; "": none */
    size_t last;               /* runs, the newest; 0: all */
} rg_history_ask;

/* The metric's figure by its key with or without the unit; RG_USAGE naming the nearest. */
rg_status rg_history_metric(const char *word, int *ret_metric, rg_err *err);

/* Reads and segments. The seed of the permutations is the cell's key. With a control, each value is
 * divided by (control / median of all controls), so that what moves both is taken out. Errors as of
 * rg_store_find_cell and rg_history_metric; RG_USAGE when the cell never had the metric. */
rg_status rg_history_read(rg_store *store, const rg_history_ask *ask, rg_history **ret_history,
                          rg_err *err);
void rg_history_free(rg_history *history); /* accepts NULL */

/* Notes changes that were not noted before, with time and `who`; in one transaction. */
rg_status rg_history_keep(rg_store *store, rg_history *history, const char *who, rg_err *err);

#endif
