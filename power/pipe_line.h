/* pipe_line.h: the text that an external meter's program writes for `--power-pipe COMMAND`, one
 * line at a time (docs/power.md):
 *
 *   # rail=usb-c scope=board-in role=total refresh_s=0.1 gain=0.01 offset_mw=5 lsb_mw=1
 *   12.300 2.51             seconds, watts
 *   12.400 5.02 0.501       seconds, volts, amperes
 *   12.500 2.49 usb-c       with the rail's name where there are several
 */
#ifndef RG_POWER_PIPE_LINE_H
#define RG_POWER_PIPE_LINE_H

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

/* Whose clock the times are of. */
typedef enum rg_pipe_clock {
    RG_PIPE_OWN,       /* the meter's: laid on ours by the least delay seen */
    RG_PIPE_MONOTONIC, /* CLOCK_MONOTONIC, as Python's time.monotonic() */
    RG_PIPE_REALTIME,  /* seconds since 1970, as Python's time.time() */
} rg_pipe_clock;

enum { RG_PIPE_RAILS = 16 };

/* What header lines have told so far. */
typedef struct rg_pipe_head {
    rg_rail rails[RG_PIPE_RAILS];
    size_t n_rails;
    rg_pipe_clock clock;
} rg_pipe_head;

typedef struct rg_pipe_reading {
    double time_s;
    rg_power_row row; /* rail and powers; no stamp yet */
} rg_pipe_reading;

/* Takes what somebody tells of a rail: scope, role, kind, refresh_s, lag_s, gain, offset_mw,
 * lsb_mw, range_mw. False for an unknown key or a value out of its range. */
bool rg_rail_take_pair(rg_rail *rail, const char *key, const char *word);

/* A letter, then letters, digits, '-', '_' or '.'; 40 at most. */
bool rg_rail_is_name(const char *word);

/* Takes a line that begins with '#'. A `rail=` begins a rail, other keys tell of the latest one;
 * words without '=' are remarks. RG_BAD_DATA for an unknown key or a value out of its range. */
rg_status rg_pipe_take_head(const char *line, rg_pipe_head *head, rg_err *err);

/* Takes any other line. A head without rails gets the one rail "power". RG_BAD_DATA when the line
 * is no reading, or names a rail that no header line told of. */
rg_status rg_pipe_take_reading(const char *line, rg_pipe_head *head, rg_pipe_reading *ret,
                               rg_err *err);

#endif
