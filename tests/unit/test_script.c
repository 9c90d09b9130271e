/* test_script.c: scenarios: matrix, models and files, and the request that comes of them. */
#include "bench/run/schema.h"
#include "rg_config.h"
#include "tests/unit/script_made.h"

Test(script, gives_a_request_with_everything_that_was_written, WITH) {
    rg_script script = script_of(
        "return rg.scenario {name = 'n', summary = 's', seed = 4, tier = {name = 'smoke', rounds = 1},"
        "measure = {power = true, rails = {'sim'}}, gate = {latency_p95_ns = {tolerance = 0.02}},"
        "cells = {{model = 'net.tflite', target = 'sim', threads = 2, cores = '0-1',"
        "options = {latency = '1ms'}, pattern = {'in_flight', n = 4}, tier = 'quick'}}}",
        NULL);
    char wanted[1024];
    snprintf(wanted, sizeof wanted,
             "{\"cells\":[{\"cores\":\"0-1\",\"file\":\"%s/net.tflite\","
             "\"options\":{\"latency\":\"1ms\"},\"pattern\":{\"kind\":\"in_flight\",\"n\":4},"
             "\"target\":\"sim\",\"threads\":2,\"tier\":\"quick\"}],"
             "\"gate\":{\"latency_p95_ns\":{\"tolerance\":0.02}},"
             "\"measure\":{\"power\":true,\"rails\":[\"sim\"]},\"name\":\"n\",\"seed\":4,"
             "\"summary\":\"s\",\"tier\":{\"name\":\"smoke\",\"rounds\":1}}",
             folder);
    json_t *value = NULL;
    cr_assert_eq(rg_json_parse(wanted, strlen(wanted), "wanted", &value, NULL), RG_OK);
    cr_assert(json_equal(value, script.request));
    json_decref(value);
    rg_script_clear(&script);
}

Test(script, a_target_may_bring_its_options_along, WITH) {
    rg_script script = script_of("return rg.scenario {cells = rg.matrix {empty = 64, threads = 1,"
                                 "target = {'sim', {'sim', latency = '2ms'}}}}",
                                 NULL);
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_str_eq(plan->cells[0].name, "empty-64/sim/threads=1");
    cr_assert_str_eq(plan->cells[1].name, "empty-64/sim/threads=1/latency=2ms");
    cr_assert_str_eq(rg_json_get_text(plan->cells[1].options, "latency", ""), "2ms");
    rg_plan_free(plan);
    rg_script_clear(&script);
    script = script_of("return rg.scenario {cells = {{empty = 64, target = {'sim', variant = 'v',"
                       "artefact = 'some.bin', require_full_offload = true}}}}",
                       NULL);
    char artefact[128];
    snprintf(artefact, sizeof artefact, "%s/some.bin", folder);
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_str_eq(plan->cells[0].name, "empty-64/sim/variant=v", "the rest is no factor");
    cr_assert_str_eq(plan->cells[0].artefact, artefact);
    cr_assert(plan->cells[0].require_full_offload);
    rg_plan_free(plan);
    rg_script_clear(&script);
    expect_error("return rg.scenario {cells = {{empty = 64, target = {latency = '1ms'}}}}",
                 "a target must be a word", "target = \"cpu\"", NULL);
}

Test(script, two_evaluations_and_their_plans_are_equal, WITH) {
    const char *text = "local list = {}\n"
                       "for k, v in pairs({b = 1, a = 2, c = 3}) do list[#list + 1] = v end\n"
                       "return rg.scenario {cells = rg.matrix {model = 'net.tflite', "
                       "target = {'cpu', 'sim'}, threads = list, batch = math.random(100)}}";
    rg_script one = script_of(text, NULL), two = script_of(text, NULL);
    char *first = rg_json_text(one.request, 0), *second = rg_json_text(two.request, 0);
    cr_assert_str_eq(first, second);
    rg_plan *a = NULL, *b = NULL;
    cr_assert_eq(rg_plan_build(one.request, &a, NULL), RG_OK);
    cr_assert_eq(rg_plan_build(two.request, &b, NULL), RG_OK);
    cr_assert_str_eq(a->hash, b->hash);
    cr_assert_eq(a->n_cells, 6);
    rg_plan_free(a);
    rg_plan_free(b);
    free(first);
    free(second);
    rg_script_clear(&one);
    rg_script_clear(&two);
}

