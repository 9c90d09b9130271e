/* work.h: how much an operator or a model computes and moves. ops = 2 x macs; other arithmetic is
 * counted beside it and is no part of TOPS (measurement.md, section 1). */
#ifndef RG_CORE_WORK_H
#define RG_CORE_WORK_H

#include <stdint.h>

typedef struct rg_work {
    uint64_t macs;          /* multiply-accumulates of conv, depthwise, fully connected, matmul;
                               padding taps counted, as published figures do */
    uint64_t other_ops;     /* additions, comparisons, table look-ups ... of everything else */
    uint64_t bytes_read;    /* inputs and constants, once each */
    uint64_t bytes_written; /* outputs */
} rg_work;

static inline rg_work rg_work_sum(rg_work a, rg_work b) {
    rg_work sum = {a.macs + b.macs, a.other_ops + b.other_ops, a.bytes_read + b.bytes_read,
                   a.bytes_written + b.bytes_written};
    return sum;
}

#endif
