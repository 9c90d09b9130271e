/* derive_priv.h: what the files of derive share: one round seen through its arithmetic. */
#ifndef RG_RESULT_DERIVE_PRIV_H
#define RG_RESULT_DERIVE_PRIV_H

#include "bench/result/derive.h"
#include "bench/result/energy.h"
#include "bench/result/stats.h"

/* A round prepared: steady latencies in order of completion and sorted, window, energy. */
typedef struct round_view {
    const rg_round *round;
    const json_t *facts;
    double *latency_ns, *sorted_ns; /* n each, an inference */
    size_t n;
    double block, batch;
    double inferences; /* samples inside the window */
    double window_s;
    bool overhead_subtracted, drifting;
    rg_trend trend;
    bool has_power; /* power was asked for */
    bool has_energy;
    rg_energy energy;
    const char *power_refusal; /* code told by the meter, or NULL */
    rg_figure figures[RG_FIG_COUNT];
} round_view;

rg_status rg_view_open(const rg_round *round, round_view *ret_view, rg_err *err);
void rg_view_close(round_view *view); /* accepts {0} */

/* Everything but latency, throughput and energy: read from the facts. */
void rg_view_fill_facts(round_view *view);

/* Energy of the round into `view`; then its figures. */
rg_status rg_view_measure_energy(round_view *view, rg_err *err);
void rg_view_fill_energy(round_view *view);

/* Energy figures of a cell, from its ok rounds; returns the detail, {} when power was not asked. */
json_t *rg_views_combine_energy(const round_view *views, size_t n, rg_figure *figures);

/* Figures read from the facts, combined over rounds by one table. */
void rg_views_combine_facts(const round_view *views, size_t n, const rg_draws *draws,
                            rg_figure *figures);

/* Operations of one inference in units of 1e12: 2 x macs x 1e-12; NAN with the code when unknown.
 */
double rg_view_tera_ops(const round_view *view, const char **ret_na);

/* Adds a code to a JSON array of codes, once. */
void rg_codes_add(json_t *codes, const char *code);

#endif
