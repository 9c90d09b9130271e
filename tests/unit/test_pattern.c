/* test_pattern.c: rows and their reservoir, blocks, MSER, the closed loops on small targets of our
 * own, and the order of rounds. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/run/pattern.h"
#include "bench/run/supervisor.h"
#include "bench/run/warmup.h"

/* --- rows ------------------------------------------------------------------------------------ */

static void take_one(rg_rows *rows, int64_t number) {
    size_t room;
    rg_sample *at = rg_rows_next(rows, 1, &room);
    *at = (rg_sample){number, number + 1};
    rg_rows_took(rows, at, 1);
}

Test(rows, keep_everything_in_order_while_there_is_room) {
    rg_sample store[8], scratch[RG_ROWS_BLOCK];
    rg_rows rows = {.rows = store, .scratch = scratch, .cap = 8};
    for (int i = 0; i < 8; i++)
        take_one(&rows, i);
    cr_assert_eq(rows.n, 8);
    cr_assert_eq(rows.taken, 8);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(store[i].start_ns, i);
}

Test(rows, never_offer_more_room_than_there_is) {
    rg_sample store[8], scratch[RG_ROWS_BLOCK];
    rg_rows rows = {.rows = store, .scratch = scratch, .cap = 8};
    size_t room;
    cr_assert_eq(rg_rows_next(&rows, 100, &room), store);
    cr_assert_eq(room, 8);
    rows.n = 8;
    cr_assert_eq(rg_rows_next(&rows, 1 << 20, &room), scratch);
    cr_assert_eq(room, RG_ROWS_BLOCK);
}

/* Of 4000 rows through a store of 100, each quarter should keep about 25 (sd 4.3). Over 200 seeds
 * the mean has an sd of 0.31: 1.5 is far out. */
Test(rows, hold_a_uniform_subset_beyond_their_number) {
    enum { CAP = 100, N = 4000, SEEDS = 200 };
    static rg_sample store[CAP], scratch[RG_ROWS_BLOCK];
    double quarter[4] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        rg_rows rows = {.rows = store, .scratch = scratch, .cap = CAP, .rng = rg_rng_seeded(seed)};
        for (int i = 0; i < N; i++)
            take_one(&rows, i);
        cr_assert_eq(rows.n, CAP);
        cr_assert_eq(rows.taken, N);
        for (int i = 0; i < CAP; i++)
            quarter[store[i].start_ns * 4 / N] += 1.0 / SEEDS;
    }
    for (int q = 0; q < 4; q++)
        cr_assert_float_eq(quarter[q], 25, 1.5, "quarter %d keeps %.2f", q, quarter[q]);
}

Test(rows, sort_by_completion_then_submission) {
    rg_sample rows[] = {{5, 9}, {1, 3}, {2, 3}, {0, 1}};
    rg_rows_sort(rows, 4);
    cr_assert_eq(rows[0].end_ns, 1);
    cr_assert_eq(rows[1].start_ns, 1);
    cr_assert_eq(rows[2].start_ns, 2);
    cr_assert_eq(rows[3].end_ns, 9);
}

Test(rows, median_is_the_middle_or_the_mean_of_two) {
    rg_sample rows[] = {{0, 10}, {0, 30}, {0, 20}, {0, 100}};
    double scratch[4];
    cr_assert_float_eq(rg_rows_median_ns(rows, 3, scratch), 20, 0);
    cr_assert_float_eq(rg_rows_median_ns(rows, 4, scratch), 25, 0);
    cr_assert_float_eq(rg_rows_median_ns(rows, 0, scratch), 0, 0);
}

/* --- blocks ---------------------------------------------------------------------------------- */

Test(block, is_one_when_an_iteration_lasts_a_hundred_clock_reads) {
    cr_assert_eq(rg_loop_block(2500, 25), 1);
    cr_assert_eq(rg_loop_block(1e9, 25), 1);
}

Test(block, makes_a_row_last_a_hundred_clock_reads) {
    cr_assert_eq(rg_loop_block(2499, 25), 2);
    cr_assert_eq(rg_loop_block(100, 25), 25);
    cr_assert_eq(rg_loop_block(0, 25), 2500, "an immeasurable iteration counts as 1 ns");
}

