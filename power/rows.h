/* rows.h: what all sensors need to make rows: an empty one, one stamped with the middle of its
 * read, holes while a source is silent, and the time of a meter that has a clock of its own. */
#ifndef RG_POWER_ROWS_H
#define RG_POWER_ROWS_H

#include "bench/iface/sensor.h"

/* A row without any power. */
rg_power_row rg_row_empty(uint32_t rail);

/* A reading that failed, now: a hole that the analysis sees. */
rg_power_row rg_row_hole(uint32_t rail);

/* Calls `read` for one channel between two readings of the clock and stamps the row with their
 * middle. All parts of the row are NAN before. */
void rg_row_stamp(rg_power_row *row, void (*read)(const void *channel, rg_power_row *row),
                  const void *channel);

/* A source that should speak by itself. While it does not (it has ended, hangs, or was unplugged)
 * its rails get a hole each, every `limit_ns`. */
typedef struct rg_silence {
    int64_t limit_ns, last_ns;
} rg_silence;

/* Begins to listen: silence counts from ten refreshes of the slowest rail on, half a second at
 * least. */
rg_silence rg_silence_begin(const rg_rail *rails, size_t n);

/* After each drain, with the `n` rows that came. Puts one hole a rail into `rows` when it is time;
 * returns how many rows there are then. */
size_t rg_silence_rows(rg_silence *silence, size_t n_rails, rg_power_row *rows, size_t n,
                       size_t cap);

/* A meter's own clock, laid on ours so that what came with the least delay of the last 20 to 40 s
 * came at once: what waited in a queue does not move it, and a clock that drifts is followed. */
typedef struct rg_meter_clock {
    double now_s, before_s; /* least delay of this stretch of 20 s and of the one before */
    int64_t turn_ns;        /* end of this stretch */
} rg_meter_clock;

rg_meter_clock rg_meter_clock_begin(void);

/* Our time (rg_clock_now_ns) of the meter's `time_s`, of which was heard at `heard_ns`. */
int64_t rg_meter_clock_ns(rg_meter_clock *clock, double time_s, int64_t heard_ns);

#endif
