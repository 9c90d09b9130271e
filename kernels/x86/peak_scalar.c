/* peak_scalar.c: what every x86-64 CPU can show: its clock, and memory through 16-byte registers.
 */
#include <emmintrin.h>

#include "kernels/x86/peak_loop.h"

enum { ADDS = 64 };

static void run_clock(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    size_t x = 1, step = 3;
    for (size_t i = 0; i < rounds; i++)
        __asm__ volatile(".rept 64\n\tadd %1, %0\n\t.endr" : "+r"(x) : "r"(step) : "cc");
}

#define LOAD(i) __asm__ volatile("movdqa %1, %0" : "=x"(r##i) : "m"(at[i]));
#define STORE(i) __asm__ volatile("movdqa %1, %0" : "=m"(at[i]) : "x"(zero));

static void run_read(size_t rounds, void *memory, size_t bytes) {
    for (size_t i = 0; i < rounds; i++) {
        const __m128i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            __m128i r0, r1, r2, r3, r4, r5, r6, r7;
            RG_TIMES_8(LOAD)
        }
    }
}

static void run_write(size_t rounds, void *memory, size_t bytes) {
    __m128i zero = _mm_setzero_si128();
    for (size_t i = 0; i < rounds; i++) {
        __m128i *at = memory, *end = at + bytes / sizeof *at;
        for (; at < end; at += 8) {
            RG_TIMES_8(STORE)
        }
    }
}

RG_PEAK_ROW(clock, RG_PEAK_CLOCK, "scalar", ADDS, run_clock, "a chain of 64-bit additions");
RG_PEAK_ROW(read_sse2, RG_PEAK_READ, "scalar", 0, run_read, "16-byte loads");
RG_PEAK_ROW(write_sse2, RG_PEAK_WRITE, "scalar", 0, run_write, "16-byte stores");
