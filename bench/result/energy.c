/* energy.c: one rail over the window, from its readings to a value with refusals. The steps have
 * files of their own, see energy_priv.h; energy_sum.c adds rails up. */
#include "bench/result/energy.h"

#include <math.h>

#include "bench/result/energy_priv.h"

double rg_energy_seconds(const rg_rail_work *work, int64_t t_ns) {
    return (double)(t_ns - work->ask->window.start_ns) * 1e-9;
}

static void describe(const rg_rail_work *work, rg_rail_energy *ret) {
    ret->n_settled = work->load.n;
    ret->mean_mw = work->load.mean_mw;
    ret->idle_before_mw = work->before.mean_mw;
    ret->idle_after_mw = work->after.mean_mw;
    ret->idle_mw = work->baseline_mw;
    ret->idle_u_mw = rg_energy_idle_doubt(work);
}

static void measure_series(rg_rail_work *work, rg_rail_energy *ret) {
    const rg_series *s = &work->series;
    work->settle_s = fmax(5 * s->lag_s, 2 * s->refresh_s);
    double longest = rg_energy_count(work, ret);
    rg_energy_look(work, ret->period_s);
    describe(work, ret);
    rg_energy_estimate(work, ret);
    ret->refusals |= rg_energy_total_refusals(work, ret, longest);
    if (!isfinite(ret->total.uj))
        return;
    if (ret->estimator != RG_ESTIMATOR_MEAN)
        ret->mean_mw = ret->total.uj / work->window_s / 1000;
    rg_energy_total_budget(work, ret);
    if (rg_energy_is_vague(&ret->total))
        ret->refusals |= RG_REFUSE_UNCERTAINTY;
    rg_energy_above_budget(work, ret);
    ret->above_refusals |= rg_energy_above_refusals(work, ret);
}

rg_status rg_energy_measure_rail(const rg_energy_ask *ask, uint32_t rail, rg_rail_energy *ret,
                                 rg_err *err) {
    *ret = (rg_rail_energy){.rail = rail, .mean_mw = NAN};
    ret->trapezoid_uj = ret->mean_uj = ret->tail_uj = NAN;
    ret->idle_before_mw = ret->idle_after_mw = ret->idle_mw = ret->idle_u_mw = NAN;
    ret->total.uj = ret->above.uj = NAN;
    if (ask->rails[rail].status != RG_OK) {
        ret->refusals = RG_REFUSE_NO_SENSOR;
        return RG_OK;
    }
    rg_rail_work work = {.ask = ask, .rail = &ask->rails[rail]};
    work.window_s = (double)(ask->window.end_ns - ask->window.start_ns) * 1e-9;
    rg_status status = rg_series_clean(ask, rail, &work.series, err);
    if (status != RG_OK)
        return status;
    measure_series(&work, ret);
    rg_series_free(&work.series);
    return RG_OK;
}
