/* manifest.c: MANIFEST.sha256: listing a bundle's files, hashing them, checking them. Its presence
 * means that the run is finished. The format is that of sha256sum, so `sha256sum -c` reads it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/text.h"
#include "bench/result/bundle_priv.h"

static const char copy_again[] = "copy the bundle again, or measure again";

/* Paths in an arena, grown as they come. */
typedef struct names {
    rg_arena *arena;
    char **items;
    size_t n, cap;
} names;

static bool add_name(names *list, char *name) {
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        char **bigger = realloc(list->items, cap * sizeof *bigger);
        if (!bigger)
            return false;
        list->items = bigger;
        list->cap = cap;
    }
    list->items[list->n++] = name;
    return name != NULL;
}

/* Temporary names and the manifest itself are not part of the content. */
static bool is_content(const char *path) {
    size_t n = strlen(path);
    return strncmp(path, "MANIFEST.", 9) && (n < 4 || strcmp(path + n - 4, ".tmp"));
}

static rg_status walk(int dir_fd, const char *prefix, int depth, names *list, rg_err *err);

static rg_status visit(int dir_fd, const char *prefix, const char *name, int depth, names *list,
                       rg_err *err) {
    char *path = rg_arena_printf(list->arena, "%s%s", prefix, name);
    struct stat info;
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory listing the bundle");
    if (!is_content(path))
        return RG_OK;
    if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return rg_fail(err, RG_IO, NULL, "cannot look at %s: %s", path, strerror(errno));
    if (S_ISREG(info.st_mode))
        return add_name(list, path) ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (!S_ISDIR(info.st_mode))
        return rg_fail(err, RG_BAD_DATA, "a bundle holds plain files and folders only",
                       "%s is neither a file nor a folder", path);
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return rg_fail(err, RG_IO, NULL, "cannot open %s: %s", path, strerror(errno));
    char *below = rg_arena_printf(list->arena, "%s/", path);
    return walk(fd, below ? below : "", depth + 1, list, err);
}

/* All regular files below; takes dir_fd. */
static rg_status walk(int dir_fd, const char *prefix, int depth, names *list, rg_err *err) {
    DIR *dir = depth <= 16 ? fdopendir(dir_fd) : NULL;
    if (!dir) {
        close(dir_fd);
        return rg_fail(err, RG_BAD_DATA, copy_again, "cannot list '%s' (%d folders deep)", prefix,
                       depth);
    }
    rg_status status = RG_OK;
    for (struct dirent *entry; status == RG_OK && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            status = visit(dirfd(dir), prefix, entry->d_name, depth, list, err);
    }
    closedir(dir);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted paths of the content. The caller frees list->items. */
static rg_status list_content(const rg_bundle *bundle, names *list, rg_err *err) {
    int fd = openat(bundle->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return rg_fail(err, RG_IO, NULL, "cannot list %s: %s", bundle->dir, strerror(errno));
    rg_status status = walk(fd, "", 0, list, err);
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, by_name);
    return status;
}

/* Reads a file, hashes it, and shows it to `show` where its hash is the promised one; either may be
 * NULL. */
static rg_status look_inside(const rg_bundle *bundle, const char *path, const char *promised,
                             rg_bundle_visit show, void *user, char ret_hex[RG_HASH_HEX],
                             rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *data;
    size_t bytes;
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status =
        rg_bundle_read_file(bundle, path, RG_BUNDLE_RAW_LIMIT, arena, &data, &bytes, err);
    if (status == RG_OK)
        rg_hash_bytes(data, bytes, ret_hex);
    if (status == RG_OK && promised && strcmp(promised, ret_hex))
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s was changed after the run", path);
    if (status == RG_OK && show)
        status = show(user, path, data, bytes, ret_hex, err);
    rg_arena_free(arena);
    return status;
}

rg_status rg_bundle_finish(rg_bundle *bundle, rg_err *err) {
    if (!bundle->storage)
        return rg_fail(err, RG_USAGE, NULL, "%s was opened for reading", bundle->dir);
    names list = {.arena = rg_arena_new(0)};
    rg_text text = {0};
    char hash[RG_HASH_HEX];
    rg_status status = list.arena ? list_content(bundle, &list, err)
                                  : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < list.n; i++) {
        status = look_inside(bundle, list.items[i], NULL, NULL, NULL, hash, err);
        rg_text_printf(&text, "%s  %s\n", hash, list.items[i]);
    }
    char *path = rg_bundle_path(bundle, "MANIFEST.sha256");
    if (status == RG_OK && (!path || text.failed))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status =
            rg_storage_put_atomic(bundle->storage, bundle->dir, path, text.data, text.bytes, err);
    if (status == RG_OK)
        bundle->finished = true;
    free(path);
    rg_text_free(&text);
    free(list.items);
    rg_arena_free(list.arena);
    return status;
}