Test(block, is_one_where_reading_the_clock_costs_nothing) {
    cr_assert_eq(rg_loop_block(1, 0), 1);
}

/* --- MSER ------------------------------------------------------------------------------------ */

/* Worked by hand, batch 1, n = 6: sums of squares of the tails over their count squared are
 *   d=0: 10 2 2 2 2 2: mean 20/6, SS = 53.333, / 36 = 1.481;  d=1: five equal: 0. */
Test(mser, cuts_a_single_slow_start) {
    const double x[] = {10, 2, 2, 2, 2, 2};
    bool at_bound;
    cr_assert_eq(rg_mser(x, 6, 1, &at_bound), 1);
    cr_assert_not(at_bound);
}

/* 9 5 1 2 1 2, by hand: d=0: SS 49.333/36 = 1.370; d=1: mean 2.2, SS 10.8/25 = 0.432;
 * d=2: mean 1.5, SS 1/16 = 0.0625; d=3 (bound): mean 5/3, SS 0.6667/9 = 0.0741. */
Test(mser, takes_the_least_of_a_hand_worked_series) {
    const double x[] = {9, 5, 1, 2, 1, 2};
    bool at_bound;
    cr_assert_eq(rg_mser(x, 6, 1, &at_bound), 2);
    cr_assert_not(at_bound);
}

Test(mser, cuts_nothing_of_a_constant_series) {
    const double x[] = {7, 7, 7, 7, 7, 7, 7, 7};
    bool at_bound;
    cr_assert_eq(rg_mser(x, 8, 2, &at_bound), 0);
    cr_assert_not(at_bound);
}

Test(mser, says_that_a_falling_series_has_not_settled) {
    double x[40];
    for (int i = 0; i < 40; i++)
        x[i] = 1000 - 20 * i;
    bool at_bound;
    cr_assert_eq(rg_mser(x, 40, 5, &at_bound), 20);
    cr_assert(at_bound);
}

Test(mser, counts_whole_batches_only) {
    const double x[] = {50, 50, 3, 3, 3, 3, 3, 3, 99};
    bool at_bound;
    cr_assert_eq(rg_mser(x, 9, 2, &at_bound), 2, "the last value is no whole batch");
    cr_assert_eq(rg_mser(x, 3, 2, &at_bound), 0, "one batch says nothing");
}

/* --- loops ----------------------------------------------------------------------------------- */

/* A synchronous device that takes 1 us of virtual time, and one of real time that counts. */
struct rg_program {
    atomic_uint calls[8];
    unsigned fail_at;
};

static rg_status submit_virtual(rg_program *program, unsigned slot) {
    rg_clock_advance(1000, 1);
    return ++program->calls[slot] == program->fail_at ? RG_FAILED : RG_OK;
}

static rg_status submit_real(rg_program *program, unsigned slot) {
    return atomic_fetch_add(&program->calls[slot], 1) + 1 == program->fail_at ? RG_FAILED : RG_OK;
}

static const rg_target virtual_target = {
    .name = "virtual", .caps = RG_TARGET_VIRTUAL_TIME, .submit = submit_virtual};
static const rg_target real_target = {.name = "real", .submit = submit_real};

static rg_sample store[1 << 16], scratch[RG_ROWS_BLOCK];

static rg_rows fresh_rows(void) {
    return (rg_rows){.rows = store, .scratch = scratch, .cap = sizeof store / sizeof store[0]};
}

static rg_loop loop_over(const rg_target *target, rg_program *program, rg_pattern_kind kind,
                         uint32_t n) {
    return (rg_loop){.target = target,
                     .program = program,
                     .pattern = {.kind = kind, .in_flight = n},
                     .block = 1};
}

Test(loop, stops_when_both_rows_and_time_are_reached) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    rg_clock_virtual_on(0);
    rg_goal by_rows = {100, 1000, INT64_MAX}, by_time = {10, 500000, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &by_rows, &rows, &ran, NULL), RG_OK);
    cr_assert_eq(rows.n, 100);
    cr_assert_eq(ran.inferences, 100);
    cr_assert_eq(ran.end_ns - ran.start_ns, 100000);
    cr_assert_not(ran.capped);
    rows = fresh_rows();
    cr_assert_eq(rg_loop_run(&loop, &by_time, &rows, &ran, NULL), RG_OK);
    cr_assert_eq(rows.n, 500, "500 us at 1 us each");
    rg_clock_virtual_off();
}

