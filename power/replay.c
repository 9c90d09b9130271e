/* replay.c: plays a recorded trace (iface/powerlog.h, the same text as a bundle's power.jsonl) as
 * if its rails were here: `--rail replay:FILE`. The trace's first row is laid on the moment of
 * start; after its end the trace begins anew, so that any run is covered. Figures from it are only
 * as true as the trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/iface/powerlog.h"
#include "bench/iface/sensor.h"

enum { MAX_TRACE_BYTES = 256 << 20 };

struct rg_gauge {
    rg_arena *arena;
    rg_powerlog log;
    uint32_t map[RG_MAX_RAILS]; /* trace rail -> opened rail; UINT32_MAX: not opened */
    size_t next;                /* row that comes next */
    int64_t shift_ns;           /* trace time + shift = our time */
    int64_t lap_ns;             /* length of the trace with one refresh after its end */
};

static rg_status read_trace(const char *path, rg_arena *arena, rg_powerlog *ret_log, rg_err *err) {
    char *text;
    size_t bytes;
    rg_status status = rg_fs_read(arena, path, MAX_TRACE_BYTES, &text, &bytes, err);
    if (status == RG_OK)
        status = rg_powerlog_decode(text, bytes, arena, ret_log, err);
    if (status == RG_OK && (ret_log->n_rows < 2 || ret_log->n_rails == 0))
        status =
            rg_fail(err, RG_BAD_DATA, "record a longer trace", "trace %s has no readings", path);
    return status;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)root;
    if (!*options)
        return rg_fail(err, RG_ABSENT, "name a trace: replay:FILE", "no trace is being replayed");
    if (strlen(options) >= sizeof ret_rails->items[0].transport)
        return rg_fail(err, RG_USAGE, "move it to a folder with a shorter path",
                       "the path of the trace is too long");
    rg_arena *arena = rg_arena_new(0);
    rg_powerlog log;
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = read_trace(options, arena, &log, err);
    for (size_t i = 0; status == RG_OK && i < log.n_rails && ret_rails->n < RG_MAX_RAILS; i++) {
        rg_rail *rail = &ret_rails->items[ret_rails->n++];
        *rail = log.rails[i];
        rail->status = RG_OK;
        snprintf(rail->sensor, sizeof rail->sensor, "replay");
        snprintf(rail->transport, sizeof rail->transport, "%s", options);
    }
    rg_arena_free(arena);
    return status;
}

static void close_gauge(rg_gauge *gauge) {
    if (gauge)
        rg_arena_free(gauge->arena);
    free(gauge);
}

/* Rows speak of the trace's rails; ours are found by id. */
static void map_rails(rg_gauge *gauge, const rg_rail *rails, size_t n) {
    for (size_t t = 0; t < RG_MAX_RAILS; t++) {
        gauge->map[t] = UINT32_MAX;
        for (size_t i = 0; t < gauge->log.n_rails && i < n; i++) {
            if (!strcmp(gauge->log.rails[t].id, rails[i].id))
                gauge->map[t] = (uint32_t)i;
        }
    }
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(rails[i].transport, rails[0].transport))
            return rg_fail(err, RG_UNSUPPORTED, "join them into one file", "two traces at once");
    }
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge || !(gauge->arena = rg_arena_new(0))) {
        free(gauge);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    rg_status status = read_trace(rails[0].transport, gauge->arena, &gauge->log, err);
    if (status != RG_OK) {
        close_gauge(gauge);
        return status;
    }
    map_rails(gauge, rails, n);
    const rg_power_row *rows = gauge->log.rows;
    double refresh_s = rails[0].refresh_s > 0 ? rails[0].refresh_s : 0.001;
    gauge->lap_ns = rows[gauge->log.n_rows - 1].t_ns - rows[0].t_ns + (int64_t)(refresh_s * 1e9);
    *ret_gauge = gauge;
    return RG_OK;
}

static rg_status start(rg_gauge *gauge) {
    gauge->next = 0;
    gauge->shift_ns = rg_clock_now_ns() - gauge->log.rows[0].t_ns;
    return RG_OK;
}

static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = 0;
    int64_t now_ns = rg_clock_now_ns();
    while (n < cap) {
        if (gauge->next == gauge->log.n_rows) {
            gauge->next = 0;
            gauge->shift_ns += gauge->lap_ns;
        }
        rg_power_row row = gauge->log.rows[gauge->next];
        row.t_ns += gauge->shift_ns;
        if (row.t_ns > now_ns)
            break;
        gauge->next++;
        row.rail = row.rail < RG_MAX_RAILS ? gauge->map[row.rail] : UINT32_MAX;
        if (row.rail != UINT32_MAX)
            rows[n++] = row;
    }
    *ret_n = n;
    return RG_OK;
}

const rg_sensor rg_sensor_replay = {
    .name = "replay",
    .summary = "a recorded trace played back: replay:FILE",
    .has_options = true,
    .probe = probe,
    .open = open_gauge,
    .start = start,
    .drain = drain,
    .close = close_gauge,
};
