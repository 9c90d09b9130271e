/* test_derive.c: synthetic rounds through the whole derivation, checked against hand-made sums. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"
#include "bench/result/derive.h"
#include "bench/result/stats.h"

#define near(a, b, tolerance) (fabs((a) - (b)) <= (tolerance))

enum { ROWS = 210, WARMUP = 10 };

typedef struct made {
    rg_sample rows[ROWS];
    rg_rail rail;
    rg_power_row *power;
    rg_round round;
} made;

/* Rounds of 200 steady rows near 1 ms, back to back; 1e6 MACs an inference. */
static made *make_round(uint32_t number, double scale) {
    made *m = calloc(1, sizeof *m);
    rg_rng rng = rg_rng_seeded(100 + number);
    int64_t t = 5000000000;
    for (int i = 0; i < ROWS; i++) {
        int64_t ns = (int64_t)((i < WARMUP ? 3e6 : 1e6 + 2e4 * rg_rng_unit(&rng)) * scale);
        m->rows[i] = (rg_sample){t, t + ns};
        t += ns + 100;
    }
    m->round = (rg_round){.number = number,
                          .order = 2 * number,
                          .status = RG_OK,
                          .samples = m->rows,
                          .n_samples = ROWS};
    m->round.facts = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:{s:I, s:I, s:i}, s:{s:i, s:i}, s:{s:i, s:i, s:i, s:i, s:i},"
        " s:{s:i}, s:{s:i, s:i}, s:[s], s:{s:i, s:f}}",
        "status", "ok", "provenance", "measured", "block", 1, "batch", 1, "warmup", WARMUP,
        "window", "start_ns", (json_int_t)m->rows[WARMUP].start_ns, "end_ns",
        (json_int_t)m->rows[ROWS - 1].end_ns, "inferences", ROWS - WARMUP, "work", "macs", 1000000,
        "other_ops", 10, "memory", "rss_peak_bytes", 5000000 + (int)number, "rss_before_bytes",
        1000, "rss_loaded_bytes", 3000, "arena_bytes", 77, "weights_bytes", 88, "phases",
        "first_ns", 4000000, "io", "input_bytes", 1000, "output_bytes", 10, "flags",
        "meter-shares-core", "truth", "differing", (int)number, "cosine", 1.0);
    cr_assert_not_null(m->round.facts);
    return m;
}

static void free_round(made *m) {
    json_decref(m->round.facts);
    free(m->power);
    free(m);
}

static json_t *cell_line(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "key", "0123abcd", "name", "net/cpu", "workload",
                     "net", "target", "cpu", "threads", 1);
}

static json_t *derive(made **m, size_t n) {
    rg_round rounds[16];
    for (size_t i = 0; i < n; i++)
        rounds[n - 1 - i] = m[i]->round; /* any order is taken */
    json_t *cell = cell_line(), *record = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_derive_cell(cell, rounds, n, &record, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_record_check(record, &err), RG_OK, "%s", err.what);
    json_decref(cell);
    return record;
}

static rg_figure figure_of(const json_t *record, const char *key) {
    return rg_figure_from_json(json_object_get(json_object_get(record, "figures"), key));
}

static bool flagged(const json_t *record, const char *code) {
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(record, "flags"), i, flag) {
        if (!strcmp(json_string_value(flag), code))
            return true;
    }
    return false;
}

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

/* Power at 3 W in the window, 1 W outside, read every millisecond, idle of 0.2 s on both sides. */
static void add_power(made *m, double offset_mw) {
    const json_t *window = json_object_get(m->round.facts, "window");
    int64_t start = rg_json_get_int(window, "start_ns", 0);
    int64_t end = rg_json_get_int(window, "end_ns", 0);
    m->rail = (rg_rail){.id = "sim",
                        .scope = RG_SCOPE_MODULE,
                        .role = RG_ROLE_TOTAL,
                        .kind = RG_POWER_INSTANT,
                        .refresh_s = 0.001,
                        .limits = {.gain = 0.01, .offset_mw = offset_mw, .lsb_mw = 0.1}};
    size_t n = (size_t)((end - start) / 1000000 + 500);
    m->power = calloc(n, sizeof *m->power);
    rg_rng rng = rg_rng_seeded(m->round.number);
    for (size_t i = 0; i < n; i++) {
        int64_t t = start - 220000000 + (int64_t)i * 1000000;
        bool load = t >= start && t < end;
        m->power[i] = (rg_power_row){.t_ns = t,
                                     .power_mw = (load ? 3000 : 1000) + rg_rng_normal12(&rng),
                                     .voltage_mv = NAN,
                                     .current_ma = NAN};
    }
    m->round.rails = &m->rail;
    m->round.n_rails = 1;
    m->round.power = m->power;
    m->round.n_power = n;
    json_t *facts = m->round.facts;
    json_object_set_new(facts, "power", json_object());
    json_object_set_new(facts, "idle_before",
                        json_pack("{s:I, s:I}", "start_ns", (json_int_t)(start - 210000000),
                                  "end_ns", (json_int_t)(start - 5000000)));
    json_object_set_new(facts, "idle_after",
                        json_pack("{s:I, s:I}", "start_ns", (json_int_t)(end + 5000000), "end_ns",
                                  (json_int_t)(end + 210000000)));
}

Test(derive, joules_and_tops_per_watt_of_a_cell) {
    made *m[3];
    for (uint32_t r = 0; r < 3; r++)
        add_power(m[r] = make_round(r, 1), 5);
    json_t *record = derive(m, 3);
    double seconds = 200 / figure_of(record, "throughput_per_s").value; /* a round */
    rg_figure total = figure_of(record, "energy_total_uj");
    rg_figure above = figure_of(record, "energy_above_idle_uj");
    cr_assert_null(total.na, "%s", total.na);
    cr_assert_null(above.na, "%s", above.na);
    cr_assert(near(total.value / (3000 * 1000 * seconds / 200), 1, 1e-3));
    cr_assert(near(above.value / (2000 * 1000 * seconds / 200), 1, 1e-3));
    cr_assert(total.low < total.value && total.value < total.high);
    cr_assert(near(figure_of(record, "tops_per_watt").value, 2e6 / total.value * 1e-6, 1e-12));
    cr_assert(near(figure_of(record, "power_idle_mw").value, 1000, 1));
    const json_t *energy = json_object_get(record, "energy");
    cr_assert_str_eq(rg_json_get_text(energy, "scope", ""), "module");
    json_decref(record);
    for (int r = 0; r < 3; r++)
        free_round(m[r]);
}

Test(derive, energy_is_refused_with_its_code) {
    made *m = make_round(0, 1);
    rg_figure figures[RG_FIG_COUNT];
    json_object_set_new(m->round.facts, "power", json_object());
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_energy_total_uj].na, "no-sensor");
    add_power(m, 5);
    json_array_append_new(json_object_get(m->round.facts, "flags"), json_string("throttled"));
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_tops_per_watt].na, "throttle");
    free_round(m);
    m = make_round(0, 1);
    add_power(m, 1000); /* +-1 W on 3 W */
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_energy_total_uj].na, "uncertainty");
    cr_assert_null(figures[RG_FIG_energy_above_idle_uj].na, "the offset cancels above idle");
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
