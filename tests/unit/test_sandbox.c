/* test_sandbox.c: scripts are closed, bounded and repeatable, and their mistakes are told with file
 * and line. */
#include <criterion/criterion.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/luajson.h"
#include "bench/run/sandbox.h"

static rg_status return_value(rg_sandbox *box, void *user, json_t **ret_value, rg_err *err) {
    const char *text = user;
    rg_status status = rg_sandbox_run(box, "t.lua", text, strlen(text), 1, err);
    if (status == RG_OK)
        status = rg_lua_to_json(rg_sandbox_lua(box), -1, "value", ret_value, err);
    return status;
}

static rg_status evaluate(const rg_sandbox_options *options, const char *text, json_t **ret_reply,
                          rg_err *err) {
    return rg_lua_in_child(options, return_value, (void *)text, ret_reply, err);
}

/* The value as one line of JSON, owned by the caller; fails the test on error. */
static char *value_of(const char *text) {
    rg_sandbox_options options = {.seed = 7};
    rg_err err = RG_ERR_INIT;
    json_t *reply = NULL;
    rg_status status = evaluate(&options, text, &reply, &err);
    cr_assert_eq(status, RG_OK, "%s: %s", text, err.what);
    char *line = rg_json_text(json_object_get(reply, "value"), 0);
    json_decref(reply);
    return line;
}

static void expect_value(const char *text, const char *wanted) {
    char *line = value_of(text);
    cr_assert_str_eq(line, wanted, "%s", text);
    free(line);
}

/* The script must fail with `what` in its message and with something to try. */
static void expect_error(const rg_sandbox_options *options, const char *text, const char *what) {
    rg_err err = RG_ERR_INIT;
    json_t *reply = NULL;
    rg_status status = evaluate(options, text, &reply, &err);
    cr_assert_eq(status, RG_USAGE, "%s gave %s: %s", text, rg_status_word(status), err.what);
    cr_assert_not_null(strstr(err.what, what), "%s gave: %s", text, err.what);
    cr_assert_neq(err.advice[0], '\0', "%s gave no advice: %s", text, err.what);
    json_decref(reply);
}

/* A wall clock that slow machines do not reach before the other limits. */
static const rg_sandbox_options plain = {.wall_ns = INT64_C(100000000000)};

Test(sandbox, returns_values_as_json_with_sorted_keys) {
    expect_value("return {b = 1, a = {true, 2.5, 'x'}, c = {}}",
                 "{\"a\":[true,2.5,\"x\"],\"b\":1,\"c\":[]}");
}

Test(sandbox, integers_stay_integers_and_reals_reals) {
    expect_value("return {1, 1.0, 9007199254740993, -0.5, 1 << 62}",
                 "[1,1.0,9007199254740993,-0.5,4611686018427387904]");
}

Test(sandbox, has_only_the_libraries_that_are_repeatable) {
    static const char *const absent[] = {"io",   "os",     "debug",    "package",     "coroutine",
                                         "load", "dofile", "loadfile", "string.dump", "warn"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "return %s == nil", absent[i]);
        expect_value(text, "true");
    }
    expect_value("return math.floor(2.5) + #string.rep('x', 3) + utf8.len('é')", "6");
}

Test(sandbox, pairs_and_next_go_in_sorted_order) {
    const char *text = "local t, seen = {z = 1, a = 2, [3] = 3, [1] = 4, [2.5] = 5, m = 6}, {}\n"
                       "for k in pairs(t) do seen[#seen + 1] = tostring(k) end\n"
                       "local k = next(t)\n"
                       "while k do seen[#seen + 1] = tostring(k); k = next(t, k) end\n"
                       "return seen";
    expect_value(text,
                 "[\"1\",\"2.5\",\"3\",\"a\",\"m\",\"z\",\"1\",\"2.5\",\"3\",\"a\",\"m\",\"z\"]");
}

Test(sandbox, members_may_be_removed_while_walking) {
    expect_value("local t, n = {a = 1, b = 2, c = 3}, 0\n"
                 "for k in pairs(t) do t.b = nil; n = n + 1 end return n",
                 "2");
}

Test(sandbox, pairs_refuses_keys_without_an_order) {
    expect_error(&plain, "for k in pairs({[{}] = 1}) do end", "a table as key");
}

Test(sandbox, random_numbers_come_from_the_seed) {
    const char *text = "local a = {math.random(1000000), math.random(1000000)}\n"
                       "math.randomseed()\nlocal b = math.random(1000000)\n"
                       "return {a[1] == b, a[1] ~= a[2], a[1]}";
    char *one = value_of(text), *two = value_of(text);
    cr_assert_str_eq(one, two);
    cr_assert_not_null(strstr(one, "[true,true,"));
    free(one);
    free(two);
}

