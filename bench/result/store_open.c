/* store_open.c: opening a store: what the file is, whether it can be read, which schema it has.
 * Nothing is written into a file before its header has said that it is one of ours; a new store is
 * made under another name and put into place whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/result/store_priv.h"
#include "rg_config.h"

enum { HEADER = 100, APPLICATION_AT = 68, WAIT_MS = 60000 };
static const char not_ours[] = "name a store that `railgauge import DIR --store FILE` made";

static rg_status wrong_file(const char *path, const char *why, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, not_ours, "%s is no store: %s", path, why);
}

static rg_status look_at_header(const char *path, const unsigned char *head, ssize_t n,
                                rg_err *err) {
    static const char magic[16] = "SQLite format 3";
    if (n == 0)
        return wrong_file(path, "it is empty", err);
    if (n < HEADER || memcmp(head, magic, sizeof magic))
        return wrong_file(path, "it does not begin like an SQLite file", err);
    uint32_t mark = 0;
    for (int i = 0; i < 4; i++)
        mark = mark << 8 | head[APPLICATION_AT + i];
    if (mark != RG_STORE_APPLICATION)
        return wrong_file(path, "it is another program's SQLite file", err);
    return RG_OK;
}

/* Reads the header as any file's, so that a foreign file is not even locked. RG_ABSENT. */
static rg_status check_header(const char *path, rg_err *err) {
    unsigned char head[HEADER];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return rg_fail(err, RG_ABSENT, not_ours, "there is no store %s", path);
    if (fd < 0)
        return rg_fail(err, RG_IO, "check the path and its permissions", "cannot open store %s: %s",
                       path, strerror(errno));
    bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    ssize_t n = regular ? pread(fd, head, sizeof head, 0) : 0;
    close(fd);
    if (!regular)
        return wrong_file(path, "it is no regular file", err);
    if (n < 0)
        return rg_fail(err, RG_IO, NULL, "cannot read %s: %s", path, strerror(errno));
    return look_at_header(path, head, n, err);
}

/* "file:PATH?immutable=1" with what a URI gives a meaning written as %XX. */
static char *immutable_uri(const char *path) {
    rg_text text = {0};
    rg_text_add(&text, "file:");
    for (; *path; path++) {
        if (strchr("%?#", *path))
            rg_text_printf(&text, "%%%02X", (unsigned char)*path);
        else
            rg_text_add_bytes(&text, path, 1);
    }
    rg_text_add(&text, "?immutable=1");
    if (text.failed)
        rg_text_free(&text);
    return text.data;
}

static rg_status connect(rg_store *store, const char *name, int flags, rg_err *err) {
    sqlite3_close(store->db);
    store->db = NULL;
    int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (!store->db)
        return rg_store_no_memory(err);
    if (code != SQLITE_OK)
        return rg_store_fail(store, "open", err);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, WAIT_MS);
    return rg_store_exec(store, RG_SQLITE_CONNECTION, err);
}

static rg_status ask_version(rg_store *store, int64_t *ret_version, rg_err *err) {
    return rg_store_one_int(store, RG_SQL_VERSION, rg_store_start(store, RG_SQL_VERSION, err, ""),
                            0, ret_version, err);
}

static bool has_log(const char *path) {
    char log[4096];
    struct stat info;
    int n = snprintf(log, sizeof log, "%s-wal", path);
    return n > 0 && (size_t)n < sizeof log && stat(log, &info) == 0 && info.st_size > 0;
}

/* For reading. Where not even the index of the log can be made beside the file (a folder without
 * permission, a read-only medium) and no log is left to read, the file is all there is. */
