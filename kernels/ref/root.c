/* root.c: see root.h. Numbers with `i` integer bits are raw * 2^(i - 31). */
#include "kernels/ref/root.h"

/* Left shift that saturates. */
static int32_t shift_up(int32_t x, int bits) {
    return (int32_t)rg_clamp((int64_t)x * (INT64_C(1) << bits), INT32_MIN, INT32_MAX);
}

rg_factor rg_inverse_root(int32_t x) {
    const int32_t one_and_a_half = (1 << 28) + (1 << 27), half_root_two = 1518500250;
    int shift = 11;
    if (x <= 1)
        return (rg_factor){INT32_MAX, 0};
    for (; x >= 1 << 29; x /= 4)
        shift++;
    int pairs = (__builtin_clz((uint32_t)x) - 1) / 2 - 1;
    shift -= pairs;
    int32_t half = rg_shift_away((int32_t)((uint32_t)x << (2 * pairs)) >> 1, 1);
    int32_t y = 1 << 28; /* 3 integer bits */
    for (int i = 0; i < 5; i++) {
        int32_t cube = shift_up(rg_high_mul(rg_high_mul(y, y), y), 6);
        y = shift_up(rg_high_mul(one_and_a_half, y) - rg_high_mul(half, cube), 3);
    }
    y = rg_high_mul(y, half_root_two);
    if (shift < 0)
        return (rg_factor){(int32_t)((uint32_t)y << -shift), 0};
    return (rg_factor){y, -shift};
}
