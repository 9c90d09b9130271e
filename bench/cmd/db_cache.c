/* db_cache.c: `railgauge db cache`: what railgauge keeps below its cache folder, by kind; cleared,
 * or cut down to a size. Everything there can be made again. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cmd/args.h"
#include "bench/cmd/db.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"

/* A file of the cache. */
typedef struct entry {
    const char *path, *kind; /* of its first folder: models, peaks, reference ... */
    int64_t bytes, changed_s;
} entry;

typedef struct entries {
    rg_arena *arena;
    entry *rows;
    size_t n, cap;
    bool failed;
} entries;

static void add(entries *list, const char *path, const char *kind, const struct stat *info) {
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        entry *rows = rg_arena_array(list->arena, cap, sizeof *rows);
        if (rows && list->n)
            memcpy(rows, list->rows, list->n * sizeof *rows);
        if (!rows) {
            list->failed = true;
            return;
        }
        list->rows = rows;
        list->cap = cap;
    }
    list->rows[list->n++] =
        (entry){path, kind, (int64_t)info->st_size, (int64_t)info->st_mtim.tv_sec};
}

/* Regular files below a folder, links left alone; `kind` NULL: the folder is the cache's own. */
static void walk(entries *list, const char *dir, const char *kind, int depth) {
    DIR *open = depth < 16 ? opendir(dir) : NULL;
    for (struct dirent *item; open && !list->failed && (item = readdir(open));) {
        struct stat info;
        char *path = rg_fs_join(list->arena, dir, item->d_name);
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
            continue;
        if (!path || lstat(path, &info) < 0)
            continue;
        const char *name = kind ? kind : rg_arena_strdup(list->arena, item->d_name);
        if (S_ISDIR(info.st_mode) && name)
            walk(list, path, name, depth + 1);
        else if (S_ISREG(info.st_mode) && name)
            add(list, path, kind ? kind : "", &info);
    }
    if (open)
        closedir(open);
}

static int by_age(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->changed_s != y->changed_s)
        return x->changed_s < y->changed_s ? -1 : 1;
    return strcmp(x->path, y->path);
}

static int64_t total(const entries *list) {
    int64_t bytes = 0;
    for (size_t i = 0; i < list->n; i++)
        bytes += list->rows[i].bytes;
    return bytes;
}

/* Removes the oldest files until the rest is within the limit; how many went. */
static size_t trim(entries *list, int64_t limit) {
    int64_t bytes = total(list);
    size_t gone = 0;
    if (list->n)
        qsort(list->rows, list->n, sizeof *list->rows, by_age);
    while (gone < list->n && bytes > limit) {
        bytes -= list->rows[gone].bytes;
        remove(list->rows[gone++].path);
    }
    list->rows += gone;
    list->n -= gone;
    return gone;
}

/* "500MB", "2GiB", "1000": bytes. Powers of ten without the i. */
static rg_status parse_size(const char *word, int64_t *ret_bytes, rg_err *err) {
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1},     {"B", 1},      {"kB", 1e3},      {"MB", 1e6},
                 {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
    char *end;
    double value = strtod(word, &end);
    for (size_t i = 0; end != word && i < sizeof units / sizeof units[0]; i++) {
        if (!strcmp(end, units[i].unit) && value >= 0 && value * units[i].factor < 9e18) {
            *ret_bytes = (int64_t)(value * units[i].factor);
            return RG_OK;
        }
    }
    return rg_fail(err, RG_USAGE, "write --limit 500MB", "'%s' is no size", word);
}

static json_t *kind_of(json_t *kinds, const char *name) {
    json_t *kind = json_object_get(kinds, name);
    if (!kind) {
        kind = json_pack("{s:i, s:I}", "files", 0, "bytes", (json_int_t)0);
        json_object_set_new(kinds, name, kind);
    }
    return kind;
}

static json_t *sum_kinds(const entries *list) {
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

static rg_status show(const char *dir, const entries *list, bool json, rg_err *err) {
    json_t *kinds = sum_kinds(list), *kind;
    const char *name;
    char size[32];
    rg_status status = RG_OK;
    if (json) {
        json_t *all = json_pack("{s:o, s:O, s:I}", "folder", rg_json_clean(dir), "kinds", kinds,
                                "bytes", (json_int_t)total(list));
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
    rg_text_bytes((double)total(list), size, sizeof size);
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
    entries list = {.arena = arena};
    char *dir = NULL;
    int64_t limit = -1;
    rg_status status = rg_fs_cache_dir(arena, "", &dir, err);
    if (status == RG_OK && *call->options->limit)
        status = parse_size(call->options->limit, &limit, err);
    if (status == RG_OK && call->n_words && strcmp(call->words[0], "clear"))
        status = rg_fail(err, RG_USAGE, "railgauge db cache clear", "there is no `db cache %s`",
                         call->words[0]);
    if (status == RG_OK && call->n_words)
        status = clear(arena, dir, call->n_words > 1 ? call->words[1] : NULL, err);
    if (status != RG_OK)
        return status;
    walk(&list, dir, NULL, 0);
    if (list.failed)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (limit >= 0) {
        size_t gone = trim(&list, limit);
        fprintf(stderr, "%zu files removed\n", gone);
    }
    return show(dir, &list, call->options->json, err);
}

rg_status rg_db_cache(const rg_db_call *call, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_status status =
        arena ? work(arena, call, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_arena_free(arena);
    return status;
}
