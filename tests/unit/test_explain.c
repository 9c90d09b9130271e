/* test_explain.c: which facts differ between two results, in which order. */
#include "bench/result/derive_priv.h"
#include "bench/result/explain.h"
#include "tests/unit/gate_made.h"

/* {"a": {"b": value}} from "a.b"; a last member "*" becomes "any". Takes the value. */
static json_t *nested(const char *path, json_t *value) {
    char key[64];
    size_t n = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int)n, path);
    json_t *inner = path[n] ? nested(path + n + 1, value) : value;
    return json_pack("{s:o}", strcmp(key, "*") ? key : "any", inner);
}

static size_t explained(json_t *a, json_t *b, rg_explain_goal goal, double change, rg_arena *arena,
                        rg_difference **ret_list) {
    rg_explain_side x = {json_object_get(a, "bundle"), json_object_get(a, "record")};
    rg_explain_side y = {json_object_get(b, "bundle"), json_object_get(b, "record")};
    size_t n = 0;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_explain_pair(&x, &y, goal, change, arena, ret_list, &n, &err), RG_OK, "%s",
                 err.what);
    return n;
}

static const rg_difference *named(const rg_difference *list, size_t n, const char *label) {
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(list[i].label, label))
            return &list[i];
    }
    return NULL;
}

Test(explain, every_row_of_the_table_is_found_when_it_alone_differs) {
    rg_difference *list;
    for (const rg_explain_field *f = rg_explain_fields; f->path; f++) {
        for (int goal = 0; goal < 2; goal++) {
            rg_arena *arena = rg_arena_new(0);
            json_t *a = nested(f->path, json_integer(1000000)),
                   *b = nested(f->path, json_integer(3000000));
            size_t n = explained(a, b, (rg_explain_goal)goal, NAN, arena, &list);
            cr_assert_eq(n, f->weight[goal] ? 1u : 0u, "%s: %zu differences", f->path, n);
            if (n) {
                cr_assert_eq(list[0].weight, f->weight[goal], "%s", f->path);
                cr_assert_eq(list[0].effect, f->more_costs, "%s", f->path);
                cr_assert_str_eq(list[0].b, "3000000");
                cr_assert(*list[0].advice, "%s", f->path);
            }
            cr_assert_eq(explained(a, a, (rg_explain_goal)goal, NAN, arena, &list), 0u, "%s",
                         f->path);
            json_decref(a);
            json_decref(b);
            rg_arena_free(arena);
        }
    }
}

static json_t *with_state(const char *text) {
    json_t *record = json_loads(text, 0, NULL);
    cr_assert(record, "%s", text);
    return json_pack("{s:{}, s:{s:[], s:{s:o}}}", "bundle", "record", "flags", "context", "state",
                     record);
}

Test(explain, what_would_have_moved_the_figure_the_other_way_stands_further_down) {
    rg_arena *arena = rg_arena_new(0);
    rg_difference *list;
    json_t *a = with_state("{\"cpu_mhz_measured\": 3000, \"load_1m\": 0.1}");
    json_t *b = with_state("{\"cpu_mhz_measured\": 2000, \"load_1m\": 4}");
    size_t n = explained(a, b, RG_EXPLAIN_LATENCY, 0.3, arena, &list);
    cr_assert_eq(n, 2u);
    cr_assert_str_eq(list[0].label, "measured clock in MHz");
    cr_assert(list[0].fits && list[1].fits && list[0].effect == 1);
    cr_assert_str_eq(rg_effect_word(RG_EXPLAIN_LATENCY, list[0].effect), "slower");
    json_object_set_new(
        json_object_get(json_object_get(json_object_get(b, "record"), "context"), "state"),
        "cpu_mhz_measured", json_integer(4000));
    n = explained(a, b, RG_EXPLAIN_LATENCY, 0.3, arena, &list);
    cr_assert_str_eq(list[0].label, "load of others");
    cr_assert(n == 2 && !list[1].fits && list[1].effect == -1);
    json_decref(a);
    json_decref(b);
    rg_arena_free(arena);
}