Test(script, a_matrix_goes_in_a_fixed_order_of_keys_and_the_written_order_of_lists, WITH) {
    rg_script script = script_of("return rg.scenario {cells = rg.matrix {threads = {2, 1},"
                                 "pattern = {'single_stream', {'in_flight', n = 2}},"
                                 "target = {'sim', 'cpu'}, model = 'net.tflite'}}",
                                 NULL);
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    static const char *const wanted[] = {"net/sim/threads=2", "net/sim/threads=2/in_flight=2",
                                         "net/sim/threads=1", "net/sim/threads=1/in_flight=2",
                                         "net/cpu/threads=2", "net/cpu/threads=2/in_flight=2",
                                         "net/cpu/threads=1", "net/cpu/threads=1/in_flight=2"};
    cr_assert_eq(plan->n_cells, 8);
    for (size_t i = 0; i < 8; i++)
        cr_assert_str_eq(plan->cells[i].name, wanted[i]);
    rg_plan_free(plan);
    rg_script_clear(&script);
}

Test(script, a_filter_leaves_cells_out_and_cells_may_be_nested, WITH) {
    rg_script script = script_of(
        "return rg.scenario {cells = {rg.matrix {model = 'net.tflite', threads = rg.range(1, 8, '*2'),"
        "filter = function(cell) return cell.threads ~= 4 end},"
        "{model = rg.model('net.tflite', 'other'), target = 'sim'}}}",
        NULL);
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_eq(plan->n_cells, 4);
    cr_assert_str_eq(plan->cells[2].name, "net/cpu/threads=8");
    cr_assert_str_eq(plan->cells[3].name, "other/sim");
    rg_plan_free(plan);
    rg_script_clear(&script);
}

