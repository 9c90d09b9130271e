/* test_gate_cells.c: cells that the gate judges as a whole, and which limits and metrics it takes.
 */
#include "tests/unit/gate_made.h"

Test(gate, a_cell_that_is_not_there_or_not_ok_decides_as_a_whole) {
    static const struct {
        const char *was, *now; /* statuses; NULL: the record is taken away */
        rg_verdict want;
        rg_exit exit;
    } cases[] = {
        {"ok", "failed", RG_VERDICT_ERROR, RG_EXIT_INCOMPLETE},
        {"ok", "wrong", RG_VERDICT_ERROR, RG_EXIT_INCOMPLETE},
        {"ok", "absent", RG_VERDICT_ERROR, RG_EXIT_INCOMPLETE},
        {"ok", "unsupported", RG_VERDICT_ERROR, RG_EXIT_INCOMPLETE},
        {"ok", "interrupted", RG_VERDICT_MISSING, RG_EXIT_INCOMPLETE},
        {"ok", NULL, RG_VERDICT_MISSING, RG_EXIT_INCOMPLETE},
        {"absent", "wrong", RG_VERDICT_ERROR, RG_EXIT_INCOMPLETE},
        {"absent", "absent", RG_VERDICT_SKIPPED, RG_EXIT_OK},
        {"failed", "ok", RG_VERDICT_SKIPPED, RG_EXIT_OK},
        {NULL, "ok", RG_VERDICT_SKIPPED, RG_EXIT_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        maker m = usual(9, 2);
        owned a = make_side("A", &m), b = make_side("B", &m);
        owned *sides[] = {&a, &b};
        const char *statuses[] = {cases[i].was, cases[i].now};
        for (int s = 0; s < 2; s++) {
            if (statuses[s]) {
                set_text(json_array_get(sides[s]->records, 0), "status", statuses[s]);
            } else {
                json_array_remove(sides[s]->records, 0);
                json_array_remove(sides[s]->cells, 0);
            }
        }
        rg_gate *gate = judged(&a, &b, NULL);
        const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_COUNT);
        cr_assert_not_null(t, "case %zu", i);
        cr_assert_eq(t->verdict, cases[i].want, "case %zu: %s", i, rg_verdict_word(t->verdict));
        cr_assert(*t->note, "case %zu", i);
        cr_assert_eq(gate->exit, cases[i].exit, "case %zu: %d", i, (int)gate->exit);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

Test(gate, different_things_are_not_compared) {
    static const char *const keys[] = {"provenance", "target", "device"};
    for (size_t i = 0; i < 3; i++) {
        owned a, b;
        make_pair(&a, &b, 11);
        set_text(json_array_get(a.records, 0), keys[i], i ? "one" : "measured");
        set_text(json_array_get(b.records, 0), keys[i], i ? "other" : "simulated");
        rg_gate *gate = judged(&a, &b, NULL);
        cr_assert_eq(gate->counts[RG_VERDICT_NOT_COMPARABLE], 1, "%s", keys[i]);
        cr_assert_eq(gate->exit, RG_EXIT_INVALID);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
    owned a, b;
    make_pair(&a, &b, 11);
    json_object_set_new(json_array_get(a.records, 0), "schema", json_integer(7));
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_eq(gate->counts[RG_VERDICT_NOT_COMPARABLE], 1);
    rg_gate_free(gate);
    json_object_set_new(json_array_get(a.records, 0), "schema", json_integer(1));
    set_text(json_array_get(a.records, 0), "provenance", "measured");
    set_text(json_array_get(b.records, 0), "provenance", "measured");
    json_object_set_new(a.facts, "host", json_pack("{s:s}", "cpu", "X1"));
    json_object_set_new(b.facts, "host", json_pack("{s:s}", "cpu", "X2"));
    gate = judged(&a, &b, NULL);
    cr_assert_eq(gate->counts[RG_VERDICT_NOT_COMPARABLE], 1, "another CPU");
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, throttling_of_one_side_makes_the_cell_invalid) {
    owned a, b;
    make_pair(&a, &b, 12);
    json_array_append_new(json_object_get(json_array_get(b.records, 0), "flags"),
                          json_string("throttled"));
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_eq(gate->counts[RG_VERDICT_INVALID], 1);
    cr_assert_eq(gate->exit, RG_EXIT_INVALID);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, a_single_round_is_inconclusive_whatever_it_says) {
    maker m = {rg_rng_seeded(1), 1, 1, 0.01, 1, 0};
    owned a = make_side("A", &m);
    m.slower = 2;
    m.n_slower = 1;
    owned b = make_side("B", &m);
    add_exact(json_array_get(b.records, 0), "arena_bytes", 1e9);
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_eq(gate->counts[RG_VERDICT_REGRESSED], 0);
    cr_assert_eq(gate->exit, RG_EXIT_INCONCLUSIVE);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, more_wrong_outputs_are_an_error_and_more_macs_or_arena_a_regression) {
    owned a, b;
    make_pair(&a, &b, 13);
    json_t *record = json_array_get(b.records, 0);
    add_exact(record, "agreement_differing", 1);
    add_exact(record, "macs", 1000001);
    add_exact(record, "arena_bytes", 66300);
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_agreement_differing)->verdict, RG_VERDICT_ERROR);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_macs)->verdict, RG_VERDICT_REGRESSED);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_arena_bytes)->verdict, RG_VERDICT_REGRESSED);
    cr_assert_eq(gate->exit, RG_EXIT_INCOMPLETE, "3 before 1");
    cr_assert_eq(gate->tests[0].verdict, RG_VERDICT_ERROR, "the worst first");
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, sees_one_operator_that_falls_back_to_the_host_and_a_placement_that_became_unknown) {
    owned a, b;
    make_pair(&a, &b, 5);
    json_t *before = json_array_get(a.records, 0), *after = json_array_get(b.records, 0);
    add_exact(before, "nodes_off_target", 0);
    add_exact(after, "nodes_off_target", 1);
    add_exact(before, "macs_off_target", 1000);
    rg_gate *gate = judged(&a, &b, NULL);
    const rg_gate_test *nodes = find(gate, "net-00/cpu", RG_FIG_nodes_off_target);
    cr_assert_eq(nodes->verdict, RG_VERDICT_REGRESSED);
    cr_assert(strstr(nodes->note, "host"), "%s", nodes->note);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_macs_off_target)->verdict, RG_VERDICT_MISSING);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, a_figure_that_the_candidate_lost_is_missing_a_new_one_is_not_judged) {
    owned a, b;
    make_pair(&a, &b, 14);
    json_t *was = json_array_get(a.records, 0), *now = json_array_get(b.records, 0);
    json_object_del(json_object_get(now, "per_round"), "latency_p95_ns");
    json_object_set_new(json_object_get(now, "figures"), "latency_p95_ns",
                        json_pack("{s:s}", "na", "n<72"));
    json_object_del(json_object_get(was, "per_round"), "latency_p50_ns");
    json_object_del(json_object_get(was, "figures"), "latency_p50_ns");
    rg_gate *gate = judged(&a, &b, NULL);
    const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_eq(t->verdict, RG_VERDICT_MISSING);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_latency_p50_ns)->verdict, RG_VERDICT_SKIPPED);
    cr_assert_null(find(gate, "net-00/cpu", RG_FIG_energy_total_uj), "neither side has it");
    cr_assert_eq(gate->exit, RG_EXIT_INCOMPLETE);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, p95_between_two_modes_is_not_judged_alone) {
    static const double mean_ns[] = {0, 1.3e6, 1.02e6}; /* as it was, regressed, surely slower */
    for (int confirmed = 0; confirmed < 3; confirmed++) {
        owned a, b;
        make_pair(&a, &b, 15);
        json_t *now = json_array_get(b.records, 0);
        double slow[6], mean[6];
        for (int r = 0; r < 6; r++) {
            slow[r] = 1.3e6 + 1e3 * r;
            mean[r] = mean_ns[confirmed] + 3e3 * r;
        }
        add_figure(now, "latency_p95_ns", slow, 6);
        if (confirmed)
            add_figure(now, "latency_mean_ns", mean, 6);
        json_array_append_new(json_object_get(now, "flags"), json_string("mode-boundary"));
        rg_gate *gate = judged(&a, &b, NULL);
        cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_latency_p95_ns)->verdict,
                     confirmed ? RG_VERDICT_REGRESSED : RG_VERDICT_INCONCLUSIVE);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

