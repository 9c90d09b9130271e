/* explain_sides.c: all cells of two results: each pair is compared (explain.c) and what differs in
 * several cells is told once, for the cell whose figure changed most. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/explain.h"
#include "bench/result/gate_priv.h"
#include "bench/result/record.h"

enum { MERGED = 1024 };

/* Figures that tell how a cell went, the first that both sides have. */
static const int figures[2][4] = {
    [RG_EXPLAIN_LATENCY] = {RG_FIG_latency_p95_ns, RG_FIG_latency_p50_ns, RG_FIG_latency_mean_ns,
                            RG_FIG_COUNT},
    [RG_EXPLAIN_ENERGY] = {RG_FIG_energy_total_uj, RG_FIG_energy_above_idle_uj,
                           RG_FIG_power_mean_mw, RG_FIG_COUNT},
};

static double value_of(const json_t *record, int metric) {
    rg_figure figure = rg_figure_from_json(
        json_object_get(json_object_get(record, "figures"), rg_figure_rows[metric].key));
    return figure.set && !figure.na ? figure.value : NAN;
}

/* b / a - 1 of the first figure that both have; NAN. */
static double change_of(const rg_explain_side *a, const rg_explain_side *b, rg_explain_goal goal,
                        rg_explanation *at) {
    for (const int *metric = figures[goal]; *metric != RG_FIG_COUNT; metric++) {
        double x = value_of(a->record, *metric), y = value_of(b->record, *metric);
        if (!isfinite(x) || !isfinite(y) || !(x > 0))
            continue;
        at->metric = *metric;
        at->a = x;
        at->b = y;
        return y / x - 1;
    }
    return NAN;
}

/* Adds the differences of one cell; those that are there already count one cell more. */
static void merge(rg_explanation *all, const rg_difference *list, size_t n, const char *cell,
                  bool leads) {
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < all->n && (strcmp(all->list[k].path, list[i].path) ||
                              strcmp(all->list[k].label, list[i].label)))
            k++;
        if (k == MERGED)
            continue;
        size_t cells = k < all->n ? all->list[k].cells + 1 : 1;
        if (k == all->n || leads) {
            all->list[k] = list[i];
            all->list[k].cell = cell;
        }
        all->list[k].cells = cells;
        all->n += k == all->n;
    }
}

static rg_status add_pair(rg_explanation *all, const rg_explain_side *a, const rg_explain_side *b,
                          rg_explain_goal goal, rg_arena *arena, rg_err *err) {
    rg_explanation at = {0};
    rg_difference *list;
    size_t n;
    double change = change_of(a, b, goal, &at);
    rg_status status = rg_explain_pair(a, b, goal, change, arena, &list, &n, err);
    if (status != RG_OK)
        return status;
    const char *name = rg_json_get_text(b->record, "name", "");
    bool leads = isfinite(change) && !(fabs(change) <= fabs(all->change));
    merge(all, list, n, name, leads);
    all->n_cells += a->record && b->record;
    if (!leads)
        return RG_OK;
    all->cell = name;
    all->change = change;
    all->metric = at.metric;
    all->a = at.a;
    all->b = at.b;
    return RG_OK;
}

static bool is_wanted(const json_t *record, const char *only) {
    return !only || !strcmp(rg_json_get_text(record, "name", ""), only) ||
           !strncmp(rg_gate_key_of(record), only, strlen(only));
}

static rg_status add_cells(rg_explanation *all, const rg_gate_side *a, const rg_gate_side *b,
                           const char *only, rg_explain_goal goal, rg_arena *arena,
                           size_t *ret_named, rg_err *err) {
    size_t i;
    json_t *record;
    rg_status status = RG_OK;
    bool alone = json_array_size(a->records) == 1 && json_array_size(b->records) == 1;
    json_array_foreach(b->records, i, record) {
        const json_t *was = alone ? json_array_get(a->records, 0)
                                  : rg_gate_view_of(a, rg_gate_key_of(record)).record;
        if (!is_wanted(record, only))
            continue;
        ++*ret_named;
        if (was && status == RG_OK)
            status = add_pair(all, &(rg_explain_side){a->facts, was},
                              &(rg_explain_side){b->facts, record}, goal, arena, err);
    }
    return status;
}

static int likeliest_first(const void *a, const void *b) {
    const rg_difference *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    if (x->cells != y->cells)
        return x->cells < y->cells ? 1 : -1;
    return strcmp(x->label, y->label);
}

rg_status rg_explain_sides(const rg_gate_side *a, const rg_gate_side *b, const char *only,
                           rg_explain_goal goal, rg_arena *arena, rg_explanation *ret,
                           rg_err *err) {
    size_t named = 0;
    rg_explanation all = {.cell = "", .metric = RG_FIG_COUNT, .a = NAN, .b = NAN, .change = NAN};
    all.list = rg_arena_array(arena, MERGED, sizeof *all.list);
    if (!all.list)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory to compare two results");
    rg_status status = add_cells(&all, a, b, only, goal, arena, &named, err);
    if (status == RG_OK && only && !named)
        status = rg_fail(err, RG_USAGE, "`railgauge report` lists the cells of a bundle",
                         "%s has no cell '%s'", b->name, only);
    if (status == RG_OK && !all.n_cells)
        status = add_pair(&all, &(rg_explain_side){a->facts, NULL},
                          &(rg_explain_side){b->facts, NULL}, goal, arena, err);
    if (status != RG_OK)
        return status;
    qsort(all.list, all.n, sizeof *all.list, likeliest_first);
    *ret = all;
    return RG_OK;
}
