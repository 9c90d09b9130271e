/* curve16.c: see curve16.h. */
#include "kernels/ref/curve16.h"

#include <math.h>
#include <stddef.h>

/* Points of the original's table that stand one above the rounded function. */
static const uint8_t raised[] = {4,  8,  12, 14, 15, 16, 17, 19, 20,  21,  22,  25,  27,  28, 29,
                                 30, 31, 33, 34, 35, 37, 39, 40, 41,  43,  44,  45,  46,  49, 50,
                                 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255};

void rg_curve16_fill(rg_curve16 *curve) {
    for (int i = 0; i < RG_CURVE16_POINTS; i++) {
        double y = round(65536.0 / (1.0 + exp(-i / 24.0)));
        curve->point[i] = (uint16_t)(y < 65535 ? y : 65535);
    }
    for (size_t i = 0; i < sizeof raised; i++)
        curve->point[raised[i]]++;
}

/* An input in units of 1/(3 * 4096). */
static int32_t curve_place(const rg_curve16 *c, int16_t x) {
    int64_t half = c->shift > 0 ? INT64_C(1) << (c->shift - 1) : 0;
    return (int32_t)(((int64_t)x * c->multiplier + half) >> c->shift);
}

/* The curve at `size` with `bits` of interpolation, `bits` more fraction bits; `top` far out. */
static int32_t curve_value(const rg_curve16 *c, uint32_t size, int bits, int32_t top) {
    uint32_t i = size >> bits, part = size & ((1u << bits) - 1);
    if (i >= RG_CURVE16_POINTS - 1)
        return top;
    uint32_t rise = (uint32_t)c->point[i + 1] - c->point[i];
    return (int32_t)(((uint32_t)c->point[i] << bits) + part * rise);
}

int16_t rg_curve16_logistic(const rg_curve16 *c, int16_t x) {
    int32_t place = curve_place(c, x);
    uint32_t size = (uint32_t)(place < 0 ? -place : place);
    int32_t y = curve_value(c, size, 9, 0x7fff << 10);
    y = place >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1;
    return (int16_t)(y >> 10);
}

/* 2 * logistic(2x) - 1 */
int16_t rg_curve16_tanh(const rg_curve16 *c, int16_t x) {
    int32_t place = curve_place(c, x);
    uint32_t size = (uint32_t)(place < 0 ? -place : place);
    int32_t y = curve_value(c, size, 8, 0xffff << 8);
    y = place >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
    return (int16_t)(y >> 8);
}
