/* ina.h: how true power monitors with a shunt are, by chip: limits of error of the data sheets, for
 * every sensor that meets these chips (hwmon.c, iio.c). */
#ifndef RG_POWER_INA_H
#define RG_POWER_INA_H

#include <stdbool.h>

#include "bench/iface/sensor.h"

/* Gain as +-fraction of the reading, with 1 % assumed for the shunt; offset, step and full scale of
 * the shunt voltage in volts. Negative: not known; range 0: not known. */
typedef struct rg_ina {
    const char *chip;
    double refresh_s; /* at the chip's defaults */
    double gain, offset_v, lsb_v, range_v;
    double shunt_uohm; /* what Linux assumes where nobody tells, and files do not show; else 0 */
} rg_ina;

/* The row of a chip, else the last one, of which nothing is known. Never NULL. */
const rg_ina *rg_ina_find(const char *chip);

/* Limits of power: shunt limits become power at the bus voltage of the moment. Without shunt or bus
 * voltage (0) only the gain is known. Both are added to the rail's facts. */
void rg_ina_limits(const rg_ina *ina, double shunt_uohm, double bus_mv, rg_rail *rail);

/* Whether an ina3221's update_interval can be one cycle of conversions: Linux sets the times of bus
 * and shunt alike and rounds channels x (bus + shunt) to milliseconds. Newer kernels tell the
 * cycle, older ones that times `samples`; where both would fit it counts as a cycle, which gives
 * the longer lag. */
bool rg_ina3221_cycle(int64_t interval_ms, int channels);

#endif
