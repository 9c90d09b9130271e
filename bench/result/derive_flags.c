/* derive_flags.c: quality of a cell: do its rounds agree, drift, or have several modes? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"
#include "bench/run/workload.h"

static bool spread_beyond(const rg_cell_work *work, rg_figure_key key, double limit) {
    double low = INFINITY, high = 0;
    for (size_t r = 0; r < work->n; r++) {
        const rg_figure *figure = &work->views[r].figures[key];
        if (figure->na)
            continue;
        low = fmin(low, figure->value);
        high = fmax(high, figure->value);
    }
    return high > low * (1 + limit);
}

/* Half of the rounds drift inside, or the rounds drift one after another. */
static bool cell_drifts(const rg_cell_work *work) {
    double *means = malloc((work->n + 1) * sizeof *means);
    size_t drifting = 0;
    for (size_t r = 0; r < work->n && means; r++) {
        drifting += work->views[r].drifting;
        means[r] = rg_mean(work->views[r].latency_ns, work->views[r].n);
    }
    rg_trend trend = means ? rg_trend_of(means, work->n) : (rg_trend){0, 0, 1};
    bool between = trend.p < 0.01 && means && fabs(trend.change) > 0.01 * fabs(means[0]);
    free(means);
    return between || 2 * drifting > work->n || (work->n == 1 && drifting);
}

void rg_cell_union_flags(rg_cell_work *work, const rg_round *rounds, size_t n) {
    for (size_t r = 0; r < n; r++) {
        size_t i;
        json_t *flag;
        json_array_foreach(json_object_get(rounds[r].facts, "flags"), i, flag) {
            if (json_is_string(flag))
                rg_codes_add(work->flags, json_string_value(flag));
        }
    }
}

/* Some energy was measured, and the weights are made up. */
static bool energy_is_indicative(const rg_cell_work *work) {
    bool measured = false;
    for (size_t r = 0; r < work->n; r++)
        measured |= work->views[r].has_energy;
    const char *weights = rg_weights_word(rg_json_get_text(work->cell, "source", ""));
    return measured && !strcmp(weights, "seeded");
}

void rg_cell_find_flags(rg_cell_work *work) {
    for (size_t r = 0; r < work->n; r++) {
        if (work->views[r].overhead_subtracted)
            rg_codes_add(work->flags, "overhead-subtracted");
        if (work->views[r].block > 1)
            rg_codes_add(work->flags, "clock-coarse");
        rg_view_add_accepted(&work->views[r], work->flags);
    }
    const rg_figure *missed = &work->figures[RG_FIG_deadline_miss_share];
    if (missed->set && missed->value == 1)
        rg_codes_add(work->flags, "deadline-out-of-reach");
    if (work->n == 1)
        rg_codes_add(work->flags, "within-one-process");
    if (energy_is_indicative(work))
        rg_codes_add(work->flags, "indicative");
    if (!work->pool)
        return;
    size_t n;
    const double *sorted = rg_pool_sorted(work->pool, &n);
    if (spread_beyond(work, RG_FIG_latency_p50_ns, 0.1) ||
        spread_beyond(work, RG_FIG_latency_p95_ns, 0.1))
        rg_codes_add(work->flags, "unstable");
    if (cell_drifts(work))
        rg_codes_add(work->flags, "drifting");
    if (rg_mvalue(sorted, n) > RG_MVALUE_BIMODAL)
        rg_codes_add(work->flags, "multimodal");
    if (n >= 72 && rg_mode_gap(sorted, n) > 0.1)
        rg_codes_add(work->flags, "mode-boundary");
}