Test(gate, limits_come_from_the_command_line_then_the_scenario) {
    owned a, b;
    make_pair(&a, &b, 16);
    rg_gate_options options = rg_gate_options_default();
    json_object_set_new(b.facts, "gate",
                        json_pack("{s:{s:f, s:s}, s:f}", "latency_p95_ns", "tolerance", 0.02,
                                  "target", "8%", "latency_p50_ns", 0.5));
    cr_assert_eq(rg_gate_set_limit(&options, false, "latency_p95=3 %", NULL), RG_OK);
    rg_gate *gate = judged(&a, &b, &options);
    const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_float_eq(t->tolerance, 0.03, 1e-12);
    cr_assert_float_eq(t->target, 0.08, 1e-12);
    t = find(gate, "net-00/cpu", RG_FIG_latency_p50_ns);
    cr_assert_float_eq(t->tolerance, 0.5, 1e-12);
    cr_assert_float_eq(t->target, 0.5, 1e-12, "a target is never below its tolerance");
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, wrong_limits_and_metrics_are_named) {
    static const char *const bad[] = {
        "latency_p95_ns",     "=1%",      "latency_p95_ns=", "x=1%", "latency_p95_ns=-1%",
        "latency_p95_ns=1%%", "all=2000%"};
    rg_gate_options options = rg_gate_options_default();
    rg_err err = RG_ERR_INIT;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(rg_gate_set_limit(&options, true, bad[i], &err), RG_USAGE, "%s", bad[i]);
    cr_assert_eq(rg_gate_want(&options, "latency_p59_ns", &err), RG_USAGE);
    cr_assert(strstr(err.advice, "did you mean latency_p"), "%s", err.advice);
    cr_assert_eq(rg_gate_set_limit(&options, true, "all=7%", &err), RG_OK);
    cr_assert_float_eq(options.limits[RG_FIG_macs].target, 0.07, 1e-12);
}

