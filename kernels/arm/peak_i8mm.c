/* peak_i8mm.c: products of 2x8 by 8x2 bytes. */
#include <arm_neon.h>

#include "kernels/arm/peak_loop.h"

#define DOT(i) __asm__ volatile("smmla %0.4s, %1.16b, %2.16b" : "+w"(sum##i) : "w"(a), "w"(b));

static void run_dot(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    int8x16_t a = vdupq_n_s8(0), b = a;
    int32x4_t sum0 = vdupq_n_s32(0), sum1 = sum0, sum2 = sum0, sum3 = sum0, sum4 = sum0,
              sum5 = sum0, sum6 = sum0, sum7 = sum0, sum8 = sum0, sum9 = sum0, sum10 = sum0,
              sum11 = sum0;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(DOT)
    }
}

RG_PEAK_ROW(int8_i8mm, RG_PEAK_INT8, "i8mm", 12 * 32 * 2, run_dot, "smmla");
