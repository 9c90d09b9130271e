/* test_looks.c: the looks of the gate: what they say on numbers known by hand, that looking often
 * costs no false alarm, and that the self-test plays them as it says. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/result/proof.h"

static const rg_look_limits one_test = {0.01, 0.05, 1};

static double scatter(rg_rng *rng, double sd) {
    return sd * rg_rng_normal12(rng);
}

Test(looks, nothing_is_said_before_the_first_look) {
    double d[5] = {0.5, 0.5, 0.6, 0.4, 0.5};
    rg_look_limits limits = one_test;
    rg_looked looked = rg_looks_take(&rg_looks_standard, d, 0, &limits);
    cr_assert_eq(looked.looks, 0);
    cr_assert_eq(looked.call, RG_LOOK_OPEN);
    cr_assert_eq(looked.p_worse, 1);
    cr_assert_not(looked.last);
}

Test(looks, p_is_four_times_the_smallest_of_the_looks) {
    double d[24];
    rg_rng rng = rg_rng_seeded(7);
    for (int i = 0; i < 24; i++)
        d[i] = 0.02 + scatter(&rng, 0.02);
    double smallest = 1;
    const size_t at[] = {6, 12, 24};
    for (int k = 0; k < 3; k++) {
        double p = rg_t_paired(d, at[k], 0.01).p_greater;
        if (p > 0.05 || at[k] > RG_SIGNFLIP_MAX) {
            smallest = fmin(smallest, p);
            continue;
        }
        double moved[RG_SIGNFLIP_MAX];
        for (size_t i = 0; i < at[k]; i++)
            moved[i] = d[i] - 0.01;
        double flip = rg_signflip_p(moved, at[k]);
        smallest = fmin(smallest, flip > 0.05 ? fmax(p, flip) : p);
    }
    rg_looked looked = rg_looks_take(&rg_looks_standard, d, 24, &one_test);
    cr_assert_eq(looked.looks, 3);
    cr_assert_eq(looked.rounds, 24);
    cr_assert_float_eq(looked.p_worse, fmin(1, 4 * smallest), 1e-12);
    cr_assert_leq(looked.p_worse, 1);
}

Test(looks, a_clear_change_fails_and_a_clear_sameness_passes_at_six) {
    double worse[6] = {0.2, 0.21, 0.19, 0.2, 0.22, 0.2}, same[6];
    for (int i = 0; i < 6; i++)
        same[i] = (worse[i] - 0.2) / 10;
    rg_look_limits limits = {0.01, 0.05, 600};
    rg_looked looked = rg_looks_take(&rg_looks_standard, worse, 6, &limits);
    cr_assert_eq(looked.call, RG_LOOK_FAIL);
    cr_assert(looked.p_worse * 600 <= 0.05 && looked.p_better == 1);
    looked = rg_looks_take(&rg_looks_standard, same, 6, &limits);
    cr_assert_eq(looked.call, RG_LOOK_PASS);
    cr_assert_not(looked.last, "another test of the cell may need more rounds");
}

Test(looks, five_rounds_against_one_are_not_believed_on_the_word_of_a_t_test) {
    /* the sign-flip p of these is 2/64 and more: the small p of the t test must not stand alone */
    double d[6] = {1.00, 1.01, 0.99, 1.00, 1.01, -0.9};
    rg_looks looks = rg_looks_once(6);
    rg_look_limits limits = {0.01, 0.05, 1};
    double p = rg_t_paired(d, 6, 0.01).p_greater;
    double moved[6];
    for (int i = 0; i < 6; i++)
        moved[i] = d[i] - 0.01;
    double exact = rg_signflip_p(moved, 6);
    rg_looked looked = rg_looks_take(&looks, d, 6, &limits);
    cr_assert_float_eq(looked.p_worse, p > 0.05 || exact <= 0.05 ? p : fmax(p, exact), 1e-12);
    cr_assert_geq(exact, 1.0 / 64);
}

Test(looks, without_spread_the_tolerance_alone_decides) {
    double d[6] = {0.02, 0.02, 0.02, 0.02, 0.02, 0.02};
    rg_looked looked = rg_looks_take(&rg_looks_standard, d, 6, &one_test);
    cr_assert(looked.exact && looked.last);
    cr_assert_eq(looked.call, RG_LOOK_FAIL);
    for (int i = 0; i < 6; i++)
        d[i] = 0.01;
    looked = rg_looks_take(&rg_looks_standard, d, 6, &one_test);
    cr_assert_eq(looked.call, RG_LOOK_PASS, "a change of just the tolerance never fails");
    for (int i = 0; i < 6; i++)
        d[i] = -0.02;
    looked = rg_looks_take(&rg_looks_standard, d, 6, &one_test);
    cr_assert(looked.call == RG_LOOK_PASS && looked.p_better == 0);
}

