/* run_request.c: requests from files and bundles. */
#include "bench/cmd/run_request.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/script.h"

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

static rg_status evaluate(const rg_args *args, rg_root *root, bool help, rg_script *ret_script,
                          rg_err *err) {
    const char *sets[RG_MAX_ARGS];
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "set"))
            sets[n++] = args->given[i].value;
    }
    rg_script_args how = {
        .path = args->words[0], .sets = sets, .n_sets = n, .root = root, .help = help};
    rg_status status = rg_script_evaluate(&how, ret_script, err);
    if (status == RG_OK && ret_script->printed)
        fputs(ret_script->printed, stderr);
    return status;
}

/* A required file "nets/tiny.lua" is kept as lib/nets/tiny.lua, where `require` finds it again when
 * the bundle's own scenario.lua is run. */
static char *kept_path(rg_arena *arena, const char *file) {
    return rg_arena_printf(arena, "lib/%s", file);
}

/* The scenario's text and the files it required, for the bundle. */
static rg_status keep_texts(const rg_script *script, rg_request *request, rg_err *err) {
    size_t n = json_array_size(script->files);
    const char *first = rg_json_get_text(json_array_get(script->files, 0), "text", "");
    rg_bundle_file *files = rg_arena_array(request->arena, n + 1, sizeof *files);
    request->text = rg_arena_strdup(request->arena, first);
    if (!files || !request->text)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 1; i < n; i++) {
        const json_t *row = json_array_get(script->files, i);
        const char *text = rg_json_get_text(row, "text", "");
        files[i - 1].path = kept_path(request->arena, rg_json_get_text(row, "name", ""));
        files[i - 1].bytes = strlen(text);
        files[i - 1].data = rg_arena_strdup(request->arena, text);
        if (!files[i - 1].path || !files[i - 1].data)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    request->files = files;
    request->n_files = n ? n - 1 : 0;
    return RG_OK;
}

rg_status rg_request_from_file(const rg_args *args, rg_root *root, rg_request *ret_request,
                               rg_err *err) {
    *ret_request = (rg_request){.arena = rg_arena_new(0)};
    if (!ret_request->arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (ends_in(args->words[0], ".json"))
        return read_json(args->words[0], ret_request, err);
    rg_script script = {0};
    rg_status status = evaluate(args, root, false, &script, err);
    if (status == RG_OK)
        status = keep_texts(&script, ret_request, err);
    if (status == RG_OK)
        ret_request->document = json_incref(script.request);
    rg_script_clear(&script);
    return status;
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

rg_status rg_request_help(const rg_args *args, rg_root *root, rg_err *err) {
    rg_script script = {0};
    if (ends_in(args->words[0], ".json"))
        return RG_OK;
    rg_status status = evaluate(args, root, true, &script, err);
    if (status == RG_OK) {
        printf("\n%s\n\n", args->words[0]);
        rg_script_print_help(&script, stdout);
    }
    rg_script_clear(&script);
    return status;
}

void rg_request_free(rg_request *request) {
    json_decref(request->document);
    rg_arena_free(request->arena);
    *request = (rg_request){0};
}

rg_status rg_request_same_scenario(const char *path, const char *bundle, rg_err *err) {
    enum { LIMIT_BYTES = 64 << 20 };
    rg_arena *arena = rg_arena_new(0);
    const char *kept_path = arena ? rg_fs_join(arena, bundle, "scenario.lua") : NULL;
    const char *named = NULL;
    char *kept = NULL;
    size_t n_named = 0, n_kept = 0;
    rg_status status = kept_path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && rg_fs_exists(path))
        status = rg_fs_read(arena, path, LIMIT_BYTES, (char **)&named, &n_named, err);
    else if (status == RG_OK) /* a shipped one, found in the program's own data */
        status = rg_data_read(arena, path, &named, &n_named, err);
    if (status == RG_OK)
        status = rg_fs_read(arena, kept_path, LIMIT_BYTES, &kept, &n_kept, err);
    if (status == RG_OK && (n_named != n_kept || memcmp(named, kept, n_kept)))
        status = rg_fail(err, RG_USAGE,
                         "leave the scenario out to go on, or leave out --resume to measure anew",
                         "%s is not the scenario that %s was made with", path, bundle);
    rg_arena_free(arena);
    return status;
}

static const char *model_at(size_t i, void *user) {
    (void)user;
    return rg_suite_models[i].name;
}

/* A slip in a suite model's name is the scenario's mistake, not a cell that fails later. */
rg_status rg_request_check_models(const rg_plan *plan, rg_err *err) {
    for (size_t i = 0; i < plan->n_cells; i++) {
        const rg_cell *cell = &plan->cells[i];
        const char *name = cell->source + strlen("suite:");
        if (strncmp(cell->source, "suite:", strlen("suite:")) ||
            rg_script_row_find(rg_suite_models, name))
            continue;
        const char *near = rg_text_nearest(name, model_at, NULL);
        char advice[160] = "see `railgauge list models`";
        if (near)
            snprintf(advice, sizeof advice, "did you mean '%s'?", near);
        return rg_fail(err, RG_USAGE, advice, "cell %zu (%s): the suite has no model '%s'", i + 1,
                       cell->name, name);
    }
    return RG_OK;
}

void rg_request_measure(rg_request *request, const char *key) {
    json_t *measure = json_object_get(request->document, "measure");
    if (!json_is_object(measure)) {
        measure = json_object();
        json_object_set_new(request->document, "measure", measure);
    }
    json_object_set_new(measure, key, json_true());
}
