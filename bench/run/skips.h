/* skips.h: cells that are declared away, with a reason and an end: `skip` of a scenario, or of a
 * file of expected cells. They run all the same; the gate does not judge them
 * (result/gate_expect.c). */
#ifndef RG_RUN_SKIPS_H
#define RG_RUN_SKIPS_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/err.h"

typedef struct rg_skip_spec {
    const char *cell;             /* name, glob of it, or the first digits of the key */
    const char *reason, *expires; /* expires: the last day it holds, "2027-01-31" */
} rg_skip_spec;

/* Checks a list of {"cell", "reason", "expires"}; NULL and an empty table are fine. RG_USAGE naming
 * what is missing or wrong. */
rg_status rg_skips_check(const json_t *list, rg_err *err);

/* Is this the cell's name, a glob of it, or the first digits of its key (at least four)? */
bool rg_cell_matches(const char *name, const char *key, const char *pattern);

#endif
