/* test_gate_control.c: stored comparisons: at best inconclusive without a control workload, and
 * what the control drifted by taken out with one. Cell 0 is under test, cell 1 the control. */
#include "tests/unit/gate_made.h"

enum { CELL, CONTROL };

static double *drawn(rg_rng *rng, double level, double *ret) {
    for (int r = 0; r < 8; r++)
        ret[r] = 1e6 * level * exp(0.003 * rg_rng_normal12(rng));
    return ret;
}

/* A measured side whose cell and control stand at these levels. */
static owned side_at(const char *name, uint64_t seed, double cell, double control) {
    maker m = {rg_rng_seeded(seed), 2, 8, 0.003, 1, 0};
    owned o = make_side(name, &m);
    double values[8];
    for (size_t i = 0; i < 2; i++) {
        json_t *record = json_array_get(o.records, i);
        set_text(record, "provenance", "measured");
        add_figure(record, "latency_p95_ns", drawn(&m.rng, i == CELL ? cell : control, values), 8);
    }
    return o;
}

/* The verdict on p95 of the cell; `control` NULL: without one. */
static rg_verdict verdict_of(owned *a, owned *b, const char *control, rg_gate_test *ret) {
    rg_gate_options options = rg_gate_options_default();
    options.control = control;
    rg_gate *gate = judged(a, b, &options);
    const rg_gate_test *test = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_not_null(test);
    *ret = *test;
    rg_gate_free(gate);
    return ret->verdict;
}

Test(gate_control, without_one_a_stored_comparison_is_at_best_inconclusive) {
    rg_gate_test test;
    for (int slower = 0; slower < 2; slower++) {
        owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, slower ? 1.2 : 1, 1);
        cr_expect_eq(verdict_of(&a, &b, NULL, &test), RG_VERDICT_INCONCLUSIVE);
        cr_expect(strstr(test.note, "--control") != NULL, "%s", test.note);
        cr_expect(isfinite(test.change) && isfinite(test.low), "what was found stays on show");
        cr_expect(isnan(test.p_worse));
        drop(&a);
        drop(&b);
    }
}

Test(gate_control, counted_instructions_need_none) {
    for (int more = 0; more < 2; more++) {
        owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1, 1);
        double was[8], now[8];
        for (int r = 0; r < 8; r++) {
            was[r] = 1e6 + 10 * r;
            now[r] = was[r] * (more ? 1.02 : 1) + 10 * (r % 3);
        }
        add_figure(json_array_get(a.records, CELL), "instructions", was, 8);
        add_figure(json_array_get(b.records, CELL), "instructions", now, 8);
        rg_gate_options options = rg_gate_options_default();
        rg_gate *gate = judged(&a, &b, &options);
        const rg_gate_test *test = find(gate, "net-00/cpu", RG_FIG_instructions);
        cr_assert_eq(test->verdict, more ? RG_VERDICT_REGRESSED : RG_VERDICT_PASS, "%s",
                     test->note);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

/* The verdict on instructions of three rounds a side, counted by what is named; the candidate's
 * first round is off by `first`, its last by `last`. */
static rg_verdict counted(const char *then, const char *now, double was, double is, double first,
                          double last) {
    owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1, 1);
    json_t *records[] = {json_array_get(a.records, CELL), json_array_get(b.records, CELL)};
    const char *by[] = {then, now};
    const double values[2][3] = {{was, was, was}, {is + first, is, is + last}};
    for (int i = 0; i < 2; i++) {
        add_figure(records[i], "instructions", values[i], 3);
        json_object_set_new(records[i], "context",
                            json_pack("{s:{s:s}}", "instructions", "by", by[i]));
    }
    rg_gate_options options = rg_gate_options_default();
    rg_gate *gate = judged(&a, &b, &options);
    rg_verdict verdict = find(gate, "net-00/cpu", RG_FIG_instructions)->verdict;
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
    return verdict;
}

Test(gate_control, instructions_of_an_imitated_cpu_are_compared_exactly) {
    const char *valgrind = "valgrind-3.19.0";
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 1.0019e6, 0, 0), RG_VERDICT_PASS);
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 1.0021e6, 0, 0), RG_VERDICT_REGRESSED);
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 1.0031e6, 50, 100), RG_VERDICT_REGRESSED);
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 0.9e6, 0, 0), RG_VERDICT_IMPROVED);
}

Test(gate_control, a_round_of_instructions_before_two_that_agree_does_not_count) {
    const char *valgrind = "valgrind-3.19.0";
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 1.0031e6, 12e3, 0), RG_VERDICT_REGRESSED);
    cr_expect_eq(counted(valgrind, valgrind, 1e6, 1e6, 12e3, 0), RG_VERDICT_PASS);
}

