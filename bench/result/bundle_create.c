/* bundle_create.c: a new bundle under a name that nobody has: bundle.json, the scenario and what it
 * required, complete under a temporary name before the rename. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/record.h"
#include "rg_config.h"

/* --- bundle.json ---------------------------------------------------------------------------- */

static void utc(int64_t wall_ns, const char *format, char *ret, size_t cap) {
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || !strftime(ret, cap, format, &parts))
        snprintf(ret, cap, "no-time");
}

static json_t *scenario_facts(const rg_bundle_spec *spec) {
    const rg_plan *plan = spec->plan;
    json_t *files = json_object();
    for (size_t i = 0; i < spec->n_files; i++)
        json_object_set_new(files, spec->files[i].path,
                            rg_bundle_file_facts(spec->files[i].data, spec->files[i].bytes));
    char hash[RG_HASH_HEX];
    rg_hash_bytes(spec->scenario, strlen(spec->scenario), hash);
    return json_pack("{s:s, s:s, s:s, s:o}", "name", plan->name ? plan->name : "", "summary",
                     plan->summary ? plan->summary : "", "sha256", hash, "files", files);
}

static json_t *bundle_facts(const rg_bundle_spec *spec, int64_t wall_ns) {
    const rg_plan *plan = spec->plan;
    char created[32], seed[24];
    utc(wall_ns, "%Y-%m-%dT%H:%M:%SZ", created, sizeof created);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)plan->seed);
    json_t *facts = json_pack(
        "{s:i, s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:{s:s, s:I, s:I, s:b, s:s}, s:O?, s:O?}",
        "schema", RG_SCHEMA_VERSION, "needs", RG_VERSION, "program", "name", "railgauge", "version",
        RG_VERSION, "build", RG_BUILD, "created", created, "scenario", scenario_facts(spec), "plan",
        "hash", plan->hash, "cells", (json_int_t)plan->n_cells, "rounds", (json_int_t)plan->rounds,
        "power", plan->power, "seed", seed, "request", plan->request, "gate", plan->gate);
    if (facts && spec->facts && json_object_update_missing(facts, (json_t *)spec->facts) < 0) {
        json_decref(facts);
        facts = NULL;
    }
    return facts;
}

/* --- creation ------------------------------------------------------------------------------- */

/* Length of the part of `path` before its last name, without the slash; 0: none. */
static size_t parent_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

static char *parent_of(rg_arena *arena, const char *path) {
    size_t n = parent_length(path);
    return n ? rg_arena_printf(arena, "%.*s", (int)n, path)
             : rg_arena_strdup(arena, path[0] == '/' ? "/" : ".");
}

/* One folder, durable; an existing one is fine. */
static rg_status make_dir(const rg_storage *s, rg_arena *arena, const char *path, rg_err *err) {
    if (rg_fs_is_dir(path))
        return RG_OK;
    if (s->make_dir(s->user, path) < 0)
        return errno == EEXIST && rg_fs_is_dir(path) ? RG_OK
                                                     : rg_storage_fail(err, "create folder", path);
    char *parent = parent_of(arena, path);
    if (!parent)
        return rg_bundle_no_memory(err);
    return s->sync_dir(s->user, parent) < 0 ? rg_storage_fail(err, "sync", parent) : RG_OK;
}

static rg_status make_dirs(const rg_storage *s, rg_arena *arena, const char *path, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 1; status == RG_OK && path[i - 1]; i++) {
        if ((path[i] != '/' && path[i]) || path[i - 1] == '/')
            continue;
        char *part = rg_arena_printf(arena, "%.*s", (int)i, path);
        status = part ? make_dir(s, arena, part, err) : rg_bundle_no_memory(err);
    }
    return status;
}

/* OUT/<scenario>-<UTC>-<plan hash>, then with -2, -3 ... */
static char *candidate(rg_arena *arena, const rg_bundle_spec *spec, int64_t wall_ns, int attempt) {
    char name[65], stamp[32], suffix[16] = "";
    snprintf(name, sizeof name, "%s",
             spec->plan->name && *spec->plan->name ? spec->plan->name : "run");
    for (char *p = name; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')) &&
            !strchr("._-", *p))
            *p = '-';
    }
    if (name[0] == '.' || name[0] == '-')
        name[0] = '_';
    utc(wall_ns, "%Y%m%dT%H%M%SZ", stamp, sizeof stamp);
    if (attempt > 1)
        snprintf(suffix, sizeof suffix, "-%d", attempt);
    char *leaf = rg_arena_printf(arena, "%s-%s-%.8s%s", name, stamp, spec->plan->hash, suffix);
    return leaf ? rg_fs_join(arena, spec->out, leaf) : NULL;
}

