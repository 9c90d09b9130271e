/* hoststate.c: clocks, heat, throttling and load, before and after a round, and what follows from
 * them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/run/host.h"

typedef struct walk {
    rg_root *root;
    json_t *into;
    const char *dir;
} walk;

/* One CPU: clock, and the throttle counters that x86 kernels keep per core and package. */
static bool visit_cpu(const char *name, void *user) {
    walk *w = user;
    char path[256], governor[64];
    int64_t value;
    if (strncmp(name, "cpu", 3) || name[3] < '0' || name[3] > '9')
        return true;
    snprintf(path, sizeof path, "%s/%s/cpufreq/scaling_cur_freq", w->dir, name);
    if (rg_root_read_int(w->root, path, &value, NULL) == RG_OK)
        json_array_append_new(json_object_get(w->into, "clock_khz"), json_integer(value));
    snprintf(path, sizeof path, "%s/%s/cpufreq/scaling_governor", w->dir, name);
    if (rg_root_read(w->root, path, governor, sizeof governor, NULL) == RG_OK)
        json_object_set_new(json_object_get(w->into, "governors"), governor, json_true());
    static const char *const counters[] = {"core_throttle_count", "package_throttle_count"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/thermal_throttle/%s", w->dir, name, counters[i]);
        if (rg_root_read_int(w->root, path, &value, NULL) != RG_OK)
            continue;
        char key[96];
        snprintf(key, sizeof key, "%s.%s", name, counters[i]);
        json_object_set_new(json_object_get(w->into, "throttle"), key, json_integer(value));
    }
    return true;
}

/* One thermal zone; zones of gated engines answer EAGAIN and are skipped. */
static bool visit_zone(const char *name, void *user) {
    walk *w = user;
    char path[256], type[96], key[128];
    int64_t value;
    if (strncmp(name, "thermal_zone", 12))
        return true;
    snprintf(path, sizeof path, "%s/%s/temp", w->dir, name);
    if (rg_root_read_int(w->root, path, &value, NULL) != RG_OK)
        return true;
    snprintf(path, sizeof path, "%s/%s/type", w->dir, name);
    if (rg_root_read(w->root, path, type, sizeof type, NULL) != RG_OK)
        type[0] = '\0';
    snprintf(key, sizeof key, "%s%s%.80s", name, type[0] ? ":" : "", type);
    json_object_set_new(json_object_get(w->into, "temperature_mc"), key, json_integer(value));
    return true;
}

/* Jetson's over-current event counters: hwmon with name soctherm_oc. */
static bool visit_hwmon(const char *name, void *user) {
    walk *w = user;
    char path[256], text[64], key[64];
    int64_t value;
    snprintf(path, sizeof path, "%s/%s/name", w->dir, name);
    if (rg_root_read(w->root, path, text, sizeof text, NULL) != RG_OK ||
        strcmp(text, "soctherm_oc"))
        return true;
    for (int i = 1; i <= 3; i++) {
        snprintf(path, sizeof path, "%s/%s/oc%d_event_cnt", w->dir, name, i);
        snprintf(key, sizeof key, "oc%d_event_cnt", i);
        if (rg_root_read_int(w->root, path, &value, NULL) == RG_OK)
            json_object_set_new(json_object_get(w->into, "throttle"), key, json_integer(value));
    }
    return true;
}

static void add_load(rg_root *root, json_t *state) {
    char text[4096];
    double load;
    int running;
    if (rg_root_read(root, "/proc/loadavg", text, sizeof text, NULL) == RG_OK &&
        sscanf(text, "%lf %*f %*f %d/", &load, &running) == 2) {
        rg_json_set_real(state, "load_1m", load);
        json_object_set_new(state, "running", json_integer(running));
    }
    long long user, nice, system, idle, iowait, irq, softirq, steal;
    if (rg_root_read(root, "/proc/stat", text, sizeof text, NULL) == RG_OK &&
        sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system, &idle,
               &iowait, &irq, &softirq, &steal) == 8) {
        json_object_set_new(state, "busy_ticks",
                            json_integer(user + nice + system + irq + softirq + steal));
        json_object_set_new(state, "idle_ticks", json_integer(idle + iowait));
        json_object_set_new(state, "steal_ticks", json_integer(steal));
    }
}

