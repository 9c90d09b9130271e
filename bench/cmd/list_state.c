/* list_state.c: `railgauge list state`: clocks, heat and protections at this moment, by the reader
 * that rounds keep them with. list.c calls it like its other lists. */
#include "bench/cmd/list_state.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/host.h"

/* Takes the reference `value`. */
static void add(json_t *rows, const char *name, const char *kind, const char *summary,
                json_t *value) {
    json_t *row = json_pack("{s:s, s:s, s:s}", "name", name, "kind", kind, "summary", summary);
    if (value)
        json_object_set(row, "value", value);
    json_array_append_new(rows, row);
}

static void say_hz(const json_t *domain, const char *key, double unit, char *ret, size_t cap) {
    const json_t *value = json_object_get(domain, key);
    snprintf(ret, cap, "?");
    if (value)
        rg_text_si(json_number_value(value) * unit, "Hz", ret, cap);
}

/* "1.51 GHz of 729 MHz to 1.51 GHz, governor schedutil" */
static void add_domain(json_t *rows, const char *name, const char *kind, json_t *domain) {
    bool khz = !strcmp(kind, "cpufreq");
    char now[32], least[32], most[32], text[192];
    say_hz(domain, khz ? "cur_khz" : "cur_hz", khz ? 1e3 : 1, now, sizeof now);
    say_hz(domain, khz ? "min_khz" : "min_hz", khz ? 1e3 : 1, least, sizeof least);
    say_hz(domain, khz ? "max_khz" : "max_hz", khz ? 1e3 : 1, most, sizeof most);
    const char *governor = rg_json_get_text(domain, "governor", NULL);
    bool limits = strcmp(least, "?") && strcmp(most, "?");
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", now, limits ? " of " : "", limits ? least : "",
             limits ? " to " : "", limits ? most : "", governor ? ", governor " : "",
             governor ? governor : "");
    add(rows, name, kind, text, domain);
}

static void add_number(json_t *rows, const char *name, const char *kind, json_t *value) {
    char text[64];
    long long number = json_integer_value(value);
    if (!strcmp(kind, "temperature"))
        snprintf(text, sizeof text, "%.1f C", (double)number / 1000);
    else if (!strcmp(kind, "throttle"))
        snprintf(text, sizeof text, "%lld so far", number);
    else if (!strcmp(kind, "alarm"))
        snprintf(text, sizeof text, number ? "on (%lld)" : "off", number);
    else
        snprintf(text, sizeof text, "%lld", number);
    add(rows, name, kind, text, value);
}

static void add_mode(json_t *rows, const json_t *state) {
    const char *mode = rg_json_get_text(state, "power_mode", NULL);
    json_t *locked = json_object_get(state, "clocks_locked");
    if (mode)
        add(rows, "power mode", "mode", mode, json_object_get(state, "power_mode_id"));
    if (locked)
        add(rows, "clocks locked", "mode", json_is_true(locked) ? "yes" : "no", locked);
}

rg_status rg_list_state(rg_root *root, json_t *rows, rg_err *err) {
    static const struct {
        const char *group, *kind;
        void (*add)(json_t *, const char *, const char *, json_t *);
    } groups[] = {{"cpufreq", "cpufreq", add_domain},
                  {"devfreq", "devfreq", add_domain},
                  {"temperature_mc", "temperature", add_number},
                  {"cooling", "cooling", add_number},
                  {"fan", "fan", add_number},
                  {"throttle", "throttle", add_number},
                  {"alarms", "alarm", add_number}};
    json_t *state = rg_host_state(root), *value;
    const char *name;
    if (!state)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    add_mode(rows, state);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        json_object_foreach(json_object_get(state, groups[i].group), name, value) {
            groups[i].add(rows, name, groups[i].kind, value);
        }
    }
    json_decref(state);
    return RG_OK;
}
