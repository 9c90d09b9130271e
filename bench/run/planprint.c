/* planprint.c: a plan for people and for programs, before anything runs. */
#include <string.h>

#include "bench/core/text.h"
#include "bench/run/planpattern.h"

enum { KEY_SHOWN = 12 };

/* The least time that the cell's rounds measure, load and warm-up not counted. */
static int64_t least_ns(const rg_cell *cell) {
    return rg_planpattern_least_ns(cell) * cell->tier.rounds;
}

static int widest_name(const rg_plan *plan) {
    size_t widest = strlen("cell");
    for (size_t i = 0; i < plan->n_cells; i++) {
        size_t columns = rg_text_columns(plan->cells[i].name);
        widest = columns > widest ? columns : widest;
    }
    return (int)widest;
}

void rg_plan_print(const rg_plan *plan, FILE *file) {
    int width = widest_name(plan);
    int64_t total_ns = 0;
    char time[32], pattern[64];
    fprintf(file, "%-*s  %-11s %-15s %-12s %6s  %9s  %s\n", width, "cell", "target", "pattern",
            "tier", "rounds", "at least", "key");
    for (size_t i = 0; i < plan->n_cells; i++) {
        const rg_cell *cell = &plan->cells[i];
        int pad = width - (int)rg_text_columns(cell->name);
        total_ns += least_ns(cell);
        rg_pattern_text(&cell->pattern, pattern, sizeof pattern);
        rg_text_duration((double)least_ns(cell), time, sizeof time);
        fprintf(file, "%s%*s  %-11s %-15s %-12s %6u  %9s  %.*s\n", cell->name, pad, "",
                cell->target, pattern, cell->tier.name, cell->tier.rounds, time, KEY_SHOWN,
                cell->key);
    }
    rg_text_duration((double)total_ns, time, sizeof time);
    fprintf(file,
            "%zu cell%s; measuring takes at least %s, load and warm-up not counted; plan %.*s\n",
            plan->n_cells, plan->n_cells == 1 ? "" : "s", time, KEY_SHOWN, plan->hash);
}

json_t *rg_plan_to_json(const rg_plan *plan) {
    json_t *cells = json_array();
    for (size_t i = 0; cells && i < plan->n_cells; i++)
        json_array_append_new(cells, rg_cell_to_json(&plan->cells[i]));
    return json_pack("{s:s, s:s, s:s, s:o}", "name", plan->name, "summary", plan->summary, "hash",
                     plan->hash, "cells", cells);
}
