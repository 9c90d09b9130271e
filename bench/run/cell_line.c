/* cell_line.c: a cell as its line of cells.jsonl, and back. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/planpattern.h"
#include "bench/run/schema.h"

const char *rg_pattern_word(rg_pattern_kind kind) {
    return kind < RG_PATTERN_COUNT ? rg_pattern_words[kind] : "unknown";
}

static json_t *tier_to_json(const rg_tier *tier) {
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "name", tier->name, "rounds",
                     (json_int_t)tier->rounds, "samples", (json_int_t)tier->samples, "min_ns",
                     (json_int_t)tier->min_ns, "cap_ns", (json_int_t)tier->cap_ns, "precision",
                     tier->precision);
}

/* Settings of the machine, files of inputs and deadlines are written only where asked for. */
static json_t *with_settings(const rg_cell *cell, json_t *line) {
    if (line && cell->power_mode && *cell->power_mode)
        json_object_set_new(line, "power_mode", json_string(cell->power_mode));
    if (line && cell->governor && *cell->governor)
        json_object_set_new(line, "governor", json_string(cell->governor));
    if (line && cell->input_files && *cell->input_files)
        json_object_set_new(line, "input_files", json_string(cell->input_files));
    if (line && cell->interfere != RG_DISTURB_NONE)
        json_object_set_new(line, "interfere", json_string(rg_disturb_words[cell->interfere]));
    if (line && cell->deadline_ns)
        json_object_set_new(line, "deadline_ns", json_integer(cell->deadline_ns));
    if (line && cell->artefact && *cell->artefact)
        json_object_set_new(line, "artefact", json_string(cell->artefact));
    if (line && cell->require_full_offload)
        json_object_set_new(line, "require_full_offload", json_true());
    return line;
}

json_t *rg_cell_to_json(const rg_cell *cell) {
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:O, s:o, s:o, s:s, "
        "s:I, s:O}",
        "key", cell->key, "name", cell->name, "workload", cell->workload, "source", cell->source,
        "precision", cell->precision, "target", cell->target, "device", cell->device, "variant",
        cell->variant, "cores", cell->cores, "threads", (json_int_t)cell->threads, "batch",
        (json_int_t)cell->batch, "options", cell->options, "pattern",
        rg_pattern_to_json(&cell->pattern), "tier", tier_to_json(&cell->tier), "inputs",
        cell->inputs, "seed", (json_int_t)cell->seed, "requested", cell->requested);
    return with_settings(cell, line);
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
    } texts[] = {{"name", &cell.name, true},          {"workload", &cell.workload, true},
                 {"source", &cell.source, true},      {"precision", &cell.precision, false},
                 {"target", &cell.target, true},      {"device", &cell.device, false},
                 {"variant", &cell.variant, false},   {"cores", &cell.cores, false},
                 {"inputs", &cell.inputs, false},     {"power_mode", &cell.power_mode, false},
                 {"governor", &cell.governor, false}, {"input_files", &cell.input_files, false},
                 {"artefact", &cell.artefact, false}};
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
        !rg_pattern_from_json(json_object_get(line, "pattern"), &cell.pattern))
        return rg_fail(err, RG_BAD_DATA, "the line was written by another program",
                       "cell '%s' has no key or no known pattern", cell.name);
    memcpy(cell.key, key, RG_HASH_HEX);
    cell.threads = (uint32_t)rg_json_get_int(line, "threads", 0);
    cell.batch = (uint32_t)rg_json_get_int(line, "batch", 1);
    cell.require_full_offload = rg_json_get_bool(line, "require_full_offload", false);
    cell.seed = (uint64_t)rg_json_get_int(line, "seed", 1);
    cell.deadline_ns = rg_json_get_int(line, "deadline_ns", 0);
    for (int kind = 0; kind < RG_DISTURB_COUNT; kind++) {
        if (!strcmp(rg_disturb_words[kind], rg_json_get_text(line, "interfere", "none")))
            cell.interfere = (rg_disturb_kind)kind;
    }
    tier_from_json(json_object_get(line, "tier"), arena, &cell.tier);
    json_t *options = json_object_get(line, "options");
    json_t *requested = json_object_get(line, "requested");
    cell.options = options ? json_incref(options) : json_object();
    cell.requested = requested ? json_incref(requested) : json_object();
    *ret_cell = cell;
    return RG_OK;
}
