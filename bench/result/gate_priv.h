/* gate_priv.h: what the files of the gate share. */
#ifndef RG_RESULT_GATE_PRIV_H
#define RG_RESULT_GATE_PRIV_H

#include "bench/result/gate.h"

/* How one metric is judged. */
typedef enum rg_gate_rule {
    RG_RULE_ROUNDS,      /* by the rounds' logarithmic changes */
    RG_RULE_EVERY_ROUND, /* memory: every round beyond tolerance and 1 MiB */
    RG_RULE_EXACT,       /* deterministic figures */
    RG_RULE_OUTPUTS,     /* more differing outputs are an error */
} rg_gate_rule;

rg_gate_rule rg_gate_rule_of(int metric);

/* Fills in a test whose cell can be judged: values, change, p, and the verdict as far as it needs
 * no other test (PASS and INCONCLUSIVE may still become REGRESSED or IMPROVED). False when neither
 * side has the figure, so that there is nothing to say. */
bool rg_gate_measure(rg_gate *gate, const json_t *baseline, const json_t *candidate,
                     rg_gate_test *test);

/* The rounds of one side: their numbers and values, without those that have none. */
typedef struct rg_gate_series {
    double *value;
    int64_t *round;
    size_t n;
} rg_gate_series;
rg_gate_series rg_gate_series_of(rg_gate *gate, const json_t *record, int metric);

/* A metric of rule RG_RULE_ROUNDS; the series are used up. */
void rg_gate_measure_rounds(rg_gate *gate, rg_gate_series *a, rg_gate_series *b,
                            rg_gate_test *test);

/* The tolerance alone decides: for figures without luck. */
void rg_gate_measure_exact(rg_gate_test *test);

/* Instructions counted without hardware: judged exactly, where the rounds agree; not at all where
 * the other side's were counted in another way. False: a test like any other. */
bool rg_gate_measure_counted(rg_gate *gate, const json_t *baseline, const json_t *candidate,
                             const rg_gate_series *a, const rg_gate_series *b, rg_gate_test *test);

/* Which context that decides how fast a machine can be differs between two stored, measured records
 * of a cell: a sentence, NULL when none does. */
const char *rg_gate_context_differs(rg_gate *gate, const json_t *a, const json_t *b);

/* Finds the records of the control workload, where one is asked for. RG_INVALID when it is not ok
 * on both sides. */
rg_status rg_gate_find_control(rg_gate *gate, const rg_gate_options *options, rg_err *err);

/* Replaces a side's values (0: baseline) by sign x ln(value / control) of rounds with the same
 * number; rounds without a partner go. */
void rg_gate_take_out_control(rg_gate *gate, int side, int metric, double sign,
                              rg_gate_series *series);

/* A stored comparison of measured rounds without a control workload is at best inconclusive: what
 * Welch's test found stays on show, its verdict does not. */
void rg_gate_mind_drift(const rg_gate *gate, const json_t *candidate, rg_gate_test *test);

/* Tolerance and target on the scale of its rounds' differences: logarithms, or points. */
rg_look_limits rg_gate_look_limits(const rg_gate_test *test, size_t tests);

/* A change with the sign that makes worse positive. */
double rg_gate_worse_share(int metric, double change);

/* After all tests are measured: Benjamini-Hochberg over them, final verdicts. */
rg_status rg_gate_decide(rg_gate *gate, rg_err *err);

/* After rg_gate_decide: orders the tests, counts verdicts, finds the exit code, writes notes. */
void rg_gate_conclude(rg_gate *gate);

/* The command line's word, else the scenario's gate block ({metric = {tolerance =, target =}} or
 * {metric = tolerance}), else 1 % and 5 %. A target is never below its tolerance. */
rg_gate_limit rg_gate_limit_of(const rg_gate *gate, const rg_gate_options *options, int metric);

/* Are the two arms of one interleaved session? */
bool rg_gate_paired(const rg_gate_side *baseline, const rg_gate_side *candidate);

/* What one side says of a cell. */
typedef struct rg_gate_view {
    const json_t *record, *planned;
    const char *status; /* "ok", ..., or NULL: the cell is not there */
    const char *what;
} rg_gate_view;
rg_gate_view rg_gate_view_of(const rg_gate_side *side, const char *key);

/* {"records": {key: place}, "cells": ...} of a side, so that a thousand cells are not searched for
 * each test; a new reference, NULL without memory. */
json_t *rg_gate_places(const rg_gate_side *side);

/* The key of a line of cells or records, "" when it has none. */
const char *rg_gate_key_of(const json_t *line);

bool rg_gate_has_flag(const json_t *record, const char *flag);

/* Is the cell declared away? Then with reason and end as note. */
bool rg_gate_is_skipped(rg_gate *gate, const char *key, const char *name, const char **ret_note);

/* A note on skips that have ended; NULL: none has. */
const char *rg_gate_expired_skips(rg_gate *gate);

/* Cells named by the file of expected ones; whether a side knows one; and the verdict on a cell
 * that is expected but not ok on the candidate's side, else RG_VERDICT_COUNT. */
size_t rg_gate_expected_count(const rg_gate *gate);
const char *rg_gate_expected_at(const rg_gate *gate, size_t i);
bool rg_gate_is_known(const rg_gate *gate, const char *wanted);
rg_verdict rg_gate_expect(rg_gate *gate, const rg_gate_view *candidate, const char *key,
                          const char *name, const char **ret_note);

/* The verdict on a cell as a whole, or RG_VERDICT_COUNT when its metrics can be judged. */
rg_verdict rg_gate_cell_verdict(rg_gate *gate, const rg_gate_view *a, const rg_gate_view *b,
                                const char **ret_note);

/* "VALID: measured, 6 rounds a side, interleaved; unstable 2 then 0" */
void rg_gate_trust(const rg_gate *gate, rg_text *out);

/* What may be behind the worst verdict (explain.h), at most three: [{"what", "advice"}], empty when
 * the gate passes or nothing on record differs. New reference. */
json_t *rg_gate_causes(const rg_gate *gate);

/* printf into the gate's arena; never NULL. */
const char *rg_gate_note(rg_gate *gate, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
