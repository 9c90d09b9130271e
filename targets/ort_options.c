/* ort_options.c: the options of the target `onnxruntime` as rows, and key/values in words. */
#include "targets/ort_options.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "targets/library.h"

const char *const rg_ort_optimization_words[] = {"off", "basic", "extended", "layout", "all", NULL};
const int rg_ort_optimization_levels[] = {0, 1, 2, 3, 99};
const char *const rg_ort_execution_words[] = {"sequential", "parallel", NULL};
static const char *const form_words[] = {"onnx", "onnx_qoperator", NULL};
static const char *const spinning_words[] = {"auto", "on", "off", NULL};
static const char *const log_words[] = {"verbose", "info", "warning", "error", "fatal", NULL};

#define ROW(member, type, preset, min, max, choices, help)                                         \
    { #member, type, offsetof(rg_ort_options, member), preset, min, max, choices, "", help }
const rg_field rg_ort_fields[] = {
    ROW(provider, RG_FIELD_JSON, "", 0, 0, NULL,
        "execution providers in order of priority, {\"tensorrt\", \"cuda\"}; the CPU takes the rest"),
    ROW(provider_options, RG_FIELD_JSON, "", 0, 0, NULL,
        "their own options: {cuda = {device_id = 0}}, or \"cuda.device_id=0; ...\" in one line"),
    ROW(plugins, RG_FIELD_JSON, "", 0, 0, NULL,
        "libraries of plug-in providers: {name = \"path\"} (1.22 and newer)"),
    ROW(cpu_fallback, RG_FIELD_BOOL, "true", 0, 0, NULL,
        "false: a node that only the CPU takes makes the cell unsupported"),
    ROW(form, RG_FIELD_CHOICE, "onnx", 0, 0, form_words,
        "how quantized models that are not .onnx are written: onnx (QDQ) or onnx_qoperator"),
    ROW(optimization, RG_FIELD_CHOICE, "all", 0, 0, rg_ort_optimization_words,
        "how far the runtime rewrites the graph"),
    ROW(execution, RG_FIELD_CHOICE, "sequential", 0, 0, rg_ort_execution_words,
        "independent nodes one after another, or side by side"),
    ROW(inter_threads, RG_FIELD_INT, "0", 0, 256, NULL,
        "threads between nodes, of execution = \"parallel\"; 0: the runtime's default"),
    ROW(spinning, RG_FIELD_CHOICE, "auto", 0, 0, spinning_words,
        "whether waiting threads keep their cores busy; auto: off while power is measured"),
    ROW(arena, RG_FIELD_BOOL, "true", 0, 0, NULL, "keeps memory of the CPU between runs"),
    ROW(mem_pattern, RG_FIELD_BOOL, "true", 0, 0, NULL, "plans activations as one block"),
    ROW(deterministic, RG_FIELD_BOOL, "false", 0, 0, NULL,
        "only kernels that give the same bits in each run (1.17 and newer)"),
    ROW(config, RG_FIELD_JSON, "", 0, 0, NULL,
        "entries of the session's configuration: {[\"session.dynamic_block_base\"] = 4}"),
    ROW(log, RG_FIELD_CHOICE, "warning", 0, 0, log_words,
        "what the runtime says to the round's output"),
    RG_LIBRARY_FIELD(rg_ort_options, library),
    {0},
};
#undef ROW

rg_status rg_ort_options_read(const rg_settings *settings, rg_ort_options *ret, rg_err *err) {
    rg_ort_options own = {0};
    rg_status status = rg_field_presets(rg_ort_fields, &own, true, err);
    for (uint32_t i = 0; status == RG_OK && settings && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_ort_fields, &own, &settings->options[i], err);
    if (status == RG_OK)
        *ret = own;
    return status;
}

/* --- key/values ------------------------------------------------------------------------------- */

static const char *blanks = " \t\n";

/* Cuts blanks off both ends, in place. */
static char *trimmed(char *text) {
    text += strspn(text, blanks);
    size_t n = strlen(text);
    while (n && strchr(blanks, text[n - 1]))
        text[--n] = '\0';
    return text;
}

static bool room_for(rg_arena *arena, size_t n, rg_ort_pairs *pairs) {
    pairs->keys = rg_arena_array(arena, n + 1, sizeof *pairs->keys);
    pairs->values = rg_arena_array(arena, n + 1, sizeof *pairs->values);
    pairs->n = 0;
    return pairs->keys && pairs->values;
}

static size_t count_pieces(const char *text) {
    size_t n = 1;
    for (; *text; text++)
        n += *text == ';';
    return n;
}

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for options");
}

