/* test_energy.c: synthetic traces of known joules: every kind of sensor, bursts, drift, gaps,
 * counters with wrap, roles. tests/coverage asks whether stated uncertainties hold. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/result/energy.h"
#include "tests/doubles/power_world.h"

#define near(a, b, tolerance) (fabs((a) - (b)) <= (tolerance))
static const double SECOND = 1e9;

typedef power_world world;
typedef power_eye eye;

enum { MAX_ROWS = 60000 };
typedef struct trace {
    rg_rail rail;
    rg_power_row rows[MAX_ROWS];
    size_t n;
} trace;

static trace *new_trace(const eye *e) {
    trace *t = calloc(1, sizeof *t);
    t->rail = power_eye_rail(e);
    return t;
}

static trace *play(const world *w, const eye *e, double around_s, uint64_t seed) {
    trace *t = new_trace(e);
    rg_rng rng = rg_rng_seeded(seed);
    t->n = power_world_play(w, e, around_s, 0, &rng, t->rows, MAX_ROWS);
    return t;
}

static rg_energy_ask ask_of(const trace *t, const world *w, double around_s) {
    return (rg_energy_ask){.rails = &t->rail,
                           .n_rails = 1,
                           .rows = t->rows,
                           .n_rows = t->n,
                           .window = {0, (int64_t)(w->window_s * SECOND)},
                           .idle_before = {(int64_t)((-around_s + 0.1) * SECOND), -50000000},
                           .idle_after = {(int64_t)((w->window_s + 0.05) * SECOND),
                                          (int64_t)((w->window_s + around_s - 0.1) * SECOND)},
                           .inferences = 1000};
}

static rg_energy measure(const rg_energy_ask *ask) {
    rg_energy energy;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_energy_measure(ask, &energy, &err), RG_OK, "%s", err.what);
    return energy;
}

static bool refused(uint32_t refusals, uint32_t which) {
    return (refusals & which) != 0;
}

/* One steady loop of 10 s at 15 W over idle of 5 W, seen by each kind of sensor. */
static void steady_bias(const char *name, const eye *e) {
    world w = {.idle_mw = 5000, .load_mw = 15000, .window_s = 10};
    double around = 5 + 12 * e->lag_s;
    trace *t = play(&w, e, around, 1);
    rg_energy_ask ask = ask_of(t, &w, around);
    rg_energy energy = measure(&ask);
    double total = 15000 * 10 * 1000, above = 10000 * 10 * 1000;
    cr_assert_eq(energy.headline.refusals, 0, "%s: %s", name,
                 rg_refusal_first(energy.headline.refusals));
    cr_assert_eq(energy.headline.above_refusals, 0, "%s: %s", name,
                 rg_refusal_first(energy.headline.above_refusals));
    cr_assert(near(energy.headline.total.uj / total, 1, 1e-3), "%s: %g of %g", name,
              energy.headline.total.uj, total);
    cr_assert(near(energy.headline.above.uj / above, 1, 1e-3), "%s: %g of %g", name,
              energy.headline.above.uj, above);
    cr_assert(energy.headline.total.expanded_uj >= fabs(energy.headline.total.uj - total), "%s",
              name);
    rg_energy_free(&energy);
    free(t);
}

