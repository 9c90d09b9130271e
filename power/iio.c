/* iio.c: power monitors that the kernel shows as IIO devices: NVIDIA's ina3221x of JetPack 4 (rails
 * with names, millivolts, milliamperes, milliwatts) and the mainline ina2xx-adc driver (raw numbers
 * with scales; kernel's Documentation/ABI/testing/sysfs-bus-iio). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/gauge_files.h"
#include "power/ina.h"

#define IIO_DIR "/sys/bus/iio/devices"

typedef struct probe_state {
    rg_files files;
    rg_rail_list *rails;
    char chip[64], address[64];
} probe_state;

/* A number of a file whose name has no channel; 0 when there is none. */
static double number_of(const probe_state *p, const char *name) {
    char path[256], text[64];
    snprintf(path, sizeof path, "%s/%s", p->files.dir, name);
    return rg_root_read(p->files.root, path, text, sizeof text, NULL) == RG_OK ? strtod(text, NULL)
                                                                               : 0;
}

static rg_rail *begin_rail(probe_state *p, const char *label, const char *key, int channel) {
    if (p->rails->n == RG_MAX_RAILS)
        return NULL;
    rg_rail *rail = &p->rails->items[p->rails->n++];
    *rail = (rg_rail){.status = RG_OK, .kind = RG_POWER_BLOCK};
    snprintf(rail->sensor, sizeof rail->sensor, "iio");
    snprintf(rail->label, sizeof rail->label, "%.40s", label);
    snprintf(rail->id, sizeof rail->id, "iio:%.20s@%.20s:%.40s", p->chip, p->address, label);
    rg_rail_set_i2c_bus(rail, p->address);
    rail->refresh_s = rg_ina_find(p->chip)->refresh_s;
    rg_rail_add_fact(rail, "chip=%s", p->chip);
    rg_files_access(&p->files, key, channel, rail);
    return rail;
}

/* JetPack 4: a rail a channel, numbered from 0; milliwatts as they are. */
static void add_named(probe_state *p, int channel) {
    char label[48];
    int64_t bus_mv = 0;
    if (!rg_files_text(&p->files, "rail_name_%d", channel, label, sizeof label) || !*label ||
        !strcmp(label, "NC") || !rg_files_exists(&p->files, "in_power%d_input", channel))
        return;
    rg_rail *rail = begin_rail(p, label, "in_power%d_input", channel);
    if (!rail)
        return;
    rg_files_int(&p->files, "in_voltage%d_input", channel, &bus_mv);
    double shunt_uohm =
        1e3 * rg_files_tree_number(&p->files, "of_node/channel@%d/ti,shunt-resistor-mohm", channel);
    rg_ina_limits(rg_ina_find("ina3221"), shunt_uohm, (double)bus_mv, rail);
    rail->refresh_s = rg_ina_find("ina3221")->refresh_s;
    snprintf(rail->transport, sizeof rail->transport, "%.120s in_power%d_input 1", p->files.dir,
             channel);
}

/* ina2xx-adc: one rail; the power register, a magnitude, in steps of its scale. */
static void add_scaled(probe_state *p) {
    double scale_mw = number_of(p, "in_power2_scale"), hz = number_of(p, "in_sampling_frequency");
    double shunt_uohm = 1e6 * number_of(p, "in_shunt_resistor");
    double bus_mv = number_of(p, "in_voltage1_raw") * number_of(p, "in_voltage1_scale");
    if (!(scale_mw > 0) || !rg_files_exists(&p->files, "in_power2_raw", 0))
        return;
    rg_rail *rail = begin_rail(p, "power", "in_power2_raw", 0);
    if (!rail)
        return;
    rg_ina_limits(rg_ina_find(p->chip), shunt_uohm, bus_mv, rail);
    rail->limits.lsb_mw = scale_mw;
    rail->refresh_s = hz > 0 ? 1 / hz : rail->refresh_s;
    snprintf(rail->transport, sizeof rail->transport, "%.120s in_power2_raw %.17g", p->files.dir,
             scale_mw);
}

/* The device's address is the folder above it: "6-0040" of .../i2c-6/6-0040/iio:device0. */
static void find_address(probe_state *p) {
    char link[1024];
    snprintf(p->address, sizeof p->address, "%.60s", strrchr(p->files.dir, '/') + 1);
    if (rg_root_link(p->files.root, p->files.dir, link, sizeof link) != RG_OK)
        return;
    char *last = strrchr(link, '/');
    if (last)
        *last = '\0';
    char *above = strrchr(link, '/');
    if (last && above)
        snprintf(p->address, sizeof p->address, "%.60s", above + 1);
}

static bool probe_device(const char *name, void *user) {
    probe_state *p = user;
    snprintf(p->files.dir, sizeof p->files.dir, IIO_DIR "/%.60s", name);
    if (strncmp(name, "iio:device", 10) ||
        !rg_files_text(&p->files, "name", 0, p->chip, sizeof p->chip))
        return true;
    find_address(p);
    for (int channel = 0; channel < 3; channel++)
        add_named(p, channel);
    if (!strncmp(p->chip, "ina2", 4))
        add_scaled(p);
    return true;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)options;
    probe_state p = {.files = {.root = root}, .rails = ret_rails};
    size_t before = ret_rails->n;
    rg_root_list(root, IIO_DIR, probe_device, &p);
    if (ret_rails->n == before)
        return rg_fail(err, RG_ABSENT,
                       "load the monitor's driver (ina2xx-adc; ina3221x on JetPack 4)",
                       "no IIO device here measures power");
    return RG_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool open_channel(rg_root *root, const rg_rail *rail, rg_channel *channel) {
    char dir[160], name[64], path[256];
    if (sscanf(rail->transport, "%159s %63s %lf", dir, name, &channel->scale) != 3)
        return false;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    channel->value_fd = rg_root_open_fd(root, path);
    if (!strcmp(name, "in_power2_raw")) {
        snprintf(path, sizeof path, "%s/in_current3_raw", dir);
        channel->sign_fd = rg_root_open_fd(root, path);
    }
    return channel->value_fd >= 0;
}

static void read_channel(const void *opened, rg_power_row *row) {
    const rg_channel *channel = opened;
    double raw = rg_files_number(channel->value_fd, &row->flags);
    row->power_mw = rg_channel_signed(channel, raw * channel->scale, &row->flags);
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    static const rg_channel_kind kind = {open_channel, read_channel};
    return rg_gauge_files_open(&kind, root, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_iio = {
    .name = "iio",
    .summary = "IIO power monitors: ina3221x (JetPack 4), ina2xx-adc",
    .probe = probe,
    .open = open_gauge,
    .drain = rg_gauge_files_drain,
    .close = rg_gauge_files_close,
};
