/* ina.c: limits of error of power monitors. Sources: TI data sheets SBOS576 (INA3221), SBOS448
 * (INA219), SBOS459 (INA220), SBOS547 (INA226), SBOS601 (INA230), SBOS644 (INA231), SLYS021
 * (INA228), SLYS025 (INA238), offsets and gains at their maxima; ACPI meters: what the
 * specification asks for. */
#include "power/ina.h"

#include <math.h>
#include <string.h>

#include "power/files.h"

static const rg_ina chips[] = {
    {"ina3221", 0.0066, 0.0125, 80e-6, 40e-6, 0.1638},
    {"ina219", 0.0085, 0.015, 100e-6, 10e-6, 0.32},
    {"ina220", 0.0085, 0.015, 100e-6, 10e-6, 0.32},
    {"ina226", 0.0352, 0.011, 10e-6, 2.5e-6, 0.08192},
    {"ina230", 0.0352, 0.013, 50e-6, 2.5e-6, 0.08192},
    {"ina231", 0.0352, 0.013, 50e-6, 2.5e-6, 0.08192},
    {"ina238", 0.0168, 0.017, 5e-6, 20e-6, 0, 10000}, /* the step as Linux calibrates it */
    {"ina228", 0.0168, 0.015, 1e-6, 0.3125e-6, 0},
    {"power_meter", 1.0, 0.05, 0, 0, 0},
    {"", 1.0, -1, -1, -1, 0},
};

const rg_ina *rg_ina_find(const char *chip) {
    const rg_ina *ina = chips;
    while (*ina->chip && strcmp(ina->chip, chip))
        ina++;
    return ina;
}

void rg_ina_limits(const rg_ina *ina, double shunt_uohm, double bus_mv, rg_rail *rail) {
    rail->limits = (rg_limits){.gain = ina->gain, .offset_mw = -1, .lsb_mw = -1};
    if (ina->offset_v == 0) /* what the maker tells as accuracy holds all */
        rail->limits.offset_mw = 0;
    if (!(shunt_uohm > 0) || !(bus_mv > 0) || ina->lsb_v <= 0)
        return;
    double amps_per_volt = 1e6 / shunt_uohm;
    rail->limits.offset_mw = ina->offset_v * amps_per_volt * bus_mv;
    rail->limits.lsb_mw = fmax(ina->lsb_v * amps_per_volt, 0.001) * bus_mv;
    rail->limits.range_mw = ina->range_v * amps_per_volt * bus_mv;
    rg_rail_add_fact(rail, " shunt_uohm=%.0f", shunt_uohm);
    rg_rail_add_fact(rail, " bus_mv=%.0f", bus_mv);
}

bool rg_ina3221_cycle(int64_t interval_ms, int channels) {
    static const int conversion_us[] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
    for (size_t i = 0; i < sizeof conversion_us / sizeof conversion_us[0]; i++) {
        if ((channels * 2 * conversion_us[i] + 500) / 1000 == interval_ms)
            return true;
    }
    return false;
}
