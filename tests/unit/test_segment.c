/* test_segment.c: changes of level in series: truths on paper, and the operating characteristics of
 * the design (docs of the statistics, 2.6), drawn from seeds. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/core/rng.h"
#include "bench/result/segment.h"

enum { POINTS = 100, STEP_AT = 60, WITHIN = 20, SERIES = 200 };

/* --- noise: each of standard deviation 2 % -----------------------------------------------------
 */

typedef struct noise {
    const char *name;
    double (*next)(rg_rng *rng, double *state);
    /* what 2.6 promises, in shares of the series, with room for chance */
    double most_false, least_found;
    int latest; /* median delay in runs */
} noise;

static double iid(rg_rng *rng, double *state) {
    (void)state;
    return 0.02 * rg_rng_normal12(rng);
}

static double correlated(rg_rng *rng, double *state) {
    *state = 0.5 * *state + sqrt(0.75) * rg_rng_normal12(rng);
    return 0.02 * *state;
}

/* Student's t with 3 degrees of freedom, scaled. */
static double heavy(rg_rng *rng, double *state) {
    (void)state;
    double z = rg_rng_normal12(rng), chi = 0;
    for (int i = 0; i < 3; i++) {
        double x = rg_rng_normal12(rng);
        chi += x * x;
    }
    return 0.02 / sqrt(3) * z / sqrt(chi / 3);
}

static double bimodal(rg_rng *rng, double *state) {
    (void)state;
    double mode = rg_rng_unit(rng) < 0.3 ? 0.028 : -0.012;
    return mode + 0.008 * rg_rng_normal12(rng);
}

static const noise noises[] = {
    {"iid", iid, 0.005, 0.99, 8},
    {"AR 0.5", correlated, 0.02, 0.72, 16},
    {"heavy", heavy, 0.005, 0.97, 8},
    {"bimodal", bimodal, 0.005, 0.97, 8},
};
enum { N_NOISES = sizeof noises / sizeof noises[0] };

static void draw(const noise *kind, uint64_t seed, double step, double *ret) {
    rg_rng rng = rg_rng_seeded(seed);
    double state = 0;
    for (int i = 0; i < 20; i++)
        kind->next(&rng, &state);
    for (int i = 0; i < POINTS; i++)
        ret[i] = 1e6 * exp(kind->next(&rng, &state)) * (i < STEP_AT ? 1 : 1 + step);
}

static size_t changes_in(const double *values, size_t n, rg_change *ret_first) {
    rg_segment_options options = rg_segment_defaults(7);
    rg_change *changes = NULL;
    rg_err err = RG_ERR_INIT;
    size_t found = 0;
    cr_assert_eq(rg_segment(values, n, &options, &changes, &found, &err), RG_OK, "%s", err.what);
    if (found)
        *ret_first = changes[0];
    free(changes);
    return found;
}

/* --- truths ------------------------------------------------------------------------------------
 */

Test(segment, finds_a_plain_step_at_its_place) {
    double values[40];
    rg_change first;
    for (int i = 0; i < 40; i++)
        values[i] = (i < 25 ? 100 : 110) + (i * 7 % 5) * 0.1;
    cr_assert_eq(changes_in(values, 40, &first), 1);
    cr_expect_eq(first.at, 25);
    cr_expect_float_eq(first.before, 100.2, 1e-9);
    cr_expect_float_eq(first.after, 110.2, 1e-9);
    cr_expect_float_eq(first.step, 110.2 / 100.2 - 1, 1e-12);
    cr_expect_float_eq(first.p, 0.001, 1e-12);
}

Test(segment, finds_two_steps_and_their_levels) {
    double values[60];
    rg_change *changes = NULL;
    size_t n = 0;
    rg_segment_options options = rg_segment_defaults(1);
    for (int i = 0; i < 60; i++)
        values[i] = (i < 20 ? 100 : i < 40 ? 120 : 90) + (i * 11 % 7) * 0.2;
    cr_assert_eq(rg_segment(values, 60, &options, &changes, &n, NULL), RG_OK);
    cr_assert_eq(n, 2);
    cr_expect_eq(changes[0].at, 20);
    cr_expect_eq(changes[1].at, 40);
    cr_expect(changes[0].step > 0.19 && changes[1].step < -0.24);
    free(changes);
}