Test(looks, an_interrupted_session_is_looked_at_where_it_ended) {
    double d[9];
    rg_rng rng = rg_rng_seeded(3);
    for (int i = 0; i < 9; i++)
        d[i] = 0.3 + scatter(&rng, 0.01);
    rg_looked looked = rg_looks_take(&rg_looks_standard, d, 9, &one_test);
    cr_assert_eq(looked.rounds, 9);
    cr_assert_eq(looked.looks, 2);
    cr_assert_not(looked.last);
}

Test(looks, a_cell_is_settled_by_one_failure_or_by_all_passing) {
    rg_looked t[3] = {{.call = RG_LOOK_PASS}, {.call = RG_LOOK_OPEN}, {.call = RG_LOOK_PASS}};
    cr_assert_not(rg_looks_settled(t, 3));
    t[1].last = true;
    cr_assert(rg_looks_settled(t, 3));
    t[1] = (rg_looked){.call = RG_LOOK_FAIL};
    cr_assert(rg_looks_settled(t, 3));
    t[1].call = RG_LOOK_PASS;
    cr_assert(rg_looks_settled(t, 3));
}

/* Looking four times at no change, at 5 %: nominally one in twenty sessions alarms; uncorrected
 * looks would do so in about one of eight. */
Test(looks, looking_four_times_keeps_the_nominal_rate) {
    enum { SESSIONS = 2000 };
    rg_rng rng = rg_rng_seeded(11);
    const rg_look_limits limits = {0, 0.05, 1};
    size_t corrected = 0, naive = 0;
    for (int s = 0; s < SESSIONS; s++) {
        double d[48];
        for (int i = 0; i < 48; i++)
            d[i] = scatter(&rng, 0.02);
        corrected += rg_looks_take(&rg_looks_standard, d, 48, &limits).p_worse <= 0.05;
        bool any = false;
        for (size_t k = 0; k < 4; k++)
            any |= rg_t_paired(d, rg_looks_standard.at[k], 0).p_greater <= 0.05;
        naive += any;
    }
    cr_assert_leq(corrected, SESSIONS / 20 + 30, "%zu", corrected); /* + 3 sigma */
    cr_assert_gt(naive, SESSIONS / 10, "%zu: the test must be able to tell", naive);
}

/* A true change of the target's size passes in 5 % at most, however early one may pass. */
Test(looks, a_change_of_the_targets_size_passes_in_five_percent_at_most) {
    enum { SESSIONS = 2000 };
    rg_rng rng = rg_rng_seeded(12);
    const rg_look_limits limits = {0.01, 0.05, 600};
    size_t passed = 0;
    for (int s = 0; s < SESSIONS; s++) {
        double d[48];
        for (int i = 0; i < 48; i++)
            d[i] = 0.05 + scatter(&rng, 0.03);
        passed += rg_looks_take(&rg_looks_standard, d, 48, &limits).call == RG_LOOK_PASS;
    }
    cr_assert_leq(passed, SESSIONS / 20 + 30, "%zu", passed);
}

Test(looks, weights_computed_once_give_the_same_bits) {
    rg_hd *hd = NULL;
    double values[200];
    rg_rng rng = rg_rng_seeded(5);
    for (int i = 0; i < 200; i++)
        values[i] = rg_rng_unit(&rng);
    rg_sort_reals(values, 200);
    for (int i = 0; i < 2; i++) {
        double p = i ? 0.95 : 0.5;
        cr_assert_eq(rg_hd_new(200, p, &hd, NULL), RG_OK);
        double once = rg_hd_of(hd, values), direct = rg_quantile_hd(values, 200, p);
        cr_assert_eq(memcmp(&once, &direct, sizeof once), 0);
        rg_hd_free(hd);
    }
}

Test(looks, names_of_schedules_are_known) {
    cr_assert_eq(rg_looks_named("strict"), &rg_looks_strict);
    cr_assert_eq(rg_looks_named("standard"), &rg_looks_standard);
    cr_assert_null(rg_looks_named("loose"));
}

