/* fs.c: durable writing and guarded reading. */
#include "bench/core/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rg_status io_error(rg_err *err, const char *verb, const char *path) {
    const char *advice = errno == ENOSPC ? "free some disk space; nothing already written is lost"
                                         : "check the path and its permissions";
    return rg_fail(err, RG_IO, advice, "cannot %s %s: %s", verb, path, strerror(errno));
}

rg_status rg_fs_read(rg_arena *arena, const char *path, size_t limit_bytes, char **ret_data,
                     size_t *ret_bytes, rg_err *err) {
    /* a pipe without a writer must not hold the program up: it is refused below */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return io_error(err, "open", path);
    struct stat info;
    rg_status status = RG_OK;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        status = rg_fail(err, RG_IO, "give a regular file", "%s is not a regular file", path);
        goto done;
    }
    if ((uint64_t)info.st_size > limit_bytes) {
        status = rg_fail(err, RG_NO_MEMORY, "raise the limit if the file is genuine",
                         "%s has %lld bytes, more than the limit of %zu", path,
                         (long long)info.st_size, limit_bytes);
        goto done;
    }
    size_t bytes = (size_t)info.st_size, used = 0;
    char *data = rg_arena_alloc(arena, bytes + 1);
    if (!data) {
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading %s", path);
        goto done;
    }
    while (used < bytes) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = io_error(err, "read", path);
            goto done;
        }
        if (n == 0)
            break; /* the file shrank meanwhile: take what is there */
        used += (size_t)n;
    }
    data[used] = '\0';
    *ret_data = data;
    *ret_bytes = used;
done:
    close(fd);
    return status;
}

static bool write_all(int fd, const char *data, size_t bytes) {
    while (bytes) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        bytes -= (size_t)n;
    }
    return true;
}

rg_status rg_fs_sync_dir(const char *dir, rg_err *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_error(err, "open", dir);
    /* some file systems refuse fsync on folders; they have nothing to sync */
    int bad = fsync(fd) < 0 && errno != EINVAL;
    rg_status status = bad ? io_error(err, "sync", dir) : RG_OK;
    close(fd);
    return status;
}

static rg_status sync_parent(const char *path, rg_err *err) {
    char *copy = strdup(path);
    if (!copy)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_fs_sync_dir(dirname(copy), err);
    free(copy);
    return status;
}

/* A new file beside `path` under a name of its own, so that two programs, or two threads of one,
 * that write the same file do not write into each other's. */
static rg_status create_beside(const char *path, char *ret_name, size_t cap, int *ret_fd,
                               rg_err *err) {
    enum { ATTEMPTS = 1000 };
    static atomic_uint made;
    int fd = -1;
    errno = EEXIST;
    for (int i = 0; fd < 0 && errno == EEXIST && i < ATTEMPTS; i++) {
        int length = snprintf(ret_name, cap, "%s.%ld-%u.tmp", path, (long)getpid(),
                              atomic_fetch_add(&made, 1));
        if (length < 0 || (size_t)length >= cap)
            return rg_fail(err, RG_IO, NULL, "path too long: %s", path);
        fd = open(ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    *ret_fd = fd;
    return fd < 0 ? io_error(err, "create", ret_name) : RG_OK;
}

rg_status rg_fs_write_atomic(const char *path, const void *data, size_t bytes, rg_err *err) {
    char temporary[4096];
    int fd = -1;
    rg_status created = create_beside(path, temporary, sizeof temporary, &fd, err);
    if (created != RG_OK)
        return created;
    rg_status status = RG_OK;
    if (!write_all(fd, data, bytes) || fsync(fd) < 0)
        status = io_error(err, "write", path);
    if (close(fd) < 0 && status == RG_OK)
        status = io_error(err, "write", path);
    if (status == RG_OK && rename(temporary, path) < 0)
        status = io_error(err, "rename", path);
    if (status != RG_OK) {
        unlink(temporary);
        return status;
    }
    return sync_parent(path, err);
}

rg_status rg_fs_mkdirs(const char *path, rg_err *err) {
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return rg_fail(err, RG_IO, NULL, "unusable folder name '%s'", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return io_error(err, "create folder", part);
    }
    if (rg_fs_is_dir(path))
        return RG_OK;
    errno = ENOTDIR;
    return io_error(err, "use as folder", path);
}

static int remove_below(int dir_fd, const char *name) {
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int bad = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            bad |= remove_below(fd, entry->d_name);
    }
    closedir(dir);
    return bad | unlinkat(dir_fd, name, AT_REMOVEDIR);
}

rg_status rg_fs_remove_tree(const char *path, rg_err *err) {
    return remove_below(AT_FDCWD, path) ? io_error(err, "remove", path) : RG_OK;
}

bool rg_fs_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool rg_fs_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

char *rg_fs_join(rg_arena *arena, const char *dir, const char *name) {
    size_t n = strlen(dir);
    return rg_arena_printf(arena, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *rg_fs_program(rg_arena *arena, const char *name) {
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        char *full = rg_arena_printf(arena, "%.*s/%s", (int)n, path, name);
        if (n && full && access(full, X_OK) == 0)
            return full;
        path += n + (path[n] == ':');
    }
    return NULL;
}

char *rg_fs_state_path(rg_arena *arena, const char *name) {
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (xdg && *xdg == '/')
        return rg_arena_printf(arena, "%s/railgauge/%s", xdg, name);
    if (home && *home == '/')
        return rg_arena_printf(arena, "%s/.local/state/railgauge/%s", home, name);
    return rg_arena_printf(arena, "/tmp/railgauge-%u/%s", (unsigned)getuid(), name);
}

rg_status rg_fs_cache_dir(rg_arena *arena, const char *sub, char **ret_dir, rg_err *err) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *dir;
    if (xdg && *xdg == '/')
        dir = rg_arena_printf(arena, "%s/railgauge/%s", xdg, sub);
    else if (home && *home == '/')
        dir = rg_arena_printf(arena, "%s/.cache/railgauge/%s", home, sub);
    else
        dir = rg_arena_printf(arena, "/tmp/railgauge-%u/%s", (unsigned)getuid(), sub);
    if (!dir)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_fs_mkdirs(dir, err);
    if (status == RG_OK)
        *ret_dir = dir;
    else if (err)
        snprintf(err->advice, sizeof err->advice, "set XDG_CACHE_HOME to a folder you can write");
    return status;
}
