/* step_fit.c: the response to a step of load, both edges laid over each other. A point sensor
 * jumps; a block average has at most one value in between, whose height tells where in the block
 * the step fell; a mean over several refreshes climbs in a line, a recursive average in an
 * exponential. */
#include <math.h>

#include "bench/result/step_priv.h"

/* The updates of one edge as a rise from 0 to 1, times from the edge. */
typedef struct edge {
    const rg_step_work *work;
    double at_s, until_s, from_mw, to_mw;
} edge;

static void edges_of(const rg_step_work *work, edge ret[2]) {
    ret[0] = (edge){work, 0, work->off_s, work->idle_mw, work->load_mw};
    ret[1] = (edge){work, work->off_s, work->end_s, work->load_mw, work->after_mw};
}

static double height(const edge *e, size_t i) {
    return (e->work->mw[i] - e->from_mw) / (e->to_mw - e->from_mw);
}

/* Updates are seen half a reading late on average. */
static double moment(const edge *e, size_t i) {
    return e->work->t_s[i] - 0.5 * e->work->read_s - e->at_s;
}

static bool is_inside(const edge *e, size_t i) {
    return e->work->t_s[i] >= e->at_s && e->work->t_s[i] < e->until_s;
}

/* How far from 0 and 1 a height must be to lie in between. */
static double margin_of(const rg_step_work *work) {
    double noise = work->noise_mw / fabs(work->load_mw - work->idle_mw);
    return fmin(0.4, 0.04 + 4 * noise);
}

/* First update that has arrived, how many lie in between before it, and the last of these. */
typedef struct climb {
    size_t full, partial, n_partial;
    bool arrived;
} climb;

static climb climb_of(const edge *e, double margin) {
    climb c = {0};
    for (size_t i = 0; i < e->work->n_updates && !c.arrived; i++) {
        if (!is_inside(e, i) || height(e, i) <= margin)
            continue;
        c.arrived = height(e, i) >= 1 - margin;
        if (c.arrived)
            c.full = i;
        else
            c.partial = i, c.n_partial++;
    }
    return c;
}

/* --- sharp edges: points and blocks -------------------------------------------------------------
 */

/* The share of a block that the step left over tells how long before the block's end it came. */
static void fit_sharp(const edge edges[2], double margin, rg_step_fit *ret) {
    double sum = 0, refresh = isfinite(ret->refresh_s) ? ret->refresh_s : 0, limit = 0;
    int n = 0;
    bool averages = false;
    for (int i = 0; i < 2; i++) {
        climb c = climb_of(&edges[i], margin);
        if (!c.arrived)
            continue;
        double share = c.n_partial ? height(&edges[i], c.partial) : 0.5;
        size_t at = c.n_partial ? c.partial : c.full;
        sum += moment(&edges[i], at) - share * refresh;
        limit += c.n_partial ? 0.5 * edges[i].work->read_s : 0.5 * refresh;
        averages |= c.n_partial > 0;
        n++;
    }
    ret->kind = ret->kind == RG_POWER_COUNTER ? ret->kind
                : averages                    ? RG_POWER_BLOCK
                                              : RG_POWER_INSTANT;
    ret->delay_s = n ? sum / n : NAN;
    ret->delay_limit_s = n ? limit / n + 0.5 * edges[0].work->read_s : NAN;
    ret->misfit = 0;
}

/* --- slow edges: two models, least squares ------------------------------------------------------
 */

typedef double (*model)(double t, double scale);

static double exponential(double t, double lag) {
    return t > 0 ? 1 - exp(-t / lag) : 0;
}

static double line(double t, double window) {
    return t <= 0 ? 0 : t >= window ? 1 : t / window;
}

static double misfit(const edge edges[2], model shape, double delay, double scale) {
    double square = 0;
    size_t n = 0;
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < edges[k].work->n_updates; i++) {
            if (!is_inside(&edges[k], i))
                continue;
            double off = height(&edges[k], i) - shape(moment(&edges[k], i) - delay, scale);
            square += off * off;
            n++;
        }
    }
    return n ? sqrt(square / (double)n) : INFINITY;
}

typedef struct response {
    double delay, scale, misfit;
} response;

static bool better(const edge edges[2], model shape, double delay, double scale, response *best) {
    if (!(scale > 1e-5))
        return false;
    double off = misfit(edges, shape, delay, scale);
    if (off >= best->misfit)
        return false;
    *best = (response){delay, scale, off};
    return true;
}

/* Walks downhill in delay and in scale by steps that shrink when none helps. */
static response fit(const edge edges[2], model shape, double delay, double scale) {
    response best = {delay, scale, misfit(edges, shape, delay, scale)};
    double step = 0.5 * scale;
    for (int turn = 0; turn < 200 && step > 1e-3 * scale; turn++) {
        bool moved = better(edges, shape, best.delay + step, best.scale, &best) ||
                     better(edges, shape, best.delay - step, best.scale, &best) ||
                     better(edges, shape, best.delay, best.scale + step, &best) ||
                     better(edges, shape, best.delay, best.scale - step, &best) ||
                     better(edges, shape, best.delay + step, best.scale - step, &best) ||
                     better(edges, shape, best.delay - step, best.scale + step, &best);
        step *= moved ? 1 : 0.5;
    }
    return best;
}

/* When both edges are two thirds up, for a first guess. */
static double two_thirds_s(const edge edges[2]) {
    double sum = 0;
    for (int k = 0; k < 2; k++) {
        size_t i = 0;
        while (i + 1 < edges[k].work->n_updates &&
               (!is_inside(&edges[k], i) || height(&edges[k], i) < 0.63))
            i++;
        sum += moment(&edges[k], i);
    }
    return fmax(0.5 * sum, 1e-4);
}

static void fit_slow(const edge edges[2], rg_step_fit *ret) {
    double guess = two_thirds_s(edges), refresh = isfinite(ret->refresh_s) ? ret->refresh_s : 0;
    response lagging = fit(edges, exponential, 0.05 * guess, 0.95 * guess);
    response running = fit(edges, line, 0.05 * guess, 1.4 * guess);
    bool recursive = lagging.misfit <= running.misfit;
    const response *best = recursive ? &lagging : &running;
    ret->kind = recursive ? RG_POWER_RECURSIVE : RG_POWER_BLOCK;
    ret->lag_s = recursive ? best->scale : 0;
    ret->window_s = recursive ? 0 : best->scale;
    /* what one conversion averages itself looks like half a refresh of delay */
    ret->delay_s = best->delay - (recursive && !ret->refresh_is_bound ? 0.5 * refresh : 0);
    ret->delay_limit_s = 0.5 * refresh + 0.05 * best->scale;
    ret->misfit = best->misfit;
}

void rg_step_respond(rg_step_work *work, rg_step_fit *ret) {
    edge edges[2];
    double margin = margin_of(work);
    edges_of(work, edges);
    climb up = climb_of(&edges[0], margin), down = climb_of(&edges[1], margin);
    bool slow = up.n_partial + down.n_partial > 3 || !up.arrived || !down.arrived;
    if (slow && !work->counter)
        fit_slow(edges, ret);
    else
        fit_sharp(edges, margin, ret);
}
