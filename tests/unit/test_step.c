/* test_step.c: the step self-test's fit finds what a sensor is: delay, refresh, lag, and which kind
 * of average, from readings of a known load. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result/step.h"
#include "tests/doubles/power_world.h"

enum { MAX_ROWS = 40000 };

/* Idle, 5 s of load, idle; read every poll. */
static rg_step_fit fit_of(power_eye eye, rg_rail rail, uint64_t seed) {
    static rg_power_row rows[MAX_ROWS];
    const power_world world = {.idle_mw = 3000, .load_mw = 9000, .window_s = 5};
    rg_rng rng = rg_rng_seeded(seed);
    eye.phase_s = eye.refresh_s * rg_rng_unit(&rng);
    size_t n = power_world_play(&world, &eye, 5, 0, &rng, rows, MAX_ROWS);
    const rg_step_ask ask = {&rail, rows, n, -5000000000, 0, 5000000000, 10000000000};
    rg_step_fit fit;
    cr_assert_eq(rg_step_measure(&ask, 0, &fit, NULL), RG_OK);
    return fit;
}

#define near(a, b, tolerance) (fabs((a) - (b)) <= (tolerance))

Test(step, delay_refresh_and_lag_of_a_recursive_average_are_found) {
    const double lags[] = {0.05, 0.2, 0.43, 0.86}, delays[] = {0, 0.03, 0.2};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            power_eye eye = {.kind = RG_POWER_RECURSIVE, .refresh_s = 0.01, .lag_s = lags[i]};
            eye.poll_s = 0.002;
            eye.noise_mw = 60;
            eye.lsb_mw = 1;
            eye.delay_s = delays[k];
            rg_step_fit fit = fit_of(eye, power_eye_rail(&eye), (uint64_t)(10 * i + k));
            cr_expect_eq(fit.kind, RG_POWER_RECURSIVE, "lag %g", lags[i]);
            cr_expect(near(fit.lag_s, lags[i], 0.05 * lags[i]), "%g of %g", fit.lag_s, lags[i]);
            cr_expect(near(fit.refresh_s, 0.01, 0.0005), "%g", fit.refresh_s);
            cr_expect(near(fit.delay_s, delays[k], 0.01 + 0.03 * lags[i]), "%g of %g at lag %g",
                      fit.delay_s, delays[k], lags[i]);
            cr_expect_null(fit.code, "%s: %s", fit.code, fit.what);
        }
    }
}

Test(step, blocks_and_points_have_no_lag_and_their_delay_is_found) {
    const double refreshes[] = {0.01, 0.0352, 0.1};
    for (int i = 0; i < 3; i++) {
        for (uint64_t seed = 0; seed < 10; seed++) {
            power_eye eye = {.kind = seed & 1 ? RG_POWER_BLOCK : RG_POWER_INSTANT};
            eye.refresh_s = refreshes[i];
            eye.poll_s = refreshes[i] / 8;
            eye.noise_mw = 20;
            eye.lsb_mw = 1;
            eye.delay_s = 0.01 * (double)seed;
            rg_step_fit fit = fit_of(eye, power_eye_rail(&eye), seed);
            cr_expect(near(fit.refresh_s, refreshes[i], 0.02 * refreshes[i]), "%g", fit.refresh_s);
            cr_expect_eq(fit.lag_s, 0);
            cr_expect(near(fit.delay_s, eye.delay_s, fit.delay_limit_s), "%g of %g +- %g, seed %d",
                      fit.delay_s, eye.delay_s, fit.delay_limit_s, (int)seed);
            cr_expect(fit.kind == RG_POWER_BLOCK || fit.kind == RG_POWER_INSTANT);
            cr_expect(fit.kind == RG_POWER_INSTANT || eye.kind == RG_POWER_BLOCK,
                      "points have nothing in between");
            cr_expect_null(fit.code, "%s: %s", fit.code, fit.what);
        }
    }
}

Test(step, a_counter_shows_its_ticks) {
    power_eye eye = {.kind = RG_POWER_COUNTER, .refresh_s = 0.1, .poll_s = 0.01, .lsb_uj = 61};
    rg_step_fit fit = fit_of(eye, power_eye_rail(&eye), 3);
    cr_assert_eq(fit.kind, RG_POWER_COUNTER);
    cr_assert(near(fit.refresh_s, 0.1, 0.002), "%g", fit.refresh_s);
    cr_assert(near(fit.delay_s, 0, fit.delay_limit_s), "%g", fit.delay_s);
    cr_assert_null(fit.code);
}

Test(step, a_refresh_faster_than_the_reads_is_only_bounded) {
    power_eye eye = {.kind = RG_POWER_RECURSIVE, .refresh_s = 0.00084, .lag_s = 0.43};
    eye.poll_s = 0.002;
    eye.noise_mw = 300;
    eye.lsb_mw = 8;
    rg_step_fit fit = fit_of(eye, power_eye_rail(&eye), 4);
    cr_assert(near(fit.lag_s, 0.43, 0.02), "%g", fit.lag_s);
    cr_assert_null(fit.code, "%s", fit.what);
}

Test(step, a_sensor_that_claims_something_else_is_told_so) {
    power_eye eye = {.kind = RG_POWER_RECURSIVE, .refresh_s = 0.01, .lag_s = 0.43, .poll_s = 0.005};
    eye.noise_mw = 30;
    rg_rail rail = power_eye_rail(&eye);
    rail.kind = RG_POWER_BLOCK;
    rail.lag_s = 0;
    rg_step_fit fit = fit_of(eye, rail, 5);
    cr_assert_str_eq(fit.code, "sensor-differs");
    cr_assert(strstr(fit.what, "lag"), "%s", fit.what);
    eye = (power_eye){.kind = RG_POWER_BLOCK, .refresh_s = 0.5, .poll_s = 0.02, .noise_mw = 30};
    rail = power_eye_rail(&eye);
    rail.refresh_s = 0.1;
    fit = fit_of(eye, rail, 6);
    cr_assert_str_eq(fit.code, "sensor-differs");
    cr_assert(strstr(fit.what, "refresh"), "%s", fit.what);
}

Test(step, a_reading_that_does_not_follow_the_load_is_stale) {
    power_eye eye = {.kind = RG_POWER_BLOCK, .refresh_s = 0.05, .poll_s = 0.02, .noise_mw = 30};
    eye.gain_error = -1; /* shows noise around nothing, whatever is drawn */
    eye.offset_mw = 4000;
    rg_step_fit fit = fit_of(eye, power_eye_rail(&eye), 7);
    cr_assert(!fit.moved);
    cr_assert_str_eq(fit.code, "stale");
    cr_assert(isnan(fit.delay_s) && isnan(fit.refresh_s), "nothing is told about it");
    eye.noise_mw = 0;
    fit = fit_of(eye, power_eye_rail(&eye), 8);
    cr_assert_str_eq(fit.code, "stale", "and one that stands still");
}
