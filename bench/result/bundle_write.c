/* bundle_write.c: creating, resuming and growing a bundle in an order that no crash can break:
 * content is synced before its name counts, names are synced before the call returns. Reading is
 * in bundle_read.c, the manifest in manifest.c. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/powerlog.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/record.h"
#include "bench/result/samples.h"
#include "rg_config.h"

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory writing the bundle");
}

/* --- bundle.json ---------------------------------------------------------------------------- */

static void utc(int64_t wall_ns, const char *format, char *ret, size_t cap) {
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || !strftime(ret, cap, format, &parts))
        snprintf(ret, cap, "no-time");
}

static json_t *file_facts(const void *data, size_t bytes) {
    char hash[RG_HASH_HEX];
    rg_hash_bytes(data, bytes, hash);
    return json_pack("{s:I, s:s}", "bytes", (json_int_t)bytes, "sha256", hash);
}

static json_t *scenario_facts(const rg_bundle_spec *spec) {
    const rg_plan *plan = spec->plan;
    json_t *files = json_object();
    for (size_t i = 0; i < spec->n_files; i++)
        json_object_set_new(files, spec->files[i].path,
                            file_facts(spec->files[i].data, spec->files[i].bytes));
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
        return no_memory(err);
    return s->sync_dir(s->user, parent) < 0 ? rg_storage_fail(err, "sync", parent) : RG_OK;
}

