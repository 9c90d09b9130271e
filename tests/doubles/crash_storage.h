/* crash_storage.h: a storage double that does the real thing, writes down what it did, and can fail
 * any one operation; and a replayer that lays out what a disk may hold when power is lost after any
 * prefix of that log. Only files, folders, renames and syncs as a bundle uses them. */
#ifndef RG_TESTS_CRASH_STORAGE_H
#define RG_TESTS_CRASH_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/result/storage.h"

typedef enum crash_kind {
    CRASH_CREATE,
    CRASH_WRITE,
    CRASH_SYNC,
    CRASH_CLOSE,
    CRASH_RENAME,
    CRASH_MAKE_DIR,
    CRASH_SYNC_DIR,
    CRASH_REMOVE,
} crash_kind;

typedef struct crash_op {
    crash_kind kind;
    const char *path, *to; /* absolute */
    const char *data;
    size_t bytes;
} crash_op;

enum { CRASH_MAX_OPS = 4096, CRASH_MAX_FDS = 1024 };

typedef struct crash_log {
    rg_storage storage; /* hand this out; its user is the log */
    rg_arena *arena;
    crash_op ops[CRASH_MAX_OPS];
    size_t n;
    const char *path_of[CRASH_MAX_FDS];
    size_t piece;   /* longest write that is taken at once, so that files tear inside; 0: any */
    size_t fail_at; /* number of the operation that fails; SIZE_MAX: none */
    int fail_errno;
    bool fail_ever_after; /* like a disk that stays full; removing still works */
    bool failed;          /* it happened */
} crash_log;

void crash_log_begin(crash_log *log);
void crash_log_end(crash_log *log);

/* Lays out below the existing empty folder `to` what may stand below `root` after the first
 * `n` operations and a power loss. Synced content and names always survive; of the rest
 * variant 0 loses all, 1 keeps all, 2 keeps names but no content, and higher ones draw, seeded by
 * the variant, how much of each folder's and file's unsynced history survives. */
void crash_replay(const crash_log *log, size_t n, unsigned variant, const char *root,
                  const char *to);

#endif
