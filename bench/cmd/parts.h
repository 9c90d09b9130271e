/* parts.h: verbs that are several (`railgauge db check`): the part that the first word names. */
#ifndef RG_CMD_PARTS_H
#define RG_CMD_PARTS_H

#include <stddef.h>

#include "bench/cmd/args.h"

/* One part: its name and how many words may follow it. Verbs put it first in a row of their own. */
typedef struct rg_part {
    const char *name;
    size_t least, most;
} rg_part;

/* The row of `parts` (n rows of `size` bytes, each beginning with an rg_part) that args->words[0]
 * names. RG_USAGE naming the nearest part, or the words that it does not take. */
rg_status rg_part_find(const char *verb, const void *parts, size_t n, size_t size,
                       const rg_args *args, const void **ret_part, rg_err *err);

#endif
