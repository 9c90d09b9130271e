/* hoststate.c: the machine's state at one moment. hostclocks.c, hostheat.c and hostmode.c read its
 * parts; hostflags.c tells what follows from two of them, watch.c takes one now and then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/host.h"
#include "bench/run/host_priv.h"

void rg_state_set(json_t *state, const char *group, const char *key, json_t *value) {
    json_t *object = json_object_get(state, group);
    if (!object) {
        object = json_object();
        json_object_set_new(state, group, object);
    }
    json_object_set_new(object, key, value);
}

void rg_state_read(const rg_state_walk *walk, const char *file, const char *group,
                   const char *key) {
    char path[512];
    int64_t value;
    snprintf(path, sizeof path, "%s/%s/%s", walk->dir, walk->item, file);
    if (rg_root_read_int(walk->root, path, &value, NULL) == RG_OK)
        rg_state_set(walk->state, group, key, json_integer(value));
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

json_t *rg_host_state(rg_root *root) {
    json_t *state = json_pack("{s:[], s:[], s:{}, s:{}}", "clock_khz", "governor", "temperature_mc",
                              "throttle");
    if (!state)
        return NULL;
    rg_state_clocks(root, state);
    rg_state_heat(root, state);
    rg_state_mode(root, state);
    add_load(root, state);
    return state;
}
