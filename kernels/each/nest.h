/* nest.h: operators that move elements, as loops found by asking. At load the reference moves
 * element numbers instead of elements; where each comes from is then written as nested loops, each
 * with a count and a step in the input and in the output. */
#ifndef RG_KERNELS_EACH_NEST_H
#define RG_KERNELS_EACH_NEST_H

#include "bench/iface/op.h"

enum { RG_NEST_LEVELS = 10, RG_NEST_INPUTS = 8, RG_NEST_OUTPUTS = 8 };

/* Loops from one input to one output, innermost first; in elements. */
typedef struct rg_nest {
    uint32_t in, out, levels;
    size_t from, to; /* where the first element lies */
    size_t count[RG_NEST_LEVELS];
    ptrdiff_t step_from[RG_NEST_LEVELS], step_to[RG_NEST_LEVELS];
} rg_nest;

/* All moves of a call; elements of an output that no input gives are border. */
typedef struct rg_nests {
    bool found;   /* false: the moves are no nested loops */
    bool borders; /* some elements are border */
    uint32_t n;
    rg_nest nest[RG_NEST_INPUTS * RG_NEST_OUTPUTS];
} rg_nests;

/* Finds the moves of a call whose inputs [first_in, last_in) are moved; the others are constants.
 */
rg_status rg_nests_find(const rg_op_call *call, uint32_t first_in, uint32_t last_in,
                        rg_nests *ret_nests, rg_err *err);

#endif
