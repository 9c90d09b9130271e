/* hwmon.c: power through Linux hwmon: ina3221 (Jetson), ina2xx, ina238 and its kin, ACPI power
 * meters, and any chip with power or energy files. Chips differ only by the row of the table below.
 * Facts about averaging and limits: TI's data sheets SBOS576 (INA3221), SBOS547 (INA226), SBOSA20
 * (INA238), and the kernel's Documentation/hwmon. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"

#define HWMON_DIR "/sys/class/hwmon"

/* How a chip's channel is read. */
typedef enum way {
    WAY_VI,     /* inN_input x currN_input, read V, I, V */
    WAY_POWER,  /* powerN_input or powerN_average, microwatts */
    WAY_ENERGY, /* energyN_input, microjoules, cumulative */
} way;

/* One kind of chip. Gains are +-fractions; offset, step and full
 * scale of the shunt voltage in volts (scale 0: unknown). */
typedef struct chip {
    const char *name;
    way way;
    int first, last;    /* channels */
    rg_power_kind kind; /* with averaging off; see `averages` */
    bool averages;      /* has `samples`: a recursive average whose constant is update_interval */
    double default_refresh_s;
    double gain, shunt_offset_v, shunt_lsb_v, shunt_range_v;
} chip;

/* Shunt tolerance of 1 % is assumed and part of the gains. First match wins; "" takes any other
 * chip. */
static const chip chips[] = {
    {"ina3221", WAY_VI, 1, 3, RG_POWER_BLOCK, true, 0.0066, 0.0125, 80e-6, 40e-6, 0.1638},
    {"ina219", WAY_VI, 1, 1, RG_POWER_BLOCK, false, 0.0085, 0.015, 100e-6, 10e-6, 0.32},
    {"ina220", WAY_VI, 1, 1, RG_POWER_BLOCK, false, 0.0085, 0.015, 100e-6, 10e-6, 0.32},
    {"ina226", WAY_VI, 1, 1, RG_POWER_BLOCK, false, 0.0352, 0.011, 10e-6, 2.5e-6, 0.08192},
    {"ina230", WAY_VI, 1, 1, RG_POWER_BLOCK, false, 0.0352, 0.013, 50e-6, 2.5e-6, 0.08192},
    {"ina231", WAY_VI, 1, 1, RG_POWER_BLOCK, false, 0.0352, 0.013, 50e-6, 2.5e-6, 0.08192},
    {"ina238", WAY_POWER, 1, 1, RG_POWER_BLOCK, false, 0.0168, 0.017, 5e-6, 5e-6, 0},
    {"ina228", WAY_POWER, 1, 1, RG_POWER_BLOCK, false, 0.0168, 0.015, 1e-6, 0.3125e-6, 0},
    {"power_meter", WAY_POWER, 1, 1, RG_POWER_BLOCK, false, 1.0, 0.05, 0, 0, 0},
    {"", WAY_POWER, 1, 16, RG_POWER_BLOCK, false, 1.0, -1, -1, -1, 0},
    {"", WAY_ENERGY, 1, 16, RG_POWER_COUNTER, false, 0.001, -1, 0, 0, 0},
};

/* --- probing --------------------------------------------------------------------------------- */

typedef struct probe_state {
    rg_root *root;
    rg_rail_list *rails;
    char dir[128], chip[64], address[64];
} probe_state;

static bool file_int(const probe_state *p, int64_t *ret, const char *format, int channel) {
    char name[64], path[256];
    snprintf(name, sizeof name, format, channel);
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return rg_root_read_int(p->root, path, ret, NULL) == RG_OK;
}

static bool file_exists(const probe_state *p, const char *format, int channel) {
    char name[64], path[256];
    snprintf(name, sizeof name, format, channel);
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return rg_root_exists(p->root, path);
}

static bool file_text(const probe_state *p, char *ret, size_t cap, const char *format,
                      int channel) {
    char name[64], path[256];
    snprintf(name, sizeof name, format, channel);
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return rg_root_read(p->root, path, ret, cap, NULL) == RG_OK;
}