/* Reserves a name that nobody has, by creating its temporary folder. */
static rg_status reserve(const rg_bundle_spec *spec, const rg_storage *s, int64_t wall_ns,
                         rg_arena *arena, char **ret_dir, char **ret_temporary, rg_err *err) {
    for (int attempt = 1; attempt <= 1000; attempt++) {
        char *dir = spec->dir ? rg_arena_strdup(arena, spec->dir)
                              : candidate(arena, spec, wall_ns, attempt);
        char *temporary = dir ? rg_arena_printf(arena, "%s.tmp", dir) : NULL;
        if (!temporary)
            return rg_bundle_no_memory(err);
        if (spec->dir && !rg_fs_exists(dir) && rg_fs_exists(temporary))
            s->remove(s->user, temporary); /* the leftover of a crash stands in nobody's way */
        bool made = s->make_dir(s->user, temporary) == 0;
        if (!made && errno != EEXIST)
            return rg_storage_fail(err, "create folder", temporary);
        if (made && !rg_fs_exists(dir)) {
            *ret_dir = dir;
            *ret_temporary = temporary;
            return RG_OK;
        }
        if (made)
            s->remove(s->user, temporary);
        if (spec->dir)
            break;
    }
    return rg_fail(err, RG_USAGE, "choose another folder, or continue it with --resume",
                   "%s exists already", spec->dir ? spec->dir : spec->out);
}

/* A file that the scenario required, with its folders. */
static rg_status put_required(const rg_storage *s, rg_arena *arena, const char *dir,
                              const rg_bundle_file *file, rg_err *err) {
    char *path = rg_fs_join(arena, dir, file->path);
    char *folder = path ? parent_of(arena, path) : NULL;
    if (!folder)
        return rg_bundle_no_memory(err);
    rg_status status = make_dirs(s, arena, folder, err);
    if (status == RG_OK)
        status = rg_storage_put(s, path, file->data, file->bytes, err);
    if (status == RG_OK && s->sync_dir(s->user, folder) < 0)
        status = rg_storage_fail(err, "sync", folder);
    return status;
}

static rg_status fill_new(const rg_bundle_spec *spec, const rg_storage *s, int64_t wall_ns,
                          rg_arena *arena, const char *dir, rg_err *err) {
    json_t *facts = bundle_facts(spec, wall_ns);
    char *text = facts ? rg_json_text(facts, 2) : NULL;
    json_decref(facts);
    rg_text body = {0};
    rg_text_printf(&body, "%s\n", text ? text : "");
    rg_status status =
        text && !body.failed
            ? rg_bundle_put_file(s, arena, dir, "bundle.json", body.data, body.bytes, err)
            : rg_fail(err, RG_USAGE, "look for text that is not UTF-8",
                      "the facts of the run cannot be written as JSON");
    free(text);
    rg_text_free(&body);
    if (status == RG_OK)
        status = rg_bundle_put_file(s, arena, dir, "scenario.lua", spec->scenario,
                                    strlen(spec->scenario), err);
    for (size_t i = 0; status == RG_OK && i < spec->n_files; i++)
        status = put_required(s, arena, dir, &spec->files[i], err);
    char *rounds = rg_fs_join(arena, dir, "rounds");
    if (status == RG_OK)
        status = rounds ? make_dir(s, arena, rounds, err) : rg_bundle_no_memory(err);
    if (status == RG_OK && s->sync_dir(s->user, dir) < 0)
        status = rg_storage_fail(err, "sync", dir);
    return status;
}

static rg_status check_spec(const rg_bundle_spec *spec, rg_err *err) {
    static const char *const taken[] = {"bundle.json",   "scenario.lua",    "cells.jsonl",
                                        "records.jsonl", "MANIFEST.sha256", "MANIFEST.sig"};
    if (!spec->plan || !spec->scenario || (!spec->dir && !spec->out) ||
        strlen(spec->plan->hash) != RG_HASH_HEX - 1)
        return rg_fail(err, RG_USAGE, NULL, "a bundle needs a plan, a scenario and a folder");
    for (size_t i = 0; i < spec->n_files; i++) {
        const char *path = spec->files[i].path;
        bool bad = !rg_bundle_path_plain(path) || !strncmp(path, "rounds", 6);
        for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++)
            bad |= !strcmp(path, taken[k]);
        if (bad)
            return rg_fail(err, RG_USAGE, "name it with plain letters, digits, '.', '_' and '-'",
                           "a bundle cannot hold a required file named '%s'", path);
    }
    return RG_OK;
}

rg_status rg_bundle_create(const rg_bundle_spec *spec, rg_bundle **ret_bundle, rg_err *err) {
    const rg_storage *s = spec->storage ? spec->storage : &rg_storage_real;
    int64_t wall_ns = spec->wall_ns ? spec->wall_ns : rg_clock_wall_ns();
    rg_arena *arena = rg_arena_new(0);
    char *dir = NULL, *temporary = NULL, *parent = NULL;
    rg_status status = arena ? check_spec(spec, err) : rg_bundle_no_memory(err);
    if (status == RG_OK)
        parent = spec->dir ? parent_of(arena, spec->dir) : rg_arena_strdup(arena, spec->out);
    if (status == RG_OK)
        status = parent ? make_dirs(s, arena, parent, err) : rg_bundle_no_memory(err);
    if (status == RG_OK)
        status = reserve(spec, s, wall_ns, arena, &dir, &temporary, err);
    if (status == RG_OK) {
        status = fill_new(spec, s, wall_ns, arena, temporary, err);
        if (status == RG_OK && s->rename(s->user, temporary, dir) < 0)
            status = rg_storage_fail(err, "rename", dir);
        if (status != RG_OK)
            s->remove(s->user, temporary);
        else if (s->sync_dir(s->user, parent) < 0)
            status = rg_storage_fail(err, "sync", parent);
    }
    if (status == RG_OK)
        status = rg_bundle_open_to_write(dir, s, ret_bundle, err);
    rg_arena_free(arena);
    return status;
}
