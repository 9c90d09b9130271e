/* test_gate.c: the gate over bundles made up in memory: false alarms, power, missing and broken
 * cells, exit codes, limits, and what it prints. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"
#include "bench/result/gate.h"
#include "bench/result/junit.h"

enum { MAX_CELLS = 40, MAX_ROUNDS = 16 };

/* How the figures of a side are drawn: median latency 1 ms, rounds scattered by `launch`. */
typedef struct maker {
    rg_rng rng;
    size_t cells, rounds;
    double launch; /* sd of a round's logarithm */
    double slower; /* factor on latency, of the first `n_slower` cells */
    size_t n_slower;
} maker;

static void add_figure(json_t *record, const char *key, const double *values, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real(values[i]));
    json_object_set_new(json_object_get(record, "per_round"), key, list);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    json_object_set_new(json_object_get(record, "figures"), key,
                        json_pack("{s:f}", "value", sum / (double)n));
}

static void add_exact(json_t *record, const char *key, double value) {
    json_object_set_new(json_object_get(record, "figures"), key,
                        json_pack("{s:f}", "value", value));
}

static json_t *new_record(size_t cell, size_t rounds) {
    char name[32], key[RG_HASH_HEX];
    snprintf(name, sizeof name, "net-%02zu/cpu", cell);
    rg_hash_bytes(name, strlen(name), key);
    json_t *record =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:[], s:{}, s:{s:[]}, s:i}", "schema", 1, "cell",
                  key, "name", name, "target", "cpu", "status", "ok", "provenance", "measured",
                  "flags", "figures", "per_round", "round", "rounds", (int)rounds);
    for (size_t r = 0; r < rounds; r++)
        json_array_append_new(json_object_get(json_object_get(record, "per_round"), "round"),
                              json_integer((json_int_t)r));
    return record;
}

static json_t *make_record(maker *m, size_t cell) {
    static const char *const keys[] = {"latency_p50_ns", "latency_p95_ns", "latency_mean_ns"};
    json_t *record = new_record(cell, m->rounds);
    double factor = cell < m->n_slower ? m->slower : 1, values[3][MAX_ROUNDS];
    double through[MAX_ROUNDS], rss[MAX_ROUNDS];
    for (size_t r = 0; r < m->rounds; r++) {
        double launch = m->launch * rg_rng_normal12(&m->rng);
        for (int k = 0; k < 3; k++)
            values[k][r] = 1e6 * factor * exp(launch + 0.3 * m->launch * rg_rng_normal12(&m->rng));
        through[r] = 1e9 / values[2][r];
        rss[r] = 50e6 + 200e3 * rg_rng_unit(&m->rng);
    }
    for (int k = 0; k < 3; k++)
        add_figure(record, keys[k], values[k], m->rounds);
    add_figure(record, "throughput_per_s", through, m->rounds);
    add_figure(record, "rss_peak_bytes", rss, m->rounds);
    add_exact(record, "arena_bytes", 65536);
    add_exact(record, "macs", 1e6);
    add_exact(record, "agreement_differing", 0);
    return record;
}

/* A side that owns its JSON. */
typedef struct owned {
    json_t *facts, *cells, *records;
    rg_gate_side side;
} owned;

static owned make_side(const char *name, maker *m) {
    owned o = {.facts = json_pack("{s:i, s:s, s:{s:s}, s:{}}", "schema", 1, "created",
                                  "2026-01-01T00:00:00Z", "scenario", "name", "made", "gate"),
               .cells = json_array(),
               .records = json_array()};
    for (size_t i = 0; i < m->cells; i++) {
        json_t *record = make_record(m, i);
        json_array_append_new(o.cells, json_pack("{s:O, s:O, s:{s:s}}", "key",
                                                 json_object_get(record, "cell"), "name",
                                                 json_object_get(record, "name"), "admission",
                                                 "status", "ok"));
        json_array_append_new(o.records, record);
    }
    o.side = (rg_gate_side){name, o.facts, o.cells, o.records, true};
    return o;
}

static void drop(owned *o) {
    json_decref(o->facts);
    json_decref(o->cells);
    json_decref(o->records);
}

static rg_gate *judged(const owned *a, const owned *b, const rg_gate_options *options) {
    rg_gate_options preset = rg_gate_options_default();
    rg_gate *gate = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_gate_judge(&a->side, &b->side, options ? options : &preset, &gate, &err), RG_OK,
                 "%s", err.what);
    return gate;
}

static const rg_gate_test *find(const rg_gate *gate, const char *cell, int metric) {
    for (size_t i = 0; i < gate->n; i++) {
        if (!strcmp(gate->tests[i].cell, cell) && gate->tests[i].metric == metric)
            return &gate->tests[i];
    }
    return NULL;
}

/* Two sides of `cells` cells, six rounds each, 1 % apart between rounds. */
static maker usual(uint64_t seed, size_t cells) {
    return (maker){rg_rng_seeded(seed), cells, 6, 0.01, 1, 0};
}

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

