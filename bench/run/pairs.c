/* pairs.c: see pairs.h. The folders that were remembered stand in a file of the user's state, the
 * newest first. */
#include "bench/run/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/text.h"
#include "bench/run/manifest.h"

enum { MOST_FOLDERS = 64, MOST_REMEMBERED = 31, LIST_BYTES = 1 << 20 };

static const char folders_name[] = "artefact-folders";

typedef struct folders {
    const char *items[MOST_FOLDERS];
    size_t n;
} folders;

static void add_folder(folders *all, rg_arena *arena, const char *text, size_t n) {
    const char *folder =
        n && all->n < MOST_FOLDERS ? rg_arena_printf(arena, "%.*s", (int)n, text) : NULL;
    if (folder)
        all->items[all->n++] = folder;
}

static void add_list(folders *all, rg_arena *arena, const char *text, const char *between) {
    for (; text && *text; text += strcspn(text, between), text += *text != '\0')
        add_folder(all, arena, text, strcspn(text, between));
}

static char *remembered(rg_arena *arena) {
    const char *path = rg_fs_state_path(arena, folders_name);
    char *text = NULL;
    size_t bytes;
    bool there = path && rg_fs_exists(path);
    return there && rg_fs_read(arena, path, LIST_BYTES, &text, &bytes, NULL) == RG_OK ? text : NULL;
}

/* Where to look: the folder of the file, folders of the environment, remembered ones. */
static void find_folders(const char *file, rg_arena *arena, folders *ret) {
    const char *slash = strrchr(file, '/');
    *ret = (folders){.n = 0};
    if (slash)
        add_folder(ret, arena, file, (size_t)(slash - file) + (slash == file));
    else
        add_folder(ret, arena, ".", 1);
    add_list(ret, arena, getenv(RG_PAIRS_VARIABLE), ":");
    add_list(ret, arena, remembered(arena), "\n");
}

/* --- looking up ------------------------------------------------------------------------------- */

/* A pair that was broken is told when no whole one is found. */
static bool keep_worst(rg_status status, const rg_err *why, rg_status *worst, rg_err *err) {
    if (status != RG_ABSENT && *worst == RG_ABSENT) {
        *worst = status;
        if (err)
            *err = *why;
    }
    return status == RG_OK;
}

rg_status rg_pairs_artefact(const rg_workload *source, const char *form, const char *architecture,
                            rg_arena *arena, const char **ret_path, char ret_sha256[RG_HASH_HEX],
                            rg_err *err) {
    folders all;
    rg_status worst = RG_ABSENT;
    find_folders(source->path, arena, &all);
    for (size_t i = 0; i < all.n; i++) {
        rg_err why = RG_ERR_INIT;
        rg_status status = rg_manifest_artefact(all.items[i], source->sha256, form, architecture,
                                                arena, ret_path, &why);
        if (keep_worst(status, &why, &worst, err))
            return rg_hash_file(*ret_path, ret_sha256, err);
    }
    return worst;
}

rg_status rg_pairs_source(const char *artefact, rg_arena *arena, const char **ret_path,
                          rg_err *err) {
    folders all;
    char sha256[RG_HASH_HEX];
    rg_status worst = rg_hash_file(artefact, sha256, err);
    if (worst != RG_OK)
        return worst;
    worst = RG_ABSENT;
    find_folders(artefact, arena, &all);
    for (size_t i = 0; i < all.n; i++) {
        rg_err why = RG_ERR_INIT;
        rg_status status = rg_manifest_source(all.items[i], sha256, arena, ret_path, &why);
        if (keep_worst(status, &why, &worst, err))
            return RG_OK;
    }
    return worst;
}

/* --- remembering ------------------------------------------------------------------------------ */

/* The folder first, then the others that were remembered, as lines. */
static bool list_with(rg_arena *arena, const char *folder, rg_text *text) {
    folders all = {.n = 0};
    add_list(&all, arena, remembered(arena), "\n");
    rg_text_printf(text, "%s\n", folder);
    for (size_t i = 0; i < all.n && i < MOST_REMEMBERED; i++) {
        if (strcmp(all.items[i], folder))
            rg_text_printf(text, "%s\n", all.items[i]);
    }
    return !text->failed;
}

static rg_status write_list(rg_arena *arena, const rg_text *text, rg_err *err) {
    const char *path = rg_fs_state_path(arena, folders_name);
    char *dir = path ? rg_arena_strdup(arena, path) : NULL;
    if (!dir)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *strrchr(dir, '/') = '\0';
    rg_status status = rg_fs_mkdirs(dir, err);
    return status == RG_OK ? rg_fs_write_atomic(path, text->data, text->bytes, err) : status;
}

rg_status rg_pairs_remember(const char *folder, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *whole = realpath(folder, NULL);
    rg_text text = {0};
    rg_status status = arena && list_with(arena, whole ? whole : folder, &text)
                           ? write_list(arena, &text, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_text_free(&text);
    free(whole);
    rg_arena_free(arena);
    return status;
}
