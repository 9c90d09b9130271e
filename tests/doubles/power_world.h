/* power_world.h: a load whose joules are known, and sensors of every kind that look at it. Rows
 * come out as a meter would deliver them: converted once a refresh, polled at a pace of their own,
 * late, lost, wrapped. The tests of energy.c and the study of its coverage share it. */
#ifndef RG_TESTS_POWER_WORLD_H
#define RG_TESTS_POWER_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/rng.h"
#include "bench/result/energy.h"

/* True power over time: idle, and load inside [0, window). */
typedef struct power_world {
    double idle_mw, load_mw, window_s;
    double drift_mw_per_s;               /* added all the time, 0 at t = 0 */
    double burst_s;                      /* > 0: the load comes and goes, half of each period */
    double burst_phase_s;                /* how far into a period the window begins */
    double idle_step_mw, idle_step_at_s; /* what idle power grows by, at this moment */
    double burst_share;                  /* of a period under load; 0: half */
} power_world;

double power_world_mw(const power_world *world, double t_s);

/* Exact integral of the above. */
double power_world_uj(const power_world *world, double from_s, double to_s);

/* How a sensor and its reader see it. */
typedef struct power_eye {
    rg_power_kind kind;
    double refresh_s, lag_s, poll_s;
    double noise_mw;                      /* standard deviation of one conversion */
    double lsb_mw, gain_error, offset_mw; /* errors: of this one piece */
    double delay_s;                       /* what is read was converted so much earlier */
    double phase_s;                       /* when conversions begin, within a refresh */
    uint64_t wrap_uj;
    double lsb_uj;                         /* of counters; 0: 1 uJ */
    double conversion_wander, poll_wander; /* +- this share of the interval, evenly */
    double half_s; /* a read takes twice this; when within it the value is taken varies */
    double lost;   /* share of reads that never arrive */
    double clock_error_s, clock_skew; /* stamps show t (1 + skew) + error */
} power_eye;

/* Appends what the eye sees from `around_s` before to `around_s` after the window as rows of
 * `rail`, at most `cap`; returns how many. */
size_t power_world_play(const power_world *world, const power_eye *eye, double around_s,
                        uint32_t rail, rg_rng *rng, rg_power_row *rows, size_t cap);

/* A module's total as the eye is, with no limits of error but its resolution. */
rg_rail power_eye_rail(const power_eye *eye);

#endif
