/* crash_storage.c: see crash_storage.h. */
#include "tests/doubles/crash_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/rng.h"

/* --- logging and failing -------------------------------------------------------------------- */

/* Notes the operation; true when it is its turn to fail (then errno is set). */
static bool note(crash_log *log, crash_kind kind, const char *path, const char *to,
                 const void *data, size_t bytes) {
    bool turn = log->n == log->fail_at || (log->failed && log->fail_ever_after &&
                                           kind != CRASH_REMOVE && kind != CRASH_CLOSE);
    if (log->n == CRASH_MAX_OPS)
        abort();
    if (turn) {
        log->failed = true;
        log->fail_at = SIZE_MAX;
        errno = log->fail_errno;
        return true;
    }
    log->ops[log->n++] = (crash_op){.kind = kind,
                                    .path = rg_arena_strdup(log->arena, path),
                                    .to = rg_arena_strdup(log->arena, to),
                                    .data = rg_arena_copy(log->arena, data, bytes),
                                    .bytes = bytes};
    return false;
}

static int log_create(void *user, const char *path) {
    crash_log *log = user;
    if (note(log, CRASH_CREATE, path, NULL, NULL, 0))
        return -1;
    int fd = rg_storage_real.create(NULL, path);
    if (fd >= 0 && fd < CRASH_MAX_FDS)
        log->path_of[fd] = rg_arena_strdup(log->arena, path);
    return fd;
}

static ssize_t log_write(void *user, int fd, const void *data, size_t bytes) {
    crash_log *log = user;
    if (log->piece && bytes > log->piece)
        bytes = log->piece;
    if (note(log, CRASH_WRITE, log->path_of[fd], NULL, data, bytes))
        return -1;
    return rg_storage_real.write(NULL, fd, data, bytes);
}

static int log_sync(void *user, int fd) {
    crash_log *log = user;
    return note(log, CRASH_SYNC, log->path_of[fd], NULL, NULL, 0) ? -1 : 0;
}

static int log_close(void *user, int fd) {
    crash_log *log = user;
    bool bad = note(log, CRASH_CLOSE, log->path_of[fd], NULL, NULL, 0);
    int number = errno;
    rg_storage_real.close(NULL, fd);
    errno = number;
    return bad ? -1 : 0;
}

static int log_rename(void *user, const char *from, const char *to) {
    if (note(user, CRASH_RENAME, from, to, NULL, 0))
        return -1;
    return rg_storage_real.rename(NULL, from, to);
}

static int log_make_dir(void *user, const char *path) {
    if (note(user, CRASH_MAKE_DIR, path, NULL, NULL, 0))
        return -1;
    return rg_storage_real.make_dir(NULL, path);
}

static int log_sync_dir(void *user, const char *path) {
    return note(user, CRASH_SYNC_DIR, path, NULL, NULL, 0) ? -1 : 0;
}

static int log_remove(void *user, const char *path) {
    if (note(user, CRASH_REMOVE, path, NULL, NULL, 0))
        return -1;
    return rg_storage_real.remove(NULL, path);
}

void crash_log_begin(crash_log *log) {
    *log = (crash_log){.arena = rg_arena_new(0), .fail_at = SIZE_MAX};
    log->storage = (rg_storage){log,        log_create,   log_write,    log_sync,  log_close,
                                log_rename, log_make_dir, log_sync_dir, log_remove};
}

void crash_log_end(crash_log *log) {
    rg_arena_free(log->arena);
}

/* --- a disk in memory ----------------------------------------------------------------------- */

enum { MAX_ENTRIES = 32, MAX_STATES = 64 };
typedef struct node node;
typedef struct listing {
    size_t n;
    struct {
        const char *name;
        node *what;
    } entry[MAX_ENTRIES];
} listing;

/* A folder keeps every listing since its last sync, the durable one first; a file its bytes. */
struct node {
    bool is_dir;
    size_t n_states;
    listing *states;
    char *data;
    size_t bytes, synced;
};

typedef struct disk {
    rg_arena *arena;
    const char *root_path;
    node *root;
    rg_rng rng;
    unsigned variant;
} disk;

static node *new_node(disk *d, bool is_dir) {
    node *fresh = rg_arena_alloc(d->arena, sizeof *fresh);
    fresh->is_dir = is_dir;
    if (is_dir) {
        fresh->states = rg_arena_array(d->arena, MAX_STATES, sizeof *fresh->states);
        fresh->n_states = 1;
    }
    return fresh;
}

static listing *current(node *dir) {
    return &dir->states[dir->n_states - 1];
}

static node **find(node *dir, const char *name, size_t n) {
    listing *now = current(dir);
    for (size_t i = 0; i < now->n; i++) {
        if (strlen(now->entry[i].name) == n && !strncmp(now->entry[i].name, name, n))
            return &now->entry[i].what;
    }
    return NULL;
}

