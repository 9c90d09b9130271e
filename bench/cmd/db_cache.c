/* db_cache.c: `railgauge db cache`: what railgauge keeps below its cache folder, by kind; cleared,
 * or cut down to a size. Everything there can be made again. */
#include <stdio.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/db.h"
#include "bench/core/cache.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"

static json_t *kind_of(json_t *kinds, const char *name) {
    json_t *kind = json_object_get(kinds, name);
    if (!kind) {
        kind = json_pack("{s:i, s:I}", "files", 0, "bytes", (json_int_t)0);
        json_object_set_new(kinds, name, kind);
    }
    return kind;
}

static json_t *sum_kinds(const rg_cache_list *list) {
    json_t *kinds = json_object();
    for (size_t i = 0; i < list->n; i++) {
        json_t *kind = kind_of(kinds, list->rows[i].kind);
        int64_t files = rg_json_get_int(kind, "files", 0) + 1;
        int64_t bytes = rg_json_get_int(kind, "bytes", 0) + list->rows[i].bytes;
        json_object_set_new(kind, "files", json_integer(files));
        json_object_set_new(kind, "bytes", json_integer(bytes));
    }
    return kinds;
}

static rg_status show(const rg_cache_list *list, bool json, rg_err *err) {
    const char *dir = list->dir;
    json_t *kinds = sum_kinds(list), *kind;
    const char *name;
    char size[32];
    rg_status status = RG_OK;
    if (json) {
        json_t *all = json_pack("{s:o, s:O, s:I}", "folder", rg_json_clean(dir), "kinds", kinds,
                                "bytes", (json_int_t)rg_cache_bytes(list));
        status = rg_print_json(all, err);
        json_decref(all);
        json_decref(kinds);
        return status;
    }
    json_object_foreach(kinds, name, kind) {
        rg_text_bytes((double)rg_json_get_int(kind, "bytes", 0), size, sizeof size);
        printf("%-12s %6lld files  %10s\n", name, (long long)rg_json_get_int(kind, "files", 0),
               size);
    }
    rg_text_bytes((double)rg_cache_bytes(list), size, sizeof size);
    printf("%-12s %6zu files  %10s  %s\n", "all", list->n, size, dir);
    json_decref(kinds);
    return status;
}

/* A kind is a folder's plain name: nothing outside the cache can be meant. */
static rg_status clear(rg_arena *arena, const char *dir, const char *kind, rg_err *err) {
    if (kind && (!*kind || strchr(kind, '/') || *kind == '.'))
        return rg_fail(err, RG_USAGE, "see `railgauge db cache`", "'%s' is no part of the cache",
                       kind);
    const char *path = kind ? rg_fs_join(arena, dir, kind) : dir;
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (kind && !rg_fs_is_dir(path))
        return rg_fail(err, RG_USAGE, "see `railgauge db cache`", "the cache has no part '%s'",
                       kind);
    return rg_fs_remove_tree(path, err);
}

static rg_status work(rg_arena *arena, const rg_db_call *call, rg_err *err) {
    rg_cache_list list;
    char *dir = NULL;
    int64_t limit = -1;
    rg_status status = rg_fs_cache_dir(arena, "", &dir, err);
    if (status == RG_OK && *call->options->limit)
        status = rg_cache_parse_size(call->options->limit, &limit, err);
    if (status == RG_OK && call->n_words && strcmp(call->words[0], "clear"))
        status = rg_fail(err, RG_USAGE, "railgauge db cache clear", "there is no `db cache %s`",
                         call->words[0]);
    if (status == RG_OK && call->n_words)
        status = clear(arena, dir, call->n_words > 1 ? call->words[1] : NULL, err);
    if (status == RG_OK)
        status = rg_cache_read(arena, &list, err);
    if (status != RG_OK)
        return status;
    if (limit >= 0)
        fprintf(stderr, "%zu files removed\n", rg_cache_trim(&list, limit, 0));
    return show(&list, call->options->json, err);
}

rg_status rg_db_cache(const rg_db_call *call, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_status status =
        arena ? work(arena, call, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_arena_free(arena);
    return status;
}
