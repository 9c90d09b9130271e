/* gauge_files.c: opens, reads and closes a table of files; what is in them is the sensors' matter
 * (gauge_files.h). */
#include "power/gauge_files.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "power/files.h"
#include "power/rows.h"

struct rg_gauge {
    const rg_channel_kind *kind;
    size_t n;
    rg_channel channels[RG_MAX_RAILS];
};

void rg_gauge_files_close(rg_gauge *gauge) {
    for (size_t i = 0; gauge && i < gauge->n; i++) {
        const rg_channel *c = &gauge->channels[i];
        const int fds[] = {c->value_fd, c->volt_fd, c->sign_fd};
        for (size_t k = 0; k < sizeof fds / sizeof fds[0]; k++) {
            if (fds[k] >= 0)
                close(fds[k]);
        }
    }
    free(gauge);
}

static rg_status cannot_open(const rg_rail *rail, int code, rg_err *err) {
    rg_status status = code == EACCES || code == EPERM ? RG_DENIED : RG_ABSENT;
    return rg_fail(err, status, "see `railgauge list rails`", "cannot open rail %s", rail->id);
}

rg_status rg_gauge_files_open(const rg_channel_kind *kind, rg_root *root, const rg_rail *rails,
                              size_t n, rg_gauge **ret_gauge, rg_err *err) {
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    gauge->kind = kind;
    for (size_t i = 0; i < n && i < RG_MAX_RAILS; i++) {
        rg_channel *channel = &gauge->channels[gauge->n++];
        *channel = (rg_channel){.value_fd = -1,
                                .volt_fd = -1,
                                .sign_fd = -1,
                                .scale = 1,
                                .range_mw = rails[i].limits.range_mw};
        errno = 0;
        if (!kind->open(root, &rails[i], channel)) {
            int code = errno;
            rg_gauge_files_close(gauge);
            return cannot_open(&rails[i], code, err);
        }
    }
    *ret_gauge = gauge;
    return RG_OK;
}

rg_status rg_gauge_files_drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = gauge->n < cap ? gauge->n : cap;
    for (size_t i = 0; i < n; i++) {
        const rg_channel *channel = &gauge->channels[i];
        rows[i] = (rg_power_row){.rail = (uint32_t)i};
        rg_row_stamp(&rows[i], gauge->kind->read, channel);
        if (channel->range_mw > 0 && fabs(rows[i].power_mw) >= channel->range_mw)
            rows[i].flags |= RG_ROW_CLIPPED;
    }
    *ret_n = n;
    return RG_OK;
}

double rg_channel_signed(const rg_channel *channel, double power, uint32_t *flags) {
    double current = channel->sign_fd >= 0 ? rg_files_number(channel->sign_fd, flags) : 0;
    return isnan(current) ? NAN : current < 0 ? -power : power;
}