static void add_governors(json_t *state) {
    json_t *names = json_object_get(state, "governors"), *list = json_array();
    const char *key;
    json_t *value;
    json_object_foreach(names, key, value) json_array_append_new(list, json_string(key));
    json_object_set_new(state, "governor", list);
    json_object_del(state, "governors");
}

json_t *rg_host_state(rg_root *root) {
    json_t *state = json_pack("{s:[], s:{}, s:{}, s:{}}", "clock_khz", "governors",
                              "temperature_mc", "throttle");
    walk cpus = {root, state, "/sys/devices/system/cpu"};
    rg_root_list(root, cpus.dir, visit_cpu, &cpus);
    walk zones = {root, state, "/sys/class/thermal"};
    rg_root_list(root, zones.dir, visit_zone, &zones);
    walk hwmons = {root, state, "/sys/class/hwmon"};
    rg_root_list(root, hwmons.dir, visit_hwmon, &hwmons);
    add_governors(state);
    add_load(root, state);
    return state;
}

static void add_flag(json_t *flags, const char *id) {
    size_t i;
    json_t *flag;
    json_array_foreach(flags, i, flag) {
        if (!strcmp(json_string_value(flag), id))
            return;
    }
    json_array_append_new(flags, json_string(id));
}

static bool throttle_moved(const json_t *before, const json_t *after) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(after, "throttle"), key, value) {
        const json_t *was = json_object_get(json_object_get(before, "throttle"), key);
        if (was && json_integer_value(value) > json_integer_value(was))
            return true;
    }
    return false;
}

static bool warmer_than_start(const json_t *session, const json_t *now) {
    enum { LIMIT_MC = 3000 }; /* statistics.md, section 2.2: within 3 C of the session's start */
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(now, "temperature_mc"), key, value) {
        const json_t *was = json_object_get(json_object_get(session, "temperature_mc"), key);
        if (was && json_integer_value(value) > json_integer_value(was) + LIMIT_MC)
            return true;
    }
    return false;
}

/* More than 1 % between the mean clocks of both ends (power.md, section 4.7). */
static bool clock_moved(const json_t *before, const json_t *after) {
    double mean[2] = {0, 0};
    const json_t *lists[2] = {json_object_get(before, "clock_khz"),
                              json_object_get(after, "clock_khz")};
    for (int k = 0; k < 2; k++) {
        size_t n = json_array_size(lists[k]);
        for (size_t i = 0; i < n; i++)
            mean[k] += json_number_value(json_array_get(lists[k], i)) / (double)n;
    }
    return mean[0] > 0 && mean[1] > 0 && fabs(mean[1] - mean[0]) > 0.01 * mean[0];
}

void rg_host_flags(const json_t *session, const json_t *before, const json_t *after,
                   json_t *flags) {
    if (throttle_moved(before, after))
        add_flag(flags, "throttled");
    if (session && warmer_than_start(session, before))
        add_flag(flags, "hot");
    if (clock_moved(before, after))
        add_flag(flags, "clock-changed");
}

double rg_host_foreign_load(const json_t *before, const json_t *after, double own_cpu_s) {
    double busy = (double)(rg_json_get_int(after, "busy_ticks", -1) -
                           rg_json_get_int(before, "busy_ticks", 0));
    double idle = (double)(rg_json_get_int(after, "idle_ticks", -1) -
                           rg_json_get_int(before, "idle_ticks", 0));
    double ticks_per_s = (double)sysconf(_SC_CLK_TCK);
    if (busy < 0 || idle < 0 || busy + idle <= 0)
        return NAN;
    double foreign = busy - own_cpu_s * ticks_per_s;
    return foreign > 0 ? foreign / (busy + idle) : 0;
}
