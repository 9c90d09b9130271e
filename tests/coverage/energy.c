/* energy.c: does the stated uncertainty of an energy tell the truth? Boards out of large lots: gain
 * and offset anywhere within their limits, any phase, noise, lost reads, wandering clocks. For each
 * profile: how often U covers the known joules, total and above idle, and the mean error. Figures
 * that are refused by chance are not stated; few may be. Prints TAP with the table as comments.
 *
 *   coverage_energy [TRIALS [PROFILE]]      2000 trials unless told; 93 to 97 of 100 are asked, and
 *                                           three standard errors more with fewer trials */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/doubles/power_world.h"

enum { MAX_ROWS = 40000, MAX_CHIP_RAILS = 3 };

/* A kind of board. Loads are 5 W of idle and 8 W under load unless the world says otherwise. */
typedef struct profile {
    const char *name;
    power_world world;
    power_eye eye;
    double gain, offset_mw; /* limits of error, drawn evenly */
    double around_s;        /* trace before and after the window */
    double idle_step_mw;    /* idle power moves by up to this at any moment of the window */
    double clock_limit_s;   /* the meter's clock is off by up to this, and says so as half_ns */
    size_t rails;           /* on one chip: gain and offset in common; 0: one */
    bool steady;            /* the mean error has a limit too */
} profile;

#define LOOP(seconds)                                                                              \
    { .idle_mw = 5000, .load_mw = 8000, .window_s = seconds }
#define HEAVY(seconds)                                                                             \
    { .idle_mw = 5000, .load_mw = 15000, .window_s = seconds }
#define BURSTS(seconds, period)                                                                    \
    { .idle_mw = 5000, .load_mw = 15000, .window_s = seconds, .burst_s = period }

/* Every refresh, averaged with this time constant, read so often; noise of one conversion. */
#define SEEN(a_kind, refresh, lag, poll, noise, lsb, ...)                                          \
    {                                                                                              \
        .kind = RG_POWER_##a_kind, .refresh_s = refresh, .lag_s = lag, .poll_s = poll,             \
        .noise_mw = noise, .lsb_mw = lsb, __VA_ARGS__                                              \
    }
#define COUNTED(refresh, poll, unit, wrap, ...)                                                    \
    {                                                                                              \
        .kind = RG_POWER_COUNTER, .refresh_s = refresh, .poll_s = poll, .lsb_uj = unit,            \
        .wrap_uj = wrap, __VA_ARGS__                                                               \
    }
/* Last: limits of gain and offset, and how much is recorded around the window. */
#define ROW(a_name, a_world, an_eye, a_gain, offset, around, ...)                                  \
    {                                                                                              \
        .name = a_name, .world = a_world, .eye = an_eye, .gain = a_gain, .offset_mw = offset,      \
        .around_s = around, __VA_ARGS__                                                            \
    }

