/* test_derive_energy.c: joules of synthetic rounds through the whole derivation, and the refusals
 * that a run's facts raise. test_refusals.c tells those that readings raise. */
#include "tests/unit/round_made.h"

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

Test(derive_energy, joules_and_tops_per_watt_of_a_cell) {
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

Test(derive_energy, energy_is_refused_with_its_code) {
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

/* --- refusals by facts, one by one -------------------------------------------------------------
 */

static void spoil_throttle(made *m) {
    json_array_append_new(json_object_get(m->round.facts, "flags"), json_string("throttled"));
}

static void spoil_state(made *m) {
    json_object_set_new(m->round.facts, "host",
                        json_pack("{s:{s:s}, s:{s:s}}", "before", "governor", "performance",
                                  "after", "governor", "powersave"));
}

static void spoil_steady(made *m) {
    int64_t late = 0;
    for (int i = WARMUP; i < ROWS; i++) { /* each inference 0.1 % slower than the one before */
        m->rows[i].start_ns += late;
        late += (i - WARMUP) * 1000;
        m->rows[i].end_ns += late;
    }
}

static void spoil_work(made *m) {
    json_object_set_new(m->round.facts, "work", json_object());
}

static const struct {
    const char *code;
    void (*spoil)(made *m);
    bool acceptable, tops_only;
} by_facts[] = {
    {"throttle", spoil_throttle, true, false},
    {"state", spoil_state, false, false},
    {"not-steady", spoil_steady, true, false},
    {"ops-unknown", spoil_work, false, true},
};

static json_t *spoiled_record(size_t row, bool accept) {
    made *m[2];
    for (uint32_t r = 0; r < 2; r++) {
        add_power(m[r] = make_round(r, 1), 5);
        by_facts[row].spoil(m[r]);
        if (accept)
            json_object_set_new(json_object_get(m[r]->round.facts, "power"), "accept",
                                json_pack("[s]", by_facts[row].code));
    }
    json_t *record = derive(m, 2);
    for (int r = 0; r < 2; r++)
        free_round(m[r]);
    return record;
}

Test(derive_energy, what_the_facts_say_against_a_figure_stands_in_its_place) {
    for (size_t i = 0; i < 4; i++) {
        json_t *record = spoiled_record(i, false);
        rg_figure joules = figure_of(record, "energy_total_uj");
        rg_figure tops = figure_of(record, "tops_per_watt");
        cr_expect(tops.na && !strcmp(tops.na, by_facts[i].code), "%s: TOPS/W says %s",
                  by_facts[i].code, tops.na);
        cr_expect_eq(joules.na == NULL, by_facts[i].tops_only, "%s", by_facts[i].code);
        cr_expect(!flagged(record, by_facts[i].code));
        json_decref(record);
    }
}

Test(derive_energy, an_accepted_refusal_becomes_a_flag_and_others_cannot_be_accepted) {
    for (size_t i = 0; i < 4; i++) {
        json_t *record = spoiled_record(i, true);
        rg_figure tops = figure_of(record, "tops_per_watt");
        cr_expect_eq(tops.na == NULL, by_facts[i].acceptable, "%s: %s", by_facts[i].code, tops.na);
        cr_expect_eq(flagged(record, by_facts[i].code), by_facts[i].acceptable, "%s",
                     by_facts[i].code);
        json_decref(record);
    }
}

Test(derive_energy, of_seeded_weights_is_indicative_and_of_trained_ones_is_not) {
    made *m[] = {make_round(0, 1), make_round(1, 1)};
    json_t *record = derive_from("suite:net", m, 2);
    cr_assert_not(flagged(record, "indicative"), "no energy was measured");
    json_decref(record);
    add_power(m[0], 5);
    add_power(m[1], 5);
    record = derive_from("suite:net", m, 2);
    cr_assert(flagged(record, "indicative"));
    cr_assert_null(figure_of(record, "energy_total_uj").na, "it is shown all the same");
    cr_assert_str_eq(rg_json_get_text(record, "weights", ""), "seeded");
    json_decref(record);
    record = derive_from("file:/net.tflite", m, 2);
    cr_assert_not(flagged(record, "indicative"));
    cr_assert_str_eq(rg_json_get_text(record, "weights", ""), "trained");
    json_decref(record);
    free_round(m[0]);
    free_round(m[1]);
}