static rg_status make_dirs(const rg_storage *s, rg_arena *arena, const char *path, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 1; status == RG_OK && path[i - 1]; i++) {
        if ((path[i] != '/' && path[i]) || path[i - 1] == '/')
            continue;
        char *part = rg_arena_printf(arena, "%.*s", (int)i, path);
        status = part ? make_dir(s, arena, part, err) : no_memory(err);
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
            return no_memory(err);
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

static rg_status put_file(const rg_storage *s, rg_arena *arena, const char *dir, const char *name,
                          const void *data, size_t bytes, rg_err *err) {
    char *path = rg_fs_join(arena, dir, name);
    return path ? rg_storage_put(s, path, data, bytes, err) : no_memory(err);
}

/* A file that the scenario required, with its folders. */
static rg_status put_required(const rg_storage *s, rg_arena *arena, const char *dir,
                              const rg_bundle_file *file, rg_err *err) {
    char *path = rg_fs_join(arena, dir, file->path);
    char *folder = path ? parent_of(arena, path) : NULL;
    if (!folder)
        return no_memory(err);
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
    rg_status status = text && !body.failed
                           ? put_file(s, arena, dir, "bundle.json", body.data, body.bytes, err)
                           : rg_fail(err, RG_USAGE, "look for text that is not UTF-8",
                                     "the facts of the run cannot be written as JSON");
    free(text);
    rg_text_free(&body);
    if (status == RG_OK)
        status =
            put_file(s, arena, dir, "scenario.lua", spec->scenario, strlen(spec->scenario), err);
    for (size_t i = 0; status == RG_OK && i < spec->n_files; i++)
        status = put_required(s, arena, dir, &spec->files[i], err);
    char *rounds = rg_fs_join(arena, dir, "rounds");
    if (status == RG_OK)
        status = rounds ? make_dir(s, arena, rounds, err) : no_memory(err);
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

static rg_status lock(rg_bundle *bundle, rg_err *err) {
    if (flock(bundle->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return RG_OK; /* file systems without locks exist; nothing is lost but the guard */
    return rg_fail(err, RG_DENIED, "wait for it to end", "%s is being written by another process",
                   bundle->dir);
}

static rg_status open_to_write(const char *dir, const rg_storage *storage, rg_bundle **ret_bundle,
                               rg_err *err) {
    rg_bundle *bundle;
    rg_status status = rg_bundle_handle(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    bundle->storage = storage;
    status = lock(bundle, err);
    if (status == RG_OK)
        status = rg_bundle_load(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}

rg_status rg_bundle_create(const rg_bundle_spec *spec, rg_bundle **ret_bundle, rg_err *err) {
    const rg_storage *s = spec->storage ? spec->storage : &rg_storage_real;
    int64_t wall_ns = spec->wall_ns ? spec->wall_ns : rg_clock_wall_ns();
    rg_arena *arena = rg_arena_new(0);
    char *dir = NULL, *temporary = NULL, *parent = NULL;
    rg_status status = arena ? check_spec(spec, err) : no_memory(err);
    if (status == RG_OK)
        parent = spec->dir ? parent_of(arena, spec->dir) : rg_arena_strdup(arena, spec->out);
    if (status == RG_OK)
        status = parent ? make_dirs(s, arena, parent, err) : no_memory(err);
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
        status = open_to_write(dir, s, ret_bundle, err);
    rg_arena_free(arena);
    return status;
}

/* --- resuming ------------------------------------------------------------------------------- */

static bool has_key(const json_t *cells, const char *key) {
    size_t i;
    json_t *line;
    json_array_foreach(cells, i, line) {
        if (!strcmp(rg_json_get_text(line, "key", ""), key))
            return true;
    }
    return false;
}

/* Words for what tells two plans apart; the bundle's cells may not be written yet. */
static rg_status differs(const rg_bundle *bundle, const rg_plan *plan, rg_err *err) {
    const json_t *old = json_object_get(bundle->facts, "plan");
    const char *name = rg_json_get_text(json_object_get(bundle->facts, "scenario"), "name", "");
    int64_t rounds = rg_json_get_int(old, "rounds", 0), cells = rg_json_get_int(old, "cells", 0);
    rg_text words = {0};
    if (plan->name && strcmp(plan->name, name))
        rg_text_printf(&words, "the scenario was '%s', now '%s'; ", name, plan->name);
    if (cells != (int64_t)plan->n_cells)
        rg_text_printf(&words, "it had %lld cells, now %zu; ", (long long)cells, plan->n_cells);
    if (rounds != plan->rounds)
        rg_text_printf(&words, "it had %lld rounds, now %u; ", (long long)rounds,
                       (unsigned)plan->rounds);
    size_t fresh = 0;
    const char *first = "";
    for (size_t i = 0; bundle->cells && i < plan->n_cells; i++) {
        if (!has_key(bundle->cells, plan->cells[i].key) && !fresh++)
            first = plan->cells[i].name;
    }
    if (fresh)
        rg_text_printf(&words, "%zu cells are new, the first is %s; ", fresh, first);
    if (!words.bytes)
        rg_text_add(&words, "the order of its cells or what they measure changed; ");
    rg_status status =
        rg_fail(err, RG_INVALID,
                "resume with the scenario and the --set values of the first run (bundle.json, "
                "scenario.lua), or start a new bundle with --out",
                "%s was made by another plan: %splan hash %.8s, now %.8s", bundle->dir,
                words.data ? words.data : "", rg_bundle_plan_hash(bundle), plan->hash);
    rg_text_free(&words);
    return status;
}

/* Removes what a cut-off write left: rounds/NNNNN.tmp and temporary files at the top. */
static rg_status remove_leftovers(rg_bundle *bundle, rg_err *err) {
    static const char *const files[] = {"cells.jsonl.tmp", "records.jsonl.tmp",
                                        "MANIFEST.sha256.tmp"};
    rg_status status = rg_bundle_remove_part_rounds(bundle, err);
    for (size_t i = 0; status == RG_OK && i < sizeof files / sizeof files[0]; i++) {
        char *path = rg_bundle_path(bundle, files[i]);
        if (!path)
            return no_memory(err);
        if (rg_fs_exists(path) && bundle->storage->remove(bundle->storage->user, path) < 0)
            status = rg_storage_fail(err, "remove", path);
        free(path);
    }
    return status;
}

rg_status rg_bundle_resume(const char *dir, const rg_plan *plan, const rg_storage *storage,
                           rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_status status = open_to_write(dir, storage ? storage : &rg_storage_real, &bundle, err);
    if (status != RG_OK)
        return status;
    if (strcmp(rg_bundle_plan_hash(bundle), plan->hash))
        status = differs(bundle, plan, err);
    if (status == RG_OK)
        status = remove_leftovers(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}

/* --- growing -------------------------------------------------------------------------------- */

/* Every put starts here: a writer, and no manifest that the change would belie. */
static rg_status begin_put(rg_bundle *bundle, rg_err *err) {
    const rg_storage *s = bundle->storage;
    if (!s)
        return rg_fail(err, RG_USAGE, NULL, "%s was opened for reading", bundle->dir);
    if (!bundle->finished)
        return RG_OK;
    char *path = rg_bundle_path(bundle, "MANIFEST.sha256");
    if (!path)
        return no_memory(err);
    rg_status status = RG_OK;
    if (s->remove(s->user, path) < 0 || s->sync_dir(s->user, bundle->dir) < 0)
        status = rg_storage_fail(err, "remove", path);
    else
        bundle->finished = false;
    free(path);
    return status;
}

static rg_status put_lines(rg_bundle *bundle, const char *name, const json_t *list, rg_err *err) {
    rg_text text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        char *line = json_is_object(item) ? rg_json_text(item, 0) : NULL;
        if (!line) {
            rg_text_free(&text);
            return rg_fail(err, RG_USAGE, NULL, "line %zu of %s is no JSON object", i + 1, name);
        }
        rg_text_printf(&text, "%s\n", line);
        free(line);
    }
    char *path = rg_bundle_path(bundle, name);
    rg_status status = path && !text.failed
                           ? rg_storage_put_atomic(bundle->storage, bundle->dir, path,
                                                   text.data ? text.data : "", text.bytes, err)
                           : no_memory(err);
    free(path);
    rg_text_free(&text);
    return status;
}

rg_status rg_bundle_put_cells(rg_bundle *bundle, const json_t *cells, rg_err *err) {
    if (bundle->cells)
        return rg_fail(err, RG_USAGE, NULL, "the cells of %s are written already", bundle->dir);
    rg_status status = begin_put(bundle, err);
    if (status == RG_OK)
        status = put_lines(bundle, "cells.jsonl", cells, err);
    if (status == RG_OK && !(bundle->cells = json_deep_copy(cells)))
        status = no_memory(err);
    return status;
}

rg_status rg_bundle_put_records(rg_bundle *bundle, const json_t *records, rg_err *err) {
    json_t *copy = json_deep_copy(records);
    rg_status status = copy ? begin_put(bundle, err) : no_memory(err);
    if (status == RG_OK)
        status = put_lines(bundle, "records.jsonl", records, err);
    if (status != RG_OK) {
        json_decref(copy);
        return status;
    }
    json_decref(bundle->records);
    bundle->records = copy;
    return RG_OK;
}

/* --- rounds --------------------------------------------------------------------------------- */

/* Writes one raw file of the round and notes its size and hash. */
static rg_status put_raw(const rg_storage *s, rg_arena *arena, const char *dir, const char *name,
                         const void *data, size_t bytes, json_t *files, rg_err *err) {
    json_object_set_new(files, name, file_facts(data, bytes));
    return put_file(s, arena, dir, name, data, bytes, err);
}

static rg_status put_samples(const rg_storage *s, rg_arena *arena, const char *dir,
                             const rg_round *round, json_t *files, rg_err *err) {
    unsigned char *data = NULL;
    size_t bytes = 0;
    rg_status status = rg_samples_encode(round->samples, round->n_samples, &data, &bytes, err);
    if (status == RG_OK)
        status = put_raw(s, arena, dir, "samples.bin", data, bytes, files, err);
    free(data);
    return status;
}

static rg_status put_power(const rg_storage *s, rg_arena *arena, const char *dir,
                           const rg_round *round, json_t *files, rg_err *err) {
    rg_text text = {0};
    rg_status status =
        rg_powerlog_encode(round->rails, round->n_rails, round->power, round->n_power, &text, err);
    if (status == RG_OK)
        status = put_raw(s, arena, dir, "power.jsonl", text.data, text.bytes, files, err);
    rg_text_free(&text);
    return status;
}

static rg_status put_output(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, json_t *files, rg_err *err) {
    size_t bytes = round->output ? round->output_bytes : 0;
    if (bytes > RG_BUNDLE_OUTPUT_LIMIT)
        bytes = RG_BUNDLE_OUTPUT_LIMIT;
    return put_raw(s, arena, dir, "output.txt", bytes ? round->output : "", bytes, files, err);
}

static rg_status put_record(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, json_t *files, rg_err *err) {
    json_t *facts = json_copy(round->facts);
    if (facts)
        json_object_set(facts, "files", files);
    char *text = facts ? rg_json_text(facts, 2) : NULL;
    char *body = text ? rg_arena_printf(arena, "%s\n", text) : NULL;
    rg_status status =
        body ? put_file(s, arena, dir, "record.json", body, strlen(body), err) : no_memory(err);
    free(text);
    json_decref(facts);
    return status;
}

static rg_status fill_round(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, rg_err *err) {
    json_t *files = json_object();
    if (!files)
        return no_memory(err);
    rg_status status = put_samples(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_power(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_output(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_record(s, arena, dir, round, files, err);
    if (status == RG_OK && s->sync_dir(s->user, dir) < 0)
        status = rg_storage_fail(err, "sync", dir);
    json_decref(files);
    return status;
}

/* Under a temporary name first: the rename makes the round. */
static rg_status store_round(rg_bundle *bundle, rg_arena *arena, const rg_round *round,
                             rg_err *err) {
    const rg_storage *s = bundle->storage;
    char name[RG_BUNDLE_ROUND_NAME];
    rg_bundle_round_name(round->order, name);
    char *rounds = rg_fs_join(arena, bundle->dir, "rounds");
    char *final = rg_fs_join(arena, bundle->dir, name);
    char *part = rg_arena_printf(arena, "%s/%s.tmp", bundle->dir, name);
    if (!rounds || !final || !part)
        return no_memory(err);
    if (rg_fs_exists(part) && s->remove(s->user, part) < 0)
        return rg_storage_fail(err, "remove", part);
    if (s->make_dir(s->user, part) < 0)
        return rg_storage_fail(err, "create folder", part);
    rg_status status = fill_round(s, arena, part, round, err);
    if (status == RG_OK && s->rename(s->user, part, final) < 0)
        status = rg_storage_fail(err, "rename", part);
    if (status != RG_OK)
        s->remove(s->user, part);
    else if (s->sync_dir(s->user, rounds) < 0)
        status = rg_storage_fail(err, "sync", rounds);
    return status;
}

static rg_status check_round(const rg_bundle *bundle, const rg_round *round, rg_err *err) {
    rg_status status;
    if (round->order > RG_BUNDLE_MAX_ORDER)
        return rg_fail(err, RG_USAGE, "split the scenario", "a bundle holds %d rounds at most",
                       RG_BUNDLE_MAX_ORDER + 1);
    if (rg_bundle_has_round(bundle, round->order))
        return rg_fail(err, RG_USAGE, NULL, "round %u is stored already", (unsigned)round->order);
    if (!rg_json_get_text(round->facts, "cell", NULL) ||
        rg_json_get_int(round->facts, "round", -1) < 0 ||
        !rg_status_from_word(rg_json_get_text(round->facts, "status", ""), &status))
        return rg_fail(err, RG_USAGE, NULL, "the facts of round %u lack cell, round or status",
                       (unsigned)round->order);
    return RG_OK;
}

rg_status rg_bundle_put_round(rg_bundle *bundle, const rg_round *round, rg_err *err) {
    rg_status status = check_round(bundle, round, err);
    if (status == RG_OK)
        status = begin_put(bundle, err);
    rg_arena *arena = status == RG_OK ? rg_arena_new(0) : NULL;
    if (status == RG_OK)
        status = arena ? store_round(bundle, arena, round, err) : no_memory(err);
    rg_arena_free(arena);
    if (status == RG_OK)
        status = rg_bundle_add_round(bundle, round->order, err);
    else
        rg_err_prefix(err, "round %u", (unsigned)round->order);
    return status;
}
