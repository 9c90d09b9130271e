/* peak_avxvnni.c: dot products of bytes in 32-byte registers, VEX-coded. */
#include <immintrin.h>

#include "kernels/x86/peak_loop.h"

#define DOT(i) __asm__ volatile("%{vex%} vpdpbusd %1, %2, %0" : "+x"(sum##i) : "x"(a), "x"(b));

static void run_dot(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m256i a = _mm256_setzero_si256(), b = a, sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a,
            sum5 = a, sum6 = a, sum7 = a, sum8 = a, sum9 = a, sum10 = a, sum11 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(DOT)
    }
}

RG_PEAK_ROW(int8_avxvnni, RG_PEAK_INT8, "avxvnni", 12 * 32 * 2, run_dot, "vpdpbusd on 32 bytes");
