/* test_compare.c: sizes of changes between bundles, their intervals, and what is not compared. */
#include "bench/result/compare.h"
#include "tests/unit/gate_made.h"

/* How many of 400 intervals hold the true change of 5 %; rounds scatter by 2 %, sessions of paired
 * rounds drift by 10 % more. */
static int covered(size_t rounds, bool paired) {
    rg_rng rng = rg_rng_seeded(rounds * 2 + paired);
    int held = 0;
    for (int t = 0; t < 400; t++) {
        double a[32], b[32];
        for (size_t r = 0; r < rounds; r++) {
            double drift = paired ? 0.1 * rg_rng_normal12(&rng) : 0;
            a[r] = exp(drift + 0.02 * rg_rng_normal12(&rng));
            b[r] = 1.05 * exp(drift + 0.02 * rg_rng_normal12(&rng));
        }
        rg_effect effect;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_effect_of("seed", a, rounds, b, rounds, paired, &effect, &err), RG_OK);
        held += effect.low <= 0.05 && effect.high >= 0.05;
    }
    return held;
}

Test(compare, intervals_hold_the_truth_in_nineteen_of_twenty) {
    static const size_t rounds[] = {6, 16};
    for (size_t i = 0; i < 2; i++) {
        for (int paired = 0; paired < 2; paired++) {
            int held = covered(rounds[i], paired);
            cr_assert(held >= 366 && held <= 394, "%zu rounds, paired %d: %d of 400", rounds[i],
                      paired, held);
        }
    }
}

static rg_effect effect_of(const double *a, size_t n_a, const double *b, size_t n_b, bool paired) {
    rg_effect effect;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_effect_of("seed", a, n_a, b, n_b, paired, &effect, &err), RG_OK);
    return effect;
}

Test(compare, what_does_not_vary_is_exact_and_a_single_round_has_no_interval) {
    static const double same[] = {2, 2, 2}, more[] = {3, 3, 3}, wild[] = {1, 2, 3};
    rg_effect exact = effect_of(same, 3, more, 3, true);
    cr_assert_str_eq(exact.method, "exact");
    cr_assert(fabs(exact.change - 0.5) < 1e-12 && isnan(exact.low));
    rg_effect single = effect_of(wild, 1, wild + 1, 2, false);
    cr_assert_str_eq(single.method, "single-round");
    cr_assert(isnan(single.low));
    /* pairs that move together have no spread, however far the rounds are apart */
    static const double doubled[] = {2, 4, 6};
    rg_effect paired = effect_of(wild, 3, doubled, 3, true);
    cr_assert_str_eq(paired.method, "paired");
    cr_assert(fabs(paired.low - 1) < 1e-9 && fabs(paired.high - 1) < 1e-9);
    rg_effect apart = effect_of(wild, 3, doubled, 3, false);
    cr_assert_str_eq(apart.method, "independent");
    cr_assert(apart.low < 0 && apart.high > 2);
}

static rg_comparison compared(const rg_gate_side *sides, size_t n, rg_arena *arena) {
    rg_comparison found;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_compare(sides, n, NULL, arena, &found, &err), RG_OK, "%s", err.what);
    return found;
}

static const rg_compared *row_of(const rg_comparison *found, const char *name, const char *metric,
                                 const char *bundle) {
    for (size_t i = 0; i < found->n; i++) {
        const rg_compared *row = &found->rows[i];
        if (!strcmp(row->name, name) && !strcmp(row->metric, metric) &&
            !strcmp(row->bundle, bundle))
            return row;
    }
    cr_assert(false, "no row %s %s %s", name, metric, bundle);
    return NULL;
}

