/* script.h: from a scenario file to its request. One call evaluates the Lua in a bounded child and
 * brings back the request (docs/request.md), the files it read and the options it declares.
 * Neighbours: sandbox.h (the bounded Lua), rgmodule.h (what scripts call), request.h (the plan). */
#ifndef RG_RUN_SCRIPT_H
#define RG_RUN_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

typedef struct rg_script_args {
    const char *path;        /* a file, or the name of a shipped scenario ("first-light") */
    const char *const *sets; /* "key=value" as given by --set, in order; later ones win */
    size_t n_sets;
    rg_root *root;   /* the machine that rg.board tells of; NULL: this one */
    bool help;       /* only options and summary are wanted: missing options are no error */
    int64_t wall_ns; /* limit of the evaluation; 0: 10 s */
} rg_script_args;

typedef struct rg_script {
    json_t *request; /* for rg_plan_build; NULL after a help run that could not finish */
    json_t *files;   /* [{"name", "text"}]: the scenario first, then what it required, by module */
    /* [{"name", "type", "help", "default", "choices", "value", "given"}] in order of declaration;
     * "default" is absent for options that must be given */
    json_t *options;
    char *printed; /* what the script printed; words for stderr */
} rg_script;

/* Evaluates a scenario. RG_USAGE for all that the script or --set can get wrong, with file and
 * line; RG_IO when the file cannot be read. Clear `ret_script` after RG_OK. */
rg_status rg_script_evaluate(const rg_script_args *args, rg_script *ret_script, rg_err *err);
void rg_script_clear(rg_script *script);

/* What `run X.lua --help` says: the scenario's opening comment and its options. */
void rg_script_print_help(const rg_script *script, FILE *file);

#endif
