/* test_script.c: scenarios: options, matrix, models and files, and mistakes told with file, line
 * and the nearest key. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/request.h"
#include "bench/run/schema.h"
#include "bench/run/script.h"
#include "rg_config.h"

/* A private folder with a scenario t.lua and a model file net.tflite. */
static char folder[] = "/tmp/rg_script_XXXXXX";
static char path[128];

static void put(const char *name, const char *text) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", folder, name);
    cr_assert_eq(rg_fs_write_atomic(full, text, strlen(text), NULL), RG_OK);
}

static void set_up(void) {
    cr_assert_not_null(mkdtemp(folder));
    put("net.tflite", "not read here");
    snprintf(path, sizeof path, "%s/t.lua", folder);
}

static void tear_down(void) {
    rg_fs_remove_tree(folder, NULL);
}

/* Evaluates `text` with the --set pairs that follow, NULL-ended. */
static rg_status evaluate_list(const char *text, bool help, va_list sets, rg_script *ret,
                               rg_err *err) {
    const char *pairs[8];
    size_t n = 0;
    while ((pairs[n] = va_arg(sets, const char *)))
        n++;
    put("t.lua", text);
    rg_script_args args = {
        .path = path, .sets = pairs, .n_sets = n, .help = help, .wall_ns = INT64_C(100000000000)};
    return rg_script_evaluate(&args, ret, err);
}

static rg_script script_of(const char *text, ...) {
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    va_list sets;
    va_start(sets, text);
    rg_status status = evaluate_list(text, false, sets, &script, &err);
    va_end(sets);
    cr_assert_eq(status, RG_OK, "%s: %s", text, err.what);
    return script;
}

static void expect_error(const char *text, const char *what, const char *advice, ...) {
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    va_list sets;
    va_start(sets, advice);
    rg_status status = evaluate_list(text, false, sets, &script, &err);
    va_end(sets);
    cr_assert_eq(status, RG_USAGE, "%s gave %s", text, rg_status_word(status));
    cr_assert_not_null(strstr(err.what, what), "%s gave: %s", text, err.what);
    cr_assert_not_null(strstr(err.advice, advice), "%s advised: %s", text, err.advice);
    cr_assert_null(script.request);
}

#define WITH .init = set_up, .fini = tear_down
#define FILE_CELL "{model = 'net.tflite'"

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

static const char *const options_text =
    "local threads = rg.option('threads', {default = 2, min = 1, max = 64, help = 'how many'})\n"
    "local ratio = rg.option('ratio', {default = 0.5})\n"
    "local deep = rg.option('deep', {default = false})\n"
    "local kind = rg.option('kind', {default = 'a', choices = {'a', 'b'}})\n"
    "local wait = rg.option('wait', {type = 'duration', default = '5s'})\n"
    "local model = rg.option('model', {type = 'model', default = 'net.tflite'})\n"
    "return rg.scenario {summary = table.concat({math.type(threads), threads, ratio,"
    " tostring(deep), kind, wait, rg.opt.kind}, ' '), cells = {{model = model}}}";

Test(script, options_are_typed_by_their_row, WITH) {
    rg_script script = script_of(options_text, NULL);
    cr_assert_str_eq(rg_json_get_text(script.request, "summary", ""), "integer 2 0.5 false a 5s a");
    rg_script_clear(&script);
    script = script_of(options_text, "threads=4", "ratio=2", "deep=yes", "kind=b", "wait=20ms",
                       "threads=8", NULL);
    cr_assert_str_eq(rg_json_get_text(script.request, "summary", ""),
                     "integer 8 2.0 true b 20ms b");
    rg_script_clear(&script);
    expect_error(options_text, "--set threads=x: 'x' is no value", "from 1 to 64", "threads=x",
                 NULL);
    expect_error(options_text, "'65' is no value", "from 1 to 64", "threads=65", NULL);
    expect_error(options_text, "'1.5' is no value", "from 1 to 64", "threads=1.5", NULL);
    expect_error(options_text, "'c' is no value", "one of: a b", "kind=c", NULL);
    expect_error(options_text, "'5' is no value", "33ms", "wait=5", NULL);
    expect_error(options_text, "no option 'thread'", "did you mean 'threads'?", "thread=3", NULL);
    expect_error(options_text, "no option 'zzz'", "its options: threads ratio", "zzz=3", NULL);
    expect_error(options_text, "has no value", "KEY=VALUE", "threads", NULL);
}