/* The file that must be readable for a channel to count. */
static const char *key_file(const probe_state *p, way how, int channel) {
    if (how == WAY_VI)
        return file_exists(p, "curr%d_input", channel) ? "curr%d_input" : NULL;
    if (how == WAY_ENERGY)
        return file_exists(p, "energy%d_input", channel) ? "energy%d_input" : NULL;
    if (file_exists(p, "power%d_input", channel))
        return "power%d_input";
    return file_exists(p, "power%d_average", channel) ? "power%d_average" : NULL;
}

/* False for channels that are not wired or switched off; they are no rails. */
static bool find_label(const probe_state *p, const chip *c, int channel, char *ret, size_t cap) {
    static const char *const files[] = {"in%d_label", "power%d_label", "energy%d_label"};
    int64_t enabled;
    if (c->way == WAY_VI && file_int(p, &enabled, "in%d_enable", channel) && !enabled)
        return false;
    if (file_text(p, ret, cap, files[c->way], channel))
        return *ret && strcmp(ret, "NC") && strncmp(ret, "sum of ", 7);
    snprintf(ret, cap, c->first == c->last ? "power" : "ch%d", channel);
    return true;
}

/* update_interval is the refresh, except where `samples` averages: there it is the time constant.
 */
static void find_timing(const probe_state *p, const chip *c, rg_rail *rail) {
    int64_t interval_ms = 0, samples = 1;
    rail->kind = c->kind;
    rail->refresh_s = c->default_refresh_s;
    if (file_int(p, &interval_ms, "update_interval", 0) ||
        file_int(p, &interval_ms, "power%d_average_interval", c->first))
        rail->refresh_s = interval_ms > 0 ? (double)interval_ms / 1e3 : rail->refresh_s;
    if (c->averages && file_int(p, &samples, "samples", 0) && samples > 1) {
        rail->kind = RG_POWER_RECURSIVE;
        rail->lag_s = rail->refresh_s;
        rail->refresh_s /= (double)samples;
    }
    snprintf(rail->facts, sizeof rail->facts, "chip=%s samples=%lld update_interval_ms=%lld",
             p->chip, (long long)samples, (long long)interval_ms);
}

static void add_fact(rg_rail *rail, const char *format, double value) {
    size_t used = strlen(rail->facts);
    snprintf(rail->facts + used, sizeof rail->facts - used, format, value);
}

/* ACPI tells how accurate a meter is in percent ("95.0%"), so 5 is missing; firmware that tells the
 * error instead is below one half. */
static bool accuracy_gain(const probe_state *p, int channel, double *ret_gain) {
    char text[64], *end;
    if (!file_text(p, text, sizeof text, "power%d_accuracy", channel))
        return false;
    double percent = strtod(text, &end);
    if (end == text || !(percent > 0 && percent <= 100))
        return false;
    *ret_gain = (percent >= 50 ? 100 - percent : percent) / 100;
    return true;
}

/* Shunt limits become power limits at the bus voltage of the moment. */
static void find_limits(const probe_state *p, const chip *c, int channel, rg_rail *rail) {
    int64_t shunt_uohm = 0, bus_mv = 0;
    rail->limits = (rg_limits){.gain = c->gain, .offset_mw = -1, .lsb_mw = -1};
    if (!file_int(p, &shunt_uohm, "shunt%d_resistor", channel))
        file_int(p, &shunt_uohm, "shunt_resistor", 0);
    file_int(p, &bus_mv, "in%d_input", channel);
    accuracy_gain(p, channel, &rail->limits.gain);
    if (c->shunt_offset_v == 0) /* what the maker tells as accuracy holds all */
        rail->limits.offset_mw = 0;
    if (c->way == WAY_ENERGY)
        rail->limits.lsb_uj = 1;
    if (shunt_uohm <= 0 || bus_mv <= 0 || c->shunt_lsb_v <= 0)
        return;
    double amps_per_volt = 1e6 / (double)shunt_uohm;
    rail->limits.offset_mw = c->shunt_offset_v * amps_per_volt * (double)bus_mv;
    rail->limits.lsb_mw = fmax(c->shunt_lsb_v * amps_per_volt, 0.001) * (double)bus_mv;
    rail->limits.range_mw = c->shunt_range_v * amps_per_volt * (double)bus_mv;
    add_fact(rail, " shunt_uohm=%.0f", (double)shunt_uohm);
    add_fact(rail, " bus_mv=%.0f", (double)bus_mv);
}

