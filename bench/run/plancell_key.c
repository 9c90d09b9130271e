/* plancell_key.c: the canonical object of a cell's requested values, from which its key and name
 * are made. Paths, hashes and serial numbers never enter it, so that the old model and the new one
 * meet in one cell. Used by plancell.c. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/run/plancell.h"
#include "bench/run/planpattern.h"
#include "bench/run/search.h"

json_t *rg_plancell_ordered(const json_t *object) {
    if (!json_is_object(object))
        return json_object();
    char *line = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
    json_t *sorted = line ? json_loads(line, 0, NULL) : NULL;
    free(line);
    return sorted;
}

/* "cuda" for "cuda:0": which unit it was is context. */
static json_t *device_class(const char *device) {
    const char *colon = strrchr(device, ':');
    bool number = colon && colon[1];
    for (const char *at = colon; number && *++at;)
        number = isdigit((unsigned char)*at);
    return json_stringn(device, number ? (size_t)(colon - device) : strlen(device));
}

/* A deadline that follows from the pattern alone is no factor of its own. */
static bool states_deadline(const json_t *asked) {
    return json_object_get(asked, "deadline") ||
           json_object_get(json_object_get(asked, "pattern"), "deadline");
}

/* The object that is hashed: what the scenario asks for, and only the factors that it sets. */
static json_t *requested_of(const json_t *asked, const rg_cell *cell) {
    static const char *const factors[] = {"batch",     "cores",      "governor",  "inputs",
                                          "interfere", "power_mode", "precision", "threads",
                                          "variant",   NULL};
    json_t *object = json_pack("{s:s, s:s}", "workload", cell->workload, "target", cell->target);
    for (size_t i = 0; object && factors[i]; i++) {
        json_t *value = json_object_get(asked, factors[i]);
        if (value)
            json_object_set(object, factors[i], value);
    }
    if (*cell->device)
        json_object_set_new(object, "device", device_class(cell->device));
    if (json_object_size(json_object_get(asked, "options")))
        json_object_set(object, "options", json_object_get(asked, "options"));
    if (cell->deadline_ns && states_deadline(asked))
        json_object_set_new(object, "deadline_ns", json_integer(cell->deadline_ns));
    json_object_set_new(object, "pattern", rg_pattern_to_json(&cell->pattern));
    return object;
}

static void add_factor(rg_text *text, const char *key, const json_t *value, char before);

/* "options=a=1,b=2": a table of plain values as it would be typed. */
static void add_pairs(rg_text *text, const json_t *object) {
    json_t *sorted = rg_plancell_ordered(object), *value;
    const char *key, *first = NULL;
    json_object_foreach(sorted, key, value) {
        add_factor(text, key, value, first ? ',' : '=');
        first = key;
    }
    json_decref(sorted);
}

/* Lists of words and tables as they would be typed, all else as JSON. */
static void add_composed(rg_text *text, const char *key, const json_t *value, char before) {
    size_t i, n = json_array_size(value), words = 0;
    json_t *item;
    json_array_foreach(value, i, item) {
        words += json_is_string(item);
    }
    rg_text_printf(text, "%c%s", before, key);
    if (json_is_object(value)) {
        add_pairs(text, value);
        return;
    }
    rg_text_add(text, "=");
    if (!n || words < n) {
        char *line = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT);
        rg_text_add(text, line ? line : "");
        free(line);
        return;
    }
    json_array_foreach(value, i, item) {
        rg_text_printf(text, "%s%s", i ? " " : "", json_string_value(item));
    }
}