static const profile profiles[] = {
    ROW("point 100 ms", LOOP(10), SEEN(INSTANT, 0.1, 0, 0.1, 20, 1, .lost = 0), 0.005, 20, 4,
        .steady = true),
    ROW("point 100 ms, noisy", LOOP(10), SEEN(INSTANT, 0.1, 0, 0.1, 400, 1, .lost = 0), 0.005, 20,
        4, .steady = true),
    ROW("point 20 ms, exact but noisy", LOOP(5), SEEN(INSTANT, 0.02, 0, 0.02, 150, 1, .lost = 0), 0,
        0, 4, .steady = true),
    ROW("block 35 ms (ina226)", LOOP(10), SEEN(BLOCK, 0.0352, 0, 0.0352, 30, 25, .lost = 0), 0.011,
        40, 4, .steady = true),
    ROW("block 35 ms polled at 10 ms", LOOP(10), SEEN(BLOCK, 0.0352, 0, 0.01, 30, 1, .lost = 0),
        0.011, 40, 4, .steady = true),
    ROW("recursive, lag 0.43 s (ina3221)", HEAVY(25),
        SEEN(RECURSIVE, 0.00084, 0.43, 0.0215, 100, 40, .lost = 0), 0.0125, 80, 8, .steady = true),
    ROW("counter 1 ms (RAPL)", LOOP(5), COUNTED(0.001, 0.005, 61, 262143328850, .lost = 0), 0.01, 0,
        3, .steady = true),
    ROW("counter 100 ms that wraps", LOOP(10),
        COUNTED(0.1, 0.02, 1000, 60000000, .poll_wander = 0.3), 0.002, 0, 4, .steady = true),
    ROW("counter 100 ms, exact", LOOP(10), COUNTED(0.1, 0.04, 1000, 0, .conversion_wander = 0.1), 0,
        0, 4, .steady = true),
    ROW("short window, 25 refreshes", LOOP(2.5), SEEN(BLOCK, 0.1, 0, 0.1, 50, 1, .lost = 0), 0.005,
        20, 4, .steady = true),
    ROW("offset and gain alike", LOOP(8), SEEN(BLOCK, 0.04, 0, 0.04, 100, 1, .lost = 0), 0.01, 80,
        4, .steady = true),
    ROW("coarse steps of 200 mW", LOOP(8), SEEN(BLOCK, 0.04, 0, 0.04, 0.5, 200, .lost = 0), 0.005,
        0, 4, .steady = true),
    ROW("idle moves by up to 60 mW", LOOP(8), SEEN(BLOCK, 0.02, 0, 0.02, 30, 1, .lost = 0), 0.005,
        20, 4, .idle_step_mw = 60, .steady = true),
    ROW("bursts, block 10 ms", BURSTS(20, 0.4937),
        SEEN(BLOCK, 0.01, 0, 0.01, 30, 1, .poll_wander = 0.3), 0.01, 40, 4, .steady = false),
    ROW("bursts, point 10 ms", BURSTS(20, 0.4937),
        SEEN(INSTANT, 0.01, 0, 0.01, 30, 1, .poll_wander = 0.3), 0.01, 40, 4, .steady = false),
    ROW("bursts, recursive 0.2 s", BURSTS(20, 1.7),
        SEEN(RECURSIVE, 0.01, 0.2, 0.01, 300, 1, .poll_wander = 0.3), 0.01, 40, 6, .steady = false),
    ROW("bursts, counter 10 ms", BURSTS(20, 0.4937), COUNTED(0.01, 0.01, 61, 0, .lost = 0), 0.01, 0,
        4, .steady = false),
    ROW("one burst of 5 lags, recursive", LOOP(2),
        SEEN(RECURSIVE, 0.01, 0.4, 0.01, 30, 1, .lost = 0), 0.01, 40, 8, .steady = false),
    ROW("lost reads, wandering clocks", LOOP(20),
        SEEN(BLOCK, 0.01, 0, 0.01, 100, 1, .lost = 0.0001, .poll_wander = 0.2,
             .conversion_wander = 0.1),
        0.01, 40, 4, .steady = true),
    ROW("meter's clock off by 20 ms", LOOP(10),
        SEEN(INSTANT, 0.1, 0, 0.1, 30, 1, .clock_skew = 50e-6), 0.005, 20, 4, .clock_limit_s = 0.02,
        .steady = true),
    ROW("three rails of one chip", LOOP(10), SEEN(BLOCK, 0.02, 0, 0.02, 100, 1, .lost = 0), 0.01,
        40, 4, .rails = 3, .steady = true),
};
#undef ROW
#undef SEEN
#undef COUNTED
enum { N_PROFILES = sizeof profiles / sizeof profiles[0] };

/* One trial's trace. */
typedef struct trial {
    power_world world;
    rg_rail rails[MAX_CHIP_RAILS];
    rg_power_row rows[MAX_ROWS];
    size_t n, n_rails;
} trial;

typedef struct score {
    size_t total, above, refused;
    double error, error_above, relative; /* sums; relative: of U to the energy */
    double k;
} score;

static double evenly(rg_rng *rng, double limit) {
    return limit * (2 * rg_rng_unit(rng) - 1);
}

static void draw(const profile *p, rg_rng *rng, trial *ret) {
    power_eye eye = p->eye;
    eye.gain_error = evenly(rng, p->gain);
    eye.offset_mw = evenly(rng, p->offset_mw);
    eye.clock_error_s = evenly(rng, p->clock_limit_s);
    ret->world = p->world;
    ret->world.idle_mw += evenly(rng, 0.5 * eye.lsb_mw);
    ret->world.load_mw += evenly(rng, 0.5 * eye.lsb_mw);
    ret->world.burst_phase_s = rg_rng_unit(rng) * p->world.burst_s;
    ret->world.idle_step_mw = evenly(rng, p->idle_step_mw);
    ret->world.idle_step_at_s = rg_rng_unit(rng) * p->world.window_s;
    ret->n = 0;
    ret->n_rails = p->rails ? p->rails : 1;
    for (uint32_t r = 0; r < ret->n_rails; r++) {
        eye.phase_s = eye.refresh_s * rg_rng_unit(rng);
        ret->rails[r] = power_eye_rail(&eye);
        ret->rails[r].limits.gain = p->gain;
        ret->rails[r].limits.offset_mw = p->offset_mw;
        ret->rails[r].role = p->rails ? RG_ROLE_COMPONENT : RG_ROLE_TOTAL;
        ret->n += power_world_play(&ret->world, &eye, p->around_s, r, rng, ret->rows + ret->n,
                                   MAX_ROWS - ret->n);
    }
    for (size_t i = 0; i < ret->n && p->clock_limit_s > 0; i++)
        ret->rows[i].half_ns = (int64_t)(p->clock_limit_s * 1e9);
}

