/* sandbox.c: the bounded Lua state: memory, instructions, `require`, and errors that name file,
 * line and callers. sandlib.c has the repeatable library, sandchild.c the evaluation in a child. */
#include "bench/run/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/core/text.h"
#include "bench/run/sandlib.h"

enum { HOOK_EVERY = 1000, MAX_PRINTED = 64 << 10, MAX_SCRIPT_BYTES = 4 << 20, MAX_CALLERS = 4 };

#define DEFAULT_MEMORY ((size_t)256 << 20)
#define DEFAULT_INSTRUCTIONS UINT64_C(200000000)
#define ERROR_TYPE "rg.error"
#define LOADED "rg.loaded"

struct rg_sandbox {
    lua_State *lua;
    rg_sandbox_options options;
    rg_arena *arena; /* texts of required files */
    size_t used_bytes;
    uint64_t left;      /* instructions */
    bool spent;         /* the budget is gone: no pcall may go on */
    bool out_of_memory; /* the cap was hit: no pcall may go on */
    rg_err *err;        /* of the call in progress */
    json_t *files;
    rg_text printed;
};

/* What rg_sandbox_raise throws: seen by scripts as text, by us with its advice. */
typedef struct error_value {
    char what[640], advice[512];
} error_value;

static rg_sandbox *box_of(lua_State *lua) {
    rg_sandbox *box;
    memcpy(&box, lua_getextraspace(lua), sizeof(void *));
    return box;
}

lua_State *rg_sandbox_lua(rg_sandbox *box) {
    return box->lua;
}

void *rg_sandbox_user(lua_State *lua) {
    return box_of(lua)->options.user;
}

const json_t *rg_sandbox_files(const rg_sandbox *box) {
    return box->files;
}

const char *rg_sandbox_printed(const rg_sandbox *box) {
    return box->printed.data ? box->printed.data : "";
}

/* --- errors ------------------------------------------------------------------------------------
 */

/* "file:line" of the innermost script function at or above `level`; false when there is none. */
static bool script_line(lua_State *lua, int *level, char *ret, size_t cap) {
    lua_Debug frame;
    for (; lua_getstack(lua, *level, &frame); ++*level) {
        lua_getinfo(lua, "Sl", &frame);
        if (frame.currentline > 0) {
            snprintf(ret, cap, "%s:%d", frame.short_src, frame.currentline);
            return true;
        }
    }
    return false;
}

static int raise_text(lua_State *lua, const char *advice, const char *what) {
    char place[128];
    int level = 0;
    bool known = script_line(lua, &level, place, sizeof place);
    error_value *value = lua_newuserdatauv(lua, sizeof *value, 0);
    snprintf(value->what, sizeof value->what, "%s%s%s", known ? place : "", known ? ": " : "",
             what);
    snprintf(value->advice, sizeof value->advice, "%s", advice ? advice : "");
    luaL_setmetatable(lua, ERROR_TYPE);
    return lua_error(lua);
}

int rg_sandbox_raise(lua_State *lua, const char *advice, const char *format, ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    raise_text(lua, advice, what);
    abort(); /* lua_error does not return */
}

int rg_sandbox_raise_err(lua_State *lua, const rg_err *err) {
    raise_text(lua, err->advice, err->what);
    abort(); /* lua_error does not return */
}

static int error_text(lua_State *lua) {
    const error_value *value = luaL_checkudata(lua, 1, ERROR_TYPE);
    lua_pushstring(lua, value->what);
    return 1;
}

