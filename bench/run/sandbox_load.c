/* sandbox_load.c: what scripts print and which files they require: found, run once, kept.
 * Neighbours: sandbox.c (the state and its limits), sandbox_error.c (mistakes). */
#include <lauxlib.h>
#include <string.h>

#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/run/sandbox_priv.h"
#include "bench/run/sandlib.h"

enum { MAX_PRINTED = 64 << 10, MAX_SCRIPT_BYTES = 4 << 20 };

int rg_sandbox_print(lua_State *lua) {
    rg_sandbox *box = rg_sandbox_of(lua);
    int n = lua_gettop(lua);
    for (int i = 1; i <= n; i++) {
        size_t bytes;
        const char *text = rg_sandlib_text(lua, i, &bytes);
        if (box->printed.bytes + bytes + 2 < MAX_PRINTED) {
            rg_text_add_bytes(&box->printed, text, strlen(text) < bytes ? strlen(text) : bytes);
            rg_text_add(&box->printed, i < n ? "\t" : "\n");
        }
        lua_pop(lua, 1);
    }
    return 0;
}

bool rg_sandbox_keep_file(rg_sandbox *box, const char *name, const char *text, size_t bytes) {
    if (memchr(text, 0, bytes))
        return false;
    json_t *row = json_pack("{s:s, s:s%}", "name", name, "text", text, bytes);
    return row && json_array_append_new(box->files, row) == 0;
}

/* Finds FOLDER/NAME.lua, FOLDER/lib/NAME.lua (as a bundle keeps them), then DATA_FOLDER/NAME.lua;
 * RG_ABSENT where none is. */
static rg_status find_module(rg_sandbox *box, const char *name, const char **ret_path,
                             const char **ret_text, size_t *ret_bytes, rg_err *err) {
    const rg_sandbox_options *options = &box->options;
    char *file = rg_arena_printf(box->arena, "%s.lua", name);
    if (!file)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory in require");
    for (int i = 0; options->folder && i < 2; i++) {
        char *path = rg_arena_printf(box->arena, i ? "%s/lib/%s" : "%s/%s", options->folder, file);
        *ret_path = path;
        if (path && rg_fs_exists(path))
            return rg_fs_read(box->arena, path, MAX_SCRIPT_BYTES, (char **)ret_text, ret_bytes,
                              err);
    }
    for (size_t i = 0; options->data_folders && options->data_folders[i]; i++) {
        char *path = rg_fs_join(box->arena, options->data_folders[i], file);
        *ret_path = path;
        if (path && rg_data_read(box->arena, path, ret_text, ret_bytes, NULL) == RG_OK)
            return RG_OK;
    }
    return rg_fail(err, RG_ABSENT,
                   "require looks in the script's own folder, then in the shipped "
                   "lib folder; leave out the .lua",
                   "there is no module '%s'", name);
}

static bool is_module_name(const char *name) {
    return *name &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789_-./")] == '\0' &&
           !strstr(name, "..") && name[0] != '/' && name[0] != '.';
}

/* Pushes the module's value after running its text. */
static void run_module(lua_State *lua, const char *name) {
    rg_sandbox *box = rg_sandbox_of(lua);
    const char *path = NULL, *text = NULL;
    size_t bytes = 0;
    rg_err err = RG_ERR_INIT;
    if (find_module(box, name, &path, &text, &bytes, &err) != RG_OK)
        rg_sandbox_raise_err(lua, &err);
    const char *file = rg_arena_printf(box->arena, "%s.lua", name);
    if (!file || !rg_sandbox_keep_file(box, file, text, bytes))
        rg_sandbox_raise(lua, "write it as UTF-8 text", "the file %s cannot be kept", path);
    lua_pushfstring(lua, "@%s", path);
    if (luaL_loadbufferx(lua, text, bytes, lua_tostring(lua, -1), "t") != LUA_OK)
        rg_sandbox_raise(lua, "mend the module at the line named", "%s", lua_tostring(lua, -1));
    lua_remove(lua, -2);
    lua_call(lua, 0, 1);
}

int rg_sandbox_require(lua_State *lua) {
    const char *name = luaL_checkstring(lua, 1);
    if (!is_module_name(name))
        rg_sandbox_raise(lua, "such as require \"shapes\"", "'%s' is no module's name", name);
    lua_getfield(lua, LUA_REGISTRYINDEX, RG_SANDBOX_LOADED);
    int type = lua_getfield(lua, -1, name);
    if (type == LUA_TBOOLEAN && !lua_toboolean(lua, -1))
        rg_sandbox_raise(lua, "take the shared part into a third module",
                         "module '%s' requires itself", name);
    if (type != LUA_TNIL)
        return 1;
    lua_pop(lua, 1);
    lua_pushboolean(lua, 0); /* in progress */
    lua_setfield(lua, -2, name);
    run_module(lua, name);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        lua_pushboolean(lua, 1);
    }
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, name);
    return 1;
}
