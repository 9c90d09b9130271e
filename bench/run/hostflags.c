/* hostflags.c: what follows from two states of the machine: throttling, heat, changed clocks and
 * settings, other load. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/run/host.h"

void rg_host_flag(json_t *flags, const char *id) {
    size_t i;
    json_t *flag;
    json_array_foreach(flags, i, flag) {
        if (!strcmp(json_string_value(flag), id))
            return;
    }
    json_array_append_new(flags, json_string(id));
}

json_t *rg_host_delta(const json_t *before, const json_t *after) {
    json_t *delta = json_object(), *value;
    const char *key;
    json_object_foreach(json_object_get(after, "throttle"), key, value) {
        const json_t *was = json_object_get(json_object_get(before, "throttle"), key);
        if (was)
            json_object_set_new(delta, key,
                                json_integer(json_integer_value(value) - json_integer_value(was)));
    }
    return delta;
}

static bool throttle_moved(const json_t *before, const json_t *after) {
    json_t *delta = rg_host_delta(before, after), *value;
    const char *key;
    bool moved = false;
    json_object_foreach(delta, key, value) moved |= json_integer_value(value) > 0;
    json_decref(delta);
    return moved;
}

static bool alarm_is_on(const json_t *state) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(state, "alarms"), key, value) {
        if (json_integer_value(value) > 0)
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

static bool differs(const json_t *before, const json_t *after, const char *key) {
    const json_t *a = json_object_get(before, key), *b = json_object_get(after, key);
    return a && b && !json_equal(a, b);
}

/* Limits and governors of every domain that both states know. */
static bool domains_changed(const json_t *before, const json_t *after, const char *group) {
    static const char *const settings[] = {"min_khz", "max_khz", "min_hz", "max_hz", "governor"};
    const char *name;
    json_t *domain;
    json_object_foreach(json_object_get(after, group), name, domain) {
        const json_t *was = json_object_get(json_object_get(before, group), name);
        for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
            if (differs(was, domain, settings[i]))
                return true;
        }
    }
    return false;
}

static bool settings_changed(const json_t *before, const json_t *after) {
    return differs(before, after, "power_mode") || differs(before, after, "governor") ||
           differs(before, after, "clocks_locked") || domains_changed(before, after, "cpufreq") ||
           domains_changed(before, after, "devfreq");
}

void rg_host_flags(const json_t *session, const json_t *before, const json_t *after,
                   json_t *flags) {
    if (throttle_moved(before, after) || alarm_is_on(before) || alarm_is_on(after))
        rg_host_flag(flags, "throttled");
    if (session && warmer_than_start(session, before))
        rg_host_flag(flags, "hot");
    if (clock_moved(before, after))
        rg_host_flag(flags, "clock-changed");
    if (settings_changed(before, after))
        rg_host_flag(flags, "state-changed");
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
