/* rows.c: rows, holes and foreign clocks (rows.h). */
#include "power/rows.h"

#include <math.h>

#include "bench/core/clock.h"

rg_power_row rg_row_empty(uint32_t rail) {
    return (rg_power_row){
        .rail = rail, .power_mw = NAN, .energy_uj = NAN, .voltage_mv = NAN, .current_ma = NAN};
}

rg_power_row rg_row_hole(uint32_t rail) {
    rg_power_row row = rg_row_empty(rail);
    row.flags = RG_ROW_BAD;
    row.t_ns = rg_clock_real_ns();
    return row;
}

void rg_row_stamp(rg_power_row *row, void (*read)(const void *channel, rg_power_row *row),
                  const void *channel) {
    int64_t start_ns = rg_clock_real_ns();
    *row = rg_row_empty(row->rail);
    read(channel, row);
    int64_t end_ns = rg_clock_real_ns();
    row->t_ns = start_ns + (end_ns - start_ns) / 2;
    row->half_ns = (end_ns - start_ns) / 2;
}

rg_silence rg_silence_begin(const rg_rail *rails, size_t n) {
    double limit_s = 0.5;
    for (size_t i = 0; i < n; i++)
        limit_s = fmax(limit_s, 10 * rails[i].refresh_s);
    return (rg_silence){(int64_t)(limit_s * 1e9), rg_clock_real_ns()};
}

size_t rg_silence_rows(rg_silence *silence, size_t n_rails, rg_power_row *rows, size_t n,
                       size_t cap) {
    int64_t now_ns = rg_clock_real_ns();
    if (n == 0 && now_ns - silence->last_ns < silence->limit_ns)
        return 0;
    silence->last_ns = now_ns;
    if (n)
        return n;
    for (; n < n_rails && n < cap; n++)
        rows[n] = rg_row_hole((uint32_t)n);
    return n;
}

rg_meter_clock rg_meter_clock_begin(void) {
    return (rg_meter_clock){INFINITY, INFINITY, 0};
}

int64_t rg_meter_clock_ns(rg_meter_clock *clock, double time_s, int64_t heard_ns) {
    const int64_t stretch_ns = 20000000000;
    double delay_s = (double)heard_ns * 1e-9 - time_s;
    if (heard_ns >= clock->turn_ns) {
        clock->before_s = clock->now_s;
        clock->now_s = INFINITY;
        clock->turn_ns = heard_ns + stretch_ns;
    }
    clock->now_s = fmin(clock->now_s, delay_s);
    return (int64_t)((time_s + fmin(clock->now_s, clock->before_s)) * 1e9);
}
