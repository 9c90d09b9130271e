/* spin.h: how fast a core really runs: a chain of additions, each of which needs the one before,
 * takes one cycle an addition on every processor that this program is built for, so that additions
 * by time are cycles by time. It needs neither cpufreq nor counters, and works in a guest. */
#ifndef RG_RUN_SPIN_H
#define RG_RUN_SPIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What a core did over some 10 ms. */
typedef struct rg_spin {
    double mhz;    /* median over bursts; 0: could not be measured */
    double spread; /* (upper - lower quartile) / median */
} rg_spin;

/* Spins on the calling thread's core until its clock has risen (at most 30 ms), then measures for
 * some 5 ms. Interrupts and a busy host only ever make bursts slower; the median bears a few. */
rg_spin rg_spin_measure(void);

/* The same on this CPU, to which the thread is pinned meanwhile; then it may run on all again. */
rg_spin rg_spin_measure_on(uint16_t cpu);

/* Puts "cpu_mhz_measured" and "cpu_mhz_spread" into a state of the host. */
void rg_spin_note(const rg_spin *spin, json_t *state);

/* Did the clock move between two states by more than both spreads and 3 %? */
bool rg_spin_moved(const json_t *before, const json_t *after);

#endif