Test(gate_control, instructions_that_scatter_are_tested_like_all_rounds) {
    const char *valgrind = "valgrind-3.19.0";
    cr_expect_neq(counted(valgrind, valgrind, 1e6, 1.0031e6, -2000, 3000), RG_VERDICT_REGRESSED);
}

Test(gate_control, instructions_counted_in_two_ways_are_not_compared) {
    cr_expect_eq(counted("valgrind-3.19.0", "", 1e6, 1e6, 0, 0), RG_VERDICT_NOT_COMPARABLE);
    cr_expect_eq(counted("", "valgrind-3.19.0", 1e6, 2e6, 0, 0), RG_VERDICT_NOT_COMPARABLE);
}

Test(gate_control, simulated_devices_do_not_drift) {
    rg_gate_test test;
    owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1.2, 1);
    for (size_t i = 0; i < 2; i++) {
        set_text(json_array_get(a.records, i), "provenance", "simulated");
        set_text(json_array_get(b.records, i), "provenance", "simulated");
    }
    cr_expect_eq(verdict_of(&a, &b, NULL, &test), RG_VERDICT_REGRESSED);
    drop(&a);
    drop(&b);
}

Test(gate_control, its_drift_is_taken_out_and_a_change_of_the_cell_alone_stays) {
    rg_gate_test test;
    owned a = side_at("A", 1, 1, 1), moved = side_at("B", 2, 1.2, 1.2),
          slower = side_at("C", 3, 1.26, 1.2);
    cr_expect_eq(verdict_of(&a, &moved, "net-01/cpu", &test), RG_VERDICT_PASS);
    cr_expect_str_eq(test.method, "welch-control");
    cr_expect(fabs(test.change) < 0.01, "%g", test.change);
    cr_expect_eq(verdict_of(&a, &slower, "net-01/cpu", &test), RG_VERDICT_REGRESSED);
    cr_expect(fabs(test.change - 0.05) < 0.01, "%g", test.change);
    drop(&a);
    drop(&moved);
    drop(&slower);
}

Test(gate_control, can_be_named_by_the_scenario) {
    rg_gate_test test;
    owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1.2, 1.2);
    json_object_set_new(b.facts, "gate", json_pack("{s:s}", "control", "net-01/cpu"));
    cr_expect_eq(verdict_of(&a, &b, NULL, &test), RG_VERDICT_PASS);
    drop(&a);
    drop(&b);
}

Test(gate_control, that_is_not_there_makes_no_gate) {
    rg_gate_options options = rg_gate_options_default();
    rg_gate *gate = NULL;
    rg_err err = RG_ERR_INIT;
    owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1, 1);
    options.control = "other/cpu";
    cr_expect_eq(rg_gate_judge(&a.side, &b.side, &options, &gate, &err), RG_INVALID);
    cr_expect_str_eq(err.what, "the control 'other/cpu' is not ok in the baseline");
    drop(&a);
    drop(&b);
}

/* --- context -----------------------------------------------------------------------------------
 */

static size_t not_comparable(const owned *a, const owned *b) {
    rg_gate *gate = judged(a, b, NULL);
    size_t n = gate->counts[RG_VERDICT_NOT_COMPARABLE];
    rg_gate_free(gate);
    return n;
}

static void set_state(owned *o, const char *key, const char *value) {
    for (size_t i = 0; i < 2; i++)
        json_object_set_new(json_array_get(o->records, i), "context",
                            json_pack("{s:{s:s}}", "state", key, value));
}

Test(gate_context, that_decides_how_fast_a_machine_is_ends_the_comparison) {
    static const char *const keys[] = {"power_mode", "governor", "fan"};
    for (size_t i = 0; i < 3; i++) {
        owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1, 1);
        set_state(&a, keys[i], "one");
        cr_expect_eq(not_comparable(&a, &b), 0, "%s recorded on one side only", keys[i]);
        set_state(&b, keys[i], "other");
        cr_expect_eq(not_comparable(&a, &b), i < 2 ? 2 : 0, "%s", keys[i]);
        set_state(&b, keys[i], "one");
        cr_expect_eq(not_comparable(&a, &b), 0, "%s", keys[i]);
        drop(&a);
        drop(&b);
    }
}

Test(gate_context, of_the_host_counts_and_rounds_in_turns_share_it) {
    owned a = side_at("A", 1, 1, 1), b = side_at("B", 2, 1, 1);
    json_object_set_new(a.facts, "host", json_pack("{s:i}", "cores", 4));
    json_object_set_new(b.facts, "host", json_pack("{s:i}", "cores", 2));
    cr_expect_eq(not_comparable(&a, &b), 2);
    json_object_set_new(a.facts, "pairing", json_pack("{s:s, s:s}", "session", "s", "arm", "A"));
    json_object_set_new(b.facts, "pairing", json_pack("{s:s, s:s}", "session", "s", "arm", "B"));
    cr_expect_eq(not_comparable(&a, &b), 0);
    drop(&a);
    drop(&b);
}
