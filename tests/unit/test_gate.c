/* test_gate.c: the gate's statistics over bundles made up in memory: false alarms, power, pairing,
 * and the rule of each kind of figure. */
#include "tests/unit/gate_made.h"

Test(gate, two_thousand_pairs_without_a_change_raise_fewer_alarms_than_the_nominal_rate) {
    size_t alarms = 0, inconclusive = 0, tests = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        maker m = usual(seed, 4);
        owned a = make_side("A", &m), b = make_side("B", &m);
        rg_gate *gate = judged(&a, &b, NULL);
        alarms += gate->counts[RG_VERDICT_REGRESSED] > 0;
        inconclusive += gate->counts[RG_VERDICT_INCONCLUSIVE];
        tests += gate->n;
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
    cr_assert_eq(tests, 2000 * 4 * 8);
    cr_assert_leq(alarms, 20, "%zu of 2000 suites; 5 %% would be 100, at no change under 1 %%",
                  alarms);
    cr_assert_lt(inconclusive, tests / 100, "%zu of %zu", inconclusive, tests);
}

Test(gate, a_change_of_exactly_the_tolerance_fails_in_at_most_five_percent_of_suites) {
    size_t alarms = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        maker m = usual(1000000 + seed, 4);
        owned a = make_side("A", &m);
        m.slower = 1.01;
        m.n_slower = 4;
        owned b = make_side("B", &m);
        rg_gate *gate = judged(&a, &b, NULL);
        alarms += gate->counts[RG_VERDICT_REGRESSED] > 0;
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
    cr_assert_leq(alarms, 65, "%zu of 1000", alarms); /* 50 + 2 sigma */
}

Test(gate, five_percent_slower_is_found_in_nearly_every_suite) {
    size_t found = 0, passed = 0, false_alarms = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        maker m = usual(5000 + seed, 10);
        owned a = make_side("A", &m);
        m.slower = 1.05;
        m.n_slower = 1;
        owned b = make_side("B", &m);
        rg_gate *gate = judged(&a, &b, NULL);
        const rg_gate_test *p95 = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
        found += p95->verdict == RG_VERDICT_REGRESSED;
        for (size_t i = 0; i < gate->n; i++)
            false_alarms += gate->tests[i].verdict == RG_VERDICT_REGRESSED &&
                            strcmp(gate->tests[i].cell, "net-00/cpu");
        passed += p95->verdict == RG_VERDICT_PASS;
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
    cr_assert_geq(found, 475, "%zu of 500", found);
    cr_assert_leq(passed, 25, "a change of the target's size passes in 5 %% at most: %zu", passed);
    cr_assert_leq(false_alarms, 10, "%zu", false_alarms);
}

