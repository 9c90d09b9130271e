/* pipe.c: any meter that a program can read: the program, given by `--power-pipe COMMAND`, writes
 * one reading a line (pipe_line.h). It is started to ask what it measures, and again for each
 * measurement; it runs in a process group of its own, so that all of it ends with us. Commands come
 * from the command line alone: a scenario cannot name one. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"
#include "power/child.h"
#include "power/pipe_line.h"
#include "power/rows.h"

enum { FIRST_READING_MS = 10000, SETTLE_MS = 300, STOP_MS = 500, LINE_BYTES = 512, KEPT = 256 };

struct rg_gauge {
    rg_sensor_child child;
    rg_pipe_head head;
    char line[LINE_BYTES]; /* of which `used` bytes have come */
    size_t used;
    bool overlong;        /* the line is longer than that: it is no reading */
    rg_meter_clock clock; /* of a meter that has its own */
    rg_silence silence;
    char trouble[192];
    size_t n_rails;          /* opened */
    rg_power_row rows[KEPT]; /* taken and not yet drained */
    size_t n_rows;
    uint32_t map[RG_PIPE_RAILS]; /* rail of the program -> opened rail, UINT32_MAX: not opened */
};

static void close_gauge(rg_gauge *gauge) {
    if (gauge)
        rg_sensor_child_stop(&gauge->child, STOP_MS, NULL, 0);
    free(gauge);
}

/* --- lines ------------------------------------------------------------------------------------ */

static int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Where the meter's time lies on our clock. */
static int64_t our_time_ns(rg_gauge *gauge, double time_s) {
    int64_t now_ns = rg_clock_real_ns();
    if (gauge->head.clock == RG_PIPE_MONOTONIC)
        return (int64_t)(time_s * 1e9) - clock_ns(CLOCK_MONOTONIC) + now_ns;
    if (gauge->head.clock == RG_PIPE_REALTIME)
        return (int64_t)(time_s * 1e9) - clock_ns(CLOCK_REALTIME) + now_ns;
    return rg_meter_clock_ns(&gauge->clock, time_s, now_ns);
}

/* A line that is no reading becomes a bad row: a hole that the analysis sees. */
static rg_status take_line(rg_gauge *gauge, rg_err *err) {
    rg_pipe_reading reading = {0};
    const char *line = gauge->line + strspn(gauge->line, " \t\r");
    if (*line == '#' && !gauge->overlong)
        return rg_pipe_take_head(line, &gauge->head, err);
    if (!*line || gauge->n_rows == KEPT)
        return RG_OK;
    rg_status status = gauge->overlong
                           ? rg_fail(err, RG_BAD_DATA, NULL, "the meter's program writes no lines")
                           : rg_pipe_take_reading(line, &gauge->head, &reading, err);
    if (status == RG_OK)
        reading.row.t_ns = our_time_ns(gauge, reading.time_s);
    else
        reading.row = rg_row_hole(0);
    gauge->rows[gauge->n_rows++] = reading.row;
    return status;
}

static rg_status take_byte(rg_gauge *gauge, char byte, rg_err *err) {
    if (byte != '\n') {
        bool room = gauge->used + 1 < sizeof gauge->line;
        gauge->overlong |= !room;
        if (room)
            gauge->line[gauge->used++] = byte;
        return RG_OK;
    }
    gauge->line[gauge->used] = '\0';
    rg_status status = take_line(gauge, err);
    gauge->used = 0;
    gauge->overlong = false;
    return status;
}

/* Takes what has come, as long as there is room for rows. The first bad line is told. RG_FAILED
 * when the program has closed its output. */
static rg_status take_bytes(rg_gauge *gauge, rg_err *err) {
    char bytes[256];
    rg_status status = RG_OK;
    while (gauge->n_rows + sizeof bytes / 4 < KEPT) {
        ssize_t n = read(gauge->child.fd, bytes, sizeof bytes);
        if (n < 0)
            return status;
        if (n == 0)
            return status != RG_OK ? status
                                   : rg_fail(err, RG_FAILED, "run the command by itself to see why",
                                             "the meter's program has ended");
        for (ssize_t i = 0; i < n; i++) {
            rg_status one = take_byte(gauge, bytes[i], status == RG_OK ? err : NULL);
            status = status == RG_OK ? one : status;
        }
    }
    return status;
}

