/* cache.h: what lies below the cache folder (rg_fs_cache_dir), and its limit. Everything there can
 * be made again. Who stores an entry calls rg_cache_make_room; who works with one, rg_cache_use: it
 * counts as used now, and no process of ours evicts it while this one lives. `railgauge db cache`
 * shows and clears. */
#ifndef RG_CORE_CACHE_H
#define RG_CORE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"

#define RG_CACHE_LIMIT_BYTES INT64_C(4000000000) /* unless RAILGAUGE_CACHE_LIMIT says otherwise */

/* A file of the cache. Text in the list's arena. */
typedef struct rg_cache_entry {
    const char *path, *kind; /* of its first folder: models, peaks, reference ... */
    int64_t bytes, used_ns;  /* last use: the time of its last change or rg_cache_use */
} rg_cache_entry;

typedef struct rg_cache_list {
    rg_arena *arena; /* the caller's */
    char *dir;
    rg_cache_entry *rows;
    size_t n, cap;
    bool failed; /* memory ran out */
} rg_cache_list;

/* All regular files; links are left alone. Errors of rg_fs_cache_dir, RG_NO_MEMORY. */
rg_status rg_cache_read(rg_arena *arena, rg_cache_list *ret_list, rg_err *err);
int64_t rg_cache_bytes(const rg_cache_list *list);

/* Removes the least recently used files until the rest is within `limit` bytes, but none that a
 * process holds and none that was used within `spare_s` seconds; they leave the list. How many
 * went.
 */
size_t rg_cache_trim(rg_cache_list *list, int64_t limit, int64_t spare_s);

/* "500MB", "2GiB", "1000": bytes. Powers of ten without the i. RG_USAGE. */
rg_status rg_cache_parse_size(const char *word, int64_t *ret_bytes, rg_err *err);

/* Is the file there? One of the cache is then marked as used now and held until this process ends
 * (256 at most); others are left as they are. */
bool rg_cache_use(const char *path);

/* After an entry was stored: brings the cache within its limit. Quiet: a cache that cannot be
 * trimmed hurts nobody but the disk. */
void rg_cache_make_room(void);

#endif
