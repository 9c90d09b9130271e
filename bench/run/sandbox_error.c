/* sandbox_error.c: what goes wrong in a script, told with file, line and callers, and what to try.
 * Neighbours: sandbox.c (the state and its limits), sandbox_load.c (print, require). */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/sandbox_priv.h"
#include "bench/run/sandlib.h"

enum { MAX_CALLERS = 4 };

/* What rg_sandbox_raise throws: seen by scripts as text, by us with its advice. */
typedef struct error_value {
    char what[640], advice[512];
} error_value;

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
    luaL_setmetatable(lua, RG_SANDBOX_ERROR);
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

int rg_sandbox_error_text(lua_State *lua) {
    const error_value *value = luaL_checkudata(lua, 1, RG_SANDBOX_ERROR);
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

void rg_sandbox_fail_for_memory(rg_sandbox *box) {
    size_t cap = box->options.memory_bytes;
    rg_fail(box->err, RG_USAGE, "build smaller tables and texts, or in pieces",
            "the script needs more than the %zu MiB of memory it may use", cap >> 20);
}

int rg_sandbox_note_error(lua_State *lua) {
    rg_sandbox *box = rg_sandbox_of(lua);
    const error_value *value = luaL_testudata(lua, 1, RG_SANDBOX_ERROR);
    char what[sizeof box->err->what];
    if (value) {
        snprintf(what, sizeof what, "%s", value->what);
    } else if (lua_type(lua, 1) == LUA_TTABLE && !luaL_getmetafield(lua, 1, "__tostring")) {
        snprintf(what, sizeof what, "the script raised a table as error");
    } else {
        snprintf(what, sizeof what, "%s", rg_sandlib_text(lua, 1, NULL));
    }
    if (box->out_of_memory || !strcmp(what, "not enough memory")) {
        rg_sandbox_fail_for_memory(box);
        return 1;
    }
    const char *advice = value ? value->advice : advice_for(what);
    add_callers(lua, what, sizeof what);
    rg_fail(box->err, RG_USAGE, advice, "%s", what);
    return 1;
}
