/* rgoption.c: options of a scenario: declared by rg.option or in the scenario's table, set by
 * --set, typed by their row, read as rg.opt.NAME. */
#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/luajson.h"
#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"

/* An option's value as rg_field writes it. */
typedef union value {
    int64_t whole;
    double real;
    bool yes;
    const char *text;
    int choice;
} value;

/* Lua type words to field types; files and models are text that is made absolute. */
static const struct {
    const char *word;
    rg_field_type type;
} types[] = {{"int", RG_FIELD_INT},   {"real", RG_FIELD_REAL},     {"bool", RG_FIELD_BOOL},
             {"text", RG_FIELD_TEXT}, {"choice", RG_FIELD_CHOICE}, {"duration", RG_FIELD_DURATION},
             {"file", RG_FIELD_TEXT}, {"model", RG_FIELD_TEXT},    {"models", RG_FIELD_TEXT}};

static const char *guess_type(const json_t *spec) {
    const json_t *preset = json_object_get(spec, "default");
    if (json_object_get(spec, "choices"))
        return "choice";
    if (json_is_integer(preset))
        return "int";
    if (json_is_real(preset))
        return "real";
    return json_is_boolean(preset) ? "bool" : "text";
}

static rg_field_type field_type(lua_State *lua, const char *word) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!strcmp(types[i].word, word))
            return types[i].type;
    }
    rg_sandbox_raise(lua, "one of: int real bool text choice duration file model models",
                     "there is no option type '%s'", word);
}

/* The words of `choices` as a NULL-ended array in the host's arena. */
static const char *const *choice_words(lua_State *lua, const json_t *list) {
    size_t n = json_array_size(list);
    const char **words = rg_arena_array(rg_module_host(lua)->arena, n + 1, sizeof *words);
    if (!words || n == 0)
        rg_sandbox_raise(lua, "write choices = {\"one\", \"two\"}",
                         "an option of type choice "
                         "needs its choices");
    for (size_t i = 0; i < n; i++) {
        words[i] = json_string_value(json_array_get(list, i));
        if (!words[i])
            rg_sandbox_raise(lua, "put each in quotes", "choices must be text");
    }
    return words;
}

/* The last --set of this option, or NULL. */
static const char *given_value(const rg_script_host *host, const char *name) {
    const char *found = NULL;
    size_t length = strlen(name);
    for (size_t i = 0; i < host->args->n_sets; i++) {
        const char *set = host->args->sets[i];
        if (!strncmp(set, name, length) && set[length] == '=')
            found = set + length + 1;
    }
    return found;
}

/* A slip in --set often shows as a missing option: the given name nearest to the one wanted. */
static void raise_missing(lua_State *lua, const char *name, const char *help) {
    rg_script_host *host = rg_module_host(lua);
    char advice[384], key[96];
    snprintf(advice, sizeof advice, "give --set %s=VALUE%s%s%s", name, *help ? " (" : "", help,
             *help ? ")" : "");
    for (size_t i = 0; i < host->args->n_sets; i++) {
        const char *set = host->args->sets[i], *one = key;
        snprintf(key, sizeof key, "%.*s", (int)strcspn(set, "="), set);
        if (rg_text_nearest_of(name, &one, 1))
            snprintf(advice, sizeof advice, "--set %s was given: did you mean --set %s=...?", set,
                     name);
    }
    rg_sandbox_raise(lua, advice, "option '%s' must be given", name);
}

/* Text of a default, as --set would give it. */
static const char *preset_text(lua_State *lua, const json_t *preset) {
    rg_script_host *host = rg_module_host(lua);
    const char *text = NULL;
    if (json_is_string(preset))
        text = json_string_value(preset);
    else if (json_is_integer(preset))
        text = rg_arena_printf(host->arena, "%lld", (long long)json_integer_value(preset));
    else if (json_is_real(preset))
        text = rg_arena_printf(host->arena, "%.17g", json_real_value(preset));
    else if (json_is_boolean(preset))
        text = json_is_true(preset) ? "true" : "false";
    if (!text)
        rg_sandbox_raise(lua, "give a number, text, true or false", "this is no default");
    return text;
}

/* Files and models: a path starts at the script for a default, at the current directory for a value
 * from the command line; a suite model's name stays as it is, and so does no text: no file. */
static const char *anchored(lua_State *lua, const char *type, const char *text, bool given) {
    const rg_script_host *host = rg_module_host(lua);
    bool path = (!strcmp(type, "file") && *text) ||
                (!strcmp(type, "model") && !rg_module_is_suite_model(text));
    return path ? rg_module_path(lua, given ? host->current : host->folder, text) : text;
}

static void push_value(lua_State *lua, const rg_field *row, const value *set, const char *text) {
    switch (row->type) {
    case RG_FIELD_INT:
        lua_pushinteger(lua, set->whole);
        return;
    case RG_FIELD_REAL:
        lua_pushnumber(lua, set->real);
        return;
    case RG_FIELD_BOOL:
        lua_pushboolean(lua, set->yes);
        return;
    default: /* text, choices and durations are words */
        lua_pushstring(lua, text);
        return;
    }
}

