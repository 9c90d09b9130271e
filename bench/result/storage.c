/* storage.c: the real operations, and durable writing by means of any table of them. */
#include "bench/result/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"

static int real_create(void *user, const char *path) {
    (void)user;
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static ssize_t real_write(void *user, int fd, const void *data, size_t bytes) {
    (void)user;
    return write(fd, data, bytes);
}

static int real_sync(void *user, int fd) {
    (void)user;
    return fsync(fd);
}

static int real_close(void *user, int fd) {
    (void)user;
    return close(fd);
}

static int real_rename(void *user, const char *from, const char *to) {
    (void)user;
    return rename(from, to);
}

static int real_make_dir(void *user, const char *path) {
    (void)user;
    return mkdir(path, 0777);
}

static int real_sync_dir(void *user, const char *path) {
    (void)user;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* some file systems refuse fsync on folders; they have nothing to sync */
    int result = fsync(fd) < 0 && errno != EINVAL ? -1 : 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

static int real_remove(void *user, const char *path) {
    (void)user;
    return rg_fs_remove_tree(path, NULL) == RG_OK ? 0 : -1;
}

const rg_storage rg_storage_real = {
    .create = real_create,
    .write = real_write,
    .sync = real_sync,
    .close = real_close,
    .rename = real_rename,
    .make_dir = real_make_dir,
    .sync_dir = real_sync_dir,
    .remove = real_remove,
};

static const struct {
    int number;
    const char *advice;
} advices[] = {
    {ENOSPC, "free some disk space, then continue with --resume; finished rounds are kept"},
    {EDQUOT, "the disk quota is used up: free some space, then continue with --resume; finished "
             "rounds are kept"},
    {EFBIG, "raise the file size limit (ulimit -f), then continue with --resume"},
    {EROFS, "the file system is mounted read-only: choose another --out folder"},
    {EACCES, "choose an --out folder that you may write to"},
    {EPERM, "choose an --out folder that you may write to"},
    {EIO, "the disk reports an error: look at dmesg, then continue on another one"},
    {ENOTDIR, "a part of the path is a file: choose another --out folder"},
};

rg_status rg_storage_fail(rg_err *err, const char *verb, const char *path) {
    int number = errno;
    const char *advice = "check the path and its permissions";
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].number == number)
            advice = advices[i].advice;
    }
    return rg_fail(err, RG_IO, advice, "cannot %s %s: %s", verb, path, strerror(number));
}

static int write_all(const rg_storage *s, int fd, const char *data, size_t bytes) {
    while (bytes) {
        ssize_t n = s->write(s->user, fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = ENOSPC;
            return -1;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return 0;
}

rg_status rg_storage_put(const rg_storage *storage, const char *path, const void *data,
                         size_t bytes, rg_err *err) {
    int fd = storage->create(storage->user, path);
    if (fd < 0)
        return rg_storage_fail(err, "create", path);
    rg_status status = RG_OK;
    if (write_all(storage, fd, data, bytes) < 0)
        status = rg_storage_fail(err, "write", path);
    if (status == RG_OK && storage->sync(storage->user, fd) < 0)
        status = rg_storage_fail(err, "sync", path);
    if (storage->close(storage->user, fd) < 0 && status == RG_OK)
        status = rg_storage_fail(err, "close", path);
    return status;
}

rg_status rg_storage_put_atomic(const rg_storage *storage, const char *dir, const char *path,
                                const void *data, size_t bytes, rg_err *err) {
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return rg_fail(err, RG_IO, "choose a shorter --out folder", "path too long: %s", path);
    rg_status status = rg_storage_put(storage, temporary, data, bytes, err);
    if (status == RG_OK && storage->rename(storage->user, temporary, path) < 0)
        status = rg_storage_fail(err, "rename", path);
    if (status != RG_OK) {
        storage->remove(storage->user, temporary);
        return status;
    }
    if (storage->sync_dir(storage->user, dir) < 0)
        status = rg_storage_fail(err, "sync", dir);
    return status;
}