Test(explain, differences_within_the_noise_of_a_reading_are_none) {
    rg_arena *arena = rg_arena_new(0);
    rg_difference *list;
    json_t *a = with_state("{\"cpu_mhz_measured\": 3000, \"load_1m\": 0.1, \"temperature_mc\": "
                           "50000}");
    json_t *b = with_state("{\"cpu_mhz_measured\": 2950, \"load_1m\": 0.5, \"temperature_mc\": "
                           "52900}");
    cr_assert_eq(explained(a, b, RG_EXPLAIN_LATENCY, 0.3, arena, &list), 0u);
    json_decref(a);
    json_decref(b);
    rg_arena_free(arena);
}

Test(explain, flags_that_differ_come_with_the_advice_of_their_code) {
    rg_arena *arena = rg_arena_new(0);
    rg_difference *list;
    json_t *a = with_state("{}"), *b = with_state("{}");
    json_array_append_new(json_object_get(json_object_get(b, "record"), "flags"),
                          json_string("throttled"));
    size_t n = explained(a, b, RG_EXPLAIN_ENERGY, 0.1, arena, &list);
    const rg_difference *flag = named(list, n, "flag throttled");
    cr_assert(flag && flag->effect == 1 && flag->fits);
    cr_assert_str_eq(flag->b, "raised");
    cr_assert(strstr(flag->advice, "cooling"));
    json_decref(a);
    json_decref(b);
    rg_arena_free(arena);
}

Test(explain, what_differs_in_several_cells_is_told_once_for_the_one_that_changed_most) {
    maker m = usual(5, 3);
    owned a = make_side("A", &m);
    m.slower = 1.5;
    m.n_slower = 2;
    owned b = make_side("B", &m);
    for (size_t i = 0; i < 3; i++)
        json_object_set_new(json_array_get(b.records, i), "context",
                            json_pack("{s:{s:{s:s}}}", "settings", "effective", "isa", "scalar"));
    rg_arena *arena = rg_arena_new(0);
    rg_explanation found;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_explain_sides(&a.side, &b.side, NULL, RG_EXPLAIN_LATENCY, arena, &found, &err),
                 RG_OK);
    const rg_difference *isa = named(found.list, found.n, "instruction set");
    cr_assert(isa && isa->cells == 3);
    cr_assert(!strcmp(found.cell, "net-00/cpu") || !strcmp(found.cell, "net-01/cpu"));
    cr_assert_str_eq(isa->cell, found.cell);
    cr_assert_eq(found.metric, RG_FIG_latency_p95_ns);
    cr_assert(fabs(found.change - 0.5) < 0.1);
    cr_assert_eq(
        rg_explain_sides(&a.side, &b.side, "none", RG_EXPLAIN_LATENCY, arena, &found, &err),
        RG_USAGE);
    rg_arena_free(arena);
    drop(&a);
    drop(&b);
}

Test(explain, the_state_of_the_machine_over_rounds_is_part_of_the_record) {
    static const char *const texts[] = {
        ("{\"host\":{\"before\":{\"cpu_mhz_measured\":3000,\"clock_khz\":[2000,4000],\"governor\":"
         "[\"performance\"],\"load_1m\":1},\"after\":{\"temperature_mc\":{\"a\":50000,\"b\":61000}},"
         "\"delta\":{\"core\":2}}}"),
        ("{\"host\":{\"before\":{\"cpu_mhz_measured\":2000,\"clock_khz\":[2000,2000],\"load_1m\":3},"
         "\"after\":{\"temperature_mc\":{\"a\":55000}},\"delta\":{\"core\":0,\"pack\":1}}}"),
        "{}"};
    rg_round_view views[3] = {0};
    for (size_t i = 0; i < 3; i++)
        views[i].facts = json_loads(texts[i], 0, NULL);
    json_t *state = rg_views_state(views, 3);
    cr_assert_eq(rg_json_get_real(state, "cpu_mhz_measured", 0), 2500);
    cr_assert_eq(rg_json_get_real(state, "clock_khz", 0), 2500);
    cr_assert_eq(rg_json_get_real(state, "temperature_mc", 0), 61000);
    cr_assert_eq(rg_json_get_real(state, "throttle_events", 0), 3);
    cr_assert_str_eq(rg_json_get_text(state, "governor", ""), "performance");
    cr_assert_null(json_object_get(state, "power_mode"));
    json_decref(state);
    cr_assert_null(rg_views_state(&views[2], 1));
    for (size_t i = 0; i < 3; i++)
        json_decref((json_t *)views[i].facts);
}