/* Until the first reading has come: then the header is complete. */
static rg_status await_reading(rg_gauge *gauge, rg_err *err) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)FIRST_READING_MS * 1000000;
    rg_status status = RG_OK;
    while (status == RG_OK && gauge->n_rows == 0) {
        struct pollfd waiting = {.fd = gauge->child.fd, .events = POLLIN};
        int left_ms = (int)((end_ns - rg_clock_real_ns()) / 1000000);
        if (left_ms <= 0 || poll(&waiting, 1, left_ms) == 0)
            return rg_fail(err, RG_FAILED, "let it flush its output after every line",
                           "the meter's program wrote no reading within %d s",
                           FIRST_READING_MS / 1000);
        status = take_bytes(gauge, err);
    }
    return status;
}

static rg_status new_gauge(const char *command, rg_gauge **ret_gauge, rg_err *err) {
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    gauge->child = (rg_sensor_child)RG_NO_CHILD;
    gauge->clock = rg_meter_clock_begin();
    rg_status status = rg_sensor_child_start(rg_sensor_child_shell, command, &gauge->child, err);
    if (status == RG_OK)
        status = await_reading(gauge, err);
    if (status != RG_OK) {
        close_gauge(gauge);
        return status;
    }
    *ret_gauge = gauge;
    return RG_OK;
}

/* --- the sensor ------------------------------------------------------------------------------- */

static void add_rails(const rg_gauge *gauge, const char *command, rg_rail_list *ret_rails) {
    for (size_t i = 0; i < gauge->head.n_rails && ret_rails->n < RG_MAX_RAILS; i++) {
        rg_rail *rail = &ret_rails->items[ret_rails->n++];
        *rail = gauge->head.rails[i];
        snprintf(rail->transport, sizeof rail->transport, "%s", command);
        snprintf(rail->facts, sizeof rail->facts, "told by its program: %.200s", command);
    }
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)options;
    const char *command = getenv("RAILGAUGE_POWER_PIPE");
    rg_gauge *gauge = NULL;
    if (!rg_root_is_live(root) || !command || !*command)
        return rg_fail(err, RG_ABSENT, "--power-pipe COMMAND, see docs/power.md",
                       "no external meter's program is given");
    if (strlen(command) >= sizeof ret_rails->items[0].transport)
        return rg_fail(err, RG_USAGE, "put it into a script", "the meter's command is too long");
    rg_status status = new_gauge(command, &gauge, err);
    if (status != RG_OK)
        return status;
    add_rails(gauge, command, ret_rails);
    close_gauge(gauge);
    return RG_OK;
}

/* The first lines of a program come late, and with them its clock would lie wrong. */
static void settle(rg_gauge *gauge) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)SETTLE_MS * 1000000;
    while (rg_clock_real_ns() < end_ns) {
        take_bytes(gauge, NULL);
        gauge->n_rows = 0;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    rg_status status = new_gauge(rails[0].transport, ret_gauge, err);
    if (status == RG_OK)
        settle(*ret_gauge);
    for (size_t p = 0; status == RG_OK && p < RG_PIPE_RAILS; p++) {
        (*ret_gauge)->map[p] = UINT32_MAX;
        for (size_t i = 0; i < n; i++) {
            if (!strcmp((*ret_gauge)->head.rails[p].id, rails[i].id))
                (*ret_gauge)->map[p] = (uint32_t)i;
        }
    }
    if (status == RG_OK) {
        (*ret_gauge)->silence = rg_silence_begin(rails, n);
        (*ret_gauge)->n_rails = n;
    }
    return status;
}

/* A program that has ended, or hangs, gives holes: the analysis sees the gap. */
static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = 0, kept = 0;
    rg_err err = RG_ERR_INIT;
    if (take_bytes(gauge, &err) != RG_OK && !*gauge->trouble)
        snprintf(gauge->trouble, sizeof gauge->trouble, "%.190s", err.what);
    for (size_t i = 0; i < gauge->n_rows; i++) {
        uint32_t rail = gauge->map[gauge->rows[i].rail];
        if (rail != UINT32_MAX && n == cap)
            gauge->rows[kept++] = gauge->rows[i];
        else if (rail != UINT32_MAX) {
            rows[n] = gauge->rows[i];
            rows[n++].rail = rail;
        }
    }
    gauge->n_rows = kept;
    *ret_n = rg_silence_rows(&gauge->silence, gauge->n_rails, rows, n, cap);
    return RG_OK;
}

static const char *trouble(const rg_gauge *gauge) {
    return gauge->trouble;
}

const rg_sensor rg_sensor_pipe = {
    .name = "pipe",
    .summary = "an external meter, read by a program of yours: --power-pipe COMMAND",
    .probe = probe,
    .open = open_gauge,
    .drain = drain,
    .close = close_gauge,
    .trouble = trouble,
};
