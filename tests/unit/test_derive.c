/* test_derive.c: synthetic rounds through the whole derivation, checked against hand-made sums. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"
#include "bench/result/derive.h"
#include "bench/result/stats.h"
#include "tests/unit/round_made.h"

Test(derive, a_round_tells_quantiles_throughput_and_tops_of_its_window) {
    made *m = make_round(0, 1);
    rg_figure figures[RG_FIG_COUNT];
    json_t *extra = NULL;
    cr_assert_eq(rg_derive_round(&m->round, figures, &extra, NULL), RG_OK);
    double ns[ROWS - WARMUP], window = 0;
    for (int i = WARMUP; i < ROWS; i++)
        ns[i - WARMUP] = (double)(m->rows[i].end_ns - m->rows[i].start_ns);
    window = (double)(m->rows[ROWS - 1].end_ns - m->rows[WARMUP].start_ns) * 1e-9;
    rg_sort_reals(ns, ROWS - WARMUP);
    cr_assert_eq(figures[RG_FIG_latency_p95_ns].value, rg_quantile(ns, ROWS - WARMUP, 0.95));
    cr_assert_eq(figures[RG_FIG_latency_p95_bound_ns].value, ns[200 - 3], "t = 3 at n = 200");
    cr_assert(near(figures[RG_FIG_throughput_per_s].value, 200 / window, 1e-9));
    cr_assert(near(figures[RG_FIG_achieved_tops].value, 2e6 * 200 / window / 1e12, 1e-15));
    cr_assert_str_eq(figures[RG_FIG_latency_p99_ns].na, "n<368");
    cr_assert_eq(figures[RG_FIG_rss_load_bytes].value, 2000);
    cr_assert_eq(figures[RG_FIG_warmup_iterations].value, WARMUP);
    cr_assert_str_eq(figures[RG_FIG_energy_total_uj].na, "not-measured");
    cr_assert_eq(json_integer_value(json_object_get(extra, "samples")), 200);
    json_decref(extra);
    free_round(m);
}

Test(derive, a_cell_pools_its_rounds_and_keeps_arrays_for_the_gate_in_order) {
    made *m[4];
    double all[4 * 200];
    for (uint32_t r = 0; r < 4; r++) {
        m[r] = make_round(r, 1 + 0.01 * r);
        for (int i = WARMUP; i < ROWS; i++)
            all[200 * r + (size_t)i - WARMUP] =
                (double)(m[r]->rows[i].end_ns - m[r]->rows[i].start_ns);
    }
    json_t *record = derive(m, 4);
    rg_sort_reals(all, 800);
    rg_figure p95 = figure_of(record, "latency_p95_ns");
    cr_assert_eq(p95.value, rg_quantile(all, 800, 0.95));
    cr_assert(p95.low < p95.value && p95.value < p95.high && p95.n == 800);
    cr_assert_eq(figure_of(record, "rss_peak_bytes").value, 5000003, "the largest round");
    cr_assert_eq(figure_of(record, "agreement_differing").value, 3, "the worst round");
    cr_assert_null(figure_of(record, "latency_p99_ns").na, "800 samples suffice");
    const json_t *per = json_object_get(record, "per_round");
    for (size_t r = 0; r < 4; r++)
        cr_assert_eq(json_integer_value(json_array_get(json_object_get(per, "order"), r)),
                     (json_int_t)(2 * r));
    cr_assert(flagged(record, "meter-shares-core"));
    cr_assert_not(flagged(record, "unstable"));
    cr_assert_str_eq(rg_json_get_text(record, "status", ""), "ok");
    cr_assert_str_eq(rg_json_get_text(record, "cell", ""), "0123abcd");
    json_t *again = derive(m, 4);
    cr_assert(json_equal(record, again), "the same rounds give the same record");
    json_decref(again);
    json_decref(record);
    for (int r = 0; r < 4; r++)
        free_round(m[r]);
}

Test(derive, one_round_has_no_interval_over_rounds_and_is_flagged) {
    made *m = make_round(0, 1);
    json_t *record = derive(&m, 1);
    rg_figure p95 = figure_of(record, "latency_p95_ns");
    cr_assert_str_eq(p95.no_interval, "rounds<2");
    cr_assert(isnan(p95.low));
    cr_assert(flagged(record, "within-one-process"));
    const json_t *within = json_object_get(record, "within_process");
    cr_assert_not_null(json_object_get(within, "latency_p95_ns"));
    json_decref(record);
    free_round(m);
}

Test(derive, rounds_that_disagree_by_a_tenth_are_unstable) {
    made *m[] = {make_round(0, 1), make_round(1, 1.2)};
    json_t *record = derive(m, 2);
    cr_assert(flagged(record, "unstable"));
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(derive, the_worst_round_gives_the_status_and_half_must_be_ok_for_figures) {
    made *m[] = {make_round(0, 1), make_round(1, 1), make_round(2, 1), make_round(3, 1)};
    m[2]->round.status = RG_FAILED;
    m[3]->round.status = RG_WRONG;
    json_object_set_new(m[3]->round.facts, "what", json_string("3 outputs differ"));
    json_t *record = derive(m, 4);
    cr_assert_str_eq(rg_json_get_text(record, "status", ""), "wrong");
    cr_assert_str_eq(rg_json_get_text(record, "what", ""), "3 outputs differ");
    cr_assert_null(figure_of(record, "latency_p95_ns").na, "two of four are enough");
    json_decref(record);
    m[1]->round.status = RG_INTERRUPTED;
    record = derive(m, 4);
    cr_assert_str_eq(figure_of(record, "latency_p95_ns").na, "not-run");
    json_decref(record);
    for (int r = 0; r < 4; r++)
        free_round(m[r]);
}

Test(derive, a_refused_cell_keeps_its_reason) {
    json_t *cell = cell_line(), *record = NULL;
    json_object_set_new(cell, "admission",
                        json_pack("{s:s, s:s, s:s}", "status", "unsupported", "what", "no such op",
                                  "advice", "use another model"));
    cr_assert_eq(rg_derive_cell(cell, NULL, 0, &record, NULL), RG_OK);
    cr_assert_str_eq(rg_json_get_text(record, "status", ""), "unsupported");
    cr_assert_str_eq(rg_json_get_text(record, "what", ""), "no such op");
    cr_assert_str_eq(figure_of(record, "achieved_tops").na, "not-run");
    cr_assert_eq(rg_record_check(record, NULL), RG_OK);
    json_decref(record);
    json_decref(cell);
}

Test(derive, few_samples_say_how_many_are_needed) {
    made *m = make_round(0, 1);
    m->round.n_samples = WARMUP + 71;
    rg_figure figures[RG_FIG_COUNT];
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_latency_p95_ns].na, "n<72");
    cr_assert_null(figures[RG_FIG_latency_p90_ns].na);
    m->round.n_samples = WARMUP + 5;
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_latency_p50_ns].na, "n<6");
    m->round.n_samples = 0;
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_latency_min_ns].na, "not-measured");
    free_round(m);
}

Test(derive, blocks_give_means_and_say_so) {
    made *m = make_round(0, 1);
    json_object_set_new(m->round.facts, "block", json_integer(10));
    json_t *record = derive(&m, 1);
    cr_assert(near(figure_of(record, "latency_p50_ns").value, 1.01e5, 2e3));
    cr_assert(flagged(record, "clock-coarse"));
    json_decref(record);
    free_round(m);
}

Test(derive, overhead_above_a_thousandth_is_taken_off_and_below_not) {
    made *m = make_round(0, 1);
    rg_figure plain[RG_FIG_COUNT], less[RG_FIG_COUNT];
    json_object_set_new(m->round.facts, "overhead_ns", json_real(500));
    cr_assert_eq(rg_derive_round(&m->round, plain, NULL, NULL), RG_OK);
    json_object_set_new(m->round.facts, "overhead_ns", json_real(5000));
    json_t *extra = NULL;
    cr_assert_eq(rg_derive_round(&m->round, less, &extra, NULL), RG_OK);
    cr_assert(
        near(plain[RG_FIG_latency_max_ns].value - less[RG_FIG_latency_max_ns].value, 5000, 1e-6));
    cr_assert(flagged(extra, "overhead-subtracted"));
    cr_assert_eq(plain[RG_FIG_throughput_per_s].value, less[RG_FIG_throughput_per_s].value);
    json_decref(extra);
    free_round(m);
}

Test(derive, operations_unknown_and_none_are_told_apart) {
    made *m = make_round(0, 1);
    rg_figure figures[RG_FIG_COUNT];
    json_object_del(m->round.facts, "work");
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_achieved_tops].na, "ops-unknown");
    json_object_set_new(m->round.facts, "work", json_pack("{s:i}", "macs", 0));
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_achieved_tops].na, "no-operations");
    free_round(m);
}

Test(derive, a_batch_counts_samples_and_its_latency_is_the_requests) {
    made *one = make_round(0, 1), *four = make_round(0, 1);
    rg_figure a[RG_FIG_COUNT], b[RG_FIG_COUNT];
    json_object_set_new(four->round.facts, "batch", json_integer(4));
    json_object_set_new(four->round.facts, "work", json_pack("{s:i}", "macs", 4000000));
    cr_assert_eq(rg_derive_round(&one->round, a, NULL, NULL), RG_OK);
    cr_assert_eq(rg_derive_round(&four->round, b, NULL, NULL), RG_OK);
    cr_assert_eq(a[RG_FIG_latency_p95_ns].value, b[RG_FIG_latency_p95_ns].value);
    cr_assert(near(b[RG_FIG_throughput_per_s].value / a[RG_FIG_throughput_per_s].value, 4, 1e-12));
    cr_assert(near(b[RG_FIG_achieved_tops].value / a[RG_FIG_achieved_tops].value, 4, 1e-12));
    cr_assert_eq(b[RG_FIG_macs].value, 1000000, "of one sample");
    free_round(one);
    free_round(four);
}
