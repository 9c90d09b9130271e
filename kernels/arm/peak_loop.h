/* peak_loop.h: writing one instruction for several independent accumulators, enough to hide its
 * latency, and the row that a loop becomes; used by the peak_*.c of this folder. */
#ifndef RG_KERNELS_ARM_PEAK_LOOP_H
#define RG_KERNELS_ARM_PEAK_LOOP_H

#include "bench/iface/peak.h"

#define RG_TIMES_6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define RG_TIMES_8(X) RG_TIMES_6(X) X(6) X(7)
#define RG_TIMES_12(X) RG_TIMES_8(X) X(8) X(9) X(10) X(11)

#define RG_PEAK_ROW(id, what, level, operations, function, text)                                   \
    const rg_peak rg_peak_##id = {                                                                 \
        .name = #id,                                                                               \
        .kind = what,                                                                              \
        .isa = level,                                                                              \
        .summary = text,                                                                           \
        .per_round = operations,                                                                   \
        .run = function,                                                                           \
    }

#endif
