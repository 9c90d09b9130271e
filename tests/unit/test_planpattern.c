/* test_planpattern.c: load patterns as a request writes them: keys, names, forms, and slips. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/run/planpattern.h"

static rg_status build(const char *cell, rg_plan **ret_plan, rg_err *err) {
    char text[1024];
    snprintf(text, sizeof text, "{\"cells\": [{\"model\": \"a\", %s}]}", cell);
    json_error_t where;
    json_t *request = json_loads(text, 0, &where);
    cr_assert_not_null(request, "%s: %s", text, where.text);
    rg_status status = rg_plan_build(request, ret_plan, err);
    json_decref(request);
    return status;
}

static rg_plan *planned(const char *cell) {
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(build(cell, &plan, &err), RG_OK, "%s: %s", cell, err.what);
    return plan;
}

static void refused(const char *cell, const char *what, const char *advice) {
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(build(cell, &plan, &err), RG_USAGE, "%s", cell);
    cr_assert(strstr(err.what, what), "%s: '%s'", cell, err.what);
    cr_assert(strstr(err.advice, advice), "%s: '%s'", cell, err.advice);
}

Test(planpattern, an_open_loop_spells_its_rate_slots_and_queue) {
    rg_plan *plan =
        planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"n\": 2, \"queue\": 0}");
    const rg_cell *cell = &plan->cells[0];
    cr_assert_str_eq(cell->name, "a/cpu/paced=30/in_flight=2/queue=0");
    cr_assert_eq(cell->deadline_ns, 33333333, "one period");
    cr_assert_null(json_object_get(cell->requested, "deadline_ns"));
    rg_plan_free(plan);
    plan = planned("\"pattern\": {\"kind\": \"poisson\", \"hz\": 12.5}, \"deadline\": \"40ms\"");
    cr_assert_str_eq(plan->cells[0].name, "a/cpu/poisson=12.5/deadline=40ms");
    cr_assert_eq(plan->cells[0].pattern.queue, -1);
    rg_plan_free(plan);
}

Test(planpattern, a_whole_rate_and_a_real_one_are_one_key) {
    rg_plan *whole = planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 30}");
    rg_plan *real = planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 30.0}");
    cr_assert_str_eq(whole->cells[0].key, real->cells[0].key);
    rg_plan_free(whole);
    rg_plan_free(real);
}

Test(planpattern, a_deadline_may_stand_in_the_pattern) {
    rg_plan *inside =
        planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"deadline\": \"20ms\"}");
    rg_plan *beside =
        planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 30}, \"deadline\": \"20ms\"");
    cr_assert_str_eq(inside->cells[0].key, beside->cells[0].key);
    cr_assert_eq(inside->cells[0].deadline_ns, 20000000);
    rg_plan_free(inside);
    rg_plan_free(beside);
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"deadline\": \"20ms\"}, "
            "\"deadline\": \"30ms\"",
            "different deadlines", "once");
}

Test(planpattern, it_comes_back_from_its_json) {
    static const rg_pattern patterns[] = {
        {.kind = RG_PATTERN_SINGLE_STREAM, .in_flight = 1, .queue = -1},
        {.kind = RG_PATTERN_IN_FLIGHT, .in_flight = 4, .queue = -1},
        {.kind = RG_PATTERN_IDLE, .in_flight = 1, .duration_ns = 5, .queue = -1},
        {.kind = RG_PATTERN_PACED, .in_flight = 2, .hz = 29.97, .queue = 3},
        {.kind = RG_PATTERN_POISSON, .in_flight = 1, .hz = 0.5, .queue = -1},
        {.kind = RG_PATTERN_STREAMS,
         .in_flight = 1,
         .hz = 25,
         .queue = -1,
         .drops = 0.02,
         .most = 9,
         .search = 1},
        {.kind = RG_PATTERN_SWEEP, .in_flight = 1, .queue = -1, .most = 16}};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        json_t *object = rg_pattern_to_json(&patterns[i]);
        rg_pattern back;
        cr_assert(rg_pattern_from_json(object, &back));
        cr_assert_eq(back.kind, patterns[i].kind);
        cr_assert_eq(back.in_flight, patterns[i].in_flight);
        cr_assert_eq(back.duration_ns, patterns[i].duration_ns);
        cr_assert_eq(back.hz, patterns[i].hz);
        cr_assert_eq(back.queue, patterns[i].queue);
        cr_assert_eq(back.drops, patterns[i].drops);
        cr_assert_eq(back.most, patterns[i].most);
        cr_assert_eq(back.search, patterns[i].search);
        json_decref(object);
    }
    json_t *lame = json_pack("{s:s}", "kind", "paced");
    rg_pattern none;
    cr_assert_not(rg_pattern_from_json(lame, &none), "a rate of nothing would never end");
    json_decref(lame);
}

Test(planpattern, slips_name_the_key_and_an_example) {
    refused("\"pattern\": \"paced\"", "paced needs hz, arrivals a second", "hz = 30");
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 0}", "hz of a pattern must be above 0",
            "hz = 30");
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": -1}", "hz", "from 0");
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"duration\": \"1s\"}",
            "paced takes no 'duration'", "hz = 30");
    refused("\"pattern\": \"cold\", \"interfere\": \"cpu\"", "does not go with cold",
            "single_stream");
    refused("\"interfere\": \"gpu\"", "'gpu'", "cpu");
    refused("\"pattern\": \"soak\"", "soak needs duration", "10m");
    refused("\"pattern\": \"streams\"", "streams needs fps", "deadline = ");
    refused("\"pattern\": {\"kind\": \"streams\", \"fps\": 0}", "fps of a pattern", "fps = 30");
    refused("\"pattern\": {\"kind\": \"streams\", \"fps\": 30, \"drops\": 2}", "drops", "from 0");
    refused("\"pattern\": {\"kind\": \"streams\", \"fps\": 30, \"most\": 0}", "most", "from 1");
    refused("\"pattern\": {\"kind\": \"streams\", \"fps\": 30, \"search\": \"climbs\"}", "'climbs'",
            "climb");
    refused("\"pattern\": {\"kind\": \"sweep\", \"n\": 4}", "sweep takes no 'n'", "most = 16");
    refused("\"pattern\": {\"kind\": \"single_stream\", \"n\": 2}", "takes no 'n'",
            "single_stream");
    refused("\"pattern\": {\"kind\": \"in_flight\", \"n\": 0}", "n of a pattern must be above 0",
            "at least one");
    refused("\"pattern\": {\"kind\": \"in_flight\", \"n\": 2, \"hz\": 3}", "takes no 'hz'",
            "n = 4");
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"queue\": -5}", "queue", "from -1");
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 30, \"deadline\": 33}", "without a unit",
            "ms");
}

Test(planpattern, arrivals_make_room_in_a_named_cap_and_contradict_one_by_hand) {
    rg_plan *plan = planned("\"pattern\": {\"kind\": \"paced\", \"hz\": 1}");
    cr_assert_eq(rg_planpattern_least_ns(&plan->cells[0]), INT64_C(130000000000));
    cr_assert_gt(plan->cells[0].tier.cap_ns, INT64_C(260000000000));
    cr_assert_str_eq(plan->cells[0].tier.name, "quick");
    rg_plan_free(plan);
    refused("\"pattern\": {\"kind\": \"paced\", \"hz\": 1}, \"tier\": {\"cap\": \"20s\"}",
            "takes 130 s, and its cap is 20.0 s", "raise");
    refused("\"pattern\": {\"kind\": \"poisson\", \"hz\": 1e-12}", "and its cap is", "raise");
}
