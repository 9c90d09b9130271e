/* manifest.c: see manifest.h. */
#include "bench/run/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"
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

rg_status rg_manifest_clear(const char *folder, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_join(arena, folder, manifest_name) : NULL, *data = NULL;
    size_t bytes = 0;
    rg_status status = path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool there = path && rg_fs_exists(path) &&
                 rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, NULL) == RG_OK;
    json_t *all = there ? json_loadb(data, bytes, 0, NULL) : NULL;
    bool ours = !strcmp(rg_json_get_text(all, "program", ""), "railgauge");
    if (status == RG_OK && ours)
        status = remove_all(arena, folder, all, err);
    if (status == RG_OK && ours)
        unlink(path);
    json_decref(all);
    rg_arena_free(arena);
    return status;
}
