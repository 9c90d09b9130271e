/* memplan.h: where each intermediate tensor lies in one block of memory, worked out before anything
 * runs. Tensors that are never alive together may share bytes. The executor is the only caller. */
#ifndef RG_RUN_MEMPLAN_H
#define RG_RUN_MEMPLAN_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

enum { RG_MEMPLAN_ALIGN = 64 };

/* One tensor. Alive from step `first` to step `last`, both included; steps are nodes. */
typedef struct rg_memplan_item {
    size_t bytes;
    uint32_t first, last;
    size_t offset; /* answer: a multiple of RG_MEMPLAN_ALIGN */
} rg_memplan_item;

typedef struct rg_memplan_size {
    size_t bytes;       /* of the block */
    size_t bound_bytes; /* largest sum of items alive at one step: no plan can be smaller */
} rg_memplan_size;

/* Gives each item its offset. Heuristic: items from the largest to the smallest, each into the
 * smallest gap between those already placed that are alive at the same time, else above them
 * ("greedy by size" with the best fit, after Pisarchyk and Lee, "Efficient Memory Management for
 * Deep Neural Net Inference", 2020); the order of first use is tried as well and the smaller plan
 * kept. The same items always give the same plan. Time grows with the number of pairs that live
 * together; beyond twenty million of them (six thousand tensors alive all at once) the rest stands
 * on top of all, which the bound beside the size shows. RG_NO_MEMORY when sizes overflow or there
 * is no memory for the work; RG_INVALID when an item ends before it begins. */
rg_status rg_memplan_solve(rg_memplan_item *items, size_t n, rg_memplan_size *ret_size,
                           rg_err *err);

#endif