Test(compare, three_bundles_stand_beside_the_first) {
    maker m = usual(31, 2);
    owned a = make_side("A", &m);
    m.slower = 1.3;
    m.n_slower = 1;
    owned b = make_side("B", &m), c = make_side("C", &m);
    json_array_remove(c.records, 1);
    json_array_remove(c.cells, 1);
    rg_gate_side sides[] = {a.side, b.side, c.side};
    rg_arena *arena = rg_arena_new(0);
    rg_comparison found = compared(sides, 3, arena);
    for (int s = 1; s < 3; s++) {
        const rg_compared *row = row_of(&found, "net-00/cpu", "latency_p95_ns", s == 1 ? "B" : "C");
        cr_assert(fabs(row->change - 0.3) < 0.05 && row->change_low < 0.3 && row->change_high > 0.3,
                  "%g [%g, %g]", row->change, row->change_low, row->change_high);
        cr_assert_str_eq(row->method, "independent");
    }
    const rg_compared *none = row_of(&found, "net-01/cpu", "latency_p95_ns", "B");
    cr_assert(none->change_low < 0 && none->change_high > 0);
    cr_assert(isnan(row_of(&found, "net-00/cpu", "latency_p95_ns", "A")->change));
    cr_assert_str_eq(row_of(&found, "net-00/cpu", "arena_bytes", "B")->method, "exact");
    for (size_t i = 0; i < found.n; i++)
        cr_assert(strcmp(found.rows[i].name, "net-01/cpu") || strcmp(found.rows[i].bundle, "C"));
    rg_arena_free(arena);
    drop(&a);
    drop(&b);
    drop(&c);
}

/* The energy of every record, with its scope. */
static void add_energy(owned *side, const char *scope) {
    double values[6] = {1, 1.1, 0.9, 1, 1.05, 0.95};
    for (size_t i = 0; i < json_array_size(side->records); i++) {
        json_t *record = json_array_get(side->records, i);
        add_figure(record, "energy_total_uj", values, 6);
        json_object_set_new(record, "energy", json_pack("{s:s}", "scope", scope));
    }
}

Test(compare, other_scopes_and_devices_are_refused_with_words) {
    maker m = usual(32, 2);
    owned a = make_side("A", &m), b = make_side("B", &m);
    add_energy(&a, "module");
    add_energy(&b, "accelerator");
    set_text(json_array_get(a.records, 1), "provenance", "measured");
    set_text(json_array_get(b.records, 1), "provenance", "simulated");
    rg_gate_side sides[] = {a.side, b.side};
    rg_arena *arena = rg_arena_new(0);
    rg_comparison found = compared(sides, 2, arena);
    const rg_compared *energy = row_of(&found, "net-00/cpu", "energy_total_uj", "B");
    cr_assert(isnan(energy->change) && strstr(energy->note, "scope of power was 'module'"), "%s",
              energy->note);
    cr_assert(isfinite(row_of(&found, "net-00/cpu", "latency_p50_ns", "B")->change));
    const rg_compared *simulated = row_of(&found, "net-01/cpu", "latency_p50_ns", "B");
    cr_assert(isnan(simulated->change) && strstr(simulated->note, "provenance was measured"), "%s",
              simulated->note);
    rg_text text = {0};
    rg_comparison_to_text(&found, 80, &text);
    cr_assert(strstr(text.data, "scope of power"));
    rg_text_free(&text);
    rg_arena_free(arena);
    drop(&a);
    drop(&b);
}

Test(compare, arms_of_one_session_are_paired) {
    maker m = usual(33, 1);
    m.launch = 0.2;
    owned a = make_side("A", &m);
    owned b = {json_deep_copy(a.facts), json_deep_copy(a.cells), json_deep_copy(a.records), {0}};
    json_t *list = json_object_get(json_object_get(json_array_get(b.records, 0), "per_round"),
                                   "latency_p50_ns");
    for (size_t i = 0; i < json_array_size(list); i++)
        json_array_set_new(list, i, json_real(1.02 * json_number_value(json_array_get(list, i))));
    json_object_set_new(a.facts, "pairing", json_pack("{s:s, s:s}", "session", "x", "arm", "A"));
    json_object_set_new(b.facts, "pairing", json_pack("{s:s, s:s}", "session", "x", "arm", "B"));
    rg_gate_side sides[] = {a.side, {"B", b.facts, b.cells, b.records, true}};
    rg_arena *arena = rg_arena_new(0);
    rg_comparison found = compared(sides, 2, arena);
    const rg_compared *row = row_of(&found, "net-00/cpu", "latency_p50_ns", "B");
    cr_assert_str_eq(row->method, "paired");
    cr_assert(fabs(row->change_low - 0.02) < 1e-9 && fabs(row->change_high - 0.02) < 1e-9);
    rg_arena_free(arena);
    drop(&a);
    drop(&b);
}
