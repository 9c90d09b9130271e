/* gate_budget.h: what a gate of so much time can see, from the spread of the rounds of a session
 * that was measured before. Used by plan_gate.c. */
#ifndef RG_CMD_GATE_BUDGET_H
#define RG_CMD_GATE_BUDGET_H

#include <jansson.h>

#include "bench/core/text.h"
#include "bench/result/gate.h"

/* One cell and metric. */
typedef struct rg_budget_row {
    const char *cell, *metric; /* borrowed from the gate */
    double sd;                 /* of the logarithmic change of one pair of rounds */
    double tolerance, target;  /* shares */
    double smallest;           /* share: seen in 95 of 100 gates; INFINITY */
    size_t needed;             /* rounds a side for the target; 0 more than a thousand */
} rg_budget_row;

typedef struct rg_budget {
    rg_budget_row *rows; /* owned */
    size_t n;
    size_t rounds, most;     /* a side that the time allows; that the last look asks for */
    double budget_s, pair_s; /* all cells once on both sides */
} rg_budget;

/* Mean seconds that a round took, over all rounds of a bundle; NAN without any. */
double rg_budget_round_s(const rg_bundle *bundle);

/* From a judged session, its cells' spread and the time of one pair of rounds of all cells. Free
 * rows with rg_budget_free. */
rg_status rg_budget_make(const rg_gate *gate, const rg_looks *looks, double budget_s, double pair_s,
                         rg_budget *ret_budget, rg_err *err);
void rg_budget_free(rg_budget *budget);

void rg_budget_to_text(const rg_budget *budget, rg_text *ret_text);
json_t *rg_budget_to_json(const rg_budget *budget); /* new reference, NULL without memory */

#endif
