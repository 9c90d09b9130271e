/* hostclocks.c: clocks of processors, graphics and memory, their limits and governors. */
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/host_priv.h"

#define CPUS "/sys/devices/system/cpu"
#define DEVFREQ "/sys/class/devfreq"

static bool is_numbered(const char *name, const char *prefix) {
    size_t n = strlen(prefix);
    return !strncmp(name, prefix, n) && name[n] >= '0' && name[n] <= '9';
}

static void add_once(json_t *list, const char *word) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        if (!strcmp(json_string_value(item), word))
            return;
    }
    json_array_append_new(list, json_string(word));
}

/* One CPU: its clock, and the throttle counters that x86 kernels keep. */
static bool visit_cpu(const char *name, void *user) {
    static const char *const counters[] = {"core_throttle_count", "package_throttle_count",
                                           "core_throttle_total_time_ms",
                                           "package_throttle_total_time_ms"};
    rg_state_walk *w = user;
    char path[512], key[96];
    int64_t khz;
    if (!is_numbered(name, "cpu"))
        return true;
    w->item = name;
    snprintf(path, sizeof path, CPUS "/%s/cpufreq/scaling_cur_freq", name);
    if (rg_root_read_int(w->root, path, &khz, NULL) == RG_OK)
        json_array_append_new(json_object_get(w->state, "clock_khz"), json_integer(khz));
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        snprintf(path, sizeof path, "thermal_throttle/%s", counters[i]);
        snprintf(key, sizeof key, "%.32s.%s", name, counters[i]);
        rg_state_read(w, path, "throttle", key);
    }
    return true;
}

/* One domain of either kind: the clock now, its limits and who chooses it. */
typedef struct domain_files {
    const char *group, *unit;
    const char *now, *least, *most, *governor;
} domain_files;

static const domain_files cpufreq = {"cpufreq",          "khz",
                                     "scaling_cur_freq", "scaling_min_freq",
                                     "scaling_max_freq", "scaling_governor"};
static const domain_files devfreq = {"devfreq",  "hz",       "cur_freq",
                                     "min_freq", "max_freq", "governor"};

static void read_domain(const rg_state_walk *walk, const domain_files *files) {
    const struct {
        const char *file, *key;
    } numbers[] = {{files->now, "cur"}, {files->least, "min"}, {files->most, "max"}};
    json_t *domain = json_object();
    char path[512], key[32], text[64];
    int64_t value;
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", walk->dir, walk->item, numbers[i].file);
        snprintf(key, sizeof key, "%s_%s", numbers[i].key, files->unit);
        if (rg_root_read_int(walk->root, path, &value, NULL) == RG_OK)
            json_object_set_new(domain, key, json_integer(value));
    }
    snprintf(path, sizeof path, "%s/%s/%s", walk->dir, walk->item, files->governor);
    if (rg_root_read(walk->root, path, text, sizeof text, NULL) == RG_OK)
        json_object_set_new(domain, "governor", json_string(text));
    if (json_object_size(domain))
        rg_state_set(walk->state, files->group, walk->item, domain);
    else
        json_decref(domain);
}

static bool visit_policy(const char *name, void *user) {
    rg_state_walk *w = user;
    w->item = name;
    if (!is_numbered(name, "policy"))
        return true;
    read_domain(w, &cpufreq);
    const json_t *domain = json_object_get(json_object_get(w->state, cpufreq.group), name);
    const char *governor = rg_json_get_text(domain, "governor", NULL);
    if (governor)
        add_once(json_object_get(w->state, "governor"), governor);
    return true;
}

static bool visit_devfreq(const char *name, void *user) {
    rg_state_walk *w = user;
    w->item = name;
    read_domain(w, &devfreq);
    return true;
}

/* Jetson's memory clock is no devfreq device; its debugfs files can be read by root. */
static void add_memory_clock(rg_root *root, json_t *state) {
    static const char *const places[] = {"/sys/kernel/debug/bpmp/debug/clk/emc/rate",
                                         "/sys/kernel/debug/clk/emc/clk_rate"};
    int64_t hz;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rg_root_read_int(root, places[i], &hz, NULL) != RG_OK)
            continue;
        rg_state_set(state, "devfreq", "emc", json_pack("{s:I}", "cur_hz", (json_int_t)hz));
        return;
    }
}

static bool is_locked(const json_t *domains, const char *least, const char *most) {
    const char *name;
    json_t *domain;
    json_object_foreach((json_t *)domains, name, domain) {
        const json_t *low = json_object_get(domain, least), *high = json_object_get(domain, most);
        if (low && high && json_integer_value(low) != json_integer_value(high))
            return false;
    }
    return true;
}

/* jetson_clocks and its like lift every lower limit to the upper one. */
static void add_lock(json_t *state) {
    const json_t *cpus = json_object_get(state, "cpufreq");
    if (json_object_size(cpus) == 0)
        return;
    bool locked = is_locked(cpus, "min_khz", "max_khz") &&
                  is_locked(json_object_get(state, "devfreq"), "min_hz", "max_hz");
    json_object_set_new(state, "clocks_locked", json_boolean(locked));
}

void rg_state_clocks(rg_root *root, json_t *state) {
    rg_state_walk cpus = {root, state, CPUS, NULL};
    rg_root_list(root, cpus.dir, visit_cpu, &cpus);
    rg_state_walk policies = {root, state, CPUS "/cpufreq", NULL};
    rg_root_list(root, policies.dir, visit_policy, &policies);
    rg_state_walk others = {root, state, DEVFREQ, NULL};
    rg_root_list(root, others.dir, visit_devfreq, &others);
    add_memory_clock(root, state);
    add_lock(state);
}
