/* delegates.c: finds delegate plug-ins in the table devices/delegates.lua
 * (bench/iface/delegates.h).
 */
#include "bench/iface/delegates.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/luadata.h"

#define TABLE "devices/delegates.lua"

rg_status rg_delegates_table(json_t **ret_table, rg_err *err) {
    return rg_luadata_read(TABLE, ret_table, err);
}

static bool is_called(const json_t *entry, const char *word) {
    const char *slash = strrchr(word, '/');
    return !strcmp(rg_json_get_text(entry, "name", ""), word) ||
           rg_json_has_text(json_object_get(entry, "libraries"), slash ? slash + 1 : word);
}

rg_status rg_delegates_find(const char *name_or_file, json_t **ret_entry, rg_err *err) {
    json_t *table = NULL, *entry, *found = NULL;
    size_t i;
    rg_status status = rg_delegates_table(&table, err);
    if (status != RG_OK)
        return status;
    json_array_foreach(table, i, entry) {
        if (!found && is_called(entry, name_or_file))
            found = json_incref(entry);
    }
    json_decref(table);
    *ret_entry = found;
    return RG_OK;
}

rg_status rg_delegates_names(char *ret, size_t cap, rg_err *err) {
    json_t *table = NULL, *entry;
    size_t i, used = 0;
    rg_status status = rg_delegates_table(&table, err);
    if (status != RG_OK)
        return status;
    *ret = '\0';
    json_array_foreach(table, i, entry) {
        if (used < cap)
            used += (size_t)snprintf(ret + used, cap - used, "%s%s", i ? ", " : "",
                                     rg_json_get_text(entry, "name", "?"));
    }
    json_decref(table);
    return RG_OK;
}
