/* staircase.h: exact requantization at the price of a float. From sums to 8-bit values an output
 * channel is a staircase of at most 255 steps. Whether a float formula climbs it at the very same
 * sums is tried at load, at every step, for the sums that can occur: both are monotone, so that
 * equal steps make them equal everywhere. Channels whose formula misses take the integer path. */
#ifndef RG_KERNELS_X86_STAIRCASE_H
#define RG_KERNELS_X86_STAIRCASE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ref/fixed.h"

/* value = nearest even of ((float)moved * scale + (moved < 0 ? below : above)), one rounding for
 * product and sum (FMA), clamped to [low, high], where moved = sum + move. The zero point is in
 * `above` and `below`; they differ by the half that the reference rounds away from zero. */
typedef struct rg_stair {
    int32_t move;
    float scale, above, below;
} rg_stair;

/* Looks for the formula that equals rg_requantize(sum, factor, zero, low, high) for all sums in
 * [least, most]; [low, high] lies within int8. False when none was found, or the factor or the
 * sums are beyond what int32 and float hold: then the integer path must be taken. */
bool rg_stair_prove(rg_factor factor, int32_t zero, int32_t low, int32_t high, int64_t least,
                    int64_t most, rg_stair *ret);

#endif