/* One line "HASH  PATH"; cuts it in place. False when it is none. */
static bool cut_line(char *line, char **ret_hash, char **ret_path) {
    if (strspn(line, "0123456789abcdef") != RG_HASH_HEX - 1 || line[RG_HASH_HEX - 1] != ' ' ||
        line[RG_HASH_HEX] != ' ')
        return false;
    line[RG_HASH_HEX - 1] = '\0';
    *ret_hash = line;
    *ret_path = line + RG_HASH_HEX + 1;
    return rg_bundle_path_plain(*ret_path);
}

/* What a check does with each file that is as the manifest promises. */
typedef struct check {
    const rg_bundle *bundle;
    names *listed;
    rg_bundle_visit show;
    void *user;
} check;

static rg_status check_line(const check *how, char *line, rg_err *err) {
    char *promised, *path, hash[RG_HASH_HEX];
    if (!cut_line(line, &promised, &path))
        return rg_fail(err, RG_BAD_DATA, copy_again, "MANIFEST.sha256 is damaged");
    rg_status status = look_inside(how->bundle, path, promised, how->show, how->user, hash, err);
    if (status == RG_ABSENT)
        return rg_fail(err, RG_BAD_DATA, copy_again, "%s is in the manifest but missing", path);
    if (status == RG_OK && !add_name(how->listed, path))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return status;
}

static rg_status check_lines(const check *how, char *text, rg_err *err) {
    rg_status status = RG_OK;
    while (status == RG_OK && *text) {
        char *end = strchr(text, '\n');
        if (!end)
            return rg_fail(err, RG_BAD_DATA, copy_again, "MANIFEST.sha256 is cut off");
        *end = '\0';
        status = check_line(how, text, err);
        text = end + 1;
    }
    return status;
}

/* Files that the manifest does not name, where only a run writes. */
static rg_status check_unlisted(const rg_bundle *bundle, const names *listed, rg_err *err) {
    names present = {.arena = listed->arena};
    rg_status status = list_content(bundle, &present, err);
    for (size_t i = 0; status == RG_OK && i < present.n; i++) {
        const char *path = present.items[i];
        bool guarded = !strncmp(path, "rounds/", 7) || !strncmp(path, "lib/", 4);
        bool found =
            listed->n && bsearch(&path, listed->items, listed->n, sizeof *listed->items, by_name);
        if (guarded && !found)
            status = rg_fail(err, RG_BAD_DATA, copy_again, "%s is not in the manifest", path);
    }
    free(present.items);
    return status;
}

rg_status rg_bundle_verify(const rg_bundle *bundle, rg_err *err) {
    return rg_bundle_each_file(bundle, NULL, NULL, err);
}

rg_status rg_bundle_each_file(const rg_bundle *bundle, rg_bundle_visit show, void *user,
                              rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    names listed = {.arena = arena};
    const check how = {bundle, &listed, show, user};
    char *text = NULL;
    size_t bytes;
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_bundle_read_file(bundle, "MANIFEST.sha256", RG_BUNDLE_JSON_LIMIT, arena,
                                           &text, &bytes, err);
    if (status == RG_ABSENT)
        rg_fail(err, RG_ABSENT, "finish it with `railgauge run ... --resume`",
                "%s is unfinished: it has no manifest", bundle->dir);
    if (status == RG_OK)
        status = check_lines(&how, text, err);
    if (status == RG_OK && listed.n)
        qsort(listed.items, listed.n, sizeof *listed.items, by_name);
    if (status == RG_OK)
        status = check_unlisted(bundle, &listed, err);
    free(listed.items);
    rg_arena_free(arena);
    return status;
}

rg_status rg_bundle_id(const rg_bundle *bundle, char ret_hex[RG_HASH_HEX], rg_err *err) {
    rg_status status = look_inside(bundle, "MANIFEST.sha256", NULL, NULL, NULL, ret_hex, err);
    return status == RG_ABSENT
               ? rg_fail(err, RG_ABSENT, "finish it with `railgauge run ... --resume`",
                         "%s is unfinished: it has no manifest", bundle->dir)
               : status;
}