/* "/threads=4": `before` separates it from what stands there. */
static void add_factor(rg_text *text, const char *key, const json_t *value, char before) {
    if (json_is_string(value))
        rg_text_printf(text, "%c%s=%s", before, key, json_string_value(value));
    else if (json_is_real(value))
        rg_text_printf(text, "%c%s=%.15g", before, key, json_real_value(value));
    else if (json_is_integer(value))
        rg_text_printf(text, "%c%s=%lld", before, key, (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        rg_text_printf(text, "%c%s=%s", before, key, json_is_true(value) ? "true" : "false");
    else
        add_composed(text, key, value, before);
}

/* "/deadline=33ms": the largest unit that tells it in a whole number. */
static void add_duration(rg_text *text, const char *key, int64_t ns) {
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t i = 0;
    while (ns % units[i].ns)
        i++;
    rg_text_printf(text, "/%s=%lld%s", key, (long long)(ns / units[i].ns), units[i].unit);
}

static void add_open(rg_text *text, const rg_pattern *pattern) {
    rg_text_printf(text, "/%s=%.15g", rg_pattern_word(pattern->kind), pattern->hz);
    if (pattern->in_flight > 1)
        rg_text_printf(text, "/in_flight=%u", pattern->in_flight);
    if (pattern->queue >= 0)
        rg_text_printf(text, "/queue=%lld", (long long)pattern->queue);
}

/* What differs from the usual: 64 tried at most, 1 % late, found by halving. */
static void add_search(rg_text *text, const rg_pattern *pattern) {
    if (pattern->most != 64)
        rg_text_printf(text, "/most=%u", pattern->most);
    if (pattern->kind == RG_PATTERN_STREAMS && pattern->drops != 0.01)
        rg_text_printf(text, "/drops=%.15g", pattern->drops);
    if (pattern->search != RG_SEARCH_BISECT)
        rg_text_printf(text, "/search=%s", rg_search_words[pattern->search]);
}

static void add_soak(rg_text *text, const rg_pattern *pattern) {
    add_duration(text, "soak", pattern->duration_ns);
    if (pattern->hz > 0)
        rg_text_printf(text, "/hz=%.15g", pattern->hz);
    if (pattern->in_flight > 1)
        rg_text_printf(text, "/in_flight=%u", pattern->in_flight);
    add_duration(text, "step", pattern->step_ns);
}

/* "ds-cnn/cpu/threads=1/in_flight=4": all that the key holds, so names differ where keys do. */
static const char *name_of(const rg_cell *cell, rg_arena *arena) {
    static const char *const order[] = {"device",  "variant",   "precision",  "batch",
                                        "threads", "cores",     "power_mode", "governor",
                                        "inputs",  "interfere", NULL};
    rg_text text = {0};
    const char *key;
    json_t *value;
    rg_text_printf(&text, "%s/%s", cell->workload, cell->target);
    for (size_t i = 0; order[i]; i++) {
        value = json_object_get(cell->requested, order[i]);
        if (value)
            add_factor(&text, order[i], value, '/');
    }
    json_t *options = rg_plancell_ordered(json_object_get(cell->requested, "options"));
    json_object_foreach(options, key, value) {
        add_factor(&text, key, value, '/');
    }
    json_decref(options);
    if (cell->pattern.kind == RG_PATTERN_IN_FLIGHT)
        rg_text_printf(&text, "/in_flight=%u", cell->pattern.in_flight);
    if (cell->pattern.kind == RG_PATTERN_IDLE)
        rg_text_printf(&text, "/idle=%gs", (double)cell->pattern.duration_ns / 1e9);
    if (rg_pattern_is_open(cell->pattern.kind))
        add_open(&text, &cell->pattern);
    if (cell->pattern.kind == RG_PATTERN_SWEEP || cell->pattern.kind == RG_PATTERN_COLD)
        rg_text_printf(&text, "/%s", rg_pattern_word(cell->pattern.kind));
    if (cell->pattern.kind == RG_PATTERN_SOAK)
        add_soak(&text, &cell->pattern);
    if (rg_pattern_searches(cell->pattern.kind))
        add_search(&text, &cell->pattern);
    if (json_object_get(cell->requested, "deadline_ns"))
        add_duration(&text, "deadline", cell->deadline_ns);
    const char *name = text.data && !text.failed ? rg_arena_strdup(arena, text.data) : NULL;
    rg_text_free(&text);
    return name;
}

rg_status rg_plancell_seal(const json_t *asked, rg_arena *arena, rg_cell *cell, rg_err *err) {
    cell->requested = requested_of(asked, cell);
    char *line = json_dumps(cell->requested, JSON_SORT_KEYS | JSON_COMPACT);
    cell->name = line ? name_of(cell, arena) : NULL;
    if (line)
        rg_hash_bytes(line, strlen(line), cell->key);
    free(line);
    return cell->name ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
}
