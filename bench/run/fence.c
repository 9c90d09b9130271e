/* fence.c: buffers between pages without access. */
#include "bench/run/fence.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARY = 0xC5, BEHIND = 64 }; /* canaries behind what does not end at a fence, at least */

static const char *const place_words[RG_PLACE_COUNT] = {"end", "front", "odd"};

const char *rg_place_word(rg_place place) {
    return place_words[place];
}

static size_t page_bytes(void) {
    static size_t known;
    if (!known)
        known = (size_t)sysconf(_SC_PAGESIZE);
    return known;
}

static unsigned char *first_usable(const rg_fence *fence) {
    return fence->map + page_bytes();
}

static unsigned char *last_usable(const rg_fence *fence) {
    return fence->map + fence->map_bytes - page_bytes();
}

/* At least `bytes` between the two pages. */
static bool grow(rg_fence *fence, size_t bytes) {
    size_t page = page_bytes(), whole = (bytes + page - 1) / page * page + 2 * page;
    if (whole == 2 * page)
        whole += page;
    if (fence->map && fence->map_bytes == whole)
        return true;
    rg_fence_free(fence);
    void *map = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    fence->map = map;
    fence->map_bytes = whole;
    return mprotect(first_usable(fence), whole - 2 * page, PROT_READ | PROT_WRITE) == 0;
}

bool rg_fence_place(rg_fence *fence, rg_place place, size_t bytes, size_t align) {
    if (fence->read_only)
        rg_fence_protect(fence, false);
    if (!grow(fence, bytes + align + (place == RG_PLACE_END ? 0 : BEHIND)))
        return false;
    unsigned char *first = first_usable(fence), *last = last_usable(fence);
    unsigned char *end = last - bytes;
    fence->bytes = bytes;
    fence->data = place == RG_PLACE_END
                      ? (unsigned char *)((uintptr_t)end & ~(uintptr_t)(align - 1))
                      : first + (place == RG_PLACE_ODD ? align : 0);
    memset(first, CANARY, (size_t)(fence->data - first));
    memset(fence->data + bytes, CANARY, (size_t)(last - fence->data) - bytes);
    return true;
}

void rg_fence_protect(rg_fence *fence, bool read_only) {
    if (!fence->map || fence->read_only == read_only)
        return;
    mprotect(first_usable(fence), fence->map_bytes - 2 * page_bytes(),
             read_only ? PROT_READ : PROT_READ | PROT_WRITE);
    fence->read_only = read_only;
}

bool rg_fence_broken(const rg_fence *fence, ptrdiff_t *ret_offset) {
    if (!fence->map)
        return false;
    const unsigned char *last = last_usable(fence);
    for (const unsigned char *at = first_usable(fence); at < last; at++) {
        if (at == fence->data)
            at += fence->bytes;
        if (at < last && *at != CANARY) {
            *ret_offset = at - fence->data;
            return true;
        }
    }
    return false;
}

bool rg_fence_holds(const rg_fence *fence, const void *address, ptrdiff_t *ret_offset) {
    const unsigned char *at = address;
    if (!fence->map || at < fence->map || at >= fence->map + fence->map_bytes)
        return false;
    *ret_offset = at - fence->data;
    return true;
}

void rg_fence_free(rg_fence *fence) {
    if (fence->map)
        munmap(fence->map, fence->map_bytes);
    *fence = (rg_fence){0};
}
