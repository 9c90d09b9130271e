/* powercap.c: energy counters of x86 processors (RAPL of Intel and AMD) through the kernel's
 * powercap zones. They count microjoules up to a stated end and wrap there. A zone's name tells
 * what it covers; parents and children are never summed (kernel's Documentation/power/powercap). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/gauge_files.h"
#include "power/rapl.h"

#define POWERCAP_DIR "/sys/class/powercap"

typedef struct probe_state {
    rg_files files;
    rg_rail_list *rails;
    size_t first;       /* of our rails */
    bool second_window; /* looks at the zones that are shown again by intel-rapl-mmio */
} probe_state;

/* "intel-rapl:0:1" is a zone inside "intel-rapl:0"; a word without a number is only a folder. */
static bool is_zone(const probe_state *p, const char *folder) {
    return strchr(folder, ':') && strstr(folder, "rapl") &&
           (strstr(folder, "-mmio") != NULL) == p->second_window;
}

static rg_rail *rail_of_zone(const probe_state *p, const char *folder, size_t length) {
    for (size_t i = p->first; i < p->rails->n; i++) {
        const char *own = strrchr(p->rails->items[i].transport, '/') + 1;
        if (strlen(own) == length && !strncmp(own, folder, length))
            return &p->rails->items[i];
    }
    return NULL;
}

/* The zone that holds this one, or for a zone that is shown a second time through another window
 * (intel-rapl-mmio) the first one of that label. */
static const rg_rail *feeding(const probe_state *p, const char *folder, const rg_rail *rail) {
    const char *last = strrchr(folder, ':');
    if (strchr(folder, ':') != last)
        return rail_of_zone(p, folder, (size_t)(last - folder));
    for (size_t i = p->first; i < p->rails->n; i++) {
        if (!strcmp(p->rails->items[i].label, rail->label))
            return &p->rails->items[i];
    }
    return NULL;
}

/* Packages of different names are parts of the machine's processors; the same label in another
 * window is the same counter. */
static void find_role(const probe_state *p, const char *folder, rg_rail *rail) {
    const rg_rapl_domain *domain = rg_rapl_of_zone(rail->label);
    const rg_rail *from = feeding(p, folder, rail);
    bool again = from && !strcmp(from->label, rail->label);
    rg_rapl_describe(domain, rail);
    if (again)
        rail->role = RG_ROLE_EXCLUDED;
    if (from && (again || domain->inside_package))
        snprintf(rail->parent, sizeof rail->parent, "%s", from->id);
    else if (rail->role == RG_ROLE_COMPONENT)
        snprintf(rail->twin, sizeof rail->twin, "rapl:%.30s", rail->label);
}

/* Counters run to a stated end and begin again. */
static void find_end(const probe_state *p, rg_rail *rail) {
    int64_t end_uj = 0;
    if (rg_files_int(&p->files, "max_energy_range_uj", 0, &end_uj) && end_uj > 0)
        rail->limits.counter_wrap_uj = (uint64_t)end_uj;
    rg_rail_add_fact(rail, "max_energy_range_uj=%lld", (long long)end_uj);
}

static bool probe_zone(const char *folder, void *user) {
    probe_state *p = user;
    rg_rail rail = {.sensor = "powercap", .status = RG_OK};
    snprintf(p->files.dir, sizeof p->files.dir, POWERCAP_DIR "/%.60s", folder);
    if (!is_zone(p, folder) || p->rails->n == RG_MAX_RAILS ||
        !rg_files_exists(&p->files, "energy_uj", 0) ||
        !rg_files_text(&p->files, "name", 0, rail.label, sizeof rail.label))
        return true;
    snprintf(rail.id, sizeof rail.id, "powercap:%.30s:%.40s", folder, rail.label);
    snprintf(rail.transport, sizeof rail.transport, "%s", p->files.dir);
    find_role(p, folder, &rail);
    find_end(p, &rail);
    rg_files_access(&p->files, "energy_uj", 0, &rail);
    p->rails->items[p->rails->n++] = rail;
    return true;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)options;
    probe_state p = {.files = {.root = root}, .rails = ret_rails, .first = ret_rails->n};
    rg_root_list(root, POWERCAP_DIR, probe_zone, &p);
    p.second_window = true;
    rg_root_list(root, POWERCAP_DIR, probe_zone, &p);
    if (ret_rails->n == p.first)
        return rg_fail(err, RG_ABSENT, "on an x86 machine: sudo modprobe intel_rapl_msr",
                       "no powercap zone here counts energy (guests and Arm boards have none)");
    return RG_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool open_channel(rg_root *root, const rg_rail *rail, rg_channel *channel) {
    rg_files files = {.root = root};
    snprintf(files.dir, sizeof files.dir, "%.150s", rail->transport);
    channel->value_fd = rg_files_open(&files, "energy_uj", 0);
    return channel->value_fd >= 0;
}

static void read_channel(const void *opened, rg_power_row *row) {
    const rg_channel *channel = opened;
    row->energy_uj = rg_files_number(channel->value_fd, &row->flags);
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    static const rg_channel_kind kind = {open_channel, read_channel};
    return rg_gauge_files_open(&kind, root, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_powercap = {
    .name = "powercap",
    .summary = "energy counters of x86 processors (RAPL) through powercap",
    .probe = probe,
    .open = open_gauge,
    .drain = rg_gauge_files_drain,
    .close = rg_gauge_files_close,
};
