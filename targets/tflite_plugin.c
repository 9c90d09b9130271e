/* tflite_plugin.c: an external delegate's library and its keys (tflite_plugin.h). */
#include "targets/tflite_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/delegates.h"

/* --- keys and values -------------------------------------------------------------------------- */

static const json_t *row_of(const json_t *entry, const char *name) {
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(entry, "keys"), i, row) {
        if (!strcmp(rg_json_get_text(row, "key", ""), name))
            return row;
    }
    return NULL;
}

static const char *key_at(size_t i, void *user) {
    return rg_json_get_text(json_array_get(json_object_get(user, "keys"), i), "key", NULL);
}

static rg_status check_key(const json_t *entry, const char *key, rg_err *err) {
    char advice[RG_PLUGIN_TEXT] = "see devices/delegates.lua";
    if (!entry || rg_json_get_bool(entry, "open", false) || row_of(entry, key))
        return RG_OK;
    const char *near = rg_text_nearest(key, key_at, (void *)entry);
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "%s has no key '%s'", rg_json_get_text(entry, "name", ""),
                   key);
}

/* Adds a pair; one whose row says so stands before the others. */
static rg_status add_pair(const json_t *entry, rg_plugin_ask *ask, const char *key,
                          const char *value, rg_err *err) {
    rg_status status = check_key(entry, key, err);
    if (status != RG_OK)
        return status;
    if (ask->n_pairs == RG_PLUGIN_PAIRS || strlen(key) >= sizeof ask->keys[0] ||
        strlen(value) >= sizeof ask->values[0])
        return rg_fail(err, RG_USAGE, "fewer or shorter ones",
                       "more than %d options, or a long one", RG_PLUGIN_PAIRS);
    size_t at = ask->n_pairs++;
    if (rg_json_get_bool(row_of(entry, key), "first", false)) {
        memmove(ask->keys[1], ask->keys[0], at * sizeof ask->keys[0]);
        memmove(ask->values[1], ask->values[0], at * sizeof ask->values[0]);
        at = 0;
    }
    snprintf(ask->keys[at], sizeof ask->keys[at], "%s", key);
    snprintf(ask->values[at], sizeof ask->values[at], "%s", value);
    return RG_OK;
}

