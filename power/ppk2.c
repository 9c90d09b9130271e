/* ppk2.c: the Nordic Power Profiler Kit II on its serial port: `--rail
 * ppk2:/dev/ttyACM0,volts=5.0`. It measures current only, up to 1 A; the voltage is the declared
 * one, or the one that it is told to supply (source=). Commands are single bytes with arguments;
 * its words are ppk2_stream.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/instrument.h"
#include "power/ppk2_port.h"
#include "power/ppk2_stream.h"
#include "power/rows.h"

#define TTY_DIR "/sys/class/tty"

/* A word of zeroes in the range of the greatest currents. */
enum { LAST_RANGE = (RG_PPK2_RANGES - 1) << 14 };
enum { TEXT_BYTES = 4096, READ_BYTES = 4096, LOST_SYNC = 64, SETTLE_MS = 200 };

struct rg_gauge {
    char path[200];
    int fd;
    double source_v;
    rg_ppk2_stream stream;
    rg_silence silence;
    bool was_lost;    /* unplugged, since it was opened */
    int64_t again_ns; /* no new attempt to open before */
    unsigned char bytes[READ_BYTES];
    size_t n_bytes, at; /* read, and taken of them */
};

/* --- probing ---------------------------------------------------------------------------------- */

typedef struct probe_state {
    rg_root *root;
    rg_rail_list *rails;
    char last[200]; /* USB device of the last one: it has two ports, of which the first measures */
} probe_state;

static bool is_ppk2(const probe_state *p, const char *tty) {
    char path[200], vendor[16], product[16];
    snprintf(path, sizeof path, TTY_DIR "/%.60s/device/../idVendor", tty);
    if (rg_root_read(p->root, path, vendor, sizeof vendor, NULL) != RG_OK)
        return false;
    snprintf(path, sizeof path, TTY_DIR "/%.60s/device/../idProduct", tty);
    return rg_root_read(p->root, path, product, sizeof product, NULL) == RG_OK &&
           !strcmp(vendor, "1915") && !strcmp(product, "c00a");
}

/* One that is plugged in, but of which nobody has told the voltage. */
static bool probe_tty(const char *tty, void *user) {
    probe_state *p = user;
    char path[200], link[200] = "";
    if (strncmp(tty, "ttyACM", 6) || !is_ppk2(p, tty) || p->rails->n == RG_MAX_RAILS)
        return true;
    snprintf(path, sizeof path, TTY_DIR "/%.60s/device", tty);
    rg_root_link(p->root, path, link, sizeof link);
    link[strcspn(link, ":")] = '\0';
    if (*link && !strcmp(link, p->last))
        return true;
    snprintf(p->last, sizeof p->last, "%s", link);
    rg_rail *rail = &p->rails->items[p->rails->n++];
    *rail = (rg_rail){.sensor = "ppk2", .label = "ppk2", .status = RG_ABSENT};
    snprintf(rail->id, sizeof rail->id, "ppk2:/dev/%.60s", tty);
    snprintf(rail->what, sizeof rail->what,
             "it measures current only: the supply's voltage is not known");
    snprintf(rail->advice, sizeof rail->advice,
             "--rail ppk2:/dev/%.60s,volts=5.0,scope=board-in (or source=3.3 to supply it)", tty);
    return true;
}

static void describe(const rg_instrument *told, const char *text, rg_rail *rail) {
    rg_ppk2_calibration calibration;
    size_t calibrated = rg_ppk2_calibration_take(text, &calibration);
    double volts = told->source_v > 0 ? told->source_v : told->volts;
    *rail = (rg_rail){.sensor = "ppk2",
                      .label = "ppk2",
                      .kind = RG_POWER_BLOCK,
                      .refresh_s = (double)RG_PPK2_BLOCK / RG_PPK2_HZ,
                      .limits = {.gain = -1, .offset_mw = -1, .range_mw = volts * 1e3}};
    /* one step of the converter in the range of the greatest currents */
    rail->limits.lsb_mw = 1e3 * volts *
                          (rg_ppk2_amperes(&calibration, LAST_RANGE | 1, volts) -
                           rg_ppk2_amperes(&calibration, LAST_RANGE, volts));
    snprintf(rail->id, sizeof rail->id, "ppk2:%.80s", told->address);
    snprintf(rail->bus, sizeof rail->bus, "%.90s", told->address);
    snprintf(rail->transport, sizeof rail->transport, "%s %.17g %.17g", told->address, told->volts,
             told->source_v);
    rg_instrument_tell(told, rail);
    rg_rail_add_fact(rail,
                     "current only; voltage %s: %.6g V; %zu values of calibration; error by range, "
                     "tell gain= and offset_mw= of your unit; up to 1 A",
                     told->source_v > 0 ? "supplied" : "declared", volts, calibrated);
}

static rg_status check(const rg_instrument *told, rg_err *err) {
    bool both = told->volts > 0 && told->source_v > 0;
    double volts = told->volts + told->source_v;
    if (both || !(volts >= 0.8 && volts <= 5))
        return rg_fail(err, RG_USAGE, "one of volts=5.0 (declared) or source=3.3 (supplied)",
                       "a PPK2 needs to know one voltage between 0.8 and 5 V");
    return RG_OK;
}

