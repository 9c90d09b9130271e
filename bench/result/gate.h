/* gate.h: the same cells of two bundles, judged cell by cell and metric by metric. gate.c matches,
 * gate_test.c and gate_rounds.c measure one metric, gate_decide.c corrects over all, gate_order.c
 * concludes, gate_json.c writes it down (result.h).
 *
 * The rule (docs of the statistics, section 2.4): per round r the logarithmic change
 * d_r = s (ln candidate_r - ln baseline_r), s = +1 where more is worse, -1 where less is. Rounds
 * that were interleaved are paired and looked at after 6, 12, 24 and 48 of them (looks.h), at once
 * where their number was settled beforehand; others are compared by Welch's test.
 *
 *   regressed      p, corrected for looking, of mean d <= ln(1 + tolerance) survives
 *                  Benjamini-Hochberg at q = 0.05 over all tested cells and metrics (600 at
 *                  least where looks ended the session, looks.h)
 *   improved       the same with the sign turned
 *   pass           at some look the upper bound of mean d, 95 % over all looks, lay below
 *                  ln(1 + target)
 *   inconclusive   none of these; always, when a side has fewer than two rounds, and when rounds
 *                  were measured in two sessions without a control workload (gate_control.c)
 *   missing        the candidate lacks a cell or a figure that the baseline has
 *   error          the candidate's cell is wrong, failed, absent ... where the baseline's was ok
 *   invalid        one side was throttled, the other not
 *   not-comparable simulated against measured, another device, another schema
 *   skipped        nothing to judge: new cells and figures, cells that had no value before either
 *
 * Values without any spread (counters, the simulated target) are compared exactly with the
 * tolerance. Memory: regressed when every candidate round exceeds every baseline round by more than
 * the tolerance and 1 MiB. Arena bytes, MACs and placement: exact. Outputs: any more differing
 * elements are an error.
 *
 * Rounds count as interleaved when both bundle.json say so: {"pairing": {"session": ID, "arm":
 * "A"}} with the same session and different arms; rounds with the same number are then partners.
 * A pairing may name its schedule of looks, {"looks": "standard" or "strict"}: its rounds ended by
 * what they showed. */
#ifndef RG_RESULT_GATE_H
#define RG_RESULT_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/text.h"
#include "bench/result/bundle.h"
#include "bench/result/looks.h"
#include "bench/result/record.h"

/* name, word in files, exit code it leads to, rank: the worst first in tables, sentence */
#define RG_VERDICT_LIST(X)                                                                         \
    X(PASS, "pass", OK, 1, "not worse than the target allows")                                     \
    X(REGRESSED, "regressed", REGRESSED, 8, "worse than the tolerance")                            \
    X(IMPROVED, "improved", OK, 2, "better than the tolerance")                                    \
    X(INCONCLUSIVE, "inconclusive", INCONCLUSIVE, 4, "the rounds do not tell")                     \
    X(MISSING, "missing", INCOMPLETE, 9, "the candidate has no value, the baseline has")           \
    X(ERROR, "error", INCOMPLETE, 10,                                                              \
      "the candidate's cell did not finish ok, the baseline's did")                                \
    X(INVALID, "invalid", INVALID, 6, "a rule of measuring was broken")                            \
    X(NOT_COMPARABLE, "not-comparable", INVALID, 5, "the two sides are different things")          \
    X(SKIPPED, "skipped", OK, 0, "nothing to judge")

typedef enum rg_verdict {
#define X(name, word, exit, rank, text) RG_VERDICT_##name,
    RG_VERDICT_LIST(X)
#undef X
        RG_VERDICT_COUNT
} rg_verdict;

const char *rg_verdict_word(rg_verdict verdict);
int rg_verdict_rank(rg_verdict verdict);
rg_exit rg_verdict_exit(rg_verdict verdict);

/* One side. Borrowed; must outlive the gate. */
typedef struct rg_gate_side {
    const char *name;    /* the folder, as given */
    const json_t *facts; /* bundle.json */
    const json_t *cells; /* cells.jsonl; NULL: take the records' word for it */
    const json_t *records;
    bool finished;
    const json_t
        *places; /* of keys in both lists, which a gate makes for its own; NULL: searched */
} rg_gate_side;

/* The side that a bundle is. */
rg_gate_side rg_gate_side_of(const rg_bundle *bundle);

