/* ziptail.h: names of the files in a zip archive that ends a model file (labels and descriptions
 * that converters append). Only listed, never unpacked. */
#ifndef RG_RUN_ZIPTAIL_H
#define RG_RUN_ZIPTAIL_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"

typedef struct rg_ziptail {
    uint32_t n;
    const char **names; /* printable; in the arena */
    uint64_t *bytes;    /* unpacked sizes */
} rg_ziptail;

/* What the central directory at the end of `data` names; n = 0 when there is no archive, when it is
 * damaged or memory ran out. At most 64 names. */
rg_ziptail rg_ziptail_read(const void *data, size_t bytes, rg_arena *arena);

#endif