/* Once the rows are full a block is RG_ROWS_BLOCK rows, however many there have been: 200 here. */
Test(loop, goes_on_long_after_its_rows_are_full) {
    enum { N = 200 * RG_ROWS_BLOCK };
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    rg_clock_virtual_on(0);
    rg_goal goal = {N, 0, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, NULL), RG_OK);
    cr_assert_eq(rows.taken, N);
    cr_assert_eq(rows.n, rows.cap);
    rg_clock_virtual_off();
}

Test(loop, says_when_the_deadline_came_first) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    rg_clock_virtual_on(0);
    rg_goal goal = {1000000, 0, 70000};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, NULL), RG_OK);
    cr_assert(ran.capped);
    cr_assert_eq(rows.n, 70);
    rg_clock_virtual_off();
}

Test(loop, counts_all_inferences_of_a_block) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    loop.block = 7;
    rg_clock_virtual_on(0);
    rg_goal goal = {10, 0, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, NULL), RG_OK);
    cr_assert_eq(rows.n, 10);
    cr_assert_eq(ran.inferences, 70);
    cr_assert_eq(program.calls[0], 70);
    cr_assert_eq(store[3].end_ns - store[3].start_ns, 7000);
    rg_clock_virtual_off();
}

/* Four requests queue for a device that serves one: after the queue has filled, each waits for
 * three others. */
Test(loop, queues_requests_of_a_synchronous_device_in_virtual_time) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_IN_FLIGHT, 4);
    rg_clock_virtual_on(0);
    rg_goal goal = {40, 0, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, NULL), RG_OK);
    cr_assert_eq(rows.n, 40);
    for (int i = 4; i < 40; i++)
        cr_assert_eq(store[i].end_ns - store[i].start_ns, 4000, "row %d", i);
    for (int s = 0; s < 4; s++)
        cr_assert_eq(program.calls[s], 10, "slots take turns");
    cr_assert_eq(ran.last_slot, 3);
    rg_clock_virtual_off();
}

Test(loop, gives_each_request_in_flight_its_own_thread) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_loop loop = loop_over(&real_target, &program, RG_PATTERN_IN_FLIGHT, 3);
    rg_goal goal = {300, 0, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, NULL), RG_OK);
    cr_assert_geq(rows.n, 300);
    cr_assert_eq(ran.inferences, rows.taken);
    unsigned calls = 0;
    for (int s = 0; s < 3; s++) {
        cr_assert_geq(program.calls[s], 100, "slot %d", s);
        calls += program.calls[s];
    }
    cr_assert_eq(calls, rows.taken);
    for (size_t i = 1; i < rows.n; i++)
        cr_assert_leq(store[i - 1].end_ns, store[i].end_ns, "row %zu", i);
}

Test(loop, tells_which_target_failed_and_when) {
    rg_program program = {.fail_at = 51};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_err err = RG_ERR_INIT;
    rg_goal goal = {100, 0, INT64_MAX};
    rg_loop loop = loop_over(&real_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, &err), RG_FAILED);
    cr_assert_str_eq(err.what, "real answered 'failed' after 50 rows");
    rg_program other = {.fail_at = 20};
    loop = loop_over(&real_target, &other, RG_PATTERN_IN_FLIGHT, 2);
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, &err), RG_FAILED);
}

static bool stop_at_second_pause(void *user, unsigned slot, uint64_t rows) {
    (void)slot;
    cr_assert_eq(rows % RG_LOOP_FIRST_BLOCK, 0);
    return ++*(int *)user < 2;
}

Test(loop, pauses_between_doubling_blocks_and_ends_when_told) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_ran ran;
    rg_err err = RG_ERR_INIT;
    int pauses = 0;
    rg_loop loop = loop_over(&real_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    loop.pause = stop_at_second_pause;
    loop.user = &pauses;
    rg_goal goal = {100000, 0, INT64_MAX};
    cr_assert_eq(rg_loop_run(&loop, &goal, &rows, &ran, &err), RG_INTERRUPTED);
    cr_assert_eq(pauses, 2);
    cr_assert_eq(program.calls[0], 3 * RG_LOOP_FIRST_BLOCK, "64 and 128");
}

