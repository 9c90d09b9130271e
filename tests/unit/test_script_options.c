/* test_script_options.c: options of a scenario, its help, and mistakes told with file, line and the
 * nearest key. */
#include <unistd.h>

#include "tests/unit/script_made.h"

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

Test(script, an_option_of_models_is_a_list_of_names_sets_and_files, WITH) {
    const char *text =
        "local list = rg.option('models', {type = 'models', default = 'net.tflite'})\n"
        "local cells = {}\n"
        "for i, m in ipairs(list) do cells[i] = {model = m, threads = i} end\n"
        "return rg.scenario {cells = cells}";
    rg_script script = script_of(text, "models=tiny, resnet-8,resnet-50", NULL);
    const json_t *cells = json_object_get(script.request, "cells");
    cr_assert_eq(json_array_size(cells), 7);
    cr_assert_str_eq(rg_json_get_text(json_array_get(cells, 6), "model", ""), "resnet-50");
    rg_script_clear(&script);
    script = script_of(text, NULL);
    cells = json_object_get(script.request, "cells");
    cr_assert_eq(json_array_size(cells), 1);
    cr_assert(strstr(rg_json_get_text(json_array_get(cells, 0), "file", ""), "/net.tflite"));
    rg_script_clear(&script);
    expect_error(text, "no file /", "current directory", "models=ds-cnn,nothing.tflite", NULL);
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
