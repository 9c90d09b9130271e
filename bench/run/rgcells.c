/* rgcells.c: cells as scenarios write them: one by one, as a matrix (every combination) or zipped
 * (item by item), checked by the schema and put into the request's form. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"

enum { MAX_FACTORS = 32, MAX_CELLS = 1000000 };

/* --- one cell
 * -------------------------------------------------------------------------------------- */

/* Moves what the table on top says of the workload into the table at `to`; a logical name that the
 * cell gives itself stays. */
static void merge(lua_State *lua, int to) {
    static const char *const members[] = {"model", "file", "op", "empty"};
    int from = lua_gettop(lua);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (lua_getfield(lua, from, members[i]) != LUA_TNIL)
            lua_setfield(lua, to, members[i]);
        lua_settop(lua, from);
    }
    if (lua_getfield(lua, to, "workload") == LUA_TNIL) {
        lua_getfield(lua, from, "workload");
        lua_setfield(lua, to, "workload");
    }
    lua_settop(lua, from - 1);
}

/* model = "ds-cnn", "net.tflite", or what rg.model, rg.file and rg.op return. */
static void put_model(lua_State *lua, int cell, int to) {
    int type = lua_getfield(lua, cell, "model");
    if (type == LUA_TNIL) {
        lua_pop(lua, 1);
        return;
    }
    if (type == LUA_TSTRING) {
        rg_module_push_model(lua, lua_tostring(lua, -1));
        lua_remove(lua, -2);
    } else if (type != LUA_TTABLE) {
        rg_sandbox_raise(lua, "write model = \"ds-cnn\" or model = rg.model(\"net.tflite\")",
                         "a model must be a name or what rg.model returns, not a %s",
                         luaL_typename(lua, -1));
    } else {
        rg_module_check_keys(lua, -1, &rg_schema_cell, 0, NULL);
    }
    merge(lua, to);
}

static void put_op(lua_State *lua, int cell, int to) {
    if (lua_getfield(lua, cell, "op") == LUA_TTABLE) {
        if (lua_getfield(lua, -1, "op") == LUA_TTABLE)
            lua_remove(lua, -2);
        else
            lua_pop(lua, 1);
        lua_setfield(lua, to, "op");
    } else if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
    } else {
        rg_sandbox_raise(lua, "write op = rg.op(\"conv2d\", {...})",
                         "an op must be what rg.op "
                         "returns, not a %s",
                         luaL_typename(lua, -1));
    }
}

/* A path below `key`; no text stands for no files. */
static void put_path(lua_State *lua, const char *key, int from, int to) {
    bool given = lua_getfield(lua, from, key) != LUA_TNIL;
    const char *path = lua_tostring(lua, -1);
    if (path && *path)
        lua_pushstring(lua, rg_module_path(lua, rg_module_host(lua)->folder, path));
    else
        lua_pushvalue(lua, -1);
    if (given)
        lua_setfield(lua, to, key);
    else
        lua_pop(lua, 1);
    lua_pop(lua, 1);
}

static void put_file(lua_State *lua, int cell, int to) {
    if (lua_getfield(lua, cell, "file") == LUA_TSTRING) {
        const char *folder = rg_module_host(lua)->folder;
        lua_pushstring(lua, rg_module_path(lua, folder, lua_tostring(lua, -1)));
        lua_setfield(lua, to, "file");
    } else if (lua_istable(lua, -1)) {
        merge(lua, to);
        return;
    }
    lua_pop(lua, 1);
}

/* Pushes {kind = WORD, and its parameters} for a pattern's word or table on top; pops that. */
static void normalise_pattern(lua_State *lua) {
    int given = lua_gettop(lua);
    lua_newtable(lua);
    if (lua_type(lua, given) == LUA_TSTRING) {
        lua_pushvalue(lua, given);
    } else if (lua_istable(lua, given)) {
        rg_module_check_keys(lua, given, &rg_schema_pattern, 1, NULL);
        for (const rg_field *field = rg_schema_pattern.fields; field->key; field++) {
            lua_getfield(lua, given, field->key);
            lua_setfield(lua, -2, field->key);
        }
        if (lua_getfield(lua, given, "kind") == LUA_TNIL) {
            lua_pop(lua, 1);
            lua_rawgeti(lua, given, 1);
        }
    } else {
        lua_pushnil(lua);
    }
    const char *word = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "?";
    bool known = false;
    for (size_t i = 0; rg_pattern_words[i]; i++)
        known |= !strcmp(rg_pattern_words[i], word);
    if (!known)
        rg_sandbox_raise(lua,
                         "such as {\"single_stream\"}, {\"in_flight\", n = 4} or "
                         "{\"paced\", hz = 30}",
                         "'%s' is no load pattern", word);
    lua_setfield(lua, -2, "kind");
    lua_remove(lua, given);
}

void rg_module_check_tier(lua_State *lua, int index) {
    index = lua_absindex(lua, index);
    if (lua_istable(lua, index))
        rg_module_check_keys(lua, index, &rg_schema_tier, 0, NULL);
    else if (lua_type(lua, index) != LUA_TSTRING)
        rg_sandbox_raise(lua, "write tier = \"quick\" or tier = {name = \"quick\", rounds = 5}",
                         "a tier must be a name or a table, not a %s", luaL_typename(lua, index));
}

static void put_pattern_and_tier(lua_State *lua, int cell, int to) {
    if (lua_getfield(lua, cell, "pattern") != LUA_TNIL) {
        normalise_pattern(lua);
        lua_setfield(lua, to, "pattern");
    } else {
        lua_pop(lua, 1);
    }
    if (lua_getfield(lua, cell, "tier") != LUA_TNIL) {
        rg_module_check_tier(lua, -1);
        lua_setfield(lua, to, "tier");
    } else {
        lua_pop(lua, 1);
    }
}

