/* plancell.c: one cell: its values parsed by the schema, its logical workload, its tier, and the
 * canonical object of requested values from which key and name are made. Paths, hashes and serial
 * numbers never enter that object, so that the old model and the new one meet in one cell. */
#include "bench/run/plancell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/schema.h"

/* measurement.md, section 3; procurement's totals are divided by its rounds. */
const rg_tier rg_tiers[] = {
    {"quick", 3, 130, 500000000, 15000000000, 0},
    {"standard", 6, 200, 500000000, 60000000000, 0},
    {"procurement", 16, 256, 3750000000, 300000000000, 0.01},
    {"smoke", 2, 80, 0, 15000000000, 0},
    {0},
};

/* Kinds of backend that the program knows of, built in here or not: a cell on one that is not built
 * in is refused when it is run; any other word is a slip of the pen. */
static const char *const known_targets[] = {"cpu",      "neon",     "cuda", "edgetpu",
                                            "hailo",    "tflite",   "sim",  "onnxruntime",
                                            "tensorrt", "sim-async"};
enum { N_KNOWN_TARGETS = sizeof known_targets / sizeof known_targets[0] };

const char *rg_pattern_word(rg_pattern_kind kind) {
    return kind < RG_PATTERN_COUNT ? rg_pattern_words[kind] : "unknown";
}

/* --- tier ----------------------------------------------------------------------------------------
 */

static const rg_tier *find_tier(const char *name) {
    for (const rg_tier *tier = rg_tiers; tier->name; tier++) {
        if (!strcmp(tier->name, name))
            return tier;
    }
    return NULL;
}

static rg_status named_tier(const char *name, rg_tier *ret_tier, rg_err *err) {
    const rg_tier *found = find_tier(name);
    if (!found)
        return rg_fail(err, RG_USAGE, "one of: quick standard procurement smoke",
                       "there is no tier '%s'", name);
    *ret_tier = *found;
    return RG_OK;
}

rg_status rg_plancell_tier(const json_t *asked, const rg_tier *base, rg_tier *ret_tier,
                           rg_err *err) {
    if (!asked) {
        *ret_tier = *base;
        return RG_OK;
    }
    if (json_is_string(asked))
        return named_tier(json_string_value(asked), ret_tier, err);
    rg_tier_spec spec = {0};
    rg_tier tier = *base;
    rg_status status = rg_schema_parse(&rg_schema_tier, asked, &spec, err);
    if (status == RG_OK && json_object_get(asked, "name"))
        status = named_tier(spec.name, &tier, err);
    if (status != RG_OK)
        return status;
    spec = (rg_tier_spec){"",          tier.rounds, (int64_t)tier.samples,
                          tier.min_ns, tier.cap_ns, tier.precision};
    status = rg_schema_parse(&rg_schema_tier, asked, &spec, err);
    if (status != RG_OK)
        return status;
    bool same = spec.rounds == tier.rounds && spec.samples == (int64_t)tier.samples &&
                spec.min_time_ns == tier.min_ns && spec.cap_ns == tier.cap_ns &&
                spec.precision == tier.precision;
    *ret_tier = (rg_tier){same ? tier.name : "custom",
                          (uint32_t)spec.rounds,
                          (uint64_t)spec.samples,
                          spec.min_time_ns,
                          spec.cap_ns,
                          spec.precision};
    return RG_OK;
}

/* --- pattern -------------------------------------------------------------------------------------
 */