static rg_status probe_named(const char *options, rg_rail_list *ret_rails, rg_err *err) {
    rg_instrument told;
    char text[TEXT_BYTES];
    int fd = -1;
    rg_status status = rg_instrument_parse(options, &told, err);
    if (status == RG_OK)
        status = check(&told, err);
    if (status == RG_OK)
        status = rg_ppk2_open(told.address, &fd, err);
    if (status == RG_OK)
        status = rg_ppk2_ask_calibration(fd, text, sizeof text, err);
    if (fd >= 0)
        close(fd);
    if (status == RG_OK && ret_rails->n < RG_MAX_RAILS)
        describe(&told, text, &ret_rails->items[ret_rails->n++]);
    return status;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    probe_state p = {.root = root, .rails = ret_rails};
    size_t before = ret_rails->n;
    if (*options && rg_root_is_live(root))
        return probe_named(options, ret_rails, err);
    rg_root_list(root, TTY_DIR, probe_tty, &p);
    if (ret_rails->n == before)
        return rg_fail(err, RG_ABSENT, "plug one in, then --rail ppk2:/dev/ttyACM0,volts=5.0",
                       "no Nordic Power Profiler Kit II is plugged in");
    return RG_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void stop(rg_gauge *gauge) {
    if (gauge->fd >= 0)
        rg_ppk2_calm(gauge->fd);
}

static void close_gauge(rg_gauge *gauge) {
    if (gauge && gauge->fd >= 0)
        close(gauge->fd);
    free(gauge);
}

static rg_status connect_unit(rg_gauge *gauge, rg_err *err) {
    char text[TEXT_BYTES];
    rg_status status = rg_ppk2_open(gauge->path, &gauge->fd, err);
    if (status == RG_OK)
        status = rg_ppk2_ask_calibration(gauge->fd, text, sizeof text, err);
    if (status == RG_OK && !rg_ppk2_set_up(gauge->fd, gauge->source_v))
        status = rg_fail(err, RG_IO, NULL, "the PPK2 takes no commands");
    if (status == RG_OK)
        rg_ppk2_calibration_take(text, &gauge->stream.calibration);
    return status;
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    double volts = 0;
    (void)root;
    if (n > 1)
        return rg_fail(err, RG_UNSUPPORTED, "name it once", "one PPK2 as two rails");
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    gauge->fd = -1;
    sscanf(rails[0].transport, "%199s %lf %lf", gauge->path, &volts, &gauge->source_v);
    gauge->stream.volts = gauge->source_v > 0 ? gauge->source_v : volts;
    gauge->silence = rg_silence_begin(rails, n);
    rg_status status = connect_unit(gauge, err);
    if (status != RG_OK) {
        close_gauge(gauge);
        return status;
    }
    *ret_gauge = gauge;
    return RG_OK;
}

/* Begins the stream anew; its calibration and voltage stay. */
static bool begin_stream(rg_gauge *gauge) {
    rg_ppk2_stream fresh = {.calibration = gauge->stream.calibration, .volts = gauge->stream.volts};
    fresh.clock = rg_meter_clock_begin();
    gauge->stream = fresh;
    gauge->n_bytes = gauge->at = 0;
    return rg_ppk2_start(gauge->fd);
}

/* Unplugged: its port is closed, and once a second looked for again. */
static void come_back(rg_gauge *gauge) {
    int64_t now_ns = rg_clock_real_ns();
    if (now_ns < gauge->again_ns)
        return;
    gauge->again_ns = now_ns + 1000000000;
    if (connect_unit(gauge, NULL) == RG_OK && begin_stream(gauge))
        return;
    if (gauge->fd >= 0)
        close(gauge->fd);
    gauge->fd = -1;
}

/* True when there are bytes to take. */
static bool fill(rg_gauge *gauge) {
    if (gauge->at < gauge->n_bytes)
        return true;
    ssize_t n = read(gauge->fd, gauge->bytes, sizeof gauge->bytes);
    gauge->at = 0;
    gauge->n_bytes = n > 0 ? (size_t)n : 0;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(gauge->fd);
        gauge->fd = -1;
        gauge->was_lost = true;
    }
    return n > 0;
}

/* Rows of what has come, as far as there is room. */
static size_t take_rows(rg_gauge *gauge, rg_power_row *rows, size_t cap) {
    size_t n = 0;
    while (n < cap && gauge->fd >= 0 && fill(gauge)) {
        size_t more;
        gauge->at += rg_ppk2_stream_take(&gauge->stream, gauge->bytes + gauge->at,
                                         gauge->n_bytes - gauge->at, rg_clock_real_ns(), rows + n,
                                         cap - n, &more);
        n += more;
        if (gauge->stream.bad_words > LOST_SYNC) { /* not at the beginning of a word any more */
            rg_ppk2_calm(gauge->fd);
            begin_stream(gauge);
        }
    }
    return n;
}

/* The first words come late, and with them its clock would lie wrong: they are taken and left. */
static rg_status start(rg_gauge *gauge) {
    rg_power_row rows[64];
    int64_t end_ns = rg_clock_real_ns() + (int64_t)SETTLE_MS * 1000000;
    if (gauge->fd < 0 || !begin_stream(gauge))
        return RG_IO;
    while (rg_clock_real_ns() < end_ns) {
        take_rows(gauge, rows, 64);
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    return RG_OK;
}

static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    if (gauge->fd < 0)
        come_back(gauge);
    size_t n = take_rows(gauge, rows, cap);
    *ret_n = rg_silence_rows(&gauge->silence, 1, rows, n, cap);
    return RG_OK;
}

static const char *trouble(const rg_gauge *gauge) {
    return gauge->was_lost ? "the PPK2 was unplugged" : "";
}

const rg_sensor rg_sensor_ppk2 = {
    .name = "ppk2",
    .summary = "Nordic Power Profiler Kit II: --rail ppk2:/dev/ttyACM0,volts=5.0",
    .has_options = true,
    .probe = probe,
    .open = open_gauge,
    .start = start,
    .drain = drain,
    .stop = stop,
    .close = close_gauge,
    .trouble = trouble,
};
