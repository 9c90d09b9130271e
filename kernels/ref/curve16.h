/* curve16.h: the logistic function and tanh of int16 by one interpolated table, as TFLite's
 * reference has them: the input is brought to 1/(3 * 4096) by a 15-bit multiplier and one shift,
 * ties up, the table holds the logistic function of i/24. */
#ifndef RG_KERNELS_REF_CURVE16_H
#define RG_KERNELS_REF_CURVE16_H

#include <stdint.h>

enum { RG_CURVE16_POINTS = 256 };

/* The logistic function of i/24 with 16 fraction bits, and how inputs come to 1/(3 * 4096). */
typedef struct rg_curve16 {
    int32_t multiplier, shift; /* the caller sets both; shift >= 0, to the right */
    uint16_t point[RG_CURVE16_POINTS];
} rg_curve16;

/* Fills the table; leaves multiplier and shift alone. */
void rg_curve16_fill(rg_curve16 *curve);

/* Results on the scale 1/32768. */
int16_t rg_curve16_logistic(const rg_curve16 *curve, int16_t x);
int16_t rg_curve16_tanh(const rg_curve16 *curve, int16_t x);

#endif