Test(segment, says_nothing_of_equal_values_short_series_and_small_steps) {
    double values[30];
    rg_change first;
    for (int i = 0; i < 30; i++)
        values[i] = 5;
    cr_expect_eq(changes_in(values, 30, &first), 0);
    cr_expect_eq(changes_in(values, 0, &first), 0);
    for (int i = 0; i < 30; i++)
        values[i] = (i < 15 ? 100 : 101.5) + (i % 3) * 0.01; /* certain, but 1.5 % */
    cr_expect_eq(changes_in(values, 30, &first), 0);
    for (int i = 0; i < 8; i++)
        values[i] = i < 4 ? 100 + i : 200 + i; /* 2 of 70 orders do that by chance */
    cr_expect_eq(changes_in(values, 8, &first), 0);
}

Test(segment, takes_the_same_seed_to_the_same_answer) {
    double values[POINTS];
    rg_change a = {0}, b = {0};
    draw(&noises[0], 3, 0.05, values);
    cr_assert_geq(changes_in(values, POINTS, &a), 1);
    changes_in(values, POINTS, &b);
    cr_expect(a.at == b.at && a.p == b.p && a.rho == b.rho);
}

Test(segment, refuses_what_has_no_ratio) {
    const double values[] = {1, 2, 0, 3};
    rg_segment_options options = rg_segment_defaults(1);
    rg_change *changes = NULL;
    size_t n = 0;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_segment(values, 4, &options, &changes, &n, &err), RG_USAGE);
    cr_expect_str_eq(err.what, "point 2 of the series is 0: levels are compared by ratio");
}

/* --- operating characteristics -----------------------------------------------------------------
 */

Test(segment, is_quiet_on_series_without_a_change, .timeout = 120) {
    for (int k = 0; k < N_NOISES; k++) {
        double values[POINTS];
        rg_change first;
        size_t points = 0;
        for (int s = 0; s < SERIES; s++) {
            draw(&noises[k], (uint64_t)(1000 * k + s + 1), 0, values);
            points += changes_in(values, POINTS, &first);
        }
        double share = (double)points / SERIES;
        printf("# %s: %.3f false points a series\n", noises[k].name, share);
        cr_expect_leq(share, noises[k].most_false, "%s: %.3f false points a series", noises[k].name,
                      share);
    }
}

/* Runs come in one by one; the runs after the step until it is told, WITHIN + 1 when it is not. */
static int delay_of(const noise *kind, uint64_t seed) {
    double values[POINTS];
    rg_change first;
    draw(kind, seed, 0.05, values);
    for (int seen = 1; seen <= WITHIN; seen++) {
        if (changes_in(values, (size_t)(STEP_AT + seen), &first))
            return seen;
    }
    return WITHIN + 1;
}

static int by_size(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

Test(segment, finds_five_percent_in_two_percent_of_noise_within_twenty_runs, .timeout = 120) {
    for (int k = 0; k < N_NOISES; k++) {
        int delays[SERIES], found = 0;
        for (int s = 0; s < SERIES; s++) {
            delays[s] = delay_of(&noises[k], (uint64_t)(1000 * k + s + 1));
            found += delays[s] <= WITHIN;
        }
        qsort(delays, SERIES, sizeof *delays, by_size);
        double share = (double)found / SERIES;
        printf("# %s: %.1f %% found, median delay %d runs\n", noises[k].name, 100 * share,
               delays[SERIES / 2]);
        cr_expect_geq(share, noises[k].least_found, "%s: %.3f", noises[k].name, share);
        cr_expect_leq(delays[SERIES / 2], noises[k].latest, "%s", noises[k].name);
    }
}
