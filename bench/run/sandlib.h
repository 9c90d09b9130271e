/* sandlib.h: Lua's own functions where the standard ones depend on addresses, hash seeds, clocks
 * or the file system. Called once by sandbox.c. */
#ifndef RG_RUN_SANDLIB_H
#define RG_RUN_SANDLIB_H

#include <lua.h>
#include <stdint.h>

/* Opens base, table, string, math and utf8 into a fresh state and replaces what is not repeatable.
 * Runs in protected mode. */
void rg_sandlib_open(lua_State *lua, uint64_t seed);

/* Pushes the text of a value without an address in it, as the script's `tostring` does. */
const char *rg_sandlib_text(lua_State *lua, int index, size_t *ret_bytes);

#endif
