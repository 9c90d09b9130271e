/* bundle_file.c: one file of a bundle, read with no trust in what it is: inside the folder, through
 * no link, within a limit. Neighbours: bundle_open.c (the whole), bundle_read.c (rounds). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/result/bundle_priv.h"

static const char copy_again[] = "copy the bundle again, or measure again";

char *rg_bundle_path(const rg_bundle *bundle, const char *path) {
    char *full = NULL;
    return asprintf(&full, "%s/%s", bundle->dir, path) < 0 ? NULL : full;
}

void rg_bundle_round_name(uint32_t order, char ret[RG_BUNDLE_ROUND_NAME]) {
    snprintf(ret, RG_BUNDLE_ROUND_NAME, "rounds/%05u", (unsigned)order);
}

bool rg_bundle_path_plain(const char *path) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    size_t n = strlen(path);
    return n && n < 512 && strspn(path, plain) == n && path[0] != '/' && path[0] != '-' &&
           path[n - 1] != '/' && !strstr(path, "..") && !strstr(path, "//");
}

rg_status rg_bundle_open_error(rg_err *err, const char *path) {
    if (errno == ENOENT)
        return rg_fail(err, RG_ABSENT, copy_again, "%s is missing", path);
    if (errno == ELOOP || errno == ENOTDIR)
        return rg_fail(err, RG_BAD_DATA, "a bundle holds plain files and folders only",
                       "%s is a symbolic link or lies behind one", path);
    return rg_fail(err, errno == EACCES ? RG_DENIED : RG_IO, "check the permissions",
                   "cannot open %s: %s", path, strerror(errno));
}

int rg_bundle_open_inside(int dir_fd, const char *path, int flags) {
    char part[512];
    int fd = dup(dir_fd);
    while (fd >= 0) {
        size_t n = strcspn(path, "/");
        if (n >= sizeof part) {
            close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, path, n);
        part[n] = '\0';
        bool last = !path[n];
        int next =
            openat(fd, part,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (last ? flags : O_DIRECTORY));
        int saved = errno;
        close(fd);
        errno = saved;
        if (last)
            return next;
        fd = next;
        path += n + 1;
    }
    return -1;
}

static bool read_all(int fd, size_t bytes, char *data, size_t *ret_used) {
    size_t used = 0;
    while (used < bytes) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    *ret_used = used;
    return true;
}

rg_status rg_bundle_read_file(const rg_bundle *bundle, const char *path, size_t limit_bytes,
                              rg_arena *arena, char **ret_data, size_t *ret_bytes, rg_err *err) {
    int fd = rg_bundle_open_inside(bundle->fd, path, 0);
    if (fd < 0)
        return rg_bundle_open_error(err, path);
    struct stat info;
    rg_status status = RG_OK;
    char *data = NULL;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s is not a regular file", path);
    } else if ((uint64_t)info.st_size > limit_bytes) {
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s has %lld bytes, more than %zu", path,
                         (long long)info.st_size, limit_bytes);
    } else if (!(data = rg_arena_alloc(arena, (size_t)info.st_size + 1))) {
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading %s", path);
    } else if (!read_all(fd, (size_t)info.st_size, data, ret_bytes)) {
        status = rg_fail(err, RG_IO, NULL, "cannot read %s: %s", path, strerror(errno));
    } else {
        data[*ret_bytes] = '\0';
        *ret_data = data;
    }
    close(fd);
    return status;
}

rg_status rg_bundle_read_json(const rg_bundle *bundle, const char *path, json_t **ret,
                              rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *data;
    size_t bytes;
    json_t *value = NULL;
    rg_status status = arena ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_bundle_read_file(bundle, path, RG_BUNDLE_JSON_LIMIT, arena, &data, &bytes, err);
    rg_err why = RG_ERR_INIT;
    if (status == RG_OK &&
        (rg_json_parse(data, bytes, path, &value, &why) != RG_OK || !json_is_object(value)))
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s",
                         value ? "a file that should hold a JSON object does not" : why.what);
    if (status == RG_OK)
        *ret = value;
    else
        json_decref(value);
    rg_arena_free(arena);
    return status;
}

/* Objects, one a line; every line ends in a newline. */
static rg_status parse_lines(const char *data, size_t bytes, const char *path, json_t *list,
                             rg_err *err) {
    for (size_t line = 1; bytes; line++) {
        const char *end = memchr(data, '\n', bytes);
        size_t n = end ? (size_t)(end - data) : bytes;
        json_t *value = NULL;
        if (rg_json_parse(data, n, path, &value, NULL) != RG_OK || !end || !json_is_object(value)) {
            json_decref(value);
            return rg_fail(err, RG_BAD_DATA, copy_again, "line %zu of %s is %s", line, path,
                           end ? "not a JSON object" : "cut off");
        }
        json_array_append_new(list, value);
        data = end + 1;
        bytes -= n + 1;
    }
    return RG_OK;
}

rg_status rg_bundle_read_lines(const rg_bundle *bundle, const char *path, json_t **ret,
                               rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    json_t *list = json_array();
    char *data;
    size_t bytes;
    rg_status status = arena && list ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status =
            rg_bundle_read_file(bundle, path, RG_BUNDLE_LINES_LIMIT, arena, &data, &bytes, err);
    if (status == RG_OK)
        status = parse_lines(data, bytes, path, list, err);
    rg_arena_free(arena);
    if (status == RG_OK) {
        *ret = list;
        return RG_OK;
    }
    json_decref(list);
    *ret = NULL;
    return status == RG_ABSENT ? RG_OK : status;
}
