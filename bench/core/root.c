/* root.c: reading below a directory handle. openat2's RESOLVE_IN_ROOT keeps a recorded tree's
 * absolute symlinks inside it; kernels before 5.6 (and emulators) lack it, so there the path is
 * resolved here, component by component. */
#include "bench/core/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rg_root {
    int fd;
    bool live;
    char *path;
};

static rg_status from_errno(int code) {
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
        return RG_ABSENT;
    case EACCES:
    case EPERM:
        return RG_DENIED;
    case EAGAIN:
    case ENODATA:
        return RG_AGAIN;
    default:
        return RG_IO;
    }
}

rg_status rg_root_open(const char *dir, rg_root **ret_root, rg_err *err) {
    if (!dir)
        dir = "/";
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return rg_fail(err, from_errno(errno), "give a directory that holds /sys and /proc",
                       "cannot open root directory %s: %s", dir, strerror(errno));
    rg_root *root = calloc(1, sizeof *root);
    char *copy = strdup(dir);
    if (!root || !copy) {
        free(root);
        free(copy);
        close(fd);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", dir);
    }
    *root = (rg_root){fd, !strcmp(dir, "/"), copy};
    *ret_root = root;
    return RG_OK;
}

void rg_root_close(rg_root *root) {
    if (!root)
        return;
    close(root->fd);
    free(root->path);
    free(root);
}

bool rg_root_is_live(const rg_root *root) {
    return root->live;
}
const char *rg_root_path(const rg_root *root) {
    return root->path;
}

/* A path being resolved: `done` holds no symlinks, `rest` is still to be walked. */
typedef struct path_walk {
    char done[4096], rest[4096];
    int links;      /* symlinks followed so far */
    bool keep_last; /* O_NOFOLLOW: a symlink at the end is the answer */
} path_walk;

/* Cuts the last component off `done`; at the root ".." stays at the root. */
static void step_up(path_walk *walk) {
    char *slash = strrchr(walk->done, '/');
    *(slash ? slash : walk->done) = '\0';
}

/* Puts a symlink's text before what is left; an absolute one starts again at the root. */
static bool follow(path_walk *walk, const char *link) {
    char left[sizeof walk->rest];
    memcpy(left, walk->rest, sizeof left);
    if (link[0] == '/')
        walk->done[0] = '\0';
    int n = snprintf(walk->rest, sizeof walk->rest, "%s/%s", link, left);
    return ++walk->links <= 40 && n > 0 && (size_t)n < sizeof walk->rest;
}

static bool step_into(const rg_root *root, path_walk *walk, const char *name, size_t length) {
    char next[sizeof walk->done], link[4096];
    int n = snprintf(next, sizeof next, "%s%s%.*s", walk->done, walk->done[0] ? "/" : "",
                     (int)length, name);
    if (n < 0 || (size_t)n >= sizeof next)
        return false;
    ssize_t bytes = readlinkat(root->fd, next, link, sizeof link - 1);
    memmove(walk->rest, name + length, strlen(name + length) + 1);
    bool last = walk->rest[strspn(walk->rest, "/")] == '\0';
    if (bytes < 0 || (last && walk->keep_last)) {
        memcpy(walk->done, next, (size_t)n + 1);
        return true;
    }
    link[bytes] = '\0';
    return follow(walk, link);
}

static int open_walking(const rg_root *root, const char *path, int flags) {
    path_walk walk = {.links = 0, .keep_last = flags & O_NOFOLLOW};
    if (strlen(path) >= sizeof walk.rest) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(walk.rest, path, strlen(path) + 1);
    for (;;) {
        char *name = walk.rest + strspn(walk.rest, "/");
        size_t length = strcspn(name, "/");
        if (length == 0)
            break;
        bool here = length == 1 && name[0] == '.', up = length == 2 && !strncmp(name, "..", 2);
        if (up)
            step_up(&walk);
        if (up || here) {
            memmove(walk.rest, name + length, strlen(name + length) + 1);
        } else if (!step_into(root, &walk, name, length)) {
            errno = ELOOP;
            return -1;
        }
    }
    return openat(root->fd, walk.done[0] ? walk.done : ".", flags | O_CLOEXEC | O_NOFOLLOW);
}

/* The kernel answers EAGAIN where a ".." met a rename or a mount elsewhere on the system: again,
 * and in the end by hand, as on kernels that know no openat2. */
static int open_in_root(const rg_root *root, const char *path, int flags) {
    struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    int fd = -1;
    errno = EAGAIN;
    for (int i = 0; fd < 0 && errno == EAGAIN && i < 10; i++)
        fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof how);
    return fd < 0 && (errno == ENOSYS || errno == EAGAIN) ? open_walking(root, path, flags) : fd;
}

static int open_below(rg_root *root, const char *path, int flags) {
    while (*path == '/')
        path++;
    if (!*path)
        path = ".";
    if (root->live)
        return openat(root->fd, path, flags | O_CLOEXEC);
    return open_in_root(root, path, flags);
}

