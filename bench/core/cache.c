/* cache.c: the files of the cache, least recently used first; locks say which are in use. */
#include "bench/core/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/fs.h"

enum { MAX_HELD = 256, DEEPEST = 16, SPARE_S = 60 };

/* --- what is there ---------------------------------------------------------------------------- */

static int64_t used_ns(const struct stat *info) {
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

static void add(rg_cache_list *list, const char *path, const char *kind, const struct stat *info) {
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        rg_cache_entry *rows = rg_arena_array(list->arena, cap, sizeof *rows);
        if (!rows) {
            list->failed = true;
            return;
        }
        if (list->n)
            memcpy(rows, list->rows, list->n * sizeof *rows);
        list->rows = rows;
        list->cap = cap;
    }
    list->rows[list->n++] = (rg_cache_entry){path, kind, (int64_t)info->st_size, used_ns(info)};
}

/* `kind` NULL: the folder is the cache's own. */
static void walk(rg_cache_list *list, const char *dir, const char *kind, int depth) {
    DIR *open = depth < DEEPEST ? opendir(dir) : NULL;
    for (struct dirent *item; open && !list->failed && (item = readdir(open));) {
        struct stat info;
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
            continue;
        char *path = rg_fs_join(list->arena, dir, item->d_name);
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

static int by_use(const void *a, const void *b) {
    const rg_cache_entry *x = a, *y = b;
    if (x->used_ns != y->used_ns)
        return x->used_ns < y->used_ns ? -1 : 1;
    return strcmp(x->path, y->path);
}

rg_status rg_cache_read(rg_arena *arena, rg_cache_list *ret_list, rg_err *err) {
    *ret_list = (rg_cache_list){.arena = arena};
    rg_status status = rg_fs_cache_dir(arena, "", &ret_list->dir, err);
    if (status != RG_OK)
        return status;
    walk(ret_list, ret_list->dir, NULL, 0);
    if (ret_list->failed)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (ret_list->n)
        qsort(ret_list->rows, ret_list->n, sizeof *ret_list->rows, by_use);
    return RG_OK;
}

int64_t rg_cache_bytes(const rg_cache_list *list) {
    int64_t bytes = 0;
    for (size_t i = 0; i < list->n; i++)
        bytes += list->rows[i].bytes;
    return bytes;
}

/* --- the limit -------------------------------------------------------------------------------- */

/* Whoever uses the file holds a shared lock on it, or has not looked for it yet. */
static bool evict(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool gone = flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(path) == 0;
    close(fd);
    return gone;
}

size_t rg_cache_trim(rg_cache_list *list, int64_t limit, int64_t spare_s) {
    int64_t bytes = rg_cache_bytes(list);
    int64_t newest_ns = spare_s > 0 ? ((int64_t)time(NULL) - spare_s) * 1000000000 : INT64_MAX;
    size_t kept = 0, n = list->n;
    for (size_t i = 0; i < n; i++) {
        const rg_cache_entry *entry = &list->rows[i];
        if (bytes > limit && entry->used_ns < newest_ns && evict(entry->path))
            bytes -= entry->bytes;
        else
            list->rows[kept++] = *entry;
    }
    list->n = kept;
    return n - kept;
}

rg_status rg_cache_parse_size(const char *word, int64_t *ret_bytes, rg_err *err) {
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

void rg_cache_make_room(void) {
    int64_t limit = RG_CACHE_LIMIT_BYTES;
    const char *word = getenv("RAILGAUGE_CACHE_LIMIT");
    rg_arena *arena = rg_arena_new(0);
    rg_cache_list list;
    if (word && *word)
        rg_cache_parse_size(word, &limit, NULL);
    if (arena && rg_cache_read(arena, &list, NULL) == RG_OK && rg_cache_bytes(&list) > limit)
        rg_cache_trim(&list, limit, SPARE_S);
    rg_arena_free(arena);
}

/* --- in use ----------------------------------------------------------------------------------- */

static bool is_of_cache(const char *path) {
    rg_arena *arena = rg_arena_new(0);
    char *dir;
    bool within = arena && rg_fs_cache_dir(arena, "", &dir, NULL) == RG_OK &&
                  !strncmp(path, dir, strlen(dir));
    rg_arena_free(arena);
    return within;
}

/* Keeps the descriptor, and with it the lock, until the process ends; once for each file. */
static void hold(int fd, const struct stat *info) {
    static struct {
        dev_t device;
        ino_t inode;
    } held[MAX_HELD];
    static size_t n;
    bool known = n == MAX_HELD;
    for (size_t i = 0; i < n; i++)
        known |= held[i].device == info->st_dev && held[i].inode == info->st_ino;
    if (known) {
        close(fd);
        return;
    }
    held[n].device = info->st_dev;
    held[n++].inode = info->st_ino;
}

bool rg_cache_use(const char *path) {
    struct stat info;
    if (!is_of_cache(path))
        return rg_fs_exists(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool there = flock(fd, LOCK_SH) == 0 && fstat(fd, &info) == 0 && info.st_nlink > 0;
    if (!there) { /* evicted in this moment, or a file system without locks */
        close(fd);
        return rg_fs_exists(path);
    }
    futimens(fd, NULL);
    hold(fd, &info);
    return true;
}