Test(script, paths_start_at_the_script_or_at_the_current_directory, WITH) {
    char other[] = "/tmp/rg_script_cwd_XXXXXX", wanted[128];
    cr_assert_not_null(mkdtemp(other));
    cr_assert_eq(chdir(other), 0);
    cr_assert_eq(rg_fs_write_atomic("mine.tflite", "x", 1, NULL), RG_OK);
    rg_script script = script_of(options_text, "model=mine.tflite", NULL);
    snprintf(wanted, sizeof wanted, "%s/mine.tflite", other);
    const json_t *cell = json_array_get(json_object_get(script.request, "cells"), 0);
    cr_assert_str_eq(rg_json_get_text(cell, "file", ""), wanted);
    rg_script_clear(&script);
    script = script_of(options_text, NULL);
    snprintf(wanted, sizeof wanted, "%s/net.tflite", folder);
    cell = json_array_get(json_object_get(script.request, "cells"), 0);
    cr_assert_str_eq(rg_json_get_text(cell, "file", ""), wanted);
    rg_script_clear(&script);
    expect_error(options_text, "no file /", "current directory", "model=net.tflite", NULL);
    rg_fs_remove_tree(other, NULL);
}

Test(script, options_may_stand_in_the_scenario_with_cells_as_a_function, WITH) {
    const char *text =
        "return rg.scenario {options = {threads = {default = 1}, b = {default = 'x'}},"
        "cells = function(opt) return {{model = 'net.tflite', threads = opt.threads}}"
        " end}";
    rg_script script = script_of(text, "threads=3", NULL);
    const json_t *cell = json_array_get(json_object_get(script.request, "cells"), 0);
    cr_assert_eq(rg_json_get_int(cell, "threads", 0), 3);
    cr_assert_str_eq(rg_json_get_text(json_array_get(script.options, 0), "name", ""), "b");
    cr_assert_null(json_object_get(script.request, "options"));
    rg_script_clear(&script);
}

Test(script, a_missing_option_says_how_to_give_it, WITH) {
    const char *text = "local m = rg.option('model', {type = 'model', help = 'what to run'})\n"
                       "return rg.scenario {cells = {{model = m}}}";
    expect_error(text, "t.lua:1: option 'model' must be given", "--set model=VALUE (what to run)",
                 NULL);
    expect_error(text, "must be given", "did you mean --set model=...?", "modle=x", NULL);
}

Test(script, help_needs_no_options_given, WITH) {
    const char *text = "-- Which is faster?\n-- Run it.\n\nlocal m = rg.option('model', "
                       "{type = 'model', help = 'what to run'})\n"
                       "rg.option('n', {default = 3, help = 'how many'})\n"
                       "return rg.scenario {cells = {{model = rg.model(m)}}}";
    put("t.lua", text);
    rg_script_args args = {.path = path, .help = true};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_script_evaluate(&args, &script, &err), RG_OK, "%s", err.what);
    char *said = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&said, &bytes);
    rg_script_print_help(&script, file);
    fclose(file);
    cr_assert_not_null(strstr(said, "Which is faster?\nRun it.\n\noptions:\n"), "%s", said);
    cr_assert_not_null(strstr(said, "model=model"), "%s", said);
    cr_assert_not_null(strstr(said, "(must be given)"), "%s", said);
    cr_assert_not_null(strstr(said, "how many (default 3)"), "%s", said);
    free(said);
    rg_script_clear(&script);
}

