/* energy_priv.h: what the files of energy share: one rail at work. energy.c measures it,
 * energy_estimate.c forms baseline and estimates, energy_budget.c their uncertainty,
 * energy_refuse.c what speaks against them; energy_sum.c adds rails up. */
#ifndef RG_RESULT_ENERGY_PRIV_H
#define RG_RESULT_ENERGY_PRIV_H

#include "bench/result/energy.h"

/* Times in seconds from the window's start. */
typedef struct rg_rail_work {
    const rg_energy_ask *ask;
    const rg_rail *rail;
    rg_series series;
    double window_s, settle_s;
    double lead_s, tail_s; /* what counts before and after the window for bursts */
    rg_series_mean load, before, after;
    double baseline_mw, slope_mw_per_s; /* at the window's middle; NAN when idle was not measured */
    double u_baseline_mw;
    bool one_sided; /* idle on one side only: nobody knows how it drifted */
    bool moving;    /* power trends over the window */
    double tick_s;  /* how well the readings at the edges are known in time */
    bool on_ticks;  /* a counter that was seen to tick at both edges */
    bool uneven;    /* power comes and goes within the window */
} rg_rail_work;

/* One rail over the window; refusals instead of values where there are none. */
rg_status rg_energy_measure_rail(const rg_energy_ask *ask, uint32_t rail, rg_rail_energy *ret,
                                 rg_err *err);

double rg_energy_seconds(const rg_rail_work *work, int64_t t_ns);

/* --- energy_estimate.c ----------------------------------------------------------------------- */

/* Means of load and idle, the baseline, and whether the load is steady. */
void rg_energy_look(rg_rail_work *work, double period_s);

/* The three estimates and which of them counts. */
void rg_energy_estimate(const rg_rail_work *work, rg_rail_energy *ret);

/* --- energy_budget.c ------------------------------------------------------------------------- */

void rg_energy_total_budget(const rg_rail_work *work, rg_rail_energy *ret);
void rg_energy_above_budget(const rg_rail_work *work, rg_rail_energy *ret);

/* Standard uncertainty of the idle power itself; NAN where the sensor's limits are unknown. */
double rg_energy_idle_doubt(const rg_rail_work *work);

/* --- energy_refuse.c ------------------------------------------------------------------------- */

/* Counts readings inside the window, fresh, lost and bad; returns the longest distance in beats. */
double rg_energy_count(const rg_rail_work *work, rg_rail_energy *ret);

/* Everything against the total, uncertainty aside, and against the part above idle. */
uint32_t rg_energy_total_refusals(const rg_rail_work *work, const rg_rail_energy *ret,
                                  double longest);
uint32_t rg_energy_above_refusals(const rg_rail_work *work, const rg_rail_energy *ret);

#endif
