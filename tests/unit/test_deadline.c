/* test_deadline.c: missed deadlines: how they are asked for, counted from raw stamps, and how sure
 * their share is. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/stats.h"
#include "bench/run/request.h"
#include "tests/unit/round_made.h"

/* Rounds with a deadline, of which the `late`th steady rows and all behind took 2 ms. */
static made *round_with(uint32_t number, int late) {
    made *m = make_round(number, 1);
    for (int i = WARMUP + late; i < ROWS; i++)
        m->rows[i].end_ns = m->rows[i].start_ns + 2000000;
    json_object_set_new(m->round.facts, "deadline_ns", json_integer(1500000));
    return m;
}

Test(deadline, misses_are_counted_behind_the_warm_up_and_pooled_over_rounds) {
    made *m[] = {round_with(0, 190), round_with(1, 200), round_with(2, 180)};
    json_t *record = derive(m, 3);
    rg_figure misses = figure_of(record, "deadline_misses");
    rg_figure share = figure_of(record, "deadline_miss_share");
    cr_assert_eq(misses.value, 30);
    cr_assert_eq(share.value, 0.05);
    cr_assert_eq(share.n, 600);
    cr_assert(share.low <= 0.034 && share.high >= 0.07, "%g %g", share.low, share.high);
    const json_t *per = json_object_get(record, "per_round");
    const json_t *shares = json_object_get(per, "deadline_miss_share");
    cr_assert_eq(json_real_value(json_array_get(shares, 0)), 0.05);
    cr_assert_eq(json_real_value(json_array_get(shares, 1)), 0);
    cr_assert_eq(json_real_value(json_array_get(json_object_get(per, "deadline_misses"), 2)), 20);
    json_decref(record);
    for (int r = 0; r < 3; r++)
        free_round(m[r]);
}

Test(deadline, a_request_that_takes_exactly_as_long_has_not_missed) {
    made *m = round_with(0, 190);
    json_object_set_new(m->round.facts, "deadline_ns", json_integer(2000000));
    rg_figure figures[RG_FIG_COUNT];
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_eq(figures[RG_FIG_deadline_misses].value, 0);
    free_round(m);
}

Test(deadline, records_without_one_say_nothing_of_misses) {
    made *m[] = {make_round(0, 1), make_round(1, 1)};
    json_t *record = derive(m, 2);
    cr_assert_null(json_object_get(json_object_get(record, "figures"), "deadline_misses"));
    cr_assert_null(json_object_get(json_object_get(record, "per_round"), "deadline_misses"));
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(deadline, late_rows_of_several_requests_cannot_tell_which_was_late) {
    made *m = round_with(0, 190);
    rg_figure figures[RG_FIG_COUNT];
    json_object_set_new(m->round.facts, "block", json_integer(4));
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_deadline_misses].na, "block-means");
    json_object_set_new(m->round.facts, "deadline_ns", json_integer(3000000));
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_eq(figures[RG_FIG_deadline_misses].value, 0, "all four together were in time");
    cr_assert_eq(figures[RG_FIG_deadline_misses].n, 800);
    free_round(m);
}

