/* storage.h: the few operations by which a bundle changes a file system, in one table, so that a
 * test can log them, replay a prefix as a power loss would leave it, or let any one of them fail.
 * Durable order is kept by the callers in bundle_write.c and manifest.c. */
#ifndef RG_RESULT_STORAGE_H
#define RG_RESULT_STORAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "bench/core/err.h"

/* Each returns -1 with errno on failure, like the system call it stands for. */
typedef struct rg_storage {
    void *user;
    int (*create)(void *user, const char *path); /* new or emptied file; a descriptor */
    ssize_t (*write)(void *user, int fd, const void *data, size_t bytes);
    int (*sync)(void *user, int fd);
    int (*close)(void *user, int fd);
    int (*rename)(void *user, const char *from, const char *to);
    int (*make_dir)(void *user, const char *path);
    int (*sync_dir)(void *user, const char *path);
    int (*remove)(void *user, const char *path); /* a file, or a folder with all below it */
} rg_storage;

/* The real file system. */
extern const rg_storage rg_storage_real;

/* Creates `path`, writes, syncs, closes. A part may stand after a failure: use it where the name
 * only counts after a later rename. RG_IO with advice that knows a full disk. */
rg_status rg_storage_put(const rg_storage *storage, const char *path, const void *data,
                         size_t bytes, rg_err *err);

/* rg_storage_put to "PATH.tmp", then rename and sync of `dir`, the folder of `path`: after a crash
 * the old or the new content stands, never a part. */
rg_status rg_storage_put_atomic(const rg_storage *storage, const char *dir, const char *path,
                                const void *data, size_t bytes, rg_err *err);

/* RG_IO for the current errno: "cannot VERB PATH: reason", with what to try. */
rg_status rg_storage_fail(rg_err *err, const char *verb, const char *path);

#endif
