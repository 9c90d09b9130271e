/* remark.h: what a reader assumed about a graph's ends, or found contradicted: kept in the graph's
 * memory, beside what everybody reads, and told by `railgauge inspect`. */
#ifndef RG_CORE_REMARK_H
#define RG_CORE_REMARK_H

#include "bench/core/graph.h"

/* About input or output `index` of a graph. */
typedef struct rg_remark {
    const struct rg_remark *next;
    bool is_output;
    uint32_t index;
    uint32_t open_dims; /* of inputs: bit i is set where the file leaves dimension i open and one is
                           taken */
    rg_shape declared;  /* of outputs: the file's own word, which the graph contradicts; open
                           dimensions are 1 */
} rg_remark;

/* Notes a copy of a remark (its `next` is not looked at). False: out of memory. */
bool rg_remark_add(rg_graph *graph, rg_remark remark);

/* The remark about an end; NULL: there is nothing to say. It lives as long as the graph. */
const rg_remark *rg_remark_of(const rg_graph *graph, bool is_output, uint32_t index);

/* The place for one pointer that an arena carries for its owner (bench/core/arena.c); NULL at
 * first. Of graphs it holds the remarks. */
void **rg_arena_note(rg_arena *arena);

#endif
