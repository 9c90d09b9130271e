/* vendor_original.h: how the doubles of vendors' compilers hide the source model in what they
 * write, and how the doubles of the runtimes find it there again: in the options of the operator,
 * before the FlexBuffer (which is read from its end), a word of sixteen bytes, the size in eight,
 * the bytes. */
#ifndef RG_DOUBLES_VENDOR_ORIGINAL_H
#define RG_DOUBLES_VENDOR_ORIGINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bench/core/text.h"

#define VENDOR_ORIGINAL "railgauge-double" /* sixteen bytes */
enum { VENDOR_ORIGINAL_HEAD = 24 };

static inline void vendor_original_append(const void *data, size_t bytes, rg_text *out) {
    uint64_t size = bytes;
    while (out->bytes % 16)
        rg_text_add_bytes(out, "", 1);
    rg_text_add_bytes(out, VENDOR_ORIGINAL, 16);
    rg_text_add_bytes(out, &size, sizeof size);
    rg_text_add_bytes(out, data, bytes);
}

/* The source model inside a file of such a compiler; false: there is none. */
static inline bool vendor_original_find(const void *file, size_t bytes, const void **ret,
                                        size_t *ret_bytes) {
    for (size_t at = 0; at + VENDOR_ORIGINAL_HEAD <= bytes; at += 16) {
        const char *here = (const char *)file + at;
        uint64_t size;
        if (memcmp(here, VENDOR_ORIGINAL, 16))
            continue;
        memcpy(&size, here + 16, sizeof size);
        if (size > bytes - at - VENDOR_ORIGINAL_HEAD)
            continue;
        *ret = here + VENDOR_ORIGINAL_HEAD;
        *ret_bytes = (size_t)size;
        return true;
    }
    return false;
}

#endif
