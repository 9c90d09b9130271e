/* script_made.h: a private folder with a scenario t.lua, and what it evaluates to, for the tests of
 * scenarios. */
#ifndef RG_TESTS_UNIT_SCRIPT_MADE_H
#define RG_TESTS_UNIT_SCRIPT_MADE_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/request.h"
#include "bench/run/script.h"

/* A private folder with a scenario t.lua and a model file net.tflite. */
static char folder[] = "/tmp/rg_script_XXXXXX";
static char path[128];

static inline void put(const char *name, const char *text) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", folder, name);
    cr_assert_eq(rg_fs_write_atomic(full, text, strlen(text), NULL), RG_OK);
}

static inline void set_up(void) {
    cr_assert_not_null(mkdtemp(folder));
    put("net.tflite", "not read here");
    snprintf(path, sizeof path, "%s/t.lua", folder);
}

static inline void tear_down(void) {
    rg_fs_remove_tree(folder, NULL);
}

/* Evaluates `text` with the --set pairs that follow, NULL-ended. */
static inline rg_status evaluate_list(const char *text, bool help, va_list sets, rg_script *ret,
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

static inline rg_script script_of(const char *text, ...) {
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    va_list sets;
    va_start(sets, text);
    rg_status status = evaluate_list(text, false, sets, &script, &err);
    va_end(sets);
    cr_assert_eq(status, RG_OK, "%s: %s", text, err.what);
    return script;
}

static inline void expect_error(const char *text, const char *what, const char *advice, ...) {
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

#endif
