/* repeats.h: how many windows an energy needs, from the spread of those that were taken. The window
 * is the unit, not the inference: readings within one follow each other. Rule: the smallest n with
 * t(0.975, n - 1) cv / sqrt(n) <= X, at least 5. What is systematic in the sensor no repeat
 * shrinks: where that alone exceeds X, no n will do. */
#ifndef RG_RESULT_REPEATS_H
#define RG_RESULT_REPEATS_H

#include <jansson.h>
#include <stdint.h>

enum { RG_REPEATS_FLOOR = 5, RG_REPEATS_MOST = 10000 };

/* Windows for an interval of +-`share` by spread alone; 0: more than RG_REPEATS_MOST. `cv`:
 * standard deviation over mean of energy per inference, window by window. */
uint32_t rg_repeats_needed(double cv, double share);

/* The plan that follows from a pilot of n windows:
 *   {"pilot": n, "cv": c, "floor": f, "windows": {"0.5%": N, "1%": ..., "2%": ..., "5%": ...}}
 * floor: U(k=2) of the systematic part over the energy; a share below it is null, "not reachable
 * with this sensor". NULL for fewer than 2 windows or when memory ran out. */
json_t *rg_repeats_plan(const double *per_inference_uj, size_t n, double systematic_share);

#endif