static rg_status parse_pattern(const json_t *asked, rg_pattern *ret_pattern, rg_err *err) {
    rg_pattern_spec spec = {0};
    json_t *table = json_is_string(asked) ? json_pack("{s:O}", "kind", asked)
                    : asked               ? json_incref((json_t *)asked)
                                          : json_object();
    rg_status status = rg_schema_parse(&rg_schema_pattern, table, &spec, err);
    json_decref(table);
    if (status != RG_OK)
        return status;
    rg_pattern_kind kind = (rg_pattern_kind)spec.kind;
    if (kind == RG_PATTERN_IN_FLIGHT ? spec.n < 1 : spec.n != 0)
        return rg_fail(err, RG_USAGE, "write pattern = {\"in_flight\", n = 4}",
                       kind == RG_PATTERN_IN_FLIGHT ? "in_flight needs n, the requests in flight"
                                                    : "only in_flight takes n");
    if (kind == RG_PATTERN_IDLE ? spec.duration_ns < 1 : spec.duration_ns != 0)
        return rg_fail(err, RG_USAGE, "write pattern = {\"idle\", duration = \"5s\"}",
                       kind == RG_PATTERN_IDLE ? "idle needs a duration"
                                               : "only idle takes a duration");
    *ret_pattern =
        (rg_pattern){kind, kind == RG_PATTERN_IN_FLIGHT ? (uint32_t)spec.n : 1, spec.duration_ns};
    return RG_OK;
}

/* An object with its keys in order, so that names and records do not depend on how it was written;
 * Lua's empty table is an empty list. A new reference, NULL when memory ran out. */
static json_t *ordered(const json_t *object) {
    if (!json_is_object(object))
        return json_object();
    char *line = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
    json_t *sorted = line ? json_loads(line, 0, NULL) : NULL;
    free(line);
    return sorted;
}

/* --- workload ------------------------------------------------------------------------------------
 */

/* "3x3" for [3, 3]; words and numbers as they are. */
static void describe_value(const json_t *value, rg_text *text) {
    size_t i;
    json_t *item;
    if (json_is_string(value))
        rg_text_add(text, json_string_value(value));
    else if (json_is_integer(value))
        rg_text_printf(text, "%lld", (long long)json_integer_value(value));
    else if (json_is_number(value))
        rg_text_printf(text, "%.15g", json_number_value(value));
    json_array_foreach(value, i, item) {
        rg_text_add(text, i ? "x" : "");
        describe_value(item, text);
    }
}

/* "conv2d:1x56x56x64,filters=64,kernel=3x3": kind, input's shape, then all else by name. */
static void describe_op(const json_t *op, rg_text *text) {
    const char *key;
    json_t *value, *sorted = ordered(op);
    rg_text_printf(text, "%s:", rg_json_get_text(op, "kind", ""));
    describe_value(json_object_get(op, "input"), text);
    json_object_foreach(sorted, key, value) {
        if (!strcmp(key, "kind") || !strcmp(key, "input"))
            continue;
        rg_text_printf(text, ",%s=", key);
        describe_value(value, text);
    }
    json_decref(sorted);
}

static rg_status op_workload(const json_t *op, rg_arena *arena, rg_cell *cell, rg_err *err) {
    if (!json_is_string(json_object_get(op, "kind")))
        return rg_fail(err, RG_USAGE, "write op = rg.op(\"conv2d\", {...})",
                       "an operator case needs its kind");
    rg_text name = {0};
    describe_op(op, &name);
    char *line = json_dumps(op, JSON_SORT_KEYS | JSON_COMPACT);
    cell->workload = name.data ? rg_arena_strdup(arena, name.data) : NULL;
    cell->source = line ? rg_arena_printf(arena, "op:%s", line) : NULL;
    rg_text_free(&name);
    free(line);
    return RG_OK;
}

/* "some" for "/path/some.tflite". */
static const char *name_of_file(rg_arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    char *name = rg_arena_strdup(arena, slash ? slash + 1 : path);
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot && dot != name)
        *dot = '\0';
    return name;
}

static rg_status find_workload(const json_t *asked, const rg_cell_spec *spec, rg_arena *arena,
                               rg_cell *cell, rg_err *err) {
    const json_t *op = json_object_get(asked, "op");
    int given = (*spec->model != 0) + (*spec->file != 0) + (op != NULL) + (spec->empty > 0);
    if (given != 1)
        return rg_fail(err, RG_USAGE, "give one of model, file, op and empty",
                       given ? "more than one of model, file, op and empty is given"
                             : "there is no workload");
    rg_status status = RG_OK;
    if (op) {
        status = op_workload(op, arena, cell, err);
    } else if (spec->empty > 0) {
        cell->workload = rg_arena_printf(arena, "empty-%lld", (long long)spec->empty);
        cell->source = rg_arena_printf(arena, "empty:%lld", (long long)spec->empty);
    } else if (*spec->file) {
        cell->workload = name_of_file(arena, spec->file);
        cell->source = rg_arena_printf(arena, "file:%s", spec->file);
    } else {
        cell->workload = rg_arena_strdup(arena, spec->model);
        cell->source = rg_arena_printf(arena, "suite:%s", spec->model);
    }
    if (*spec->workload)
        cell->workload = rg_arena_strdup(arena, spec->workload);
    if (status == RG_OK && (!cell->workload || !cell->source))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
    return status;
}

