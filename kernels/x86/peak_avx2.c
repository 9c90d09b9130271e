/* peak_avx2.c: peaks of 32-byte registers without dot-product instructions. */
#include <immintrin.h>

#include "kernels/x86/peak_loop.h"

/* Sums of pairs in int16, widened by ones: exact where packing rules saturation out. */
#define MADDUBS(i)                                                                                 \
    __asm__ volatile("vpmaddubsw %2, %3, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"           \
                     : "+x"(sum##i), "=&x"(pair)                                                   \
                     : "x"(a), "x"(b), "x"(ones));

static void run_maddubs(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m256i a = _mm256_setzero_si256(), b = a, ones = a, pair;
    __m256i sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a, sum5 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_6(MADDUBS)
        RG_TIMES_6(MADDUBS)
    }
}

/* On values that are int16 already. */
#define MADDWD(i)                                                                                  \
    __asm__ volatile("vpmaddwd %2, %3, %1\n\tvpaddd %1, %0, %0"                                    \
                     : "+x"(sum##i), "=&x"(pair)                                                   \
                     : "x"(a), "x"(b));

static void run_maddwd(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m256i a = _mm256_setzero_si256(), b = a, pair;
    __m256i sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a, sum5 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_6(MADDWD)
        RG_TIMES_6(MADDWD)
    }
}

#define FMA(i) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+x"(sum##i) : "x"(a), "x"(b));

static void run_fma(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m256 a = _mm256_setzero_ps(), b = a, sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a,
           sum5 = a, sum6 = a, sum7 = a, sum8 = a, sum9 = a, sum10 = a, sum11 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(FMA)
    }
}

/* Rounded twice, as the reference does. */
#define MULADD(i)                                                                                  \
    __asm__ volatile("vmulps %2, %3, %1\n\tvaddps %1, %0, %0"                                      \
                     : "+x"(sum##i), "=&x"(product)                                                \
                     : "x"(a), "x"(b));

static void run_muladd(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    __m256 a = _mm256_setzero_ps(), b = a, product, sum0 = a, sum1 = a, sum2 = a, sum3 = a,
           sum4 = a, sum5 = a, sum6 = a, sum7 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_8(MULADD)
    }
}

#define LOAD(i) __asm__ volatile("vmovdqa %1, %0" : "=x"(r##i) : "m"(at[i]));
#define STORE(i) __asm__ volatile("vmovdqa %1, %0" : "=m"(at[i]) : "x"(zero));

static void run_read(size_t rounds, void *memory, size_t bytes) {
    for (size_t i = 0; i < rounds; i++) {
        const __m256i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            __m256i r0, r1, r2, r3, r4, r5, r6, r7;
            RG_TIMES_8(LOAD)
        }
    }
}

static void run_write(size_t rounds, void *memory, size_t bytes) {
    __m256i zero = _mm256_setzero_si256();
    for (size_t i = 0; i < rounds; i++) {
        __m256i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            RG_TIMES_8(STORE)
        }
    }
}

RG_PEAK_ROW(int8_avx2_maddubs, RG_PEAK_INT8, "avx2", 12 * 32 * 2, run_maddubs,
            "vpmaddubsw, vpmaddwd, vpaddd");
RG_PEAK_ROW(int8_avx2_maddwd, RG_PEAK_INT8, "avx2", 12 * 16 * 2, run_maddwd,
            "vpmaddwd, vpaddd on int16");
RG_PEAK_ROW(fp32_avx2_fma, RG_PEAK_FP32, "avx2", 12 * 8 * 2, run_fma, "vfmadd231ps");
RG_PEAK_ROW(fp32_avx2_muladd, RG_PEAK_FP32, "avx2", 8 * 8 * 2, run_muladd, "vmulps, vaddps");
RG_PEAK_ROW(read_avx2, RG_PEAK_READ, "avx2", 0, run_read, "32-byte loads");
RG_PEAK_ROW(write_avx2, RG_PEAK_WRITE, "avx2", 0, run_write, "32-byte stores");
