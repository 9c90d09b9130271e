/* test_plan.c: requests become plans: tiers, keys, names, mistakes told by cell. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/json.h"
#include "bench/run/request.h"
#include "tests/unit/scratch.h"

static json_t *parse(const char *text) {
    json_t *value = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_json_parse(text, strlen(text), "request", &value, &err), RG_OK, "%s", err.what);
    return value;
}

static rg_plan *plan_of(const char *text) {
    json_t *request = parse(text);
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plan_build(request, &plan, &err), RG_OK, "%s: %s", text, err.what);
    json_decref(request);
    return plan;
}

/* A plan of one cell given by its members. */
static rg_plan *plan_of_cell(const char *members) {
    char text[1024];
    snprintf(text, sizeof text, "{\"cells\": [{%s}]}", members);
    return plan_of(text);
}

static void expect_error(const char *text, const char *what, const char *advice) {
    json_t *request = parse(text);
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plan_build(request, &plan, &err), RG_USAGE, "%s", text);
    cr_assert_null(plan);
    cr_assert_not_null(strstr(err.what, what), "%s gave: %s", text, err.what);
    cr_assert_not_null(strstr(err.advice, advice), "%s advised: %s", text, err.advice);
    json_decref(request);
}

Test(plan, fills_defaults_and_keeps_the_order) {
    rg_plan *plan = plan_of("{\"name\": \"n\", \"seed\": 9, \"cells\": ["
                            "{\"model\": \"zz\"}, {\"model\": \"aa\", \"target\": \"sim\"}]}");
    cr_assert_eq(plan->n_cells, 2);
    cr_assert_str_eq(plan->cells[0].name, "zz/cpu");
    cr_assert_str_eq(plan->cells[1].name, "aa/sim");
    cr_assert_str_eq(plan->cells[0].source, "suite:zz");
    cr_assert_str_eq(plan->cells[0].tier.name, "quick");
    cr_assert_str_eq(plan->cells[0].inputs, "random");
    cr_assert_eq(plan->cells[0].pattern.kind, RG_PATTERN_SINGLE_STREAM);
    cr_assert_eq(plan->cells[0].pattern.in_flight, 1);
    cr_assert_eq(plan->cells[0].batch, 1);
    cr_assert_eq(plan->cells[0].seed, 9);
    cr_assert_eq(plan->rounds, 3);
    cr_assert_not(plan->power);
    cr_assert_null(plan->rails[0]);
    rg_plan_free(plan);
}

Test(plan, tiers_have_the_numbers_of_the_rules) {
    rg_plan *plan = plan_of(
        "{\"tier\": \"procurement\", \"cells\": [{\"model\": \"a\"},"
        "{\"model\": \"b\", \"tier\": \"standard\"}, {\"model\": \"c\", \"tier\": \"quick\"},"
        "{\"model\": \"d\", \"tier\": {\"name\": \"smoke\", \"rounds\": 5, \"min_time\": \"20ms\"}},"
        "{\"model\": \"e\", \"tier\": {\"name\": \"quick\", \"rounds\": 3}},"
        "{\"model\": \"f\", \"tier\": {\"samples\": 4096}}]}");
    const rg_tier *procurement = &plan->cells[0].tier;
    cr_assert_geq(procurement->rounds, 16);
    cr_assert_geq(procurement->rounds * procurement->samples, 4096);
    cr_assert_geq(procurement->rounds * procurement->min_ns, INT64_C(60000000000));
    cr_assert_eq(procurement->precision, 0.01);
    cr_assert_eq(plan->cells[1].tier.rounds, 6);
    cr_assert_eq(plan->cells[1].tier.samples, 200);
    cr_assert_eq(plan->cells[2].tier.rounds, 3);
    cr_assert_eq(plan->cells[2].tier.samples, 130);
    cr_assert_eq(plan->cells[2].tier.min_ns, 500000000);
    cr_assert_str_eq(plan->cells[3].tier.name, "custom");
    cr_assert_eq(plan->cells[3].tier.rounds, 5);
    cr_assert_eq(plan->cells[3].tier.samples, 80);
    cr_assert_eq(plan->cells[3].tier.min_ns, 20000000);
    cr_assert_str_eq(plan->cells[4].tier.name, "quick", "an override that changes nothing");
    cr_assert_eq(plan->cells[5].tier.samples, 4096);
    cr_assert_eq(plan->cells[5].tier.rounds, 16, "a cell's table changes the scenario's tier");
    cr_assert_eq(plan->rounds, 16);
    rg_plan_free(plan);
}

