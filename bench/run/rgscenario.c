/* rgscenario.c: rg.scenario: the one table that a script returns, checked and put into the form of
 * the request (docs/request.md). */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"

enum { MAX_NESTING = 20 };

/* Appends the cells at `index`, one or a list of such, to the list at `to`. */
static void flatten(lua_State *lua, int index, int to, int depth) {
    index = lua_absindex(lua, index);
    if (depth > MAX_NESTING)
        rg_sandbox_raise(lua, "does a list contain itself?", "cells are nested too deep");
    luaL_checkstack(lua, 8, "cells");
    if (!rg_module_is_list(lua, index)) {
        rg_module_push_cell(lua, index);
        lua_rawseti(lua, to, luaL_len(lua, to) + 1);
        return;
    }
    lua_Integer n = luaL_len(lua, index);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(lua, index, i);
        flatten(lua, -1, to, depth + 1);
        lua_pop(lua, 1);
    }
}

/* The smallest text key above `after` of the table at 1's member `options`; pushes it or nothing.
 */
static bool push_next_key(lua_State *lua, int index, const char *after) {
    const char *best = NULL;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            rg_sandbox_raise(lua, "write options = {model = {default = ...}}",
                             "options must be a table of named options");
        const char *key = lua_tostring(lua, -2);
        if (strcmp(key, after) > 0 && (!best || strcmp(key, best) < 0))
            best = key; /* stays alive: the table holds it */
    }
    if (best)
        lua_pushstring(lua, best);
    return best != NULL;
}

/* options = {name = {default = ...}} of the scenario, declared in order of their names. */
static void declare_options(lua_State *lua) {
    if (lua_getfield(lua, 1, "options") == LUA_TNIL) {
        lua_pop(lua, 1);
        return;
    }
    luaL_argcheck(lua, lua_istable(lua, -1), 1, "options must be a table");
    int table = lua_gettop(lua);
    lua_pushliteral(lua, "");
    while (push_next_key(lua, table, lua_tostring(lua, -1))) {
        lua_replace(lua, table + 1);
        lua_getfield(lua, table, lua_tostring(lua, table + 1));
        if (!lua_istable(lua, -1))
            rg_sandbox_raise(lua, "write it as {default = ..., help = ...}",
                             "option '%s' must be a table", lua_tostring(lua, table + 1));
        rg_module_declare(lua, lua_tostring(lua, table + 1), -1);
        lua_settop(lua, table + 1);
    }
    lua_settop(lua, table - 1);
}

/* cells, or what the function cells(opt) returns, as a flat list in member "cells" of `to`. */
static void put_cells(lua_State *lua, int to) {
    lua_newtable(lua);
    int list = lua_gettop(lua);
    int type = lua_getfield(lua, 1, "cells");
    if (type == LUA_TFUNCTION) {
        lua_getglobal(lua, "rg");
        lua_getfield(lua, -1, "opt");
        lua_remove(lua, -2);
        lua_call(lua, 1, 1);
    }
    if (lua_istable(lua, -1))
        flatten(lua, -1, list, 0);
    else if (!lua_isnil(lua, -1))
        rg_sandbox_raise(lua, "write cells = { {model = \"ds-cnn\", target = \"cpu\"} }",
                         "cells must be a list, not a %s", luaL_typename(lua, -1));
    lua_settop(lua, list);
    lua_setfield(lua, to, "cells");
}

static void put_table(lua_State *lua, int to, const char *key, const rg_schema *schema) {
    int type = lua_getfield(lua, 1, key);
    if (type != LUA_TNIL && type != LUA_TTABLE)
        rg_sandbox_raise(lua, "write it as { key = value }", "%s must be a table, not a %s", key,
                         luaL_typename(lua, -1));
    if (type == LUA_TTABLE && schema)
        rg_module_check_keys(lua, -1, schema, 0, NULL);
    lua_setfield(lua, to, key);
}

int rg_module_scenario(lua_State *lua) {
    static const char *const plain[] = {"name", "summary", "seed", "tier"};
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    rg_module_check_keys(lua, 1, &rg_schema_scenario, 0, NULL);
    declare_options(lua);
    lua_newtable(lua);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (lua_getfield(lua, 1, plain[i]) != LUA_TNIL && !strcmp(plain[i], "tier"))
            rg_module_check_tier(lua, -1);
        lua_setfield(lua, 2, plain[i]);
    }
    put_table(lua, 2, "measure", &rg_schema_measure);
    put_table(lua, 2, "gate", NULL);
    put_table(lua, 2, "skip", NULL);
    put_cells(lua, 2);
    lua_pushvalue(lua, 2);
    lua_setfield(lua, LUA_REGISTRYINDEX, "rg.scenario");
    return 1;
}
