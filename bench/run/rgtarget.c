/* rgtarget.c: a cell's target as scenarios write it, with options of its own. Called by rgcells.c.
 */
#include <lauxlib.h>

#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"

/* Keys of a target's table that belong to the cell, so that a list of targets can hold them. */
static const char *const of_cell[] = {"device", "variant", "artefact", "require_full_offload"};

static void move_to_cell(lua_State *lua, int from, int cell) {
    for (size_t i = 0; i < sizeof of_cell / sizeof of_cell[0]; i++) {
        if (lua_getfield(lua, from, of_cell[i]) == LUA_TNIL) {
            lua_pop(lua, 1);
            continue;
        }
        lua_setfield(lua, cell, of_cell[i]);
        lua_pushnil(lua);
        lua_setfield(lua, from, of_cell[i]);
    }
}

/* Adds what the table at `from` holds under names to the table at `to`. */
static void add_named(lua_State *lua, int from, int to) {
    for (lua_pushnil(lua); lua_next(lua, from); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            continue;
        lua_pushvalue(lua, -2);
        lua_pushvalue(lua, -2);
        lua_settable(lua, to);
    }
}

void rg_module_put_target(lua_State *lua, int to) {
    if (lua_getfield(lua, to, "target") == LUA_TTABLE) {
        int given = lua_gettop(lua);
        lua_newtable(lua);
        if (lua_getfield(lua, to, "options") == LUA_TTABLE)
            add_named(lua, given + 2, given + 1);
        lua_pop(lua, 1);
        add_named(lua, given, given + 1);
        move_to_cell(lua, given + 1, to);
        lua_setfield(lua, to, "options");
        if (lua_rawgeti(lua, given, 1) != LUA_TSTRING || lua_rawlen(lua, given) != 1)
            rg_sandbox_raise(lua, "write target = \"cpu\" or target = {\"tflite\", delegate = ...}",
                             "a target must be a word, or a table that begins with it");
        lua_setfield(lua, to, "target");
    }
    lua_pop(lua, 1);
}
