/* script.c: finds a scenario's text, evaluates it in a child with the `rg` table, checks that every
 * --set was wanted, and hands back request, files and options. */
#include "bench/run/script.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/luajson.h"
#include "bench/run/rgmodule.h"
#include "bench/run/sandbox.h"

enum { MAX_SCRIPT_BYTES = 4 << 20 };

/* A scenario found: its text and where it stood. */
typedef struct source {
    const char *name, *text;
    size_t bytes;
    const char *folder; /* absolute; the current one for shipped scenarios */
    bool shipped;
} source;

typedef struct job {
    const source *from;
    rg_script_host host;
} job;

/* --- in the child
 * ---------------------------------------------------------------------------------- */

static const char *option_at(size_t i, void *user) {
    return rg_json_get_text(json_array_get((const json_t *)user, i), "name", NULL);
}

static rg_status unknown_set(const json_t *options, const char *key, rg_err *err) {
    char advice[512];
    size_t used = 0;
    const char *near = rg_text_nearest(key, option_at, (void *)options), *name;
    if (near)
        used = (size_t)snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    else
        used = (size_t)snprintf(advice, sizeof advice, "%s",
                                json_array_size(options) ? "its options:" : "it has none");
    for (size_t i = 0; !near && used < 400 && (name = option_at(i, (void *)options)); i++)
        used += (size_t)snprintf(advice + used, sizeof advice - used, " %s", name);
    return rg_fail(err, RG_USAGE, advice, "--set %s: the scenario has no option '%s'", key, key);
}

/* Every --set must be an option that the script declared. */
static rg_status check_sets(const rg_script_host *host, rg_err *err) {
    for (size_t i = 0; i < host->args->n_sets; i++) {
        const char *set = host->args->sets[i], *name;
        char key[128];
        bool known = false;
        snprintf(key, sizeof key, "%.*s", (int)strcspn(set, "="), set);
        for (size_t k = 0; !known && (name = option_at(k, host->options)); k++)
            known = !strcmp(name, key);
        if (!known)
            return unknown_set(host->options, key, err);
    }
    return RG_OK;
}

/* The script's value must be what rg.scenario returned; leaves it on the stack. */
static rg_status check_result(lua_State *lua, const char *name, rg_err *err) {
    int type = lua_getfield(lua, LUA_REGISTRYINDEX, "rg.scenario");
    bool same = type == LUA_TTABLE && lua_rawequal(lua, -1, -2);
    lua_pop(lua, 1);
    if (same)
        return RG_OK;
    return rg_fail(err, RG_USAGE, "end the script with: return rg.scenario { ... }",
                   type == LUA_TTABLE ? "%s does not return its scenario"
                                      : "%s never calls rg.scenario",
                   name);
}

static rg_status evaluate(rg_sandbox *box, void *user, json_t **ret_value, rg_err *err) {
    job *task = user;
    lua_State *lua = rg_sandbox_lua(box);
    json_t *request = NULL;
    rg_status status =
        rg_sandbox_run(box, task->from->name, task->from->text, task->from->bytes, 1, err);
    if (status == RG_OK)
        status = check_result(lua, task->from->name, err);
    if (status == RG_OK)
        status = rg_lua_to_json(lua, -1, "scenario", &request, err);
    if (status == RG_OK)
        status = check_sets(&task->host, err);
    *ret_value = json_pack("{s:O}", "options", task->host.options);
    if (status == RG_OK)
        json_object_set_new(*ret_value, "request", request);
    return status;
}

/* --- in the parent
 * --------------------------------------------------------------------------------- */

static const char *folder_of(rg_arena *arena, const char *path) {
    char real[PATH_MAX];
    if (!realpath(path, real))
        return NULL;
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    return rg_arena_strdup(arena, real);
}

typedef struct nearest {
    const char *wanted;
    char name[128];
    const char *list[512];
    size_t n;
    rg_arena *arena;
} nearest;

static void note_scenario(const char *relative, void *user) {
    nearest *all = user;
    const char *name = rg_arena_strdup(all->arena, relative + strlen("scenarios/"));
    if (name && all->n < sizeof all->list / sizeof all->list[0]) {
        *strrchr((char *)name, '.') = '\0';
        all->list[all->n++] = name;
    }
}

