/* gate_budget.c: rounds that a budget allows, and the smallest change that these can show. */
#include "bench/cmd/gate_budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"

double rg_budget_round_s(const rg_bundle *bundle) {
    size_t n, counted = 0;
    double sum = 0;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n);
    for (size_t i = 0; i < n; i++) {
        json_t *facts = NULL;
        if (rg_bundle_read_facts(bundle, orders[i], &facts, NULL) == RG_OK) {
            sum += rg_json_get_real(facts, "elapsed_ns", 0) * 1e-9;
            counted++;
        }
        json_decref(facts);
    }
    return counted ? sum / (double)counted : NAN;
}

static size_t rounds_of(const rg_looks *looks, double budget_s, double pair_s) {
    double rounds = floor(budget_s / pair_s), most = (double)looks->at[looks->n - 1];
    return rounds >= most ? (size_t)most : rounds > 0 ? (size_t)rounds : 0;
}

static int by_cell(const void *a, const void *b) {
    const rg_budget_row *x = a, *y = b;
    int cell = strcmp(x->cell, y->cell);
    return cell ? cell : strcmp(x->metric, y->metric);
}

rg_status rg_budget_make(const rg_gate *gate, const rg_looks *looks, double budget_s, double pair_s,
                         rg_budget *ret_budget, rg_err *err) {
    rg_budget budget = {.rows = calloc(gate->n + 1, sizeof *budget.rows),
                        .budget_s = budget_s,
                        .pair_s = pair_s,
                        .most = looks->at[looks->n - 1]};
    size_t tests = 0;
    if (!budget.rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    budget.rounds = rounds_of(looks, budget_s, pair_s);
    for (size_t i = 0; i < gate->n; i++)
        tests += isfinite(gate->tests[i].sd_log);
    if (tests < RG_LOOKS_LEAST_TESTS)
        tests = RG_LOOKS_LEAST_TESTS;
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *t = &gate->tests[i];
        const rg_look_limits limits = {log1p(t->tolerance), log1p(t->target), tests};
        if (!isfinite(t->sd_log) || rg_figure_in_points(t->metric))
            continue;
        budget.rows[budget.n++] = (rg_budget_row){
            .cell = t->cell,
            .metric = rg_figure_rows[t->metric].key,
            .sd = t->sd_log,
            .tolerance = t->tolerance,
            .target = t->target,
            .smallest = expm1(rg_looks_smallest(looks, t->sd_log, &limits, budget.rounds)),
            .needed = rg_looks_needed(looks, t->sd_log, &limits)};
    }
    qsort(budget.rows, budget.n, sizeof *budget.rows, by_cell);
    *ret_budget = budget;
    return RG_OK;
}

void rg_budget_free(rg_budget *budget) {
    free(budget->rows);
    *budget = (rg_budget){0};
}

static void add_row(const rg_budget_row *row, rg_text *out) {
    char needed[24] = "> 1000", smallest[24] = "nothing";
    if (row->needed)
        snprintf(needed, sizeof needed, "%zu", row->needed);
    if (isfinite(row->smallest))
        snprintf(smallest, sizeof smallest, "+%.1f %%", 100 * row->smallest);
    rg_text_printf(out, "  %-20s %7.2f %% %11s %8g %% %9s\n", row->metric, 100 * row->sd, smallest,
                   100 * row->target, needed);
}

void rg_budget_to_text(const rg_budget *budget, rg_text *ret_text) {
    char time[32], pair[32];
    rg_text_duration(1e9 * budget->budget_s, time, sizeof time);
    rg_text_duration(1e9 * budget->pair_s, pair, sizeof pair);
    rg_text_printf(ret_text,
                   "budget %s: at most %zu of %zu rounds a side (a round of all cells, both sides: "
                   "%s)\n\n",
                   time, budget->rounds, budget->most, pair);
    rg_text_printf(ret_text, "  %-20s %9s %11s %10s %9s\n", "metric", "spread", "is seen", "target",
                   "rounds");
    for (size_t i = 0; i < budget->n; i++) {
        if (!i || strcmp(budget->rows[i].cell, budget->rows[i - 1].cell))
            rg_text_printf(ret_text, "%s\n", budget->rows[i].cell);
        add_row(&budget->rows[i], ret_text);
    }
    rg_text_add(
        ret_text,
        "\nspread: of the change between paired rounds; is seen: the smallest change that 95 "
        "of\n100 such gates report; rounds: a side, to see the target\n");
}

json_t *rg_budget_to_json(const rg_budget *budget) {
    json_t *rows = json_array();
    for (size_t i = 0; i < budget->n; i++) {
        const rg_budget_row *row = &budget->rows[i];
        json_t *object =
            json_pack("{s:s, s:s, s:f, s:f, s:f}", "cell", row->cell, "metric", row->metric,
                      "tolerance", row->tolerance, "target", row->target, "sd_log", row->sd);
        rg_json_set_real(object, "smallest", row->smallest);
        if (row->needed)
            json_object_set_new(object, "rounds_needed", json_integer((json_int_t)row->needed));
        json_array_append_new(rows, object);
    }
    return json_pack("{s:f, s:f, s:I, s:I, s:o}", "budget_s", budget->budget_s, "pair_s",
                     budget->pair_s, "rounds", (json_int_t)budget->rounds, "rounds_most",
                     (json_int_t)budget->most, "cells", rows);
}