Test(energy, steady_loops_are_within_a_thousandth_for_every_kind_of_sensor) {
    const struct {
        const char *name;
        eye eye;
    } rows[] = {
        {"point 100 ms",
         {.kind = RG_POWER_INSTANT,
          .refresh_s = 0.1,
          .poll_s = 0.1,
          .noise_mw = 2,
          .lsb_mw = 0.1,
          .phase_s = 0.03}},
        {"point polled four times as fast",
         {.kind = RG_POWER_INSTANT,
          .refresh_s = 0.1,
          .poll_s = 0.025,
          .noise_mw = 2,
          .lsb_mw = 0.1}},
        {"block 35 ms",
         {.kind = RG_POWER_BLOCK,
          .refresh_s = 0.035,
          .poll_s = 0.02,
          .noise_mw = 2,
          .lsb_mw = 0.1,
          .phase_s = 0.01}},
        {"recursive 0.2 s",
         {.kind = RG_POWER_RECURSIVE,
          .refresh_s = 0.02,
          .lag_s = 0.2,
          .poll_s = 0.02,
          .noise_mw = 2,
          .lsb_mw = 0.1}},
        {"counter 10 ms",
         {.kind = RG_POWER_COUNTER, .refresh_s = 0.01, .poll_s = 0.02, .phase_s = 0.004}},
        {"counter that wraps twice",
         {.kind = RG_POWER_COUNTER, .refresh_s = 0.01, .poll_s = 0.02, .wrap_uj = 90000000}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        steady_bias(rows[i].name, &rows[i].eye);
}

Test(energy, repeats_of_a_held_value_are_one_sample_and_a_flat_load_keeps_its_joules) {
    eye e = {.kind = RG_POWER_INSTANT, .refresh_s = 0.1, .poll_s = 0.02};
    world w = {.idle_mw = 2000, .load_mw = 2000, .window_s = 5};
    trace *t = play(&w, &e, 2, 1);
    rg_energy_ask ask = ask_of(t, &w, 2);
    rg_series series;
    cr_assert_eq(rg_series_clean(&ask, 0, &series, NULL), RG_OK);
    cr_assert(series.n >= 85 && series.n <= 95, "%zu fresh of %zu read", series.n, t->n);
    cr_assert(near(rg_series_energy_uj(&series, 0, 5), 2000 * 5 * 1000, 1e-3));
    rg_series_free(&series);
    free(t);
}

Test(energy, trapezoid_interpolates_both_edges) {
    trace *t = new_trace(&(eye){.kind = RG_POWER_INSTANT, .refresh_s = 1, .poll_s = 1});
    for (int i = 0; i < 5; i++) /* P = 100 t mW at t = -1 .. 3 s */
        t->rows[t->n++] =
            (rg_power_row){.t_ns = (i - 1) * 1000000000LL, .power_mw = 100.0 * (i - 1)};
    world w = {.window_s = 2};
    rg_energy_ask ask = ask_of(t, &w, 1);
    rg_series series;
    cr_assert_eq(rg_series_clean(&ask, 0, &series, NULL), RG_OK);
    cr_assert(
        near(rg_series_energy_uj(&series, 0.25, 1.75), 1000 * 50 * (1.75 * 1.75 - 0.0625), 1e-6));
    rg_series_free(&series);
    free(t);
}

Test(energy, bursts_and_slow_drift_come_out_by_their_mean) {
    eye e = {.kind = RG_POWER_BLOCK,
             .refresh_s = 0.01,
             .poll_s = 0.01,
             .noise_mw = 1,
             .lsb_mw = 0.1,
             .phase_s = 0.003};
    world w = {.idle_mw = 5000, .load_mw = 15000, .window_s = 20, .burst_s = 0.5};
    trace *t = play(&w, &e, 5, 1);
    rg_energy_ask ask = ask_of(t, &w, 5);
    rg_energy energy = measure(&ask);
    double truth = 10000 * 20 * 1000.0;
    cr_assert(near(energy.headline.total.uj, truth, energy.headline.total.expanded_uj));
    cr_assert(near(energy.headline.total.uj / truth, 1, 5e-3));
    rg_energy_free(&energy);
    free(t);
    world slow = {.idle_mw = 5000, .load_mw = 15000, .window_s = 20, .drift_mw_per_s = 20};
    t = play(&slow, &e, 5, 1);
    ask = ask_of(t, &slow, 5);
    energy = measure(&ask);
    cr_assert(refused(energy.headline.refusals, RG_REFUSE_NOT_STEADY));
    cr_assert(refused(energy.headline.above_refusals, RG_REFUSE_IDLE_DRIFT));
    truth = (15000 * 20 + 20 * 200) * 1000.0; /* the trapezoid: right although it trends */
    cr_assert(energy.rails[0].estimator != RG_ESTIMATOR_MEAN &&
              near(energy.headline.total.uj / truth, 1, 1e-3));
    cr_assert(near(energy.headline.above.uj / (10000 * 20 * 1000.0), 1, 2e-3),
              "the baseline is interpolated");
    rg_energy_free(&energy);
    free(t);
}

/* A trace that is fine but for what the test does to it. */
typedef struct spoiled {
    world w;
    trace *t;
    rg_energy_ask ask;
} spoiled;

static spoiled fine_trace(double window_s) {
    eye e = {
        .kind = RG_POWER_BLOCK, .refresh_s = 0.02, .poll_s = 0.02, .noise_mw = 2, .lsb_mw = 0.1};
    spoiled s = {.w = {.idle_mw = 5000, .load_mw = 15000, .window_s = window_s}};
    s.t = play(&s.w, &e, 3, 7);
    s.ask = ask_of(s.t, &s.w, 3);
    return s;
}

static uint32_t refusals_then_free(spoiled *s) {
    rg_energy energy = measure(&s->ask);
    uint32_t refusals = energy.headline.refusals | energy.headline.above_refusals;
    rg_energy_free(&energy);
    free(s->t);
    return refusals;
}

Test(energy, a_fine_trace_is_not_refused) {
    spoiled s = fine_trace(5);
    cr_assert_eq(refusals_then_free(&s), 0);
}

Test(energy, lost_readings_are_a_gap_and_bad_rows_count_as_lost) {
    spoiled s = fine_trace(5);
    for (size_t i = 0; i < s.t->n; i++) {
        double at = (double)s.t->rows[i].t_ns * 1e-9;
        if (at > 2 && at < 2.3)
            s.t->rows[i].flags = RG_ROW_BAD;
    }
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_GAP));
    s = fine_trace(5);
    s.ask.n_rows = s.t->n / 2; /* the trace ends inside the window */
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_GAP));
}