Test(gate, a_faster_candidate_is_improved_and_throughput_turns_its_sign) {
    maker m = usual(77, 2);
    owned a = make_side("A", &m);
    m.slower = 0.9;
    m.n_slower = 1;
    owned b = make_side("B", &m);
    rg_gate *gate = judged(&a, &b, NULL);
    const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_throughput_per_s);
    cr_assert_eq(t->verdict, RG_VERDICT_IMPROVED);
    cr_assert(t->change > 0.08 && t->worse < -0.08 && t->low < t->change && t->change < t->high);
    t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_eq(t->verdict, RG_VERDICT_IMPROVED);
    cr_assert(t->change < -0.08 && t->low < t->high && t->high < 0);
    cr_assert_eq(gate->exit, RG_EXIT_OK);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, pairs_cancel_what_interleaved_rounds_share) {
    /* rounds that differ by 10 % among themselves, each pair by 3 %: only pairing sees it */
    maker m = usual(5, 1);
    owned a = make_side("A", &m), b = make_side("B", &m);
    double was[6], now[6];
    for (int r = 0; r < 6; r++) {
        was[r] = 1e6 * (1 + 0.1 * r);
        now[5 - r] = was[r] * (1.03 + 0.001 * r);
    }
    json_t *record = json_array_get(b.records, 0);
    add_figure(json_array_get(a.records, 0), "latency_p95_ns", was, 6);
    add_figure(record, "latency_p95_ns", now, 6);
    json_t *numbers = json_object_get(json_object_get(record, "per_round"), "round");
    for (int r = 0; r < 6; r++)
        json_array_set_new(numbers, (size_t)r, json_integer(5 - r));
    rg_gate *gate = judged(&a, &b, NULL);
    const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_eq(t->verdict, RG_VERDICT_INCONCLUSIVE);
    cr_assert_str_eq(t->method, "welch");
    cr_assert_gt(t->rounds_needed, 6);
    rg_gate_free(gate);
    json_object_set_new(a.facts, "pairing", json_pack("{s:s, s:s}", "session", "s1", "arm", "A"));
    json_object_set_new(b.facts, "pairing", json_pack("{s:s, s:s}", "session", "s1", "arm", "B"));
    gate = judged(&a, &b, NULL);
    t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
    cr_assert_eq(t->verdict, RG_VERDICT_REGRESSED);
    cr_assert_str_eq(t->method, "paired");
    cr_assert_float_eq(t->change, 0.0325, 0.001);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, values_without_spread_are_compared_exactly_with_the_tolerance) {
    static const struct {
        double factor;
        rg_verdict want;
    } cases[] = {{1, RG_VERDICT_PASS},        {1.0099, RG_VERDICT_PASS},
                 {1.01, RG_VERDICT_PASS},     {1.0101, RG_VERDICT_REGRESSED},
                 {1.5, RG_VERDICT_REGRESSED}, {0.98, RG_VERDICT_IMPROVED},
                 {0.995, RG_VERDICT_PASS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        owned a, b;
        make_pair(&a, &b, 3);
        double was[6], now[6];
        for (int r = 0; r < 6; r++) {
            was[r] = 123456;
            now[r] = 123456 * cases[i].factor;
        }
        add_figure(json_array_get(a.records, 0), "latency_p95_ns", was, 6);
        add_figure(json_array_get(b.records, 0), "latency_p95_ns", now, 6);
        rg_gate *gate = judged(&a, &b, NULL);
        const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_latency_p95_ns);
        cr_assert_eq(t->verdict, cases[i].want, "factor %g: %s", cases[i].factor,
                     rg_verdict_word(t->verdict));
        cr_assert(isnan(t->p_worse) && !strcmp(t->method, "exact"));
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

Test(gate, memory_fails_only_beyond_one_percent_and_one_mebibyte_in_every_round) {
    static const struct {
        double base, add;
        rg_verdict want;
    } cases[] = {{10e6, 1e6, RG_VERDICT_PASS},
                 {10e6, 1.1e6, RG_VERDICT_REGRESSED},
                 {1e9, 9e6, RG_VERDICT_PASS},
                 {1e9, 11e6, RG_VERDICT_REGRESSED},
                 {1e9, -11e6, RG_VERDICT_IMPROVED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        owned a, b;
        make_pair(&a, &b, 4);
        double was[6], now[6];
        for (int r = 0; r < 6; r++) {
            was[r] = cases[i].base;
            now[r] = cases[i].base + cases[i].add;
        }
        add_figure(json_array_get(a.records, 0), "rss_peak_bytes", was, 6);
        add_figure(json_array_get(b.records, 0), "rss_peak_bytes", now, 6);
        rg_gate *gate = judged(&a, &b, NULL);
        const rg_gate_test *t = find(gate, "net-00/cpu", RG_FIG_rss_peak_bytes);
        cr_assert_eq(t->verdict, cases[i].want, "case %zu", i);
        rg_gate_free(gate);
        now[3] = was[3];
        add_figure(json_array_get(b.records, 0), "rss_peak_bytes", now, 6);
        gate = judged(&a, &b, NULL);
        t = find(gate, "net-00/cpu", RG_FIG_rss_peak_bytes);
        cr_assert_eq(t->verdict, RG_VERDICT_PASS, "one round as before: case %zu", i);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

Test(gate, memory_without_values_of_rounds_is_judged_by_its_headline) {
    for (int grown = 0; grown < 2; grown++) {
        owned a, b;
        make_pair(&a, &b, 4);
        json_t *was = json_array_get(a.records, 0), *now = json_array_get(b.records, 0);
        json_object_del(json_object_get(was, "per_round"), "rss_peak_bytes");
        json_object_del(json_object_get(now, "per_round"), "rss_peak_bytes");
        add_exact(was, "rss_peak_bytes", 50e6);
        add_exact(now, "rss_peak_bytes", grown ? 60e6 : 50e6);
        rg_gate *gate = judged(&a, &b, NULL);
        cr_assert_eq(find(gate, "net-00/cpu", RG_FIG_rss_peak_bytes)->verdict,
                     grown ? RG_VERDICT_REGRESSED : RG_VERDICT_PASS);
        rg_gate_free(gate);
        drop(&a);
        drop(&b);
    }
}

/* A lone cell of a session is judged as strictly as a large suite's; a stored pair is not. */
Test(gate, a_session_of_one_cell_is_judged_as_one_of_six_hundred_tests) {
    size_t alarms[2] = {0, 0};
    for (uint64_t seed = 0; seed < 400; seed++) {
        maker m = usual(seed, 1);
        m.launch = 0.2; /* far beyond the tolerance, which then protects nobody */
        m.rounds = 12;
        owned a = make_side("A", &m), b = make_side("B", &m);
        for (int looks = 0; looks < 2; looks++) {
            const char *arms[] = {"A", "B"};
            owned *sides[] = {&a, &b};
            for (int i = 0; i < 2; i++)
                json_object_set_new(sides[i]->facts, "pairing",
                                    json_pack("{s:s, s:s, s:s}", "session", "s", "arm", arms[i],
                                              "looks", looks ? "standard" : ""));
            rg_gate *gate = judged(&a, &b, NULL);
            alarms[looks] += gate->counts[RG_VERDICT_REGRESSED] > 0;
            rg_gate_free(gate);
        }
        drop(&a);
        drop(&b);
    }
    cr_assert_leq(alarms[1], 1, "%zu of 400", alarms[1]);
    cr_assert_geq(alarms[0], 4, "at 0.05 for the whole gate alarms do happen: %zu", alarms[0]);
}

/* More rounds of a cell are measured while its metrics are open, and none after one has failed. */
Test(gate, a_cell_is_settled_by_what_passes_or_by_one_failure_of_any_kind) {
    maker m = usual(9, 1);
    m.launch = 0.2;
    owned a = make_side("A", &m), b = make_side("B", &m);
    owned *sides[] = {&a, &b};
    const char *arms[] = {"A", "B"};
    for (int i = 0; i < 2; i++)
        json_object_set_new(
            sides[i]->facts, "pairing",
            json_pack("{s:s, s:s, s:s}", "session", "s", "arm", arms[i], "looks", "standard"));
    json_t *record = json_array_get(b.records, 0);
    const char *key = json_string_value(json_object_get(record, "cell"));
    rg_gate *gate = judged(&a, &b, NULL);
    cr_assert_not(rg_gate_settled(gate, key), "rounds scatter by 20 %%: six of them tell nothing");
    cr_assert(rg_gate_settled(gate, "another"), "nothing is open of a cell that is not there");
    rg_gate_free(gate);
    double rss[6];
    for (int r = 0; r < 6; r++)
        rss[r] = 60e6;
    add_figure(record, "rss_peak_bytes", rss, 6);
    gate = judged(&a, &b, NULL);
    cr_assert(rg_gate_settled(gate, key));
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}