/* Two of the last rows stand for dropped requests. */
Test(deadline, a_dropped_request_has_missed_and_has_no_latency) {
    made *m[] = {round_with(0, 200), round_with(1, 200)};
    for (int r = 0; r < 2; r++) {
        for (int i = ROWS - 2; i < ROWS; i++)
            m[r]->rows[i].end_ns = m[r]->rows[i].start_ns - 1;
        json_object_set_new(m[r]->round.facts, "arrivals",
                            json_pack("{s:f, s:i, s:i, s:i, s:i}", "hz", 30.0, "offered", 200,
                                      "dropped", 2, "on_time", 150, "late_p95_ns", 70 + r));
    }
    json_t *record = derive(m, 2);
    cr_assert_eq(figure_of(record, "dropped").value, 4);
    cr_assert_eq(figure_of(record, "drop_share").value, 0.01);
    cr_assert_eq(figure_of(record, "deadline_misses").value, 4);
    cr_assert_eq(figure_of(record, "latency_p95_ns").n, 396);
    cr_assert_gt(figure_of(record, "latency_min_ns").value, 900000);
    cr_assert_eq(figure_of(record, "sender_late_ns").value, 71, "the worst round");
    cr_assert_eq(figure_of(record, "arrivals_per_s").value, 30);
    cr_assert_str_eq(figure_of(record, "latency_p999_ns").na, "n<3688");
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(deadline, p999_exists_from_3688_requests_on) {
    cr_assert_eq(rg_quantile_min_n(0.999), 3688);
}

Test(deadline, one_that_nobody_met_is_flagged) {
    made *m[] = {round_with(0, 0), round_with(1, 0)};
    json_t *record = derive(m, 2);
    cr_assert(flagged(record, "deadline-out-of-reach"));
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(deadline, no_miss_in_many_requests_leaves_clopper_and_pearsons_bound) {
    rg_draws *draws = NULL;
    double none[] = {0, 0, 0}, of[] = {100, 100, 100};
    cr_assert_eq(rg_draws_new("key", 3, &draws, NULL), RG_OK);
    rg_interval share = rg_interval_share(none, of, 3, draws);
    cr_assert_eq(share.value, 0);
    cr_assert_eq(share.low, 0);
    cr_assert(near(share.high, 0.0122206, 1e-6), "1 - 0.025^(1/300), not %.9g", share.high);
    double some[] = {4, 4, 4};
    share = rg_interval_share(some, of, 3, draws);
    cr_assert(near(share.low, 0.02083658, 1e-7) && near(share.high, 0.06882899, 1e-7),
              "12 of 300: %.9g %.9g", share.low, share.high);
    cr_assert_str_eq(rg_interval_share(some, of, 1, NULL).no_interval, "rounds<2");
    rg_draws_free(draws);
}

Test(deadline, rounds_that_differ_by_more_than_chance_widen_the_interval) {
    rg_draws *draws = NULL;
    double one[] = {0, 0, 0, 80}, of[] = {100, 100, 100, 100};
    cr_assert_eq(rg_draws_new("key", 4, &draws, NULL), RG_OK);
    rg_interval share = rg_interval_share(one, of, 4, draws);
    cr_assert_eq(share.low, 0);
    cr_assert_gt(share.high, 0.5);
    rg_draws_free(draws);
}

static rg_plan *plan_of(const char *text) {
    json_t *request = json_loads(text, 0, NULL);
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plan_build(request, &plan, &err), RG_OK, "%s", err.what);
    json_decref(request);
    return plan;
}

Test(deadline, it_is_part_of_key_and_name_however_it_is_spelt) {
    rg_plan *plan = plan_of("{\"cells\": [{\"model\": \"a\"}, {\"model\": \"a\", \"deadline\": "
                            "\"33ms\"}, {\"model\": \"a\", \"deadline\": \"1500us\"}]}");
    cr_assert_str_eq(plan->cells[1].name, "a/cpu/deadline=33ms");
    cr_assert_str_eq(plan->cells[2].name, "a/cpu/deadline=1500us");
    cr_assert_str_neq(plan->cells[0].key, plan->cells[1].key);
    rg_plan *other = plan_of("{\"cells\": [{\"model\": \"a\", \"deadline\": \"0.033s\"}]}");
    cr_assert_str_eq(other->cells[0].key, plan->cells[1].key);
    json_t *line = rg_cell_to_json(&plan->cells[1]);
    rg_arena *arena = rg_arena_new(0);
    rg_cell cell;
    cr_assert_eq(rg_cell_from_json(line, arena, &cell, NULL), RG_OK);
    cr_assert_eq(cell.deadline_ns, 33000000);
    json_decref(cell.options);
    json_decref(cell.requested);
    json_decref(line);
    rg_arena_free(arena);
    rg_plan_free(other);
    rg_plan_free(plan);
}
