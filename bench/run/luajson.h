/* luajson.h: Lua values as JSON and back. A table with keys 1..n is an array, one with text keys
 * an object; an empty table is an array. Integers stay integers. What JSON cannot say (NaN,
 * infinity, functions, mixed or sparse tables, text that is not UTF-8) is refused with its path. */
#ifndef RG_RUN_LUAJSON_H
#define RG_RUN_LUAJSON_H

#include <jansson.h>
#include <lua.h>

#include "bench/core/err.h"

/* The value at `index` as JSON (a new reference). `origin` is what paths begin with ("scenario":
 * "scenario.cells[3].threads"). RG_USAGE with the path of what is refused; tables nested deeper
 * than 100 levels or more than 4 million values are refused too. May raise Lua's own memory error.
 */
rg_status rg_lua_to_json(lua_State *lua, int index, const char *origin, json_t **ret_value,
                         rg_err *err);

/* Pushes the Lua value of `value`. Null members of objects are left out, null in arrays becomes
 * false, so that `#list` stays right. May raise Lua's own memory error. */
void rg_lua_push_json(lua_State *lua, const json_t *value);

#endif