Test(loop, overhead_of_an_empty_target_is_small_and_not_negative) {
    double overhead = rg_loop_overhead_ns();
    cr_assert_geq(overhead, 0);
    cr_assert_lt(overhead, 100000);
}

Test(warm_up, ends_steady_on_a_constant_device) {
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_warm warm;
    rg_loop loop = loop_over(&virtual_target, &program, RG_PATTERN_SINGLE_STREAM, 1);
    rg_clock_virtual_on(0);
    cr_assert_eq(rg_warmup_run(&loop, INT64_C(2000000000), &rows, &warm, NULL), RG_OK);
    cr_assert(warm.steady);
    cr_assert_float_eq(warm.row_ns, 1000, 0);
    cr_assert_eq(warm.inferences, rows.taken);
    cr_assert_geq(warm.end_ns - warm.start_ns, RG_WARMUP_NS);
    rg_clock_virtual_off();
}

/* Each call is faster than the one before, for ever: three pilots, none settled. */
static rg_status submit_falling(rg_program *program, unsigned slot) {
    unsigned n = ++program->calls[slot];
    rg_clock_advance(n < 100000 ? 300000000 / n : 3000, 1);
    return RG_OK;
}

Test(warm_up, gives_up_on_a_device_that_never_settles) {
    static const rg_target falling = {
        .name = "falling", .caps = RG_TARGET_VIRTUAL_TIME, .submit = submit_falling};
    rg_program program = {0};
    rg_rows rows = fresh_rows();
    rg_warm warm;
    rg_loop loop = loop_over(&falling, &program, RG_PATTERN_SINGLE_STREAM, 1);
    rg_clock_virtual_on(0);
    cr_assert_eq(rg_warmup_run(&loop, INT64_C(60000000000), &rows, &warm, NULL), RG_OK);
    cr_assert_not(warm.steady);
    cr_assert_eq(rows.n, 5 + 3 * RG_WARMUP_PILOT_ROWS, "five rows last 0.2 s, then three pilots");
    rg_clock_virtual_off();
}

/* --- order of rounds ------------------------------------------------------------------------- */

Test(schedule, interleaves_rounds_and_reverses_every_second_one) {
    rg_cell cells[3] = {0};
    cells[0].tier.rounds = 2;
    cells[1].tier.rounds = 3;
    cells[2].tier.rounds = 2;
    rg_plan plan = {.cells = cells, .n_cells = 3, .rounds = 3};
    static const rg_slot expected[] = {{0, 0}, {1, 0}, {2, 0}, {2, 1}, {1, 1}, {0, 1}, {1, 2}};
    rg_slot slots[7];
    cr_assert_eq(rg_schedule(&plan, NULL), 7);
    cr_assert_eq(rg_schedule(&plan, slots), 7);
    for (int i = 0; i < 7; i++)
        cr_assert(slots[i].cell == expected[i].cell && slots[i].round == expected[i].round,
                  "slot %d is cell %u round %u", i, slots[i].cell, slots[i].round);
}

Test(outcomes, become_one_exit_code) {
    rg_outcome all_ok[2] = {{.status = RG_OK, .ok = 3}, {.status = RG_OK, .ok = 3}};
    rg_outcome one_lost[2] = {{.status = RG_OK, .ok = 2, .failed = 1}, {.status = RG_OK}};
    rg_outcome away[2] = {{.status = RG_ABSENT}, {.status = RG_DENIED}};
    rg_outcome mixed[2] = {{.status = RG_OK}, {.status = RG_ABSENT}};
    cr_assert_eq(rg_outcomes_exit(all_ok, 2), 0);
    cr_assert_eq(rg_outcomes_exit(one_lost, 2), 3);
    cr_assert_eq(rg_outcomes_exit(away, 2), 5);
    cr_assert_eq(rg_outcomes_exit(mixed, 2), 3);
}
