/* fs.h: files and folders of our own: whole-file reading with a limit, and writing that survives
 * a power cut (write to a temporary name, fsync, rename, fsync the folder). */
#ifndef RG_CORE_FS_H
#define RG_CORE_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"

/* Reads a whole file into `arena`, NUL-terminated beyond its end. Refuses more than limit_bytes,
 * and whatever is no regular file, pipes too, without waiting for it. */
rg_status rg_fs_read(rg_arena *arena, const char *path, size_t limit_bytes, char **ret_data,
                     size_t *ret_bytes, rg_err *err);

/* Writes a file so that after a crash either the old or the new content is there, never a
 * part. Writers of one path at the same time do not disturb each other: the last one's stays. */
rg_status rg_fs_write_atomic(const char *path, const void *data, size_t bytes, rg_err *err);

/* Creates a folder and its parents; an existing one is fine. */
rg_status rg_fs_mkdirs(const char *path, rg_err *err);

/* Makes a rename in `dir` durable. */
rg_status rg_fs_sync_dir(const char *dir, rg_err *err);

/* Removes a folder and all below it (never follows symlinks). Absent is fine. */
rg_status rg_fs_remove_tree(const char *path, rg_err *err);

bool rg_fs_exists(const char *path);
bool rg_fs_is_dir(const char *path);

/* "a/b" from "a" and "b" in the arena. */
char *rg_fs_join(rg_arena *arena, const char *dir, const char *name);

/* Full path of a program that PATH holds; NULL when there is none, or no PATH. */
char *rg_fs_program(rg_arena *arena, const char *name);

/* File for what this machine was found to be: in $XDG_STATE_HOME/railgauge, else
 * ~/.local/state/railgauge, else a folder in /tmp of this user. Nothing is created; NULL when
 * memory ran out. */
char *rg_fs_state_path(rg_arena *arena, const char *name);

/* Folder for caches: $XDG_CACHE_HOME/railgauge, else ~/.cache/railgauge, else a folder in /tmp of
 * this user. Created when missing. */
rg_status rg_fs_cache_dir(rg_arena *arena, const char *sub, char **ret_dir, rg_err *err);

#endif