static rg_energy_ask ask_of(const profile *p, const trial *t) {
    double window = t->world.window_s, around = p->around_s;
    return (rg_energy_ask){
        .rails = t->rails,
        .n_rails = t->n_rails,
        .rows = t->rows,
        .n_rows = t->n,
        .window = {0, (int64_t)(window * 1e9)},
        .idle_before = {(int64_t)((0.1 - around) * 1e9), -50000000},
        .idle_after = {(int64_t)((window + 0.05) * 1e9), (int64_t)((window + around - 0.1) * 1e9)},
        .inferences = 1000};
}

static void judge(const profile *p, const trial *t, score *tally) {
    rg_energy energy;
    rg_energy_ask ask = ask_of(p, t);
    if (rg_energy_measure(&ask, &energy, NULL) != RG_OK)
        exit(1);
    const power_world *w = &t->world;
    double rails = (double)t->n_rails, truth = rails * power_world_uj(w, 0, w->window_s);
    power_world idle = *w;
    idle.load_mw = idle.idle_mw;
    double over = truth - rails * power_world_uj(&idle, 0, w->window_s);
    const rg_energy_sum *sum = &energy.headline;
    if (sum->refusals | sum->above_refusals) {
        tally->refused++;
        rg_energy_free(&energy);
        return;
    }
    tally->total += fabs(sum->total.uj - truth) <= sum->total.expanded_uj;
    tally->above += fabs(sum->above.uj - over) <= sum->above.expanded_uj;
    tally->error += sum->total.uj / truth - 1;
    tally->error_above += sum->above.uj / over - 1;
    tally->relative += sum->total.expanded_uj / truth;
    tally->k += sum->total.k;
    rg_energy_free(&energy);
}

/* 93 to 97 of 100, and what chance alone moves a smaller study by. */
static bool within(size_t covered, double stated, size_t trials) {
    double share = (double)covered / stated;
    double slack = trials >= 2000 ? 0 : 3 * sqrt(0.95 * 0.05 / (double)trials);
    return share >= 0.93 - slack && share <= 0.97 + slack;
}

static bool study(size_t number, size_t trials, trial *t) {
    const profile *p = &profiles[number];
    rg_rng rng = rg_rng_seeded(20260000 + number);
    score tally = {0};
    for (size_t i = 0; i < trials; i++) {
        draw(p, &rng, t);
        judge(p, t, &tally);
    }
    double n = fmax(1, (double)(trials - tally.refused)),
           chance = 3 * (p->gain + p->offset_mw / 8000 + 0.002) / sqrt(3 * n);
    double bias = tally.error / n;
    bool ok = within(tally.total, n, trials) && within(tally.above, n, trials) &&
              tally.refused <= trials / 20;
    ok = ok && (!p->steady || fabs(bias) < fmax(0.001, trials >= 2000 ? 0 : chance));
    printf("%sok %zu - %s\n", ok ? "" : "not ", number + 1, p->name);
    printf("# | %-32s | %5.1f | %5.1f | %+.3f | %+.3f | %.2f | %.2f | %zu |\n", p->name,
           100 * (double)tally.total / n, 100 * (double)tally.above / n, 100 * bias,
           100 * tally.error_above / n, 100 * tally.relative / n, tally.k / n, tally.refused);
    fflush(stdout);
    return ok;
}

int main(int argc, char **argv) {
    size_t trials = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 2000;
    trial *t = calloc(1, sizeof *t);
    bool ok = t && trials > 0;
    printf(
        "1..%d\n# %zu trials; covered %% total, above idle; mean error %% total, above; U %%; k; refused\n",
        N_PROFILES, trials);
    for (size_t i = 0; t && trials && i < N_PROFILES; i++) {
        if (argc <= 2 || atoi(argv[2]) == (int)i + 1)
            ok = study(i, trials, t) && ok;
    }
    free(t);
    return ok ? 0 : 1;
}