static rg_status connect_to_read(rg_store *store, int64_t *ret_version, rg_err *err) {
    rg_status status = connect(store, store->path, SQLITE_OPEN_READONLY, err);
    if (status == RG_OK)
        status = ask_version(store, ret_version, err);
    if (status != RG_IO || has_log(store->path))
        return status;
    char *uri = immutable_uri(store->path);
    if (!uri)
        return rg_store_no_memory(err);
    sqlite3_finalize(store->statements[RG_SQL_VERSION]);
    store->statements[RG_SQL_VERSION] = NULL;
    status = connect(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    free(uri);
    return status == RG_OK ? ask_version(store, ret_version, err) : status;
}

static rg_status refuse_newer(rg_store *store, int64_t version, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_status status =
        arena ? rg_store_start(store, RG_SQL_NEEDS, err, "i", version) : rg_store_no_memory(err);
    if (rg_store_row(store, RG_SQL_NEEDS, &status, err)) {
        const char *needs = rg_store_text(store, RG_SQL_NEEDS, 0, arena);
        status = rg_fail(err, RG_BAD_DATA, "use that program, or a copy of an older store",
                         "store %s has schema %lld, this program reads up to %d: it needs "
                         "railgauge %s",
                         store->path, (long long)version, RG_STORE_SCHEMA, needs ? needs : "");
        rg_store_end(store, RG_SQL_NEEDS);
    }
    rg_arena_free(arena);
    return status;
}

static rg_status run_step(rg_store *store, int version, rg_err *err) {
    char now[RG_STORE_TIME];
    rg_status status = RG_OK;
    rg_store_now(now);
    for (const char *const *text = rg_sql_steps[version]; status == RG_OK && *text; text++)
        status = rg_store_exec(store, *text, err);
    if (status == RG_OK)
        status = rg_store_do(store, RG_SQL_PUT_VERSION, err, "itt", (int64_t)version + 1,
                             RG_VERSION, now);
    return status;
}

/* All steps that are missing, in one transaction; another program may have been quicker. */
static rg_status migrate(rg_store *store, bool fresh, rg_err *err) {
    int64_t version = 0;
    rg_status status = rg_store_begin(store, err);
    if (status != RG_OK)
        return status;
    if (!fresh)
        status = ask_version(store, &version, err);
    for (; status == RG_OK && version < RG_STORE_SCHEMA; version++)
        status = run_step(store, (int)version, err);
    return rg_store_commit(store, status, err);
}

static rg_store *new_store(const char *path, bool writable, rg_err *err) {
    rg_store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (!store || !copy) {
        free(store);
        free(copy);
        rg_store_no_memory(err);
        return NULL;
    }
    store->path = copy;
    store->writable = writable;
    return store;
}

static rg_status fill_new(const char *temporary, rg_err *err) {
    rg_store *store = new_store(temporary, true, err);
    if (!store)
        return RG_NO_MEMORY;
    rg_status status = connect(store, temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (status == RG_OK)
        status = rg_store_exec(store, RG_SQLITE_NEW, err);
    if (status == RG_OK)
        status = migrate(store, true, err);
    rg_store_close(store);
    return status;
}

/* Gives a file its name, unless that is taken, which is as good. Some file systems (FAT) have no
 * links. */
static bool put_in_place(const char *temporary, const char *path) {
    if (link(temporary, path) == 0 || errno == EEXIST)
        return true;
    bool no_links = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
    return no_links && (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
                        errno == EEXIST);
}

/* An empty store, whole or not at all; when another program makes one at the same time, its store
 * is as good. */
static rg_status create(const char *path, rg_err *err) {
    char temporary[4000];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return rg_fail(err, RG_IO, NULL, "path too long: %s", path);
    rg_store_remove_new(temporary);
    rg_status status = fill_new(temporary, err);
    if (status == RG_OK && !put_in_place(temporary, path))
        status = rg_fail(err, RG_IO, "check the path and its permissions",
                         "cannot make store %s: %s", path, strerror(errno));
    rg_store_remove_new(temporary);
    return status;
}

static rg_status open_checked(rg_store *store, rg_err *err) {
    int64_t version = 0;
    rg_status status;
    if (store->writable) {
        status = connect(store, store->path, SQLITE_OPEN_READWRITE, err);
        if (status == RG_OK)
            status = ask_version(store, &version, err);
    } else {
        status = connect_to_read(store, &version, err);
    }
    if (status != RG_OK)
        return status;
    if (version > RG_STORE_SCHEMA)
        return refuse_newer(store, version, err);
    if (version < 1)
        return wrong_file(store->path, "it names no version of its schema", err);
    if (version == RG_STORE_SCHEMA)
        return RG_OK;
    if (!store->writable)
        return rg_fail(err, RG_BAD_DATA, "bring it up to date with `railgauge db upgrade`",
                       "store %s has the older schema %lld", store->path, (long long)version);
    return migrate(store, false, err);
}

rg_status rg_store_open(const char *path, rg_store_mode mode, rg_store **ret_store, rg_err *err) {
    if (mode != RG_STORE_READ)
        rg_store_sweep(path);
    rg_status status = check_header(path, err);
    if (status == RG_ABSENT && mode == RG_STORE_CREATE)
        status = create(path, err);
    if (status == RG_ABSENT) /* a file that is not there; code 5 is kept for devices */
        return rg_fail(err, RG_IO, not_ours, "there is no store %s", path);
    if (status != RG_OK)
        return status;
    rg_store *store = new_store(path, mode != RG_STORE_READ, err);
    if (!store)
        return RG_NO_MEMORY;
    status = open_checked(store, err);
    if (status == RG_OK)
        *ret_store = store;
    else
        rg_store_close(store);
    return status;
}

void rg_store_close(rg_store *store) {
    if (!store)
        return;
    for (size_t i = 0; i < RG_SQL_COUNT_ALL; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}