typedef struct rg_gate_limit {
    double tolerance, target; /* shares: 0.01 and 0.05; NAN: not said */
} rg_gate_limit;

typedef struct rg_gate_options {
    rg_gate_limit limits[RG_FIG_COUNT]; /* from the command line; they win over the scenario's */
    bool wanted[RG_FIG_COUNT];          /* metrics to judge; none set: the default ones */
    bool strict;                        /* presets of 0.5 % / 2 % in place of 1 % / 5 % */
    const char *control;    /* cell, by name or key, whose drift is taken out of stored comparisons;
                               NULL: the gate block's "control" */
    const json_t *expected; /* cells that must be there, and skips (gate_expect.c); NULL */
} rg_gate_options;

/* No limits, default metrics. */
rg_gate_options rg_gate_options_default(void);

/* "latency_p95_ns=2%" or "latency_p95=0.02", "all=2%": sets the tolerance, or the target. RG_USAGE
 * naming the nearest metric. */
rg_status rg_gate_set_limit(rg_gate_options *options, bool target, const char *text, rg_err *err);

/* Is this parsed file one of expected cells, {"cells": [names, or lines with "name"], "skip":
 * [...]}? RG_BAD_DATA naming what is wrong. */
rg_status rg_gate_expect_check(const json_t *file, const char *path, rg_err *err);

/* Adds a metric by key, with or without its unit. RG_USAGE as above. */
rg_status rg_gate_want(rg_gate_options *options, const char *metric, rg_err *err);

/* One judged cell and metric, or (metric RG_FIG_COUNT) a whole cell that cannot be judged. Text
 * lives in the gate's arena or the sides. */
typedef struct rg_gate_test {
    const char *key, *cell; /* the cell's key and name */
    int metric;             /* rg_figure_key; RG_FIG_COUNT: the cell as a whole */
    rg_verdict verdict;
    double tolerance, target;   /* shares; NAN for a whole cell */
    double baseline, candidate; /* headline values; NAN */
    double change, low, high;   /* candidate / baseline - 1, and its 95 % interval; NAN */
    double worse;               /* the same, positive when worse; for sorting; NAN */
    double cell_worse;          /* the largest `worse` of the cell's tests with this verdict */
    double p_worse, p_better;   /* before correction; NAN when not tested */
    double q_worse, q_better;   /* after Benjamini-Hochberg */
    double sd_log;              /* of the logarithmic change of one round; NAN */
    rg_looked looked;           /* by rounds: what the looks said; `call` FAIL: surely worse */
    size_t rounds_baseline, rounds_candidate;
    size_t rounds_needed; /* rounds a side that would decide; 0 unknown */
    const char *method;   /* "paired", "welch", "welch-control", "exact", "every-round", "" */
    const char *note;     /* why, and what to try; "" */
} rg_gate_test;

typedef struct rg_gate {
    rg_arena *arena;
    rg_gate_side baseline, candidate;
    rg_gate_test *tests; /* worst first */
    size_t n;
    size_t counts[RG_VERDICT_COUNT];
    size_t n_cells;           /* of the baseline */
    bool interleaved;         /* rounds were paired */
    const rg_looks *looks;    /* their schedule; NULL: one look */
    const json_t *expected;   /* of the options */
    const json_t *control[2]; /* records of the control workload, then and now; NULL */
    const char *const *notes; /* about the comparison as a whole */
    size_t n_notes;
    rg_exit exit; /* before any mapping */
} rg_gate;

/* Judges. RG_INVALID when a side holds no record at all, or no ok record of a control workload that
 * is asked for. Free with rg_gate_free. */
rg_status rg_gate_judge(const rg_gate_side *baseline, const rg_gate_side *candidate,
                        const rg_gate_options *options, rg_gate **ret_gate, rg_err *err);
void rg_gate_free(rg_gate *gate); /* accepts NULL */

/* While two arms are still being measured: is this cell decided, so that more of its rounds would
 * change nothing? One of its metrics surely regressed, or all passed or have no look left. */
bool rg_gate_settled(const rg_gate *gate, const char *key);

/* Adds the command that measures the failing cells again: the session's own with --only for each of
 * them where the sides were interleaved (pairing.command of bundle.json), else a run of the
 * candidate's scenario, one cell a line. `first`: the worst cell alone. "" when none failed. */
void rg_gate_reproduce(const rg_gate *gate, bool first, rg_text *ret_text);

#endif