/* --- target and its options ----------------------------------------------------------------------
 */

static const char *target_at(size_t i, void *user) {
    (void)user;
    if (i < N_KNOWN_TARGETS)
        return known_targets[i];
    const rg_target *target = rg_targets[0];
    for (size_t k = 0; target && k < i - N_KNOWN_TARGETS; k++)
        target = rg_targets[k + 1];
    return target ? target->name : NULL;
}

static rg_status check_target(const char *name, rg_err *err) {
    const char *candidate;
    for (size_t i = 0; (candidate = target_at(i, NULL)); i++) {
        if (!strcmp(candidate, name))
            return RG_OK;
    }
    char advice[256];
    const char *near = rg_text_nearest(name, target_at, NULL);
    snprintf(advice, sizeof advice, "%s%s%s`railgauge list targets` shows them",
             near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return rg_fail(err, RG_USAGE, advice, "there is no target '%s'", name);
}

/* Parses the options as the target will, so that a slip shows before anything runs. */
static rg_status check_options(const json_t *options, const char *target_name, rg_err *err) {
    const rg_target *target = rg_target_find(target_name);
    if (!target || json_object_size(options) == 0)
        return RG_OK;
    if (!target->options)
        return rg_fail(err, RG_USAGE, "leave options out", "target '%s' has no options",
                       target_name);
    rg_schema schema = {"target's options table", target->options};
    void *record = calloc(1, target->options_size ? target->options_size : 1);
    if (!record)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
    rg_status status = rg_schema_parse(&schema, options, record, err);
    free(record);
    return status;
}

/* What the target gets: the cell's options and those of its arm. */
static json_t *all_options(const json_t *asked) {
    json_t *options = ordered(json_object_get(asked, "options"));
    json_t *arm = ordered(json_object_get(asked, "arm"));
    bool good = options && arm && json_object_update(options, arm) == 0;
    json_t *all = good ? ordered(options) : NULL;
    json_decref(options);
    json_decref(arm);
    return all;
}

/* --- requested values, key and name --------------------------------------------------------------
 */

/* "cuda" for "cuda:0": which unit it was is context. */
static json_t *device_class(const char *device) {
    const char *colon = strrchr(device, ':');
    bool number = colon && colon[1];
    for (const char *at = colon; number && *++at;)
        number = isdigit((unsigned char)*at);
    return json_stringn(device, number ? (size_t)(colon - device) : strlen(device));
}

static json_t *pattern_to_json(const rg_pattern *pattern) {
    json_t *object = json_pack("{s:s}", "kind", rg_pattern_word(pattern->kind));
    if (pattern->kind == RG_PATTERN_IN_FLIGHT)
        json_object_set_new(object, "n", json_integer(pattern->in_flight));
    if (pattern->kind == RG_PATTERN_IDLE)
        json_object_set_new(object, "duration_ns", json_integer(pattern->duration_ns));
    return object;
}

/* The object that is hashed: what the scenario asks for, and only the factors that it sets. */
static json_t *requested_of(const json_t *asked, const rg_cell *cell) {
    static const char *const factors[] = {"batch",   "cores",   "inputs", "precision",
                                          "threads", "variant", NULL};
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
    json_object_set_new(object, "pattern", pattern_to_json(&cell->pattern));
    return object;
}

static void add_factor(rg_text *text, const char *key, const json_t *value) {
    if (json_is_string(value))
        rg_text_printf(text, "/%s=%s", key, json_string_value(value));
    else if (json_is_real(value))
        rg_text_printf(text, "/%s=%.15g", key, json_real_value(value));
    else if (json_is_integer(value))
        rg_text_printf(text, "/%s=%lld", key, (long long)json_integer_value(value));
    else
        rg_text_printf(text, "/%s=%s", key, json_is_true(value) ? "true" : "false");
}

/* "ds-cnn/cpu/threads=1/in_flight=4": all that the key holds, so names differ where keys do. */
static const char *name_of(const rg_cell *cell, rg_arena *arena) {
    static const char *const order[] = {"device",  "variant", "precision", "batch",
                                        "threads", "cores",   "inputs",    NULL};
    rg_text text = {0};
    const char *key;
    json_t *value;
    rg_text_printf(&text, "%s/%s", cell->workload, cell->target);
    for (size_t i = 0; order[i]; i++) {
        value = json_object_get(cell->requested, order[i]);
        if (value)
            add_factor(&text, order[i], value);
    }
    json_t *options = ordered(json_object_get(cell->requested, "options"));
    json_object_foreach(options, key, value) {
        add_factor(&text, key, value);
    }
    json_decref(options);
    if (cell->pattern.kind == RG_PATTERN_IN_FLIGHT)
        rg_text_printf(&text, "/in_flight=%u", cell->pattern.in_flight);
    if (cell->pattern.kind == RG_PATTERN_IDLE)
        rg_text_printf(&text, "/idle=%gs", (double)cell->pattern.duration_ns / 1e9);
    const char *name = text.data && !text.failed ? rg_arena_strdup(arena, text.data) : NULL;
    rg_text_free(&text);
    return name;
}

static rg_status seal(const json_t *asked, rg_arena *arena, rg_cell *cell, rg_err *err) {
    cell->requested = requested_of(asked, cell);
    char *line = json_dumps(cell->requested, JSON_SORT_KEYS | JSON_COMPACT);
    cell->name = line ? name_of(cell, arena) : NULL;
    if (line)
        rg_hash_bytes(line, strlen(line), cell->key);
    free(line);
    return cell->name ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
}

static rg_status copy_texts(const rg_cell_spec *spec, rg_arena *arena, rg_cell *cell, rg_err *err) {
    cell->target = rg_arena_strdup(arena, spec->target);
    cell->device = rg_arena_strdup(arena, spec->device);
    cell->variant = rg_arena_strdup(arena, spec->variant);
    cell->precision = rg_arena_strdup(arena, spec->precision);
    cell->cores = rg_arena_strdup(arena, spec->cores);
    cell->inputs = rg_input_words[spec->inputs];
    cell->threads = (uint32_t)spec->threads;
    cell->batch = (uint32_t)spec->batch;
    bool whole = cell->target && cell->device && cell->variant && cell->precision && cell->cores;
    return whole ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
}

rg_status rg_plancell_build(const json_t *asked, const rg_tier *tier, uint64_t seed,
                            rg_arena *arena, rg_cell *ret_cell, rg_err *err) {
    rg_cell_spec spec = {0};
    rg_cell *cell = ret_cell;
    cell->seed = seed;
    cell->options = all_options(asked);
    rg_status status = cell->options ? rg_schema_parse(&rg_schema_cell, asked, &spec, err)
                                     : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
    if (status == RG_OK)
        status = find_workload(asked, &spec, arena, cell, err);
    if (status == RG_OK)
        status = copy_texts(&spec, arena, cell, err);
    if (status == RG_OK)
        status = check_target(cell->target, err);
    if (status == RG_OK)
        status = check_options(cell->options, cell->target, err);
    if (status == RG_OK)
        status = parse_pattern(json_object_get(asked, "pattern"), &cell->pattern, err);
    if (status == RG_OK)
        status = rg_plancell_tier(json_object_get(asked, "tier"), tier, &cell->tier, err);
    return status == RG_OK ? seal(asked, arena, cell, err) : status;
}

/* --- cells.jsonl ---------------------------------------------------------------------------------
 */

static json_t *tier_to_json(const rg_tier *tier) {
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "name", tier->name, "rounds",
                     (json_int_t)tier->rounds, "samples", (json_int_t)tier->samples, "min_ns",
                     (json_int_t)tier->min_ns, "cap_ns", (json_int_t)tier->cap_ns, "precision",
                     tier->precision);
}

