/* table16.h: functions of int16 as tables of 513 points with interpolation, as TFLite's int16
 * operators have them: the upper 9 bits choose a stretch, the lower 7 a place on it. */
#ifndef RG_KERNELS_REF_TABLE16_H
#define RG_KERNELS_REF_TABLE16_H

#include <stdint.h>

enum { RG_TABLE16_POINTS = 513 };

/* Fills the table of `real`, in double: inputs run from `first` to `last` over the type, outputs
 * span `span` over it with 0 at 0. Points are moved by half of the error at the middle of their
 * stretch. */
void rg_table16_fill(double (*real)(double), double first, double last, double span, int16_t *ret);

static inline int16_t rg_table16_at(const int16_t *table, int16_t x) {
    int32_t i = 256 + (x >> 7), slope = table[i + 1] - table[i];
    return (int16_t)(table[i] + ((slope * (x & 127) + 64) >> 7));
}

#endif