Test(gate, chosen_metrics_only_and_said_when_neither_side_has_them) {
    owned a, b;
    make_pair(&a, &b, 17);
    rg_gate_options options = rg_gate_options_default();
    cr_assert_eq(rg_gate_want(&options, "latency_p95", NULL), RG_OK);
    cr_assert_eq(rg_gate_want(&options, "energy_total_uj", NULL), RG_OK);
    rg_gate *gate = judged(&a, &b, &options);
    cr_assert_eq(gate->n, 2);
    cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_energy_total_uj)->verdict, RG_VERDICT_SKIPPED);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, without_records_or_judged_cells_there_is_no_pass) {
    owned a, b;
    make_pair(&a, &b, 18);
    set_text(json_array_get(a.records, 0), "status", "absent");
    set_text(json_array_get(b.records, 0), "status", "absent");
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_eq(gate->exit, RG_EXIT_INVALID, "a gate that judged nothing is no pass");
    rg_gate_free(gate);
    json_array_clear(b.records);
    rg_gate_options options = rg_gate_options_default();
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_gate_judge(&a.side, &b.side, &options, &gate, &err), RG_INVALID);
    drop(&a);
    drop(&b);
}

/* Joules of the same board: each round 0.2 % about 1 mJ times `factor`, and a sensor that may be
 * off by a fifth, which is the same on both sides. */
static void add_joules(json_t *record, double factor, rg_rng *rng) {
    double uj[6];
    for (int r = 0; r < 6; r++)
        uj[r] = 1000 * factor * (1 + 0.002 * rg_rng_normal12(rng));
    add_figure(record, "energy_total_uj", uj, 6);
    json_t *figure = json_object_get(json_object_get(record, "figures"), "energy_total_uj");
    json_object_set_new(figure, "low", json_real(800 * factor));
    json_object_set_new(figure, "high", json_real(1200 * factor));
}

