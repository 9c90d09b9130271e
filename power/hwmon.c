/* hwmon.c: power through Linux hwmon: ina3221 (Jetson), ina2xx, ina238 and its kin, ACPI power
 * meters, and any chip with power or energy files. Chips differ only by the row of the table below
 * and their limits of error (ina.c). Facts: the kernel's Documentation/hwmon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/gauge_files.h"
#include "power/ina.h"

#define HWMON_DIR "/sys/class/hwmon"

/* How a chip's channel is read. */
typedef enum way {
    WAY_VI,     /* inN_input x currN_input, read V, I, V */
    WAY_POWER,  /* powerN_input or powerN_average, microwatts */
    WAY_ENERGY, /* energyN_input, microjoules, cumulative */
} way;

/* One kind of chip: which channels, how they average; its limits of error are in ina.c. */
typedef struct chip {
    const char *name;
    way way;
    int first, last;
    bool averages; /* has `samples`: a recursive average whose constant is update_interval */
} chip;

/* First match wins; "" takes any other chip. */
static const chip chips[] = {
    {"ina3221", WAY_VI, 1, 3, true},
    {"ina219", WAY_VI, 1, 1, false},
    {"ina220", WAY_VI, 1, 1, false},
    {"ina226", WAY_VI, 1, 1, false},
    {"ina230", WAY_VI, 1, 1, false},
    {"ina231", WAY_VI, 1, 1, false},
    {"ina238", WAY_POWER, 1, 1, false},
    {"ina228", WAY_POWER, 1, 1, false},
    {"ina231_precise", WAY_POWER, 1, 1, false},
    {"power_meter", WAY_POWER, 1, 1, false},
    {"", WAY_POWER, 1, 16, false},
    {"", WAY_ENERGY, 1, 16, false},
};

/* --- probing --------------------------------------------------------------------------------- */

typedef struct probe_state {
    rg_files files;
    rg_rail_list *rails;
    char chip[64], address[64];
} probe_state;

/* The file that must be readable for a channel to count. */
static const char *key_file(const probe_state *p, way how, int channel) {
    if (how == WAY_VI)
        return rg_files_exists(&p->files, "curr%d_input", channel) ? "curr%d_input" : NULL;
    if (how == WAY_ENERGY)
        return rg_files_exists(&p->files, "energy%d_input", channel) ? "energy%d_input" : NULL;
    if (rg_files_exists(&p->files, "power%d_input", channel))
        return "power%d_input";
    return rg_files_exists(&p->files, "power%d_average", channel) ? "power%d_average" : NULL;
}

/* False for channels that are not wired or switched off; they are no rails. */
static bool find_label(const probe_state *p, const chip *c, int channel, char *ret, size_t cap) {
    static const char *const files[] = {"in%d_label", "power%d_label", "energy%d_label"};
    int64_t enabled;
    if (c->way == WAY_VI && rg_files_int(&p->files, "in%d_enable", channel, &enabled) && !enabled)
        return false;
    if (rg_files_text(&p->files, files[c->way], channel, ret, cap))
        return *ret && strcmp(ret, "NC") && strncmp(ret, "sum of ", 7);
    snprintf(ret, cap, c->first == c->last ? "power" : "ch%d", channel);
    return true;
}

static int enabled_channels(const probe_state *p, const chip *c) {
    int n = 0;
    for (int i = c->first; i <= c->last; i++) {
        int64_t enabled = 1;
        rg_files_int(&p->files, "in%d_enable", i, &enabled);
        n += enabled != 0;
    }
    return n;
}

/* Hailo-15's driver of its own: a new value each two conversions times its averaging. */
static void find_conversions(const probe_state *p, rg_rail *rail) {
    int64_t conversion_us = 0, factor = 0;
    if (rg_files_int(&p->files, "total_conv_time_us", 0, &conversion_us) &&
        rg_files_int(&p->files, "total_average_factor", 0, &factor) && conversion_us > 0 &&
        factor > 0)
        rail->refresh_s = 2e-6 * (double)conversion_us * (double)factor;
}

/* update_interval is the refresh, except where `samples` averages: some kernels then tell the
 * whole averaging time, others still one cycle. The averaging time is the lag. */
static void find_timing(const probe_state *p, const chip *c, rg_rail *rail) {
    int64_t interval_ms = 0, samples = 1;
    rail->kind = c->way == WAY_ENERGY ? RG_POWER_COUNTER : RG_POWER_BLOCK;
    rail->refresh_s = c->way == WAY_ENERGY ? 0.001 : rg_ina_find(p->chip)->refresh_s;
    if (rg_files_int(&p->files, "update_interval", 0, &interval_ms) ||
        rg_files_int(&p->files, "power%d_average_interval", c->first, &interval_ms))
        rail->refresh_s = interval_ms > 0 ? (double)interval_ms / 1e3 : rail->refresh_s;
    find_conversions(p, rail);
    if (c->averages && rg_files_int(&p->files, "samples", 0, &samples) && samples > 1) {
        rail->kind = RG_POWER_RECURSIVE;
        if (!rg_ina3221_cycle(interval_ms, enabled_channels(p, c)))
            rail->refresh_s /= (double)samples;
        rail->lag_s = rail->refresh_s * (double)samples;
    }
    snprintf(rail->facts, sizeof rail->facts, "chip=%s samples=%lld update_interval_ms=%lld",
             p->chip, (long long)samples, (long long)interval_ms);
}

/* ACPI tells how accurate a meter is in percent ("95.0%"), so 5 is missing; firmware that tells the
 * error instead is below one half. */