/* The folder that holds the last name of `path`, and that name. NULL when it lies outside. */
static node *holder(disk *d, const char *path, const char **ret_name) {
    size_t skip = strlen(d->root_path);
    if (strncmp(path, d->root_path, skip) || path[skip] != '/')
        return NULL;
    node *dir = d->root;
    for (path += skip + 1;; path += strcspn(path, "/") + 1) {
        size_t n = strcspn(path, "/");
        if (!path[n])
            break;
        dir = *find(dir, path, n);
    }
    *ret_name = path;
    return dir;
}

/* A new state of the folder: `name` leads to `what`, or to nothing. */
static void enter(disk *d, node *dir, const char *name, node *what) {
    if (dir->n_states == MAX_STATES)
        abort();
    dir->states[dir->n_states] = *current(dir);
    dir->n_states++;
    listing *now = current(dir);
    node **old = find(dir, name, strlen(name));
    if (old && what) {
        *old = what;
    } else if (old) {
        size_t at = 0;
        while (&now->entry[at].what != old)
            at++;
        now->entry[at] = now->entry[--now->n];
    } else if (what) {
        now->entry[now->n].name = rg_arena_strdup(d->arena, name);
        now->entry[now->n++].what = what;
    }
}

static node *lookup(disk *d, const char *path) {
    const char *name;
    if (!strcmp(path, d->root_path))
        return d->root;
    node *dir = holder(d, path, &name);
    node **found = dir ? find(dir, name, strlen(name)) : NULL;
    return found ? *found : NULL;
}

static void append(disk *d, node *file, const char *data, size_t bytes) {
    char *longer = rg_arena_alloc(d->arena, file->bytes + bytes + 1);
    if (file->bytes)
        memcpy(longer, file->data, file->bytes);
    memcpy(longer + file->bytes, data, bytes);
    file->data = longer;
    file->bytes += bytes;
}

static void apply(disk *d, const crash_op *op) {
    const char *name = NULL;
    node *dir = holder(d, op->path, &name), *what = lookup(d, op->path);
    switch (op->kind) {
    case CRASH_CREATE:
    case CRASH_MAKE_DIR:
        if (dir)
            enter(d, dir, name, new_node(d, op->kind == CRASH_MAKE_DIR));
        break;
    case CRASH_WRITE:
        append(d, what, op->data, op->bytes);
        break;
    case CRASH_SYNC:
        what->synced = what->bytes;
        break;
    case CRASH_RENAME:
        enter(d, dir, name, NULL);
        dir = holder(d, op->to, &name);
        enter(d, dir, name, what);
        /* one step, not two: drop the state between them */
        dir->states[dir->n_states - 2] = dir->states[dir->n_states - 1];
        dir->n_states--;
        break;
    case CRASH_SYNC_DIR:
        if (what) {
            what->states[0] = *current(what);
            what->n_states = 1;
        }
        break;
    case CRASH_REMOVE:
        if (what)
            enter(d, dir, name, NULL);
        break;
    case CRASH_CLOSE:
        break;
    }
}

/* --- what survives -------------------------------------------------------------------------- */

static size_t surviving_state(disk *d, const node *dir) {
    if (d->variant == 0)
        return 0;
    if (d->variant <= 2)
        return dir->n_states - 1;
    return rg_rng_below(&d->rng, (uint32_t)dir->n_states);
}

/* Bytes kept of a file; an unsynced tail may also come back as zeros of the right length. */
static size_t surviving_bytes(disk *d, const node *file, bool *ret_zeros) {
    *ret_zeros = false;
    if (d->variant == 1)
        return file->bytes;
    if (d->variant <= 2)
        return file->synced;
    size_t tail = file->bytes - file->synced;
    *ret_zeros = rg_rng_below(&d->rng, 2);
    return file->synced + (tail ? rg_rng_below(&d->rng, (uint32_t)tail + 1) : 0);
}

static void lay_out(disk *d, const node *what, const char *path) {
    if (what->is_dir) {
        mkdir(path, 0777);
        const listing *kept = &what->states[surviving_state(d, what)];
        for (size_t i = 0; i < kept->n; i++)
            lay_out(d, kept->entry[i].what,
                    rg_arena_printf(d->arena, "%s/%s", path, kept->entry[i].name));
        return;
    }
    bool zeros;
    size_t kept = surviving_bytes(d, what, &zeros);
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; file && i < kept; i++)
        putc(zeros && i >= what->synced ? 0 : what->data[i], file);
    if (!file || fclose(file))
        abort();
}

void crash_replay(const crash_log *log, size_t n, unsigned variant, const char *root,
                  const char *to) {
    disk d = {.arena = rg_arena_new(0),
              .root_path = root,
              .rng = rg_rng_seeded(n * 1000003 + variant),
              .variant = variant};
    d.root = new_node(&d, true);
    for (size_t i = 0; i < n; i++)
        apply(&d, &log->ops[i]);
    lay_out(&d, d.root, to);
    rg_arena_free(d.arena);
}
