/* list_devices.c: probing each registered target, in a child where its library is foreign. */
#include "bench/cmd/list_devices.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/probe.h"

/* --- rows ------------------------------------------------------------------------------------- */

static json_t *device_row(const rg_device *device) {
    bool present = device->status == RG_OK;
    json_t *row = json_pack("{s:s, s:s, s:s}", "name", device->id, "kind",
                            present ? "present" : rg_status_word(device->status), "summary",
                            present ? device->description : device->what);
    json_t *facts = rg_device_facts_json(device);
    if (!present)
        json_object_set_new(row, "try", json_string(device->advice));
    if (json_object_size(facts))
        json_object_set(row, "facts", facts);
    json_decref(facts);
    return row;
}

/* A target without a device says why, and what to try. */
static void add_reason(json_t *row, rg_status status, const char *why, const char *advice) {
    json_object_set_new(row, "kind", json_string(rg_status_word(status)));
    json_object_set_new(row, "why", json_string(why));
    json_object_set_new(row, "try", json_string(advice));
}

static void add_forms(json_t *row, const rg_target *target) {
    json_t *list = target->forms ? json_array() : NULL;
    for (size_t i = 0; list && target->forms[i]; i++)
        json_array_append_new(list, json_string(target->forms[i]));
    if (list)
        json_object_set_new(row, "forms", list);
}

static json_t *target_row(const rg_target *target, const rg_device_list *devices,
                          const rg_err *why) {
    json_t *row = json_pack("{s:s, s:s, s:s, s:[]}", "name", target->name, "kind", "absent",
                            "summary", target->summary, "devices");
    bool present = false;
    for (size_t d = 0; d < devices->n; d++) {
        present |= devices->items[d].status == RG_OK;
        json_array_append_new(json_object_get(row, "devices"), device_row(&devices->items[d]));
    }
    const rg_device *first = &devices->items[0];
    if (why->status != RG_OK)
        add_reason(row, why->status, why->what, why->advice);
    else if (present)
        json_object_set_new(row, "kind", json_string("present"));
    else if (devices->n)
        add_reason(row, first->status, first->what, first->advice);
    add_forms(row, target);
    return row;
}

/* Calls `each` with what probing each target found. */
static rg_status probe_all(rg_root *root, json_t *rows, rg_err *err,
                           void (*each)(json_t *, const rg_target *, const rg_device_list *,
                                        const rg_err *)) {
    for (size_t i = 0; rg_targets[i]; i++) {
        rg_device_list *devices = calloc(1, sizeof *devices);
        rg_err why = RG_ERR_INIT;
        if (!devices)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory listing targets");
        rg_probe_target(rg_targets[i], root, devices, &why);
        each(rows, rg_targets[i], devices, &why);
        free(devices);
    }
    return RG_OK;
}

static void add_target(json_t *rows, const rg_target *target, const rg_device_list *devices,
                       const rg_err *why) {
    json_array_append_new(rows, target_row(target, devices, why));
}

rg_status rg_list_targets(rg_root *root, json_t *rows, rg_err *err) {
    return probe_all(root, rows, err, add_target);
}

static void add_devices(json_t *rows, const rg_target *target, const rg_device_list *devices,
                        const rg_err *why) {
    (void)why;
    for (size_t d = 0; d < devices->n; d++) {
        json_t *row = device_row(&devices->items[d]);
        json_object_set_new(row, "target", json_string(target->name));
        json_array_append_new(rows, row);
    }
}

rg_status rg_list_devices(rg_root *root, json_t *rows, rg_err *err) {
    return probe_all(root, rows, err, add_devices);
}

/* --- facts for people ------------------------------------------------------------------------- */

/* Hashes are shortened: --json has them whole. */
static void add_fact(rg_text *ret, const char *label, const char *value) {
    bool is_hash = strlen(value) == RG_HASH_HEX - 1 && strspn(value, "0123456789abcdef") == 64;
    rg_text_printf(ret, "%s%s %.*s", ret->bytes ? ", " : "", label, is_hash ? 12 : 4096, value);
}

static bool has_row(const char *key) {
    for (const rg_device_fact_row *row = rg_device_fact_rows; row->key; row++) {
        if (!strcmp(row->key, key))
            return true;
    }
    return false;
}

/* True when each present device of the target says the same. */
static bool is_shared(const json_t *devices, const char *key, const char *value) {
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device) {
        const char *said = rg_json_get_text(json_object_get(device, "facts"), key, "");
        if (!strcmp(rg_json_get_text(device, "kind", ""), "present") && strcmp(said, value))
            return false;
    }
    return true;
}

void rg_list_facts(const json_t *row, rg_text *ret) {
    const json_t *devices = json_object_get(row, "devices");
    json_t *facts = json_object_get(row, "facts");
    const char *key;
    json_t *value;
    for (size_t i = 0; !facts && i < json_array_size(devices); i++) {
        if (!strcmp(rg_json_get_text(json_array_get(devices, i), "kind", ""), "present"))
            facts = json_object_get(json_array_get(devices, i), "facts");
    }
    for (const rg_device_fact_row *known = rg_device_fact_rows; known->key; known++) {
        const char *said = rg_json_get_text(facts, known->key, "");
        if (*said && is_shared(devices, known->key, said))
            add_fact(ret, known->label, said);
    }
    json_object_foreach(facts, key, value) {
        if (!has_row(key) && !devices)
            add_fact(ret, key, json_string_value(value));
    }
}
