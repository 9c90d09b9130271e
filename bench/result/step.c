/* step.c: levels, refresh and response of one rail over a step of load. step_fit.c fits the
 * response, step_claim.c compares with what the sensor says of itself. */
#include "bench/result/step.h"

#include <math.h>
#include <stdlib.h>

#include "bench/result/stats.h"
#include "bench/result/step_priv.h"

/* --- readings ----------------------------------------------------------------------------------
 */

/* A counter's reading is the mean power since its last tick. */
static bool take_counter(rg_step_work *work, const rg_power_row *row, const rg_power_row **last) {
    const rg_power_row *from = *last;
    if (from && row->energy_uj == from->energy_uj)
        return false;
    *last = row;
    if (!from || row->energy_uj < from->energy_uj) /* the first, or a wrap */
        return false;
    double seconds = (double)(row->t_ns - from->t_ns) * 1e-9;
    work->mw[work->n] = (row->energy_uj - from->energy_uj) / seconds / 1000;
    return true;
}

static void take_rows(const rg_step_ask *ask, uint32_t rail, rg_step_work *work) {
    const rg_power_row *last = NULL;
    int64_t before_ns = INT64_MIN;
    for (size_t i = 0; i < ask->n_rows; i++) {
        const rg_power_row *row = &ask->rows[i];
        bool good = row->rail == rail && !(row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY)) &&
                    row->t_ns > before_ns && row->t_ns >= ask->start_ns && row->t_ns <= ask->end_ns;
        if (!good)
            continue;
        before_ns = row->t_ns;
        if (work->counter ? !take_counter(work, row, &last) : !isfinite(row->power_mw))
            continue;
        if (!work->counter)
            work->mw[work->n] = row->power_mw;
        work->t_s[work->n++] = (double)(row->t_ns - ask->on_ns) * 1e-9;
    }
}

static rg_status open_work(const rg_step_ask *ask, uint32_t rail, rg_step_work *ret, rg_err *err) {
    *ret = (rg_step_work){.counter = ask->rails[rail].kind == RG_POWER_COUNTER};
    ret->off_s = (double)(ask->off_ns - ask->on_ns) * 1e-9;
    ret->end_s = (double)(ask->end_ns - ask->on_ns) * 1e-9;
    ret->t_s = calloc(3 * (ask->n_rows + 1), sizeof *ret->t_s);
    if (!ret->t_s)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu power rows", ask->n_rows);
    ret->mw = ret->t_s + ask->n_rows + 1;
    ret->spare = ret->mw + ask->n_rows + 1;
    take_rows(ask, rail, ret);
    return RG_OK;
}

/* --- levels ------------------------------------------------------------------------------------
 */

typedef struct level {
    double mw, noise_mw;
    size_t n;
} level;

/* Median between two times, and the spread around it from the middle half: outliers do not count.
 */
static level level_of(rg_step_work *work, double from_s, double to_s) {
    size_t n = 0;
    for (size_t i = 0; i < work->n; i++) {
        if (work->t_s[i] >= from_s && work->t_s[i] < to_s)
            work->spare[n++] = work->mw[i];
    }
    rg_sort_reals(work->spare, n);
    double spread = rg_quantile(work->spare, n, 0.75) - rg_quantile(work->spare, n, 0.25);
    return (level){rg_quantile(work->spare, n, 0.5), spread / 1.349, n};
}

/* The last parts of idle, load and idle. Moved: by more than two steps of the scale, more than the
 * medians' own doubt, and more than half a percent. */
static void find_levels(rg_step_work *work, double lsb_mw, rg_step_fit *ret) {
    double begin = work->n ? work->t_s[0] : 0;
    level idle = level_of(work, 0.5 * begin, 0);
    level load = level_of(work, 0.75 * work->off_s, work->off_s);
    level after = level_of(work, work->end_s - 0.25 * (work->end_s - work->off_s), work->end_s);
    ret->n = work->n;
    ret->idle_mw = work->idle_mw = idle.mw;
    ret->load_mw = work->load_mw = load.mw;
    work->after_mw = after.mw;
    ret->noise_mw = work->noise_mw = fmax(idle.noise_mw, after.noise_mw);
    if (idle.n < 3 || load.n < 3 || after.n < 3)
        return;
    double doubt =
        5 * hypot(idle.noise_mw / sqrt((double)idle.n), load.noise_mw / sqrt((double)load.n));
    double step = fabs(load.mw - idle.mw), least = fmax(2 * fmax(lsb_mw, 0), 0.005 * fabs(idle.mw));
    double fallen = fabs(load.mw - after.mw);
    ret->moved = step > fmax(doubt, least) && fallen > 0.5 * step;
}

/* --- refresh -----------------------------------------------------------------------------------
 */

static double median_read_s(rg_step_work *work) {
    for (size_t i = 1; i < work->n; i++)
        work->spare[i - 1] = work->t_s[i] - work->t_s[i - 1];
    rg_sort_reals(work->spare, work->n - 1);
    return rg_quantile(work->spare, work->n - 1, 0.5);
}

/* Keeps only readings whose value is new, the first of each. */
static void keep_updates(rg_step_work *work) {
    size_t n = 1;
    for (size_t i = 1; i < work->n; i++) {
        if (work->mw[i] == work->mw[n - 1])
            continue;
        work->t_s[n] = work->t_s[i];
        work->mw[n++] = work->mw[i];
    }
    work->n_updates = n;
}

/* Distances of updates are whole numbers of refreshes, mostly one; where a value happens to repeat,
 * more. Too few updates tell nothing. */
static void find_refresh(rg_step_work *work, rg_step_fit *ret) {
    double read_s = median_read_s(work), sum = 0, count = 0;
    ret->refresh_s = NAN;
    keep_updates(work);
    size_t k = work->n_updates - 1;
    work->read_s = read_s;
    if (k < 20)
        return;
    for (size_t i = 0; i < k; i++)
        work->spare[i] = work->t_s[i + 1] - work->t_s[i];
    rg_sort_reals(work->spare, k);
    double one = rg_quantile(work->spare, k, 0.5);
    for (size_t i = 0; i < k; i++) {
        sum += work->spare[i];
        count += fmax(1, round(work->spare[i] / one));
    }
    ret->refresh_is_bound = !work->counter && one < 1.5 * read_s;
    ret->refresh_s = ret->refresh_is_bound ? read_s : sum / count;
}

rg_status rg_step_measure(const rg_step_ask *ask, uint32_t rail, rg_step_fit *ret_fit,
                          rg_err *err) {
    rg_step_work work;
    rg_step_fit fit = {.kind = ask->rails[rail].kind, .refresh_s = NAN};
    fit.delay_s = fit.delay_limit_s = fit.misfit = NAN;
    rg_status status = open_work(ask, rail, &work, err);
    if (status != RG_OK)
        return status;
    find_levels(&work, ask->rails[rail].limits.lsb_mw, &fit);
    if (fit.moved) {
        find_refresh(&work, &fit);
        rg_step_respond(&work, &fit);
    }
    rg_step_compare(&ask->rails[rail], work.read_s, &fit);
    free(work.t_s);
    *ret_fit = fit;
    return RG_OK;
}