Test(plan, reads_what_to_measure) {
    rg_plan *plan = plan_of("{\"measure\": {\"power\": true, \"rails\": [\"sim\"], \"counters\": "
                            "[\"cycles\", \"instructions\"], \"idle\": \"1s\"},"
                            "\"gate\": {\"latency_p95_ns\": {\"tolerance\": 0.02}},"
                            "\"cells\": [{\"model\": \"a\"}]}");
    cr_assert(plan->power);
    cr_assert_str_eq(plan->rails[0], "sim");
    cr_assert_null(plan->rails[1]);
    cr_assert_str_eq(plan->counters[1], "instructions");
    cr_assert_null(plan->counters[2]);
    cr_assert_eq(plan->idle_ns, 1000000000);
    cr_assert_not_null(json_object_get(plan->gate, "latency_p95_ns"));
    rg_plan_free(plan);
}

Test(plan, the_key_does_not_depend_on_paths_units_or_how_much_is_measured) {
    rg_plan *one = plan_of_cell("\"file\": \"/a/net.tflite\", \"device\": \"cuda:0\"");
    rg_plan *two = plan_of_cell("\"tier\": \"standard\", \"device\": \"cuda:1\","
                                "\"file\": \"/somewhere/else/net.tflite\"");
    rg_plan *old = plan_of_cell("\"file\": \"/b/v2.tflite\", \"workload\": \"net\","
                                "\"device\": \"cuda\"");
    cr_assert_str_eq(one->cells[0].key, two->cells[0].key);
    cr_assert_str_eq(one->cells[0].key, old->cells[0].key);
    cr_assert_str_eq(one->cells[0].workload, "net");
    cr_assert_str_eq(one->hash, two->hash);
    cr_assert_str_eq(one->cells[0].source, "file:/a/net.tflite");
    rg_plan_free(one);
    rg_plan_free(two);
    rg_plan_free(old);
}

Test(plan, the_key_changes_with_every_factor) {
    static const char *const cells[] = {
        "\"model\": \"a\"",
        "\"model\": \"b\"",
        "\"model\": \"a\", \"target\": \"neon\"",
        "\"model\": \"a\", \"threads\": 1",
        "\"model\": \"a\", \"threads\": 2",
        "\"model\": \"a\", \"batch\": 2",
        "\"model\": \"a\", \"variant\": \"ref\"",
        "\"model\": \"a\", \"precision\": \"int8\"",
        "\"model\": \"a\", \"cores\": \"0-1\"",
        "\"model\": \"a\", \"device\": \"usb\"",
        "\"model\": \"a\", \"inputs\": \"zero\"",
        "\"model\": \"a\", \"inputs\": \"real\", \"input_files\": \"/x\"",
        "\"model\": \"a\", \"pattern\": {\"kind\": \"in_flight\", \"n\": 2}",
        "\"model\": \"a\", \"pattern\": {\"kind\": \"in_flight\", \"n\": 3}",
        "\"model\": \"a\", \"pattern\": {\"kind\": \"idle\", \"duration\": \"2s\"}",
        "\"op\": {\"kind\": \"conv2d\", \"input\": [1, 8, 8, 4], \"filters\": 8}",
        "\"op\": {\"kind\": \"conv2d\", \"input\": [1, 8, 8, 4], \"filters\": 16}",
    };
    enum { N = sizeof cells / sizeof cells[0] };
    char text[4096] = "{\"cells\": [";
    for (size_t i = 0; i < N; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s{%s}", i ? "," : "", cells[i]);
    }
    strcat(text, "]}");
    rg_plan *plan = plan_of(text);
    cr_assert_eq(plan->n_cells, N);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i; k++) {
            cr_assert_str_neq(plan->cells[i].key, plan->cells[k].key, "%zu and %zu", i, k);
            cr_assert_str_neq(plan->cells[i].name, plan->cells[k].name, "%zu and %zu", i, k);
        }
    }
    cr_assert_str_eq(plan->cells[15].workload, "conv2d:1x8x8x4,filters=8");
    rg_plan_free(plan);
}

Test(plan, the_arm_goes_to_the_target_and_not_into_the_key) {
    rg_plan *one =
        plan_of_cell("\"empty\": 64, \"target\": \"sim\", \"options\": {\"mode\": \"hot\"}");
    rg_plan *two =
        plan_of_cell("\"empty\": 64, \"target\": \"sim\", \"options\": {\"mode\": \"hot\"},"
                     "\"arm\": {\"slow\": 1.5}");
    cr_assert_str_eq(one->cells[0].key, two->cells[0].key);
    cr_assert_str_eq(one->cells[0].name, "empty-64/sim/mode=hot");
    cr_assert_eq(rg_json_get_real(two->cells[0].options, "slow", 0), 1.5);
    cr_assert_str_eq(rg_json_get_text(two->cells[0].options, "mode", ""), "hot");
    rg_plan_free(one);
    rg_plan_free(two);
}