Test(sandbox, no_text_holds_an_address) {
    expect_value("return {tostring({}), tostring(print), string.format('%s|%5s', {}, print), "
                 "tostring(setmetatable({}, {__name = 'thing'})), ('%d%%'):format(3)}",
                 "[\"table\",\"function\",\"table|function\",\"table\",\"3%\"]");
    expect_value("return tostring(setmetatable({}, {__tostring = function() return 'me' end}))",
                 "\"me\"");
    expect_error(&plain, "return string.format('%p', {})", "address");
}

Test(sandbox, sorting_is_stable) {
    const char *text =
        "local t = {}\n"
        "for i = 1, 300 do t[i] = {key = (i * 7) % 5, place = i} end\n"
        "table.sort(t, function(a, b) return a.key < b.key end)\n"
        "for i = 2, 300 do local a, b = t[i - 1], t[i]\n"
        "  if a.key > b.key or (a.key == b.key and a.place > b.place) then return i end\n"
        "end\n"
        "local u = {3, 1, 2}; table.sort(u)\n"
        "local v = {1, 2, 3}; table.sort(v, function(a, b) return a > b end)\n"
        "local w = {}; table.sort(w)\n"
        "return table.concat(u, ' ') .. table.concat(v, ' ') .. #w";
    expect_value(text, "\"1 2 33 2 10\"");
}

Test(sandbox, two_evaluations_are_equal_byte_for_byte) {
    const char *text = "local t = {}\n"
                       "for i = 1, 200 do t['k' .. math.random(1000)] = math.random() end\n"
                       "local list = {}\n"
                       "for k, v in pairs(t) do list[#list + 1] = k .. '=' .. tostring(v) end\n"
                       "return {t, list}";
    char *one = value_of(text), *two = value_of(text);
    cr_assert_str_eq(one, two);
    free(one);
    free(two);
}

Test(sandbox, says_file_and_line_of_a_syntax_error) {
    expect_error(&plain, "local x = 1\nlocal y = = 2\n", "t.lua:2:");
}

Test(sandbox, says_where_a_run_time_error_was_and_who_called) {
    rg_err err = RG_ERR_INIT;
    json_t *reply = NULL;
    const char *text = "local function inner(t)\n  return t.a.b\nend\n"
                       "local function outer()\n  local x = inner({})\n  return x\nend\n"
                       "local y = outer()\nreturn y";
    cr_assert_eq(evaluate(&plain, text, &reply, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.what, "t.lua:2: attempt to index a nil value"), "%s", err.what);
    cr_assert_not_null(strstr(err.what, "(called from t.lua:5, t.lua:8)"), "%s", err.what);
    json_decref(reply);
}

Test(sandbox, explains_what_scripts_reach_for_in_vain) {
    expect_error(&plain, "return os.time()", "global 'os'");
    expect_error(&plain, "error({code = 1})", "raised a table");
    expect_error(&plain, "error()", "nil");
    expect_error(&plain, "return string.rep('x', 1e18 // 1 | 0)", "resulting string too large");
}

Test(sandbox, refuses_bytecode) {
    rg_sandbox *box = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_sandbox_new(&plain, &box, NULL), RG_OK);
    cr_assert_eq(rg_sandbox_run(box, "x.luac", "\x1bLuaT", 5, 0, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.what, "bytecode"));
    rg_sandbox_free(box);
}

Test(sandbox, ends_an_endless_loop_by_its_instructions) {
    rg_sandbox_options options = {.instructions = 2000000};
    expect_error(&options, "while true do end", "2 million instructions");
    expect_error(&options, "while true do pcall(function() while true do end end) end",
                 "2 million instructions");
    expect_error(&options, "return xpcall(function() while true do end end, function() end)",
                 "2 million instructions");
}

Test(sandbox, ends_a_pattern_bomb_by_the_clock) {
    rg_sandbox_options options = {.wall_ns = 300000000};
    int64_t start_ns = rg_clock_real_ns();
    expect_error(&options,
                 "return string.find(string.rep('a', 100000), string.rep('a-', 50) .. 'b')",
                 "did not end within 300 ms");
    cr_assert_lt(rg_clock_real_ns() - start_ns, INT64_C(5000000000));
}

Test(sandbox, refuses_a_text_of_a_gigabyte) {
    expect_error(&plain, "return #string.rep('x', 1 << 30)", "256 MiB");
    expect_error(
        &plain,
        "local k, t = string.rep('y', 1024), {} for i = 1, 1e9 do t[i] = string.rep(k, 1024) .. i end",
        "256 MiB");
    expect_error(&plain, "while true do pcall(string.rep, 'x', 1 << 30) end", "256 MiB");
}

