/* peak_avx512vnni.c: peaks of 64-byte registers. */
#include <immintrin.h>

#include "kernels/x86/peak_loop.h"

#define DOT(i) __asm__ volatile("vpdpbusd %1, %2, %0" : "+v"(sum##i) : "v"(a), "v"(b));

static void run_dot(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m512i a = _mm512_setzero_si512(), b = a, sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a,
            sum5 = a, sum6 = a, sum7 = a, sum8 = a, sum9 = a, sum10 = a, sum11 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(DOT)
    }
}

#define FMA(i) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+v"(sum##i) : "v"(a), "v"(b));

static void run_fma(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m512 a = _mm512_setzero_ps(), b = a, sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a,
           sum5 = a, sum6 = a, sum7 = a, sum8 = a, sum9 = a, sum10 = a, sum11 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(FMA)
    }
}

#define MULADD(i)                                                                                  \
    __asm__ volatile("vmulps %2, %3, %1\n\tvaddps %1, %0, %0"                                      \
                     : "+v"(sum##i), "=&v"(product)                                                \
                     : "v"(a), "v"(b));

static void run_muladd(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m512 a = _mm512_setzero_ps(), b = a, product, sum0 = a, sum1 = a, sum2 = a, sum3 = a,
           sum4 = a, sum5 = a, sum6 = a, sum7 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_8(MULADD)
    }
}

#define LOAD(i) __asm__ volatile("vmovdqa64 %1, %0" : "=v"(r##i) : "m"(at[i]));
#define STORE(i) __asm__ volatile("vmovdqa64 %1, %0" : "=m"(at[i]) : "v"(zero));

static void run_read(size_t rounds, void *memory, size_t bytes) {
    for (size_t i = 0; i < rounds; i++) {
        const __m512i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            __m512i r0, r1, r2, r3, r4, r5, r6, r7;
            RG_TIMES_8(LOAD)
        }
    }
}

static void run_write(size_t rounds, void *memory, size_t bytes) {
    __m512i zero = _mm512_setzero_si512();
    for (size_t i = 0; i < rounds; i++) {
        __m512i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            RG_TIMES_8(STORE)
        }
    }
}

RG_PEAK_ROW(int8_avx512vnni, RG_PEAK_INT8, "avx512vnni", 12 * 64 * 2, run_dot,
            "vpdpbusd on 64 bytes");
RG_PEAK_ROW(fp32_avx512_fma, RG_PEAK_FP32, "avx512vnni", 12 * 16 * 2, run_fma,
            "vfmadd231ps on 64 bytes");
RG_PEAK_ROW(fp32_avx512_muladd, RG_PEAK_FP32, "avx512vnni", 8 * 16 * 2, run_muladd,
            "vmulps, vaddps on 64 bytes");
RG_PEAK_ROW(read_avx512, RG_PEAK_READ, "avx512vnni", 0, run_read, "64-byte loads");
RG_PEAK_ROW(write_avx512, RG_PEAK_WRITE, "avx512vnni", 0, run_write, "64-byte stores");
