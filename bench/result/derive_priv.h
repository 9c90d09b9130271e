/* derive_priv.h: what the files of derive share: one round seen through its arithmetic. */
#ifndef RG_RESULT_DERIVE_PRIV_H
#define RG_RESULT_DERIVE_PRIV_H

#include "bench/result/derive.h"
#include "bench/result/energy.h"
#include "bench/result/stats.h"

/* A round prepared: steady latencies in order of completion and sorted, window, energy. */
typedef struct rg_round_view {
    const rg_round *round;
    const json_t *facts;
    const rg_sample *steady; /* raw rows behind the warm-up, n_rows of them */
    size_t n_rows;
    double *latency_ns, *sorted_ns; /* n each, an inference */
    size_t n;
    const json_t *arrivals; /* facts of an open loop, else NULL; its rows may be dropped requests */
    double block, batch;
    double inferences; /* samples inside the window */
    double window_s;
    bool overhead_subtracted, drifting;
    rg_trend trend;
    bool has_power; /* power was asked for */
    bool has_energy;
    rg_energy energy;
    uint32_t accepted;         /* refusals that were raised, but that the scenario accepts */
    const char *power_refusal; /* code told by the meter, or NULL */
    rg_figure figures[RG_FIG_COUNT];
} rg_round_view;

rg_status rg_view_open(const rg_round *round, rg_round_view *ret_view, rg_err *err);
void rg_view_close(rg_round_view *view); /* accepts {0} */

/* Everything but latency, throughput and energy: read from the facts. */
void rg_view_fill_facts(rg_round_view *view);

/* Requests that took longer than facts.deadline_ns, from the raw stamps; nothing without one. */
void rg_view_fill_deadline(rg_round_view *view);

/* The cell's misses, and their share with its interval. */
void rg_views_combine_deadline(const rg_round_view *views, size_t n, const rg_draws *draws,
                               rg_figure *figures);

/* True for a row that stands for a dropped request: it ends before it starts. */
bool rg_view_is_drop(const rg_round_view *view, const rg_sample *row);

/* Arrivals, drops and p99.9 of an open loop; nothing of a closed one. */
void rg_view_fill_open(rg_round_view *view);
void rg_views_combine_open(const rg_round_view *views, size_t n, const rg_pool *pool,
                           const rg_draws *draws, rg_figure *figures);

/* A named part of the round's rows, behind the steady ones; false when there is no such place. */
typedef struct rg_view_part {
    const char *name;
    const rg_sample *rows;
    size_t n;
} rg_view_part;
bool rg_view_part_at(const rg_round_view *view, size_t place, rg_view_part *ret_part);
size_t rg_view_part_rows(const json_t *facts); /* of all parts */

/* p95 of the window over that of the part "alone"; nothing without one. */
void rg_view_fill_parts(rg_round_view *view);

/* [{"name", "n", "figures"}] of all parts over the rounds, NULL where there are none. */
json_t *rg_views_parts(const rg_round_view *views, size_t n, const rg_draws *draws);

/* Burst and sustained figures of a soak; nothing of other patterns. */
rg_status rg_view_fill_soak(rg_round_view *view, rg_err *err);
void rg_views_combine_soak(const rg_round_view *views, size_t n, const rg_draws *draws,
                           rg_figure *figures);

/* Energy an inference over a part of the round, or why there is none. */
rg_figure rg_view_energy_between(const rg_round_view *view, rg_span span, double inferences);

/* Mean over rounds with its interval; n/a where a round has none, unset where none was asked. */
rg_figure rg_views_mean(const rg_round_view *views, size_t n, const rg_draws *draws,
                        rg_figure_key key);

/* Figures that only some cells have, left unset in all others. */
void rg_figures_unset_special(rg_figure *figures);

/* Hits of all rounds out of what they are of, with the interval of their share. */
void rg_share_figures(const double *hits, const double *of, size_t n, const rg_draws *draws,
                      rg_figure *ret_count, rg_figure *ret_share);

/* Energy of the round into `view`; then its figures. */
rg_status rg_view_measure_energy(rg_round_view *view, rg_err *err);
void rg_view_fill_energy(rg_round_view *view);

/* What a tool told in place of us (facts.told, by figure): fills what the rounds themselves cannot
 * tell. What it does not tell either is n/a (not-told). */
void rg_view_fill_told(rg_round_view *view);
void rg_views_combine_told(const rg_round_view *views, size_t n, rg_figure *figures);

/* What the view's energy was refused for and the scenario accepts, as flags. */
void rg_view_add_accepted(const rg_round_view *view, json_t *flags);

/* Energy figures of a cell, from its ok rounds; returns the detail, {} when power was not asked. */
json_t *rg_views_combine_energy(const rg_round_view *views, size_t n, rg_figure *figures);

/* A sum over rounds of energy with the parts of its uncertainty, in uJ. */
typedef struct rg_joules {
    double uj, u_systematic, u_random, dof;
    double flatness; /* of the systematic part, as in rg_energy_value */
} rg_joules;

/* k of the sum (rg_coverage_factor). */
double rg_joules_factor(const rg_joules *sum);

/* Energy an inference with U = k sqrt(systematic^2 + random^2) as interval, or its refusal. */
rg_figure rg_joules_figure(const rg_joules *sum, double inferences, uint32_t refusals);

/* Idle power with U(k=2) from its standard uncertainty (NAN: no interval), or why there is none. */
rg_figure rg_idle_figure(double idle_mw, double u_mw, uint32_t refusals);

/* TOPS/W = operations / joules: the window's length cancels, bounds swap. */
rg_figure rg_joules_efficiency(const rg_figure *energy_uj, double tera, const char *na);

/* All energy figures n/a with this code. */
void rg_figures_refuse_energy(rg_figure *figures, const char *code);

/* Figures read from the facts, combined over rounds by one table. */
void rg_views_combine_facts(const rg_round_view *views, size_t n, const rg_draws *draws,
                            rg_figure *figures);

/* Operations of one inference in units of 1e12: 2 x macs x 1e-12; NAN with the code when unknown.
 */
double rg_view_tera_ops(const rg_round_view *view, const char **ret_na);

/* The machine's state over the rounds (docs/machine-state.md) as one object of a few members; NULL
 * when the rounds tell nothing of it, as in simulated time. New reference. */
json_t *rg_views_state(const rg_round_view *views, size_t n);

/* Adds a code to a JSON array of codes, once. */
void rg_codes_add(json_t *codes, const char *code);

/* The cell at work: its ok rounds in order. */
typedef struct rg_cell_work {
    const json_t *cell;
    rg_round_view *views;
    size_t n, n_all;
    const rg_round *worst; /* NULL: none or all ok */
    rg_pool *pool;
    rg_draws *draws;
    rg_figure figures[RG_FIG_COUNT];
    json_t *flags;
} rg_cell_work;

/* What the pooled samples and the rounds give away, added to work->flags. */
void rg_cell_union_flags(rg_cell_work *work, const rg_round *rounds, size_t n);
void rg_cell_find_flags(rg_cell_work *work);

/* The record as one object; takes the reference `energy`. */
json_t *rg_cell_write_record(const rg_cell_work *work, const rg_round *rounds, size_t n,
                             json_t *energy);

#endif
