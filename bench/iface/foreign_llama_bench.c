/* foreign_llama_bench.c: llama-bench -o json or jsonl: one result a test; a request is one
 * repetition of it, so percentiles need more of them than the five that are its default. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/foreign.h"

/* "Qwen2.5-7B-Q4_K_M-pp512", "...-tg128", "...-pp512+tg128-d4096". */
static const char *name_of(const json_t *test, rg_arena *arena) {
    const char *model = rg_foreign_model_name(rg_json_get_text(test, "model_filename", ""), arena);
    long long prompt = rg_json_get_int(test, "n_prompt", 0);
    long long generated = rg_json_get_int(test, "n_gen", 0);
    long long depth = rg_json_get_int(test, "n_depth", 0);
    char what[96] = "", at[32] = "";
    if (prompt && generated)
        snprintf(what, sizeof what, "pp%lld+tg%lld", prompt, generated);
    else
        snprintf(what, sizeof what, prompt ? "pp%lld" : "tg%lld", prompt ? prompt : generated);
    if (depth)
        snprintf(at, sizeof at, "-d%lld", depth);
    return rg_arena_printf(arena, "%s-%s%s", model, what, at);
}

static void take_settings(const json_t *test, json_t *settings) {
    const char *key;
    json_t *value;
    char text[64];
    json_object_foreach((json_t *)test, key, value) {
        if (json_is_string(value))
            json_object_set(settings, key, value);
        else if (json_is_integer(value))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        if (json_is_integer(value) || json_is_boolean(value))
            json_object_set_new(settings, key, json_string(text));
    }
}

/* Repetitions one after another: llama-bench tells how long each took, not when it was. */
static rg_status take_samples(const json_t *samples, rg_arena *arena, rg_foreign *result,
                              rg_err *err) {
    size_t n = json_array_size(samples);
    rg_foreign_row *rows = rg_arena_array(arena, n + 1, sizeof *rows);
    int64_t at = 0;
    if (!rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(samples, i);
        double ns = json_is_number(value) ? json_number_value(value) : NAN;
        if (!(ns > 0 && ns < 1e15))
            return rg_fail(err, RG_BAD_DATA, NULL, "samples_ns holds what is no time");
        rows[i] = (rg_foreign_row){at, at + (int64_t)ns};
        at = rows[i].end_ns;
    }
    result->rows = rows;
    result->n = result->n_rows = n;
    return RG_OK;
}

static rg_status read_test(const json_t *test, rg_arena *arena, rg_foreign_list *list,
                           rg_err *err) {
    const json_t *samples = json_object_get(test, "samples_ns");
    double rate = rg_json_get_real(test, "avg_ts", NAN);
    if (!json_array_size(samples) || !(rate > 0) || !rg_json_get_text(test, "model_filename", NULL))
        return rg_fail(err, RG_BAD_DATA, "give what `llama-bench -o json` or -o jsonl wrote",
                       "a test has no samples_ns, avg_ts or model_filename");
    rg_foreign *result = rg_foreign_add(list);
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "more than %d results", RG_FOREIGN_MOST);
    const char *gpu = rg_json_get_text(test, "gpu_info", "");
    result->device = rg_arena_strdup(arena, *gpu ? gpu : rg_json_get_text(test, "cpu_info", ""));
    result->workload = name_of(test, arena);
    result->version =
        rg_arena_printf(arena, "%lld (%s)", (long long)rg_json_get_int(test, "build_number", 0),
                        rg_json_get_text(test, "build_commit", ""));
    json_object_set_new(result->told, "tokens_per_s", json_real(rate));
    json_object_set_new(result->told, "model_file_bytes",
                        json_real(rg_json_get_real(test, "model_size", 0)));
    take_settings(test, result->settings);
    if (!result->device || !result->workload || !result->version)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return take_samples(samples, arena, result, err);
}

static rg_status read_array(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                            rg_err *err) {
    json_t *tests = NULL;
    rg_status status = rg_json_parse(text, bytes, "llama-bench's output", &tests, err);
    size_t i;
    json_t *test;
    if (status == RG_OK && !json_array_size(tests))
        status = rg_fail(err, RG_BAD_DATA, NULL, "there is no test in it");
    json_array_foreach(tests, i, test) {
        if (status == RG_OK)
            status = read_test(test, arena, list, err);
    }
    json_decref(tests);
    return status;
}

static rg_status read_lines(const char *text, rg_arena *arena, rg_foreign_list *list, rg_err *err) {
    rg_status status = RG_OK;
    for (const char *line = text; status == RG_OK && *line;) {
        size_t length = strcspn(line, "\n");
        json_t *test = NULL;
        if (length && *line == '{')
            status = rg_json_parse(line, length, "llama-bench's output", &test, err);
        if (status == RG_OK && test)
            status = read_test(test, arena, list, err);
        json_decref(test);
        line += length + (line[length] == '\n');
    }
    if (status == RG_OK && !list->n)
        status = rg_fail(err, RG_BAD_DATA, "give what `llama-bench -o json` or -o jsonl wrote",
                         "this is not llama-bench's");
    return status;
}

static rg_status read(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                      rg_err *err) {
    return *text == '[' ? read_array(text, bytes, arena, list, err)
                        : read_lines(text, arena, list, err);
}

const rg_foreign_format rg_foreign_llama_bench = {
    .name = "llama-bench",
    .summary = "what -o json or -o jsonl wrote; a request is one repetition of a test",
    .read = read,
};
