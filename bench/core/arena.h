/* arena.h: memory that is released in one call. Each case, graph or report owns one arena;
 * nothing allocated from it is freed alone. */
#ifndef RG_CORE_ARENA_H
#define RG_CORE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct rg_arena rg_arena;

/* A new arena that refuses to grow beyond `limit_bytes` (0: no limit). NULL when out of memory. */
rg_arena *rg_arena_new(size_t limit_bytes);

/* Releases everything. Accepts NULL. */
void rg_arena_free(rg_arena *arena);

/* `bytes` zeroed bytes, aligned to 64. NULL when memory or the limit is exhausted. */
void *rg_arena_alloc(rg_arena *arena, size_t bytes);

/* `n` zeroed elements of `size` bytes; NULL on overflow as well. */
void *rg_arena_array(rg_arena *arena, size_t n, size_t size);

/* Copies into the arena; NULL stays NULL. */
char *rg_arena_strdup(rg_arena *arena, const char *text);
void *rg_arena_copy(rg_arena *arena, const void *data, size_t bytes);

/* printf into the arena. */
char *rg_arena_printf(rg_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
size_t rg_arena_used_bytes(const rg_arena *arena);

#endif