static rg_status no_scenario(rg_arena *arena, const char *path, rg_err *err) {
    nearest all = {.wanted = path, .arena = arena};
    char advice[256], base[128];
    const char *slash = strrchr(path, '/');
    snprintf(base, sizeof base, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(base, '.');
    if (dot)
        *dot = '\0';
    rg_data_list("scenarios", ".lua", note_scenario, &all);
    const char *near = rg_text_nearest_of(base, all.list, all.n);
    snprintf(advice, sizeof advice, "%s%s%s`railgauge list scenarios` shows those that are shipped",
             near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return rg_fail(err, RG_USAGE, advice, "there is no scenario %s", path);
}

/* A file first, then a shipped scenario by its path or bare name. */
static rg_status find(rg_arena *arena, const char *path, const char *current, source *ret,
                      rg_err *err) {
    ret->name = path;
    if (rg_fs_exists(path)) {
        ret->folder = folder_of(arena, path);
        ret->folder = ret->folder ? ret->folder : current;
        return rg_fs_read(arena, path, MAX_SCRIPT_BYTES, (char **)&ret->text, &ret->bytes, err);
    }
    const char *const tries[] = {path, rg_arena_printf(arena, "scenarios/%s", path),
                                 rg_arena_printf(arena, "scenarios/%s.lua", path)};
    for (size_t i = 0; i < 3; i++) {
        if (tries[i] && !strncmp(tries[i], "scenarios/", 10) &&
            rg_data_read(arena, tries[i], &ret->text, &ret->bytes, NULL) == RG_OK) {
            ret->name = tries[i];
            ret->folder = current;
            ret->shipped = true;
            return RG_OK;
        }
    }
    return no_scenario(arena, path, err);
}

static rg_status check_set_form(const rg_script_args *args, rg_err *err) {
    for (size_t i = 0; i < args->n_sets; i++) {
        const char *equals = strchr(args->sets[i], '=');
        if (!equals || equals == args->sets[i])
            return rg_fail(err, RG_USAGE, "write --set KEY=VALUE, such as --set target=cpu",
                           "--set '%s' has no value", args->sets[i]);
    }
    return RG_OK;
}

static void take(json_t *reply, rg_script *ret_script) {
    const json_t *value = json_object_get(reply, "value");
    *ret_script = (rg_script){.request = json_incref(json_object_get(value, "request")),
                              .files = json_incref(json_object_get(reply, "files")),
                              .options = json_incref(json_object_get(value, "options")),
                              .printed = strdup(rg_json_get_text(reply, "printed", ""))};
}

static rg_status run(const rg_script_args *args, const source *from, const char *current,
                     rg_arena *arena, rg_script *ret_script, rg_err *err) {
    static const char *const beside[] = {"scenarios/lib", "models/suite/lib", NULL};
    static const char *const shipped[] = {"scenarios", "scenarios/lib", "models/suite/lib", NULL};
    job task = {from, {args, arena, from->folder, current, json_array()}};
    rg_sandbox_options options = {.wall_ns = args->wall_ns,
                                  .seed = 1,
                                  .folder = from->shipped ? NULL : from->folder,
                                  .data_folders = from->shipped ? shipped : beside,
                                  .extend = rg_module_open,
                                  .user = &task.host};
    json_t *reply = NULL;
    rg_status status = task.host.options ? rg_lua_in_child(&options, evaluate, &task, &reply, err)
                                         : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool declared =
        json_array_size(json_object_get(json_object_get(reply, "value"), "options")) > 0;
    if (status == RG_USAGE && args->help && declared)
        status = RG_OK;
    if (status == RG_OK)
        take(reply, ret_script);
    json_decref(reply);
    json_decref(task.host.options);
    return status;
}

rg_status rg_script_evaluate(const rg_script_args *args, rg_script *ret_script, rg_err *err) {
    rg_status status = check_set_form(args, err);
    if (status != RG_OK)
        return status;
    rg_arena *arena = rg_arena_new(0);
    char current[PATH_MAX];
    if (!arena || !getcwd(current, sizeof current)) {
        rg_arena_free(arena);
        return rg_fail(err, RG_IO, "change to a folder that exists",
                       "the current directory cannot be read");
    }
    source from = {0};
    status = find(arena, args->path, current, &from, err);
    if (status == RG_OK)
        status = run(args, &from, current, arena, ret_script, err);
    rg_arena_free(arena);
    return status;
}

void rg_script_clear(rg_script *script) {
    json_decref(script->request);
    json_decref(script->files);
    json_decref(script->options);
    free(script->printed);
    *script = (rg_script){0};
}

/* --- help
 * ------------------------------------------------------------------------------------------ */

/* The comment lines at the start of the scenario, without their dashes. */
static void print_comment(const char *text, FILE *file) {
    while (!strncmp(text, "--", 2)) {
        text += 2;
        text += *text == ' ';
        int length = (int)strcspn(text, "\n");
        fprintf(file, "%.*s\n", length, text);
        text += length;
        text += *text == '\n';
    }
}

static void print_option(const json_t *row, FILE *file) {
    char left[128];
    size_t i;
    json_t *choice;
    snprintf(left, sizeof left, "%s=%s", rg_json_get_text(row, "name", ""),
             rg_json_get_text(row, "type", ""));
    fprintf(file, "  --set %-22s %s", left, rg_json_get_text(row, "help", ""));
    json_array_foreach(json_object_get(row, "choices"), i, choice) {
        fprintf(file, "%s%s", i ? ", " : ": ", json_string_value(choice));
    }
    const json_t *preset = json_object_get(row, "default");
    char *text = preset && !json_is_string(preset) ? rg_json_text(preset, 0) : NULL;
    if (preset)
        fprintf(file, " (default %s)", text ? text : json_string_value(preset));
    else
        fprintf(file, " (must be given)");
    fputc('\n', file);
    free(text);
}

void rg_script_print_help(const rg_script *script, FILE *file) {
    size_t i;
    json_t *row;
    print_comment(rg_json_get_text(json_array_get(script->files, 0), "text", ""), file);
    fprintf(file, "\n%s\n", json_array_size(script->options) ? "options:" : "no options");
    json_array_foreach(script->options, i, row) {
        print_option(row, file);
    }
}
