/* manifest.c: see manifest.h. */
#include "bench/run/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "rg_config.h"

enum { MANIFEST_VERSION = 2, MOST_BYTES = 64 << 20 };

static const char manifest_name[] = "manifest.json";

rg_status rg_manifest_write(const char *folder, json_t *models, bool complete, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    json_t *all =
        json_pack("{s:i, s:s, s:s, s:b, s:O}", "manifest", (int)MANIFEST_VERSION, "program",
                  "railgauge", "version", RG_VERSION, "complete", (int)complete, "models", models);
    char *text = all ? rg_json_text(all, 2) : NULL;
    char *path = arena ? rg_fs_join(arena, folder, manifest_name) : NULL;
    rg_status status = text && path ? rg_fs_write_atomic(path, text, strlen(text), err)
                                    : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    free(text);
    json_decref(all);
    rg_arena_free(arena);
    return status;
}

/* --- making room ------------------------------------------------------------------------------ */

/* A name as this program writes it: below the folder, by a way without "..". */
static bool is_ours(const char *name) {
    return name[0] && name[0] != '/' && !strstr(name, "..");
}

/* Removes what the rows of a list name; a file that is gone already is fine. */
static rg_status remove_listed(rg_arena *arena, const char *folder, const json_t *rows,
                               rg_err *err) {
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *name = rg_json_get_text(json_array_get(rows, i), "file", "");
        const char *path = is_ours(name) ? rg_fs_join(arena, folder, name) : NULL;
        if (path && unlink(path) && errno != ENOENT && errno != ENOTDIR)
            return rg_fail(err, RG_IO, "another folder", "cannot remove %s of an older export: %s",
                           path, strerror(errno));
    }
    return RG_OK;
}

static rg_status remove_all(rg_arena *arena, const char *folder, const json_t *all, rg_err *err) {
    const json_t *models = json_object_get(all, "models");
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < json_array_size(models); i++) {
        const json_t *model = json_array_get(models, i);
        status = remove_listed(arena, folder, json_object_get(model, "files"), err);
        if (status == RG_OK)
            status = remove_listed(arena, folder, json_object_get(model, "input_set"), err);
    }
    return status;
}

/* The folder's manifest, a new reference; NULL where there is none that can be read. */
static json_t *read_manifest(rg_arena *arena, const char *folder) {
    char *path = rg_fs_join(arena, folder, manifest_name), *data = NULL;
    size_t bytes = 0;
    bool there = path && rg_fs_exists(path) &&
                 rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, NULL) == RG_OK;
    return there ? json_loadb(data, bytes, 0, NULL) : NULL;
}

rg_status rg_manifest_clear(const char *folder, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_join(arena, folder, manifest_name) : NULL;
    rg_status status = path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_t *all = path ? read_manifest(arena, folder) : NULL;
    bool ours = !strcmp(rg_json_get_text(all, "program", ""), "railgauge");
    if (status == RG_OK && ours)
        status = remove_all(arena, folder, all, err);
    if (status == RG_OK && ours)
        unlink(path);
    json_decref(all);
    rg_arena_free(arena);
    return status;
}

/* --- looking up ------------------------------------------------------------------------------- */

/* What a row must say, and which of its members is the way to the file that is wanted. */
typedef struct wanted {
    const char *hash_key, *hash;     /* "source_sha256" and its value */
    const char *form, *architecture; /* "" any */
    const char *path_key, *path_hash_key;
} wanted;

static bool fits(const json_t *row, const wanted *w) {
    const char *architecture = rg_json_get_text(row, "architecture", "");
    return !strcmp(rg_json_get_text(row, w->hash_key, ""), w->hash) &&
           (!*w->form || !strcmp(rg_json_get_text(row, "format", ""), w->form)) &&
           (!*w->architecture || !*architecture || !strcmp(architecture, w->architecture)) &&
           *rg_json_get_text(row, w->path_key, "");
}

static const json_t *find_row(const json_t *all, const wanted *w) {
    const json_t *models = json_object_get(all, "models");
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *files = json_object_get(json_array_get(models, i), "files");
        for (size_t k = 0; k < json_array_size(files); k++) {
            if (fits(json_array_get(files, k), w))
                return json_array_get(files, k);
        }
    }
    return NULL;
}

static rg_status check_file(const char *path, const char *sha256, rg_err *err) {
    char actual[RG_HASH_HEX];
    rg_status status = rg_hash_file(path, actual, err);
    if (status != RG_OK || !strcmp(actual, sha256))
        return status;
    return rg_fail(err, RG_INVALID, "compile the model again",
                   "%s is not the file that the manifest beside it pairs with its model", path);
}

static rg_status look_up(const char *folder, const wanted *w, rg_arena *arena,
                         const char **ret_path, rg_err *err) {
    json_t *all = read_manifest(arena, folder);
    const json_t *row = find_row(all, w);
    const char *name = row ? rg_json_get_text(row, w->path_key, "") : "";
    const char *path = !row           ? NULL
                       : *name == '/' ? rg_arena_strdup(arena, name)
                                      : rg_fs_join(arena, folder, name);
    rg_status status;
    if (!row)
        status = rg_fail(err, RG_ABSENT, "compile the model", "%s pairs nothing with it", folder);
    else if (!path)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    else
        status = check_file(path, rg_json_get_text(row, w->path_hash_key, ""), err);
    if (status == RG_OK)
        *ret_path = path;
    json_decref(all);
    return status;
}

rg_status rg_manifest_artefact(const char *folder, const char *source_sha256, const char *form,
                               const char *architecture, rg_arena *arena, const char **ret_path,
                               rg_err *err) {
    const wanted w = {"source_sha256", source_sha256, form, architecture, "file", "sha256"};
    return look_up(folder, &w, arena, ret_path, err);
}

rg_status rg_manifest_source(const char *folder, const char *artefact_sha256, rg_arena *arena,
                             const char **ret_path, rg_err *err) {
    const wanted w = {"sha256", artefact_sha256, "", "", "source", "source_sha256"};
    return look_up(folder, &w, arena, ret_path, err);
}
