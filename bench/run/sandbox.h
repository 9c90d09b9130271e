/* sandbox.h: Lua for people's scripts: closed, bounded, and the same on every run. Scripts see
 * base (without load, dofile, loadfile), table, string, math, utf8 and `require`; `pairs` and
 * `next` go in sorted order (numbers, then strings), `table.sort` is stable, `math.random` is
 * seeded, and no text ever holds an address. Bytecode is refused. Memory and instructions are
 * capped; what escapes an instruction count (pattern matching) ends by the wall clock of
 * rg_lua_in_child. Neighbours: sandlib.c (the replaced functions), luajson.h (values in and out),
 * script.c. */
#ifndef RG_RUN_SANDBOX_H
#define RG_RUN_SANDBOX_H

#include <jansson.h>
#include <lua.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

typedef struct rg_sandbox rg_sandbox;

/* What a sandbox may use; zero-initialise and set what differs. */
typedef struct rg_sandbox_options {
    size_t memory_bytes;   /* of the Lua heap; 0: 256 MiB */
    uint64_t instructions; /* of the Lua machine; 0: 200 million */
    int64_t wall_ns;       /* rg_lua_in_child only; 0: 10 s */
    uint64_t seed;         /* of math.random */
    const char *folder;    /* where `require` looks first, a path; NULL: nowhere */
    /* where it looks next, by rg_data_read ("scenarios/lib"); NULL-ended; NULL: nowhere */
    const char *const *data_folders;
    /* Adds functions of the caller to the globals (NULL: none). Runs unprotected by limits. */
    void (*extend)(lua_State *lua, void *user);
    void *user;
} rg_sandbox_options;

/* A fresh state; texts in `options` must outlive it. */
rg_status rg_sandbox_new(const rg_sandbox_options *options, rg_sandbox **ret_box, rg_err *err);
void rg_sandbox_free(rg_sandbox *box); /* accepts NULL */

lua_State *rg_sandbox_lua(rg_sandbox *box);
void *rg_sandbox_user(lua_State *lua); /* `user` of the options, for functions called from Lua */

/* Runs a chunk of text and leaves its `n_results` results on the stack. `name` is what messages
 * call it, usually the path. The text is kept in the list of files. RG_USAGE for everything that
 * a script can do wrong, with file, line and the calls that led there. */
rg_status rg_sandbox_run(rg_sandbox *box, const char *name, const char *text, size_t bytes,
                         int n_results, rg_err *err);

/* Calls the function below `n_args` arguments on the stack, as lua_call, with the same errors. */
rg_status rg_sandbox_call(rg_sandbox *box, int n_args, int n_results, rg_err *err);

/* Runs `body` (a C function that gets `user` as light userdata argument 1) in protected mode, so
 * that it may use any Lua call; leaves nothing on the stack. */
rg_status rg_sandbox_protect(rg_sandbox *box, lua_CFunction body, void *user, rg_err *err);

/* For functions called from Lua: raises an error with file and line of the script's call and
 * something to try (NULL: nothing). Never returns. */
int rg_sandbox_raise(lua_State *lua, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

/* Raises an rg_err that a C function got, in the same way. */
int rg_sandbox_raise_err(lua_State *lua, const rg_err *err) __attribute__((noreturn));

/* Files run or required so far: [{"name", "text"}], borrowed. */
const json_t *rg_sandbox_files(const rg_sandbox *box);

/* What `print` wrote, at most 64 KiB, NUL-terminated, "" when nothing. Borrowed. */
const char *rg_sandbox_printed(const rg_sandbox *box);

/* The work done in a child by rg_lua_in_child: fills `*ret_value` (a new reference). */
typedef rg_status (*rg_lua_job)(rg_sandbox *box, void *user, json_t **ret_value, rg_err *err);

/* Forks, makes a sandbox, runs `job` in it and brings back {"value", "files", "printed"} (a new
 * reference). The child is killed when wall_ns have passed (RG_USAGE: the script never ended). On
 * failure `*ret_reply` still gets what the child could say ("value" may be missing), or NULL. */
rg_status rg_lua_in_child(const rg_sandbox_options *options, rg_lua_job job, void *user,
                          json_t **ret_reply, rg_err *err);

#endif
