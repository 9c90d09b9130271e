/* noise.c: the profiles of noise.h. */
#include "bench/result/noise.h"

#include <math.h>

const rg_noise_row rg_noise_rows[RG_NOISE_COUNT] = {
    [RG_NOISE_LOG_NORMAL] = {"log-normal", "5 % scatter"},
    [RG_NOISE_BIMODAL] = {"bimodal", "12 % of calls a quarter slower"},
    [RG_NOISE_AUTOCORR] = {"autocorr", "neighbouring calls alike (0.9)"},
    [RG_NOISE_HEAVY_TAIL] = {"heavy-tail", "8 % of calls slower without bound"},
    [RG_NOISE_DRIFT] = {"drift", "the session slows down by 2 to 6 %"},
    [RG_NOISE_QUIET] = {"quiet", "1 % scatter"},
    [RG_NOISE_LOPSIDED] = {"lopsided", "launches that are slower, never faster"},
    [RG_NOISE_CLOCK_STEPS] = {"clock-steps", "the clock jumps by 4 %"},
    [RG_NOISE_TIMER] = {"timer-1ms", "10 ms read by a timer of 1 ms"},
};

static const double base_ms = 10, launch_sd = 0.01, session_sd = 0.02;

/* Marsaglia's polar method; pairs. */
static double normal(rg_noise *noise) {
    if (!isnan(noise->spare)) {
        double spare = noise->spare;
        noise->spare = NAN;
        return spare;
    }
    double x, y, s;
    do {
        x = 2 * rg_rng_unit(&noise->rng) - 1;
        y = 2 * rg_rng_unit(&noise->rng) - 1;
        s = x * x + y * y;
    } while (s >= 1 || s == 0);
    double scale = sqrt(-2 * log(s) / s);
    noise->spare = y * scale;
    return x * scale;
}

static double unit_above_0(rg_noise *noise) {
    return 1 - rg_rng_unit(&noise->rng);
}

rg_noise rg_noise_new(rg_noise_kind kind, uint64_t seed, bool steady) {
    rg_noise noise = {.kind = kind, .rng = rg_rng_seeded(seed), .spare = NAN};
    noise.session = session_sd * normal(&noise);
    noise.slow_clock = rg_rng_unit(&noise.rng) < 0.5;
    if (kind == RG_NOISE_DRIFT) {
        noise.rise = 0.02 + 0.04 * rg_rng_unit(&noise.rng);
        noise.tau = 0.15 + 0.5 * rg_rng_unit(&noise.rng);
        noise.phase = rg_rng_unit(&noise.rng);
        noise.cycles = 1 + 3 * rg_rng_unit(&noise.rng);
    }
    if (steady)
        noise.session = noise.rise = noise.cycles = noise.phase = 0;
    return noise;
}

/* D at a place of the session. */
static double drift_at(const rg_noise *noise, double u) {
    if (noise->rise == 0)
        return 0;
    const double turn = 6.283185307179586;
    return noise->rise * (1 - exp(-u / noise->tau)) +
           0.01 * sin(turn * (noise->phase + noise->cycles * u));
}

static double launch_of(rg_noise *noise) {
    if (noise->kind != RG_NOISE_LOPSIDED)
        return launch_sd * normal(noise);
    double slow = rg_rng_unit(&noise->rng) < 0.1 ? 0.04 : 0;
    return slow - launch_sd * log(unit_above_0(noise));
}

/* Stationary AR(1): its state, one step on. */
static double step_on(rg_noise *noise, double state, double rho, double sd) {
    return rho * state + sd * sqrt(1 - rho * rho) * normal(noise);
}

static double heavy_part(rg_noise *noise) {
    if (rg_rng_unit(&noise->rng) >= 0.08)
        return 0;
    return log1p(0.15 * pow(unit_above_0(noise), -1 / 1.5));
}

static double clock_part(rg_noise *noise) {
    if (rg_rng_unit(&noise->rng) < 1.0 / 300)
        noise->slow_clock = !noise->slow_clock;
    return noise->slow_clock ? 0.04 : 0;
}

/* e of one iteration; `state` belongs to the round. */
static double error_of(rg_noise *noise, double *state) {
    switch (noise->kind) {
    case RG_NOISE_BIMODAL:
        return 0.02 * normal(noise) + (rg_rng_unit(&noise->rng) < 0.12 ? log(1.25) : 0);
    case RG_NOISE_AUTOCORR:
        return *state = step_on(noise, *state, 0.9, 0.05);
    case RG_NOISE_HEAVY_TAIL:
        return 0.02 * normal(noise) + heavy_part(noise);
    case RG_NOISE_DRIFT:
        return *state = step_on(noise, *state, 0.7, 0.03);
    case RG_NOISE_QUIET:
        return 0.01 * normal(noise);
    case RG_NOISE_LOPSIDED:
        return 0.02 * normal(noise);
    case RG_NOISE_CLOCK_STEPS:
        return 0.01 * normal(noise) + clock_part(noise);
    default:
        return 0.05 * normal(noise);
    }
}

/* What a timer of 1 ms makes of a duration that begins anywhere between two ticks. */
static double ticks(rg_noise *noise, double ms) {
    return fmax(1, floor(rg_rng_unit(&noise->rng) + ms));
}

void rg_noise_round(rg_noise *noise, double u, double u_end, double factor, double *ret_values,
                    size_t n) {
    double from = drift_at(noise, u), to = drift_at(noise, u_end);
    double common = noise->session + launch_of(noise) + log(factor);
    double state = noise->kind == RG_NOISE_AUTOCORR ? 0.05 * normal(noise) : 0.03 * normal(noise);
    for (size_t i = 0; i < n; i++) {
        double drift = from + (to - from) * (double)i / (double)n;
        ret_values[i] = base_ms * exp(common + drift + error_of(noise, &state));
        if (noise->kind == RG_NOISE_TIMER)
            ret_values[i] = ticks(noise, ret_values[i]);
    }
}
