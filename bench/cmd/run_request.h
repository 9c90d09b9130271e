/* run_request.h: where a run's request comes from: a scenario in Lua, a request document in JSON,
 * or the bundle that is resumed. Used by run.c. */
#ifndef RG_CMD_RUN_REQUEST_H
#define RG_CMD_RUN_REQUEST_H

#include <jansson.h>

#include "bench/cmd/args.h"
#include "bench/core/arena.h"
#include "bench/result/bundle.h"

typedef struct rg_request {
    rg_arena *arena;
    json_t *document;
    const char *text; /* of the scenario, for the bundle */
    const rg_bundle_file *files;
    size_t n_files;
} rg_request;

/* From args->words[0] with the --set options of args->given; what the script printed goes to
 * stderr. A ".json" file is a request document as a scenario would return it. */
rg_status rg_request_from_file(const rg_args *args, rg_root *root, rg_request *ret_request,
                               rg_err *err);

/* From a bundle that is to be resumed; `ret_only` gets its --only (in the request's arena). */
rg_status rg_request_from_bundle(const char *dir, rg_request *ret_request, const char **ret_only,
                                 rg_err *err);

/* Prints the scenario's own summary and options to stdout. */
rg_status rg_request_help(const rg_args *args, rg_root *root, rg_err *err);

void rg_request_free(rg_request *request); /* accepts all-zero */

/* With a scenario named beside --resume: RG_OK when it is the text that the bundle holds, else
 * RG_USAGE, since the bundle would go on with its own. RG_IO and RG_ABSENT when either cannot be
 * read. */
rg_status rg_request_same_scenario(const char *path, const char *bundle, rg_err *err);

/* A slip in a suite model's name is the scenario's mistake, not a cell that fails later: RG_USAGE
 * with the nearest name. */
rg_status rg_request_check_models(const rg_plan *plan, rg_err *err);

/* Adds `measure.KEY = true` to the request. */
void rg_request_measure(rg_request *request, const char *key);

#endif