/* Keeps the option's row for help, --set checks and rg.opt. */
static void keep_row(lua_State *lua, const char *name, const char *type, const json_t *spec,
                     bool given) {
    json_t *row = json_pack("{s:s, s:s, s:s, s:b}", "name", name, "type", type, "help",
                            rg_json_get_text(spec, "help", ""), "given", given);
    json_t *current = NULL;
    rg_err err = RG_ERR_INIT;
    json_t *preset = json_object_get(spec, "default"), *choices = json_object_get(spec, "choices");
    if (preset)
        json_object_set(row, "default", preset);
    if (choices)
        json_object_set(row, "choices", choices);
    if (!lua_isnil(lua, -1) && rg_lua_to_json(lua, -1, name, &current, &err) != RG_OK)
        rg_sandbox_raise_err(lua, &err);
    if (current)
        json_object_set_new(row, "value", current);
    json_array_append_new(rg_module_host(lua)->options, row);
}

static const json_t *find_row(const rg_script_host *host, const char *name) {
    size_t i;
    json_t *row;
    json_array_foreach(host->options, i, row) {
        if (!strcmp(rg_json_get_text(row, "name", ""), name))
            return row;
    }
    return NULL;
}

static void check_name(lua_State *lua, const char *name) {
    bool good = isalpha((unsigned char)*name) != 0;
    for (const char *at = name; good && *at; at++)
        good = isalnum((unsigned char)*at) || *at == '_' || *at == '-';
    if (!good)
        rg_sandbox_raise(lua, "letters, digits, '_' and '-'", "'%s' is no option's name", name);
    if (find_row(rg_module_host(lua), name))
        rg_sandbox_raise(lua, "remove one", "option '%s' is declared twice", name);
}

/* Parses `text` by the row and pushes the value; `given` says that it came by --set. */
static void push_parsed(lua_State *lua, const rg_field *row, const char *type, const char *text,
                        bool given) {
    const rg_field table[2] = {*row, {0}};
    value set = {0};
    rg_err err = RG_ERR_INIT;
    if (rg_field_set(table, &set, row->key, text, &err) != RG_OK) {
        if (given)
            rg_err_prefix(&err, "--set %s=%s", row->key, text);
        rg_sandbox_raise_err(lua, &err);
    }
    const rg_script_host *host = rg_module_host(lua);
    if (!strcmp(type, "models"))
        rg_module_push_models(lua, text, given ? host->current : host->folder);
    else
        push_value(lua, row, &set, anchored(lua, type, text, given));
}

void rg_module_declare(lua_State *lua, const char *name, int index) {
    rg_script_host *host = rg_module_host(lua);
    json_t *spec = NULL;
    rg_option_spec parsed = {0};
    rg_err err = RG_ERR_INIT;
    index = lua_absindex(lua, index);
    check_name(lua, name);
    rg_module_check_keys(lua, index, &rg_schema_option, 0, NULL);
    if (rg_lua_to_json(lua, index, name, &spec, &err) != RG_OK ||
        rg_schema_parse(&rg_schema_option, spec, &parsed, &err) != RG_OK)
        rg_sandbox_raise_err(lua, &err);
    const char *type = *parsed.type ? parsed.type : guess_type(spec);
    rg_field row = {.key = name,
                    .type = field_type(lua, type),
                    .min = parsed.min,
                    .max = parsed.max,
                    .help = parsed.help};
    if (row.type == RG_FIELD_CHOICE)
        row.choices = choice_words(lua, json_object_get(spec, "choices"));
    const json_t *preset = json_object_get(spec, "default");
    const char *given = given_value(host, name);
    if (given || preset)
        push_parsed(lua, &row, type, given ? given : preset_text(lua, preset), given != NULL);
    else
        lua_pushnil(lua);
    keep_row(lua, name, type, spec, given != NULL);
    if (!given && !preset && !host->args->help)
        raise_missing(lua, name, parsed.help);
}

int rg_module_option(lua_State *lua) {
    const char *name = luaL_checkstring(lua, 1);
    if (lua_isnoneornil(lua, 2)) {
        lua_settop(lua, 1);
        lua_newtable(lua);
    }
    luaL_checktype(lua, 2, LUA_TTABLE);
    rg_module_declare(lua, name, 2);
    return 1;
}

static const char *option_at(size_t i, void *user) {
    return rg_json_get_text(json_array_get(((rg_script_host *)user)->options, i), "name", NULL);
}

int rg_module_opt_index(lua_State *lua) {
    rg_script_host *host = rg_module_host(lua);
    const char *name = luaL_checkstring(lua, 2);
    const json_t *row = find_row(host, name);
    if (!row) {
        const char *near = rg_text_nearest(name, option_at, host);
        char advice[160];
        snprintf(advice, sizeof advice, near ? "did you mean '%s'?" : "declare it by rg.option",
                 near);
        rg_sandbox_raise(lua, advice, "there is no option '%s'", name);
    }
    const json_t *current = json_object_get(row, "value");
    if (current)
        rg_lua_push_json(lua, current);
    else
        lua_pushnil(lua);
    return 1;
}
