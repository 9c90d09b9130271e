/* sandbox.c: the bounded Lua state: memory, instructions, protected calls. sandbox_error.c words
 * mistakes, sandbox_load.c has `require`, sandlib.c the repeatable library, sandchild.c the
 * evaluation in a child. */
#include "bench/run/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/sandbox_priv.h"
#include "bench/run/sandlib.h"

enum { HOOK_EVERY = 1000 };

#define DEFAULT_MEMORY ((size_t)256 << 20)
#define DEFAULT_INSTRUCTIONS UINT64_C(200000000)

rg_sandbox *rg_sandbox_of(lua_State *lua) {
    rg_sandbox *box;
    memcpy(&box, lua_getextraspace(lua), sizeof(void *));
    return box;
}

lua_State *rg_sandbox_lua(rg_sandbox *box) {
    return box->lua;
}

void *rg_sandbox_user(lua_State *lua) {
    return rg_sandbox_of(lua)->options.user;
}

const json_t *rg_sandbox_files(const rg_sandbox *box) {
    return box->files;
}

const char *rg_sandbox_printed(const rg_sandbox *box) {
    return box->printed.data ? box->printed.data : "";
}

rg_status rg_sandbox_call(rg_sandbox *box, int n_args, int n_results, rg_err *err) {
    lua_State *lua = box->lua;
    rg_err own = RG_ERR_INIT, *outer = box->err;
    box->err = err ? err : &own;
    box->err->status = RG_OK;
    int base = lua_gettop(lua) - n_args;
    lua_pushcfunction(lua, rg_sandbox_note_error);
    lua_insert(lua, base);
    int code = lua_pcall(lua, n_args, n_results, base);
    lua_remove(lua, base);
    rg_status status = RG_OK;
    if (code != LUA_OK) {
        if (code == LUA_ERRMEM)
            rg_sandbox_fail_for_memory(box);
        else if (box->err->status == RG_OK)
            rg_fail(box->err, RG_USAGE, "look for a function that calls itself without end",
                    "the script failed and could not say where");
        lua_pop(lua, 1);
        status = RG_USAGE;
    }
    box->err = outer;
    return status;
}

rg_status rg_sandbox_protect(rg_sandbox *box, lua_CFunction body, void *user, rg_err *err) {
    lua_pushcfunction(box->lua, body);
    lua_pushlightuserdata(box->lua, user);
    return rg_sandbox_call(box, 1, 0, err);
}

/* --- limits ------------------------------------------------------------------------------------
 */

static void *bounded_alloc(void *user, void *old, size_t old_bytes, size_t bytes) {
    rg_sandbox *box = user;
    if (!old)
        old_bytes = 0; /* then it is a type tag */
    if (!bytes) {
        free(old);
        box->used_bytes -= old_bytes;
        return NULL;
    }
    if (bytes > old_bytes && bytes - old_bytes > box->options.memory_bytes - box->used_bytes)
        return NULL;
    void *block = realloc(old, bytes);
    if (block)
        box->used_bytes += bytes - old_bytes;
    return block;
}

static int raise_spent(lua_State *lua, const rg_sandbox *box) {
    rg_sandbox_raise(lua, "look for a loop that never ends",
                     "the script ran %llu million instructions without an end",
                     (unsigned long long)(box->options.instructions / 1000000));
}

static void count_instructions(lua_State *lua, lua_Debug *event) {
    (void)event;
    rg_sandbox *box = rg_sandbox_of(lua);
    box->left -= box->left < HOOK_EVERY ? box->left : HOOK_EVERY;
    box->spent = !box->left;
    if (box->spent)
        raise_spent(lua, box);
}

/* After a protected call of the script's own: limits are not the script's to catch. */
static void rethrow_limits(lua_State *lua, int code) {
    rg_sandbox *box = rg_sandbox_of(lua);
    box->out_of_memory |= code == LUA_ERRMEM;
    if (box->spent)
        raise_spent(lua, box);
    if (box->out_of_memory)
        lua_error(lua);
}