/* Things of ordinary Lua that scripts reach for in vain. */
static const char *advice_for(const char *what) {
    static const struct {
        const char *seen, *advice;
    } rows[] = {
        {"global 'io'",
         "scripts have no files: rg.file(path) names a model, require loads a table"},
        {"global 'os'", "scripts have no clock or environment, so that a plan is repeatable; "
                        "take --set options through rg.option"},
        {"global 'debug'", "the debug library is not there; print shows values"},
        {"global 'load'", "scripts cannot make code from text; require loads a file"},
        {"global 'dofile'", "use require to load a file"},
        {"global 'loadfile'", "use require to load a file"},
        {"global 'coroutine'", "coroutines are not there; use a function or a list"},
        {"global 'package'", "use require to load a file"},
        {"resulting string too large", "a script may hold 256 MiB in all: build less text"},
        {"stack overflow", "look for a function that calls itself without end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(what, rows[i].seen))
            return rows[i].advice;
    }
    return "mend the script at the line named";
}

/* Adds ", called from a:1, b:2" for the script functions around the place that `what` names. */
static void add_callers(lua_State *lua, char *what, size_t cap) {
    char place[128], list[512] = "";
    size_t used = 0, shown = 0;
    bool inside = false;
    for (int level = 0; shown < MAX_CALLERS && script_line(lua, &level, place, sizeof place);
         level++) {
        size_t length = strlen(place);
        if (!inside && !strncmp(what, place, length) && what[length] == ':') {
            inside = true;
        } else if (inside && used + length + 4 < sizeof list) {
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", shown ? ", " : "", place);
            shown++;
        }
    }
    size_t end = strlen(what);
    if (shown)
        snprintf(what + end, cap - end, " (called from %s)", list);
}

static void fail_for_memory(rg_sandbox *box) {
    size_t cap = box->options.memory_bytes;
    rg_fail(box->err, RG_USAGE, "build smaller tables and texts, or in pieces",
            "the script needs more than the %zu MiB of memory it may use", cap >> 20);
}

/* Message handler of protected calls: turns whatever was thrown into the caller's rg_err while the
 * stack still shows where. */
static int note_error(lua_State *lua) {
    rg_sandbox *box = box_of(lua);
    const error_value *value = luaL_testudata(lua, 1, ERROR_TYPE);
    char what[sizeof box->err->what];
    if (value) {
        snprintf(what, sizeof what, "%s", value->what);
    } else if (lua_type(lua, 1) == LUA_TTABLE && !luaL_getmetafield(lua, 1, "__tostring")) {
        snprintf(what, sizeof what, "the script raised a table as error");
    } else {
        snprintf(what, sizeof what, "%s", rg_sandlib_text(lua, 1, NULL));
    }
    if (box->out_of_memory || !strcmp(what, "not enough memory")) {
        fail_for_memory(box);
        return 1;
    }
    const char *advice = value ? value->advice : advice_for(what);
    add_callers(lua, what, sizeof what);
    rg_fail(box->err, RG_USAGE, advice, "%s", what);
    return 1;
}

rg_status rg_sandbox_call(rg_sandbox *box, int n_args, int n_results, rg_err *err) {
    lua_State *lua = box->lua;
    rg_err own = RG_ERR_INIT, *outer = box->err;
    box->err = err ? err : &own;
    box->err->status = RG_OK;
    int base = lua_gettop(lua) - n_args;
    lua_pushcfunction(lua, note_error);
    lua_insert(lua, base);
    int code = lua_pcall(lua, n_args, n_results, base);
    lua_remove(lua, base);
    rg_status status = RG_OK;
    if (code != LUA_OK) {
        if (code == LUA_ERRMEM)
            fail_for_memory(box);
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
    rg_sandbox *box = box_of(lua);
    box->left -= box->left < HOOK_EVERY ? box->left : HOOK_EVERY;
    box->spent = !box->left;
    if (box->spent)
        raise_spent(lua, box);
}

/* After a protected call of the script's own: limits are not the script's to catch. */
static void rethrow_limits(lua_State *lua, int code) {
    rg_sandbox *box = box_of(lua);
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

/* --- print and require ---------------------------------------------------------------------------
 */

static int collect_print(lua_State *lua) {
    rg_sandbox *box = box_of(lua);
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

static bool keep_file(rg_sandbox *box, const char *name, const char *text, size_t bytes) {
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
    rg_sandbox *box = box_of(lua);
    const char *path = NULL, *text = NULL;
    size_t bytes = 0;
    rg_err err = RG_ERR_INIT;
    if (find_module(box, name, &path, &text, &bytes, &err) != RG_OK)
        rg_sandbox_raise_err(lua, &err);
    const char *file = rg_arena_printf(box->arena, "%s.lua", name);
    if (!file || !keep_file(box, file, text, bytes))
        rg_sandbox_raise(lua, "write it as UTF-8 text", "the file %s cannot be kept", path);
    lua_pushfstring(lua, "@%s", path);
    if (luaL_loadbufferx(lua, text, bytes, lua_tostring(lua, -1), "t") != LUA_OK)
        rg_sandbox_raise(lua, "mend the module at the line named", "%s", lua_tostring(lua, -1));
    lua_remove(lua, -2);
    lua_call(lua, 0, 1);
}

static int require_module(lua_State *lua) {
    const char *name = luaL_checkstring(lua, 1);
    if (!is_module_name(name))
        rg_sandbox_raise(lua, "such as require \"shapes\"", "'%s' is no module's name", name);
    lua_getfield(lua, LUA_REGISTRYINDEX, LOADED);
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

/* --- life ----------------------------------------------------------------------------------------
 */

static int open_all(lua_State *lua) {
    rg_sandbox *box = lua_touserdata(lua, 1);
    rg_sandlib_open(lua, box->options.seed);
    lua_register(lua, "pcall", limited_pcall);
    lua_register(lua, "xpcall", limited_xpcall);
    lua_register(lua, "print", collect_print);
    lua_register(lua, "require", require_module);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LOADED);
    luaL_newmetatable(lua, ERROR_TYPE);
    lua_pushcfunction(lua, error_text);
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
    if (!keep_file(box, name, text, bytes))
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