Test(energy, short_windows_clipping_and_lost_counters_are_refused) {
    spoiled s = fine_trace(0.3);
    s.ask.idle_before.end_ns -= 300000000; /* nothing tells when the burst began */
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_SHORT_WINDOW));
    s = fine_trace(5);
    s.t->rows[s.t->n / 2].flags = RG_ROW_CLIPPED;
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_RANGE));
    s = fine_trace(5);
    for (size_t i = 0; i < s.t->n; i++)
        s.t->rows[i].power_mw = 8000;
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_STALE));
    eye e = {.kind = RG_POWER_COUNTER, .refresh_s = 0.01, .poll_s = 0.01};
    s.t = play(&s.w, &e, 3, 1);
    s.ask = ask_of(s.t, &s.w, 3);
    for (size_t i = s.t->n / 2; i < s.t->n; i++)
        s.t->rows[i].energy_uj -= 1e6; /* reset of the driver, no wrap */
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_GAP));
}

Test(energy, a_load_that_cannot_be_told_from_idle_has_low_signal) {
    spoiled s = fine_trace(5);
    for (size_t i = 0; i < s.t->n; i++)
        s.t->rows[i].power_mw = 5000 + 40 * sin((double)i) + 0.001 * (double)i;
    uint32_t refusals = refusals_then_free(&s);
    cr_assert(refused(refusals, RG_REFUSE_LOW_SIGNAL));
}

Test(energy, unknown_limits_cannot_be_certain) {
    spoiled s = fine_trace(5);
    s.t->rail.limits.gain = -1;
    cr_assert(refused(refusals_then_free(&s), RG_REFUSE_UNCERTAINTY));
}

/* Several rails of constant power in one ask. */
static rg_energy sum_of(const rg_rail *rails, const double *mw, size_t n) {
    static rg_power_row rows[4 * 1000];
    size_t k = 0;
    rg_rng rng = rg_rng_seeded(5);
    for (int i = 0; i < 1000; i++) {
        for (uint32_t r = 0; r < n; r++)
            rows[k++] = (rg_power_row){.t_ns = (i - 300) * 10000000LL,
                                       .rail = r,
                                       .power_mw = mw[r] * (i < 300 || i > 700 ? 0.5 : 1) +
                                                   0.01 * rg_rng_normal12(&rng)};
    }
    rg_energy_ask ask = {.rails = rails,
                         .n_rails = n,
                         .rows = rows,
                         .n_rows = k,
                         .window = {0, 4000000000},
                         .idle_before = {-2900000000, -100000000},
                         .idle_after = {4100000000, 6900000000},
                         .inferences = 10};
    return measure(&ask);
}

static rg_rail rail_of(const char *id, rg_scope scope, rg_rail_role role, const char *parent) {
    rg_rail rail = {.scope = scope, .role = role, .refresh_s = 0.01, .limits = {.gain = 0.01}};
    strcpy(rail.id, id);
    strcpy(rail.parent, parent);
    return rail;
}

Test(energy, components_add_up_and_children_do_not) {
    const rg_rail rails[] = {rail_of("gpu", RG_SCOPE_MODULE, RG_ROLE_COMPONENT, ""),
                             rail_of("sys", RG_SCOPE_MODULE, RG_ROLE_COMPONENT, ""),
                             rail_of("dram", RG_SCOPE_MODULE, RG_ROLE_COMPONENT, "sys"),
                             rail_of("other", RG_SCOPE_MODULE, RG_ROLE_EXCLUDED, "")};
    const double mw[] = {3000, 2000, 500, 700};
    rg_energy energy = sum_of(rails, mw, 4);
    cr_assert_eq(energy.scope, RG_SCOPE_MODULE);
    cr_assert_eq(energy.headline.n_rails, 2);
    cr_assert(near(energy.headline.total.uj, 5000 * 4 * 1000.0, 20000));
    double linear = 5000 * 4 * 1000.0 * 0.01 / sqrt(3);
    cr_assert(near(energy.headline.total.systematic_uj / linear, 1, 1e-3),
              "systematic parts of rails add linearly");
    rg_energy_free(&energy);
}