Test(plan, the_same_values_give_the_same_key_in_any_order) {
    rg_plan *one = plan_of_cell("\"model\": \"a\", \"threads\": 2, \"batch\": 4");
    rg_plan *two = plan_of_cell("\"batch\": 4, \"threads\": 2, \"model\": \"a\"");
    cr_assert_str_eq(one->cells[0].key, two->cells[0].key);
    cr_assert_str_eq(one->cells[0].name, two->cells[0].name);
    cr_assert_str_eq(one->cells[0].name, "a/cpu/batch=4/threads=2");
    rg_plan_free(one);
    rg_plan_free(two);
}

Test(plan, the_key_is_the_hash_of_the_requested_values) {
    rg_plan *plan = plan_of_cell("\"model\": \"a\", \"threads\": 2");
    const char *canonical = "{\"pattern\":{\"kind\":\"single_stream\"},\"target\":\"cpu\","
                            "\"threads\":2,\"workload\":\"a\"}";
    char wanted[RG_HASH_HEX];
    rg_hash_bytes(canonical, strlen(canonical), wanted);
    cr_assert_str_eq(plan->cells[0].key, wanted);
    rg_plan_free(plan);
}

Test(plan, says_which_cell_is_wrong_and_what_to_try) {
    expect_error("{}", "no cells", "cells =");
    expect_error("{\"cells\": []}", "no cells", "filter");
    expect_error("{\"cells\": [{\"model\": \"a\"}, {\"model\": \"b\", \"treads\": 1}]}",
                 "cell 2 (b): a cell has no key 'treads'", "did you mean 'threads'?");
    expect_error("{\"cells\": [{\"model\": \"a\", \"threads\": -1}]}", "cell 1 (a): '-1'",
                 "from 0 to 1024");
    expect_error("{\"cells\": [{\"model\": \"a\", \"batch\": 1.5}]}", "'1.5' is no value",
                 "from 1");
    expect_error("{\"cells\": [{\"model\": \"a\", \"cores\": 2}]}", "'cores' must be text",
                 "quotes");
    expect_error("{\"cells\": [{\"model\": \"a\", \"target\": \"cpuu\"}]}", "no target 'cpuu'",
                 "did you mean 'cpu'?");
    expect_error("{\"cells\": [{\"target\": \"cpu\"}]}", "no workload", "one of model");
    expect_error("{\"cells\": [{\"model\": \"a\", \"file\": \"b\"}]}", "more than one", "one of");
    expect_error("{\"cells\": [{\"op\": {\"input\": [1]}}]}", "needs its kind", "rg.op");
    expect_error("{\"cells\": [{\"model\": \"a\", \"pattern\": \"in_flight\"}]}", "needs n",
                 "n = 4");
    expect_error("{\"cells\": [{\"model\": \"a\", \"pattern\": \"idle\"}]}", "duration", "5s");
    expect_error("{\"cells\": [{\"model\": \"a\", \"pattern\": {\"kind\": \"idle\", \"duration\": "
                 "5}}]}",
                 "without a unit", "2s");
    expect_error("{\"cells\": [{\"model\": \"a\", \"pattern\": \"single_strem\"}]}",
                 "'single_strem' is no value", "single_stream");
    expect_error("{\"tier\": \"fast\", \"cells\": [{\"model\": \"a\"}]}", "no tier 'fast'",
                 "quick");
    expect_error("{\"tier\": {\"round\": 1}, \"cells\": [{\"model\": \"a\"}]}", "no key 'round'",
                 "'rounds'");
    expect_error("{\"measure\": {\"rails\": [1]}, \"cells\": [{\"model\": \"a\"}]}", "rails[1]",
                 "two");
    expect_error("{\"cells\": [3]}", "must be a table", "key = value");
    expect_error("[1]", "must be a table", "key = value");
}

Test(plan, two_cells_that_ask_for_the_same_are_named_both) {
    expect_error("{\"cells\": [{\"file\": \"/a/n.tflite\"}, {\"model\": \"b\"},"
                 "{\"file\": \"/b/n.tflite\"}]}",
                 "cells 1 (n/cpu, file:/a/n.tflite) and 3 (n/cpu, file:/b/n.tflite)", "workload =");
    expect_error("{\"cells\": [{\"model\": \"b\"}, {\"model\": \"b\"}]}", "cells 1", "remove");
}

