/* meter_session.c: rails that only the open session of a target can read: sampled in the process
 * that holds the device, by a thread as any sensor's, on the same clock. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/run/meter_priv.h"

struct rg_gauge {
    const rg_target *target;
    rg_session *session;
    size_t n;
};

/* One row a rail that has something new, stamped in the middle of its read. */
static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = 0;
    for (size_t i = 0; i < gauge->n && n < cap; i++) {
        rg_power_row row = {.rail = (uint32_t)i};
        int64_t start_ns = rg_clock_real_ns();
        gauge->target->read_rail(gauge->session, (uint32_t)i, &row);
        row.half_ns = (rg_clock_real_ns() - start_ns) / 2;
        row.t_ns = start_ns + row.half_ns;
        if (!(row.flags & RG_ROW_NOT_READY))
            rows[n++] = row;
    }
    *ret_n = n;
    return RG_OK;
}

static void close_gauge(rg_gauge *gauge) {
    free(gauge);
}

static const rg_sensor session_sensor = {
    .name = "session", .summary = "rails of an open session", .drain = drain, .close = close_gauge};

rg_status rg_meter_open_session(const rg_target *target, rg_session *session,
                                const rg_rail_list *rails, const char *worker_cores,
                                rg_meter **ret_meter, rg_err *err) {
    rg_gauge *gauge = malloc(sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *gauge = (rg_gauge){target, session, rails->n};
    rg_status status = rg_meter_around(&session_sensor, gauge, rails, worker_cores, ret_meter, err);
    if (status != RG_OK)
        free(gauge);
    return status;
}
