/* target.c: facts of a device as rows of text, and placements summed up; what spokes would
 * otherwise each write again. */
#include "bench/iface/target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const rg_device_fact_row rg_device_fact_rows[] = {
    {"library", "library", "file of the runtime's library, links followed"},
    {"library_version", "version", "of the runtime, as it tells itself"},
    {"library_sha256", "SHA-256", "of the library's file"},
    {"driver", "driver", "version of the kernel driver"},
    {"firmware", "firmware", "version of what runs on the device"},
    {"architecture", "architecture", "which artefacts the device takes: hailo8, hailo8l, ..."},
    {"serial", "serial", "of the unit"},
    {"bus", "bus", "how the device is attached: pci, usb, soc"},
    {"link", "link", "width and generation, or speed, of that bus as it runs now"},
    {"double", "test double", "a stand-in computed the results: they are simulated"},
    {0},
};

/* The row of a key in "key=value\n" text, NULL none. */
static const char *find_row(const char *facts, const char *key) {
    size_t n = strlen(key);
    for (const char *at = facts; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (!strncmp(at, key, n) && at[n] == '=')
            return at;
    }
    return NULL;
}

static void remove_row(char *facts, const char *key) {
    char *row = (char *)(uintptr_t)find_row(facts, key);
    if (!row)
        return;
    char *rest = row + strcspn(row, "\n");
    rest += *rest == '\n';
    memmove(row, rest, strlen(rest) + 1);
}

void rg_device_fact(rg_device *device, const char *key, const char *format, ...) {
    char value[RG_DEVICE_FACTS_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(value, sizeof value, format, list);
    va_end(list);
    for (char *at = value; *at; at++)
        *at = *at == '\n' || *at == '\r' ? ' ' : *at;
    remove_row(device->facts, key);
    size_t used = strlen(device->facts), need = strlen(key) + strlen(value) + 3;
    if (*value && used + need <= sizeof device->facts)
        snprintf(device->facts + used, need, "%s=%s\n", key, value);
}

void rg_device_facts_add(rg_device *device, const char *rows) {
    for (const char *at = rows; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
        int line = (int)strcspn(at, "\n"), key = (int)strcspn(at, "=\n");
        char name[64];
        if (key >= line || key >= (int)sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", key, at);
        rg_device_fact(device, name, "%.*s", line - key - 1, at + key + 1);
    }
}

bool rg_device_fact_get(const rg_device *device, const char *key, char *ret, size_t cap) {
    const char *row = find_row(device->facts, key);
    const char *value = row ? row + strlen(key) + 1 : "";
    snprintf(ret, cap, "%.*s", (int)strcspn(value, "\n"), value);
    return row != NULL;
}

/* --- placement -------------------------------------------------------------------------------- */

static rg_engine *engine_of(rg_placement *placement, const char *name, bool host) {
    for (uint32_t i = 0; i < placement->n_engines; i++) {
        if (!strcmp(placement->engines[i].name, name))
            return &placement->engines[i];
    }
    if (placement->n_engines == RG_MAX_ENGINES)
        return NULL;
    rg_engine *engine = &placement->engines[placement->n_engines++];
    *engine = (rg_engine){.host = host, .ns = -1};
    snprintf(engine->name, sizeof engine->name, "%s", name);
    return engine;
}

bool rg_placement_add(rg_placement *placement, const char *engine, bool host, uint32_t nodes,
                      int64_t macs) {
    rg_engine *one = engine_of(placement, engine, host);
    if (!one)
        return false;
    one->nodes += nodes;
    one->macs = macs < 0 || one->macs < 0 ? -1 : one->macs + macs;
    return true;
}

/* Where a name stands in "A, B x2" as a whole item; NULL when it does not. */
static char *find_item(char *list, const char *name) {
    size_t n = strlen(name);
    for (char *at = list; (at = strstr(at, name)); at += n) {
        bool begins = at == list || at[-1] == ' ';
        if (begins && (!at[n] || at[n] == ',' || !strncmp(at + n, " x", 2)))
            return at;
    }
    return NULL;
}

void rg_placement_stays(rg_placement *placement, const char *operator_name) {
    char *list = placement->stays, rest[sizeof placement->stays];
    size_t cap = sizeof placement->stays, used = strlen(list), n = strlen(operator_name);
    char *item = n ? find_item(list, operator_name) : NULL;
    if (!item) {
        if (n && used + n + 2 < cap)
            snprintf(list + used, cap - used, "%s%s", used ? ", " : "", operator_name);
        return;
    }
    char *end = item + n;
    unsigned long count = strncmp(end, " x", 2) ? 1 : strtoul(end + 2, &end, 10);
    snprintf(rest, sizeof rest, "%s", end);
    size_t room = cap - (size_t)(item + n - list);
    if (strlen(rest) + 24 < room)
        snprintf(item + n, room, " x%lu%s", count + 1, rest);
}

void rg_placement_sum(rg_placement *placement, const char *how) {
    placement->nodes = placement->nodes_on_target = 0;
    placement->macs_on_target = 0;
    for (uint32_t i = 0; i < placement->n_engines; i++) {
        const rg_engine *engine = &placement->engines[i];
        placement->nodes += engine->nodes;
        if (engine->macs < 0)
            placement->macs_on_target = -1;
        if (engine->host)
            continue;
        placement->nodes_on_target += engine->nodes;
        if (placement->macs_on_target >= 0)
            placement->macs_on_target += engine->macs;
    }
    if (!placement->macs && placement->macs_on_target >= 0) {
        for (uint32_t i = 0; i < placement->n_engines; i++)
            placement->macs += (uint64_t)placement->engines[i].macs;
    }
    placement->known = true;
    snprintf(placement->how, sizeof placement->how, "%s", how);
}