Test(script, unknown_keys_name_the_nearest_one_with_file_and_line, WITH) {
    expect_error("\n\nreturn rg.scenario {sumary = 's', cells = {}}",
                 "t.lua:3: a scenario has no key 'sumary'", "did you mean 'summary'?", NULL);
    expect_error("\nreturn rg.scenario {cells = {\n{model = 'net.tflite', treads = 2}}}",
                 "t.lua:2: a cell has no key 'treads'", "did you mean 'threads'?", NULL);
    expect_error("\nlocal m = rg.matrix {modle = 'net.tflite'}\nreturn rg.scenario {cells = m}",
                 "t.lua:2: a cell has no key 'modle'", "did you mean 'model'?", NULL);
    expect_error("return rg.scenario {cells = {" FILE_CELL
                 ", pattern = {'in_flight', slots = 2}}}}",
                 "t.lua:1: a pattern has no key 'slots'", "known ones: kind n duration", NULL);
    expect_error("return rg.scenario {cells = {" FILE_CELL ", tier = {round = 2}}}}",
                 "a tier has no key 'round'", "'rounds'", NULL);
    expect_error("return rg.scenario {measure = {powr = true}, cells = {" FILE_CELL "}}}",
                 "a measure has no key 'powr'", "'power'", NULL);
    expect_error("rg.option('a', {defalt = 1})", "an option has no key 'defalt'", "'default'",
                 NULL);
    expect_error("rg.scenaro {}", "t.lua:1: there is no rg.scenaro", "rg.scenario", NULL);
    expect_error("rg.option('abc', {default = 1})\nreturn rg.opt.abd",
                 "t.lua:2: there is no option", "'abc'", NULL);
    expect_error("return rg.scenario {cells = {" FILE_CELL ", pattern = 'single_strem'}}}",
                 "'single_strem' is no load pattern", "single_stream", NULL);
}

Test(script, tells_other_mistakes, WITH) {
    expect_error("return 1", "never calls rg.scenario", "return rg.scenario", NULL);
    expect_error("rg.scenario {cells = {}} return {}", "does not return its scenario", "return",
                 NULL);
    expect_error("return rg.scenario {cells = 3}", "cells must be a list", "cells =", NULL);
    expect_error("return rg.scenario {cells = {3}}", "a cell must be a table", "model", NULL);
    expect_error("return rg.scenario {cells = rg.matrix {model = 'net.tflite', threads = {}}}",
                 "'threads' is an empty list", "at least one", NULL);
    expect_error("return rg.scenario {cells = rg.matrix {model = 'net.tflite', threads = "
                 "rg.range(1, 2000), batch = rg.range(1, 2000)}}",
                 "4000000 combinations", "fewer", NULL);
    expect_error("return rg.model('none.tflite')", "no suite model 'none.tflite' and no file",
                 "start at its folder", NULL);
    expect_error("return rg.file('none.tflite')", "there is no file", "start at its folder", NULL);
    expect_error("return rg.suite('tinny')", "there is no suite 'tinny'", "tiny", NULL);
    expect_error("rg.option('a', {default = 1}) rg.option('a', {default = 1})", "declared twice",
                 "remove", NULL);
    expect_error("rg.option('a', {default = 'x', type = 'int'})", "'x' is no value", "number",
                 NULL);
    expect_error("rg.option('a', {type = 'integer'})", "no option type 'integer'", "int", NULL);
    expect_error("while true do end", "million instructions", "loop", NULL);
    expect_error("return rg.scenario {cells = {{model = 'net.tflite', threads = 0/0}}}",
                 "scenario.cells[1].threads: the number is NaN", "leave it out", NULL);
}

Test(script, a_wrong_name_of_a_scenario_names_the_nearest) {
    rg_script_args args = {.path = "scenarios/idel.lua"};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_script_evaluate(&args, &script, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.what, "there is no scenario scenarios/idel.lua"));
    cr_assert_not_null(strstr(err.advice, "did you mean 'idle'?"), "%s", err.advice);
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

