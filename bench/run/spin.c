/* spin.c: bursts of dependent additions, register to register: processors that fold additions of
 * constants at decoding do not fold these. */
#include "bench/run/spin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/cores.h"

enum { ADDS = 256, BURSTS = 21, RISING_MOST = 120, BURST_NS = 250000 };

#define X4(x) x x x x
#define X256(x) X4(X4(X4(X4(x))))

/* 256 cycles a turn; counting and branching run beside the chain. */
static uint64_t chain(uint64_t turns) {
    uint64_t sum = 1, step = 1;
#if defined(__x86_64__)
    __asm__ volatile("1:\n" X256("add %[step], %[sum]\n") "dec %[turns]\n"
                                                          "jnz 1b\n"
                     : [sum] "+r"(sum), [turns] "+r"(turns)
                     : [step] "r"(step)
                     : "cc");
#elif defined(__aarch64__)
    __asm__ volatile("1:\n" X256("add %[sum], %[sum], %[step]\n") "subs %[turns], %[turns], #1\n"
                                                                  "b.ne 1b\n"
                     : [sum] "+r"(sum), [turns] "+r"(turns)
                     : [step] "r"(step)
                     : "cc");
#else
    (void)step;
    turns = 0;
#endif
    return sum + turns;
}

/* Cycles by microsecond of one burst of so many turns. */
static double burst_mhz(uint64_t turns) {
    int64_t start_ns = rg_clock_real_ns();
    volatile uint64_t sum = chain(turns);
    int64_t took_ns = rg_clock_real_ns() - start_ns;
    (void)sum;
    return took_ns > 0 ? 1e3 * (double)turns * ADDS / (double)took_ns : 0;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bursts of a quarter of a millisecond, until four in a row differ by less than 1 %: a governor
 * raises the clock step by step. Returns the turns of such a burst. */
static uint64_t let_it_rise(void) {
    uint64_t turns = 200;
    double last = 0;
    for (int i = 0, calm = 0; i < RISING_MOST && calm < 4; i++) {
        double mhz = burst_mhz(turns);
        if (!(mhz > 0))
            return turns;
        calm = fabs(mhz - last) < 0.01 * mhz ? calm + 1 : 0;
        last = mhz;
        turns = (uint64_t)(mhz * BURST_NS / 1e3 / ADDS) + 1;
    }
    return turns;
}

rg_spin rg_spin_measure(void) {
#if defined(__x86_64__) || defined(__aarch64__)
    double mhz[BURSTS];
    uint64_t turns = let_it_rise();
    for (int i = 0; i < BURSTS; i++)
        mhz[i] = burst_mhz(turns);
    qsort(mhz, BURSTS, sizeof mhz[0], by_value);
    double median = mhz[BURSTS / 2];
    double quartiles = mhz[BURSTS * 3 / 4] - mhz[BURSTS / 4];
    return (rg_spin){median, median > 0 ? quartiles / median : 0};
#else
    return (rg_spin){0, 0};
#endif
}

rg_spin rg_spin_measure_on(uint16_t cpu) {
    bool pinned = rg_cpu_pin(cpu);
    rg_spin spin = rg_spin_measure();
    if (pinned)
        rg_cpu_unpin();
    return spin;
}

void rg_spin_note(const rg_spin *spin, json_t *state) {
    if (!(spin->mhz > 0) || !state)
        return;
    rg_json_set_real(state, "cpu_mhz_measured", spin->mhz);
    rg_json_set_real(state, "cpu_mhz_spread", spin->spread);
}

bool rg_spin_moved(const json_t *before, const json_t *after) {
    double a = rg_json_get_real(before, "cpu_mhz_measured", 0);
    double b = rg_json_get_real(after, "cpu_mhz_measured", 0);
    double noise = rg_json_get_real(before, "cpu_mhz_spread", 0) +
                   rg_json_get_real(after, "cpu_mhz_spread", 0);
    return a > 0 && b > 0 && fabs(b - a) > fmax(0.03, noise) * a;
}