Test(sandbox, ends_a_function_that_calls_itself_without_end) {
    expect_error(&plain, "local function f() return 1 + f() end return f()", "stack overflow");
}

Test(sandbox, scripts_can_catch_their_own_errors) {
    expect_value("local ok, what = pcall(error, 'mine', 0) return {ok, what}", "[false,\"mine\"]");
    expect_value("return {xpcall(function(a, b) return a + b end, print, 1, 2)}", "[true,3]");
    expect_value("return {select(2, xpcall(function() error('x', 0) end, "
                 "function(m) return m .. '!' end))}",
                 "[\"x!\"]");
}

Test(sandbox, refuses_finalizers) {
    expect_error(&plain, "setmetatable({}, {__gc = function() end})", "__gc");
}

Test(sandbox, what_a_script_prints_comes_back_as_text) {
    rg_err err = RG_ERR_INIT;
    json_t *reply = NULL;
    cr_assert_eq(evaluate(&plain, "print('a', {}, 1) print() return 1", &reply, &err), RG_OK);
    cr_assert_str_eq(rg_json_get_text(reply, "printed", ""), "a\ttable\t1\n");
    json_decref(reply);
}

Test(sandbox, require_finds_modules_beside_the_script_and_keeps_their_text) {
    char folder[] = "/tmp/rg_sandbox_XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    const char *module = "return {n = 41}\n";
    snprintf(path, sizeof path, "%s/shapes.lua", folder);
    cr_assert_eq(rg_fs_write_atomic(path, module, strlen(module), NULL), RG_OK);
    rg_sandbox_options options = {.folder = folder};
    rg_err err = RG_ERR_INIT;
    json_t *reply = NULL;
    const char *text =
        "return require('shapes').n + (require('shapes') == require('shapes') and 1 or 0)";
    cr_assert_eq(evaluate(&options, text, &reply, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_json_get_int(reply, "value", 0), 42);
    const json_t *files = json_object_get(reply, "files");
    cr_assert_eq(json_array_size(files), 2);
    cr_assert_str_eq(rg_json_get_text(json_array_get(files, 0), "text", ""), text);
    cr_assert_str_eq(rg_json_get_text(json_array_get(files, 1), "name", ""), "shapes.lua");
    cr_assert_str_eq(rg_json_get_text(json_array_get(files, 1), "text", ""), module);
    json_decref(reply);
    rg_fs_remove_tree(folder, NULL);
}

Test(sandbox, require_names_what_is_missing_or_no_name) {
    expect_error(&plain, "\nlocal x = require('nothing')", "t.lua:2: there is no module 'nothing'");
    expect_error(&plain, "require('../secret')", "no module's name");
    expect_error(&plain, "require('/etc/passwd')", "no module's name");
}

Test(luajson, names_the_path_of_what_cannot_be_written) {
    expect_error(&plain, "return {cells = {{}, {x = 0/0}}}", "value.cells[2].x: the number is NaN");
    expect_error(&plain, "return {x = -1/0}", "value.x: the number is infinite");
    expect_error(&plain, "return {f = print}", "value.f: a function");
    expect_error(&plain, "return {m = {1, 2, a = 3}}", "value.m: the table mixes");
    expect_error(&plain, "return {m = {1, nil, 3}}", "value.m: the list has holes");
    expect_error(&plain, "return {m = {[true] = 1}}", "value.m: a key");
    expect_error(&plain, "return {s = '\\xff'}", "value.s: the text is not UTF-8");
    expect_error(&plain, "local t = {} t.t = t return t", "deeper than 100 levels");
    expect_error(&plain, "local t = {} for i = 1, 60 do t = {t, t} end return t", "4 million");
}

Test(luajson, json_goes_into_lua_and_back_unchanged) {
    const char *text = "{\"a\":[1,2.5,\"x\",true],\"b\":{\"c\":9007199254740993}}";
    json_t *value = NULL, *again = NULL;
    rg_sandbox *box = NULL;
    cr_assert_eq(rg_json_parse(text, strlen(text), "text", &value, NULL), RG_OK);
    cr_assert_eq(rg_sandbox_new(&plain, &box, NULL), RG_OK);
    rg_lua_push_json(rg_sandbox_lua(box), value);
    cr_assert_eq(rg_lua_to_json(rg_sandbox_lua(box), -1, "value", &again, NULL), RG_OK);
    cr_assert(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    rg_sandbox_free(box);
}
