/* gauge_files.h: the open sensor of all that read a number out of open files (hwmon.c, iio.c,
 * powercap.c, perf.c): a table of file descriptors, one row a rail, each read once a drain and
 * stamped with the middle of its read. A sensor brings how a rail is opened and how it is read. */
#ifndef RG_POWER_GAUGE_FILES_H
#define RG_POWER_GAUGE_FILES_H

#include <stdbool.h>

#include "bench/iface/sensor.h"

/* One rail's open files. `way` and `scale` are the sensor's own. */
typedef struct rg_channel {
    int value_fd, volt_fd; /* -1: not open; closed with the gauge */
    int sign_fd;           /* a current, for rg_channel_signed; -1: none */
    int way;
    double scale;
    double range_mw; /* full scale of the rail, 0 unknown: powers beyond it are clipped */
} rg_channel;

typedef struct rg_channel_kind {
    /* Opens what the rail's transport names; false with errno when it cannot be opened. All fields
     * are set before: no files, scale 1, the rail's range. */
    bool (*open)(rg_root *root, const rg_rail *rail, rg_channel *channel);
    /* Fills power_mw or energy_uj, and the raw parts that it has; flags say what went wrong. */
    void (*read)(const void *channel, rg_power_row *row);
} rg_channel_kind;

/* Opens all rails or none: RG_DENIED or RG_ABSENT with the rail's name. Close with
 * rg_gauge_files_close. */
rg_status rg_gauge_files_open(const rg_channel_kind *kind, rg_root *root, const rg_rail *rails,
                              size_t n, rg_gauge **ret_gauge, rg_err *err);
rg_status rg_gauge_files_drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n);
void rg_gauge_files_close(rg_gauge *gauge); /* accepts NULL */

/* Power registers of these chips hold a magnitude; which way it flows, the current at sign_fd
 * tells. NAN stays NAN; a current that cannot be read sets a flag. */
double rg_channel_signed(const rg_channel *channel, double power, uint32_t *flags);

#endif
