/* peak_scalar.c: the clock of an aarch64 CPU. */
#include "kernels/arm/peak_loop.h"

enum { ADDS = 64 };

static void run_clock(size_t rounds, void *memory, size_t bytes) {
    (void)memory, (void)bytes;
    size_t x = 1, step = 3;
    for (size_t i = 0; i < rounds; i++)
        __asm__ volatile(".rept 64\n\tadd %0, %0, %1\n\t.endr" : "+r"(x) : "r"(step));
}

RG_PEAK_ROW(clock, RG_PEAK_CLOCK, "scalar", ADDS, run_clock, "a chain of 64-bit additions");