/* Evaluates a shipped scenario and builds its plan, which the caller frees. */
static rg_plan *plan_shipped(const char *name, const char *const *sets, size_t n_sets) {
    rg_script_args args = {.path = name, .sets = sets, .n_sets = n_sets};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    rg_plan *plan = NULL;
    cr_assert_eq(rg_script_evaluate(&args, &script, &err), RG_OK, "%s: %s", name, err.what);
    cr_assert_eq(rg_plan_build(script.request, &plan, &err), RG_OK, "%s: %s", name, err.what);
    rg_script_clear(&script);
    return plan;
}

Test(scenarios, those_for_any_model_take_a_file, WITH) {
    static const char *const names[] = {"scenarios/model.lua", "throughput", "idle.lua"};
    char set[160];
    snprintf(set, sizeof set, "model=%s/net.tflite", folder);
    const char *const sets[] = {set, "name=mine"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        rg_plan *plan = plan_shipped(names[i], sets, 2);
        cr_assert_geq(plan->n_cells, 1);
        cr_assert_str_eq(plan->cells[0].workload, "mine");
        rg_plan_free(plan);
    }
}

Test(scenarios, a_planted_change_of_the_simulated_device_stays_in_the_same_cells) {
    const char *const slow[] = {"slow=1.1"}, *const slower[] = {"latency=2ms"};
    rg_plan *base = plan_shipped("scenarios/sim.lua", NULL, 0);
    rg_plan *arm = plan_shipped("scenarios/sim.lua", slow, 1);
    rg_plan *other = plan_shipped("scenarios/sim.lua", slower, 1);
    cr_assert_eq(base->n_cells, 2);
    cr_assert(base->power);
    cr_assert_str_eq(base->hash, arm->hash);
    cr_assert_str_neq(base->hash, other->hash);
    cr_assert_float_eq(rg_json_get_real(arm->cells[0].options, "slow", 0), 1.1, 1e-12);
    cr_assert_null(json_object_get(json_object_get(arm->cells[0].requested, "options"), "slow"));
    cr_assert_str_eq(base->cells[0].source, "empty:64");
    rg_plan_free(base);
    rg_plan_free(arm);
    rg_plan_free(other);
}

Test(scenarios, those_of_the_suite_plan) {
    if (!rg_suite_models[0].name)
        cr_skip_test("no suite model in this build");
    rg_plan *plan = plan_shipped("first-light", NULL, 0);
    cr_assert_eq(plan->n_cells, 8);
    cr_assert_str_eq(plan->cells[7].target, "edgetpu");
    rg_plan_free(plan);
    const char *const sets[] = {"threads=4", "suite=mobile", "tier=standard"};
    plan = plan_shipped("latency", sets, 3);
    cr_assert_eq(plan->n_cells, 6);
    cr_assert_eq(plan->rounds, 6);
    rg_plan_free(plan);
}

static void check_help(const char *relative, void *user) {
    rg_script_args args = {.path = relative, .help = true};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_script_evaluate(&args, &script, &err);
    cr_assert_eq(status, RG_OK, "%s: %s", relative, err.what);
    const char *text = rg_json_get_text(json_array_get(script.files, 0), "text", "");
    cr_assert_eq(strncmp(text, "-- ", 3), 0, "%s begins with its question", relative);
    cr_assert_not_null(strstr(text, "railgauge run "), "%s says how to run it", relative);
    cr_assert_gt(json_array_size(script.options), 0, "%s has options", relative);
    rg_script_clear(&script);
    ++*(size_t *)user;
}

Test(scenarios, each_tells_its_question_and_its_options) {
    size_t n = 0;
    rg_data_list("scenarios", ".lua", check_help, &n);
    cr_assert_geq(n, 6);
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
    expect_documented(&rg_schema_tier, document);
    expect_documented(&rg_schema_measure, document);
    expect_documented(&rg_schema_cell, document);
    expect_documented(&rg_schema_pattern, document);
    expect_documented(&rg_schema_option, document);
    expect_documented(&rg_schema_op, document);
    rg_arena_free(arena);
}