/* One reading shows whether permission or the driver stands in the way. */
static void find_access(const probe_state *p, const char *format, int channel, rg_rail *rail) {
    char name[64], path[256], text[64];
    rg_err err = RG_ERR_INIT;
    snprintf(name, sizeof name, format, channel);
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    rail->status = rg_root_read(p->root, path, text, sizeof text, &err);
    if (rail->status == RG_AGAIN) /* disabled or not yet converted: data, not failure */
        rail->status = RG_OK;
    if (rail->status == RG_OK)
        return;
    snprintf(rail->what, sizeof rail->what, "%.190s", err.what);
    if (rail->status == RG_DENIED)
        snprintf(rail->advice, sizeof rail->advice, "sudo chmod a+r %.150s", path);
}

static void add_channel(probe_state *p, const chip *c, int channel) {
    static const char way_code[] = {'v', 'p', 'e'};
    const char *key = key_file(p, c->way, channel);
    rg_rail rail = {.status = RG_OK};
    if (!key || p->rails->n == RG_MAX_RAILS ||
        !find_label(p, c, channel, rail.label, sizeof rail.label))
        return;
    snprintf(rail.sensor, sizeof rail.sensor, "hwmon");
    snprintf(rail.id, sizeof rail.id, "hwmon:%.20s@%.20s:%.40s", p->chip, p->address, rail.label);
    snprintf(rail.transport, sizeof rail.transport, "%.64s %c %d", p->dir, way_code[c->way],
             channel);
    find_timing(p, c, &rail);
    find_limits(p, c, channel, &rail);
    find_access(p, key, channel, &rail);
    p->rails->items[p->rails->n++] = rail;
}

static bool probe_chip(const char *name, void *user) {
    probe_state *p = user;
    char path[256];
    snprintf(p->dir, sizeof p->dir, HWMON_DIR "/%.40s", name);
    snprintf(path, sizeof path, "%s/device", p->dir);
    if (!file_text(p, p->chip, sizeof p->chip, "name", 0)) {
        /* drivers of the old kind, ACPI meters among them, keep their files at the device */
        snprintf(p->dir, sizeof p->dir, HWMON_DIR "/%.40s/device", name);
        if (!file_text(p, p->chip, sizeof p->chip, "name", 0))
            return true;
    }
    if (rg_root_link_name(p->root, path, p->address, sizeof p->address) != RG_OK)
        snprintf(p->address, sizeof p->address, "virtual");
    bool known = false;
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        const chip *c = &chips[i];
        if (*c->name ? strcmp(c->name, p->chip) != 0 : known)
            continue;
        known |= *c->name != '\0';
        for (int channel = c->first; channel <= c->last; channel++)
            add_channel(p, c, channel);
    }
    return true;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)options;
    probe_state p = {.root = root, .rails = ret_rails};
    size_t before = ret_rails->n;
    rg_root_list(root, HWMON_DIR, probe_chip, &p);
    if (ret_rails->n == before)
        return rg_fail(err, RG_ABSENT, "load the board's sensor driver, or attach a meter",
                       "no hwmon chip here measures power");
    return RG_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

typedef struct channel {
    way way;
    int volt_fd, curr_fd, value_fd;
    double range_mw;
} channel;

struct rg_gauge {
    size_t n;
    channel channels[RG_MAX_RAILS];
};

static int open_file(rg_root *root, const char *dir, const char *format, int number) {
    char name[64], path[256];
    snprintf(name, sizeof name, format, number);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return rg_root_open_fd(root, path);
}

static void close_gauge(rg_gauge *gauge) {
    for (size_t i = 0; gauge && i < gauge->n; i++) {
        const int fds[] = {gauge->channels[i].volt_fd, gauge->channels[i].curr_fd,
                           gauge->channels[i].value_fd};
        for (size_t k = 0; k < 3; k++) {
            if (fds[k] >= 0)
                close(fds[k]);
        }
    }
    free(gauge);
}