Test(plan, a_cell_survives_its_line_in_the_bundle) {
    rg_plan *plan = plan_of("{\"tier\": \"standard\", \"seed\": 5, \"cells\": [{\"model\": \"a\", "
                            "\"target\": \"sim\", \"device\": \"sim:1\", \"threads\": 3,"
                            "\"precision\": \"int8\", \"cores\": \"1\", \"batch\": 2,"
                            "\"variant\": \"v\", \"options\": {\"mode\": \"hot\", \"seed\": 2},"
                            "\"pattern\": {\"kind\": \"in_flight\", \"n\": 4}, \"inputs\": "
                            "\"real\", \"input_files\": \"/x\"}]}");
    json_t *line = rg_cell_to_json(&plan->cells[0]);
    rg_arena *arena = rg_arena_new(0);
    rg_cell cell = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_cell_from_json(line, arena, &cell, &err), RG_OK, "%s", err.what);
    json_t *again = rg_cell_to_json(&cell);
    cr_assert(json_equal(line, again));
    cr_assert_str_eq(cell.key, plan->cells[0].key);
    cr_assert_str_eq(cell.input_files, "/x");
    cr_assert_eq(cell.pattern.in_flight, 4);
    cr_assert_eq(cell.tier.rounds, 6);
    json_object_del(line, "target");
    cr_assert_eq(rg_cell_from_json(line, arena, &cell, &err), RG_BAD_DATA);
    json_decref(line);
    json_decref(again);
    json_decref(cell.options);
    json_decref(cell.requested);
    rg_arena_free(arena);
    rg_plan_free(plan);
}

Test(plan, only_keeps_cells_by_name_glob_or_key) {
    const char *text = "{\"cells\": [{\"model\": \"a\"}, {\"model\": \"b\"},"
                       "{\"model\": \"b\", \"threads\": 2, \"tier\": \"standard\"}]}";
    rg_plan *plan = plan_of(text);
    cr_assert_eq(rg_plan_only(plan, "b/*", NULL), RG_OK);
    cr_assert_eq(plan->n_cells, 2);
    cr_assert_eq(plan->rounds, 6);
    char key[9] = "";
    memcpy(key, plan->cells[0].key, 8);
    cr_assert_eq(rg_plan_only(plan, key, NULL), RG_OK);
    cr_assert_eq(plan->n_cells, 1);
    cr_assert_str_eq(plan->cells[0].name, "b/cpu");
    cr_assert_eq(plan->rounds, 3);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plan_only(plan, "b/cpo", &err), RG_USAGE);
    cr_assert_not_null(strstr(err.advice, "b/cpu"));
    cr_assert_eq(plan->n_cells, 1, "a wrong pattern changes nothing");
    rg_plan_free(plan);
}

Test(plan, ten_thousand_cells_plan_in_well_under_a_second) {
    json_t *cells = json_array();
    for (int i = 0; i < 10000; i++)
        json_array_append_new(cells, json_pack("{s:s, s:i, s:i}", "model", "a", "batch",
                                               i / 100 + 1, "threads", i % 100));
    json_t *request = json_pack("{s:o}", "cells", cells);
    rg_plan *plan = NULL;
    clock_t start = clock();
    cr_assert_eq(rg_plan_build(request, &plan, NULL), RG_OK);
    cr_assert_lt(clock() - start, (clock_t)patience() * CLOCKS_PER_SEC);
    cr_assert_eq(plan->n_cells, 10000);
    rg_plan_free(plan);
    json_decref(request);
}

Test(plan, prints_a_table_and_json) {
    rg_plan *plan = plan_of("{\"name\": \"n\", \"cells\": [{\"model\": \"a\"}, {\"model\": \"b\","
                            "\"pattern\": {\"kind\": \"idle\", \"duration\": \"2s\"}}]}");
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    rg_plan_print(plan, file);
    fclose(file);
    cr_assert_not_null(strstr(text, "a/cpu"));
    cr_assert_not_null(strstr(text, "idle 2.00 s"));
    cr_assert_not_null(strstr(text, "2 cells; measuring takes at least 7.50 s"), "%s", text);
    json_t *value = rg_plan_to_json(plan);
    cr_assert_eq(json_array_size(json_object_get(value, "cells")), 2);
    cr_assert_str_eq(rg_json_get_text(value, "hash", ""), plan->hash);
    free(text);
    json_decref(value);
    rg_plan_free(plan);
}

Test(plan, real_inputs_must_be_given_and_where_they_lie_is_context) {
    expect_error("{\"cells\": [{\"model\": \"a\", \"inputs\": \"real\"}]}", "none are given",
                 "input_files");
    rg_plan *one = plan_of("{\"cells\": [{\"model\": \"a\", \"inputs\": \"real\", "
                           "\"input_files\": \"/x\"}]}");
    rg_plan *two = plan_of("{\"cells\": [{\"model\": \"a\", \"inputs\": \"real\", "
                           "\"input_files\": \"/y\"}]}");
    cr_assert_str_eq(one->cells[0].key, two->cells[0].key);
    cr_assert_str_eq(one->cells[0].name, "a/cpu/inputs=real");
    cr_assert_str_eq(two->cells[0].input_files, "/y");
    rg_plan_free(one);
    rg_plan_free(two);
}