static bool accuracy_gain(const probe_state *p, int channel, double *ret_gain) {
    char text[64], *end;
    if (!rg_files_text(&p->files, "power%d_accuracy", channel, text, sizeof text))
        return false;
    double percent = strtod(text, &end);
    if (end == text || !(percent > 0 && percent <= 100))
        return false;
    *ret_gain = (percent >= 50 ? 100 - percent : percent) / 100;
    return true;
}

/* Drivers that do not tell their shunt (ina238) take the device tree's, else a default, and scale
 * their figures by it. */
static int64_t assumed_shunt(const probe_state *p) {
    double told_uohm = rg_files_tree_number(&p->files, "device/of_node/shunt-resistor", 0);
    return (int64_t)(told_uohm > 0 ? told_uohm : rg_ina_find(p->chip)->shunt_uohm);
}

static void find_limits(const probe_state *p, const chip *c, int channel, rg_rail *rail) {
    int64_t shunt_uohm = 0, bus_mv = 0;
    if (!rg_files_int(&p->files, "shunt%d_resistor", channel, &shunt_uohm) &&
        !rg_files_int(&p->files, "shunt_resistor", 0, &shunt_uohm))
        shunt_uohm = assumed_shunt(p);
    rg_files_int(&p->files, "in%d_input", channel, &bus_mv);
    rg_ina_limits(rg_ina_find(p->chip), (double)shunt_uohm, (double)bus_mv, rail);
    accuracy_gain(p, channel, &rail->limits.gain);
    if (c->way == WAY_ENERGY)
        rail->limits = (rg_limits){.gain = -1, .offset_mw = -1, .lsb_uj = 1};
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
    rg_rail_set_i2c_bus(&rail, p->address);
    snprintf(rail.transport, sizeof rail.transport, "%.64s %c %d", p->files.dir, way_code[c->way],
             channel);
    find_timing(p, c, &rail);
    find_limits(p, c, channel, &rail);
    rg_files_access(&p->files, key, channel, &rail);
    p->rails->items[p->rails->n++] = rail;
}

static bool probe_chip(const char *name, void *user) {
    probe_state *p = user;
    char path[256];
    snprintf(p->files.dir, sizeof p->files.dir, HWMON_DIR "/%.40s", name);
    snprintf(path, sizeof path, "%s/device", p->files.dir);
    if (!rg_files_text(&p->files, "name", 0, p->chip, sizeof p->chip)) {
        /* drivers of the old kind, ACPI meters among them, keep their files at the device */
        snprintf(p->files.dir, sizeof p->files.dir, HWMON_DIR "/%.40s/device", name);
        if (!rg_files_text(&p->files, "name", 0, p->chip, sizeof p->chip))
            return true;
    }
    if (rg_root_link_name(p->files.root, path, p->address, sizeof p->address) != RG_OK)
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
    probe_state p = {.files = {.root = root}, .rails = ret_rails};
    size_t before = ret_rails->n;
    rg_root_list(root, HWMON_DIR, probe_chip, &p);
    if (ret_rails->n == before)
        return rg_fail(err, RG_ABSENT, "load the board's sensor driver, or attach a meter",
                       "no hwmon chip here measures power");
    return RG_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool open_value(const rg_files *files, const char *name, int number, int *ret_fd)
    RG_FILES_NAME(2);

static bool open_value(const rg_files *files, const char *name, int number, int *ret_fd) {
    *ret_fd = rg_files_open(files, name, number);
    return *ret_fd >= 0;
}

static bool open_channel(rg_root *root, const rg_rail *rail, rg_channel *c) {
    rg_files files = {.root = root};
    char code;
    int number;
    if (sscanf(rail->transport, "%127s %c %d", files.dir, &code, &number) != 3)
        return false;
    c->way = code == 'v' ? WAY_VI : code == 'e' ? WAY_ENERGY : WAY_POWER;
    if (c->way == WAY_VI)
        return open_value(&files, "in%d_input", number, &c->volt_fd) &&
               open_value(&files, "curr%d_input", number, &c->value_fd);
    if (c->way == WAY_ENERGY)
        return open_value(&files, "energy%d_input", number, &c->value_fd);
    open_value(&files, "curr%d_input", number, &c->sign_fd); /* where there is one */
    return open_value(&files, "power%d_input", number, &c->value_fd) ||
           open_value(&files, "power%d_average", number, &c->value_fd);
}

/* V, I, V: the mean voltage belongs to the moment of the current. */
static void read_vi(const rg_channel *c, rg_power_row *row) {
    double before_mv = rg_files_number(c->volt_fd, &row->flags);
    row->current_ma = rg_files_number(c->value_fd, &row->flags);
    double after_mv = rg_files_number(c->volt_fd, &row->flags);
    row->voltage_mv = (before_mv + after_mv) / 2;
    row->power_mw = row->voltage_mv * row->current_ma / 1e3;
}

static void read_channel(const void *opened, rg_power_row *row) {
    const rg_channel *c = opened;
    if (c->way == WAY_VI)
        read_vi(c, row);
    else if (c->way == WAY_POWER)
        row->power_mw =
            rg_channel_signed(c, rg_files_number(c->value_fd, &row->flags) / 1e3, &row->flags);
    else
        row->energy_uj = rg_files_number(c->value_fd, &row->flags);
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    static const rg_channel_kind kind = {open_channel, read_channel};
    return rg_gauge_files_open(&kind, root, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_hwmon = {
    .name = "hwmon",
    .summary = "Linux hwmon: ina3221, ina2xx, ina238, ACPI meters, any power or energy file",
    .probe = probe,
    .open = open_gauge,
    .drain = rg_gauge_files_drain,
    .close = rg_gauge_files_close,
};
