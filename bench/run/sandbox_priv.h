/* sandbox_priv.h: what sandbox.c, sandbox_error.c and sandbox_load.c share of a sandbox. */
#ifndef RG_RUN_SANDBOX_PRIV_H
#define RG_RUN_SANDBOX_PRIV_H

#include <stdbool.h>

#include "bench/core/arena.h"
#include "bench/core/text.h"
#include "bench/run/sandbox.h"

#define RG_SANDBOX_ERROR "rg.error"   /* type of the values that rg_sandbox_raise throws */
#define RG_SANDBOX_LOADED "rg.loaded" /* registry: modules by name; false while in progress */

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

rg_sandbox *rg_sandbox_of(lua_State *lua);

/* Message handler of protected calls: turns whatever was thrown into the caller's rg_err while the
 * stack still shows where. */
int rg_sandbox_note_error(lua_State *lua);

/* The caller's rg_err says that the memory cap was hit. */
void rg_sandbox_fail_for_memory(rg_sandbox *box);

/* __tostring of what rg_sandbox_raise throws. */
int rg_sandbox_error_text(lua_State *lua);

/* Notes the text of a file that was run or required; false when it is no text. */
bool rg_sandbox_keep_file(rg_sandbox *box, const char *name, const char *text, size_t bytes);

/* The scripts' print and require. */
int rg_sandbox_print(lua_State *lua);
int rg_sandbox_require(lua_State *lua);

#endif