static int limited_pcall(lua_State *lua) {
    luaL_checkany(lua, 1);
    int code = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
    rethrow_limits(lua, code);
    lua_pushboolean(lua, code == LUA_OK);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

static int limited_xpcall(lua_State *lua) {
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    int n = lua_gettop(lua);
    lua_pushvalue(lua, 1);
    lua_rotate(lua, 3, 1); /* f, handler, f, arguments */
    int code = lua_pcall(lua, n - 2, LUA_MULTRET, 2);
    rethrow_limits(lua, code);
    lua_pushboolean(lua, code == LUA_OK);
    lua_insert(lua, 3);
    return lua_gettop(lua) - 2;
}

/* --- life ----------------------------------------------------------------------------------------
 */

static int open_all(lua_State *lua) {
    rg_sandbox *box = lua_touserdata(lua, 1);
    rg_sandlib_open(lua, box->options.seed);
    lua_register(lua, "pcall", limited_pcall);
    lua_register(lua, "xpcall", limited_xpcall);
    lua_register(lua, "print", rg_sandbox_print);
    lua_register(lua, "require", rg_sandbox_require);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, RG_SANDBOX_LOADED);
    luaL_newmetatable(lua, RG_SANDBOX_ERROR);
    lua_pushcfunction(lua, rg_sandbox_error_text);
    lua_setfield(lua, -2, "__tostring");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    if (box->options.extend)
        box->options.extend(lua, box->options.user);
    return 0;
}

rg_status rg_sandbox_new(const rg_sandbox_options *options, rg_sandbox **ret_box, rg_err *err) {
    rg_sandbox *box = calloc(1, sizeof *box);
    if (!box)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory starting Lua");
    box->options = *options;
    if (!box->options.memory_bytes)
        box->options.memory_bytes = DEFAULT_MEMORY;
    if (!box->options.instructions)
        box->options.instructions = DEFAULT_INSTRUCTIONS;
    box->left = box->options.instructions;
    box->files = json_array();
    box->arena = rg_arena_new(0);
    box->lua = lua_newstate(bounded_alloc, box);
    rg_status status = RG_NO_MEMORY;
    if (box->files && box->arena && box->lua) {
        memcpy(lua_getextraspace(box->lua), &box, sizeof(void *));
        status = rg_sandbox_protect(box, open_all, box, err);
        lua_sethook(box->lua, count_instructions, LUA_MASKCOUNT, HOOK_EVERY);
    } else {
        rg_fail(err, RG_NO_MEMORY, NULL, "out of memory starting Lua");
    }
    if (status != RG_OK)
        rg_sandbox_free(box);
    else
        *ret_box = box;
    return status;
}

void rg_sandbox_free(rg_sandbox *box) {
    if (!box)
        return;
    if (box->lua)
        lua_close(box->lua);
    rg_arena_free(box->arena);
    json_decref(box->files);
    rg_text_free(&box->printed);
    free(box);
}

rg_status rg_sandbox_run(rg_sandbox *box, const char *name, const char *text, size_t bytes,
                         int n_results, rg_err *err) {
    char chunk[512];
    snprintf(chunk, sizeof chunk, "@%s", name);
    if (bytes && text[0] == LUA_SIGNATURE[0])
        return rg_fail(err, RG_USAGE, "give the script's text", "%s holds Lua bytecode", name);
    if (!rg_sandbox_keep_file(box, name, text, bytes))
        return rg_fail(err, RG_USAGE, "write it as UTF-8 text", "%s is no text", name);
    int code = luaL_loadbufferx(box->lua, text, bytes, chunk, "t");
    if (code == LUA_OK)
        return rg_sandbox_call(box, 0, n_results, err);
    if (code == LUA_ERRMEM)
        rg_fail(err, RG_USAGE, "make it smaller", "%s needs more memory than a script may use",
                name);
    else
        rg_fail(err, RG_USAGE, "mend the syntax at the line named", "%s",
                lua_tostring(box->lua, -1));
    lua_pop(box->lua, 1);
    return RG_USAGE;
}
