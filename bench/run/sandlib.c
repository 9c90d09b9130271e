/* sandlib.c: the parts of Lua's library whose results depend on the machine, made repeatable:
 * order of pairs and next, text of tables and functions, sorting, random numbers, collection. */
#include "bench/run/sandlib.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A table's key in a form that sorts: numbers, then text bytewise, then false and true. */
typedef struct sort_key {
    int kind; /* 0 number, 1 text, 2 boolean */
    bool whole;
    lua_Integer integer;
    lua_Number number;
    const char *text;
    size_t bytes;
    lua_Integer place; /* in the list of keys as found */
} sort_key;

static sort_key key_of(lua_State *lua, int index) {
    sort_key key = {0};
    switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
        key.whole = lua_isinteger(lua, index);
        key.integer = key.whole ? lua_tointeger(lua, index) : 0;
        key.number = lua_tonumber(lua, index);
        return key;
    case LUA_TSTRING:
        key.kind = 1;
        key.text = lua_tolstring(lua, index, &key.bytes);
        return key;
    case LUA_TBOOLEAN:
        key.kind = 2;
        key.integer = lua_toboolean(lua, index);
        key.whole = true;
        return key;
    default:
        luaL_error(lua, "a %s as key has no place in a repeatable order: use numbers or text",
                   luaL_typename(lua, index));
        return key;
    }
}

static int compare_keys(const sort_key *a, const sort_key *b) {
    if (a->kind != b->kind)
        return a->kind - b->kind;
    if (a->kind == 1) {
        size_t shared = a->bytes < b->bytes ? a->bytes : b->bytes;
        int order = memcmp(a->text, b->text, shared);
        return order ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
    }
    if (a->whole && b->whole)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->number > b->number) - (a->number < b->number);
}

static int by_key(const void *a, const void *b) {
    return compare_keys(a, b);
}

/* Pushes a list of the keys of the table at `index`, sorted. */
static void push_sorted_keys(lua_State *lua, int index) {
    lua_Integer n = 0;
    lua_newtable(lua); /* keeps the keys' text alive while pointers to it are sorted */
    int found = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        lua_pushvalue(lua, -2);
        lua_rawseti(lua, found, ++n);
    }
    sort_key *keys = lua_newuserdatauv(lua, ((size_t)n + 1) * sizeof *keys, 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(lua, found, i + 1);
        keys[i] = key_of(lua, -1);
        keys[i].place = i + 1;
        lua_pop(lua, 1);
    }
    qsort(keys, (size_t)n, sizeof *keys, by_key);
    lua_createtable(lua, n < INT_MAX ? (int)n : 0, 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(lua, found, keys[i].place);
        lua_rawseti(lua, -2, i + 1);
    }
    lua_replace(lua, found);
    lua_settop(lua, found);
}

/* Upvalues: the sorted keys and how many were given out. Members removed meanwhile are left out. */
static int pairs_step(lua_State *lua) {
    lua_Integer i = lua_tointeger(lua, lua_upvalueindex(2));
    for (;;) {
        if (lua_rawgeti(lua, lua_upvalueindex(1), ++i) == LUA_TNIL)
            return 1;
        lua_pushvalue(lua, -1);
        if (lua_rawget(lua, 1) != LUA_TNIL)
            break;
        lua_pop(lua, 2);
    }
    lua_pushinteger(lua, i);
    lua_replace(lua, lua_upvalueindex(2));
    return 2;
}

static int sorted_pairs(lua_State *lua) {
    luaL_checkany(lua, 1);
    if (luaL_getmetafield(lua, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 1, 3);
        return 3;
    }
    luaL_checktype(lua, 1, LUA_TTABLE);
    push_sorted_keys(lua, 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, pairs_step, 2);
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

/* next(t, k): the smallest key above k, by one walk over the table. */
static int sorted_next(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    bool first = lua_isnil(lua, 2), any = false;
    sort_key after = {0}, best = {0};
    if (!first)
        after = key_of(lua, 2);
    lua_pushnil(lua); /* place 3: the best key so far */
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        sort_key key = key_of(lua, -2);
        if ((first || compare_keys(&key, &after) > 0) && (!any || compare_keys(&key, &best) < 0)) {
            any = true;
            best = key;
            lua_pushvalue(lua, -2);
            lua_replace(lua, 3);
        }
    }
    lua_settop(lua, 3);
    if (!any)
        return 1;
    lua_pushvalue(lua, 3);
    lua_rawget(lua, 1);
    return 2;
}

const char *rg_sandlib_text(lua_State *lua, int index, size_t *ret_bytes) {
    index = lua_absindex(lua, index);
    int type = lua_type(lua, index);
    bool plain =
        type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING;
    if (!plain && luaL_getmetafield(lua, index, "__tostring") != LUA_TNIL) {
        lua_pop(lua, 1);
        plain = true;
    }
    if (plain)
        return luaL_tolstring(lua, index, ret_bytes);
    lua_pushstring(lua, lua_typename(lua, type));
    return lua_tolstring(lua, -1, ret_bytes);
}

static int plain_tostring(lua_State *lua) {
    luaL_checkany(lua, 1);
    rg_sandlib_text(lua, 1, NULL);
    return 1;
}

