/* power_world.c: the load and the sensors of power_world.h. */
#include "tests/doubles/power_world.h"

#include <math.h>

static double burst_share(const power_world *w) {
    return w->burst_share > 0 ? w->burst_share : 0.5;
}

/* Seconds under load from the window's start to t. */
static double loaded_s(const power_world *w, double t) {
    t = fmin(fmax(t, 0), w->window_s);
    if (!(w->burst_s > 0))
        return t;
    double on = burst_share(w) * w->burst_s, sum[2],
           at[2] = {w->burst_phase_s, t + w->burst_phase_s};
    for (int i = 0; i < 2; i++)
        sum[i] = floor(at[i] / w->burst_s) * on + fmin(fmod(at[i], w->burst_s), on);
    return sum[1] - sum[0];
}

double power_world_mw(const power_world *w, double t) {
    bool load = t >= 0 && t < w->window_s;
    if (load && w->burst_s > 0)
        load = fmod(t + w->burst_phase_s, w->burst_s) < burst_share(w) * w->burst_s;
    double idle = w->idle_mw + (t >= w->idle_step_at_s ? w->idle_step_mw : 0);
    return idle + (load ? w->load_mw - w->idle_mw : 0) + w->drift_mw_per_s * t;
}

double power_world_uj(const power_world *w, double a, double b) {
    double idle = w->idle_mw * (b - a) + w->drift_mw_per_s * 0.5 * (b * b - a * a);
    double stepped = fmax(b - w->idle_step_at_s, 0) - fmax(a - w->idle_step_at_s, 0);
    double load = (w->load_mw - w->idle_mw) * (loaded_s(w, b) - loaded_s(w, a));
    return 1000 * (idle + w->idle_step_mw * stepped + load);
}

static double noise(rg_rng *rng) {
    double radius = sqrt(-2 * log(1 - rg_rng_unit(rng)));
    return radius * cos(2 * M_PI * rg_rng_unit(rng));
}

static double evenly(rg_rng *rng, double limit) {
    return limit * (2 * rg_rng_unit(rng) - 1);
}

/* The register that the reader finds, and where its next conversion ends. */
typedef struct converter {
    const power_world *world;
    const power_eye *eye;
    rg_rng *rng;
    double last_s, next_s, start_s;
    double held_mw, counter_uj;
} converter;

static converter converter_at(const power_world *world, const power_eye *eye, double t,
                              rg_rng *rng) {
    converter c = {.world = world, .eye = eye, .rng = rng, .start_s = t};
    c.last_s = t - eye->refresh_s;
    c.next_s = t;
    c.held_mw = power_world_mw(world, t) * (1 + eye->gain_error) + eye->offset_mw;
    c.counter_uj = floor((double)eye->wrap_uj * 0.75);
    return c;
}

static void count_energy(converter *c) {
    const power_eye *e = c->eye;
    double unit = e->lsb_uj > 0 ? e->lsb_uj : 1;
    double all = power_world_uj(c->world, c->start_s, c->next_s) * (1 + e->gain_error);
    double raw = floor((double)e->wrap_uj * 0.75) + unit * floor(all / unit);
    if (e->wrap_uj)
        raw = fmod(raw, (double)e->wrap_uj + unit);
    c->counter_uj = raw;
}

static void convert(converter *c) {
    const power_eye *e = c->eye;
    double span = c->next_s - c->last_s;
    double seen = e->kind == RG_POWER_INSTANT
                      ? power_world_mw(c->world, c->next_s)
                      : power_world_uj(c->world, c->last_s, c->next_s) / (1000 * span);
    seen = seen * (1 + e->gain_error) + e->offset_mw +
           (e->noise_mw > 0 ? e->noise_mw * noise(c->rng) : 0);
    double keep = e->kind == RG_POWER_RECURSIVE && e->lag_s > 0 ? exp(-span / e->lag_s) : 0;
    c->held_mw = keep * c->held_mw + (1 - keep) * seen;
    if (e->kind == RG_POWER_COUNTER)
        count_energy(c);
    c->last_s = c->next_s;
    c->next_s += e->refresh_s + evenly(c->rng, e->conversion_wander * e->refresh_s);
}

static rg_power_row row_of(const converter *c, double stamp_s, uint32_t rail) {
    const power_eye *e = c->eye;
    double mw = e->lsb_mw > 0 ? e->lsb_mw * round(c->held_mw / e->lsb_mw) : c->held_mw;
    double shown_s = stamp_s * (1 + e->clock_skew) + e->clock_error_s;
    return (rg_power_row){.t_ns = (int64_t)floor(shown_s * 1e9),
                          .half_ns = (int64_t)(e->half_s * 1e9),
                          .rail = rail,
                          .power_mw = mw,
                          .energy_uj = c->counter_uj,
                          .voltage_mv = NAN,
                          .current_ma = NAN};
}

size_t power_world_play(const power_world *world, const power_eye *eye, double around_s,
                        uint32_t rail, rg_rng *rng, rg_power_row *rows, size_t cap) {
    double begin = -around_s, end = world->window_s + around_s;
    double first = begin - eye->phase_s - eye->refresh_s - eye->delay_s;
    converter c = converter_at(world, eye, first, rng);
    size_t n = 0;
    for (double poll = begin; poll < end && n < cap; poll += eye->poll_s) {
        double stamp = poll + evenly(rng, eye->poll_wander * eye->poll_s);
        double taken = stamp + evenly(rng, eye->half_s);
        while (c.next_s <= taken - eye->delay_s)
            convert(&c);
        if (!(eye->lost > 0) || rg_rng_unit(rng) >= eye->lost)
            rows[n++] = row_of(&c, stamp, rail);
    }
    return n;
}

rg_rail power_eye_rail(const power_eye *eye) {
    return (rg_rail){
        .id = "a",
        .scope = RG_SCOPE_MODULE,
        .role = RG_ROLE_TOTAL,
        .kind = eye->kind,
        .refresh_s = eye->refresh_s,
        .lag_s = eye->lag_s,
        .limits = {.counter_wrap_uj = eye->wrap_uj, .lsb_uj = eye->lsb_uj, .lsb_mw = eye->lsb_mw}};
}
