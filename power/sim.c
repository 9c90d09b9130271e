/* sim.c: the deterministic sensor, twin of the `sim` target and the skeleton to copy. It has one
 * rail, "sim:total", that shows what the virtual clock says was drawn, averaged over each refresh
 * as a real INA226 would. Figures from it are `simulated`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"

enum { REFRESH_NS = 10000000 };

struct rg_gauge {
    int64_t next_ns; /* end of the block that comes next */
    size_t span;     /* first clock span that may still matter */
};

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)root, (void)options;
    if (ret_rails->n == RG_MAX_RAILS)
        return rg_fail(err, RG_NO_MEMORY, NULL, "too many rails");
    ret_rails->items[ret_rails->n++] = (rg_rail){
        .id = "sim:total",
        .label = "total",
        .sensor = "sim",
        .transport = "virtual clock",
        .scope = RG_SCOPE_MODULE,
        .role = RG_ROLE_TOTAL,
        .kind = RG_POWER_BLOCK,
        .refresh_s = REFRESH_NS / 1e9,
        .limits = {.gain = 0.005, .offset_mw = 1, .lsb_mw = 0.5},
        .facts = "simulated",
    };
    return RG_OK;
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root, (void)rails, (void)n;
    if (!rg_clock_is_virtual())
        return rg_fail(err, RG_UNSUPPORTED, "use it with the sim target",
                       "the sim sensor has nothing to show on a real clock");
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    gauge->next_ns = rg_clock_now_ns() / REFRESH_NS * REFRESH_NS + REFRESH_NS;
    *ret_gauge = gauge;
    return RG_OK;
}

/* Mean power over [start, end): stretches in which nothing was told count as nothing drawn. */
static double block_power(rg_gauge *gauge, const rg_clock_span *spans, size_t n, int64_t start_ns,
                          int64_t end_ns) {
    double energy = 0;
    while (gauge->span < n && spans[gauge->span].end_ns <= start_ns)
        gauge->span++;
    for (size_t i = gauge->span; i < n && spans[i].start_ns < end_ns; i++) {
        int64_t from = spans[i].start_ns > start_ns ? spans[i].start_ns : start_ns;
        int64_t to = spans[i].end_ns < end_ns ? spans[i].end_ns : end_ns;
        energy += spans[i].power_mw * (double)(to - from);
    }
    return energy / (double)(end_ns - start_ns);
}

static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n_spans, n = 0;
    const rg_clock_span *spans = rg_clock_spans(&n_spans);
    while (n < cap && gauge->next_ns <= rg_clock_now_ns()) {
        double mw = block_power(gauge, spans, n_spans, gauge->next_ns - REFRESH_NS, gauge->next_ns);
        rows[n++] = (rg_power_row){.t_ns = gauge->next_ns,
                                   .power_mw = nearbyint(mw * 2) / 2,
                                   .energy_uj = NAN,
                                   .voltage_mv = NAN,
                                   .current_ma = NAN};
        gauge->next_ns += REFRESH_NS;
    }
    *ret_n = n;
    return RG_OK;
}

static void close_gauge(rg_gauge *gauge) {
    free(gauge);
}

const rg_sensor rg_sensor_sim = {
    .name = "sim",
    .summary = "the virtual clock's power, for simulated runs",
    .is_virtual = true,
    .probe = probe,
    .open = open_gauge,
    .drain = drain,
    .close = close_gauge,
};
