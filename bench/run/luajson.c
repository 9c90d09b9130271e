/* luajson.c: Lua values as JSON and back, with the path of whatever JSON cannot say. */
#include "bench/run/luajson.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 100, MAX_VALUES = 4000000, MAX_PATH = 512 };

typedef struct walk {
    lua_State *lua;
    rg_err *err;
    char path[MAX_PATH];
    size_t used; /* of path */
    unsigned depth;
    uint64_t values;
} walk;

static json_t *value_at(walk *w, int index);

static json_t *refuse(walk *w, const char *advice, const char *why) {
    rg_fail(w->err, RG_USAGE, advice, "%s: %s", w->path, why);
    return NULL;
}

static json_t *no_memory(walk *w) {
    rg_fail(w->err, RG_NO_MEMORY, NULL, "%s: out of memory", w->path);
    return NULL;
}

/* Appends ".key" or "[i]" to the path; a path too long is cut, which only shortens a message. */
static size_t enter_key(walk *w, const char *key) {
    size_t before = w->used;
    int n = snprintf(w->path + before, MAX_PATH - before, ".%s", key);
    w->used = before + (size_t)n < MAX_PATH ? before + (size_t)n : MAX_PATH - 1;
    return before;
}

static size_t enter_item(walk *w, lua_Integer i) {
    size_t before = w->used;
    int n = snprintf(w->path + before, MAX_PATH - before, "[%lld]", (long long)i);
    w->used = before + (size_t)n < MAX_PATH ? before + (size_t)n : MAX_PATH - 1;
    return before;
}

static void leave(walk *w, size_t before) {
    w->used = before;
    w->path[before] = '\0';
}

/* Counts keys by kind; true when all are text, or all are 1..n. */
static bool classify(walk *w, int index, lua_Integer *ret_n, bool *ret_object) {
    lua_Integer items = 0, highest = 0, names = 0, other = 0;
    for (lua_pushnil(w->lua); lua_next(w->lua, index); lua_pop(w->lua, 1)) {
        if (lua_type(w->lua, -2) == LUA_TSTRING) {
            names++;
        } else if (lua_isinteger(w->lua, -2) && lua_tointeger(w->lua, -2) > 0) {
            items++;
            highest = lua_tointeger(w->lua, -2) > highest ? lua_tointeger(w->lua, -2) : highest;
        } else {
            other++;
        }
    }
    *ret_n = items;
    *ret_object = names > 0;
    if (other)
        return refuse(w, "use text, or 1, 2, 3 ... as keys", "a key is neither text nor a place"),
               false;
    if (names && items)
        return refuse(w, "split it into a list and a table with names",
                      "the table mixes list items and named members"),
               false;
    if (items != highest)
        return refuse(w, "a list must not have nil in it", "the list has holes"), false;
    return true;
}

static json_t *list_at(walk *w, int index, lua_Integer n) {
    json_t *list = json_array();
    if (!list)
        return no_memory(w);
    for (lua_Integer i = 1; i <= n; i++) {
        size_t before = enter_item(w, i);
        lua_rawgeti(w->lua, index, i);
        json_t *item = value_at(w, lua_gettop(w->lua));
        lua_pop(w->lua, 1);
        if (!item || json_array_append_new(list, item) < 0) {
            json_decref(list);
            return item ? no_memory(w) : NULL;
        }
        leave(w, before);
    }
    return list;
}

/* Members in whatever order lua_next gives; `sorted` puts them right. */
static json_t *object_at(walk *w, int index) {
    lua_State *lua = w->lua;
    json_t *object = json_object();
    if (!object)
        return no_memory(w);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        size_t length;
        const char *key = lua_tolstring(lua, -2, &length);
        size_t before = enter_key(w, key);
        json_t *member = NULL;
        if (strlen(key) != length)
            refuse(w, NULL, "a key holds a NUL");
        else
            member = value_at(w, lua_gettop(lua));
        if (!member) {
            json_decref(object);
            return NULL;
        }
        if (json_object_set_new(object, key, member) < 0) {
            json_decref(object);
            return refuse(w, NULL, "a key is no UTF-8 text");
        }
        leave(w, before);
    }
    return object;
}

