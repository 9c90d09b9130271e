/* soak.h: has a long run become thermally steady? A slope test over its last segments; pure. Used
 * by worker_soak.c. */
#ifndef RG_RUN_SOAK_H
#define RG_RUN_SOAK_H

#include <stdbool.h>
#include <stddef.h>

enum {
    RG_SOAK_LAST = 6,      /* segments that the test looks at */
    RG_SOAK_MOST = 4096,   /* segments of a run */
    RG_SOAK_LEVEL_MC = 500 /* temperature may drift by so many millikelvin over them */
};

#define RG_SOAK_LEVEL_SHARE 0.01 /* and the median latency by this share */

/* One segment: median latency, and the warmest zone (NAN where none can be read). */
typedef struct rg_soak_segment {
    double p50_ns, temperature_mc;
} rg_soak_segment;

/* True when neither the median latency nor the temperature of the last RG_SOAK_LAST segments has a
 * trend (Theil and Sen's slope times their length) beyond the levels above. False for fewer than
 * RG_SOAK_LAST + 1: the first one is the burst. */
bool rg_soak_is_steady(const rg_soak_segment *segments, size_t n);

#endif