Test(noise, profiles_have_the_scatter_they_say) {
    const struct {
        rg_noise_kind kind;
        double sd, slack;
    } rows[] = {{RG_NOISE_LOG_NORMAL, 0.05, 0.003},
                {RG_NOISE_AUTOCORR, 0.05, 0.006},
                {RG_NOISE_QUIET, 0.01, 0.001}};
    for (size_t k = 0; k < 3; k++) {
        rg_noise noise = rg_noise_new(rows[k].kind, 21, true);
        double values[2000], sum = 0;
        for (int r = 0; r < 20; r++) {
            rg_noise_round(&noise, 0, 0, 1, values, 2000);
            for (int i = 0; i < 2000; i++)
                values[i] = log(values[i]);
            sum += sqrt(rg_variance(values, 2000)) / 20;
        }
        cr_assert_float_eq(sum, rows[k].sd, rows[k].slack, "%s: %g", rg_noise_rows[k].name, sum);
    }
}

Test(noise, the_coarse_timer_gives_whole_milliseconds_and_the_right_mean) {
    rg_noise noise = rg_noise_new(RG_NOISE_TIMER, 4, true);
    double values[1000], sum = 0;
    for (int r = 0; r < 50; r++) {
        rg_noise_round(&noise, 0, 0, 1, values, 1000);
        for (int i = 0; i < 1000; i++) {
            cr_assert_eq(values[i], floor(values[i]));
            sum += values[i] / 50000;
        }
    }
    cr_assert_float_eq(sum, 10, 0.1, "%g", sum);
}

Test(proof, a_contest_without_a_change_passes_and_one_of_ten_percent_fails) {
    rg_contest contest = {RG_NOISE_QUIET, &rg_looks_standard, 0.01, 0.05, 0, 1};
    rg_contest_end end;
    cr_assert_eq(rg_contest_play(&contest, &end, NULL), RG_OK);
    for (int m = 0; m < RG_PROOF_METRICS; m++)
        cr_assert_eq(end.tests[m].call, RG_LOOK_PASS);
    cr_assert_eq(end.rounds, 6);
    contest.change = 0.10;
    cr_assert_eq(rg_contest_play(&contest, &end, NULL), RG_OK);
    cr_assert_eq(end.tests[0].call, RG_LOOK_FAIL);
    cr_assert_float_eq(end.tests[0].worse.mean, log1p(0.10), 0.02);
}

Test(proof, a_broken_gate_breaks_its_promises) {
    rg_proof proof = {.quick = false};
    for (int s = 0; s < RG_STUDY_COUNT; s++) {
        for (int k = 0; k < RG_NOISE_COUNT; k++)
            proof.tallies[s][k] = (rg_tally){
                .n = 6000, .passes = 6000, .rounds = 36000, .covered = {5640, 5640, 5640}};
    }
    for (int k = 0; k < RG_NOISE_COUNT; k++) {
        proof.tallies[RG_STUDY_PLUS5][k].alarms = 5990;
        proof.tallies[RG_STUDY_PLUS10][k].alarms = 6000;
        proof.tallies[RG_STUDY_STRICT_PLUS2][k].alarms = 5500;
    }
    rg_proof_judge(&proof);
    cr_assert_eq(proof.broken, 0);
    proof.tallies[RG_STUDY_AA][RG_NOISE_DRIFT].alarms = 2;
    proof.tallies[RG_STUDY_PLUS5][RG_NOISE_QUIET].alarms = 5600;
    proof.tallies[RG_STUDY_COVERAGE][RG_NOISE_QUIET].covered[1] = 5000;
    rg_proof_judge(&proof);
    cr_assert_eq(proof.broken, 3);
}

/* The example of the statistics: spread 1.8 %, alpha 6e-5 (0.05 / (4 x 200)), 1 % / 5 %: 12 rounds.
 */
Test(looks, rounds_for_a_target_are_those_of_the_worked_example) {
    const rg_look_limits limits = {log1p(0.01), log1p(0.05), 200};
    size_t needed = rg_looks_needed(&rg_looks_standard, 0.018, &limits);
    cr_assert(needed >= 11 && needed <= 13, "%zu", needed);
    double before = rg_looks_smallest(&rg_looks_standard, 0.018, &limits, needed - 1);
    cr_assert_leq(rg_looks_smallest(&rg_looks_standard, 0.018, &limits, needed), limits.target);
    cr_assert_gt(before, limits.target);
    cr_assert(isinf(rg_looks_smallest(&rg_looks_standard, 0.018, &limits, 1)));
    cr_assert_eq(rg_looks_needed(&rg_looks_standard, 5, &limits), 0);
}
