/* roundfacts.h: the facts of a round (round.h) from what its worker told and what the supervisor
 * saw of it. */
#ifndef RG_RUN_ROUNDFACTS_H
#define RG_RUN_ROUNDFACTS_H

#include <jansson.h>

#include "bench/run/child.h"
#include "bench/run/request.h"

typedef struct rg_round_place {
    const rg_cell *cell;
    uint32_t number, order;
    const char *provenance;
} rg_round_place;

/* New reference, NULL when out of memory. Adds "last_lines" of the output to rounds that have no
 * result. */
json_t *rg_round_facts(const rg_round_place *place, const rg_child *child);

#endif