static int by_key(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The object with its members in bytewise order of their keys, so that the same table always gives
 * the same text. Takes the reference. */
static json_t *sorted(walk *w, json_t *object) {
    size_t n = json_object_size(object), i = 0;
    const char **keys = calloc(n + 1, sizeof *keys);
    json_t *result = json_object();
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        if (keys)
            keys[i++] = key;
    }
    bool good = keys && result;
    if (good)
        qsort(keys, n, sizeof *keys, by_key);
    for (i = 0; good && i < n; i++)
        good = json_object_set(result, keys[i], json_object_get(object, keys[i])) == 0;
    free(keys);
    json_decref(object);
    if (good)
        return result;
    json_decref(result);
    return no_memory(w);
}

static json_t *table_at(walk *w, int index) {
    if (w->depth == MAX_DEPTH)
        return refuse(w, "does a table contain itself?",
                      "tables are nested deeper than 100 levels");
    if (!lua_checkstack(w->lua, 8))
        return no_memory(w);
    lua_Integer n;
    bool object;
    if (!classify(w, index, &n, &object))
        return NULL;
    w->depth++;
    json_t *value = object ? object_at(w, index) : list_at(w, index, n);
    if (object && value)
        value = sorted(w, value);
    w->depth--;
    return value;
}

static json_t *text_at(walk *w, int index) {
    size_t bytes;
    const char *text = lua_tolstring(w->lua, index, &bytes);
    if (memchr(text, 0, bytes))
        return refuse(w, NULL, "the text holds a NUL");
    json_t *value = json_stringn(text, bytes);
    return value ? value : refuse(w, "write it as UTF-8", "the text is not UTF-8");
}

static json_t *number_at(walk *w, int index) {
    if (lua_isinteger(w->lua, index))
        return json_integer(lua_tointeger(w->lua, index));
    double value = lua_tonumber(w->lua, index);
    if (isfinite(value))
        return json_real(value);
    return refuse(w, "leave it out, or say why there is no number",
                  isnan(value) ? "the number is NaN" : "the number is infinite");
}

static json_t *value_at(walk *w, int index) {
    if (++w->values > MAX_VALUES)
        return refuse(w, "return less", "the value has more than 4 million parts");
    switch (lua_type(w->lua, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(w->lua, index));
    case LUA_TNUMBER:
        return number_at(w, index);
    case LUA_TSTRING:
        return text_at(w, index);
    case LUA_TTABLE:
        return table_at(w, index);
    default:
        return refuse(w, "return numbers, text, true, false and tables of these",
                      lua_type(w->lua, index) == LUA_TFUNCTION ? "a function cannot be written down"
                                                               : "this cannot be written down");
    }
}

rg_status rg_lua_to_json(lua_State *lua, int index, const char *origin, json_t **ret_value,
                         rg_err *err) {
    rg_err own = RG_ERR_INIT;
    walk w = {.lua = lua, .err = err ? err : &own};
    snprintf(w.path, sizeof w.path, "%s", origin);
    w.used = strlen(w.path);
    json_t *value = value_at(&w, lua_absindex(lua, index));
    if (!value)
        return w.err->status;
    *ret_value = value;
    return RG_OK;
}

static void push_object(lua_State *lua, const json_t *object) {
    const char *key;
    json_t *member;
    lua_createtable(lua, 0, (int)json_object_size(object));
    json_object_foreach((json_t *)object, key, member) {
        rg_lua_push_json(lua, member);
        if (json_is_null(member))
            lua_pop(lua, 1);
        else
            lua_setfield(lua, -2, key);
    }
}

static void push_list(lua_State *lua, const json_t *list) {
    size_t n = json_array_size(list);
    lua_createtable(lua, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_null(item))
            lua_pushboolean(lua, 0);
        else
            rg_lua_push_json(lua, item);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
}

void rg_lua_push_json(lua_State *lua, const json_t *value) {
    if (!lua_checkstack(lua, 8)) {
        lua_pushnil(lua);
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        push_object(lua, value);
        return;
    case JSON_ARRAY:
        push_list(lua, value);
        return;
    case JSON_STRING:
        lua_pushlstring(lua, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        lua_pushinteger(lua, json_integer_value(value));
        return;
    case JSON_REAL:
        lua_pushnumber(lua, json_real_value(value));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(lua, json_is_true(value));
        return;
    case JSON_NULL:
        lua_pushnil(lua);
        return;
    }
}