static bool open_channel(rg_root *root, const rg_rail *rail, channel *c) {
    char dir[128], code;
    int number;
    *c = (channel){.volt_fd = -1, .curr_fd = -1, .value_fd = -1, .range_mw = rail->limits.range_mw};
    if (sscanf(rail->transport, "%127s %c %d", dir, &code, &number) != 3)
        return false;
    c->way = code == 'v' ? WAY_VI : code == 'e' ? WAY_ENERGY : WAY_POWER;
    if (c->way == WAY_VI) {
        c->volt_fd = open_file(root, dir, "in%d_input", number);
        c->curr_fd = open_file(root, dir, "curr%d_input", number);
        return c->volt_fd >= 0 && c->curr_fd >= 0;
    }
    c->value_fd =
        open_file(root, dir, c->way == WAY_ENERGY ? "energy%d_input" : "power%d_input", number);
    if (c->value_fd < 0 && c->way == WAY_POWER)
        c->value_fd = open_file(root, dir, "power%d_average", number);
    return c->value_fd >= 0;
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < n && i < RG_MAX_RAILS; i++) {
        gauge->n = i + 1;
        if (!open_channel(root, &rails[i], &gauge->channels[i])) {
            close_gauge(gauge);
            return rg_fail(err, RG_ABSENT, "see `railgauge list rails`", "cannot open rail %s",
                           rails[i].id);
        }
    }
    *ret_gauge = gauge;
    return RG_OK;
}

/* One number; a driver's EAGAIN or ENODATA is told apart from a failed read. */
static double read_number(int fd, uint32_t *flags) {
    char text[64], *end;
    rg_status status = rg_root_reread(fd, text, sizeof text);
    if (status != RG_OK) {
        *flags |= status == RG_AGAIN ? RG_ROW_NOT_READY : RG_ROW_BAD;
        return NAN;
    }
    double value = strtod(text, &end);
    if (end == text)
        *flags |= RG_ROW_BAD;
    return end == text ? NAN : value;
}

/* V, I, V: the mean voltage belongs to the moment of the current. */
static void read_vi(const channel *c, rg_power_row *row) {
    double before_mv = read_number(c->volt_fd, &row->flags);
    row->current_ma = read_number(c->curr_fd, &row->flags);
    double after_mv = read_number(c->volt_fd, &row->flags);
    row->voltage_mv = (before_mv + after_mv) / 2;
    row->power_mw = row->voltage_mv * row->current_ma / 1e3;
}

static void read_channel(const channel *c, rg_power_row *row) {
    int64_t start_ns = rg_clock_real_ns();
    row->power_mw = row->energy_uj = row->voltage_mv = row->current_ma = NAN;
    if (c->way == WAY_VI)
        read_vi(c, row);
    else if (c->way == WAY_POWER)
        row->power_mw = read_number(c->value_fd, &row->flags) / 1e3;
    else
        row->energy_uj = read_number(c->value_fd, &row->flags);
    if (c->range_mw > 0 && fabs(row->power_mw) >= c->range_mw)
        row->flags |= RG_ROW_CLIPPED;
    int64_t end_ns = rg_clock_real_ns();
    row->t_ns = start_ns + (end_ns - start_ns) / 2;
    row->half_ns = (end_ns - start_ns) / 2;
}

static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = gauge->n < cap ? gauge->n : cap;
    for (size_t i = 0; i < n; i++) {
        rows[i] = (rg_power_row){.rail = (uint32_t)i};
        read_channel(&gauge->channels[i], &rows[i]);
    }
    *ret_n = n;
    return RG_OK;
}

const rg_sensor rg_sensor_hwmon = {
    .name = "hwmon",
    .summary = "Linux hwmon: ina3221, ina2xx, ina238, ACPI meters, any power or energy file",
    .probe = probe,
    .open = open_gauge,
    .drain = drain,
    .close = close_gauge,
};
