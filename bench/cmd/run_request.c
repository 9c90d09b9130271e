/* run_request.c: requests from files and bundles. */
#include "bench/cmd/run_request.h"

#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"

enum { MAX_DOCUMENT_BYTES = 64 << 20 };

static bool ends_in(const char *text, const char *tail) {
    size_t n = strlen(text), m = strlen(tail);
    return n >= m && !strcmp(text + n - m, tail);
}

static rg_status read_json(const char *path, rg_request *request, rg_err *err) {
    char *text;
    size_t bytes;
    rg_status status = rg_fs_read(request->arena, path, MAX_DOCUMENT_BYTES, &text, &bytes, err);
    if (status == RG_OK)
        status = rg_json_parse(text, bytes, path, &request->document, err);
    if (status == RG_OK)
        request->text = text;
    return status;
}

rg_status rg_request_from_file(const rg_args *args, rg_request *ret_request, rg_err *err) {
    *ret_request = (rg_request){.arena = rg_arena_new(0)};
    if (!ret_request->arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (ends_in(args->words[0], ".json"))
        return read_json(args->words[0], ret_request, err);
    return rg_fail(err, RG_UNSUPPORTED, "give a request document (.json)", "no Lua yet");
}

rg_status rg_request_from_bundle(const char *dir, rg_request *ret_request, const char **ret_only,
                                 rg_err *err) {
    rg_bundle *bundle = NULL;
    *ret_request = (rg_request){.arena = rg_arena_new(0)};
    if (!ret_request->arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_bundle_open(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    const json_t *facts = rg_bundle_facts(bundle);
    const char *only = rg_json_get_text(json_object_get(facts, "arguments"), "only", *ret_only);
    ret_request->document = json_deep_copy(json_object_get(facts, "request"));
    *ret_only = rg_arena_strdup(ret_request->arena, only);
    rg_bundle_close(bundle);
    if (!ret_request->document || !*ret_only)
        return rg_fail(err, RG_BAD_DATA, "run the scenario anew",
                       "%s does not hold the request it was made from", dir);
    return RG_OK;
}

rg_status rg_request_help(const rg_args *args, rg_err *err) {
    (void)args;
    (void)err;
    return RG_OK;
}

void rg_request_free(rg_request *request) {
    json_decref(request->document);
    rg_arena_free(request->arena);
    *request = (rg_request){0};
}
