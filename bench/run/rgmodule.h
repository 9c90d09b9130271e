/* rgmodule.h: the `rg` table of scenarios, between script.c (which evaluates), rgmodule.c (values),
 * rgoption.c (options) and rgcells.c (matrix and scenario). Lives in the evaluating child only. */
#ifndef RG_RUN_RGMODULE_H
#define RG_RUN_RGMODULE_H

#include <jansson.h>
#include <lua.h>

#include "bench/core/arena.h"
#include "bench/run/schema.h"
#include "bench/run/script.h"

typedef struct rg_script_host {
    const rg_script_args *args;
    rg_arena *arena;
    const char *folder;  /* absolute folder of the script: literal paths start here */
    const char *current; /* current directory: paths in --set values start here */
    json_t *options;     /* rows as in rg_script.options */
} rg_script_host;

/* Registers the global `rg`. `user` of the sandbox is an rg_script_host. */
void rg_module_open(lua_State *lua, void *user);
rg_script_host *rg_module_host(lua_State *lua);

/* Raises for the first (in sorted order) key of the table at `index` that the schema lacks. Places
 * are allowed up to `n_places`. `also` is one more key, or NULL. */
void rg_module_check_keys(lua_State *lua, int index, const rg_schema *schema, int n_places,
                          const char *also);

/* Pushes {model = NAME} or {file = PATH} for a suite model's name or a file. */
void rg_module_push_model(lua_State *lua, const char *name);

/* `path` made absolute from `base`, in the host's arena; raises when memory ran out. */
const char *rg_module_path(lua_State *lua, const char *base, const char *path);

/* True for the name of a suite model of this build. */
bool rg_module_is_suite_model(const char *name);

/* Functions of the table. */
int rg_module_option(lua_State *lua);    /* rgoption.c */
int rg_module_opt_index(lua_State *lua); /* __index of rg.opt */
int rg_module_matrix(lua_State *lua);    /* rgcells.c */
int rg_module_zip(lua_State *lua);
int rg_module_scenario(lua_State *lua); /* rgscenario.c */

/* Declares the option at `name` with the table at `index` and pushes its value. */
void rg_module_declare(lua_State *lua, const char *name, int index);

/* Pushes the cell that was written at `index`: keys checked, model resolved, pattern and tier put
 * into the request's form. */
void rg_module_push_cell(lua_State *lua, int index);

/* target = {"pipe", command = {...}} in the cell at `to`: the word stays, the rest joins its
 * options. A plain word is left alone. */
void rg_module_put_target(lua_State *lua, int to);

/* Pushes the list of names and paths that "tiny,some.tflite,resnet-50" stands for; sets of the
 * suite become their models, other paths start at `base`. */
void rg_module_push_models(lua_State *lua, const char *text, const char *base);

/* Checks the tier at `index`, a name or a table. */
void rg_module_check_tier(lua_State *lua, int index);

/* True for a table whose keys are 1, 2, 3 ... only; empty tables count as lists. */
bool rg_module_is_list(lua_State *lua, int index);

#endif