static rg_verdict verdict_on_joules(double factor) {
    owned a, b;
    rg_rng rng = rg_rng_seeded(19);
    make_pair(&a, &b, 19);
    add_joules(json_array_get(a.records, 0), 1, &rng);
    add_joules(json_array_get(b.records, 0), factor, &rng);
    rg_gate_options options = rg_gate_options_default();
    cr_assert_eq(rg_gate_set_limit(&options, true, "energy_total_uj=1%", NULL), RG_OK);
    cr_assert_eq(rg_gate_want(&options, "energy_total_uj", NULL), RG_OK);
    rg_gate *gate = judged(&a, &b, &options);
    rg_verdict verdict = find(gate, "net-00/cpu", RG_FIG_energy_total_uj)->verdict;
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
    return verdict;
}

Test(gate, what_is_systematic_in_joules_of_one_board_cancels_so_three_percent_are_seen) {
    cr_assert_eq(verdict_on_joules(1.03), RG_VERDICT_REGRESSED);
    cr_assert_eq(verdict_on_joules(0.97), RG_VERDICT_IMPROVED);
    rg_verdict same = verdict_on_joules(1);
    cr_assert_neq(same, RG_VERDICT_REGRESSED);
    cr_assert_neq(same, RG_VERDICT_IMPROVED);
}

/* The verdict on one metric of rounds that were interleaved. */
static rg_gate_test paired_test(int metric, const double *was, const double *now, size_t n) {
    maker m = {rg_rng_seeded(1), 1, n, 0.003, 1, 0};
    owned a = make_side("A", &m), b = make_side("B", &m);
    json_object_set_new(a.facts, "pairing", json_pack("{s:s, s:s}", "session", "s", "arm", "A"));
    json_object_set_new(b.facts, "pairing", json_pack("{s:s, s:s}", "session", "s", "arm", "B"));
    add_figure(json_array_get(a.records, 0), rg_figure_rows[metric].key, was, n);
    add_figure(json_array_get(b.records, 0), rg_figure_rows[metric].key, now, n);
    rg_gate *gate = judged(&a, &b, NULL);
    rg_gate_test test = *find(gate, "net-00/cpu", metric);
    test.note = test.method = "";
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
    return test;
}

Test(gate_cells, missed_deadlines_are_compared_in_points) {
    double was[12], more[12], same[12];
    rg_rng rng = rg_rng_seeded(7);
    for (size_t r = 0; r < 12; r++) { /* none of 200 at most rounds, then some in a hundred */
        was[r] = rg_rng_unit(&rng) < 0.2 ? 0.005 : 0;
        same[r] = rg_rng_unit(&rng) < 0.2 ? 0.005 : 0;
        more[r] = 0.03 + 0.005 * floor(3 * rg_rng_unit(&rng));
    }
    rg_gate_test test = paired_test(RG_FIG_deadline_miss_share, was, more, 12);
    cr_expect_eq(test.verdict, RG_VERDICT_REGRESSED);
    cr_expect(test.change > 0.025 && test.change < 0.045, "points, not a ratio: %g", test.change);
    cr_expect(test.low < test.change && test.change < test.high);
    cr_expect_eq(paired_test(RG_FIG_deadline_miss_share, was, same, 12).verdict, RG_VERDICT_PASS);
    cr_expect_eq(paired_test(RG_FIG_deadline_miss_share, more, was, 12).verdict,
                 RG_VERDICT_IMPROVED);
}

Test(gate_cells, no_missed_deadline_on_either_side_passes_exactly) {
    double none[6] = {0};
    rg_gate_test test = paired_test(RG_FIG_deadline_miss_share, none, none, 6);
    cr_expect_eq(test.verdict, RG_VERDICT_PASS);
    cr_expect_eq(test.change, 0);
}
