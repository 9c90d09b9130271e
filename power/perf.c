/* perf.c: the same processors' energy counters as powercap.c, through perf events: the kernel
 * extends them to 64 bits, so they never wrap. They count for whole packages and need
 * CAP_PERFMON or kernel.perf_event_paranoid <= 0. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/gauge_files.h"
#include "power/rapl.h"

#define EVENTS_DIR "/sys/bus/event_source/devices/power/events"

typedef struct probe_state {
    rg_files files; /* the device's folder */
    rg_rail_list *rails;
    char cpus[256]; /* one of each package */
    int64_t type;
} probe_state;

/* An event of one package: what to open, and joules a count. */
typedef struct event {
    int64_t type;
    unsigned long long config;
    int cpu;
    double joules;
} event;

static int open_event(const event *e) {
    struct perf_event_attr attr = {
        .size = sizeof attr, .type = (uint32_t)e->type, .config = e->config};
    return (int)syscall(SYS_perf_event_open, &attr, -1, e->cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The counter is opened once to see whether this user may; a recorded tree has none. */
static void find_access(const probe_state *p, const event *e, rg_rail *rail) {
    if (!rg_root_is_live(p->files.root)) {
        rail->status = RG_ABSENT;
        snprintf(rail->what, sizeof rail->what, "perf counters open on the machine itself only");
        snprintf(rail->advice, sizeof rail->advice, "run railgauge there, without --root");
        return;
    }
    int fd = open_event(e), code = errno;
    if (fd >= 0) {
        close(fd);
        return;
    }
    rail->status = code == EACCES || code == EPERM ? RG_DENIED : RG_ABSENT;
    snprintf(rail->what, sizeof rail->what, "the counter cannot be opened: %s", strerror(code));
    if (rail->status == RG_DENIED)
        snprintf(rail->advice, sizeof rail->advice, "sudo sysctl kernel.perf_event_paranoid=0");
}

static int package_of(const probe_state *p, int cpu) {
    rg_files files = {.root = p->files.root, .dir = "/sys/devices/system/cpu"};
    int64_t package = 0;
    rg_files_int(&files, "cpu%d/topology/physical_package_id", cpu, &package);
    return (int)package;
}

static void name_rail(const char *event_name, const rg_rapl_domain *domain, int package,
                      rg_rail *rail) {
    snprintf(rail->sensor, sizeof rail->sensor, "perf");
    snprintf(rail->id, sizeof rail->id, "perf:power/%.40s:%d", event_name, package);
    if (domain->role == RG_ROLE_COMPONENT) {
        snprintf(rail->label, sizeof rail->label, "%s-%d", domain->label, package);
        snprintf(rail->twin, sizeof rail->twin, "rapl:%.40s", rail->label);
    } else {
        snprintf(rail->label, sizeof rail->label, "%.40s", domain->label);
    }
    if (domain->inside_package)
        snprintf(rail->parent, sizeof rail->parent, "perf:power/energy-pkg:%d", package);
}

static void add_event(probe_state *p, const char *name, event e) {
    const rg_rapl_domain *domain = rg_rapl_of_event(name);
    rg_rail rail = {.status = RG_OK};
    if (p->rails->n == RG_MAX_RAILS || !*domain->label)
        return;
    rg_rapl_describe(domain, &rail);
    name_rail(name, domain, package_of(p, e.cpu), &rail);
    rail.limits.lsb_uj = e.joules * 1e6;
    snprintf(rail.transport, sizeof rail.transport, "%lld %llx %d %.17g", (long long)e.type,
             e.config, e.cpu, e.joules);
    rg_rail_add_fact(&rail, "event=%.40s cpu=%d joules_a_count=%.6g", name, e.cpu, e.joules);
    find_access(p, &e, &rail);
    p->rails->items[p->rails->n++] = rail;
}

/* Calls add_event for every CPU of a list such as "0,18" or "0-1". */
static void add_cpus(probe_state *p, const char *name, event e) {
    for (const char *at = p->cpus; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at)
            return;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        for (long cpu = first; cpu <= last && cpu - first < RG_MAX_RAILS; cpu++) {
            e.cpu = (int)cpu;
            add_event(p, name, e);
        }
        at = *end == ',' ? end + 1 : end;
        if (at == end && *end)
            return;
    }
}

static bool event_text(const probe_state *p, const char *name, const char *more, char *ret,
                       size_t cap) {
    char path[192];
    snprintf(path, sizeof path, "%s/%.60s%s", EVENTS_DIR, name, more);
    return rg_root_read(p->files.root, path, ret, cap, NULL) == RG_OK;
}

/* "energy-pkg" holds "event=0x02"; "energy-pkg.scale" tells joules a count. */
static bool probe_event(const char *name, void *user) {
    probe_state *p = user;
    char text[64], scale[64];
    event e = {.type = p->type};
    if (strchr(name, '.') || !event_text(p, name, "", text, sizeof text) ||
        !event_text(p, name, ".scale", scale, sizeof scale) ||
        sscanf(text, "event=%llx", &e.config) != 1)
        return true;
    e.joules = strtod(scale, NULL);
    if (e.joules > 0)
        add_cpus(p, name, e);
    return true;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    (void)options;
    probe_state p = {.files = {root, "/sys/bus/event_source/devices/power"}, .rails = ret_rails};
    size_t before = ret_rails->n;
    if (rg_files_int(&p.files, "type", 0, &p.type) &&
        rg_files_text(&p.files, "cpumask", 0, p.cpus, sizeof p.cpus))
        rg_root_list(root, EVENTS_DIR, probe_event, &p);
    if (ret_rails->n == before)
        return rg_fail(err, RG_ABSENT, "on an x86 machine: sudo modprobe rapl",
                       "perf offers no energy counter here (guests and Arm boards have none)");
    return RG_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool open_channel(rg_root *root, const rg_rail *rail, rg_channel *channel) {
    event e;
    long long type;
    (void)root;
    if (sscanf(rail->transport, "%lld %llx %d %lf", &type, &e.config, &e.cpu, &e.joules) != 4)
        return false;
    e.type = type;
    channel->scale = e.joules * 1e6;
    channel->value_fd = open_event(&e);
    return channel->value_fd >= 0;
}

static void read_channel(const void *opened, rg_power_row *row) {
    const rg_channel *channel = opened;
    uint64_t count;
    if (read(channel->value_fd, &count, sizeof count) == (ssize_t)sizeof count)
        row->energy_uj = (double)count * channel->scale;
    else
        row->flags |= RG_ROW_BAD;
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    static const rg_channel_kind kind = {open_channel, read_channel};
    return rg_gauge_files_open(&kind, root, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_perf = {
    .name = "perf",
    .summary = "energy counters of x86 processors (RAPL) through perf events",
    .probe = probe,
    .open = open_gauge,
    .drain = rg_gauge_files_drain,
    .close = rg_gauge_files_close,
};
