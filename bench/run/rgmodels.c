/* rgmodels.c: options of type `models`: names of suite models and sets, and files, with commas
 * between, as the list that rg.model takes one by one. Called by rgoption.c. */
#include <lauxlib.h>
#include <string.h>

#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"
#include "bench/run/suite.h"

/* Appends what one word stands for to the list on top. */
static void add_word(lua_State *lua, const char *word, const char *base) {
    const char *names[RG_SUITE_MOST_NAMES];
    size_t n = 0;
    if (rg_suite_names(word, names, &n, NULL) != RG_OK) {
        lua_pushstring(lua, rg_module_path(lua, base, word));
        lua_rawseti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
    }
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(lua, names[i]);
        lua_rawseti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
    }
}

void rg_module_push_models(lua_State *lua, const char *text, const char *base) {
    rg_arena *arena = rg_module_host(lua)->arena;
    char *copy = rg_arena_strdup(arena, text), *state = NULL;
    if (!copy)
        rg_sandbox_raise(lua, NULL, "out of memory");
    lua_newtable(lua);
    for (char *word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
        word += strspn(word, " ");
        if (*word)
            add_word(lua, word, base);
    }
}
