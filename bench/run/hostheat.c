/* hostheat.c: how warm the machine is, what cools it, and what its protections have counted.
 * "throttle" holds what only rises (a rise is an event); "alarms" holds what is so now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/host_priv.h"
#include "bench/run/tool.h"

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* "thermal_zone0:cpu-thermal"; what has no type keeps its name alone. */
static void typed_key(const rg_state_walk *w, char *ret, size_t cap) {
    char path[512], type[96];
    snprintf(path, sizeof path, "%s/%s/type", w->dir, w->item);
    if (rg_root_read(w->root, path, type, sizeof type, NULL) != RG_OK)
        type[0] = '\0';
    snprintf(ret, cap, "%.64s%s%.80s", w->item, type[0] ? ":" : "", type);
}

/* Cooling devices that take speed away: a state above zero is throttling. The others are fans. */
static bool slows_down(const char *type) {
    static const char *const words[] = {
        "-throttle-alert", /* Thor */
        "cpufreq",         /* thermal-cpufreq-0, cpufreq-cpu0 */
        "devfreq",         /* thermal-devfreq-0 */
        "-balanced",       /* JetPack 4: cpu-balanced, gpu-balanced */
        ":Processor",      /* ACPI */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(type, words[i]))
            return true;
    }
    return false;
}

/* Zones of gated engines answer EAGAIN and are left out. */
static bool visit_thermal(const char *name, void *user) {
    rg_state_walk *w = user;
    char key[160];
    w->item = name;
    typed_key(w, key, sizeof key);
    if (!strncmp(name, "thermal_zone", 12))
        rg_state_read(w, "temp", "temperature_mc", key);
    else if (!strncmp(name, "cooling_device", 14))
        rg_state_read(w, "cur_state", slows_down(key) ? "alarms" : "cooling", key);
    return true;
}

/* --- hwmon ------------------------------------------------------------------------------------ */

/* Which files of a monitor are of interest, by their beginning and end. `bare`: the key is the
 * file's name alone. */
static const struct {
    const char *begin, *end, *group;
    bool bare;
} kinds[] = {
    {"fan", "_input", "fan", false},
    {"pwm", "", "fan", false},
    {"oc", "_event_cnt", "throttle", true},     /* soctherm_oc: over-current and under-voltage */
    {"in", "_lcrit_alarm", "throttle", false},  /* Raspberry Pi: stays set */
    {"curr", "_crit_alarm", "alarms", false},   /* ina3221 */
    {"temp", "_crit_alarm", "throttle", false}, /* coretemp: stays set */
    {"power", "_cap_alarm", "alarms", false},   /* ACPI meters */
};

typedef struct monitor {
    rg_state_walk walk;
    const char *hwmon;
    char name[64];
} monitor;

/* pwm1, but not pwm1_auto_point1_temp and its like. */
static bool is_pwm(const char *file) {
    size_t digits = strspn(file + 3, "0123456789");
    return digits > 0 && file[3 + digits] == '\0';
}

static bool visit_monitor_file(const char *file, void *user) {
    monitor *m = user;
    char key[192];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(file, kinds[i].begin, strlen(kinds[i].begin)) || !ends_with(file, kinds[i].end))
            continue;
        if (!*kinds[i].end && !is_pwm(file))
            continue;
        snprintf(key, sizeof key, "%.32s:%.63s:%.64s", m->hwmon, m->name, file);
        rg_state_read(&m->walk, file, kinds[i].group, kinds[i].bare ? file : key);
        break;
    }
    return true;
}

static bool visit_hwmon(const char *name, void *user) {
    rg_state_walk *w = user;
    char path[512];
    monitor m = {.walk = *w, .hwmon = name};
    m.walk.item = name;
    snprintf(path, sizeof path, "%s/%s/name", w->dir, name);
    if (rg_root_read(w->root, path, m.name, sizeof m.name, NULL) != RG_OK)
        return true;
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    rg_root_list(w->root, path, visit_monitor_file, &m);
    return true;
}

/* --- Raspberry Pi ----------------------------------------------------------------------------- */

/* The firmware's word, in hex: bits 0 to 3 hold now, bits 16 to 19 whether it was ever so since the
 * start (Raspberry Pi documentation, vcgencmd get_throttled). */
static void take_firmware_word(json_t *state, const char *text) {
    static const char *const names[] = {"firmware.under-voltage", "firmware.frequency-capped",
                                        "firmware.throttled", "firmware.soft-temperature-limit"};
    char *end;
    unsigned long bits = strtoul(text, &end, 16);
    if (end == text)
        return;
    for (unsigned i = 0; i < 4; i++) {
        rg_state_set(state, "alarms", names[i], json_integer(bits >> i & 1));
        rg_state_set(state, "throttle", names[i], json_integer(bits >> (16 + i) & 1));
    }
}

static bool visit_soc_device(const char *name, void *user) {
    rg_state_walk *w = user;
    char path[512], text[64];
    snprintf(path, sizeof path, "%s/%s/get_throttled", w->dir, name);
    if (rg_root_read(w->root, path, text, sizeof text, NULL) != RG_OK)
        return true;
    take_firmware_word(w->state, text);
    return false;
}

/* "throttled=0x50000": kernels without that file leave asking the firmware to its own program. */
static void ask_firmware(rg_root *root, json_t *state) {
    static const char *const places[] = {"/usr/bin/vcgencmd", "/opt/vc/bin/vcgencmd"};
    char program[4096], words[256], verb[] = "get_throttled";
    char *const argv[] = {program, verb, NULL};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rg_tool_find(root, places[i], program, sizeof program) != RG_OK ||
            rg_tool_run(argv, 2, words, sizeof words, NULL) != RG_OK)
            continue;
        const char *value = strstr(words, "throttled=");
        if (value)
            take_firmware_word(state, value + strlen("throttled="));
        return;
    }
}

/* /sys/devices/platform/soc/soc:firmware, and soc@107c000000 on a Pi 5 */
static bool visit_platform(const char *name, void *user) {
    rg_state_walk *w = user;
    char dir[256];
    if (strncmp(name, "soc", 3))
        return true;
    snprintf(dir, sizeof dir, "%s/%.128s", w->dir, name);
    rg_state_walk inside = {w->root, w->state, dir, NULL};
    rg_root_list(w->root, dir, visit_soc_device, &inside);
    return true;
}

void rg_state_heat(rg_root *root, json_t *state) {
    rg_state_walk zones = {root, state, "/sys/class/thermal", NULL};
    rg_root_list(root, zones.dir, visit_thermal, &zones);
    rg_state_walk monitors = {root, state, "/sys/class/hwmon", NULL};
    rg_root_list(root, monitors.dir, visit_hwmon, &monitors);
    rg_state_walk platform = {root, state, "/sys/devices/platform", NULL};
    rg_root_list(root, platform.dir, visit_platform, &platform);
    if (!json_object_get(json_object_get(state, "throttle"), "firmware.throttled"))
        ask_firmware(root, state);
}