/* As the plug-ins take them: all values are text. */
static void value_text(const json_t *value, char *ret, size_t cap) {
    if (json_is_string(value))
        snprintf(ret, cap, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(ret, cap, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(ret, cap, "%s", json_is_true(value) ? "true" : "false");
    else
        snprintf(ret, cap, "%.15g", json_number_value(value));
}

static rg_status read_object(const json_t *entry, const char *text, rg_plugin_ask *ask,
                             rg_err *err) {
    json_t *object = NULL, *value;
    const char *key;
    char word[RG_PLUGIN_TEXT + 1];
    rg_status status = rg_json_parse(text, strlen(text), "the delegate's options", &object, err);
    if (status != RG_OK)
        return rg_fail(err, RG_USAGE, "write options = { device_id = 0 }",
                       "the delegate's options are no table: %s", text);
    json_object_foreach(object, key, value) {
        value_text(value, word, sizeof word);
        if (status == RG_OK && (json_is_object(value) || json_is_array(value)))
            status = rg_fail(err, RG_USAGE, "a word, a number or true/false",
                             "option '%s' of the delegate is a table", key);
        else if (status == RG_OK)
            status = add_pair(entry, ask, key, word, err);
    }
    json_decref(object);
    return status;
}

/* "device_id=0;backends=GpuAcc,CpuAcc": a semicolon between pairs, or a comma where the next word
 * has an equals sign of its own. */
static rg_status read_words(const json_t *entry, const char *text, rg_plugin_ask *ask,
                            rg_err *err) {
    rg_status status = RG_OK;
    while (status == RG_OK && *text) {
        char key[64], value[RG_PLUGIN_TEXT];
        size_t n = strcspn(text, "="), end = strcspn(text, ";");
        const char *next = NULL;
        for (const char *comma = strchr(text, ','); comma && comma < text + end && !next;
             comma = strchr(comma + 1, ',')) {
            size_t word = strcspn(comma + 1, ",;=");
            if (comma[1 + word] == '=')
                next = comma;
        }
        if (next)
            end = (size_t)(next - text);
        if (n == 0 || n >= end || n >= sizeof key || end - n - 1 >= sizeof value)
            return rg_fail(err, RG_USAGE, "write options=key=value,key=value",
                           "the delegate's options cannot be read: %s", text);
        snprintf(key, sizeof key, "%.*s", (int)n, text);
        snprintf(value, sizeof value, "%.*s", (int)(end - n - 1), text + n + 1);
        status = add_pair(entry, ask, key, value, err);
        text += end + (text[end] != '\0');
    }
    return status;
}

static rg_status check_needed(const json_t *entry, const rg_plugin_ask *ask, rg_err *err) {
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(entry, "keys"), i, row) {
        const char *key = rg_json_get_text(row, "key", "");
        bool given = !rg_json_get_bool(row, "needed", false);
        for (size_t k = 0; !given && k < ask->n_pairs; k++)
            given = !strcmp(ask->keys[k], key);
        if (!given)
            return rg_fail(err, RG_USAGE, rg_json_get_text(row, "help", ""),
                           "%s needs the option '%s'", ask->name, key);
    }
    return RG_OK;
}

/* --- which plug-in ---------------------------------------------------------------------------- */

static void take_entry(const json_t *entry, rg_plugin_ask *ask) {
    size_t i;
    const json_t *name;
    snprintf(ask->name, sizeof ask->name, "%s", rg_json_get_text(entry, "name", ""));
    snprintf(ask->title, sizeof ask->title, "%s", rg_json_get_text(entry, "title", ""));
    snprintf(ask->install, sizeof ask->install, "%s", rg_json_get_text(entry, "install", ""));
    snprintf(ask->note, sizeof ask->note, "%s", rg_json_get_text(entry, "note", ""));
    json_array_foreach(json_object_get(entry, "libraries"), i, name) {
        if (i < 4)
            snprintf(ask->library[i], sizeof ask->library[i], "%s", json_string_value(name));
    }
}

/* A file without an entry, or not by the entry's own name. */
static rg_status take_file(const char *delegate, const json_t *entry, rg_plugin_ask *ask,
                           rg_err *err) {
    char names[RG_PLUGIN_TEXT] = "";
    const char *slash = strrchr(delegate, '/');
    if (!strstr(delegate, ".so")) {
        rg_delegates_names(names, sizeof names, NULL);
        return rg_fail(err, RG_USAGE, names,
                       "'%s' is no delegate that is known, and no file of one", delegate);
    }
    snprintf(ask->file, sizeof ask->file, "%s", delegate);
    if (!entry) {
        snprintf(ask->name, sizeof ask->name, "%s", slash ? slash + 1 : delegate);
        snprintf(ask->title, sizeof ask->title, "the delegate %s", ask->name);
        snprintf(ask->install, sizeof ask->install, "give the path of its file");
    }
    return RG_OK;
}

rg_status rg_plugin_ask_read(const char *delegate, const char *options, rg_plugin_ask *ret_ask,
                             rg_err *err) {
    rg_plugin_ask ask = {0};
    json_t *entry = NULL;
    rg_status status = rg_delegates_find(delegate, &entry, err);
    if (status == RG_OK && entry)
        take_entry(entry, &ask);
    if (status == RG_OK && (!entry || strcmp(ask.name, delegate)))
        status = take_file(delegate, entry, &ask, err);
    if (status == RG_OK && *options == '{')
        status = read_object(entry, options, &ask, err);
    else if (status == RG_OK)
        status = read_words(entry, options, &ask, err);
    if (status == RG_OK)
        status = check_needed(entry, &ask, err);
    json_decref(entry);
    if (status == RG_OK)
        *ret_ask = ask;
    return status;
}

/* --- the library ------------------------------------------------------------------------------ */

rg_status rg_plugin_open(const rg_plugin_ask *ask, rg_plugin *ret_plugin, rg_err *err) {
    static const rg_library_symbol symbols[] = {
        {"tflite_plugin_create_delegate", offsetof(rg_plugin, create), false},
        {"tflite_plugin_destroy_delegate", offsetof(rg_plugin, destroy), false},
        {0},
    };
    rg_plugin *plugin = ret_plugin;
    *plugin =
        (rg_plugin){.ask = ask, .spec = {"tflite-delegate", ask->title, ask->install, {NULL}}};
    for (size_t i = 0; i < 4 && *ask->library[i]; i++)
        plugin->spec.names[i] = ask->library[i];
    for (size_t i = 0; i < ask->n_pairs; i++) {
        plugin->keys[i] = ask->keys[i];
        plugin->values[i] = ask->values[i];
    }
    rg_status status = rg_library_open(&plugin->spec, ask->file, &plugin->library, err);
    if (status == RG_OK)
        status = rg_library_bind(&plugin->library, symbols, plugin, err);
    return status;
}

/* The callback has no place for a pointer of ours; one plug-in is asked at a time. */
static char reported[RG_PLUGIN_TEXT];

static void report(const char *words) {
    snprintf(reported, sizeof reported, "%s", words ? words : "");
}

rg_status rg_plugin_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err) {
    rg_plugin *plugin = user;
    const rg_plugin_ask *ask = plugin->ask;
    size_t n = ask->n_pairs;
    reported[0] = '\0';
    void *made = plugin->create(n ? plugin->keys : NULL, n ? plugin->values : NULL, n, report);
    if (!made)
        return rg_fail(err, RG_UNSUPPORTED,
                       "see that its device is here and free, and that its options are its own",
                       "%s makes no delegate%s%s", ask->title, *reported ? ": " : "", reported);
    *ret_delegate = (rg_tflite_delegate){made, plugin->destroy};
    return RG_OK;
}

void rg_plugin_facts(const rg_plugin *plugin, rg_text *text) {
    rg_text_printf(text, "delegate=%s\n", plugin->ask->name);
    rg_text_printf(text, "delegate_library=%s\n", plugin->library.path);
    if (*plugin->library.sha256)
        rg_text_printf(text, "delegate_sha256=%s\n", plugin->library.sha256);
    if (*plugin->library.double_name)
        rg_text_printf(text, "double=%s\n", plugin->library.double_name);
    for (size_t i = 0; i < plugin->ask->n_pairs; i++)
        rg_text_printf(text, "delegate.%s=%s\n", plugin->ask->keys[i], plugin->ask->values[i]);
    if (*plugin->ask->note)
        rg_text_printf(text, "delegate_note=%s\n", plugin->ask->note);
}
