/* test_soak.c: the slope test of a soak, and what is told of burst, throttling and steady state. */
#include <criterion/criterion.h>

#include "bench/run/soak.h"
#include "tests/unit/round_made.h"

static bool steady(const double *p50, const double *celsius, size_t n) {
    rg_soak_segment segments[16];
    for (size_t i = 0; i < n; i++)
        segments[i] = (rg_soak_segment){p50[i] * 1e6, celsius ? celsius[i] * 1000 : NAN};
    return rg_soak_is_steady(segments, n);
}

Test(soak, it_is_steady_when_neither_latency_nor_heat_has_a_slope) {
    static const double flat[] = {1, 2, 2.01, 2, 1.99, 2, 2.01, 2};
    static const double rising[] = {1, 2, 2.02, 2.04, 2.06, 2.08, 2.1, 2.12};
    static const double level[] = {40, 70, 70.1, 70, 69.9, 70.1, 70, 70};
    static const double warming[] = {40, 60, 61, 62, 63, 64, 65, 66};
    cr_assert(steady(flat, NULL, 8));
    cr_assert(steady(flat, level, 8));
    cr_assert_not(steady(rising, level, 8));
    cr_assert_not(steady(flat, warming, 8), "it will slow down yet");
    cr_assert_not(steady(flat, NULL, 6), "too few segments");
}

Test(soak, one_odd_segment_is_no_slope) {
    static const double odd[] = {1, 2, 2, 5, 2, 2, 2, 2};
    cr_assert(steady(odd, NULL, 8));
}

/* 200 requests of 1 ms every 10 ms in ten segments of 200 ms; from the 90th on they take 1.5 ms. */
static made *soaked(uint32_t number, int slow_from) {
    made *m = make_round(number, 1);
    int64_t t = 1000000000;
    json_t *segments = json_array();
    for (int i = 0; i < WARMUP; i++)
        m->rows[i] = (rg_sample){t - 100 + i, t - 50 + i};
    for (int i = 0; i < 200; i++)
        m->rows[WARMUP + i] =
            (rg_sample){t + i * INT64_C(10000000),
                        t + i * INT64_C(10000000) + (i < slow_from ? 1000000 : 1500000)};
    for (int k = 0; k < 2; k++)
        json_array_append_new(segments,
                              json_pack("{s:I, s:I, s:i}", "start_ns",
                                        (json_int_t)(t + k * INT64_C(1000000000)), "end_ns",
                                        (json_int_t)(t + (k + 1) * INT64_C(1000000000)),
                                        "inferences", 100));
    json_object_set_new(m->round.facts, "soak",
                        json_pack("{s:I, s:b, s:i, s:o}", "step_ns", (json_int_t)1000000000,
                                  "steady", 1, "last", 1, "segments", segments));
    return m;
}

Test(soak, burst_steady_and_the_time_of_throttling_come_from_the_raw_stamps) {
    made *m[] = {soaked(0, 90), soaked(1, 94)};
    json_t *record = derive(m, 2);
    cr_assert_eq(figure_of(record, "burst_p95_ns").value, 1500000, "ten of a hundred are slow");
    cr_assert_eq(figure_of(record, "sustained_p95_ns").value, 1500000);
    rg_figure after = figure_of(record, "throttle_after_ns");
    cr_assert_eq(after.value, 920000000, "the mean of 0.9 s and 0.94 s, not %g", after.value);
    cr_assert_str_eq(figure_of(record, "burst_uj").na, "not-measured");
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(soak, a_device_that_keeps_its_speed_never_throttled) {
    made *m = soaked(0, 500);
    rg_figure figures[RG_FIG_COUNT];
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_throttle_after_ns].na, "never-throttled");
    cr_assert_eq(figures[RG_FIG_burst_p95_ns].value, 1000000);
    free_round(m);
}
