/* test_parts.c: rows of named parts behind the steady ones, and a disturbance that begins and ends.
 */
#include <signal.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/run/disturb.h"
#include "tests/unit/round_made.h"

/* The last 100 of the 200 steady rows are a part; they took half as long. */
static made *with_part(uint32_t number) {
    made *m = make_round(number, 1);
    for (int i = WARMUP + 100; i < ROWS; i++)
        m->rows[i].end_ns = m->rows[i].start_ns + 500000;
    json_object_set_new(m->round.facts, "parts",
                        json_pack("[{s:s, s:i, s:i}]", "name", "alone", "rows", 100, "taken", 100));
    return m;
}

Test(parts, rows_of_a_part_are_not_the_windows) {
    made *m[] = {with_part(0), with_part(1)};
    json_t *record = derive(m, 2);
    rg_figure p95 = figure_of(record, "latency_p95_ns");
    cr_assert_eq(p95.n, 200);
    cr_assert_gt(figure_of(record, "latency_min_ns").value, 900000);
    const json_t *part = json_array_get(json_object_get(record, "parts"), 0);
    cr_assert_str_eq(rg_json_get_text(part, "name", ""), "alone");
    cr_assert_eq(rg_json_get_int(part, "n", 0), 200);
    rg_figure own =
        rg_figure_from_json(json_object_get(json_object_get(part, "figures"), "latency_p95_ns"));
    cr_assert_eq(own.value, 500000);
    rg_figure ratio = figure_of(record, "interfere_p95");
    cr_assert(ratio.value > 2 && ratio.value < 2.1, "%g", ratio.value);
    cr_assert(ratio.low <= ratio.value && ratio.value <= ratio.high);
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}

Test(parts, more_rows_than_there_are_belong_to_nobody) {
    made *m = with_part(0);
    json_t *part = json_array_get(json_object_get(m->round.facts, "parts"), 0);
    json_object_set_new(part, "rows", json_integer(5000));
    rg_figure figures[RG_FIG_COUNT];
    cr_assert_eq(rg_derive_round(&m->round, figures, NULL, NULL), RG_OK);
    cr_assert_str_eq(figures[RG_FIG_latency_p95_ns].na, "not-measured");
    free_round(m);
}

Test(parts, a_disturbance_waits_works_and_ends) {
    for (int kind = RG_DISTURB_CPU; kind < RG_DISTURB_COUNT; kind++) {
        rg_disturb *disturb = NULL;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_disturb_open((rg_disturb_kind)kind, &disturb, &err), RG_OK, "%s", err.what);
        cr_assert_geq(rg_disturb_count(disturb), 1);
        rg_disturb_start(disturb);
        rg_clock_sleep_until(rg_clock_real_ns() + 20000000);
        rg_disturb_close(disturb);
    }
    rg_disturb_close(NULL);
    cr_assert_eq(kill(0, 0), 0);
}
