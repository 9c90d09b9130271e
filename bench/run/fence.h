/* fence.h: memory with pages behind and before it that nobody may touch, so that reading or writing
 * one byte too many is a fault at that instruction. The verifier puts every buffer of a kernel into
 * one; where a buffer cannot touch the fence, canaries stand between. */
#ifndef RG_RUN_FENCE_H
#define RG_RUN_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a buffer lies in its pages. */
typedef enum rg_place {
    RG_PLACE_END,   /* its last byte directly before the fence (aligned down where it must be) */
    RG_PLACE_FRONT, /* its first byte directly behind the fence */
    RG_PLACE_ODD,   /* at the front, moved on by one element: the smallest alignment allowed */
    RG_PLACE_COUNT
} rg_place;

/* "end" */
const char *rg_place_word(rg_place place);

/* One fenced buffer; zero it before its first use. Pages are kept and reused while they suffice. */
typedef struct rg_fence {
    unsigned char *map; /* a page that faults, usable pages, a page that faults */
    size_t map_bytes;
    unsigned char *data; /* the buffer */
    size_t bytes;
    bool read_only;
} rg_fence;

/* Makes room for `bytes` aligned to `align` (a power of two, at most 64); contents are undefined,
 * what is around them is canaries. RG_PLACE_ODD moves on by `align`. False when out of memory. */
bool rg_fence_place(rg_fence *fence, rg_place place, size_t bytes, size_t align);

/* Lets the buffer be read only (a write faults) or written again. */
void rg_fence_protect(rg_fence *fence, bool read_only);

/* Offset from the buffer's first byte of the first canary that was changed; false: all stand. */
bool rg_fence_broken(const rg_fence *fence, ptrdiff_t *ret_offset);

/* True when `address` lies in the fence's pages; *ret_offset counts from the buffer's first byte.
 */
bool rg_fence_holds(const rg_fence *fence, const void *address, ptrdiff_t *ret_offset);

void rg_fence_free(rg_fence *fence);

#endif
