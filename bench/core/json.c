/* json.c: jansson with our manners. */
#include "bench/core/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"

char *rg_json_text(const json_t *value, int indent) {
    size_t flags = JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY;
    flags |= indent ? JSON_INDENT((size_t)indent) : JSON_COMPACT;
    return json_dumps(value, flags);
}

void rg_text_add_json(rg_text *text, const json_t *value) {
    char *dump = value ? rg_json_text(value, 2) : NULL;
    if (dump) {
        rg_text_add(text, dump);
        rg_text_add(text, "\n");
    } else {
        text->failed = true;
    }
    free(dump);
}

rg_status rg_json_parse(const char *text, size_t bytes, const char *origin, json_t **ret_value,
                        rg_err *err) {
    json_error_t where;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!value)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s, line %d: %s", origin, where.line, where.text);
    *ret_value = value;
    return RG_OK;
}

rg_status rg_json_read(const char *path, json_t **ret_value, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading %s", path);
    char *data;
    size_t bytes;
    rg_status status = rg_fs_read(arena, path, (size_t)256 << 20, &data, &bytes, err);
    if (status == RG_OK)
        status = rg_json_parse(data, bytes, path, ret_value, err);
    rg_arena_free(arena);
    return status;
}

const char *rg_json_get_text(const json_t *object, const char *key, const char *preset) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : preset;
}

int64_t rg_json_get_int(const json_t *object, const char *key, int64_t preset) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : preset;
}

double rg_json_get_real(const json_t *object, const char *key, double preset) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : preset;
}

bool rg_json_get_bool(const json_t *object, const char *key, bool preset) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : preset;
}

bool rg_json_has_text(const json_t *array, const char *text) {
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) {
        if (json_is_string(item) && !strcmp(json_string_value(item), text))
            return true;
    }
    return false;
}

void rg_json_set_real(json_t *object, const char *key, double value) {
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

json_t *rg_json_clean(const char *text) {
    json_t *as_it_is = json_string(text);
    char *copy = as_it_is ? NULL : strdup(text);
    if (!copy)
        return as_it_is;
    for (char *at = copy; *at; at++)
        *at = (unsigned char)*at >= 0x80 ? '?' : *at;
    json_t *cleaned = json_string(copy);
    free(copy);
    return cleaned;
}
