/* explain.h: which recorded facts differ between two results, in order of their likely effect on
 * latency or energy. What is looked at, how much it may matter and what to try is one table of rows
 * (explain_fields.c); explain.c compares one pair of records by it, explain_sides.c all cells of
 * two results. Advice, not proof: several things may differ at once, and what was not recorded may
 * as well. */
#ifndef RG_RESULT_EXPLAIN_H
#define RG_RESULT_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/result/gate.h"

typedef enum rg_explain_goal { RG_EXPLAIN_LATENCY, RG_EXPLAIN_ENERGY } rg_explain_goal;
extern const char *const rg_explain_goals[]; /* "latency", "energy", NULL */

/* A fact that may differ. */
typedef struct rg_explain_field {
    const char *path; /* "bundle.host.cpu", "record.context.state.load_1m"; a last member "*" stands
                         for all that no other row names */
    const char *label;
    int weight[2];      /* by goal: 0 without effect ... 100 makes figures incomparable */
    int more_costs;     /* +1: more of it is slower or takes more energy; -1: less; 0: no telling */
    double share, step; /* numbers count as alike within this share of the larger, or this step */
    const char *advice;
} rg_explain_field;
extern const rg_explain_field rg_explain_fields[]; /* ends with a NULL path */

/* One side: bundle.json and a line of records.jsonl; both may be NULL. */
typedef struct rg_explain_side {
    const json_t *facts, *record;
} rg_explain_side;

typedef struct rg_difference {
    const char *path, *label, *advice;
    const char *a, *b; /* as text; "not recorded" where a side does not have it */
    int weight;        /* of the goal asked for */
    int effect;        /* +1: would make b slower or hungrier, -1: the other way; 0: no telling */
    bool fits;         /* `effect` is the way the figure went */
    double score;      /* what the order is by */
    size_t cells;      /* in how many cells */
    const char *cell;  /* name of one of them; "" */
} rg_difference;

/* Differences of one pair, the likeliest first, in `arena`. `change`: what the figure did, b / a -
 * 1, NAN when not known. RG_NO_MEMORY. */
rg_status rg_explain_pair(const rg_explain_side *a, const rg_explain_side *b, rg_explain_goal goal,
                          double change, rg_arena *arena, rg_difference **ret_list, size_t *ret_n,
                          rg_err *err);

/* Two results. Cells meet by key; two results of one cell each meet whatever they asked for. */
typedef struct rg_explanation {
    rg_difference *list;
    size_t n, n_cells; /* cells on both sides */
    const char *cell;  /* whose figure changed most, "" when none did */
    int metric;        /* the figure: rg_figure_key */
    double a, b, change;
} rg_explanation;

/* `only` (NULL: all) is a cell's name, or the start of its key; RG_USAGE when it names none. Where
 * no cell is on both sides n_cells is 0 and the bundles alone are compared. All memory is in
 * `arena`; texts may also live in the sides. */
rg_status rg_explain_sides(const rg_gate_side *a, const rg_gate_side *b, const char *only,
                           rg_explain_goal goal, rg_arena *arena, rg_explanation *ret, rg_err *err);

/* "slower", "hungrier" and so on: what a difference would do to b; "" when there is no telling. */
const char *rg_effect_word(rg_explain_goal goal, int effect);

/* "large", "moderate", "small": what a weight of the table means. */
const char *rg_weight_word(int weight);

#endif