json_t *rg_cell_to_json(const rg_cell *cell) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:O, s:o, s:o, s:s, "
                     "s:I, s:O}",
                     "key", cell->key, "name", cell->name, "workload", cell->workload, "source",
                     cell->source, "precision", cell->precision, "target", cell->target, "device",
                     cell->device, "variant", cell->variant, "cores", cell->cores, "threads",
                     (json_int_t)cell->threads, "batch", (json_int_t)cell->batch, "options",
                     cell->options, "pattern", pattern_to_json(&cell->pattern), "tier",
                     tier_to_json(&cell->tier), "inputs", cell->inputs, "seed",
                     (json_int_t)cell->seed, "requested", cell->requested);
}

static bool pattern_from_json(const json_t *object, rg_pattern *ret_pattern) {
    const char *word = rg_json_get_text(object, "kind", "");
    for (int kind = 0; kind < RG_PATTERN_COUNT; kind++) {
        if (!strcmp(word, rg_pattern_words[kind])) {
            *ret_pattern =
                (rg_pattern){(rg_pattern_kind)kind, (uint32_t)rg_json_get_int(object, "n", 1),
                             rg_json_get_int(object, "duration_ns", 0)};
            return true;
        }
    }
    return false;
}

static void tier_from_json(const json_t *object, rg_arena *arena, rg_tier *ret_tier) {
    *ret_tier = (rg_tier){rg_arena_strdup(arena, rg_json_get_text(object, "name", "custom")),
                          (uint32_t)rg_json_get_int(object, "rounds", 1),
                          (uint64_t)rg_json_get_int(object, "samples", 1),
                          rg_json_get_int(object, "min_ns", 0),
                          rg_json_get_int(object, "cap_ns", 0),
                          rg_json_get_real(object, "precision", 0)};
}