/* Two sides of one cell without a change between them. */
static void make_pair(owned *a, owned *b, uint64_t seed) {
    maker m = usual(seed, 1);
    *a = make_side("A", &m);
    *b = make_side("B", &m);
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

/* What is done to the candidate's (or baseline's) only record, and what must come of it. */
static void set_text(json_t *record, const char *key, const char *text) {
    json_object_set_new(record, key, json_string(text));
}

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
    for (int confirmed = 0; confirmed < 2; confirmed++) {
        owned a, b;
        make_pair(&a, &b, 15);
        json_t *now = json_array_get(b.records, 0);
        double slow[6];
        for (int r = 0; r < 6; r++)
            slow[r] = 1.3e6 + 1e3 * r;
        add_figure(now, "latency_p95_ns", slow, 6);
        if (confirmed)
            add_figure(now, "latency_mean_ns", slow, 6);
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

/* No line of the text is wider than the columns, but for the commands to copy. */
static void fits(const char *text, size_t columns) {
    char line[4096];
    while (*text) {
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        bool command = !strncmp(line, "repeat", 6) || !strncmp(line, "look at", 7);
        cr_assert(command || rg_text_columns(line) <= columns, "%zu columns: '%s'",
                  rg_text_columns(line), line);
        text += n + (text[n] == '\n');
    }
}

Test(gate, the_first_screen_fits_eighty_and_two_hundred_columns) {
    maker m = usual(21, 8);
    owned a = make_side("runs/A", &m);
    m.slower = 1.2;
    m.n_slower = 3;
    owned b = make_side("runs/B", &m);
    json_t *long_one = json_array_get(b.records, 5);
    set_text(long_one, "status", "failed");
    set_text(long_one, "what",
             "the worker died of signal 11 (Segmentation fault) while loading the model, after it "
             "had printed a great many words of its own");
    static const char name[] = "a-very-long-name-of-a-network-\xc3\xa4\xc3\xb6\xc3\xbc/of-a-target/"
                               "variant=dotprod/threads=4/in_flight=8/precision=int8";
    set_text(json_array_get(a.cells, 1), "name", name);
    rg_gate *gate = judged(&a, &b, NULL);
    static const size_t widths[] = {80, 100, 120, 160, 200};
    for (size_t i = 0; i < 5; i++) {
        for (int all = 0; all < 2; all++) {
            rg_text text = {0};
            rg_gate_to_text(gate, widths[i], all, (int)gate->exit, &text);
            fits(text.data, widths[i]);
            cr_assert(strstr(text.data, "VERDICT    INCOMPLETE"), "%s", text.data);
            cr_assert(strstr(text.data, "no control workload"));
            cr_assert(strstr(text.data, "railgauge gate --baseline runs/A --candidate runs/B"));
            cr_assert(strstr(text.data, "exit       3"));
            rg_text_free(&text);
        }
    }
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, json_tells_everything_and_agrees_with_the_struct) {
    maker m = usual(22, 3);
    owned a = make_side("runs/A", &m), b = make_side("runs/B", &m);
    rg_gate *gate = judged(&a, &b, NULL);
    json_t *object = rg_gate_to_json(gate);
    const json_t *tests = json_object_get(object, "tests");
    cr_assert_eq(json_array_size(tests), gate->n);
    for (size_t i = 0; i < gate->n; i++) {
        const json_t *row = json_array_get(tests, i);
        cr_assert_str_eq(rg_json_get_text(row, "verdict", ""),
                         rg_verdict_word(gate->tests[i].verdict));
        cr_assert_eq(rg_json_get_int(row, "rounds_candidate", 0), 6);
        cr_assert(json_object_get(row, "q_worse"));
    }
    cr_assert_eq(rg_json_get_int(object, "exit", -1), gate->exit);
    json_decref(object);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, markdown_and_junit_keep_hostile_names_harmless) {
    owned a, b;
    make_pair(&a, &b, 23);
    set_text(json_array_get(a.cells, 0), "name", "x|<b>&\"'\x01]]>\n*y*");
    set_text(json_array_get(b.records, 0), "status", "failed");
    set_text(json_array_get(b.records, 0), "what", "a < b && \"c\" \x02 | `d`");
    b.side.name = "runs/\xff\xed\xa0\x80\xef\xbf\xbe";
    rg_gate *gate = judged(&a, &b, NULL);
    rg_text junit = {0}, markdown = {0};
    rg_gate_to_junit(gate, &junit);
    cr_assert(strstr(junit.data, "x|&lt;b&gt;&amp;&quot;'?]]&gt;&#10;*y*/cell"), "%s", junit.data);
    cr_assert(strstr(junit.data, "value=\"runs/????"), "%s", junit.data);
    cr_assert_null(strchr(junit.data, '\x01'));
    rg_gate_to_markdown(gate, 3, &markdown);
    cr_assert(strstr(markdown.data, "x\\|\\<b\\>&"), "%s", markdown.data);
    rg_text_free(&junit);
    rg_text_free(&markdown);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}
