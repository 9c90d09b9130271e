/* plancell.c: one cell: its values parsed by the schema, its logical workload, its pattern and its
 * tier. plancell_key.c makes key and name of them, cell_line.c the line in cells.jsonl. */
#include "bench/run/plancell.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/planpattern.h"
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
    json_t *value, *sorted = rg_plancell_ordered(op);
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
    json_t *options = rg_plancell_ordered(json_object_get(asked, "options"));
    json_t *arm = rg_plancell_ordered(json_object_get(asked, "arm"));
    bool good = options && arm && json_object_update(options, arm) == 0;
    json_t *all = good ? rg_plancell_ordered(options) : NULL;
    json_decref(options);
    json_decref(arm);
    return all;
}

static rg_status copy_texts(const rg_cell_spec *spec, rg_arena *arena, rg_cell *cell, rg_err *err) {
    cell->target = rg_arena_strdup(arena, spec->target);
    cell->device = rg_arena_strdup(arena, spec->device);
    cell->variant = rg_arena_strdup(arena, spec->variant);
    cell->precision = rg_arena_strdup(arena, spec->precision);
    cell->cores = rg_arena_strdup(arena, spec->cores);
    cell->power_mode = rg_arena_strdup(arena, spec->power_mode);
    cell->governor = rg_arena_strdup(arena, spec->governor);
    cell->inputs = rg_input_words[spec->inputs];
    cell->input_files = rg_arena_strdup(arena, spec->input_files);
    cell->artefact = rg_arena_strdup(arena, spec->artefact);
    cell->require_full_offload = spec->require_full_offload;
    cell->threads = (uint32_t)spec->threads;
    cell->batch = (uint32_t)spec->batch;
    cell->deadline_ns = spec->deadline_ns;
    cell->interfere = (rg_disturb_kind)spec->interfere;
    bool whole = cell->target && cell->device && cell->variant && cell->precision && cell->cores &&
                 cell->power_mode && cell->governor && cell->input_files && cell->artefact;
    return whole ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
}

/* "real" is what the user has; nothing stands in for it. */
static rg_status check_inputs(const rg_cell *cell, rg_err *err) {
    if (strcmp(cell->inputs, "real") != 0 || *cell->input_files)
        return RG_OK;
    return rg_fail(err, RG_USAGE, "add input_files = a .npy or raw file, or a folder of them",
                   "real inputs are asked for, and none are given");
}

rg_status rg_plancell_build(const json_t *asked, const rg_tier *tier, uint64_t seed,
                            rg_arena *arena, rg_cell *ret_cell, rg_err *err) {
    rg_cell_spec spec = {0};
    rg_cell *cell = ret_cell;
    int64_t deadline_ns = 0;
    cell->seed = seed;
    cell->options = all_options(asked);
    rg_status status = cell->options ? rg_schema_parse(&rg_schema_cell, asked, &spec, err)
                                     : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
    if (status == RG_OK)
        status = find_workload(asked, &spec, arena, cell, err);
    if (status == RG_OK)
        status = copy_texts(&spec, arena, cell, err);
    if (status == RG_OK)
        status = check_inputs(cell, err);
    if (status == RG_OK)
        status = check_target(cell->target, err);
    if (status == RG_OK)
        status = check_options(cell->options, cell->target, err);
    if (status == RG_OK)
        status = rg_planpattern_parse(json_object_get(asked, "pattern"), &cell->pattern,
                                      &deadline_ns, err);
    if (status == RG_OK)
        status = rg_plancell_tier(json_object_get(asked, "tier"), tier, &cell->tier, err);
    if (status == RG_OK)
        status = rg_planpattern_settle(cell, deadline_ns, err);
    return status == RG_OK ? rg_plancell_seal(asked, arena, cell, err) : status;
}