static void trim_end(char *text) {
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1]))
        text[--n] = '\0';
}

/* Reads until the end or until buf is full; returns bytes or -1. */
static ssize_t read_all(int fd, char *buf, size_t cap) {
    size_t used = 0;
    while (used + 1 < cap) {
        ssize_t n = read(fd, buf + used, cap - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    buf[used] = '\0';
    return (ssize_t)used;
}

rg_status rg_root_read(rg_root *root, const char *path, char *buf, size_t cap, rg_err *err) {
    int fd = open_below(root, path, O_RDONLY);
    if (fd < 0)
        return rg_fail(err, from_errno(errno), NULL, "cannot open %s: %s", path, strerror(errno));
    ssize_t n = read_all(fd, buf, cap);
    int code = errno;
    close(fd);
    if (n < 0)
        return rg_fail(err, from_errno(code), NULL, "cannot read %s: %s", path, strerror(code));
    trim_end(buf);
    return RG_OK;
}

size_t rg_root_read_bytes(rg_root *root, const char *path, char *buf, size_t cap) {
    int fd = open_below(root, path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read_all(fd, buf, cap);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

rg_status rg_root_read_int(rg_root *root, const char *path, int64_t *ret_value, rg_err *err) {
    char text[64];
    rg_status status = rg_root_read(root, path, text, sizeof text, err);
    if (status != RG_OK)
        return status;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 0);
    if (end == text || *end || errno)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s holds '%s', not a number", path, text);
    *ret_value = value;
    return RG_OK;
}

int rg_root_open_fd(rg_root *root, const char *path) {
    return open_below(root, path, O_RDONLY);
}

rg_status rg_root_reread(int fd, char *buf, size_t cap) {
    struct stat info;
    if (fstat(fd, &info) == 0 && info.st_nlink == 0)
        return RG_ABSENT;
    if (lseek(fd, 0, SEEK_SET) < 0 || read_all(fd, buf, cap) < 0)
        return from_errno(errno);
    trim_end(buf);
    return RG_OK;
}

bool rg_root_is_writable(rg_root *root) {
    return root->live || rg_root_exists(root, "/.railgauge-scratch");
}

rg_status rg_root_write(rg_root *root, const char *path, const char *text, rg_err *err) {
    if (!rg_root_is_writable(root))
        return rg_fail(err, RG_UNSUPPORTED, "run on the machine itself",
                       "%s belongs to a recorded machine, which is never changed", path);
    int fd = open_below(root, path, O_WRONLY | (root->live ? 0 : O_TRUNC));
    if (fd < 0)
        return rg_fail(err, from_errno(errno), "run as root", "cannot write %s: %s", path,
                       strerror(errno));
    size_t bytes = strlen(text);
    ssize_t n = write(fd, text, bytes);
    int code = n < 0 ? errno : n != (ssize_t)bytes ? EIO : 0;
    close(fd);
    if (code)
        return rg_fail(err, from_errno(code), NULL, "%s does not take '%s': %s", path, text,
                       strerror(code));
    return RG_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects names so that the order never depends on the file system. */
static char **collect(DIR *dir, size_t *ret_n) {
    char **names = NULL;
    size_t n = 0, cap = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (n == cap) {
            cap = cap ? cap * 2 : 32;
            char **bigger = realloc(names, cap * sizeof *names);
            if (!bigger)
                break;
            names = bigger;
        }
        names[n] = strdup(entry->d_name);
        n += names[n] != NULL;
    }
    if (n)
        qsort(names, n, sizeof *names, by_name);
    *ret_n = n;
    return names;
}

rg_status rg_root_list(rg_root *root, const char *path, bool (*each)(const char *, void *),
                       void *user) {
    int fd = open_below(root, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return from_errno(errno);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return RG_IO;
    }
    size_t n;
    char **names = collect(dir, &n);
    closedir(dir);
    bool going = true;
    for (size_t i = 0; i < n; i++) {
        going = going && each(names[i], user);
        free(names[i]);
    }
    free(names);
    return RG_OK;
}

bool rg_root_exists(rg_root *root, const char *path) {
    int fd = open_below(root, path, O_PATH);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

rg_status rg_root_link(rg_root *root, const char *path, char *ret, size_t cap) {
    int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return from_errno(errno);
    ssize_t n = readlinkat(fd, "", ret, cap);
    close(fd);
    if (n <= 0 || (size_t)n >= cap)
        return RG_ABSENT;
    ret[n] = '\0';
    return RG_OK;
}

rg_status rg_root_link_name(rg_root *root, const char *path, char *ret, size_t cap) {
    char link[4096];
    rg_status status = rg_root_link(root, path, link, sizeof link);
    if (status != RG_OK)
        return status;
    const char *slash = strrchr(link, '/');
    snprintf(ret, cap, "%s", slash ? slash + 1 : link);
    return RG_OK;
}
