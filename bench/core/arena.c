/* arena.c: a list of chunks, bump-allocated. */
#include "bench/core/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/remark.h"

enum { ALIGN = 64, FIRST_CHUNK_BYTES = 4 * 1024, CHUNK_BYTES = 64 * 1024 };

typedef struct chunk {
    struct chunk *next;
    size_t cap, used;
    unsigned char *data;
} chunk;

struct rg_arena {
    chunk *chunks;
    size_t limit, used;
    void *note; /* the owner's */
};

rg_arena *rg_arena_new(size_t limit_bytes) {
    rg_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->limit = limit_bytes;
    return arena;
}

void rg_arena_free(rg_arena *arena) {
    if (!arena)
        return;
    for (chunk *c = arena->chunks, *next; c; c = next) {
        next = c->next;
        free(c->data);
        free(c);
    }
    free(arena);
}

/* calloc, not malloc and memset: big chunks then cost no page until they are touched. */
static chunk *chunk_new(size_t cap) {
    chunk *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->data = calloc(1, cap + ALIGN);
    if (!c->data) {
        free(c);
        return NULL;
    }
    c->cap = cap;
    return c;
}

/* Chunks grow with the arena: one file's worth of memory should not cost the zeroing of 64 KiB. */
static size_t chunk_bytes(const rg_arena *arena, size_t least) {
    size_t bytes = arena->used < FIRST_CHUNK_BYTES ? FIRST_CHUNK_BYTES
                   : arena->used < CHUNK_BYTES     ? arena->used
                                                   : CHUNK_BYTES;
    return least > bytes ? least : bytes;
}

static unsigned char *chunk_base(const chunk *c) {
    return (unsigned char *)(((uintptr_t)c->data + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
}

void *rg_arena_alloc(rg_arena *arena, size_t bytes) {
    if (bytes > SIZE_MAX - 4 * ALIGN)
        return NULL;
    size_t rounded = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (rounded == 0)
        rounded = ALIGN;
    if (arena->limit && (rounded > arena->limit || arena->used > arena->limit - rounded))
        return NULL;
    chunk *c = arena->chunks;
    if (!c || c->cap - c->used < rounded) {
        c = chunk_new(chunk_bytes(arena, rounded));
        if (!c)
            return NULL;
        c->next = arena->chunks;
        arena->chunks = c;
    }
    void *at = chunk_base(c) + c->used;
    c->used += rounded;
    arena->used += rounded;
    return at;
}

void *rg_arena_array(rg_arena *arena, size_t n, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(n, size, &bytes) ? NULL : rg_arena_alloc(arena, bytes);
}

void *rg_arena_copy(rg_arena *arena, const void *data, size_t bytes) {
    void *at = data ? rg_arena_alloc(arena, bytes) : NULL;
    if (at && bytes)
        memcpy(at, data, bytes);
    return at;
}

char *rg_arena_strdup(rg_arena *arena, const char *text) {
    return text ? rg_arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *rg_arena_printf(rg_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : rg_arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

size_t rg_arena_used_bytes(const rg_arena *arena) {
    return arena->used;
}

void **rg_arena_note(rg_arena *arena) {
    return &arena->note;
}