static rg_status read_line(rg_arena *arena, const char *option, const char *text,
                           rg_ort_pairs *ret_pairs, rg_err *err) {
    char *copy = rg_arena_strdup(arena, text), *state = NULL;
    rg_ort_pairs pairs;
    if (!copy || !room_for(arena, count_pieces(copy), &pairs))
        return no_memory(err);
    for (char *piece = strtok_r(copy, ";", &state); piece; piece = strtok_r(NULL, ";", &state)) {
        char *equals = strchr(piece, '=');
        if (!*trimmed(piece))
            continue;
        if (equals)
            *equals = '\0';
        char *key = trimmed(piece);
        if (!equals || !*key)
            return rg_fail(err, RG_USAGE, "write \"key=value; key=value\", or a table",
                           "option %s: '%s' is no key with a value", option, key);
        pairs.keys[pairs.n] = key;
        pairs.values[pairs.n++] = trimmed(equals + 1);
    }
    *ret_pairs = pairs;
    return RG_OK;
}

/* A value of a table as the runtime takes it: all are words there. */
static const char *word_of(rg_arena *arena, const json_t *value) {
    if (json_is_string(value))
        return rg_arena_strdup(arena, json_string_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "1" : "0";
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *word = text ? rg_arena_strdup(arena, text) : NULL;
    free(text);
    return word;
}

static size_t count_members(const json_t *table) {
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)table, key, value) {
        n += json_is_object(value) ? json_object_size(value) : 1;
    }
    return n;
}

static bool add_pair(rg_arena *arena, const char *prefix, const char *key, const json_t *value,
                     rg_ort_pairs *pairs) {
    pairs->keys[pairs->n] = rg_arena_printf(arena, "%s%s%s", prefix, *prefix ? "." : "", key);
    pairs->values[pairs->n] = word_of(arena, value);
    return pairs->keys[pairs->n] && pairs->values[pairs->n++];
}

/* Tables within the table give their name to their keys: {cuda = {device_id = 0}}. */
static rg_status read_table(rg_arena *arena, const json_t *table, rg_ort_pairs *ret_pairs,
                            rg_err *err) {
    rg_ort_pairs pairs;
    bool good = room_for(arena, count_members(table), &pairs);
    const char *key, *inner;
    json_t *value, *member;
    json_object_foreach((json_t *)table, key, value) {
        if (!json_is_object(value)) {
            good = good && add_pair(arena, "", key, value, &pairs);
            continue;
        }
        json_object_foreach(value, inner, member) {
            good = good && add_pair(arena, key, inner, member, &pairs);
        }
    }
    if (!good)
        return no_memory(err);
    *ret_pairs = pairs;
    return RG_OK;
}

rg_status rg_ort_pairs_read(rg_arena *arena, const char *option, const char *text,
                            rg_ort_pairs *ret_pairs, rg_err *err) {
    json_t *table = NULL;
    if (!text || *text != '{')
        return read_line(arena, option, text ? text : "", ret_pairs, err);
    rg_status status = rg_json_parse(text, strlen(text), option, &table, err);
    if (status == RG_OK)
        status = read_table(arena, table, ret_pairs, err);
    json_decref(table);
    return status;
}

rg_status rg_ort_words_read(rg_arena *arena, const char *option, const char *text,
                            const char **ret_words, rg_err *err) {
    json_t *list = NULL, *item;
    size_t i;
    rg_text words = {0};
    if (*text != '[') {
        *ret_words = text;
        return RG_OK;
    }
    rg_status status = rg_json_parse(text, strlen(text), option, &list, err);
    json_array_foreach(list, i, item) {
        rg_text_printf(&words, "%s%s", i ? "," : "",
                       json_is_string(item) ? json_string_value(item) : "?");
    }
    if (status == RG_OK) {
        *ret_words = rg_arena_strdup(arena, words.data ? words.data : "");
        status = *ret_words && !words.failed ? RG_OK : no_memory(err);
    }
    rg_text_free(&words);
    json_decref(list);
    return status;
}

rg_status rg_ort_pairs_of(rg_arena *arena, const rg_ort_pairs *all, const char *prefix,
                          rg_ort_pairs *ret_pairs, rg_err *err) {
    rg_ort_pairs pairs;
    size_t n = strlen(prefix);
    if (!room_for(arena, all->n, &pairs))
        return no_memory(err);
    for (size_t i = 0; i < all->n; i++) {
        if (strncmp(all->keys[i], prefix, n) != 0 || all->keys[i][n] != '.')
            continue;
        pairs.keys[pairs.n] = all->keys[i] + n + 1;
        pairs.values[pairs.n++] = all->values[i];
    }
    *ret_pairs = pairs;
    return RG_OK;
}
