/* clock.h: the one time line. Real time is CLOCK_MONOTONIC in nanoseconds; tests and the `sim`
 * target use a virtual clock that moves only when told, and remembers the power drawn meanwhile,
 * so that whole runs are repeatable to the byte. */
#ifndef RG_CORE_CLOCK_H
#define RG_CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Now, in nanoseconds: virtual time when the virtual clock is on, else CLOCK_MONOTONIC. */
int64_t rg_clock_now_ns(void);

/* Now by CLOCK_MONOTONIC, whatever the virtual clock says. The timed loop calls this directly. */
int64_t rg_clock_real_ns(void);

/* Sleeps (or, on the virtual clock, advances) until `deadline_ns`. */
void rg_clock_sleep_until(int64_t deadline_ns);

/* Wall-clock time in nanoseconds since the Unix epoch (for provenance only, never for durations).
 */
int64_t rg_clock_wall_ns(void);

/* What a start-up check of the clock found. */
typedef struct rg_clock_check {
    double cost_ns;       /* mean cost of one reading */
    double resolution_ns; /* smallest step seen between two different readings */
    bool monotonic;       /* no reading was below its predecessor */
} rg_clock_check;
rg_clock_check rg_clock_measure(void);

/* --- virtual time (process-wide; not thread-safe by design) --------------------------------- */

/* A stretch of virtual time with the power drawn in it. */
typedef struct rg_clock_span {
    int64_t start_ns, end_ns;
    double power_mw;
} rg_clock_span;

/* Switches to virtual time, starting at `start_ns`, and forgets earlier spans. */
void rg_clock_virtual_on(int64_t start_ns);
void rg_clock_virtual_off(void);
bool rg_clock_is_virtual(void);

/* Moves virtual time on by `ns` (>= 0) while `power_mw` is drawn. */
void rg_clock_advance(int64_t ns, double power_mw);

/* Power drawn when nothing advances the clock but sleeping (rg_clock_sleep_until). */
void rg_clock_set_idle_power(double power_mw);

/* The spans so far, oldest first; valid until the next advance. */
const rg_clock_span *rg_clock_spans(size_t *ret_n);

#endif
