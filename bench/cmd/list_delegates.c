/* list_delegates.c: known delegate plug-ins, a row each. */
#include "bench/cmd/list_delegates.h"

#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/delegates.h"

/* "libx.so; keys: backends (needed), debug-data and others; note" */
static void add_words(const json_t *entry, rg_text *words) {
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(entry, "libraries"), i, item) {
        rg_text_printf(words, "%s%s", i ? " or " : "", json_string_value(item));
    }
    json_array_foreach(json_object_get(entry, "keys"), i, item) {
        rg_text_printf(words, "%s%s%s", i ? ", " : "; keys: ", rg_json_get_text(item, "key", ""),
                       rg_json_get_bool(item, "needed", false) ? " (needed)" : "");
    }
    if (rg_json_get_bool(entry, "open", false))
        rg_text_add(words, json_array_size(json_object_get(entry, "keys"))
                               ? " and others"
                               : "; keys: the vendor's, not checked");
    rg_text_printf(words, "; %s", rg_json_get_text(entry, "note", ""));
}

static void add_entry(json_t *rows, json_t *entry) {
    rg_text words = {0}, kind = {0};
    add_words(entry, &words);
    rg_text_printf(&kind, "grade %s", rg_json_get_text(entry, "grade", "?"));
    json_object_set_new(entry, "kind", json_string(kind.data ? kind.data : ""));
    json_object_set(entry, "summary", json_object_get(entry, "title"));
    json_object_set_new(entry, "why", json_string(words.data ? words.data : ""));
    json_object_set(entry, "try", json_object_get(entry, "install"));
    json_array_append(rows, entry);
    rg_text_free(&words);
    rg_text_free(&kind);
}

rg_status rg_list_delegates(rg_root *root, json_t *rows, rg_err *err) {
    json_t *table = NULL, *entry;
    size_t i;
    (void)root;
    rg_status status = rg_delegates_table(&table, err);
    json_array_foreach(table, i, entry) {
        add_entry(rows, entry);
    }
    json_decref(table);
    return status;
}