Test(script, models_files_and_empty_models_are_workloads, WITH) {
    rg_script script = script_of(
        "return rg.scenario {cells = {{model = rg.model('net.tflite')}, {model = rg.empty()},"
        "{model = rg.file('net.tflite'), target = 'sim'}, {model = rg.empty(9, 'nine')},"
        "{file = 'net.tflite', target = 'neon'}}}",
        NULL);
    static const char *const wanted[] = {"net/cpu", "empty-64/cpu", "net/sim", "nine/cpu",
                                         "net/neon"};
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_eq(plan->n_cells, 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_str_eq(plan->cells[i].name, wanted[i]);
    rg_plan_free(plan);
    rg_script_clear(&script);
}

Test(script, operator_cases_are_named_by_their_parameters, WITH) {
    rg_script script = script_of(
        "return rg.scenario {cells = rg.matrix {op = {"
        "rg.op('conv2d', {input = {1, 8, 8, 4}, filters = 8, kernel = {3, 3}, act = 'relu'}),"
        "rg.op('softmax', {input = {1, 10}})}}}",
        NULL);
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_str_eq(plan->cells[0].name, "conv2d:1x8x8x4,act=relu,filters=8,kernel=3x3/cpu");
    cr_assert_str_eq(plan->cells[1].source, "op:{\"input\":[1,10],\"kind\":\"softmax\"}");
    rg_plan_free(plan);
    rg_script_clear(&script);
    expect_error("rg.op('conv2', {input = {1}})", "no operator 'conv2'", "did you mean 'conv2d'?",
                 NULL);
    expect_error("rg.op('conv2d', {input = {1}, filter = 3})", "has no key 'filter'", "'filters'",
                 NULL);
    expect_error("rg.op('conv2d', {filters = 3})", "needs its input", "56", NULL);
}

Test(script, zip_goes_item_by_item, WITH) {
    rg_script script = script_of("return rg.scenario {cells = rg.zip {model = 'net.tflite',"
                                 "threads = {1, 2, 4}, batch = {4, 2, 1}}}",
                                 NULL);
    rg_plan *plan = NULL;
    cr_assert_eq(rg_plan_build(script.request, &plan, NULL), RG_OK);
    cr_assert_eq(plan->n_cells, 3);
    cr_assert_str_eq(plan->cells[1].name, "net/cpu/batch=2/threads=2");
    rg_plan_free(plan);
    rg_script_clear(&script);
    expect_error("return rg.scenario {cells = rg.zip {model = 'net.tflite', threads = {1, 2},"
                 "batch = {1, 2, 3}}}",
                 "'batch' has 3 values, 'threads' has 2", "same length", NULL);
}

Test(script, ranges_count_by_steps_and_factors, WITH) {
    rg_script script =
        script_of("local function text(t) return table.concat(t, ' ') end\n"
                  "return rg.scenario {summary = text(rg.range(1, 64, '*2')) .. '|' .. "
                  "text(rg.range(1, 4)) .. '|' .. text(rg.range(10, 0, -5)) .. '|' .. "
                  "text(rg.range(0, 1, 0.5)), cells = {{model = 'net.tflite'}}}",
                  NULL);
    cr_assert_str_eq(rg_json_get_text(script.request, "summary", ""),
                     "1 2 4 8 16 32 64|1 2 3 4|10 5 0|0 0.5 1");
    rg_script_clear(&script);
    expect_error("rg.range(1, 4, '*1')", "no step", "*2", NULL);
    expect_error("rg.range(1, 1e9)", "more than", "larger step", NULL);
}

Test(script, required_files_are_kept_with_their_text, WITH) {
    put("mine.lua", "return {threads = 7}\n");
    rg_script script = script_of("local t = require 'mine'\nreturn rg.scenario {cells = "
                                 "{{model = 'net.tflite', threads = t.threads}}}",
                                 NULL);
    cr_assert_eq(json_array_size(script.files), 2);
    const json_t *second = json_array_get(script.files, 1);
    cr_assert_str_eq(rg_json_get_text(second, "name", ""), "mine.lua");
    cr_assert_str_eq(rg_json_get_text(second, "text", ""), "return {threads = 7}\n");
    rg_script_clear(&script);
}

Test(script, tells_of_the_recorded_board, WITH) {
    char sub[128];
    snprintf(sub, sizeof sub, "%s/proc/device-tree", folder);
    cr_assert_eq(rg_fs_mkdirs(sub, NULL), RG_OK);
    put("proc/cpuinfo", "processor\t: 0\nCPU architecture: 8\n\nprocessor\t: 1\n");
    put("proc/device-tree/model", "Test Board 4");
    put("t.lua",
        "local b = rg.board()\nreturn rg.scenario {summary = b.arch .. '|' .. b.cores .. '|'"
        " .. b.model, cells = {{model = 'net.tflite'}}}");
    rg_root *root = NULL;
    cr_assert_eq(rg_root_open(folder, &root, NULL), RG_OK);
    rg_script_args args = {.path = path, .root = root};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_script_evaluate(&args, &script, &err), RG_OK, "%s", err.what);
    cr_assert_str_eq(rg_json_get_text(script.request, "summary", ""), "aarch64|2|Test Board 4");
    rg_script_clear(&script);
    rg_root_close(root);
}

/* Keys of a table as they stand in the document: `key` between backquotes. */
static void expect_documented(const rg_schema *schema, const char *document) {
    for (const rg_field *field = schema->fields; field->key; field++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", field->key);
        cr_assert_not_null(strstr(document, quoted), "%s.%s", schema->name, field->key);
    }
}

Test(script, every_key_is_documented) {
    rg_arena *arena = rg_arena_new(0);
    char *document = NULL;
    size_t bytes = 0;
    cr_assert_eq(
        rg_fs_read(arena, RG_SOURCE_DIR "/docs/request.md", 1 << 20, &document, &bytes, NULL),
        RG_OK);
    expect_documented(&rg_schema_scenario, document);
    expect_documented(&rg_schema_skip, document);
    expect_documented(&rg_schema_tier, document);
    expect_documented(&rg_schema_measure, document);
    expect_documented(&rg_schema_cell, document);
    expect_documented(&rg_schema_pattern, document);
    expect_documented(&rg_schema_option, document);
    expect_documented(&rg_schema_op, document);
    rg_arena_free(arena);
}