rg_status rg_cell_from_json(const json_t *line, rg_arena *arena, rg_cell *ret_cell, rg_err *err) {
    rg_cell cell = {0};
    struct {
        const char *key;
        const char **member;
        bool needed;
    } texts[] = {{"name", &cell.name, true},        {"workload", &cell.workload, true},
                 {"source", &cell.source, true},    {"precision", &cell.precision, false},
                 {"target", &cell.target, true},    {"device", &cell.device, false},
                 {"variant", &cell.variant, false}, {"cores", &cell.cores, false},
                 {"inputs", &cell.inputs, false}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = rg_json_get_text(line, texts[i].key, texts[i].needed ? NULL : "");
        if (!text)
            return rg_fail(err, RG_BAD_DATA, "the line was written by another program",
                           "a cell without '%s'", texts[i].key);
        *texts[i].member = rg_arena_strdup(arena, text);
        if (!*texts[i].member)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading cells");
    }
    const char *key = rg_json_get_text(line, "key", "");
    if (strlen(key) != RG_HASH_HEX - 1 ||
        !pattern_from_json(json_object_get(line, "pattern"), &cell.pattern))
        return rg_fail(err, RG_BAD_DATA, "the line was written by another program",
                       "cell '%s' has no key or no known pattern", cell.name);
    memcpy(cell.key, key, RG_HASH_HEX);
    cell.threads = (uint32_t)rg_json_get_int(line, "threads", 0);
    cell.batch = (uint32_t)rg_json_get_int(line, "batch", 1);
    cell.seed = (uint64_t)rg_json_get_int(line, "seed", 1);
    tier_from_json(json_object_get(line, "tier"), arena, &cell.tier);
    json_t *options = json_object_get(line, "options");
    json_t *requested = json_object_get(line, "requested");
    cell.options = options ? json_incref(options) : json_object();
    cell.requested = requested ? json_incref(requested) : json_object();
    *ret_cell = cell;
    return RG_OK;
}