Test(energy, a_total_stands_for_its_scope_and_scopes_are_not_mixed) {
    const rg_rail rails[] = {rail_of("in", RG_SCOPE_BOARD_IN, RG_ROLE_TOTAL, ""),
                             rail_of("mod", RG_SCOPE_MODULE, RG_ROLE_TOTAL, "in"),
                             rail_of("cpu", RG_SCOPE_MODULE, RG_ROLE_COMPONENT, "mod")};
    const double mw[] = {9000, 6000, 2000};
    rg_energy energy = sum_of(rails, mw, 3);
    cr_assert_eq(energy.scope, RG_SCOPE_MODULE);
    cr_assert(near(energy.headline.mean_mw, 6000, 1));
    cr_assert(near(energy.sums[RG_SCOPE_BOARD_IN].mean_mw, 9000, 1));
    json_t *json = rg_energy_to_json(&energy, rails);
    cr_assert_eq(json_array_size(json_object_get(json, "other_scopes")), 1);
    cr_assert_eq(json_array_size(json_object_get(json, "rails")), 3);
    json_decref(json);
    rg_energy_free(&energy);
}

Test(energy, unknown_roles_incomplete_sets_and_differing_totals_are_refused) {
    rg_rail rails[] = {rail_of("x", RG_SCOPE_MODULE, RG_ROLE_UNKNOWN, ""),
                       rail_of("y", RG_SCOPE_MODULE, RG_ROLE_UNKNOWN, "")};
    const double mw[] = {3000, 2000};
    rg_energy energy = sum_of(rails, mw, 2);
    cr_assert_str_eq(rg_refusal_first(energy.headline.refusals), "scope");
    rg_energy_free(&energy);
    rails[0].role = rails[1].role = RG_ROLE_COMPONENT;
    rails[1].status = RG_DENIED;
    energy = sum_of(rails, mw, 2);
    cr_assert_str_eq(rg_refusal_first(energy.headline.refusals), "scope");
    rg_energy_free(&energy);
    rails[1].status = RG_OK;
    rails[0].role = rails[1].role = RG_ROLE_TOTAL;
    energy = sum_of(rails, mw, 2);
    cr_assert(refused(energy.headline.refusals, RG_REFUSE_DISAGREE));
    rg_energy_free(&energy);
    rails[0].status = rails[1].status = RG_ABSENT;
    energy = sum_of(rails, mw, 2);
    cr_assert_str_eq(rg_refusal_first(energy.headline.refusals), "no-sensor");
    rg_energy_free(&energy);
}

Test(energy, coverage_factor_is_students_t_for_few_degrees_of_freedom) {
    cr_assert_eq(rg_coverage_factor(1, 1, 1000, 0), 2);
    cr_assert(near(rg_coverage_factor(0, 1, 5, 0), 2.5706, 1e-4));
    cr_assert_eq(rg_coverage_factor(5, 1, 2, 0), 2, "mostly systematic");
    cr_assert_eq(rg_coverage_factor(1, 0, 0, 0), 2);
}

Test(energy, one_rectangle_needs_a_smaller_factor_than_many_parts) {
    cr_assert(near(rg_coverage_factor(1, 0, 0, 1), 1.65, 1e-9), "95 of 100 of a rectangle");
    cr_assert(near(rg_coverage_factor(1, 0, 0, 0.5), 1.9, 0.04), "two alike: a triangle");
    cr_assert(near(rg_coverage_factor(1, 3, 1e9, 1), 2, 0.01), "noise outweighs it");
}

/* A counter of 100 ms ticks under bursts, its window from tick to tick as `power record` makes it.
 */
Test(energy, a_counter_read_at_its_ticks_has_no_edges_left) {
    trace *t = new_trace(&(eye){.kind = RG_POWER_COUNTER, .refresh_s = 0.1, .lsb_uj = 1000});
    world w = {.idle_mw = 5000, .load_mw = 15000, .window_s = 5, .burst_s = 0.7};
    for (int i = -20; i <= 80; i++) {
        double tick_s = 0.1 * i, last_uj = power_world_uj(&w, -3, tick_s - 0.1);
        if (i == 0 || i == 50) /* read without pause until it ticks */
            t->rows[t->n++] = (rg_power_row){.t_ns = (int64_t)((tick_s - 1e-5) * SECOND),
                                             .energy_uj = floor(last_uj / 1000) * 1000};
        t->rows[t->n++] =
            (rg_power_row){.t_ns = (int64_t)round(tick_s * SECOND),
                           .energy_uj = floor(power_world_uj(&w, -3, tick_s) / 1000) * 1000};
    }
    rg_energy_ask ask = ask_of(t, &w, 2);
    rg_energy energy = measure(&ask);
    const rg_energy_value *total = &energy.headline.total;
    cr_assert(near(total->uj, power_world_uj(&w, 0, 5), 1000), "%g of %g", total->uj,
              power_world_uj(&w, 0, 5));
    cr_assert_eq(energy.rails[0].estimator, RG_ESTIMATOR_TRAPEZOID);
    cr_assert_lt(total->expanded_uj, 3000, "one unit a tick and 10 us: %g", total->expanded_uj);
    rg_energy_free(&energy);
    free(t);
}
