/* peak_neon.c: int8 and float32 products by Advanced SIMD, and memory through 16-byte registers. */
#include <arm_neon.h>

#include "kernels/arm/peak_loop.h"

/* Two products a lane in int16, then added in pairs to int32. */
#define WIDEN(i)                                                                                   \
    __asm__ volatile(                                                                              \
        "smull %1.8h, %2.8b, %3.8b\n\tsmlal2 %1.8h, %2.16b, %3.16b\n\tsadalp %0.4s, %1.8h"         \
        : "+w"(sum##i), "=&w"(pair)                                                                \
        : "w"(a), "w"(b));

static void run_widen(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    int8x16_t a = vdupq_n_s8(0), b = a;
    int16x8_t pair;
    int32x4_t sum0 = vdupq_n_s32(0), sum1 = sum0, sum2 = sum0, sum3 = sum0, sum4 = sum0,
              sum5 = sum0;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_6(WIDEN)
        RG_TIMES_6(WIDEN)
    }
}

#define FMLA(i) __asm__ volatile("fmla %0.4s, %1.4s, %2.4s" : "+w"(sum##i) : "w"(a), "w"(b));

static void run_fmla(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    float32x4_t a = vdupq_n_f32(0), b = a, sum0 = a, sum1 = a, sum2 = a, sum3 = a, sum4 = a,
                sum5 = a, sum6 = a, sum7 = a, sum8 = a, sum9 = a, sum10 = a, sum11 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_12(FMLA)
    }
}

#define MULADD(i)                                                                                  \
    __asm__ volatile("fmul %1.4s, %2.4s, %3.4s\n\tfadd %0.4s, %0.4s, %1.4s"                        \
                     : "+w"(sum##i), "=&w"(product)                                                \
                     : "w"(a), "w"(b));

static void run_muladd(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    float32x4_t a = vdupq_n_f32(0), b = a, product, sum0 = a, sum1 = a, sum2 = a, sum3 = a,
                sum4 = a, sum5 = a, sum6 = a, sum7 = a;
    for (size_t i = 0; i < rounds; i++) {
        RG_TIMES_8(MULADD)
    }
}

#define LOAD(i) __asm__ volatile("ldr %q0, %1" : "=w"(r##i) : "m"(at[i]));
#define STORE(i) __asm__ volatile("str %q1, %0" : "=m"(at[i]) : "w"(zero));

static void run_read(size_t rounds, void *memory, size_t bytes) {
    for (size_t i = 0; i < rounds; i++) {
        const int32x4_t *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            int32x4_t r0, r1, r2, r3, r4, r5, r6, r7;
            RG_TIMES_8(LOAD)
        }
    }
}

static void run_write(size_t rounds, void *memory, size_t bytes) {
    int32x4_t zero = vdupq_n_s32(0);
    for (size_t i = 0; i < rounds; i++) {
        int32x4_t *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            RG_TIMES_8(STORE)
        }
    }
}

RG_PEAK_ROW(int8_neon, RG_PEAK_INT8, "neon", 12 * 16 * 2, run_widen, "smull, smlal2, sadalp");
RG_PEAK_ROW(fp32_neon_fma, RG_PEAK_FP32, "neon", 12 * 4 * 2, run_fmla, "fmla");
RG_PEAK_ROW(fp32_neon_muladd, RG_PEAK_FP32, "neon", 8 * 4 * 2, run_muladd, "fmul, fadd");
RG_PEAK_ROW(read_neon, RG_PEAK_READ, "neon", 0, run_read, "16-byte loads");
RG_PEAK_ROW(write_neon, RG_PEAK_WRITE, "neon", 0, run_write, "16-byte stores");