/* string.format with %s over our text and without %p. Upvalue 1: the standard one. */
static int plain_format(lua_State *lua) {
    const char *format = luaL_checkstring(lua, 1);
    int argument = 1, n = lua_gettop(lua);
    for (const char *at = format; (at = strchr(at, '%')); at++) {
        if (*++at == '%')
            continue;
        at += strspn(at, "-+ #0123456789.");
        argument++;
        if (*at == 'p')
            return luaL_error(lua, "%%p would print an address, which differs from run to run");
        if (*at == 's' && argument <= n && !lua_isstring(lua, argument)) {
            rg_sandlib_text(lua, argument, NULL);
            lua_replace(lua, argument);
        }
        if (!*at)
            break;
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, n, 1);
    return 1;
}

/* True when the value on top should stand before the one below it; pops both. */
static bool top_goes_first(lua_State *lua, bool by_function) {
    if (!by_function) {
        bool less = lua_compare(lua, -1, -2, LUA_OPLT);
        lua_pop(lua, 2);
        return less;
    }
    lua_pushvalue(lua, 2);
    lua_rotate(lua, -3, 1); /* f, a, b */
    lua_rotate(lua, -2, 1); /* f, b, a: the upper one first */
    lua_call(lua, 2, 1);
    bool less = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return less;
}

/* Merges two sorted runs [low, middle) and [middle, high) of table `from` into table `to`. */
static void merge_runs(lua_State *lua, bool by_function, int from, int to,
                       const lua_Integer at[3]) {
    lua_Integer left = at[0], right = at[1];
    for (lua_Integer out = at[0]; out < at[2]; out++) {
        bool take_right = left >= at[1];
        if (!take_right && right < at[2]) {
            lua_rawgeti(lua, from, left);
            lua_rawgeti(lua, from, right);
            take_right = top_goes_first(lua, by_function);
        }
        lua_rawgeti(lua, from, take_right ? right++ : left++);
        lua_rawseti(lua, to, out);
    }
}

/* table.sort as a stable merge sort: the standard one picks pivots by the clock, so that the order
 * of equal items may differ from run to run. */
static int stable_sort(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    bool by_function = !lua_isnil(lua, 2);
    if (by_function)
        luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_Integer n = luaL_len(lua, 1);
    luaL_argcheck(lua, n < INT_MAX, 1, "too many items to sort");
    lua_createtable(lua, (int)n, 0); /* places 3 and 4: runs so far, runs merged */
    lua_createtable(lua, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(lua, 1, i);
        lua_rawseti(lua, 3, i);
    }
    int from = 3, to = 4;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * width) {
            lua_Integer middle = low + width <= n ? low + width : n + 1;
            lua_Integer high = low + 2 * width <= n ? low + 2 * width : n + 1;
            merge_runs(lua, by_function, from, to, (lua_Integer[3]){low, middle, high});
        }
        from = 7 - from;
        to = 7 - to;
    }
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(lua, from, i);
        lua_seti(lua, 1, i);
    }
    return 0;
}

/* collectgarbage: collecting is harmless; its figures differ from machine to machine. */
static int quiet_collect(lua_State *lua) {
    const char *what = luaL_optstring(lua, 1, "collect");
    if (strcmp(what, "collect") != 0)
        return luaL_error(lua, "collectgarbage('%s') is not available here, only 'collect'", what);
    lua_gc(lua, LUA_GCCOLLECT);
    lua_pushinteger(lua, 0);
    return 1;
}

/* setmetatable without finalizers: when they run is nobody's to say. Upvalue 1: the standard one.
 */
static int safe_setmetatable(lua_State *lua) {
    if (lua_type(lua, 2) == LUA_TTABLE) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua, "__gc is not available here");
        lua_pop(lua, 1);
    }
    int n = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, n, 1);
    return 1;
}

/* math.randomseed: without an argument back to the run's own seed. Upvalues: the standard one and
 * that seed. */
static int repeatable_seed(lua_State *lua) {
    int n = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    if (n == 0)
        lua_pushvalue(lua, lua_upvalueindex(2));
    lua_call(lua, n ? n : 1, 0);
    return 0;
}

/* Replaces TABLE.NAME by `function`, whose upvalue 1 is the standard one. */
static void wrap(lua_State *lua, const char *table, const char *name, lua_CFunction function) {
    lua_getglobal(lua, table);
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
    lua_pop(lua, 1);
}

static void open_standard(lua_State *lua) {
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_UTF8LIBNAME, luaopen_utf8}};
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    static const char *const absent[] = {"load", "dofile", "loadfile", "warn"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        lua_pushnil(lua);
        lua_setglobal(lua, absent[i]);
    }
}

void rg_sandlib_open(lua_State *lua, uint64_t seed) {
    open_standard(lua);
    lua_register(lua, "pairs", sorted_pairs);
    lua_register(lua, "next", sorted_next);
    lua_register(lua, "tostring", plain_tostring);
    lua_register(lua, "collectgarbage", quiet_collect);
    wrap(lua, LUA_GNAME, "setmetatable", safe_setmetatable);
    wrap(lua, LUA_STRLIBNAME, "format", plain_format);
    wrap(lua, LUA_TABLIBNAME, "sort", stable_sort);
    lua_getglobal(lua, LUA_STRLIBNAME);
    lua_pushnil(lua);
    lua_setfield(lua, -2, "dump");
    lua_getglobal(lua, LUA_MATHLIBNAME);
    lua_getfield(lua, -1, "randomseed");
    lua_pushinteger(lua, (lua_Integer)seed);
    lua_pushcclosure(lua, repeatable_seed, 2);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, "randomseed");
    lua_call(lua, 0, 0);
    lua_settop(lua, 0);
}