void rg_module_push_cell(lua_State *lua, int index) {
    static const char *const plain[] = {
        "workload", "target", "device",     "variant",   "precision", "batch",
        "threads",  "cores",  "power_mode", "governor",  "options",   "inputs",
        "empty",    "arm",    "deadline",   "interfere", "artefact",  "require_full_offload"};
    index = lua_absindex(lua, index);
    if (!lua_istable(lua, index))
        rg_sandbox_raise(lua, "write {model = \"ds-cnn\", target = \"cpu\"}",
                         "a cell must be a table, not a %s", luaL_typename(lua, index));
    luaL_checkstack(lua, 16, "cells");
    rg_module_check_keys(lua, index, &rg_schema_cell, 0, NULL);
    lua_newtable(lua);
    int to = lua_gettop(lua);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        lua_getfield(lua, index, plain[i]);
        lua_setfield(lua, to, plain[i]);
    }
    rg_module_put_target(lua, to);
    put_model(lua, index, to);
    put_op(lua, index, to);
    put_file(lua, index, to);
    put_path(lua, "input_files", index, to);
    put_path(lua, "artefact", to, to);
    put_pattern_and_tier(lua, index, to);
}

/* --- matrix and zip
 * -------------------------------------------------------------------------------- */

/* The factors of a matrix, slowest first; lists stand at `lists`[1..n] of a Lua table. */
typedef struct factors {
    const char *key[MAX_FACTORS];
    lua_Integer items[MAX_FACTORS], at[MAX_FACTORS];
    size_t n;
    int lists; /* stack index */
} factors;

/* A list stays a list; anything else is a list of one. Keys with false are left out. */
static void read_factors(lua_State *lua, const char *what, factors *f) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    rg_module_check_keys(lua, 1, &rg_schema_cell, 0, "filter");
    lua_newtable(lua);
    f->lists = 2;
    for (const rg_field *field = rg_schema_cell.fields; field->key; field++) {
        if (lua_getfield(lua, 1, field->key) == LUA_TNIL) {
            lua_pop(lua, 1);
            continue;
        }
        if (!rg_module_is_list(lua, -1)) {
            lua_createtable(lua, 1, 0);
            lua_insert(lua, -2);
            lua_rawseti(lua, -2, 1);
        }
        f->key[f->n] = field->key;
        f->items[f->n] = luaL_len(lua, -1);
        if (f->items[f->n] == 0)
            rg_sandbox_raise(lua, "give it at least one value, or leave it out",
                             "%s: '%s' is an empty list", what, field->key);
        lua_rawseti(lua, f->lists, (lua_Integer)++f->n);
    }
}

/* Pushes the cell of the present places, and asks the filter; pops it again when refused. */
static bool push_combination(lua_State *lua, const factors *f) {
    lua_createtable(lua, 0, (int)f->n);
    for (size_t i = 0; i < f->n; i++) {
        lua_rawgeti(lua, f->lists, (lua_Integer)i + 1);
        lua_rawgeti(lua, -1, f->items[i] == 1 ? 1 : f->at[i] + 1);
        lua_setfield(lua, -3, f->key[i]);
        lua_pop(lua, 1);
    }
    rg_module_push_cell(lua, -1);
    lua_remove(lua, -2);
    bool keep = true;
    if (lua_getfield(lua, 1, "filter") != LUA_TNIL) {
        lua_pushvalue(lua, -2);
        lua_call(lua, 1, 1);
        keep = lua_toboolean(lua, -1);
    }
    lua_pop(lua, keep ? 1 : 2);
    return keep;
}

/* The next combination, last factor fastest; false after the last one. */
static bool advance(factors *f) {
    for (size_t i = f->n; i-- > 0;) {
        if (++f->at[i] < f->items[i])
            return true;
        f->at[i] = 0;
    }
    return false;
}

int rg_module_matrix(lua_State *lua) {
    factors f = {0};
    read_factors(lua, "rg.matrix", &f);
    double total = 1;
    for (size_t i = 0; i < f.n; i++)
        total *= (double)f.items[i];
    if (total > MAX_CELLS)
        rg_sandbox_raise(lua, "take fewer values, or several matrices",
                         "rg.matrix has %.0f combinations, more than a million", total);
    lua_newtable(lua);
    lua_Integer n = 0;
    do {
        if (push_combination(lua, &f))
            lua_rawseti(lua, 3, ++n);
    } while (advance(&f));
    return 1;
}

int rg_module_zip(lua_State *lua) {
    factors f = {0};
    read_factors(lua, "rg.zip", &f);
    lua_Integer length = 1;
    const char *longest = "";
    for (size_t i = 0; i < f.n; i++) {
        if (f.items[i] > 1 && length > 1 && f.items[i] != length)
            rg_sandbox_raise(lua, "give all lists the same length",
                             "rg.zip: '%s' has %d values, "
                             "'%s' has %d",
                             longest, (int)length, f.key[i], (int)f.items[i]);
        if (f.items[i] > 1) {
            length = f.items[i];
            longest = f.key[i];
        }
    }
    lua_newtable(lua);
    lua_Integer n = 0;
    for (lua_Integer k = 0; k < length; k++) {
        for (size_t i = 0; i < f.n; i++)
            f.at[i] = k;
        if (push_combination(lua, &f))
            lua_rawseti(lua, 3, ++n);
    }
    return 1;
}
